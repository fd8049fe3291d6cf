//! Ranges of bits as numbers.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Spanned;
use crate::syntax::ast::{Bound, BoundAtom, Name, Range, Slice};

/// What a range comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evaluated {
    /// Bits `hi..=lo`.
    Bits(u32, u32),
    /// No bits: `[n-1:12]` at n = 12.
    None,
}

/// Where a range stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The value of `n`, where it has one.
    pub(crate) n: Option<u32>,
    /// The `for` variable and its value.
    pub(crate) each: Option<(&'a str, u64)>,
    /// The value of `level`, where it has one.
    pub(crate) level: Option<i32>,
    /// Number of bits that there are.
    pub(crate) limit: u32,
}

impl Place<'_> {
    /// A place where only numbers may stand, among 64 bits.
    pub(crate) const NUMBERS: Place<'static> = Place { n: None, each: None, level: None, limit: 64 };

    /// The value of a symbol.
    fn symbol(self, name: &str) -> Option<i128> {
        match self.each {
            Some((each, value)) if each == name => Some(i128::from(value)),
            _ if name == "n" => self.n.map(i128::from),
            _ if name == "level" => self.level.map(i128::from),
            _ => None,
        }
    }
}

fn has_symbol(bound: &Bound) -> bool {
    bound.terms.iter().any(|term| matches!(term.atom, BoundAtom::Symbol(_)))
}

/// A value in a guard; a negative one has been reported. `level` stands for the level's number.
pub(crate) fn number(bound: &Spanned<Bound>, place: Place<'_>, found: &mut Diagnostics) -> Option<u64> {
    let sum = value(&bound.node, place, found)?;
    u64::try_from(sum).ok().or_else(|| {
        let message = format!("{sum} is no value of bits");
        found.push_once(
            Diagnostic::new(Code::GuardValue, message, bound.span, "out of range")
                .help("correct the value, or do not list the kind at that level"),
        );
        None
    })
}

fn value(bound: &Bound, place: Place<'_>, found: &mut Diagnostics) -> Option<i128> {
    let mut sum = 0i128;
    for term in &bound.terms {
        let atom = match &term.atom {
            BoundAtom::Number(number) => i128::from(*number),
            BoundAtom::Symbol(name) => match place.symbol(&name.node) {
                Some(value) => value,
                None => {
                    found.push_once(unknown(name, place));
                    return None;
                }
            },
        };
        sum = if term.minus { sum.checked_sub(atom)? } else { sum.checked_add(atom)? };
    }
    Some(sum)
}

fn unknown(name: &Name, place: Place<'_>) -> Diagnostic {
    if place.n.is_none() {
        let message = format!("`{}` has no value here", name.node);
        return Diagnostic::new(Code::UnknownSymbol, message, name.span, "only numbers can stand here")
            .help("write the bit number; `n` is known in descriptor kinds only");
    }
    let message = format!("there is no symbol `{}`", name.node);
    Diagnostic::new(Code::UnknownSymbol, message, name.span, "not known")
        .help("the symbol is `n`: the low bit of what an entry maps at the level")
}

/// Works out a range. Faults are reported, each once per place in the text.
pub(crate) fn evaluate(range: &Range, place: Place<'_>, found: &mut Diagnostics) -> Option<Evaluated> {
    let symbolic = has_symbol(&range.hi) || has_symbol(&range.lo);
    let (hi, lo) = (value(&range.hi, place, found), value(&range.lo, place, found));
    let (hi, lo) = (hi?, lo?);
    let note = |finding: Diagnostic| match place.n {
        Some(n) if symbolic => {
            let each = place.each.map_or(String::new(), |(name, value)| format!(" and {name} = {value}"));
            finding.note(format!("with n = {n}{each} the range is [{hi}:{lo}]"))
        }
        _ => finding,
    };
    if symbolic && hi == lo - 1 {
        return Some(Evaluated::None);
    }
    if hi < lo {
        let finding = Diagnostic::new(
            Code::RangeReversed,
            "the range is upside down",
            range.span,
            "high bit below low bit",
        );
        found.push_once(note(finding).help("write the most significant bit first"));
        return None;
    }
    let Some((hi, lo)) =
        u32::try_from(hi).ok().zip(u32::try_from(lo).ok()).filter(|&(hi, _)| hi < place.limit)
    else {
        let message = format!("there is no such bit: there are {} bits", place.limit);
        let finding = Diagnostic::new(Code::BitOutOfWord, message, range.span, "out of range");
        found.push_once(note(finding).help(format!("bits count from 0 to {}", place.limit - 1)));
        return None;
    };
    Some(Evaluated::Bits(hi, lo))
}

/// The bits of a slice that must have some: `VA[47:39]`.
pub(crate) fn of_slice(slice: &Slice, place: Place<'_>, found: &mut Diagnostics) -> Option<Evaluated> {
    match &slice.bits {
        Some(range) => evaluate(range, place, found),
        None => {
            let message = format!("`{}` stands without its bits", slice.name.node);
            found.push_once(
                Diagnostic::new(Code::UnknownAddress, message, slice.span, "which bits?")
                    .help(format!("write `{}[hi:lo]`", slice.name.node)),
            );
            None
        }
    }
}
