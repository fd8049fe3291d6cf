//! A format with its numbers worked out and its names looked up, still tied to the places in the text: what the checks read.

pub(crate) mod body;
pub(crate) mod expression;
pub(crate) mod fields;
pub(crate) mod guard;
pub(crate) mod levels;
pub(crate) mod options;
pub(crate) mod range;
pub(crate) mod repeats;
pub(crate) mod slots;
pub(crate) mod text;
pub(crate) mod values;

use crate::cubes::Cubes;
use crate::diagnostic::Diagnostics;
use crate::ir::Cube;
use crate::resolve::inherit::Resolved;
use crate::source::Span;
use crate::syntax::ast::{self, KindClass, Slice};
use options::Options;

/// A format as far as it could be understood.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    /// All items.
    pub(crate) format: &'a Resolved<'a>,
    /// Which options there are, and which of the type are on.
    pub(crate) options: Options<'a>,
    /// 32 or 64.
    pub(crate) word_bits: u32,
    /// log2 of the granule in bytes, if it is a power of two.
    pub(crate) granule_shift: Option<u32>,
    /// The input, if it is a range from bit 0.
    pub(crate) input: Option<Address<'a, ast::Input>>,
    /// The output, if it is a range from bit 0.
    pub(crate) output: Option<Address<'a, ast::Output>>,
    /// The tag, if it is a range from bit 0.
    pub(crate) tag: Option<Address<'a, Slice>>,
    /// The levels whose index is understood, from the input's top down.
    pub(crate) levels: Vec<Level<'a>>,
    /// Whether `levels` holds all levels, so that a hole between two is a fault of the spec.
    pub(crate) all_levels: bool,
    /// Every named field, in order of first appearance.
    pub(crate) fields: Vec<Field<'a>>,
}

/// An address that the format speaks of.
#[derive(Debug)]
pub(crate) struct Address<'a, T> {
    /// The declaration.
    pub(crate) ast: &'a T,
    /// `VA`
    pub(crate) name: &'a ast::Name,
    /// Number of bits, 1 to 64.
    pub(crate) bits: u32,
}

/// A level.
#[derive(Debug)]
pub(crate) struct Level<'a> {
    /// The declaration.
    pub(crate) ast: &'a ast::Level,
    /// The manual's number.
    pub(crate) number: i32,
    /// Highest index bit.
    pub(crate) hi: u32,
    /// Lowest index bit: log2 of what an entry maps.
    pub(crate) shift: u32,
    /// The kinds that exist here: invalid, tables, leaves.
    pub(crate) kinds: Vec<Kind<'a>>,
    /// Whether every kind that is listed is declared.
    pub(crate) known: bool,
}

impl Level<'_> {
    /// Number of index bits.
    pub(crate) fn index_bits(&self) -> u32 {
        self.hi - self.shift + 1
    }

    /// Whether every kind that is listed is declared; one that is not has been reported, and may be what seems to be missing.
    pub(crate) fn all_known(&self) -> bool {
        self.known
    }

    /// Whether a kind of that class exists here.
    pub(crate) fn has(&self, class: KindClass) -> bool {
        self.kinds.iter().any(|kind| kind.ast.class == class)
    }
}

/// A kind as it looks at one level.
#[derive(Clone, Debug)]
pub(crate) struct Kind<'a> {
    /// The declaration.
    pub(crate) ast: &'a ast::Kind,
    /// Its docs.
    pub(crate) docs: &'a [crate::source::Spanned<String>],
    /// The value of its `for` variable.
    pub(crate) each: Option<u64>,
    /// log2 of the slots that it takes.
    pub(crate) span: u32,
    /// The field that names the level of the next table.
    pub(crate) next_level: Option<&'a ast::Name>,
    /// The words of the kind; nothing if the guard could not be worked out.
    pub(crate) guard: Option<Cubes>,
    /// The bits that the guard decides.
    pub(crate) pinned: Cube,
    /// The bits that the body names, in order of appearance.
    pub(crate) bits: Vec<Bits<'a>>,
    /// The number of address bits that it says it carries, where it says so.
    pub(crate) reach: Option<u32>,
    /// Whether `bits` is all that the body says, so that a hole is a fault of the spec.
    pub(crate) whole: bool,
    /// Fields whose place could not be worked out, which has been reported: using them is no fault of its own.
    pub(crate) lost: Vec<&'a str>,
    /// Whether a block that could not be found may have any field.
    pub(crate) blind: bool,
}

