//! What walks read of a word, worked out from the intermediate representation without allocation: a second, smaller interpreter,
//! fast enough for a million words of each level.

use ptdsl::{Format, Level, Word};
use ptdsl_compiler::ir::{self, KindClass, Role};

/// Bits `from..` of the word that are bits `to..` of a value.
struct Move {
    from: u32,
    to: u32,
    mask: u64,
}

/// A value's pieces.
struct Pieces(Vec<Move>);

impl Pieces {
    fn new(kind: &ir::Kind, place: impl Fn(&Role) -> Option<u32>) -> Pieces {
        let moved = |piece: &ir::Piece| {
            let mask = u64::MAX >> (63 - (piece.hi - piece.lo));
            place(&piece.role).map(|to| Move { from: piece.lo, to, mask })
        };
        Pieces(kind.pieces.iter().filter_map(moved).collect())
    }

    fn field(kind: &ir::Kind, wanted: ir::FieldId) -> Pieces {
        Pieces::new(kind, |role| match *role {
            Role::Field { field, value_lo } if field == wanted => Some(value_lo),
            _ => None,
        })
    }

    fn read(&self, raw: u64) -> u64 {
        self.0.iter().fold(0, |value, one| value | (raw >> one.from & one.mask) << one.to)
    }

    fn bits(&self) -> u64 {
        self.0.iter().fold(0, |bits, one| bits | one.mask << one.from)
    }
}

/// An attribute of a kind: its fields and what each row gives them.
struct Rows {
    index: usize,
    fields: Vec<Pieces>,
    rows: Vec<Vec<u64>>,
}

/// A kind at a level.
struct OneKind {
    class: KindClass,
    guard: Vec<ir::Cube>,
    /// Bits that the walk checks, and what they must be.
    checked: (u64, u64),
    /// Fields with a closed list of values.
    closed: Vec<(Pieces, Vec<u64>)>,
    address: Pieces,
    next_level: Option<Pieces>,
    span: u32,
    /// The marks of groups at this level: field, value, log2 of the count.
    groups: Vec<(Pieces, u64, u32)>,
    attributes: Vec<Rows>,
    /// Bits that a leaf made of the attributes has in common with the word.
    carried: u64,
}

/// A level of a format.
pub(super) struct Plan<'a> {
    format: &'a ir::Format,
    kinds: Vec<OneKind>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(format: &'a ir::Format, level: &ir::Level) -> Plan<'a> {
        Plan { format, kinds: level.kinds.iter().map(|kind| plan(format, level, kind)).collect() }
    }

    /// Compares all that walks read of a word, and the word that its parts make.
    pub(super) fn compare<F: Format, L: Level<F>>(&self, word: F::Word) {
        let raw = word.to_u64();
        let kind = self.kinds.iter().find(|kind| kind.guard.iter().any(|cube| raw & cube.mask == cube.value));
        let kind = kind.filter(|kind| kind.follows(raw));
        let class = kind.map_or(KindClass::Invalid, |kind| kind.class);
        assert_eq!(L::is_leaf(word), class == KindClass::Leaf, "level {} {raw:#x} is_leaf", L::NUMBER);
        let table = kind.filter(|kind| kind.class == KindClass::Table);
        let (mut next, mut skipped) = (None, None);
        if let Some(kind) = table {
            let address = kind.address.read(raw);
            match &kind.next_level {
                Some(level) => skipped = Some((address, level.read(raw) as i32)),
                None => next = Some(address),
            }
        }
        assert_eq!(L::next_table(word).map(|p| p.0), next, "level {} {raw:#x} next", L::NUMBER);
        assert_eq!(L::skipped(word).map(|(p, n)| (p.0, n)), skipped, "level {} {raw:#x} skipped", L::NUMBER);
        let Some(kind) = kind.filter(|kind| kind.class == KindClass::Leaf) else { return };
        assert_eq!(L::output(word).0, kind.address.read(raw), "level {} {raw:#x} output", L::NUMBER);
        let span = kind.span(raw);
        assert_eq!(L::span(word), span, "level {} {raw:#x} span", L::NUMBER);
        let attributes = F::attributes(L::NUMBER, word);
        assert_eq!(
            attributes.is_some(),
            kind.listed(self.format, raw),
            "level {} {raw:#x} listed",
            L::NUMBER
        );
        if let Some(attributes) = attributes {
            let again = match span {
                0 => L::leaf(L::output(word), attributes),
                _ => L::spanning(L::output(word), attributes, span),
            };
            let differ = (again.to_u64() ^ raw) & kind.carried;
            assert_eq!(differ, 0, "level {} {raw:#x} made again is {again:#x}", L::NUMBER);
        }
    }
}

