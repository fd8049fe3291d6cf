//! The tree that the parser builds: what was written, with the place of every word, and the comments.
//!
//! Nothing is resolved here: a name is a string, `n` is a letter, an inherited item is not copied.

use crate::source::{Span, Spanned};

/// An identifier as written.
pub type Name = Spanned<String>;

/// A whole text: `use` lines, then items.
#[derive(Clone, Debug)]
pub struct File {
    /// `use "other.pt";`
    pub uses: Vec<Use>,
    /// Everything else, in order.
    pub items: Vec<Item>,
    /// Every `// comment`, without the slashes and without space at its end, in order; the span holds the slashes.
    pub comments: Vec<Spanned<String>>,
}

/// `use "other.pt";`
#[derive(Clone, Debug)]
pub struct Use {
    /// The path between the quotes.
    pub path: Spanned<String>,
}

/// A declaration, at top level or inside a format.
#[derive(Clone, Debug)]
pub struct Item {
    /// `///` lines, without the slashes and one leading space.
    pub docs: Vec<Spanned<String>>,
    /// The whole declaration without docs and comments.
    pub span: Span,
    /// What is declared.
    pub kind: ItemKind,
}

/// What an [`Item`] declares.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "kinds are the large ones, and most items")]
pub enum ItemKind {
    /// `format name: u64 { .. }` or `format name: parent { .. }`
    Format(Format),
    /// `arch aarch64;`
    Arch(Name),
    /// `option ttl of table;`
    Option(OptionDeclaration),
    /// `set svpbmt;`: turns an option of the type on in this format.
    Set(Name),
    /// `granule 4K;` in bytes
    Granule(Spanned<u64>),
    /// `input VA[47:0] down to 25 extend 0;`
    Input(Input),
    /// `output PA[47:0] at most PS { 32 = 0b000, .. };`
    Output(Output),
    /// `tag ASID[15:0];`
    Tag(Slice),
    /// `level 1 { index VA[38:30]; Table, Block }`
    Level(Level),
    /// `invalid when .. { .. }`, `table T when .. { .. }`, `leaf L when .. { .. }`
    Kind(Kind),
    /// `otherwise reserved;`
    OtherwiseReserved,
    /// `fields Attributes { .. }`
    Fields(Fields),
    /// `effective XN = XN | path.XNTable;`
    Effective(Effective),
    /// `hardware sets AF, AP2;`
    Hardware(Vec<Name>),
    /// `accessed AF = 1;`, `dirty AP2 = rw when DBM = 1;`
    Flag(Flag),
    /// `attribute prot { r => AP2 = ro, XN = 1; .. }`
    Attribute(Attribute),
    /// `forbid prot = rx with memory = device;`
    Forbid(Vec<Assignment>),
    /// `group 16 at levels 1..=3 when Contiguous = 1;`
    Group(Group),
    /// `change { AF 0 -> 1 => store, publish; .. }`
    Change(Change),
    /// `registers { TCR_EL2 { .. } .. }`
    Registers(Vec<Register>),
    /// `instruction dsb_ish = "dsb ish";`
    Instruction(Instruction),
    /// `operand va_hint { .. }`
    Operand(Operand),
    /// `sequence publish leaf { store; dsb_ishst; isb; }`
    Sequence(Sequence),
    /// `without Block;`, `without level 0;`, `without effective XN;`: drops an inherited item, by its name or by these two words.
    Without(Name),
}

/// `format name: base { items }`
#[derive(Clone, Debug)]
pub struct Format {
    /// The format's name: `snake_case`, it becomes a Rust module.
    pub name: Name,
    /// `u32`, `u64`, or the format that this one varies.
    pub base: Name,
    /// The items.
    pub items: Vec<Item>,
}

/// Who decides an option: `of table` (when a table is created) or `of type` (when the format is compiled).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionScope {
    /// A Boolean that each table carries.
    Table,
    /// A Boolean that a variant of the format `set`s.
    Type,
}

/// `option ttl of table;`
#[derive(Clone, Debug)]
pub struct OptionDeclaration {
    /// Its name.
    pub name: Name,
    /// Who decides it.
    pub scope: OptionScope,
}

