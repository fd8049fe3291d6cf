//! A format with every role, a field in two pieces, a scattered address, a guard of several cubes, an empty word that is
//! not 0, and a table option.

use crate::decode::{Decoded, Value};
use crate::ir::*;
use crate::syntax::ast::Operator;

pub(super) fn piece(hi: u32, lo: u32, role: Role) -> Piece {
    Piece { hi, lo, role, docs: Vec::new() }
}

pub(super) fn field(name: &str, bits: u32, default: u64, values: &[(&str, u64)]) -> Field {
    Field {
        name: name.to_owned(),
        manual_name: name.to_owned(),
        docs: Vec::new(),
        bits,
        default,
        software: false,
        values: values.iter().map(|&(name, value)| NamedValue { name: name.to_owned(), value }).collect(),
        other_values_fault: false,
    }
}

pub(super) fn kind(name: &str, class: KindClass, guard: &[(u64, u64)], pieces: Vec<Piece>) -> Kind {
    let guard = guard.iter().map(|&(mask, value)| Cube { mask, value }).collect();
    let (name, family) = (name.to_owned(), name.to_owned());
    Kind { name, family, class, docs: Vec::new(), guard, output_bits: 34, pieces, span: 0, next_level: None }
}

pub(super) fn part(hi: u32, lo: u32, value: Expression) -> Part {
    Part { hi, lo, value }
}

pub(super) fn row(name: &str, values: &[u64]) -> Row {
    Row { name: name.to_owned(), docs: Vec::new(), values: values.to_vec() }
}

pub(super) const R: FieldId = FieldId(0);
pub(super) const W: FieldId = FieldId(1);
pub(super) const AP: FieldId = FieldId(2);
pub(super) const MODE: FieldId = FieldId(3);
pub(super) const DEEP: FieldId = FieldId(4);

