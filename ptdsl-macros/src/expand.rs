//! What the macro was given, and what takes its place.

use std::path::PathBuf;

use proc_macro2::{Span, TokenStream, TokenTree};
use ptdsl_compiler::diagnostic::Severity;
use ptdsl_compiler::source::{Loader, SourceFile};
use ptdsl_compiler::{Compilation, compile, emit};
use ptdsl_formats::files::Files;
use quote::quote;

use crate::errors;
use crate::text::{self, Text};

/// Expands `ptdsl!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = input.clone().into_iter().collect();
    match tokens.as_slice() {
        [] => errors::compile_error(
            (Span::call_site(), Span::call_site()),
            "a spec is missing: give the path of one, \"formats/mine.pt\", or write it here",
        ),
        [TokenTree::Literal(path)] => match text::string(path) {
            Some(spec) => named(&spec, path.span()),
            None => errors::compile_error((path.span(), path.span()), "the path of a spec is a string"),
        },
        [TokenTree::Group(group)] if group.delimiter() == proc_macro2::Delimiter::None => {
            expand(group.stream())
        }
        _ => in_place(input),
    }
}

/// The specs that a `use` names.
struct Uses<'a>(&'a Files);

impl Loader for Uses<'_> {
    fn load(&self, path: &str, from: &str) -> Result<SourceFile, String> {
        let text = self.0.open_used(path, from).map_err(|error| error.to_string())?;
        Ok(SourceFile { name: text.name, text: text.text })
    }
}

/// Specs are looked for in the folder of the crate's `Cargo.toml`.
fn files() -> Files {
    Files::new(std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default())
}

fn named(spec: &str, span: Span) -> TokenStream {
    let files = files();
    let text = match files.open(spec) {
        Ok(text) => text,
        Err(error) => {
            let help = "paths are relative to the folder of Cargo.toml; `ptdsl formats` lists the library";
            return errors::compile_error((span, span), &format!("{error}\nhelp: {help}"));
        }
    };
    let compilation = compile(SourceFile { name: text.name, text: text.text }, &Uses(&files), &[]);
    if has_errors(&compilation) {
        return errors::at(span, &compilation.sources, &compilation.diagnostics);
    }
    if compilation.formats.is_empty() {
        let message = format!("`{spec}` declares no format: it holds what formats share, for `use`");
        return errors::compile_error((span, span), &message);
    }
    modules(&compilation, &files)
}

fn in_place(input: TokenStream) -> TokenStream {
    let files = files();
    let text = Text::new(input);
    let root = SourceFile { name: "ptdsl!".to_owned(), text: text.text.clone() };
    let compilation = compile(root, &Uses(&files), &[]);
    if has_errors(&compilation) {
        return errors::in_place(&text, &compilation.sources, &compilation.diagnostics);
    }
    modules(&compilation, &files)
}

fn has_errors(compilation: &Compilation) -> bool {
    compilation.diagnostics.iter().any(|one| one.severity() == Severity::Error)
}

/// The modules, and a mention of every file that was read, so that cargo builds again when one changes.
fn modules(compilation: &Compilation, files: &Files) -> TokenStream {
    let modules = compilation.formats.iter().map(emit::rust::tokens);
    let paths = files.on_disk().into_iter().filter_map(|path| path.into_os_string().into_string().ok());
    quote! {
        #(#modules)*
        #(const _: &[u8] = ::core::include_bytes!(#paths);)*
    }
}