/// `VA[47:30]`, `AP[2]`, `PA`: a name with an optional bit range.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The name.
    pub name: Name,
    /// The bits, if given.
    pub bits: Option<Range>,
    /// All of it.
    pub span: Span,
}

/// `[hi:lo]` or `[bit]`; the bounds may name a symbol (`n`, `k`).
#[derive(Clone, Debug)]
pub struct Range {
    /// High bound.
    pub hi: Spanned<Bound>,
    /// Low bound; the same as `hi` for a single bit.
    pub lo: Spanned<Bound>,
    /// `[bit]` rather than `[hi:lo]`.
    pub single: bool,
    /// With the brackets.
    pub span: Span,
}

/// A bit number, or a value in a guard: the sum of signed terms, `n + k - 1`, `level - 1`.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The terms in order; the sign belongs to the term.
    pub terms: Vec<BoundTerm>,
}

/// One term of a [`Bound`].
#[derive(Clone, Debug)]
pub struct BoundTerm {
    /// `-` stands before it.
    pub minus: bool,
    /// What is added.
    pub atom: BoundAtom,
}

/// A number or a symbol in a bit number.
#[derive(Clone, Debug)]
pub enum BoundAtom {
    /// A number.
    Number(u64),
    /// `n`, `level` or a `for` variable.
    Symbol(Name),
}

/// `input VA[47:0] down to 25 extend 0;`
#[derive(Clone, Debug)]
pub struct Input {
    /// Name and bits.
    pub slice: Slice,
    /// The smallest number of bits of a table, if it may vary.
    pub down_to: Option<Spanned<u64>>,
    /// What the bits above must equal.
    pub extend: Extend,
}

/// What the input bits above the width must be.
#[derive(Clone, Debug)]
pub enum Extend {
    /// `extend 0` or `extend 1`
    Constant(Spanned<u64>),
    /// `extend VA[38]`: copies of that bit.
    Bit(Slice),
}

/// `output PA[47:0] at most PS { 32 = 0b000, .. };`
#[derive(Clone, Debug)]
pub struct Output {
    /// Name and bits.
    pub slice: Slice,
    /// The limit that a table is created with.
    pub limit: Option<Limit>,
}

/// `at most PS { 32 = 0b000, 36 = 0b001 }`: number of output bits and its code in registers.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The parameter's name.
    pub name: Name,
    /// In order.
    pub choices: Vec<Choice>,
}

/// `40 = 0b010 input 39`
#[derive(Clone, Debug)]
pub struct Choice {
    /// Output bits.
    pub bits: Spanned<u64>,
    /// Their code in registers.
    pub code: Spanned<u64>,
    /// Input bits that a table with that limit has at most.
    pub input: Option<Spanned<u64>>,
}

/// `level 1 { index VA[38:30]; Table, Block }`
#[derive(Clone, Debug)]
pub struct Level {
    /// The manual's number; may be negative.
    pub number: Spanned<i64>,
    /// The index bits.
    pub index: Slice,
    /// `empty 0x...;` or `empty sentinel;`: what an empty slot holds, 0 unless given.
    pub empty: Option<Spanned<Empty>>,
    /// The kinds that exist here (invalid is everywhere but beside `empty sentinel`).
    pub kinds: Vec<Name>,
}

impl Level {
    /// What an empty slot holds.
    #[must_use]
    pub fn empty(&self) -> Empty {
        self.empty.as_ref().map_or(Empty::Word(0), |empty| empty.node)
    }
}

/// What an empty slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// The same word in every table.
    Word(u64),
    /// A pointer to a table of empty slots of the level below: the format has no word that says "nothing here".
    Sentinel,
}

impl Empty {
    /// The word, where the spec knows it.
    #[must_use]
    pub fn word(self) -> Option<u64> {
        match self {
            Empty::Word(word) => Some(word),
            Empty::Sentinel => None,
        }
    }
}

/// What a descriptor kind is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KindClass {
    /// Not walked further, faults.
    Invalid,
    /// Points to the next table.
    Table,
    /// Maps memory.
    Leaf,
}

