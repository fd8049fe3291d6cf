//! A leaf carries every bit of the output, a table descriptor every bit of the next table's address, each once.

use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::text::{bits, ranges};
use crate::model::{Kind, Level, Model, What};
use crate::syntax::ast::KindClass;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for (index, level) in model.levels.iter().enumerate() {
        for kind in &level.kinds {
            right_class(kind, found);
            let Some(output) = &model.output else { continue };
            let below = match kind.ast.class {
                KindClass::Invalid => continue,
                KindClass::Leaf => Some(level.shift + kind.span),
                KindClass::Table if !model.levels_fit() => None,
                KindClass::Table => model.levels.get(index + 1).map(|next| table_shift(model, next)),
            };
            if let Some(below) = below {
                carried(model, level, kind, below, kind.reach.unwrap_or(output.bits), found);
            }
        }
    }
}

/// log2 of the bytes of a full table, to which it is aligned.
fn table_shift(model: &Model<'_>, level: &Level<'_>) -> u32 {
    level.index_bits() + (model.word_bits / 8).trailing_zeros()
}

fn right_class(kind: &Kind<'_>, found: &mut Diagnostics) {
    for bits in &kind.bits {
        let (what, owner) = match bits.what {
            What::Output(_) if kind.ast.class != KindClass::Leaf => ("the output address", "leaves"),
            What::Next(_) if kind.ast.class != KindClass::Table => ("the next table's address", "tables"),
            _ => continue,
        };
        let message = format!("`{}` carries {what}, which only {owner} have", kind.ast.name.node);
        let help = match kind.ast.class {
            KindClass::Table => "write `next` before it",
            KindClass::Leaf => "write it without `next`",
            KindClass::Invalid => "give the bits a name or call them `ignored`",
        };
        found.push_once(
            Diagnostic::new(
                Code::WrongAddress,
                message,
                bits.via.unwrap_or(bits.span),
                "does not belong here",
            )
            .help(help),
        );
    }
}

/// Compares the address bits that a kind carries with those that it must carry: from `below` up to the output's top.
fn carried(
    model: &Model<'_>,
    level: &Level<'_>,
    kind: &Kind<'_>,
    below: u32,
    top: u32,
    found: &mut Diagnostics,
) {
    let leaf = kind.ast.class == KindClass::Leaf;
    let name = &kind.ast.name.node;
    let needed = ones(top) & !ones(below);
    let mut held = 0;
    let mut first = None;
    for here in &kind.bits {
        let lo = match here.what {
            What::Output(lo) if leaf => lo,
            What::Next(lo) if !leaf => lo,
            _ => continue,
        };
        let mask = ones(here.width()) << lo;
        let place = here.via.unwrap_or(here.span);
        if held & mask != 0 {
            let message = format!("`{name}` carries address {} twice", bits(held & mask));
            let mut finding = Diagnostic::new(Code::AddressTwice, message, place, "carried again here");
            if let Some(first) = first {
                finding = finding.label(first, "carried first here");
            }
            found.push_once(finding.help("correct one of the ranges"));
        }
        let outside = mask & !needed;
        if outside != 0 {
            let message =
                format!("`{name}` carries address {}, always 0 at level {}", bits(outside), level.number);
            let what = if leaf { "what the leaf maps begins" } else { "the next table is aligned" };
            found.push_once(
                Diagnostic::new(Code::AddressOutside, message, place, "too much of the address")
                    .note(format!("{what} at bit {below}, and the output ends at bit {}", top - 1))
                    .help(if leaf {
                        "`[hi:n] PA[hi:n];`: n is the leaf's lowest bit"
                    } else {
                        "end the address there, and say what the entry's bits below it are: `res0`, `mbz`, `ignored`; \
                         levels that lead to tables of different sizes need a kind each"
                    }),
            );
        }
        held |= mask;
        first.get_or_insert(place);
    }
    let missing = needed & !held;
    let unclear = kind.bits.iter().any(|bits| matches!(bits.what, What::Unknown));
    if missing == 0 || !kind.whole || unclear {
        return;
    }
    let (code, message) = if leaf {
        (Code::OutputMissing, format!("`{name}` does not carry output {}", bits(missing)))
    } else {
        (Code::NextMissing, format!("`{name}` does not carry {} of the next table's address", bits(missing)))
    };
    let mut finding =
        Diagnostic::new(code, message, kind.ast.name.span, format!("{} missing", ranges(missing)));
    if let Some(output) = &model.output {
        finding =
            finding.label(output.ast.slice.span, format!("bits {} down to {below} are needed", top - 1));
    }
    found.push_once(
        finding
            .note(format!("at level {}", level.number))
            .help("name the bits, or correct the output's range"),
    );
}
