//! A flat map of pages: what a table must agree with, computed without any table.

use std::collections::BTreeMap;

use ptdsl::{
    Boundary, Config, Error, Extend, Format, Grouping, How, Inactive, Level, Live, MapError, PageTable, Phys,
    Range, Sizes, Word,
};
use ptdsl::{Stopped, Unmapped, World};

/// One mapped page: the leaf that maps it (first address, log2 of its bytes), and its output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Page<F: Format> {
    pub(crate) leaf: u64,
    pub(crate) shift: u32,
    pub(crate) output: u64,
    pub(crate) attributes: F::Attributes,
}

/// The pages that are mapped, by address.
#[derive(Clone, Debug)]
pub(crate) struct Flat<F: Format> {
    pub(crate) pages: BTreeMap<u64, Page<F>>,
    width: u32,
    output_bits: u32,
    /// The sizes of leaves, largest first.
    leaves: Vec<Size>,
    levels: Vec<(u32, i32)>,
    /// Output bits that leaves carry, by log2 of what they map.
    reach: BTreeMap<u32, u64>,
    /// Where hardware finds that nothing is mapped, if that is not where the walk over our tables ends.
    sentinel: Option<i32>,
    /// What it finds there.
    empty: u64,
}

/// A size of leaves.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// log2 of its bytes.
    shift: u32,
    level: i32,
    /// log2 of its slots.
    span: u32,
}

fn levels<F: Format, L: Level<F>>(
    all: &mut Vec<(u32, i32)>,
    leaves: &mut Vec<Size>,
    reach: &mut BTreeMap<u32, u64>,
) {
    if L::HAS_LEAF || L::HAS_TABLE {
        all.push((L::SHIFT, L::NUMBER));
        for span in L::SPANS.iter().rev().copied().chain(L::HAS_LEAF.then_some(0)) {
            leaves.push(Size { shift: L::SHIFT + span, level: L::NUMBER, span });
            reach.insert(L::SHIFT + span, L::reach(span));
        }
        levels::<F, L::Next>(all, leaves, reach);
    }
}

/// The empty word of the last level.
fn last_empty<F: Format, L: Level<F>>() -> u64 {
    if L::HAS_TABLE { last_empty::<F, L::Next>() } else { L::EMPTY.to_u64() }
}

impl<F: Format> Flat<F> {
    pub(crate) fn new(config: &Config<F>) -> Self {
        let (mut levels, mut leaves) = (Vec::new(), Vec::new());
        let mut reach = BTreeMap::new();
        self::levels::<F, F::Top>(&mut levels, &mut leaves, &mut reach);
        levels.retain(|level| level.0 < config.width);
        leaves.retain(|leaf| leaf.shift < config.width);
        Flat {
            pages: BTreeMap::new(),
            width: config.width,
            output_bits: config.output_bits,
            leaves,
            sentinel: (!F::Sentinels::default().as_ref().is_empty())
                .then(|| levels.last().map_or(0, |l| l.1)),
            empty: last_empty::<F, F::Top>(),
            levels,
            reach,
        }
    }

    fn granule() -> u64 {
        1 << F::GRANULE_SHIFT
    }

    fn low(shift: u32) -> u64 {
        u64::MAX >> (64 - shift)
    }

    /// The addresses that a table of this width translates, in one piece or two.
    fn translated(&self) -> Vec<std::ops::RangeInclusive<u64>> {
        let (all, half) = (Self::low(self.width), Self::low(self.width - 1));
        match F::EXTEND {
            Extend::Zero => vec![0..=all],
            Extend::One => vec![!all..=u64::MAX],
            Extend::Sign => vec![0..=half, !half..=u64::MAX],
        }
    }

    /// Whether a page is mapped within the naturally aligned region around `va`.
    fn any_within(&self, va: u64, shift: u32) -> bool {
        let first = va & !Self::low(shift);
        self.pages.range(first..=first | Self::low(shift)).next().is_some()
    }

    /// The level where a walk to an unmapped page ends: the highest whose region holds nothing.
    pub(crate) fn hole_level(&self, va: u64) -> i32 {
        let empty = self.levels.iter().find(|(shift, _)| !self.any_within(va, *shift));
        empty.or(self.levels.last()).map_or(0, |l| l.1)
    }

    /// What `map` must say, and does.
    pub(crate) fn map(
        &mut self,
        range: Range,
        output: u64,
        attributes: F::Attributes,
        how: How,
    ) -> Result<(), (u64, Option<u64>)> {
        let (first, last) = (range.first(), range.last());
        let bad = !first.is_multiple_of(Self::granule())
            || last % Self::granule() != Self::granule() - 1
            || !output.is_multiple_of(Self::granule())
            || !self.translated().iter().any(|half| half.contains(&first) && half.contains(&last))
            || output.checked_add(last - first).is_none_or(|o| o >> self.output_bits != 0);
        if bad {
            return Err((0, None));
        }
        let mut va = first;
        loop {
            if self.pages.contains_key(&va) {
                return Err((va - first, Some(va)));
            }
            let to = output + (va - first);
            let fits = |shift: u32| {
                (va | to) & Self::low(shift) == 0
                    && to & !self.reach[&shift] == 0
                    && last - va >= Self::low(shift)
                    && !self.any_within(va, shift)
            };
            let granule = F::GRANULE_SHIFT;
            let allowed = |leaf: &Size| {
                (leaf.span == 0 || how.grouping == Grouping::Spans)
                    && (leaf.shift - leaf.span == granule || how.sizes == Sizes::Largest)
            };
            let mut larger = self.leaves.iter().filter(|leaf| leaf.shift > granule && allowed(leaf));
            let shift = larger.find(|leaf| fits(leaf.shift)).map_or(granule, |leaf| leaf.shift);
            if to & !self.reach[&shift] != 0 {
                return Err((va - first, None));
            }
            for page in (0..1_u64 << (shift - granule)).map(|k| k << granule) {
                let entry = Page { leaf: va, shift, output: to + page, attributes };
                self.pages.insert(va + page, entry);
            }
            if last - va == Self::low(shift) {
                return Ok(());
            }
            va += 1 << shift;
        }
    }