/// `leaf Block when [1:0] = 0b01 { .. }`, `leaf Sized if option for k in 1..=8 repeats 2**k when .. { .. }`
#[derive(Clone, Debug)]
pub struct Kind {
    /// Invalid, table or leaf.
    pub class: KindClass,
    /// Its name; `invalid` has none of its own and is called `Invalid`, with the keyword's span.
    pub name: Name,
    /// `if option`: exists only with this option of the type.
    pub only_if: Option<Name>,
    /// `for k in 1..=8`: the kind is written out once for each value.
    pub each: Option<Each>,
    /// `repeats 16`: the leaf takes that many slots, which all hold the same word.
    pub repeats: Option<Repeats>,
    /// When a word is of this kind.
    pub guard: Spanned<Guard>,
    /// `output PA[31:0]`: a leaf or a table's address with fewer bits than the format has. Those above are 0.
    pub reach: Option<Slice>,
    /// The bits, most significant first.
    pub body: Vec<Entry>,
}

/// `for k in 1..=8`
#[derive(Clone, Debug)]
pub struct Each {
    /// The variable.
    pub name: Name,
    /// Its first value.
    pub first: Spanned<u64>,
    /// Its last value.
    pub last: Spanned<u64>,
}

/// `repeats 16` or `repeats 2**k`
#[derive(Clone, Debug)]
pub struct Repeats {
    /// The number, or the base of the power.
    pub number: Spanned<u64>,
    /// The `for` variable of `2**k`.
    pub power: Option<Name>,
}

/// A condition on a word.
#[derive(Clone, Debug)]
pub enum Guard {
    /// `[1:0] = 0b01`, `[2:1] != 0`, `[11:9] in 1..=6`
    Test {
        /// The bits.
        range: Range,
        /// The relation.
        test: Test,
    },
    /// `not g`
    Not(Box<Spanned<Guard>>),
    /// `a and b and c`
    And(Vec<Spanned<Guard>>),
    /// `a or b or c`
    Or(Vec<Spanned<Guard>>),
}

/// The right side of a [`Guard::Test`].
#[derive(Clone, Debug)]
pub enum Test {
    /// `= value`
    Equal(Spanned<Bound>),
    /// `!= value`
    NotEqual(Spanned<Bound>),
    /// `in low..=high`
    In(Spanned<Bound>, Spanned<Bound>),
}

/// `fields Attributes { .. }`: a block that kinds take in with `..Attributes;`
#[derive(Clone, Debug)]
pub struct Fields {
    /// Its name.
    pub name: Name,
    /// The bits, most significant first.
    pub body: Vec<Entry>,
}

/// One line of a kind or a `fields` block.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `///` lines.
    pub docs: Vec<Spanned<String>>,
    /// Without docs and comments.
    pub span: Span,
    /// The `// comment` at the end of its line, without the slashes and the space around.
    pub remark: Option<String>,
    /// What it says.
    pub kind: EntryKind,
}

/// What an [`Entry`] says.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every entry is the large one")]
pub enum EntryKind {
    /// `..Attributes;`
    Splice(Name),
    /// `[9:8] SH { .. }`
    Bits {
        /// Where.
        range: Range,
        /// What, and for an option of the type, what else.
        meaning: Meaning,
    },
}

/// What a range of bits means.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// `ignored`
    Ignored,
    /// `res0`: must be written 0; the walk ignores it.
    Res0,
    /// `res1`: must be written 1; the walk ignores it.
    Res1,
    /// `mbz`: the walk faults unless it is 0.
    Mbz,
    /// `mbo`: the walk faults unless it is 1.
    Mbo,
    /// `software` or `SW: software`
    Software(Option<Name>),
    /// `next PA[47:12]`: the address of the next table; `at NextLevel`: of the level that this field names.
    Next(Slice, Option<Name>),
    /// `= 0`, `= ones`: other words are not of this kind.
    Constant(Constant),
    /// `PA[47:n]`: bits of the output address, or of a field declared in pieces (`AP[2]`).
    Slice(Slice),
    /// `XN`, `AF = 1`, `SH { non = 0b00, .. }`, `RW as "R/W"`
    Field(Field),
    /// `A if option else B`
    If {
        /// With the option on.
        then: Box<Meaning>,
        /// An option of the type.
        option: Name,
        /// With the option off.
        otherwise: Box<Meaning>,
    },
}

