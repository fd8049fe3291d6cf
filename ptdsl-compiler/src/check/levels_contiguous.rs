//! The indexes of the levels follow each other without a gap, from the input's top bit down to the page offset.

use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::text::bits;
use crate::model::{Level, Model};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    if !model.all_levels {
        return;
    }
    let (Some(first), Some(last)) = (model.levels.first(), model.levels.last()) else { return };
    let mut contiguous = true;
    for pair in model.levels.windows(2) {
        contiguous &= follows(&pair[0], &pair[1], found);
    }
    if let Some(input) = &model.input
        && first.hi + 1 != input.bits
    {
        let message =
            format!("the highest level begins at bit {}, the input at bit {}", first.hi, input.bits - 1);
        found.push(
            Diagnostic::new(Code::TopNotReached, message, first.ast.index.span, "the first index")
                .label(input.ast.slice.span, "the input")
                .help("the first index takes the input's top bits"),
        );
    }
    if let Some(shift) = model.granule_shift
        && last.shift != shift
    {
        let message = format!(
            "the lowest level's entries map 2^{} bytes, but the page offset has {shift} bits",
            last.shift
        );
        let mut finding = Diagnostic::new(Code::PageOffset, message, last.ast.index.span, "the last index");
        if let Some(granule) = model.format.granules().next() {
            finding = finding.label(granule.span, format!("2^{shift} bytes"));
        }
        found.push(finding.help("the last index ends at log2 of the granule"));
    }
    numbers(&model.levels, found);
    if contiguous {
        sizes(model, found);
    }
}

fn follows(above: &Level<'_>, below: &Level<'_>, found: &mut Diagnostics) -> bool {
    if above.shift == below.hi + 1 {
        return true;
    }
    let message = if above.shift > below.hi {
        let gap = bits(ones(above.shift) & !ones(below.hi + 1));
        format!("between level {} and level {} nothing indexes by {gap}", above.number, below.number)
    } else {
        let both = bits(ones(below.hi.min(above.hi) + 1) & !ones(above.shift.max(below.shift)));
        format!("level {} and level {} both index by {both}", above.number, below.number)
    };
    found.push(
        Diagnostic::new(Code::LevelsNotContiguous, message, below.ast.index.span, "does not follow")
            .label(above.ast.index.span, "the level above")
            .help("each index ends just above the next one"),
    );
    false
}

fn numbers(levels: &[Level<'_>], found: &mut Diagnostics) {
    let mut step = None;
    for pair in levels.windows(2) {
        let here = pair[1].number - pair[0].number;
        if here.abs() != 1 || step.is_some_and(|step| step != here) {
            let message = format!("level {} stands below level {}", pair[1].number, pair[0].number);
            found.push(
                Diagnostic::new(Code::LevelNumbers, message, pair[1].ast.number.span, "out of order")
                    .label(pair[0].ast.number.span, "the level above")
                    .help("from the top down the numbers go by one, always up or always down"),
            );
            return;
        }
        step = Some(here);
    }
}

/// As many tables as a root is made of, at most: log2.
const ROOT_TABLES: u32 = 4;

/// A root of more tables than any architecture joins, and tables below it that are larger than the granule, or smaller while
/// their neighbours fill it, are probably mistakes.
fn sizes(model: &Model<'_>, found: &mut Diagnostics) {
    let Some(granule) = model.granule_shift else { return };
    let entry = (model.word_bits / 8).trailing_zeros();
    let inner = model.levels.get(1..).unwrap_or(&[]);
    if let Some(root) = model.levels.first() {
        let size = root.index_bits() + entry;
        if size > granule + ROOT_TABLES {
            let message = format!("the root has 2^{size} bytes, more than 16 granules of 2^{granule}");
            let label = format!("{} bits", root.index_bits());
            found.push(
                Diagnostic::new(Code::RootSize, message, root.ast.index.span, label).help(
                    "check the index, or add a level; the format works if the architecture means it so",
                ),
            );
        }
    }
    let some_full = inner.iter().any(|level| level.index_bits() + entry == granule);
    for level in inner {
        let size = level.index_bits() + entry;
        if size > granule || (size < granule && some_full) {
            let message =
                format!("a table of level {} has 2^{size} bytes, the granule 2^{granule}", level.number);
            found.push(
                Diagnostic::new(
                    Code::TableSize,
                    message,
                    level.ast.index.span,
                    format!("{} bits", level.index_bits()),
                )
                .help("check the index; the format works if the architecture means it so"),
            );
        }
    }
}
