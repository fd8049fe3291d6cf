//! Every name can stand in Rust, means one thing in the spec, and stays apart from its neighbours.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::syntax::ast::Name;

/// Rust's keywords, with those it keeps for later.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Names that cannot be raw identifiers either.
const NEVER: &[&str] = &["self", "super", "crate"];

/// Names that expressions and ranges give a meaning of their own.
const QUANTITIES: &[&str] = &["width", "root", "root_level", "level", "n"];

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let format = model.format;
    module_name(format.name, found);
    quantities(model, found);
    for instruction in format.instructions().filter(|i| i.name.node == "store") {
        let message = "`store` is the descriptor's own store, not an instruction";
        found.push(
            Diagnostic::new(Code::ReservedName, message, instruction.name.span, "taken")
                .help("choose another name"),
        );
    }
    apart("fields", model.fields.iter().map(|field| field.name), found);
    apart("kinds", format.kinds().into_iter().map(|(_, kind)| &kind.name), found);
    apart("attributes", format.attributes().map(|attribute| &attribute.name), found);
    apart("options", format.options().map(|option| &option.name), found);
    apart("registers", format.registers().map(|register| &register.name), found);
    apart("instructions", format.instructions().map(|instruction| &instruction.name), found);
    apart("operands", format.operands().map(|operand| &operand.name), found);
    for attribute in format.attributes() {
        apart("rows", attribute.rows.iter().map(|row| &row.name), found);
    }
    for field in &model.fields {
        apart("values", field.values().iter().map(|(name, _)| name), found);
    }
    for instruction in format.instructions() {
        apart("parameters", instruction.parameters.iter(), found);
    }
}

/// A format becomes a module.
fn module_name(name: &Name, found: &mut Diagnostics) {
    let first = name.node.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.node.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !first || !rest || KEYWORDS.contains(&name.node.as_str()) {
        let message = format!("`{}` cannot be the name of a Rust module", name.node);
        found.push(
            Diagnostic::new(Code::ReservedName, message, name.span, "not usable")
                .help("use `snake_case`, and no keyword of Rust"),
        );
    }
}

fn quantities(model: &Model<'_>, found: &mut Diagnostics) {
    let input = model.format.inputs().next().map(|input| &input.slice.name);
    let output = model.format.outputs().next();
    let limit = output.and_then(|output| output.limit.as_ref()).map(|limit| &limit.name);
    let mut seen: Vec<&Name> = Vec::new();
    for name in [input, output.map(|output| &output.slice.name), limit].into_iter().flatten() {
        let finding = if QUANTITIES.contains(&name.node.as_str()) {
            Some(Diagnostic::new(
                Code::ReservedName,
                format!("`{}` has a meaning of its own in ranges and expressions", name.node),
                name.span,
                "taken",
            ))
        } else {
            seen.iter().find(|old| old.node == name.node).map(|old| {
                let message = format!("`{}` already stands for another address", name.node);
                Diagnostic::new(Code::ReservedName, message, name.span, "taken").label(old.span, "by this")
            })
        };
        if let Some(finding) = finding {
            found.push(finding.help("choose another name, such as the manual's"));
        }
        seen.push(name);
    }
}

/// What is left of a name when case and underscores are gone, which the generated Rust chooses.
fn essence(name: &str) -> String {
    name.chars().filter(|&c| c != '_').flat_map(char::to_lowercase).collect()
}

fn apart<'n>(what: &str, names: impl Iterator<Item = &'n Name>, found: &mut Diagnostics) {
    let mut seen: Vec<(String, &Name)> = Vec::new();
    for name in names {
        let essence = essence(&name.node);
        let unusable = !essence.starts_with(|c: char| c.is_alphabetic()) || NEVER.contains(&essence.as_str());
        if unusable {
            let message = format!("`{}` leaves no Rust name", name.node);
            found.push_once(
                Diagnostic::new(Code::ReservedName, message, name.span, "not usable")
                    .help("use a name with a letter before its digits, and no keyword"),
            );
        }
        // The same name twice is another fault, reported where the things are declared.
        if let Some((_, old)) = seen.iter().find(|(old, other)| *old == essence && other.node != name.node) {
            let message = format!("the {what} `{}` and `{}` become one name in Rust", old.node, name.node);
            found.push_once(
                Diagnostic::new(
                    Code::NamesCollide,
                    message,
                    name.span,
                    "differs in case or underscores only",
                )
                .label(old.span, "from this")
                .help("rename one"),
            );
        }
        seen.push((essence, name));
    }
}
