//! A cursor, and tables that nobody walks: every call does what a flat map says, and no table is left or lost.

use proptest::prelude::*;
use ptdsl::{
    Arena, Boundary, Error, Format, How, PageTable, Phys, Range, Sizes, Stopped, Unmapped, Use, World,
};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Config};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: u64 = 4096;

type Flat = BTreeMap<u64, u64>;

#[derive(Clone, Debug)]
enum Op {
    Map {
        page: u64,
        output: u64,
    },
    Unmap {
        page: u64,
    },
    MapRange {
        page: u64,
        pages: u64,
    },
    UnmapRange {
        page: u64,
        pages: u64,
    },
    /// The cursor is dropped and another one made.
    Renew,
}

/// Pages around the places where tables meet.
fn page() -> impl Strategy<Value = u64> {
    let near = prop_oneof![Just(512_u64), Just(1024), Just(1 << 18), Just((1 << 18) + 512), Just(1 << 27)];
    (near, -3_i64..=3).prop_map(|(near, off)| near.saturating_add_signed(off))
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let pages = || prop_oneof![1_u64..=4, Just(511), Just(512), Just(513), Just(1024), Just(1030)];
    let op = prop_oneof![
        6 => (page(), page()).prop_map(|(page, output)| Op::Map { page, output }),
        6 => page().prop_map(|page| Op::Unmap { page }),
        2 => (page(), pages()).prop_map(|(page, pages)| Op::MapRange { page, pages }),
        2 => (page(), pages()).prop_map(|(page, pages)| Op::UnmapRange { page, pages }),
        1 => Just(Op::Renew),
    ];
    prop::collection::vec(op, 1..60)
}

fn range(page: u64, pages: u64) -> Range {
    Range::new(page * PAGE, pages * PAGE).expect("small")
}

/// What `unmap` must do to the flat map: bytes up to the first hole, and whether there was one.
fn unmap_flat(flat: &mut Flat, range: Range) -> (u64, bool) {
    for va in (range.first()..=range.last()).step_by(PAGE as usize) {
        if flat.remove(&va).is_none() {
            return (va - range.first(), true);
        }
    }
    (range.last() - range.first() + 1, false)
}

fn said(unmapped: Result<Unmapped, Error>) -> (u64, bool) {
    let unmapped = unmapped.expect("aligned, and within the table");
    assert!(matches!(unmapped.stopped, None | Some(Stopped::Hole { .. })), "{unmapped:?}");
    (unmapped.bytes, unmapped.stopped.is_some())
}

/// The leaves are those of the flat map, and there are as many tables as they need.
fn compare<U: Use>(flat: &Flat, table: &PageTable<Arm64Hyp, U>, arena: &Arena<Arm64Hyp>) {
    let all = Range::inclusive(0, (1 << 48) - 1).expect("not empty");
    let found: Flat =
        table.mappings(arena, all).expect("48 bits").map(|found| (found.va, found.leaf.output.0)).collect();
    assert_eq!(&found, flat);
    let tables: BTreeSet<(u32, u64)> =
        flat.keys().flat_map(|va| [21, 30, 39].map(|shift| (shift, va >> shift))).collect();
    assert_eq!(arena.live_frames(), tables.len() + 1, "tables are missing or left");
}