/// What bits are in every word of a kind.
#[derive(Clone, Debug)]
pub enum Constant {
    /// `= ones`
    Ones,
    /// `= 0`
    Number(Spanned<u64>),
}

/// A named field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name as the manual spells it.
    pub name: Name,
    /// `as "R/W"`: the manual's spelling where it is no identifier.
    pub alias: Option<Spanned<String>>,
    /// `= 1`: the value when encoding, 0 unless given.
    pub default: Option<Spanned<u64>>,
    /// `{ name = value, .. }`
    pub values: Option<FieldValues>,
}

/// The named values of a field.
#[derive(Clone, Debug)]
pub struct FieldValues {
    /// Name and value.
    pub values: Vec<(Name, Spanned<u64>)>,
    /// `{ a = 0, b = 1, else fault }`: the walk faults on any other value.
    pub else_fault: Option<Span>,
    /// With the braces.
    pub span: Span,
}

/// `effective XN = XN | path.XNTable;`
#[derive(Clone, Debug)]
pub struct Effective {
    /// The field that is combined.
    pub field: Name,
    /// The expression.
    pub value: Spanned<Expression>,
}

/// `name = value` in a row, a `forbid` or a `group`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// A field or an attribute.
    pub name: Name,
    /// A named value or a number.
    pub value: Spanned<Value>,
}

/// A named value or a number.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A name of the field's values or of the attribute's rows.
    Name(String),
}

/// `attribute prot { r => AP2 = ro, XN = 1; .. }`
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// The rows.
    pub rows: Vec<AttributeRow>,
    /// Ways that lead through a third row.
    pub detours: Vec<Detour>,
}

/// `rw and rx, x through r;`: a live leaf never goes from a row before `and` to one behind it at once, nor back.
#[derive(Clone, Debug)]
pub struct Detour {
    /// The rows before `and`, and those behind.
    pub sides: [Vec<Name>; 2],
    /// The row between.
    pub through: Name,
}

/// `accessed AF = 1;`, `dirty S2AP[1] = 1 when DBM = 1;`: what a leaf says that hardware has used, or has written through.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Written through, not only used.
    pub dirty: bool,
    /// The field.
    pub field: Name,
    /// The field's bit, where it has several.
    pub bit: Option<Range>,
    /// Its value in a leaf that was.
    pub value: Spanned<Value>,
    /// Only leaves of this kind are tracked.
    pub when: Option<Assignment>,
}

/// `r => AP2 = ro, XN = 1;`
#[derive(Clone, Debug)]
pub struct AttributeRow {
    /// `///` lines.
    pub docs: Vec<Spanned<String>>,
    /// The row's name.
    pub name: Name,
    /// The fields it sets.
    pub settings: Vec<Assignment>,
    /// All of it.
    pub span: Span,
}

/// `group 16 at levels 1..=3 when Contiguous = 1;`
#[derive(Clone, Debug)]
pub struct Group {
    /// Number of entries.
    pub count: Spanned<u64>,
    /// First level.
    pub first: Spanned<i64>,
    /// Last level, the same as `first` for `at level 3`.
    pub last: Spanned<i64>,
    /// The field that marks a member.
    pub mark: Assignment,
}

/// `change { .. }`
#[derive(Clone, Debug)]
pub struct Change {
    /// The rules in order.
    pub rules: Vec<ChangeRule>,
    /// `otherwise => break;`
    pub otherwise: Option<Spanned<ChangeClass>>,
}

/// `AF 0 -> 1 => store, publish;`
#[derive(Clone, Debug)]
pub struct ChangeRule {
    /// The fields it speaks of.
    pub fields: Vec<Name>,
    /// Only this change of value.
    pub transition: Option<(Spanned<u64>, Spanned<u64>)>,
    /// What it requires.
    pub class: Spanned<ChangeClass>,
    /// All of it.
    pub span: Span,
}

