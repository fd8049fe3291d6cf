//! `gen --standalone`: the runtime inside the generated file, for trees without cargo.

/// The runtime's root, whose `pub use` lines say what it exports.
const ROOT: &str = include_str!("../lib.rs");

macro_rules! modules {
    ($($name:ident),+) => {
        /// The runtime's modules, without those that need a host.
        const MODULES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../", stringify!($name), ".rs"))),)+];
    };
}
modules!(
    address,
    alike,
    annotate,
    batch,
    breaking,
    collapse,
    cursor,
    cut,
    each,
    error,
    flags,
    format,
    funds,
    gather,
    leaf,
    map,
    map_funded,
    map_range,
    mappings,
    memory,
    protect,
    safety,
    split,
    table,
    tables,
    tier,
    transition,
    translate,
    unmap,
    unmap_range,
    unmap_split,
    visit,
    walk,
    word,
    world
);

/// The generated text with the runtime it stands on as `mod runtime`, so that it compiles in any crate of edition 2024
/// without another file.
pub(crate) fn with_runtime(generated: &str) -> String {
    let mut text = generated.replace("::ptdsl::", "self::runtime::");
    text.push_str("\n/// The runtime of ptdsl.\npub mod runtime {\n");
    for (name, source) in MODULES {
        let (docs, code) = split_docs(source);
        text.push_str(&indented(&docs.replace("crate::", "")));
        text.push_str(&format!("    {}mod {name} {{\n", attributes(name)));
        text.push_str(&indented(&indented(&local(code))));
        text.push_str(&indented(&indented(&macros(code))));
        text.push_str("    }\n\n");
    }
    text.push_str(&indented(&exports()));
    text.push_str(
        "    #[allow(unused_imports)]
    pub(crate) use {alike::*, tables::*};
",
    );
    // The root's own, in the form for crates without `std`.
    text.push_str("\n    fn panicking() -> bool {\n        false\n    }\n");
    text.push_str("}\n");
    text
}

/// Visibility and attributes of a module, as the runtime's root declares it.
fn attributes(name: &str) -> String {
    let mut before = "";
    for line in ROOT.lines() {
        if line.trim_start_matches("pub ") == format!("mod {name};") {
            let visible = if line.starts_with("pub ") { "pub " } else { "" };
            let attribute =
                if before.starts_with("#[allow") { format!("{before}\n    ") } else { String::new() };
            return attribute + visible;
        }
        before = line;
    }
    String::new()
}

/// The inner docs of a module, as outer ones, and the rest without its tests.
fn split_docs(source: &str) -> (String, &str) {
    let is_doc = |line: &&str| line.starts_with("//!");
    let docs: Vec<&str> = source.lines().take_while(is_doc).collect();
    let length = docs.iter().map(|line| line.len() + 1).sum();
    let docs = docs.iter().map(|line| line.replacen("//!", "///", 1) + "\n").collect();
    let code = source.get(length..).unwrap_or_default().trim_start();
    (docs, code.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default())
}

/// Paths from the crate's root as paths from the module beside. A macro is expanded in the generated code, and its paths
/// are looked up there; it is no export of the whole crate.
fn local(code: &str) -> String {
    let code = code.replace("$crate::", "self::runtime::").replace("#[doc(hidden)]\n#[macro_export]\n", "");
    code.replace("crate::", "super::")
}

/// The macros of a module, with names that paths find.
fn macros(code: &str) -> String {
    let names = code.lines().filter_map(|line| line.strip_prefix("macro_rules! ")?.strip_suffix(" {"));
    let exported = |name: &&str| code.contains(&format!("#[macro_export]\nmacro_rules! {name} {{"));
    let names: Vec<&str> = names.filter(exported).collect();
    if names.is_empty() {
        return String::new();
    }
    // A format need not use all of them.
    format!("#[allow(unused_imports)]\npub(crate) use {{{}}};\n", names.join(", "))
}

/// The root's `pub use` items that concern these modules, with no condition attached.
fn exports() -> String {
    let mut text = String::new();
    let mut conditional = false;
    let mut open = false;
    for line in ROOT.lines() {
        if open || line.starts_with("pub use ") && !conditional {
            text.push_str(line);
            text.push('\n');
            open = !line.ends_with(';');
        }
        conditional = line.starts_with("#[cfg");
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_of_the_runtime_is_there() {
        let mut declared: Vec<&str> = Vec::new();
        let mut host_only = false;
        for line in ROOT.lines() {
            let name = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
            declared.extend(name.filter(|_| !host_only));
            host_only = line.contains("feature = \"std\"");
        }
        declared.sort_unstable();
        let bundled: Vec<&str> = MODULES.iter().map(|m| m.0).collect();
        assert_eq!(bundled, declared);
    }

    #[test]
    fn nothing_outside_the_file_is_named() {
        let text = with_runtime("use ::ptdsl::{Phys, World};\n");
        assert!(text.contains("use self::runtime::{Phys, World};"));
        assert!(text.contains("pub use address::{Phys, Range};"), "{}", exports());
        for foreign in ["::ptdsl", "crate::", "extern crate", "std::"] {
            assert!(!text.contains(foreign), "{foreign}");
        }
    }
}
