//! The `ptdsl!` macro: from a spec, named or written in place, to a module.
//!
//! A shim: the tokens become a text with a table of places, the compiler does the rest.

mod errors;
mod expand;
mod text;

/// Puts the module of each format of a spec in place of the macro.
///
/// # A spec in a file
///
/// ```ignore
/// ptdsl::ptdsl!("formats/mine.pt");
/// ```
/// The path is relative to the folder of the crate's `Cargo.toml`; the crate is built again when the file, or one that
/// it `use`s, changes. If there is no such file the name is that of a format of the library, so that this needs no file
/// at all and gives the module `arm64_hyp`:
/// ```ignore
/// ptdsl::ptdsl!("arm64-hyp.pt");
/// ```
///
/// # A spec in place
///
/// ```ignore
/// ptdsl::ptdsl! {
///     use "arm64-hyp.pt";
///
///     /// As the hypervisor's own tables, with a mapping for the first instructions after reset, which may do all.
///     format boot: arm64_hyp {
///         attribute prot {
///             r   => AP2 = ro, XN = 1;
///             rw  => AP2 = rw, XN = 1;
///             rx  => AP2 = ro, XN = 0;
///             rwx => AP2 = rw, XN = 0;
///         }
///     }
/// }
/// ```
/// Paths after `use` are relative to the folder of `Cargo.toml` or name files of the library. Formats that a `use`d file
/// declares are there to be varied; a module is made of those written in place.
///
/// # Errors
///
/// What `ptdsl check` reports becomes an error of rustc at the very tokens, with the same text; for a spec in a file,
/// with the lines of that file. Warnings are left to `ptdsl check`.
#[proc_macro]
pub fn ptdsl(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand(input.into()).into()
}
