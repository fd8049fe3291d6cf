//! Bit arithmetic as tokens: the only place that turns a range into a shift and a mask.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

pub(super) use crate::cubes::ones;

/// A part of a value in a word: bits `lo ..= hi` hold the value's bits from `value_lo` up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) hi: u32,
    pub(super) lo: u32,
    pub(super) value_lo: u32,
}

impl Place {
    pub(super) fn width(self) -> u32 {
        self.hi - self.lo + 1
    }

    /// Its bits in the word.
    pub(super) fn mask(self) -> u64 {
        ones(self.width()) << self.lo
    }
}

/// The bits of all places in the word.
pub(super) fn mask(places: &[Place]) -> u64 {
    places.iter().fold(0, |mask, place| mask | place.mask())
}

/// A value put into its places, computed now.
pub(super) fn put(places: &[Place], value: u64) -> u64 {
    places.iter().fold(0, |word, place| word | (value >> place.value_lo & ones(place.width())) << place.lo)
}

/// `0x00ff_ffff`, or decimal below ten.
pub(super) fn literal(value: u64) -> Literal {
    if value < 10 {
        return Literal::u64_unsuffixed(value);
    }
    let digits = format!("{value:x}");
    let mut text = String::from("0x");
    for (i, digit) in digits.chars().enumerate() {
        if i != 0 && (digits.len() - i) % 4 == 0 {
            text.push('_');
        }
        text.push(digit);
    }
    text.parse().expect("a hexadecimal number is a literal")
}

/// Bits of `from`, of which only those in `all` can be set, moved up by `left` (negative: down); those that arrive outside
/// `arrive` are masked off. Parentheses stand where clippy wants them.
fn moved(from: &TokenStream, left: i64, arrive: u64, all: u64) -> TokenStream {
    let amount = Literal::u64_unsuffixed(left.unsigned_abs());
    let (value, reach) = match left {
        0 => (from.clone(), all),
        1.. => (quote! { (#from << #amount) }, all << left),
        _ => (quote! { (#from >> #amount) }, all >> -left),
    };
    // A shift by itself already drops what lies outside.
    if reach == arrive {
        return value;
    }
    let arrive = literal(arrive);
    quote! { (#value & #arrive) }
}

/// The value that stands in places of the word `from`; `bits` is the word's width.
pub(super) fn extract(from: &TokenStream, places: &[Place], bits: u32) -> TokenStream {
    move_between(from, places.iter().map(|p| (p.lo, p.value_lo, p.width())), bits)
}

/// The value `from`, which has `bits` bits, in its places of a word.
pub(super) fn insert(from: &TokenStream, places: &[Place], bits: u32) -> TokenStream {
    move_between(from, places.iter().map(|p| (p.value_lo, p.lo, p.width())), bits)
}

/// Pieces (from bit, to bit, width) of `from`, pieces that move by the same distance in one step.
pub(super) fn move_between(
    from: &TokenStream,
    pieces: impl Iterator<Item = (u32, u32, u32)>,
    bits: u32,
) -> TokenStream {
    let mut distances: Vec<(i64, u64)> = Vec::new();
    for (source, target, width) in pieces {
        let distance = i64::from(target) - i64::from(source);
        let arrive = ones(width) << target;
        match distances.iter_mut().find(|(d, _)| *d == distance) {
            Some((_, mask)) => *mask |= arrive,
            None => distances.push((distance, arrive)),
        }
    }
    let parts: Vec<TokenStream> =
        distances.into_iter().map(|(distance, arrive)| moved(from, distance, arrive, ones(bits))).collect();
    match &parts[..] {
        [] => quote! { 0 },
        [one] => one.clone(),
        several => quote! { (#(#several)|*) },
    }
}

/// An expression that stands by itself: without the parentheses around all of it.
pub(super) fn bare(value: TokenStream) -> TokenStream {
    let mut trees = value.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(proc_macro2::TokenTree::Group(group)), None)
            if group.delimiter() == proc_macro2::Delimiter::Parenthesis =>
        {
            group.stream()
        }
        _ => value,
    }
}
