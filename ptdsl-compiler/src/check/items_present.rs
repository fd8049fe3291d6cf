//! A format has everything that every format needs.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::syntax::ast::KindClass;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let format = model.format;
    let invalid = format.kinds().iter().any(|(_, kind)| kind.class == KindClass::Invalid);
    let needed = [
        (format.archs().next().is_some(), "architecture", "arch aarch64;"),
        (format.granules().next().is_some(), "granule", "granule 4K;"),
        (format.inputs().next().is_some(), "input address", "input VA[47:0] extend 0;"),
        (format.outputs().next().is_some(), "output address", "output PA[47:0];"),
        (format.levels().next().is_some(), "level", "level 3 { index VA[20:12]; Page }"),
        (invalid, "invalid kind", "invalid when [0] = 0 { [63:1] software; }"),
    ];
    for (present, what, example) in needed {
        if !present {
            let message = format!("format `{}` has no {what}", format.name.node);
            found.push(
                Diagnostic::new(
                    Code::MissingItem,
                    message,
                    format.name.span,
                    format!("needs {}", article(what)),
                )
                .help(format!("declare it: `{example}`")),
            );
        }
    }
}

fn article(what: &str) -> String {
    let vowel = what.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {what}", if vowel { "an" } else { "a" })
}