/// What a change of a live leaf requires, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeClass {
    /// `store`: one store.
    Store,
    /// `store, publish`: one store and the publish sequence.
    Publish,
    /// `store, invalidate`: one store and the invalidate sequence.
    Invalidate,
    /// `break`: break-before-make.
    Break,
}

/// One register: `TCR_EL2 { [18:16] = PS; otherwise 0; }`
#[derive(Clone, Debug)]
pub struct Register {
    /// `///` lines.
    pub docs: Vec<Spanned<String>>,
    /// Its name.
    pub name: Name,
    /// Its bits.
    pub bits: Vec<BitsValue>,
    /// Its slots that an attribute selects.
    pub slots: Vec<Slots>,
    /// `otherwise 0;`
    pub otherwise_zero: Option<Span>,
    /// All of it.
    pub span: Span,
}

/// `[8 * AttrIndx] = memory { normal = 0xff, device = 0x04 }`: fields of the leaf select a slot of the register, the rows of an
/// attribute set the fields, and here stands what each row means by its slot.
#[derive(Clone, Debug)]
pub struct Slots {
    /// Bits of a slot.
    pub width: Spanned<u64>,
    /// The fields that make up the slot's number, the most significant first.
    pub fields: Vec<Name>,
    /// The attribute.
    pub attribute: Name,
    /// Row and what stands in its slot.
    pub values: Vec<(Name, Spanned<u64>)>,
    /// All of it.
    pub span: Span,
}

/// `[5:0] = 64 - width;`
#[derive(Clone, Debug)]
pub struct BitsValue {
    /// Where.
    pub range: Range,
    /// What.
    pub value: Spanned<Expression>,
}

/// A value computed from the table and the entry.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A number.
    Number(u64),
    /// `width`, `level`, `root[47:12]`, `VA[55:12]`, `PS`, a field
    Slice(Slice),
    /// `path.XNTable`, `not path.APTable0`, `parent.Domain`
    Along {
        /// `not` stands before it.
        negated: bool,
        /// `path` or `parent`.
        place: Name,
        /// A field of the tables.
        field: Name,
    },
    /// `a - b`, `a | b`
    Binary {
        /// The operator.
        operator: Operator,
        /// Left side.
        left: Box<Spanned<Expression>>,
        /// Right side.
        right: Box<Spanned<Expression>>,
    },
    /// `a if option else b`
    If {
        /// With the option on.
        then: Box<Spanned<Expression>>,
        /// An option.
        option: Name,
        /// With the option off.
        otherwise: Box<Spanned<Expression>>,
    },
}

/// A binary operator of an [`Expression`], loosest first: `|`, `&`, then `+ -`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `|`
    Or,
    /// `&`
    And,
    /// `+`
    Add,
    /// `-`
    Subtract,
}

/// `instruction tlbi_vale2is(x) = "tlbi vale2is, {x}";`
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Its name.
    pub name: Name,
    /// Its operands.
    pub parameters: Vec<Name>,
    /// The assembly, operands in braces; nothing for what is no instruction, such as a command in a queue.
    pub assembly: Option<Spanned<String>>,
}

/// `operand va_hint { [63:48] = 0; .. }`
#[derive(Clone, Debug)]
pub struct Operand {
    /// Its name.
    pub name: Name,
    /// Its bits.
    pub bits: Vec<BitsValue>,
}

/// `sequence invalidate leaf { store; dsb_ishst; tlbi_vale2is(va_hint); dsb_ish; isb; }`
#[derive(Clone, Debug)]
pub struct Sequence {
    /// `publish`, `invalidate`, `split` or `collapse`.
    pub verb: Name,
    /// `leaf`, `table` or `all`.
    pub object: Name,
    /// The steps.
    pub steps: Vec<Step>,
    /// `publish leaf`
    pub head: Span,
}

/// `dsb_ish`, `tlbi_vale2is(va_hint)` or `isb if not ets2`; `store` is the descriptor's own store.
#[derive(Clone, Debug)]
pub struct Step {
    /// An instruction, or `store`.
    pub name: Name,
    /// Operands.
    pub arguments: Vec<Name>,
    /// An option that must be on, or (`true`) off.
    pub condition: Option<(bool, Name)>,
    /// All of it.
    pub span: Span,
}
