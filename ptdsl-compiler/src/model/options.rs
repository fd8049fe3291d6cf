//! Options: which there are, who decides them, and which of the type are on.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::inherit::Resolved;
use crate::resolve::names;
use crate::syntax::ast::{Name, OptionDeclaration, OptionScope};

/// The options of a format.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    declared: Vec<&'a OptionDeclaration>,
    on: Vec<String>,
}

/// What an option's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// By the table; the number counts the table's options.
    ByTable(usize),
    /// By the type, here and now.
    Now(bool),
}

impl<'a> Options<'a> {
    /// Looks through the declarations, the `set` lines and what is switched on from outside.
    pub(crate) fn new(format: &'a Resolved<'a>, switched_on: &[&str], found: &mut Diagnostics) -> Self {
        let declared: Vec<&OptionDeclaration> = format.options().collect();
        let mut on: Vec<String> = switched_on.iter().map(|&name| name.into()).collect();
        for name in format.sets() {
            let option = declared.iter().find(|option| option.name.node == name.node);
            match option {
                None => found.push(unknown(name, &declared)),
                Some(option) if option.scope == OptionScope::Table => found.push(of_table(name, option)),
                Some(_) => on.push(name.node.clone()),
            }
        }
        Options { declared, on }
    }

    /// Options of the table, in order.
    pub(crate) fn of_table(&self) -> impl Iterator<Item = &'a OptionDeclaration> + '_ {
        self.declared.iter().copied().filter(|option| option.scope == OptionScope::Table)
    }

    /// What a name stands for, where both sorts may stand.
    pub(crate) fn find(&self, name: &Name, found: &mut Diagnostics) -> Option<Decided> {
        let Some(option) = self.declared.iter().find(|option| option.name.node == name.node) else {
            found.push(unknown(name, &self.declared));
            return None;
        };
        Some(match option.scope {
            OptionScope::Type => Decided::Now(self.on.contains(&name.node)),
            OptionScope::Table => {
                Decided::ByTable(self.of_table().position(|other| other.name.node == name.node)?)
            }
        })
    }

    /// Whether an option is on, where only options of the type may stand.
    pub(crate) fn is_on(&self, name: &Name, found: &mut Diagnostics) -> Option<bool> {
        match self.find(name, found)? {
            Decided::Now(on) => Some(on),
            Decided::ByTable(_) => {
                let option = self.declared.iter().find(|option| option.name.node == name.node)?;
                found.push(of_table(name, option));
                None
            }
        }
    }
}

fn unknown(name: &Name, declared: &[&OptionDeclaration]) -> Diagnostic {
    names::unknown(
        Code::UnknownOption,
        "option",
        name,
        declared.iter().map(|option| option.name.node.as_str()),
    )
}

fn of_table(name: &Name, option: &OptionDeclaration) -> Diagnostic {
    let message = format!("`{}` is decided by each table, not by the type", name.node);
    Diagnostic::new(Code::WrongOption, message, name.span, "needs an option of the type")
        .label(option.name.span, "declared `of table` here")
        .help("declare it `of type`, or use it in registers and operands only")
}
