//! Granule, addresses and levels as numbers, and which kinds exist at each level.

use super::range::{self, Evaluated, Place};
use super::{Address, Level, Model, body, repeats};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::inherit::Resolved;
use crate::resolve::names;
use crate::syntax::ast::{self, KindClass, Slice};

/// log2 of the granule.
pub(crate) fn granule_shift(format: &Resolved<'_>, found: &mut Diagnostics) -> Option<u32> {
    let granule = format.granules().next()?;
    let entry = u64::from(format.word_bits / 8);
    if !granule.node.is_power_of_two() || granule.node < entry {
        let message = format!("a granule of {} bytes cannot be", granule.node);
        found.push(
            Diagnostic::new(Code::Granule, message, granule.span, "not a size of pages")
                .help(format!("a power of two, at least the {entry} bytes of a descriptor; usually 4K")),
        );
        return None;
    }
    Some(granule.node.trailing_zeros())
}

/// The input address.
pub(crate) fn input<'a>(format: &Resolved<'a>, found: &mut Diagnostics) -> Option<Address<'a, ast::Input>> {
    let ast = format.inputs().next()?;
    let bits = from_zero(&ast.slice, found)?;
    Some(Address { ast, name: &ast.slice.name, bits })
}

/// The output address.
pub(crate) fn output<'a>(format: &Resolved<'a>, found: &mut Diagnostics) -> Option<Address<'a, ast::Output>> {
    let ast = format.outputs().next()?;
    let bits = from_zero(&ast.slice, found)?;
    Some(Address { ast, name: &ast.slice.name, bits })
}

/// The tag.
pub(crate) fn tag<'a>(format: &Resolved<'a>, found: &mut Diagnostics) -> Option<Address<'a, Slice>> {
    let ast = format.tags().next()?;
    let bits = from_zero(ast, found)?;
    Some(Address { ast, name: &ast.name, bits })
}

/// The number of bits of `NAME[hi:0]`.
pub(crate) fn from_zero(slice: &Slice, found: &mut Diagnostics) -> Option<u32> {
    match range::of_slice(slice, Place::NUMBERS, found)? {
        Evaluated::Bits(hi, 0) => Some(hi + 1),
        Evaluated::Bits(hi, _) => {
            let message = format!("`{}` must have all bits from 0", slice.name.node);
            found.push(
                Diagnostic::new(Code::AddressRange, message, slice.span, "does not end at bit 0").help(
                    format!("write `{}[{hi}:0]`: the page offset belongs to the address", slice.name.node),
                ),
            );
            None
        }
        Evaluated::None => None,
    }
}

/// Works out the levels and their kinds.
pub(crate) fn fill<'a>(model: &mut Model<'a>, found: &mut Diagnostics) {
    let format = model.format;
    let kinds = format.kinds();
    for ast in format.levels() {
        let Some((number, hi, shift)) = place(model, ast, found) else {
            model.all_levels = false;
            continue;
        };
        let mut here: Vec<&ast::Name> = Vec::new();
        let mut known = true;
        for name in &ast.kinds {
            let declared = kinds.iter().find(|(_, kind)| kind.name.node == name.node);
            match declared {
                None => {
                    known = false;
                    found.push(names::unknown(
                        Code::UnknownKind,
                        "kind",
                        name,
                        kinds
                            .iter()
                            .map(|(_, kind)| kind.name.node.as_str())
                            .filter(|&name| name != "Invalid"),
                    ));
                }
                Some((_, kind)) if kind.class == KindClass::Invalid => {
                    known = false;
                    found.push(
                        Diagnostic::new(
                            Code::KindListedTwice,
                            "the invalid kind is listed",
                            name.span,
                            "listed here",
                        )
                        .help("remove it: the invalid kind exists at every level"),
                    );
                }
                Some(_) => match here.iter().find(|old| old.node == name.node) {
                    Some(old) => found.push(
                        Diagnostic::new(
                            Code::KindListedTwice,
                            format!("level {number} lists `{}` twice", name.node),
                            name.span,
                            "listed again",
                        )
                        .label(old.span, "listed first here")
                        .help("remove one"),
                    ),
                    None => here.push(name),
                },
            }
        }
        let exists = |kind: &ast::Kind| {
            kind.class == KindClass::Invalid && ast.empty() != ast::Empty::Sentinel
                || here.iter().any(|name| name.node == kind.name.node)
        };
        let present: Vec<_> = kinds.iter().filter(|(_, kind)| exists(kind)).collect();
        let mut expanded = Vec::new();
        for (item, kind) in present {
            let Some(sizes) = repeats::sizes(model, kind, found) else {
                known = false;
                continue;
            };
            for (each, span) in sizes {
                if span > hi - shift + 1 {
                    repeats::too_large(kind, ast, hi - shift + 1, span, found);
                    known = false;
                    continue;
                }
                let at = body::At { shift, level: number, each, span };
                expanded.push(body::expand(model, kind, &item.docs, at, found));
            }
        }
        model.levels.push(Level { ast, number, hi, shift, kinds: expanded, known });
    }
    model.levels.sort_by_key(|level| std::cmp::Reverse(level.shift));
}

/// Number, highest and lowest index bit of a level.
fn place(model: &Model<'_>, ast: &ast::Level, found: &mut Diagnostics) -> Option<(i32, u32, u32)> {
    if let Some(input) = &model.input
        && input.name.node != ast.index.name.node
    {
        let message = format!("the index is taken from `{}`, not from the input", ast.index.name.node);
        found.push(
            Diagnostic::new(Code::UnknownAddress, message, ast.index.name.span, "not the input")
                .label(input.name.span, "this is the input")
                .help(format!("write `{}`", input.name.node)),
        );
    }
    let number = i32::try_from(ast.number.node).ok().filter(|number| (-64..=64).contains(number));
    if number.is_none() {
        let message = format!("no level has the number {}", ast.number.node);
        found.push(
            Diagnostic::new(Code::LevelNumbers, message, ast.number.span, "too far from 0")
                .help("number the levels as the manual does"),
        );
    }
    let bits = range::of_slice(&ast.index, Place::NUMBERS, found);
    match (number?, bits?) {
        (number, Evaluated::Bits(hi, lo)) => Some((number, hi, lo)),
        (_, Evaluated::None) => None,
    }
}
