//! Leaves that take several slots: used where the caller permits, changed only whole, reported with their size.

use ptdsl::{
    Arena, Boundary, Config, Error, Existing, Grouping, How, Inactive, Level, MapError, PageTable, Phys,
    Range, Sizes, Slot, Stopped, Then, Unmapped, Visitor, World,
};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Step, Sw};

const GROUPED: How = How { sizes: Sizes::Largest, existing: Existing::Refuse, grouping: Grouping::Spans };

fn bed() -> (PageTable<Arm64Hyp>, Arena<Arm64Hyp>) {
    let mut arena = Arena::new(Phys(0x4000_0000), 16);
    let config = Config { width: 39, ..Config::default() };
    let mut table =
        PageTable::<Arm64Hyp, Inactive>::create(&mut arena, &config).unwrap().activate(&mut arena);
    // A page beside the group, so that its table stays.
    table.map(&mut arena, range(0x20_f000, 1), Phys(0x9000_0000), Attributes::R_NORMAL).unwrap();
    arena.take_steps();
    (table, arena)
}

/// `pages` pages from `va`.
fn range(va: u64, pages: u64) -> Range {
    Range::new(va, pages << 12).unwrap()
}

fn words(table: &PageTable<Arm64Hyp>, arena: &Arena<Arm64Hyp>, va: u64, pages: u64) -> Vec<u64> {
    let word = |page| table.translate(arena, va + (page << 12)).map_or(0, |found| found.entry);
    (0..pages).map(word).collect()
}

/// XN, Contiguous, AF, inner shareable, RES1 bit 6, page; rw normal.
const MEMBER: u64 = 0x0050_0000_0000_0743;

#[test]
fn sixteen_pages_become_a_group_where_input_and_output_are_aligned() {
    let (mut table, mut arena) = bed();
    table
        .map_with(&mut arena, range(0x21_0000, 16), Phys(0x8000_0000), Attributes::RW_NORMAL, GROUPED)
        .unwrap();
    let expected: Vec<u64> = (0..16).map(|page| MEMBER | 0x8000_0000 | page << 12).collect();
    assert_eq!(words(&table, &arena, 0x21_0000, 16), expected);
    let found = table.translate(&arena, 0x21_7abc).unwrap();
    assert_eq!((found.output, found.shift, found.level), (Phys(0x8000_7abc), 16, 3));
    assert_eq!(found.attributes(), Some(Attributes::RW_NORMAL));

    // One page off in the output: no group. One page short: neither.
    table
        .map_with(&mut arena, range(0x22_0000, 16), Phys(0x8000_1000), Attributes::RW_NORMAL, GROUPED)
        .unwrap();
    table
        .map_with(&mut arena, range(0x23_0000, 15), Phys(0x8003_0000), Attributes::RW_NORMAL, GROUPED)
        .unwrap();
    for va in [0x22_0000, 0x23_0000] {
        assert_eq!(table.translate(&arena, va).unwrap().shift, 12, "{va:#x}");
    }
    // And none without the caller's permission.
    table.map(&mut arena, range(0x24_0000, 16), Phys(0x8004_0000), Attributes::RW_NORMAL).unwrap();
    assert_eq!(words(&table, &arena, 0x24_0000, 1), [MEMBER & !(1 << 52) | 0x8004_0000]);
}

#[test]
fn blocks_group_too_but_not_where_only_pages_are_wanted() {
    let (mut table, mut arena) = bed();
    let blocks = Range::new(0x200_0000, 32 << 20).unwrap();
    table.map_with(&mut arena, blocks, Phys(0x8200_0000), Attributes::RW_NORMAL, GROUPED).unwrap();
    let found = table.translate(&arena, 0x3ff_ffff).unwrap();
    assert_eq!((found.output, found.shift, found.level), (Phys(0x83ff_ffff), 25, 2));
    let pages = How { sizes: Sizes::Pages, ..GROUPED };
    let range = Range::new(0x600_0000, 4 << 20).unwrap();
    table.map_with(&mut arena, range, Phys(0x8600_0000), Attributes::RW_NORMAL, pages).unwrap();
    assert_eq!(table.translate(&arena, 0x600_0000).unwrap().shift, 16);
    let found: Vec<(u64, u32)> =
        table.mappings(&arena, blocks).unwrap().map(|mapping| (mapping.va, mapping.leaf.shift)).collect();
    assert_eq!(found, [(0x200_0000, 25)]);
}