    /// What `unmap` must say, and does.
    pub(crate) fn unmap(&mut self, range: Range) -> Unmapped {
        let (first, last) = (range.first(), range.last());
        // A hole's level is the one where the walk met it: tables that this call empties still stood then.
        let before = self.clone();
        let mut va = first;
        loop {
            let bytes = va - first;
            let Some(page) = self.pages.get(&va).copied() else {
                let level = before.hole_level(va);
                return Unmapped { bytes, stopped: Some(Stopped::Hole { va, level }) };
            };
            if page.leaf != va || last - va < Self::low(page.shift) {
                let level = self.leaves.iter().find(|l| l.shift == page.shift).map_or(0, |l| l.level);
                return Unmapped { bytes, stopped: Some(Stopped::Leaf { va: page.leaf, level }) };
            }
            for k in (0..1_u64 << page.shift).step_by(1 << F::GRANULE_SHIFT) {
                self.pages.remove(&(va + k));
            }
            if last - va == Self::low(page.shift) {
                return Unmapped { bytes: last - first + 1, stopped: None };
            }
            va += 1 << page.shift;
        }
    }

    /// Every page translates as it should, the addresses beside mapped ones fault as they should, and iteration finds
    /// the same leaves.
    pub(crate) fn compare<W: World<F>>(&self, table: &PageTable<F, Live>, world: &W) {
        for (&va, page) in &self.pages {
            let found = table.translate(world, va + 0x123).unwrap_or_else(|fault| panic!("{va:#x}: {fault}"));
            assert_eq!(found.output, Phys(page.output + 0x123), "{va:#x}");
            assert_eq!(found.shift, page.shift, "{va:#x}");
            assert_eq!(found.attributes(), Some(page.attributes), "{va:#x}");
            if va - page.leaf == Self::granule() {
                // From its middle on, a leaf is still found whole.
                let range = Range::inclusive(va, va).expect("not empty");
                let inside = table.mappings(world, range).expect("in range").next().expect("mapped");
                let first = page.output - Self::granule();
                assert_eq!(
                    (inside.va, inside.leaf.shift, inside.leaf.output.0),
                    (page.leaf, page.shift, first)
                );
            }
        }
        for va in self
            .pages
            .keys()
            .flat_map(|va| [va.wrapping_sub(Self::granule()), va.wrapping_add(Self::granule())])
        {
            if self.translated().iter().any(|half| half.contains(&va)) && !self.pages.contains_key(&va) {
                let fault = table.translate(world, va).expect_err("nothing is mapped there");
                let level = self.sentinel.unwrap_or_else(|| self.hole_level(va));
                let entry = self.empty;
                assert_eq!(fault, ptdsl::Fault::Translation { level, entry }, "{va:#x}");
            }
        }
        let mut found: Vec<(u64, u32, u64)> = Vec::new();
        for half in self.translated() {
            let range = Range::inclusive(*half.start(), *half.end()).expect("not empty");
            let mappings = table.mappings(world, range).expect("in range");
            found.extend(mappings.map(|m| (m.va, m.leaf.shift, m.leaf.output.0)));
        }
        let expected: Vec<(u64, u32, u64)> = self
            .pages
            .iter()
            .filter(|(va, p)| **va == p.leaf)
            .map(|(&va, p)| (va, p.shift, p.output))
            .collect();
        assert_eq!(found, expected);
    }
}

/// Runs `map` on both and compares what they say.
pub(crate) fn map_both<F: Format, W: World<F>>(
    (flat, table, world): (&mut Flat<F>, &mut PageTable<F, Live>, &mut W),
    (range, output): (Range, u64),
    attributes: F::Attributes,
    how: How,
) {
    let expected = flat.map(range, output, attributes, how);
    let found = table.map_with(world, range, Phys(output), attributes, how);
    match (expected, found) {
        (Ok(()), Ok(())) => {}
        (Err((bytes, None)), Err(MapError { mapped, error })) => assert!(
            bytes == mapped
                && matches!(
                    error,
                    Error::Misaligned { .. } | Error::OutOfRange { .. } | Error::OutputOutOfRange { .. }
                ),
            "{error}"
        ),
        (Err((bytes, Some(at))), Err(MapError { mapped, error: Error::AlreadyMapped { va, .. } })) => {
            assert_eq!((bytes, at), (mapped, va));
        }
        (expected, found) => panic!("expected {expected:?}, found {found:?}"),
    }
}

/// Runs `unmap` on both and compares what they say.
pub(crate) fn unmap_both<F: Format, W: World<F>>(
    flat: &mut Flat<F>,
    table: &mut PageTable<F, Live>,
    world: &mut W,
    range: Range,
) {
    let expected = flat.unmap(range);
    assert_eq!(table.unmap(world, range, Boundary::Stop), Ok(expected));
}

/// A live table of that shape.
pub(crate) fn create<F: Format, W: World<F>>(world: &mut W, config: &Config<F>) -> PageTable<F, Live> {
    PageTable::<F, Inactive>::create(world, config).expect("the arena has room").activate(world)
}
