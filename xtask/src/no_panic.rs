//! Proves that map, unmap and translate have no path to a panic: none of it is left in a linked release build.
//!
//! `examples/no-panic` is a `no_std` library whose panic handler calls [`MARKER`], a function that nobody defines. Whatever
//! the linker keeps of a panic path therefore shows, even where `core::panicking` was inlined away: as an undefined [`MARKER`].
//! Built with its feature `panic`, the same library can panic, and the check must say so.

use crate::context::Context;
use std::path::PathBuf;

/// What the probe's panic handler calls.
const MARKER: &str = "a_panic_path_is_left";
/// What the probe exports; without them the check would pass on an empty library.
const EXPORTS: [&str; 3] = ["probe_map", "probe_unmap", "probe_translate"];

/// Builds the probe both ways and judges its symbols.
pub(crate) fn run(context: &Context) -> Result<String, String> {
    let clean = symbols(context, "")?;
    if let Some(missing) = EXPORTS.iter().find(|name| !clean.iter().any(|symbol| symbol.defines(name))) {
        return Err(format!("examples/no-panic does not export `{missing}`: nothing would be proved"));
    }
    let found = panics(&clean);
    if !found.is_empty() {
        return Err(format!(
            "a release build of map, unmap and translate can panic; left in it: {}",
            found.join(", ")
        ));
    }
    if panics(&symbols(context, " --features panic")?).is_empty() {
        return Err(
            "examples/no-panic with the feature `panic` panics, and this check did not see it".to_owned()
        );
    }
    Ok(format!("{} symbols, none of a panic; the control has some", clean.len()))
}

struct Symbol {
    kind: char,
    name: String,
}

impl Symbol {
    fn defines(&self, name: &str) -> bool {
        self.kind == 'T' && self.name == name
    }
}

fn symbols(context: &Context, features: &str) -> Result<Vec<Symbol>, String> {
    let library = build(context, features)?;
    let mut nm = context.program("nm", "");
    nm.arg(&library);
    Ok(parse(&context.run(nm)?))
}

/// Builds the probe in release; the library's path.
pub(crate) fn build(context: &Context, features: &str) -> Result<PathBuf, String> {
    let target = context.target().join("no-panic");
    let mut build =
        context.cargo(&format!("build --release --manifest-path examples/no-panic/Cargo.toml{features}"));
    build.arg("--target-dir").arg(&target);
    context.run(build)?;
    Ok(target.join("release").join(format!(
        "{}no_panic{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )))
}

/// The symbols in the output of `nm`: `address kind name`, without an address where undefined.
fn parse(text: &str) -> Vec<Symbol> {
    let parse_line = |line: &str| {
        let mut words = line.split_whitespace().rev();
        let (name, kind) = (words.next()?, words.next()?);
        let kind = kind.chars().next().filter(|_| kind.len() == 1)?;
        Some(Symbol { kind, name: name.to_owned() })
    };
    text.lines().filter_map(parse_line).collect()
}

/// What only a panic path needs. A mangled name carries the module's name, whichever mangling is in use.
fn panics(symbols: &[Symbol]) -> Vec<&str> {
    let suspicious = |name: &str| {
        name == MARKER
            || ["panicking", "panic_fmt", "rust_begin_unwind"].iter().any(|part| name.contains(part))
    };
    symbols.iter().map(|symbol| symbol.name.as_str()).filter(|name| suspicious(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_seen_defined_or_not() {
        let text = "0000000000001120 T probe_map\n                 U a_panic_path_is_left\n\
            0000000000001230 t _ZN4core9panicking18panic_bounds_check17h0123456789abcdefE\n                 w __cxa_finalize\n";
        let symbols = parse(text);
        assert_eq!(symbols.len(), 4);
        assert!(symbols[0].defines("probe_map"));
        assert_eq!(
            panics(&symbols),
            ["a_panic_path_is_left", "_ZN4core9panicking18panic_bounds_check17h0123456789abcdefE"]
        );
        assert!(panics(&symbols[..1]).is_empty());
    }
}
