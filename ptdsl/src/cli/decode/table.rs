//! A decoded word for the eye.

use ptdsl_compiler::decode::{Decoded, DecodedField, UnnamedBits};
use ptdsl_compiler::ir::{Format, KindClass};

use super::number;
use crate::cli::report::{BOLD, DIM, RED, RESET};

/// Words, with those that mean the same at several levels shown once.
pub(super) fn text(format: &Format, words: &[Decoded]) -> String {
    let mut groups: Vec<(Vec<i32>, &Decoded)> = Vec::new();
    for word in words {
        match groups.iter_mut().find(|(_, known)| same(known, word)) {
            Some((levels, _)) => levels.push(word.level),
            None => groups.push((vec![word.level], word)),
        }
    }
    let texts: Vec<String> = groups.iter().map(|(levels, word)| one(format, levels, word)).collect();
    texts.join("\n")
}

/// Whether two levels give a word the same meaning.
fn same(a: &Decoded, b: &Decoded) -> bool {
    a.violations == b.violations
        && Decoded { level: 0, violations: Vec::new(), ..a.clone() }
            == Decoded { level: 0, violations: Vec::new(), ..b.clone() }
}

fn one(format: &Format, levels: &[i32], word: &Decoded) -> String {
    let numbers: Vec<String> = levels.iter().map(i32::to_string).collect();
    let plural = if levels.len() == 1 { "" } else { "s" };
    let mut text = format!(
        "{BOLD}{}{RESET}  {} at level{plural} {} of {}\n",
        number::word(word.raw, format.word_bits),
        title(word),
        numbers.join(", "),
        format.name
    );
    let rows = rows(format, word);
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&columns(&rows));
    }
    let mut facts = Vec::new();
    if let Some(address) = word.output {
        let what = if word.class == KindClass::Table { "next table" } else { "output" };
        facts.push((what, format!("{} {address:#x}", format.output.name)));
    }
    let attributes = word.attributes.iter().map(|(name, row)| match row {
        Some(row) => format!("{name} = {row}"),
        None => format!("{name} {DIM}(no row){RESET}"),
    });
    if !word.attributes.is_empty() {
        facts.push(("attributes", attributes.collect::<Vec<_>>().join(", ")));
    }
    for violation in &word.violations {
        facts.push(("violation", format!("{RED}{}{RESET}", violation.text)));
    }
    if !facts.is_empty() {
        text.push('\n');
    }
    for (what, fact) in facts {
        text.push_str(&format!("  {DIM}{what:<10}{RESET}  {fact}\n"));
    }
    text
}

/// `Page (leaf)`
fn title(word: &Decoded) -> String {
    match word.class {
        KindClass::Invalid => word.kind.clone(),
        KindClass::Table if word.kind.eq_ignore_ascii_case("table") => word.kind.clone(),
        KindClass::Table => format!("{} (table)", word.kind),
        KindClass::Leaf => format!("{} (leaf)", word.kind),
    }
}

/// Bits, name, value, and what the value is called; most significant first.
fn rows(format: &Format, word: &Decoded) -> Vec<[String; 4]> {
    let mut rows: Vec<(u32, [String; 4])> = word
        .fields
        .iter()
        .map(|one| (one.ranges.first().map_or(0, |range| range.hi), field(format, one)))
        .chain(word.unnamed.iter().map(|bits| (bits.hi, unnamed(bits))))
        .collect();
    rows.sort_by_key(|&(hi, _)| std::cmp::Reverse(hi));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn field(format: &Format, field: &DecodedField) -> [String; 4] {
    let ranges: Vec<String> = field.ranges.iter().map(|range| bits(range.hi, range.lo)).collect();
    let declared = format.fields.iter().find(|declared| declared.name == field.name);
    let width = declared.map_or(64, |declared| declared.bits);
    let name = match declared {
        Some(declared) if declared.manual_name != field.name => {
            format!("{} ({})", field.name, declared.manual_name)
        }
        _ => field.name.clone(),
    };
    [ranges.join(","), name, value(field.value, width), field.value_name.clone().unwrap_or_default()]
}

fn unnamed(unnamed: &UnnamedBits) -> [String; 4] {
    let what = if unnamed.software { "(software)" } else { "(ignored)" };
    let width = unnamed.hi + 1 - unnamed.lo;
    [bits(unnamed.hi, unnamed.lo), what.to_owned(), value(unnamed.value, width), String::new()]
}

fn bits(hi: u32, lo: u32) -> String {
    if hi == lo { hi.to_string() } else { format!("{hi}:{lo}") }
}

/// Binary while the eye can count it, hexadecimal above.
fn value(value: u64, bits: u32) -> String {
    match bits {
        0..=1 => value.to_string(),
        2..=8 => format!("0b{value:0width$b}", width = bits as usize),
        _ => format!("{value:#x}"),
    }
}

/// Rows under a head, each column as wide as its widest cell.
fn columns(rows: &[[String; 4]]) -> String {
    let head = ["bits", "field", "value", ""].map(str::to_owned);
    let width = |column: usize| {
        let cells = std::iter::once(&head).chain(rows).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let line = |row: &[String; 4]| {
        let text = format!(
            "  {:>a$}  {:<b$}  {:<c$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            a = widths[0],
            b = widths[1],
            c = widths[2]
        );
        text.trim_end().to_owned()
    };
    let body: String = rows.iter().map(|row| line(row) + "\n").collect();
    format!("{DIM}{}{RESET}\n{body}", line(&head))
}
