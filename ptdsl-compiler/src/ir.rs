//! The format with nothing left to guess: every name resolved, every range a pair of numbers, every default filled in.
//!
//! All back-ends and the interpreter read this and nothing else. Whatever a kind looks like at a level is written out for
//! that level, so that no reader needs to know what `n` was.

mod maintenance;

pub use crate::syntax::ast::{ChangeClass, Empty, KindClass};
pub use maintenance::{
    Expression, Instruction, Operand, Parameter, Part, Register, Sequence, Step, Transition,
};

/// A format.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    /// `snake_case` name; the Rust module's name.
    pub name: String,
    /// Doc lines.
    pub docs: Vec<String>,
    /// The architecture as `cfg(target_arch)` spells it.
    pub arch: String,
    /// 32 or 64: bits of a descriptor.
    pub word_bits: u32,
    /// log2 of the granule in bytes.
    pub granule_shift: u32,
    /// The address that is translated.
    pub input: Input,
    /// The address that comes out.
    pub output: Output,
    /// The number by which hardware tells this table's translations from others'.
    pub tag: Option<Tag>,
    /// Booleans that each table carries.
    pub options: Vec<TableOption>,
    /// All levels, the root's (of the widest input) first.
    pub levels: Vec<Level>,
    /// Every named field of every kind, once, in order of first appearance.
    pub fields: Vec<Field>,
    /// The attributes in which a caller speaks.
    pub attributes: Vec<Attribute>,
    /// Combinations of attribute rows that cannot be built.
    pub forbidden: Vec<Vec<(AttributeId, RowId)>>,
    /// How fields of the path restrict fields of the leaf.
    pub effective: Vec<Effective>,
    /// Fields that hardware may set by itself.
    pub hardware: Vec<FieldId>,
    /// What says that a leaf was used.
    pub accessed: Option<Flag>,
    /// What says that hardware wrote through a leaf.
    pub dirty: Option<Flag>,
    /// Groups of neighbouring leaves that are one to the TLB.
    pub groups: Vec<Group>,
    /// What a change of each leaf field requires.
    pub changes: Vec<Change>,
    /// What a change of the output address or of the kind requires.
    pub change_otherwise: ChangeClass,
    /// Register values for a table.
    pub registers: Vec<Register>,
    /// Instructions that sequences use.
    pub instructions: Vec<Instruction>,
    /// Maintenance, one per [`Transition`], in the order of [`Transition::ALL`].
    pub sequences: Vec<Sequence>,
}

/// Index into [`Format::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub usize);
/// Index into [`Format::attributes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub usize);
/// Index into [`Attribute::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub usize);
/// Index into [`Format::options`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionId(pub usize);
/// Index into [`Format::instructions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstructionId(pub usize);

/// The address that is translated.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// `VA`, `IPA`, ...
    pub name: String,
    /// Most bits that a table may translate.
    pub max_bits: u32,
    /// Fewest bits that a table may translate.
    pub min_bits: u32,
    /// What the bits above must be.
    pub extend: Extend,
}

/// What the input bits above the table's width must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extend {
    /// All 0.
    Zero,
    /// All 1.
    One,
    /// Copies of the highest translated bit.
    Sign,
}

/// The address that comes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// `PA`, `IPA`, ...
    pub name: String,
    /// Most bits.
    pub bits: u32,
    /// The name of the limit that a table is created with; the output's name where the spec has none.
    pub limit: String,
    /// Numbers of bits that a table may be created with, with their code in registers; the largest is last.
    pub choices: Vec<OutputChoice>,
}

/// One number of output bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputChoice {
    /// Bits.
    pub bits: u32,
    /// Its code in registers.
    pub code: u64,
    /// Input bits that a table with this limit has at most.
    pub most_input: u32,
}

/// The number by which hardware tells a table's translations from others': ASID, VMID, PCID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Number of bits.
    pub bits: u32,
}

/// A Boolean that each table carries.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOption {
    /// Its name.
    pub name: String,
    /// Doc lines.
    pub docs: Vec<String>,
}

/// A level.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The manual's number.
    pub number: i32,
    /// Lowest input bit of the index: log2 of the bytes that one entry maps.
    pub shift: u32,
    /// Number of index bits.
    pub index_bits: u32,
    /// What an empty slot holds.
    pub empty: Empty,
    /// The kinds that exist here, invalid first.
    pub kinds: Vec<Kind>,
}