#[test]
fn a_taken_slot_leaves_single_pages_up_to_it() {
    let (mut table, mut arena) = bed();
    table.map(&mut arena, range(0x21_5000, 1), Phys(0x9000_0000), Attributes::R_NORMAL).unwrap();
    let taken =
        table.map_with(&mut arena, range(0x21_0000, 32), Phys(0x8000_0000), Attributes::RW_NORMAL, GROUPED);
    let Err(MapError { mapped: 0x5000, error: Error::AlreadyMapped { va: 0x21_5000, level: 3, .. } }) = taken
    else {
        panic!("{taken:?}")
    };
    assert_eq!(table.translate(&arena, 0x21_4000).unwrap().shift, 12);
    assert!(table.translate(&arena, 0x22_0000).is_err());
}

#[test]
fn a_group_goes_whole_or_not_at_all() {
    let (mut table, mut arena) = bed();
    table
        .map_with(&mut arena, range(0x21_0000, 16), Phys(0x8000_0000), Attributes::RW_NORMAL, GROUPED)
        .unwrap();
    arena.take_steps();
    let stopped = Some(Stopped::Leaf { va: 0x21_0000, level: 3 });
    for (va, pages, bytes) in
        [(0x21_0000, 1, 0), (0x21_0000, 15, 0), (0x21_3000, 1, 0), (0x21_f000, 1, 0), (0x21_8000, 64, 0)]
    {
        let part = table.unmap(&mut arena, range(va, pages), Boundary::Stop).unwrap();
        assert_eq!(part, Unmapped { bytes, stopped }, "{va:#x}");
    }
    assert_eq!(arena.take_steps(), []);
    assert!(words(&table, &arena, 0x21_0000, 16).iter().all(|word| word & MEMBER == MEMBER));

    // The page before it goes, and the group after it. A TLB may hold any of its pages: each is named.
    let all = table.unmap(&mut arena, range(0x20_f000, 17), Boundary::Stop).unwrap();
    assert_eq!(all, Unmapped { bytes: 17 << 12, stopped: None });
    let steps = arena.take_steps();
    let group: Vec<Step> = [Step::DsbIshst]
        .into_iter()
        .chain((0x210..0x220).map(Step::TlbiVale2is))
        .chain([Step::DsbIsh, Step::Isb])
        .collect();
    assert!(steps.windows(group.len()).any(|window| window == group), "{steps:?}");
    assert_eq!(arena.live_frames(), 1, "every table but the root is free");
}

#[test]
fn a_group_takes_new_software_bits_whole() {
    let (mut table, mut arena) = bed();
    let map = |table: &mut PageTable<Arm64Hyp>,
               arena: &mut Arena<Arm64Hyp>,
               range,
               output,
               attributes,
               existing| {
        table.map_with(arena, range, Phys(output), attributes, How { existing, ..GROUPED })
    };
    let (whole, output) = (range(0x21_0000, 16), 0x8000_0000);
    map(&mut table, &mut arena, whole, output, Attributes::RW_NORMAL, Existing::Refuse).unwrap();
    let marked = Attributes::RW_NORMAL.with_sw(Sw::new(5).unwrap());
    for (part, output) in [(range(0x21_0000, 8), output), (range(0x21_1000, 15), output + 0x1000)] {
        let refused = map(&mut table, &mut arena, part, output, marked, Existing::Update);
        assert!(
            matches!(refused, Err(MapError { mapped: 0, error: Error::AlreadyMapped { .. } })),
            "{refused:?}"
        );
    }
    let refused = map(&mut table, &mut arena, whole, output, Attributes::R_NORMAL, Existing::Update);
    assert!(refused.is_err(), "other permissions take more than a store");
    map(&mut table, &mut arena, whole, output, marked, Existing::Update).unwrap();
    let expected: Vec<u64> = (0..16).map(|page| MEMBER | 5 << 55 | output | page << 12).collect();
    assert_eq!(words(&table, &arena, 0x21_0000, 16), expected);
}

/// What a visitor is told of each slot.
struct Sizes32(Vec<(usize, u32)>);

impl<W: World<Arm64Hyp>> Visitor<Arm64Hyp, W> for Sizes32 {
    type Stop = core::convert::Infallible;

    fn leaf<L: Level<Arm64Hyp>>(
        &mut self,
        _: &mut W,
        slot: &Slot<Arm64Hyp, W::Table>,
    ) -> Result<Then, Self::Stop> {
        self.0.push((slot.index, slot.shift::<L>()));
        Ok(Then::Go)
    }
}

#[test]
fn a_visitor_learns_the_size_of_the_whole_leaf() {
    let (mut table, mut arena) = bed();
    table
        .map_with(&mut arena, range(0x21_0000, 16), Phys(0x8000_0000), Attributes::RW_NORMAL, GROUPED)
        .unwrap();
    let mut sizes = Sizes32(Vec::new());
    table.visit(&mut arena, range(0x20_e000, 4), &mut sizes).unwrap().unwrap();
    assert_eq!(sizes.0, [(14, 12), (15, 12), (16, 16), (17, 16)]);
}
