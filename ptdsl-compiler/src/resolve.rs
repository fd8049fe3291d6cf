//! From texts to formats: which files there are, which items a format has, and what a name could have meant.

pub(crate) mod inherit;
pub(crate) mod items;
pub(crate) mod load;
pub(crate) mod names;
pub(crate) mod scope;