/// A kind as it looks at one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its name; `Invalid` for the invalid kind. A kind that is written out once for each size has the size behind it.
    pub name: String,
    /// Its name in the spec.
    pub family: String,
    /// Invalid, table or leaf.
    pub class: KindClass,
    /// Doc lines.
    pub docs: Vec<String>,
    /// The words of this kind: those that match any cube. Cubes of different kinds of a level never meet.
    pub guard: Vec<Cube>,
    /// How many address bits it can carry, for a leaf or a table: those above are 0.
    pub output_bits: u32,
    /// Every bit once, most significant first.
    pub pieces: Vec<Piece>,
    /// log2 of the slots that hold the same word: 0 unless the leaf is repeated.
    pub span: u32,
    /// For a table, the field that holds the number of the next table's level, where that is not the next one.
    pub next_level: Option<FieldId>,
}

/// The words with `word & mask == value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cube {
    /// Bits that are decided.
    pub mask: u64,
    /// Their values; 0 outside the mask.
    pub value: u64,
}

/// A range of bits of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Highest bit.
    pub hi: u32,
    /// Lowest bit.
    pub lo: u32,
    /// What it holds.
    pub role: Role,
    /// What the spec says about the line: its `///` lines, or the `//` comment at its end.
    pub docs: Vec<String>,
}

/// What a range of bits holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Decided by the guard.
    Fixed {
        /// The bits, shifted down.
        value: u64,
    },
    /// The walk does not look; written 0.
    Ignored,
    /// Written 0; another value is a violation that does not fault.
    Res0,
    /// Written all 1; another value is a violation that does not fault.
    Res1,
    /// Another value than 0 is a translation fault.
    Mbz,
    /// Another value than all 1 is a translation fault.
    Mbo,
    /// Free for software and unnamed; written 0.
    Software,
    /// Bits `value_lo ..` of a field.
    Field {
        /// The field.
        field: FieldId,
        /// The field's bit that stands in `lo`.
        value_lo: u32,
    },
    /// Bits `address_lo ..` of the output address.
    Output {
        /// The address bit that stands in `lo`.
        address_lo: u32,
    },
    /// Bits `address_lo ..` of the next table's address.
    Next {
        /// The address bit that stands in `lo`.
        address_lo: u32,
    },
}

/// A named field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The spec's name.
    pub name: String,
    /// The manual's name: the same, unless the spec says `as`.
    pub manual_name: String,
    /// Doc lines.
    pub docs: Vec<String>,
    /// Number of bits.
    pub bits: u32,
    /// The value when encoding unless another is given.
    pub default: u64,
    /// `software`: hardware ignores it.
    pub software: bool,
    /// Named values.
    pub values: Vec<NamedValue>,
    /// Whether any other value is a translation fault.
    pub other_values_fault: bool,
}

/// A named value of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: u64,
}

/// An attribute: what a caller asks for, as rows of field values.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Doc lines.
    pub docs: Vec<String>,
    /// The fields that its rows set, the same for every row.
    pub fields: Vec<FieldId>,
    /// The rows; no two set the same values.
    pub rows: Vec<Row>,
    /// Ways between rows that lead through a third.
    pub detours: Vec<Detour>,
}

/// A live leaf never goes from a row of one side to a row of the other at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Detour {
    /// The rows of either side, none empty.
    pub sides: [Vec<RowId>; 2],
    /// The row between, of neither side.
    pub through: RowId,
}

/// One bit of a leaf that hardware sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// The field.
    pub field: FieldId,
    /// The field's bit, as a mask.
    pub mask: u64,
    /// What the bit is, in its place, when it is set; the other value when it is clear.
    pub set: u64,
    /// The field and value of the leaves that hardware tracks; `None`: all.
    pub when: Option<(FieldId, u64)>,
}

/// One row of an [`Attribute`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Doc lines.
    pub docs: Vec<String>,
    /// Values, in the order of [`Attribute::fields`].
    pub values: Vec<u64>,
}

/// How a field of the leaf combines with fields of the tables above.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The leaf's field.
    pub field: FieldId,
    /// Whether the table fields restrict by OR or by AND.
    pub combine: Combine,
    /// Fields of the tables.
    pub path: Vec<PathField>,
}

/// A field of the tables on the way to a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathField {
    /// The field.
    pub field: FieldId,
    /// It counts inverted.
    pub negated: bool,
}

/// How values along the path combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// 1 anywhere gives 1.
    Or,
    /// 0 anywhere gives 0.
    And,
}

/// A group of neighbouring leaves that the TLB may hold as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Number of entries, a power of two.
    pub count: u64,
    /// The levels, by number.
    pub levels: Vec<i32>,
    /// The field that marks a member.
    pub field: FieldId,
    /// Its value in a member.
    pub value: u64,
}

/// What a change of one leaf field requires.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field.
    pub field: FieldId,
    /// Exceptions for one change of value, first match wins: (from, to, class).
    pub special: Vec<(u64, u64, ChangeClass)>,
    /// Every other change.
    pub class: ChangeClass,
}