/// Level 0 (shift 22, 32-bit words):
/// invalid `[0] = 0`; table `[3:0] = 0b0001`: `[31:10] next OA[31:10]`, `[9:5] ignored`, `[4] Deep`.
/// Level 1 (shift 12):
/// invalid `[0] = 0`, empty word 0x80; leaf `[0] = 1 and ([1] = 1 or [2] = 1)`: `[31:12] OA[31:12]`, `[11:10] OA[33:32]`,
/// `[9] AP[2]`, `[8] mbz`, `[7] res1`, `[6] res0`, `[5:4] AP[1:0]`, `[3] Mode` (0 = plain, else fault), `[2] W`, `[1] R`.
/// Level 2 (shift 11) is the same leaf with `[8] software`, `[6] mbo`.
pub(super) fn format() -> Format {
    let invalid = || {
        kind(
            "Invalid",
            KindClass::Invalid,
            &[(1, 0)],
            vec![piece(31, 1, Role::Software), piece(0, 0, Role::Fixed { value: 0 })],
        )
    };
    let leaf = |bit8: Role, bit6: Role| {
        kind(
            "Leaf",
            KindClass::Leaf,
            &[(0b011, 0b011), (0b111, 0b101)],
            vec![
                piece(31, 12, Role::Output { address_lo: 12 }),
                piece(11, 10, Role::Output { address_lo: 32 }),
                piece(9, 9, Role::Field { field: AP, value_lo: 2 }),
                piece(8, 8, bit8),
                piece(7, 7, Role::Res1),
                piece(6, 6, bit6),
                piece(5, 4, Role::Field { field: AP, value_lo: 0 }),
                piece(3, 3, Role::Field { field: MODE, value_lo: 0 }),
                piece(2, 2, Role::Field { field: W, value_lo: 0 }),
                piece(1, 1, Role::Field { field: R, value_lo: 0 }),
                piece(0, 0, Role::Fixed { value: 1 }),
            ],
        )
    };
    let table = kind(
        "Table",
        KindClass::Table,
        &[(0b1111, 0b0001)],
        vec![
            piece(31, 10, Role::Next { address_lo: 10 }),
            piece(9, 5, Role::Ignored),
            piece(4, 4, Role::Field { field: DEEP, value_lo: 0 }),
            piece(3, 0, Role::Fixed { value: 1 }),
        ],
    );
    let level = |number, shift, index_bits, empty, kinds| Level {
        number,
        shift,
        index_bits,
        empty: Empty::Word(empty),
        kinds,
    };
    let attribute = |name: &str, fields: &[FieldId], rows: Vec<Row>| Attribute {
        name: name.to_owned(),
        docs: Vec::new(),
        fields: fields.to_vec(),
        rows,
        detours: Vec::new(),
    };
    let mut mode = field("Mode", 1, 0, &[("plain", 0)]);
    mode.other_values_fault = true;
    let mut ap = field("AP", 3, 0b001, &[("user", 0b101)]);
    ap.manual_name = "AP[2:0]".to_owned();
    let ttl = OptionId(0);
    let shade = |then, otherwise| Expression::If {
        option: ttl,
        then: Box::new(then),
        otherwise: Box::new(otherwise),
    };
    Format {
        name: "toy".to_owned(),
        docs: Vec::new(),
        arch: "aarch64".to_owned(),
        word_bits: 32,
        granule_shift: 12,
        input: Input { name: "VA".to_owned(), max_bits: 32, min_bits: 20, extend: Extend::Zero },
        output: Output {
            name: "OA".to_owned(),
            bits: 34,
            limit: "PS".to_owned(),
            choices: vec![
                OutputChoice { bits: 32, code: 0, most_input: 30 },
                OutputChoice { bits: 34, code: 0b101, most_input: 32 },
            ],
        },
        tag: None,
        options: vec![TableOption { name: "ttl".to_owned(), docs: Vec::new() }],
        levels: vec![
            level(0, 22, 10, 0, vec![invalid(), table]),
            level(1, 12, 10, 0x80, vec![invalid(), leaf(Role::Mbz, Role::Res0)]),
            level(2, 11, 1, 0, vec![invalid(), leaf(Role::Software, Role::Mbo)]),
        ],
        fields: vec![
            field("R", 1, 0, &[]),
            field("W", 1, 0, &[("no", 0), ("yes", 1)]),
            ap,
            mode,
            field("Deep", 1, 0, &[]),
        ],
        attributes: vec![
            attribute("prot", &[R, W], vec![row("r", &[1, 0]), row("rw", &[1, 1])]),
            attribute("user", &[AP], vec![row("yes", &[0b101]), row("no", &[0b001])]),
        ],
        forbidden: vec![vec![(AttributeId(0), RowId(1)), (AttributeId(1), RowId(0))]],
        effective: Vec::new(),
        hardware: Vec::new(),
        accessed: None,
        dirty: None,
        groups: Vec::new(),
        changes: Vec::new(),
        change_otherwise: ChangeClass::Break,
        registers: vec![Register {
            name: "CTRL".to_owned(),
            docs: Vec::new(),
            parts: vec![
                part(31, 31, Expression::Constant(1)),
                part(18, 16, Expression::Parameter(Parameter::OutputCode)),
                part(15, 12, Expression::Bits { of: Parameter::Root, hi: 15, lo: 12 }),
                part(9, 8, shade(Expression::Parameter(Parameter::RootLevel), Expression::Constant(3))),
                part(
                    5,
                    0,
                    Expression::Binary {
                        operator: Operator::Subtract,
                        left: Box::new(Expression::Constant(64)),
                        right: Box::new(Expression::Parameter(Parameter::Width)),
                    },
                ),
            ],
        }],
        instructions: Vec::new(),
        sequences: Vec::new(),
    }
}

pub(super) fn name(text: &str) -> Value {
    Value::Name(text.to_owned())
}

pub(super) fn texts(decoded: &Decoded) -> Vec<&str> {
    decoded.violations.iter().map(|violation| violation.text.as_str()).collect()
}

/// `[31:12] = 0x12345, [11:10] = 0b10, AP = 0b101, res1, R`
pub(super) const LEAF: u64 = 0x1234_5000 | 0b10 << 10 | 1 << 9 | 1 << 7 | 0b01 << 4 | 0b011;
