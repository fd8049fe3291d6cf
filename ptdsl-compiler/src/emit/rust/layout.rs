//! The text of tables: prettyplease leaves what stands in a macro's braces as it is, so their lines are laid out here.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::{format_ident, quote};

/// The code with a constant in the place of each table, and the tables.
pub(super) fn take_tables(code: TokenStream) -> (TokenStream, Vec<String>) {
    let mut tables = Vec::new();
    let code = take(code, &mut tables);
    (code, tables)
}

fn take(code: TokenStream, tables: &mut Vec<String>) -> TokenStream {
    let trees: Vec<TokenTree> = code.into_iter().collect();
    let mut out = Vec::with_capacity(trees.len());
    let mut i = 0;
    while let Some(tree) = trees.get(i) {
        if let Some((table, length)) = table(&trees[i..]) {
            let name = format_ident!("{STEM}{}", tables.len());
            tables.push(table);
            out.extend(quote! { const #name: () = (); });
            i += length;
            continue;
        }
        out.push(match tree {
            // Tables are items, and those stand in braces.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                TokenTree::Group(Group::new(Delimiter::Brace, take(group.stream(), tables)))
            }
            other => other.clone(),
        });
        i += 1;
    }
    out.into_iter().collect()
}

const STEM: &str = "TABLE_NUMBER_";

/// `::ptdsl::name! { .. }` or `::ptdsl::name!(..);` at the beginning: its text, and how many tokens it takes.
fn table(trees: &[TokenTree]) -> Option<(String, usize)> {
    let is = |at: usize, c: char| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == c);
    let (TokenTree::Ident(runtime), TokenTree::Ident(name)) = (trees.get(2)?, trees.get(5)?) else {
        return None;
    };
    let TokenTree::Group(group) = trees.get(7)? else { return None };
    if !([0, 1, 3, 4].iter().all(|&at| is(at, ':')) && is(6, '!') && runtime == "ptdsl") {
        return None;
    }
    if group.delimiter() == Delimiter::Brace {
        let mut text = format!("::ptdsl::{name}! {{\n");
        lines(group.stream(), 1, &mut text);
        text.push('}');
        return Some((text, 8));
    }
    Some((format!("::ptdsl::{name}!({});", line(group.stream())), 9))
}

/// The text with each table where its constant stands.
pub(super) fn put_tables(text: &str, tables: &[String]) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let code = line.trim_start();
        let number = code.strip_prefix("const ").and_then(|rest| rest.strip_prefix(STEM));
        let table = number.and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
        match table.and_then(|number| tables.get(number)) {
            Some(table) => {
                let indent = &line[..line.len() - code.len()];
                for line in table.lines() {
                    out.push_str(if line.is_empty() { "" } else { indent });
                    out.push_str(line);
                    out.push('\n');
                }
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

/// One line per entry, which ends with a semicolon or with braces, and one per doc comment.
fn lines(table: TokenStream, depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    let mut entry: Vec<TokenTree> = Vec::new();
    let mut trees = table.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match &tree {
            TokenTree::Punct(punct) if punct.as_char() == '#' && entry.is_empty() => {
                if let Some(TokenTree::Group(attribute)) = trees.next() {
                    out.push_str(&format!("{indent}///{}\n", doc(&attribute)));
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let head = line(std::mem::take(&mut entry).into_iter().collect());
                if group.stream().is_empty() {
                    out.push_str(&format!("{indent}{head} {{}}\n"));
                } else {
                    out.push_str(&format!("{indent}{head} {{\n"));
                    lines(group.stream(), depth + 1, out);
                    out.push_str(&format!("{indent}}}\n"));
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                let text = line(std::mem::take(&mut entry).into_iter().collect());
                out.push_str(&format!("{indent}{text};\n"));
            }
            _ => entry.push(tree),
        }
    }
    if !entry.is_empty() {
        out.push_str(&format!("{indent}{}\n", line(entry.into_iter().collect())));
    }
}

/// The text of `doc = "text"`.
fn doc(attribute: &Group) -> String {
    attribute
        .stream()
        .into_iter()
        .find_map(|tree| match tree {
            TokenTree::Literal(text) => syn::parse_str::<syn::LitStr>(&text.to_string()).ok(),
            _ => None,
        })
        .map(|text| text.value())
        .unwrap_or_default()
}

/// Tokens on one line, spaced as rustfmt would.
fn line(tokens: TokenStream) -> String {
    let mut out = String::new();
    // What decides about a space: the token before, and whether an operand is expected here.
    let (mut glued, mut operand) = (true, true);
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                // Arguments stand against the name; places in a word stand apart from the manual's name.
                let against = !operand && !out.ends_with('"') && group.delimiter() != Delimiter::Brace;
                if !(glued || against) || out.ends_with('_') {
                    out.push(' ');
                }
                let inner = line(group.stream());
                let inner = if open == "[" { inner.replace(": ", ":") } else { inner };
                out.push_str(&format!("{open}{inner}{close}"));
                (glued, operand) = (false, false);
            }
            TokenTree::Punct(punct) => {
                let c = punct.as_char();
                let joint = punct.spacing() == Spacing::Joint;
                let path = c == ':' && (joint || out.ends_with(':'));
                let call = c == '!' && !operand && !joint;
                let tight = matches!(c, ',' | ';' | '.') || path || call || c == ':';
                if !(glued || tight) {
                    out.push(' ');
                }
                out.push(c);
                let unary = c == '!' && operand;
                glued = joint || c == '.' || path || call || unary;
                operand = !call;
            }
            word => {
                if !glued {
                    out.push(' ');
                }
                let text = word.to_string();
                operand = matches!(text.as_str(), "if" | "in" | "match" | "return" | "else");
                out.push_str(&text);
                glued = false;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{put_tables, take_tables};
    use quote::quote;

    #[test]
    fn tables_have_a_line_for_each_entry() {
        let (code, tables) = take_tables(quote! {
            ::ptdsl::descriptor! {
                #[doc = " `Page` \\ \"x\"."]
                pub struct Page(u64): "Page";
                matches(raw) = raw & 3 == 3 && !matches!((raw >> 8) & 7, 1 | 2) && Self::span(raw) != 0;
                leaf { new(address) = (address & !0xff) | 1; }
                sh with_sh "SH" [9:8]: Sh = 3;
                xn with_xn _ [15 @ 1, 3:2 @ 0]: bool;
                Sw[4] {}
            }
            impl A { ::ptdsl::as_at!(A(u64), Level1: a, b); fn f() {} }
        });
        let text = prettyplease::unparse(&syn::parse2(code).expect("items"));
        let expected = "\
::ptdsl::descriptor! {
    /// `Page` \\ \"x\".
    pub struct Page(u64): \"Page\";
    matches(raw) = raw & 3 == 3 && !matches!((raw >> 8) & 7, 1 | 2) && Self::span(raw) != 0;
    leaf {
        new(address) = (address & !0xff) | 1;
    }
    sh with_sh \"SH\" [9:8]: Sh = 3;
    xn with_xn _ [15 @ 1, 3:2 @ 0]: bool;
    Sw[4] {}
}
impl A {
    ::ptdsl::as_at!(A(u64), Level1: a, b);
    fn f() {}
}
";
        assert_eq!(put_tables(&text, &tables), expected);
    }
}
