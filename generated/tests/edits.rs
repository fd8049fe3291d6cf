//! Splitting, protecting and unmapping parts of leaves agrees with a flat map, for every format, on live tables and on
//! others: what lies outside a range translates as before, and without memory nothing changes.

#[expect(dead_code, reason = "only the spec is needed here")]
mod agree;
mod flat;
#[macro_use]
mod library;
mod offer;

#[path = "edits/flat.rs"]
mod flat_edits;

use agree::spec;
use flat::{Flat, create, map_both, unmap_both};
use offer::{Depth, attributes, levels};
use proptest::prelude::*;
use ptdsl::{
    Arena, Boundary, Breaks, Config, Error, Extend, Format, Grouping, Holes, How, Phys, Quiesced, Range,
    Sizes,
};
use ptdsl_compiler::ir;

#[derive(Clone, Copy, Debug)]
enum What {
    Map,
    Unmap,
    UnmapSplitting,
    Split,
    SplitTo(usize),
    Protect(Holes),
}

/// An operation as numbers, which the shape of a format's tables turns into addresses.
#[derive(Clone, Debug)]
struct Op {
    what: What,
    near: u8,
    off: i64,
    pages: u8,
    attributes: usize,
    /// Frames that may be allocated before the allocator says no.
    funds: Option<usize>,
}

fn op() -> impl Strategy<Value = Op> {
    let what = prop_oneof![
        4 => Just(What::Map),
        1 => Just(What::Unmap),
        2 => Just(What::UnmapSplitting),
        1 => Just(What::Split),
        1 => (0..4_usize).prop_map(What::SplitTo),
        2 => Just(What::Protect(Holes::Stop)),
        1 => Just(What::Protect(Holes::Skip)),
    ];
    let funds = prop_oneof![3 => Just(None), 1 => (0..5_usize).prop_map(Some)];
    (what, any::<u8>(), -2_i64..=2, any::<u8>(), any::<usize>(), funds).prop_map(
        |(what, near, off, pages, attributes, funds)| Op { what, near, off, pages, attributes, funds },
    )
}

/// One table with its flat map.
struct Bed<F: Format> {
    flat: Flat<F>,
    table: ptdsl::PageTable<F>,
    arena: Arena<F>,
    first: u64,
    last: u64,
    levels: Vec<Depth>,
}

impl<F: Format> Bed<F> {
    fn new(width: u32) -> Self {
        let config: Config<F> = Config { width, ..Config::default() };
        let mut arena: Arena<F> = Arena::new(Phys(1 << 28), 200);
        let table = create(&mut arena, &config);
        let all = u64::MAX >> (64 - width);
        let (first, last) = match F::EXTEND {
            Extend::Zero => (0, all),
            Extend::One => (!all, u64::MAX),
            Extend::Sign => (!(all >> 1), u64::MAX),
        };
        Bed { flat: Flat::new(&config), table, arena, first, last, levels: levels::<F>(width) }
    }

    /// A page near the beginning of the space, its end, or the second entry of some level.
    fn address(&self, op: &Op) -> u64 {
        let granule = F::GRANULE_SHIFT;
        let place = usize::from(op.near) % (self.levels.len() + 2);
        let page = match place.checked_sub(2).map(|level| self.levels[level].shift) {
            None if place == 0 => self.first >> granule,
            None => self.last >> granule,
            Some(shift) => self.first.wrapping_add(1 << shift).min(self.last) >> granule,
        };
        page.saturating_add_signed(op.off).clamp(self.first >> granule, self.last >> granule) << granule
    }

    fn range(&self, op: &Op) -> Range {
        let va = self.address(op);
        if matches!(op.what, What::Map) && !op.pages.is_multiple_of(4) {
            // The leaves that the other operations cut.
            let table = self.levels.iter().rev().nth(1).map_or(0, |level| (1_u64 << level.shift) - 1);
            return Range::inclusive(va & !table, va | table).expect("a table's worth");
        }
        let granule = F::GRANULE_SHIFT;
        let per_table = self.levels.iter().rev().nth(1).map_or(4, |level| 1_u64 << (level.shift - granule));
        let pages = match op.pages % 5 {
            0 => per_table,
            1 => (per_table + 1).min(700),
            2 => per_table / 2,
            _ => 1 + u64::from(op.pages) % 3,
        };
        let last = va.saturating_add((pages.max(1) << granule) - 1).min(self.last);
        Range::inclusive(va, last).expect("not empty")
    }

