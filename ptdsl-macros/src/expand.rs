//! What the macro was given, and what takes its place.

use std::path::PathBuf;

use proc_macro2::{Span, TokenStream, TokenTree};
use ptdsl_compiler::diagnostic::Code;
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
    if let [only] = compilation.diagnostics.as_slice()
        && only.code == Code::NoFormat
    {
        let message = format!("`{spec}` declares no format: it holds what formats share, for `use`");
        return errors::compile_error((span, span), &message);
    }
    if compilation.has_errors() {
        return errors::at(span, &compilation.sources, &compilation.diagnostics);
    }
    modules(&compilation, &files)
}

fn in_place(input: TokenStream) -> TokenStream {
    let files = files();
    let text = Text::new(input);
    let root = SourceFile { name: "ptdsl!".to_owned(), text: text.text.clone() };
    let compilation = compile(root, &Uses(&files), &[]);
    if compilation.has_errors() {
        return errors::in_place(&text, &compilation.sources, &compilation.diagnostics);
    }
    modules(&compilation, &files)
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::str::FromStr;

    use super::*;

    /// What stands in place of `ptdsl!("path")` for a file in a folder with `shared.pt`.
    fn expanded(folder: &Path, text: &str) -> String {
        fs::write(folder.join("shared.pt"), "use \"arm64-hyp.pt\";\n").unwrap();
        fs::write(folder.join("root.pt"), text).unwrap();
        let path = folder.join("root.pt").to_str().unwrap().to_owned();
        expand(quote!(#path)).to_string()
    }

    #[test]
    fn every_file_that_was_read_is_mentioned() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = expanded(folder.path(), "use \"shared.pt\";\nformat mine: arm64_hyp {}\n");
        assert!(tokens.contains("pub mod mine"), "{tokens}");
        for name in ["root.pt", "shared.pt"] {
            let path = folder.path().join(name).to_str().unwrap().to_owned();
            assert!(tokens.contains(&quote!(include_bytes!(#path)).to_string()), "{name}");
        }
        // What is embedded in the macro changes only with it.
        assert_eq!(tokens.matches("include_bytes").count(), 2);
    }

    #[test]
    fn findings_in_a_file_keep_its_lines() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "use \"shared.pt\";\nformat mine: arm64_hyp {\n    hardware sets AF, AP3;\n    without Q;\n}\n";
        let tokens = expanded(folder.path(), text);
        assert_eq!(tokens.matches("compile_error").count(), 2, "{tokens}");
        assert!(tokens.contains("\"[PT0208] there is no leaf field `AP3`\\n"), "{tokens}");
        assert!(tokens.contains("root.pt:3:23\\n"), "{tokens}");
        assert!(!tokens.contains("mod mine"), "{tokens}");
    }

    #[test]
    fn a_variable_of_macro_rules_may_be_the_path() {
        let path = proc_macro2::Group::new(proc_macro2::Delimiter::None, quote!("arm64-hyp.pt"));
        let tokens = expand(TokenTree::Group(path).into()).to_string();
        assert!(tokens.contains("pub mod arm64_hyp"), "{tokens}");
    }

    /// The library's text means the same as tokens and as a file.
    #[test]
    fn specs_mean_the_same_in_place() {
        for format in ptdsl_formats::all().iter().filter(|format| !format.shared) {
            let in_place = expand(TokenStream::from_str(format.text).unwrap()).to_string();
            let name = format.name;
            assert_eq!(in_place, expand(quote!(#name)).to_string(), "{name}");
        }
    }
}
