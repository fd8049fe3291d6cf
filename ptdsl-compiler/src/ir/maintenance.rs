//! Registers, instructions and the sequences around a store.

use super::{InstructionId, OptionId};
use crate::syntax::ast::Operator;

/// A register's value for a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Register {
    /// Its name.
    pub name: String,
    /// Doc lines.
    pub docs: Vec<String>,
    /// Its parts; bits not named are 0.
    pub parts: Vec<Part>,
}

/// A part of a register or an operand.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Highest bit.
    pub hi: u32,
    /// Lowest bit.
    pub lo: u32,
    /// The value; bits above the part's width are dropped.
    pub value: Expression,
}

/// A value computed from the table and, in operands, the entry. Arithmetic wraps at 64 bits.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A number.
    Constant(u64),
    /// A number that the table or the entry has.
    Parameter(Parameter),
    /// Bits `hi..=lo` of a parameter, shifted down.
    Bits {
        /// Of what.
        of: Parameter,
        /// Highest bit.
        hi: u32,
        /// Lowest bit.
        lo: u32,
    },
    /// Two values combined.
    Binary {
        /// How.
        operator: Operator,
        /// Left side.
        left: Box<Expression>,
        /// Right side.
        right: Box<Expression>,
    },
    /// Chosen by an option of the table.
    If {
        /// The option.
        option: OptionId,
        /// With the option on.
        then: Box<Expression>,
        /// With the option off.
        otherwise: Box<Expression>,
    },
}

/// A number that a table or an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Number of input bits of the table.
    Width,
    /// Physical address of the root table.
    Root,
    /// Number of the root's level.
    RootLevel,
    /// The code of the output limit.
    OutputCode,
    /// The table's tag.
    Tag,
    /// The entry's input address. Operands only.
    Input,
    /// Number of the entry's level. Operands only.
    Level,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// Its name.
    pub name: String,
    /// Doc lines.
    pub docs: Vec<String>,
    /// Names of its operands.
    pub parameters: Vec<String>,
    /// The assembly, operands in braces; nothing for what is no instruction, such as a command in a queue.
    pub assembly: Option<String>,
}

/// What happens to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// Invalid to leaf.
    PublishLeaf,
    /// Invalid to table.
    PublishTable,
    /// Leaf to invalid, or a leaf's attributes change.
    InvalidateLeaf,
    /// Table to invalid.
    InvalidateTable,
}

impl Transition {
    /// All of them, in the order of [`Format::sequences`](super::Format::sequences).
    pub const ALL: [Transition; 4] = [
        Transition::PublishLeaf,
        Transition::PublishTable,
        Transition::InvalidateLeaf,
        Transition::InvalidateTable,
    ];

    /// `(verb, object)` as the spec writes it.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Transition::PublishLeaf => ("publish", "leaf"),
            Transition::PublishTable => ("publish", "table"),
            Transition::InvalidateLeaf => ("invalidate", "leaf"),
            Transition::InvalidateTable => ("invalidate", "table"),
        }
    }
}

/// What must be done around the store of a transition.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Sequence {
    /// Before the store.
    pub before: Vec<Step>,
    /// After the store.
    pub after: Vec<Step>,
}

/// One instruction of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The instruction.
    pub instruction: InstructionId,
    /// Its operands.
    pub operands: Vec<Operand>,
}

/// An operand: 64 bits, part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// Its name in the spec.
    pub name: String,
    /// Its parts; bits not named are 0.
    pub parts: Vec<Part>,
}
