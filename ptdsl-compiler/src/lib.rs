//! The ptdsl compiler: from the text of a page-table format to Rust, as a pure function.
//!
//! No I/O, no macro, no command line, and no format's name live here. Data flows one way:
//! text → [`syntax`] → [`resolve`] → [`check`] → [`lower`] → [`ir`] → [`emit`] (and [`decode`], the interpreter).

pub mod decode;
pub mod diagnostic;
pub mod emit;
pub mod ir;
pub mod source;
pub mod suggest;
pub mod syntax;