/// A range of bits that a kind names.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    /// Highest bit.
    pub(crate) hi: u32,
    /// Lowest bit.
    pub(crate) lo: u32,
    /// The range in the text.
    pub(crate) span: Span,
    /// The line `..Name;` of the kind that took it in, if it does not stand in the kind itself.
    pub(crate) via: Option<Span>,
    /// The line that names it.
    pub(crate) line: &'a ast::Entry,
    /// What it holds.
    pub(crate) what: What<'a>,
}

impl Bits<'_> {
    /// Number of bits.
    pub(crate) fn width(&self) -> u32 {
        self.hi - self.lo + 1
    }
}

/// What a range of bits holds.
#[derive(Clone, Debug)]
pub(crate) enum What<'a> {
    /// `ignored`
    Ignored,
    /// `res0`
    Res0,
    /// `res1`
    Res1,
    /// `mbz`
    Mbz,
    /// `mbo`
    Mbo,
    /// `software` without a name
    Software,
    /// A field, or some of its bits.
    Field(FieldUse<'a>),
    /// Bits of the output address, the lowest of them.
    Output(u32),
    /// Bits of the next table's address, the lowest of them.
    Next(u32),
    /// Something that could not be understood and was reported.
    Unknown,
}

/// A place where a field stands in a kind.
#[derive(Clone, Debug)]
pub(crate) struct FieldUse<'a> {
    /// Its name there.
    pub(crate) name: &'a ast::Name,
    /// Docs of the line.
    pub(crate) docs: &'a [crate::source::Spanned<String>],
    /// What the line says about the field, unless it is a piece or a software field.
    pub(crate) declaration: Option<&'a ast::Field>,
    /// `SW: software`
    pub(crate) software: bool,
    /// For a piece, `AP[2]`, the field's lowest bit in it.
    pub(crate) piece: Option<u32>,
}

/// A named field.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    /// The name where it first appears.
    pub(crate) name: &'a ast::Name,
    /// The docs where it is described.
    pub(crate) docs: &'a [crate::source::Spanned<String>],
    /// The line that describes it: the first that says more than the name.
    pub(crate) declaration: Option<&'a ast::Field>,
    /// Number of bits.
    pub(crate) bits: u32,
    /// `software`
    pub(crate) software: bool,
}

impl Field<'_> {
    /// The value when encoding unless another is given.
    pub(crate) fn default(&self) -> u64 {
        self.declaration.and_then(|d| d.default.as_ref()).map_or(0, |d| d.node)
    }

    /// The named values.
    pub(crate) fn values(&self) -> &[(ast::Name, crate::source::Spanned<u64>)] {
        self.declaration.and_then(|d| d.values.as_ref()).map_or(&[], |v| &v.values)
    }

    /// Whether any value without a name faults.
    pub(crate) fn else_fault(&self) -> bool {
        self.declaration.and_then(|d| d.values.as_ref()).is_some_and(|v| v.else_fault.is_some())
    }

    /// Whether writing the value makes a descriptor that faults.
    pub(crate) fn faults(&self, value: u64) -> bool {
        self.else_fault() && !self.values().iter().any(|(_, v)| v.node == value)
    }
}

