//! The manual's names as Rust names.

/// `AttrIndx` → `attr_indx`, `APTable1` → `ap_table1`, `TCR_EL2` → `tcr_el2`, `dsb_ish` → `dsb_ish`.
pub(super) fn snake(name: &str) -> String {
    escape(&words(name).join("_"))
}

/// `AP2` → `Ap2`, `attr_indx` → `AttrIndx`, `dsb_ish` → `DsbIsh`.
pub(super) fn camel(name: &str) -> String {
    let camel: String = words(name).iter().map(|word| capitalised(word)).collect();
    if camel.starts_with(|c: char| c.is_ascii_digit()) { format!("N{camel}") } else { escape(&camel) }
}

/// `rw` → `RW`
pub(super) fn shout(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// Lower-case words: split at `_`, before an upper-case letter after a lower-case one or a digit, and before the last of
/// several upper-case letters that a lower-case one follows.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (i, &c) in chars.iter().enumerate() {
        let previous = i.checked_sub(1).map(|i| chars[i]);
        let starts = c.is_uppercase()
            && previous.is_some_and(|p| {
                p.is_lowercase() || p.is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase())
            });
        if c == '_' || starts {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().expect("begins with one word").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A name that is a Rust keyword gets an underscore.
pub(super) fn escape(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
        "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
        "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized",
        "use", "virtual", "where", "while", "yield",
    ];
    if KEYWORDS.contains(&name) || name.is_empty() { format!("{name}_") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_names_become_rust_names() {
        let cases = [
            ("AttrIndx", "attr_indx", "AttrIndx"),
            ("APTable1", "ap_table1", "ApTable1"),
            ("SW", "sw", "Sw"),
            ("AP2", "ap2", "Ap2"),
            ("TCR_EL2", "tcr_el2", "TcrEl2"),
            ("tlbi_vale2is", "tlbi_vale2is", "TlbiVale2is"),
            ("type", "type_", "Type"),
            ("nG", "n_g", "NG"),
        ];
        for (name, snake_name, camel_name) in cases {
            assert_eq!((snake(name).as_str(), camel(name).as_str()), (snake_name, camel_name), "{name}");
        }
    }
}