fn play<U: Use>(
    ops: &[Op],
    counted: bool,
    start: impl FnOnce(PageTable<Arm64Hyp, ptdsl::Inactive>, &mut Arena<Arm64Hyp>) -> PageTable<Arm64Hyp, U>,
) {
    let arena = Arena::new(Phys(0x4000_0000), 64);
    let mut arena = if counted { arena } else { arena.without_counts() };
    let config = Config { width: 48, ..Config::default() };
    let table = PageTable::create(&mut arena, &config).expect("64 frames");
    let mut table = start(table, &mut arena);
    let mut flat = Flat::new();
    let how = How { sizes: Sizes::Pages, ..How::default() };
    let mut ops = ops;
    while !ops.is_empty() {
        let single = ops.iter().take_while(|op| matches!(op, Op::Map { .. } | Op::Unmap { .. })).count();
        let mut cursor = table.cursor(&mut arena);
        for op in &ops[..single] {
            match *op {
                Op::Map { page, output } => {
                    let va = page * PAGE;
                    let mapped = cursor.map(va, Phys(output * PAGE), Attributes::RW_NORMAL);
                    if let Some(old) = flat.get(&va) {
                        let error = mapped.expect_err("a page is there").error;
                        let Error::AlreadyMapped { va: at, level: 3, entry } = error else {
                            panic!("{error:?}")
                        };
                        assert_eq!((at, entry & 0xffff_ffff_f000), (va, *old));
                    } else {
                        mapped.expect("the slot is empty, and there is memory");
                        flat.insert(va, output * PAGE);
                    }
                }
                Op::Unmap { page } => {
                    let expected = unmap_flat(&mut flat, range(page, 1));
                    assert_eq!(said(cursor.unmap(page * PAGE)), expected);
                }
                Op::MapRange { .. } | Op::UnmapRange { .. } | Op::Renew => {}
            }
        }
        drop(cursor);
        compare(&flat, &table, &arena);
        ops = &ops[single..];
        let Some((op, rest)) = ops.split_first() else { break };
        ops = rest;
        match *op {
            Op::MapRange { page, pages } => {
                let range = range(page, pages);
                let mapped = table.map_with(&mut arena, range, Phys(page * PAGE), Attributes::R_NORMAL, how);
                let bytes = mapped.map_or_else(|error| error.mapped, |()| pages * PAGE);
                assert!(bytes == pages * PAGE || flat.contains_key(&(range.first() + bytes)));
                flat.extend(
                    (0..bytes).step_by(PAGE as usize).map(|at| (range.first() + at, range.first() + at)),
                );
            }
            Op::UnmapRange { page, pages } => {
                let range = range(page, pages);
                let expected = unmap_flat(&mut flat, range);
                assert_eq!(said(table.unmap(&mut arena, range, Boundary::Stop)), expected);
            }
            Op::Map { .. } | Op::Unmap { .. } | Op::Renew => {}
        }
        compare(&flat, &table, &arena);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_cursor_and_ranges_agree_with_a_flat_map(ops in ops(), counted in any::<bool>(), live in any::<bool>()) {
        if live {
            play(&ops, counted, |table, arena| table.activate(arena));
        } else {
            play(&ops, counted, |table, _| table);
        }
    }
}

#[test]
fn a_cursor_refuses_what_a_table_refuses() {
    let mut arena: Arena<Arm64Hyp> = Arena::new(Phys(0x4000_0000), 8);
    let config = Config { width: 39, output_bits: 40, ..Config::default() };
    let mut table = PageTable::create(&mut arena, &config).expect("8 frames");
    let mut cursor = table.cursor(&mut arena);
    cursor.map(0x20_0000, Phys(0x8000_0000), Attributes::RW_NORMAL).expect("empty");
    // Each of these lies near the first page.
    let error = |outcome: Result<(), ptdsl::MapError>| outcome.expect_err("refused").error;
    let misaligned = error(cursor.map(0x20_1001, Phys(0x8000_0000), Attributes::RW_NORMAL));
    assert!(matches!(misaligned, Error::Misaligned { address: 0x20_1001, .. }), "{misaligned:?}");
    let misaligned = error(cursor.map(0x20_1000, Phys(0x8000_0008), Attributes::RW_NORMAL));
    assert!(matches!(misaligned, Error::Misaligned { address: 0x8000_0008, .. }), "{misaligned:?}");
    let outside = error(cursor.map(0x20_1000, Phys(1 << 40), Attributes::RW_NORMAL));
    assert!(matches!(outside, Error::OutputOutOfRange { bits: 40, .. }), "{outside:?}");
    // The same page in another table of the same index, outside the width.
    let outside = error(cursor.map((1 << 39) + 0x20_1000, Phys(0), Attributes::RW_NORMAL));
    assert!(matches!(outside, Error::OutOfRange { width: 39, .. }), "{outside:?}");
    assert!(matches!(cursor.unmap(0x20_0800), Err(Error::Misaligned { .. })));
    assert!(matches!(cursor.unmap(1 << 39), Err(Error::OutOfRange { .. })));
    drop(cursor);
    assert_eq!(table.mappings(&arena, range(0, 1 << 20)).expect("in range").count(), 1);
    // Inside a block nothing goes.
    table.map(&mut arena, range(1024, 512), Phys(0x8020_0000), Attributes::RW_NORMAL).expect("empty");
    let inside = table.cursor(&mut arena).unmap(1030 * PAGE).expect("in range");
    assert!(matches!(inside.stopped, Some(Stopped::Leaf { level: 2, .. })), "{inside:?}");
}

/// A table whose pages go and come again while the cursor stands on it is kept; one that ends empty is freed.
#[test]
fn a_table_is_freed_when_the_cursor_leaves_it_empty() {
    let mut arena: Arena<Arm64Hyp> = Arena::new(Phys(0x4000_0000), 16).without_counts();
    let config = Config { width: 39, ..Config::default() };
    let mut table = PageTable::create(&mut arena, &config).expect("16 frames").activate(&mut arena);
    let mut cursor = table.cursor(&mut arena);
    for va in [0x20_0000, 0x40_0000] {
        cursor.map(va, Phys(va), Attributes::RW_NORMAL).expect("empty");
        assert_eq!(cursor.unmap(va).expect("a page").bytes, PAGE);
        cursor.map(va + PAGE, Phys(va), Attributes::RW_NORMAL).expect("empty");
    }
    assert_eq!(cursor.unmap(0x20_1000).expect("a page").bytes, PAGE);
    cursor.map(0x60_0000, Phys(0), Attributes::RW_NORMAL).expect("empty");
    drop(cursor);
    // Root, level 2, and the tables of 0x40_0000 and 0x60_0000.
    assert_eq!(arena.live_frames(), 4);
    let steps = arena.take_steps();
    assert!(!steps.is_empty(), "the table is live");
}

/// Generic code can hold a cursor.
#[test]
fn a_cursor_is_generic() {
    fn map_some<F: Format, W: World<F>>(
        table: &mut PageTable<F>,
        world: &mut W,
        attributes: F::Attributes,
    ) -> usize {
        let mut cursor = table.cursor(world);
        (0..600_u64).filter(|k| cursor.map(k << F::GRANULE_SHIFT, Phys(0), attributes).is_ok()).count()
    }
    let mut arena: Arena<Arm64Hyp> = Arena::new(Phys(0x4000_0000), 16);
    let table = PageTable::create(&mut arena, &Config::default()).expect("16 frames");
    let mut table = table.activate(&mut arena);
    assert_eq!(map_some(&mut table, &mut arena, Attributes::R_DEVICE), 600);
}