impl OneKind {
    /// Whether the walk does not fault on what the kind's bits hold.
    fn follows(&self, raw: u64) -> bool {
        raw & self.checked.0 == self.checked.1
            && self.closed.iter().all(|(field, values)| values.contains(&field.read(raw)))
    }

    fn span(&self, raw: u64) -> u32 {
        let group = self.groups.iter().find(|(field, value, _)| field.read(raw) == *value);
        group.map_or(self.span, |&(.., span)| span)
    }

    /// Whether each attribute has a row, and no combination of them is forbidden.
    fn listed(&self, format: &ir::Format, raw: u64) -> bool {
        let row = |one: &Rows| {
            one.rows
                .iter()
                .position(|row| row.iter().zip(&one.fields).all(|(value, f)| f.read(raw) == *value))
        };
        let holds = |attribute: usize, wanted: usize| {
            self.attributes.iter().any(|one| one.index == attribute && row(one) == Some(wanted))
        };
        self.attributes.iter().all(|one| row(one).is_some())
            && !format.forbidden.iter().any(|rule| rule.iter().all(|&(a, r)| holds(a.0, r.0)))
    }
}

fn plan(format: &ir::Format, level: &ir::Level, kind: &ir::Kind) -> OneKind {
    let carried = super::carried(format);
    let mut plan = OneKind {
        class: kind.class,
        guard: kind.guard.clone(),
        checked: (0, 0),
        closed: Vec::new(),
        address: Pieces::new(kind, |role| match *role {
            Role::Output { address_lo } | Role::Next { address_lo } => Some(address_lo),
            _ => None,
        }),
        next_level: kind.next_level.map(|field| Pieces::field(kind, field)),
        span: kind.span,
        groups: Vec::new(),
        attributes: Vec::new(),
        carried: 0,
    };
    plan.carried = plan.address.bits();
    for piece in &kind.pieces {
        let bits = u64::MAX >> (63 - (piece.hi - piece.lo)) << piece.lo;
        match piece.role {
            Role::Mbz => plan.checked.0 |= bits,
            Role::Mbo => plan.checked = (plan.checked.0 | bits, plan.checked.1 | bits),
            Role::Fixed { .. } => plan.carried |= bits,
            Role::Field { field, .. } if carried.contains(&format.fields[field.0].name.as_str()) => {
                plan.carried |= bits
            }
            _ => {}
        }
    }
    for (index, field) in format.fields.iter().enumerate().filter(|(_, field)| field.other_values_fault) {
        let pieces = Pieces::field(kind, ir::FieldId(index));
        if !pieces.0.is_empty() {
            plan.closed.push((pieces, field.values.iter().map(|value| value.value).collect()));
        }
    }
    for group in format.groups.iter().filter(|group| group.levels.contains(&level.number)) {
        let pieces = Pieces::field(kind, group.field);
        if !pieces.0.is_empty() {
            plan.groups.push((pieces, group.value, group.count.ilog2()));
        }
    }
    for (index, attribute) in format.attributes.iter().enumerate() {
        let fields: Vec<Pieces> = attribute.fields.iter().map(|&field| Pieces::field(kind, field)).collect();
        if fields.iter().all(|field| !field.0.is_empty()) {
            let rows = attribute.rows.iter().map(|row| row.values.clone()).collect();
            plan.attributes.push(Rows { index, fields, rows });
        }
    }
    plan
}
