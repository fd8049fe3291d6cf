//! From the first level every other can be reached, and the last one maps.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::syntax::ast::KindClass;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    if !model.all_levels {
        return;
    }
    let Some((last, above)) = model.levels.split_last() else { return };
    for level in above {
        if !level.has(KindClass::Table) && level.all_known() {
            let message = format!("level {} has no table kind, so nothing leads below it", level.number);
            found.push(
                Diagnostic::new(Code::NoWayDown, message, level.ast.number.span, "no table here")
                    .label(last.ast.number.span, format!("level {} is out of reach", last.number))
                    .help("list a table kind, or remove the levels below"),
            );
        }
    }
    for kind in last.kinds.iter().filter(|kind| kind.ast.class == KindClass::Table) {
        let listed = last.ast.kinds.iter().find(|name| name.node == kind.ast.name.node);
        let message =
            format!("`{}` is a table kind, and no level follows level {}", kind.ast.name.node, last.number);
        found.push(
            Diagnostic::new(
                Code::LastLevel,
                message,
                listed.map_or(last.ast.number.span, |name| name.span),
                "leads nowhere",
            )
            .help("remove it from the last level"),
        );
    }
    if !last.has(KindClass::Leaf) && last.all_known() {
        let message = format!("level {} is the last and has no leaf", last.number);
        found.push(
            Diagnostic::new(Code::LastLevel, message, last.ast.number.span, "maps nothing")
                .help("list a leaf kind"),
        );
    }
}