    fn apply(&mut self, op: &Op, known: &[F::Attributes]) {
        // SAFETY: nobody walks an arena.
        let quiesced = unsafe { Quiesced::promise() };
        let breaks = Breaks::new(&[], &quiesced);
        let range = self.range(op);
        let attributes = known[op.attributes % known.len()];
        let Bed { flat, table, arena, .. } = self;
        let before = (flat.clone(), arena.live_frames());
        if let (Some(frames), false) = (op.funds, matches!(op.what, What::Map)) {
            arena.ration(Some(frames));
        }
        let refused = match op.what {
            What::Map => {
                let table_size =
                    1_u64 << self.levels.iter().rev().nth(1).map_or(F::GRANULE_SHIFT, |level| level.shift);
                let output = range.first() & (table_size - 1) | ((u64::from(op.near) & 3) * table_size);
                let grouping = if op.pages & 8 == 0 { Grouping::Spans } else { Grouping::Single };
                let sizes = if op.pages & 16 == 0 { Sizes::Largest } else { Sizes::Pages };
                let how = How { grouping, sizes, ..How::default() };
                map_both((flat, table, arena), (range, output), attributes, how);
                None
            }
            What::Unmap => {
                unmap_both(flat, table, arena, range);
                None
            }
            What::UnmapSplitting => match table.unmap(arena, range, Boundary::Split(breaks)) {
                Ok(done) => {
                    assert_eq!(done, flat.unmap_splitting(range));
                    None
                }
                Err(error) => Some(error),
            },
            What::Split => match table.split(arena, range, breaks) {
                Ok(()) => {
                    flat.split(range);
                    None
                }
                Err(error) => Some(error),
            },
            What::SplitTo(level) => {
                let Depth { shift, number, leaf: leaves } = self.levels[level % self.levels.len()];
                let va = range.first();
                let mapped = flat.pages.contains_key(&va);
                match table.split_to(arena, va + 5, number, breaks) {
                    Ok(()) => {
                        assert!(leaves && mapped);
                        let low = (1_u64 << shift) - 1;
                        flat.split(Range::inclusive(va & !low, va | low).expect("an entry"));
                        None
                    }
                    Err(Error::NoLeaf { level }) => {
                        assert!(!leaves && level == number);
                        None
                    }
                    Err(Error::NotMapped { va: at, level }) => {
                        assert!(!mapped && at <= va && level == flat.hole_level(va));
                        None
                    }
                    Err(error) => Some(error),
                }
            }
            What::Protect(holes) => match table.protect(arena, range, attributes.into(), holes, breaks) {
                Ok(done) => {
                    assert_eq!(done, flat.protect(range, attributes, holes));
                    None
                }
                Err(error) => Some(error),
            },
        };
        arena.ration(None);
        if let Some(error) = refused {
            assert!(op.funds.is_some() && matches!(error, Error::OutOfMemory { .. }), "{op:?}: {error}");
            assert_eq!(arena.live_frames(), before.1, "{op:?}: frames are lost");
            before.0.compare(table, arena);
        }
        flat.compare(table, arena);
    }
}

fn run<F: Format>(known: &[F::Attributes], width: u32, ops: &[Op]) {
    let mut bed: Bed<F> = Bed::new(width);
    let root = bed.arena.live_frames();
    for op in ops {
        bed.apply(op, known);
    }
    let Bed { mut flat, mut table, mut arena, .. } = bed;
    while let Some((va, page)) = flat.pages.first_key_value().map(|(&va, &page)| (va, page)) {
        let range = Range::inclusive(va, va | ((1 << page.shift) - 1)).expect("a leaf");
        unmap_both(&mut flat, &mut table, &mut arena, range);
    }
    assert_eq!(arena.live_frames(), root);
}

fn edits<F: Format>(format: &ir::Format)
where
    F::Patch: From<F::Attributes>,
{
    let known = attributes::<F>(format);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        // Comparing costs time for each page, and the tables of the larger granules have many.
        cases: if F::GRANULE_SHIFT > 12 { 3 } else { 12 },
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let widths = [F::MIN_WIDTH, F::MAX_WIDTH, F::MAX_WIDTH.min(39).max(F::MIN_WIDTH)];
    let cases = (prop::sample::select(widths.to_vec()), prop::collection::vec(op(), 1..14));
    let tried = runner.run(&cases, |(width, ops)| {
        run::<F>(&known, width, &ops);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

macro_rules! agree_with_a_flat_map {
    ($($module:ident, $marker:ty, $spec:literal;)+) => {
        $(
            #[test]
            fn $module() {
                edits::<$marker>(&spec($spec));
            }
        )+
    };
}

for_every_format!(agree_with_a_flat_map);
