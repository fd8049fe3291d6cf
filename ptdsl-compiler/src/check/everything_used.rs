//! What the file itself declares is used by one of its formats.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::resolve::items::Key;
use crate::syntax::ast::{BitsValue, Entry, EntryKind, Expression, ItemKind, Meaning, Step};

/// What an unused item is called: code, words for the message, help.
type Wording = (Code, &'static str, &'static str);

pub(super) fn check(models: &[Model<'_>], found: &mut Diagnostics) {
    for model in models {
        for entry in model.format.entries() {
            // Files that are used by many formats declare what some of them need.
            if entry.head.file != model.format.file {
                continue;
            }
            let Some((code, what, help)) = wording(&entry.key) else { continue };
            let holders =
                models.iter().filter(|m| m.format.entries().iter().any(|other| other.head == entry.head));
            let mut holders = holders.peekable();
            if holders.peek().is_some() && !holders.any(|model| uses(model, &entry.key)) {
                let message = format!("{} {what}", entry.key.describe());
                found.push_once(Diagnostic::new(code, message, entry.head, "declared here").help(help));
            }
        }
    }
}

fn wording(key: &Key) -> Option<Wording> {
    Some(match key {
        Key::Kind(name) if name != "Invalid" => {
            (Code::KindUnused, "exists at no level", "list it at its levels, or remove it")
        }
        Key::Fields(_) => {
            (Code::FieldsUnused, "is taken in by no kind", "write `..Name;` in a kind, or remove it")
        }
        Key::Option(_) | Key::Instruction(_) | Key::Operand(_) => {
            (Code::Unused, "is never used", "use it or remove it")
        }
        _ => return None,
    })
}

fn uses(model: &Model<'_>, key: &Key) -> bool {
    let format = model.format;
    let blocks = || {
        let kinds = format.kinds().into_iter().map(|(_, kind)| &kind.body);
        kinds.chain(format.fields().map(|fields| &fields.body)).flatten()
    };
    match key {
        Key::Kind(name) => format.levels().any(|level| level.kinds.iter().any(|kind| kind.node == *name)),
        Key::Fields(name) => {
            blocks().any(|e| matches!(&e.kind, EntryKind::Splice(used) if used.node == *name))
        }
        Key::Instruction(name) => {
            format.sequences().flat_map(|sequence| &sequence.steps).any(|step| step.name.node == *name)
        }
        Key::Operand(name) => {
            let mut steps = format.sequences().flat_map(|sequence| &sequence.steps);
            steps.any(|step| step.arguments.iter().any(|argument| argument.node == *name))
        }
        Key::Option(name) => {
            let set = format
                .entries()
                .iter()
                .any(|e| matches!(&e.item.kind, ItemKind::Set(set) if set.node == *name));
            let operands = format.operands().flat_map(|operand| &operand.bits);
            let mut parts = operands.chain(format.registers().flat_map(|register| &register.bits));
            let kinds = format.kinds();
            let mut conditions = kinds.iter().filter_map(|(_, kind)| kind.only_if.as_ref());
            let mut steps = format.sequences().flat_map(|sequence| &sequence.steps);
            let of_step =
                |step: &Step| step.condition.as_ref().is_some_and(|(_, option)| option.node == *name);
            set || conditions.any(|option| option.node == *name)
                || steps.any(of_step)
                || blocks().any(|entry| in_entry(entry, name))
                || parts.any(|part| in_part(part, name))
        }
        _ => true,
    }
}

fn in_entry(entry: &Entry, option: &str) -> bool {
    matches!(&entry.kind, EntryKind::Bits { meaning, .. } if in_meaning(meaning, option))
}

fn in_meaning(meaning: &Meaning, name: &str) -> bool {
    match meaning {
        Meaning::If { then, option, otherwise } => {
            option.node == name || in_meaning(then, name) || in_meaning(otherwise, name)
        }
        _ => false,
    }
}

fn in_part(part: &BitsValue, option: &str) -> bool {
    fn of(expression: &Expression, name: &str) -> bool {
        match expression {
            Expression::Binary { left, right, .. } => of(left, name) || of(right, name),
            Expression::If { then, option, otherwise } => {
                option.node == name || of(then, name) || of(otherwise, name)
            }
            _ => false,
        }
    }
    of(&part.value, option)
}