impl<'a> Model<'a> {
    /// Works out a format. What cannot be understood is reported and left out, so that the checks speak of the rest.
    pub(crate) fn new(format: &'a Resolved<'a>, switched_on: &[&str], found: &mut Diagnostics) -> Self {
        let mut model = Model {
            format,
            options: Options::new(format, switched_on, found),
            word_bits: format.word_bits,
            granule_shift: None,
            input: None,
            output: None,
            tag: None,
            levels: Vec::new(),
            all_levels: true,
            fields: Vec::new(),
        };
        model.granule_shift = levels::granule_shift(format, found);
        model.input = levels::input(format, found);
        model.output = levels::output(format, found);
        model.tag = levels::tag(format, found);
        levels::fill(&mut model, found);
        model.fields = fields::collect(&model, found);
        model
    }

    /// How many address bits a leaf or a table can carry: all of the output's, unless it says otherwise.
    pub(crate) fn reach(&self, kind: &Kind<'_>) -> Option<u32> {
        kind.reach.or(self.output.as_ref().map(|output| output.bits))
    }

    /// The field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, &Field<'a>)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name.node == name)
    }

    /// Every kind at every level.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&Level<'a>, &Kind<'a>)> {
        self.levels.iter().flat_map(|level| level.kinds.iter().map(move |kind| (level, kind)))
    }

    /// Every kind of that class, once, at the first level where it exists. Fields are the same at all levels.
    pub(crate) fn kinds_once(&self, class: KindClass) -> Vec<&Kind<'a>> {
        let mut once: Vec<&Kind<'a>> = Vec::new();
        for (_, kind) in self.kinds() {
            if kind.ast.class == class && !once.iter().any(|old| old.ast.name.span == kind.ast.name.span) {
                once.push(kind);
            }
        }
        once
    }

    /// Whether the indexes follow each other down to the page offset. Where they do not, which has been reported, the sizes of
    /// tables are doubtful.
    pub(crate) fn levels_fit(&self) -> bool {
        let contiguous = self.levels.windows(2).all(|pair| pair[0].shift == pair[1].hi + 1);
        let offset = self.levels.last().map(|last| last.shift);
        self.all_levels && contiguous && (self.granule_shift.is_none() || offset == self.granule_shift)
    }

    /// Whether a field may be missing only because of a fault that has been reported.
    pub(crate) fn may_be_lost(&self, name: &str) -> bool {
        !self.all_levels
            || self.levels.iter().any(|level| !level.all_known())
            || self.kinds().any(|(_, kind)| kind.blind || kind.lost.contains(&name))
    }

    /// The names of the fields that kinds of that class have, in order of first appearance.
    pub(crate) fn field_names(&self, class: KindClass) -> Vec<&str> {
        let kinds = self.kinds_once(class);
        let has = |name: &str| kinds.iter().any(|kind| kind.has_field(name));
        self.fields.iter().map(|field| field.name.node.as_str()).filter(|name| has(name)).collect()
    }

    /// The levels' numbers as far as they are used in expressions: the largest, and whether one is negative.
    pub(crate) fn level_numbers(&self) -> (u64, bool) {
        let largest = self.levels.iter().map(|l| u64::try_from(l.number).unwrap_or(0)).max().unwrap_or(0);
        (largest, self.levels.iter().any(|l| l.number < 0))
    }
}

impl Kind<'_> {
    /// The name as messages write it, with the value of the `for` variable.
    pub(crate) fn title(&self) -> String {
        match (&self.ast.each, self.each) {
            (Some(each), Some(value)) => {
                format!("{}, {} = {value}", self.ast.name.node, each.name.node)
            }
            _ => self.ast.name.node.clone(),
        }
    }

    /// Whether bits hold the level of the next table.
    pub(crate) fn is_next_level(&self, bits: &Bits<'_>) -> bool {
        let name = self.next_level.map(|name| name.node.as_str());
        matches!(&bits.what, What::Field(field) if Some(field.name.node.as_str()) == name)
    }

    /// Whether the kind has that field.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.bits.iter().any(|bits| matches!(&bits.what, What::Field(field) if field.name.node == name))
    }
}
