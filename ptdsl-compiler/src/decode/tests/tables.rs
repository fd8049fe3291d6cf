//! Registers and operands.

use super::fixture::{format, part};
use crate::decode::{TableError, TableParameters, operand, registers, root_level};
use crate::ir::{Expression, Operand, OptionId, Parameter};

#[test]
fn registers_follow_the_table() {
    let table = TableParameters { width: 30, output_bits: 34, root: 0xffff_a000, tag: 0, options: &["ttl"] };
    // 1 << 31, code 0b101, root[15:12] = 0xa, root level 0, 64 - 30 = 34
    assert_eq!(registers(&format(), &table), Ok(vec![("CTRL".to_owned(), 0x8005_a022)]));
    let table = TableParameters { width: 20, options: &[], ..table };
    assert_eq!(registers(&format(), &table), Ok(vec![("CTRL".to_owned(), 0x8005_a32c)]));
}

#[test]
fn the_root_is_the_highest_level_with_an_index_bit() {
    let format = format();
    assert_eq!((root_level(&format, 23), root_level(&format, 22)), (Ok(0), Ok(1)));
    assert_eq!(
        root_level(&format, 19).unwrap_err().to_string(),
        "a table cannot translate 19 input bits; it takes 20 to 32"
    );
}

#[test]
fn tables_that_cannot_be_say_what_can() {
    let table = TableParameters { width: 30, output_bits: 33, root: 0, tag: 0, options: &[] };
    let error = |table: TableParameters<'_>| registers(&format(), &table).unwrap_err().to_string();
    assert_eq!(error(table), "a table cannot have 33 output bits; it takes one of 32, 34");
    assert_eq!(
        error(TableParameters { output_bits: 34, options: &["tll"], ..table }),
        "there is no option `tll` (did you mean `ttl`?); the options are ttl"
    );
}

#[test]
fn an_output_limit_may_limit_the_input() {
    let of = |width, output_bits| {
        let table = TableParameters { width, output_bits, root: 0, tag: 0, options: &[] };
        registers(&format(), &table).map(drop)
    };
    assert_eq!(of(30, 32), Ok(()));
    assert_eq!(of(31, 32), Err(TableError::WidthForOutput { width: 31, bits: 32, maximum: 30 }));
    assert_eq!(of(32, 34), Ok(()));
    let text = TableError::WidthForOutput { width: 31, bits: 32, maximum: 30 }.to_string();
    assert_eq!(text, "a table of 32 output bits cannot translate 31 input bits; it takes at most 30");
}

#[test]
fn operands_see_the_entry() {
    let hint = |value| Expression::If {
        option: OptionId(0),
        then: Box::new(value),
        otherwise: Box::new(Expression::Constant(0)),
    };
    let parts = vec![
        part(47, 46, hint(Expression::Constant(0b01))),
        part(45, 44, hint(Expression::Parameter(Parameter::Level))),
        part(43, 0, Expression::Bits { of: Parameter::Input, hi: 55, lo: 12 }),
    ];
    let va_hint = Operand { name: "va_hint".to_owned(), parts };
    let table = TableParameters { width: 30, output_bits: 32, root: 0, tag: 0, options: &["ttl"] };
    assert_eq!(operand(&format(), &va_hint, &table, 0xff00_1234_5fff, 1), Ok(0x500f_f001_2345));
    let plain = TableParameters { options: &[], ..table };
    assert_eq!(operand(&format(), &va_hint, &plain, 0xff00_1234_5fff, 1), Ok(0xf_f001_2345));
    // A negative level keeps its low bits.
    assert_eq!(operand(&format(), &va_hint, &table, 0, -1), Ok(0x7000_0000_0000));
}
