//! The contenders.

pub mod aarch64_paging;
pub mod generic;
pub mod hand;
pub mod limit;
pub mod multiarch;
pub mod runtime;
pub mod x86_64;
