//! A way through a third row leads from known rows through another known row.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::resolve::names;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for attribute in model.format.attributes() {
        let known = || attribute.rows.iter().map(|row| row.name.node.as_str());
        for detour in &attribute.detours {
            let all: Vec<_> = detour.sides.iter().flatten().chain([&detour.through]).collect();
            for (index, name) in all.iter().enumerate() {
                if !known().any(|row| row == name.node) {
                    let what = format!("row of `{}` called", attribute.name.node);
                    found.push(names::unknown(Code::UnknownValue, &what, name, known()));
                } else if let Some(old) = all[..index].iter().find(|old| old.node == name.node) {
                    let message = format!("the way leads through `{}` twice", name.node);
                    found.push(
                        Diagnostic::new(Code::DetourRows, message, name.span, "named again")
                            .label(old.span, "named first here")
                            .help("name each row once"),
                    );
                }
            }
        }
    }
}
