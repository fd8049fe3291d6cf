//! Guards as sets of words.

use super::range::{self, Evaluated, Place};
use super::text;
use crate::cubes::{Cubes, TooLarge, Work, ones};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Guard, Range, Test};

/// The words that fulfil a guard. Nothing if it is faulty, which is reported.
pub(crate) fn words(guard: &Spanned<Guard>, place: Place<'_>, found: &mut Diagnostics) -> Option<Cubes> {
    let mut work = Work::default();
    match build(guard, place, &mut work, found)? {
        Ok(set) => Some(set.simplified(&mut work)),
        Err(TooLarge) => {
            found.push_once(too_large(guard.span));
            None
        }
    }
}

/// The finding for guards that take too long to decide.
pub(crate) fn too_large(span: Span) -> Diagnostic {
    Diagnostic::new(Code::GuardTooLarge, "the guard is too large to be decided", span, "too many cases")
        .help("test fewer bits, or neighbouring bits in one range")
}

/// `None`: faulty and reported. `Some(Err)`: too large.
fn build(
    guard: &Spanned<Guard>,
    place: Place<'_>,
    work: &mut Work,
    found: &mut Diagnostics,
) -> Option<Result<Cubes, TooLarge>> {
    let several = |parts: &[Spanned<Guard>], work: &mut Work, found: &mut Diagnostics| {
        // All parts, so that each reports its own faults.
        parts.iter().map(|part| build(part, place, work, found)).collect::<Vec<_>>()
    };
    match &guard.node {
        Guard::Test { range, test } => compare(range, test, place, work, found),
        Guard::Not(inner) => Some(build(inner, place, work, found)?.and_then(|set| set.not(work))),
        Guard::And(parts) => {
            let parts = several(parts, work, found).into_iter().collect::<Option<Vec<_>>>()?;
            Some(parts.into_iter().try_fold(Cubes::all(), |all, part| all.and(&part?, work)))
        }
        Guard::Or(parts) => {
            let parts = several(parts, work, found).into_iter().collect::<Option<Vec<_>>>()?;
            Some(parts.into_iter().try_fold(Cubes::none(), |any, part| any.or(&part?, work)))
        }
    }
}

fn compare(
    range: &Range,
    test: &Test,
    place: Place<'_>,
    work: &mut Work,
    found: &mut Diagnostics,
) -> Option<Result<Cubes, TooLarge>> {
    let bits = range::evaluate(range, place, found);
    // The values in the text, the smallest first.
    let (low, high) = match test {
        Test::Equal(value) | Test::NotEqual(value) => (value, value),
        Test::In(first, last) => (first, last),
    };
    let (first, last) = (range::number(low, place, found), range::number(high, place, found));
    let (first, last) = (first?, last?);
    if first > last {
        found.push_once(
            Diagnostic::new(
                Code::GuardValue,
                format!("no value lies in {first}..={last}"),
                low.span.to(high.span),
                "the first is larger than the last",
            )
            .help("write the smaller value first"),
        );
        return None;
    }
    let Evaluated::Bits(hi, lo) = bits? else {
        // No bits: their value is 0.
        let zero = match test {
            Test::Equal(_) | Test::In(..) => first == 0,
            Test::NotEqual(_) => first != 0,
        };
        return Some(Ok(if zero { Cubes::all() } else { Cubes::none() }));
    };
    let width = hi - lo + 1;
    if last > ones(width) {
        let are = if width == 1 { "is" } else { "are" };
        let message = format!("{} {are} never {last:#x}", text::count(width, "bit"));
        found.push_once(
            Diagnostic::new(Code::GuardValue, message, high.span, "does not fit")
                .label(range.span, format!("the largest value is {:#x}", ones(width)))
                .help("correct the value or the range"),
        );
        return None;
    }
    Some(match test {
        Test::Equal(_) => Ok(Cubes::equal(hi, lo, first)),
        Test::NotEqual(_) => Cubes::equal(hi, lo, first).not(work),
        Test::In(..) => Ok(Cubes::between(hi, lo, first, last)),
    })
}
