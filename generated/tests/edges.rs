//! Edits whose range ends in the middle of something, or that are refused: what is planned, what is given back, what stays.

use ptdsl::{
    Arena, Boundary, Breaks, Error, Existing, Grouping, Holes, How, Permit, Phys, Quiesced, Range, Sizes,
    Stopped, World,
};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Config, Memory, PageTable, Patch, Prot};

const PAGE: u64 = 0x1000;
const BLOCK: u64 = 0x20_0000;
const HUGE: u64 = 0x4000_0000;
const GROUPED: How = How { sizes: Sizes::Largest, existing: Existing::Refuse, grouping: Grouping::Spans };

fn range(first: u64, bytes: u64) -> Range {
    Range::new(first, bytes).expect("no wrap")
}

fn quiesced() -> Quiesced {
    // SAFETY: nobody walks an arena.
    unsafe { Quiesced::promise() }
}

/// A live table of 39 input bits that maps `bytes` at their own addresses.
fn identity(first: u64, bytes: u64, how: How, no_conflict_abort: bool) -> (PageTable, Arena<Arm64Hyp>) {
    let mut arena = Arena::new(Phys(0x10_0000_0000), 64);
    let config = Config { width: 39, no_conflict_abort, ..Config::default() };
    let mut table = PageTable::create(&mut arena, &config).expect("room").activate(&mut arena);
    table.map_with(&mut arena, range(first, bytes), Phys(first), Attributes::RW_NORMAL, how).expect("empty");
    arena.take_steps();
    (table, arena)
}

/// Level and protection of each address, all of which are mapped to themselves.
fn seen<const N: usize>(table: &PageTable, arena: &Arena<Arm64Hyp>, at: [u64; N]) -> [(u32, Prot); N] {
    at.map(|va| {
        let found = table.translate(arena, va).expect("mapped");
        assert_eq!(found.output, Phys(va), "{va:#x}");
        (found.shift, found.attributes().expect("listed").prot())
    })
}

#[test]
fn what_a_table_does_not_have_is_refused() {
    let (mut table, mut arena) = identity(BLOCK, BLOCK, How::default(), false);
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let odd = range(BLOCK + 0x800, PAGE);
    let misaligned = Error::Misaligned { address: BLOCK + 0x800, alignment: PAGE };
    let read = Patch::new().prot(Prot::R);
    assert_eq!(table.split(&mut arena, odd, breaks), Err(misaligned));
    assert_eq!(table.protect(&mut arena, odd, read, Holes::Skip, breaks), Err(misaligned));
    assert_eq!(table.unmap(&mut arena, odd, Boundary::Split(breaks)), Err(misaligned));
    assert_eq!(table.unmap(&mut arena, odd, Boundary::Stop), Err(misaligned));
    let beyond = (1 << 39) + BLOCK;
    assert!(matches!(table.split_to(&mut arena, beyond, 3, breaks), Err(Error::OutOfRange { .. })));
    assert!(matches!(table.collapse(&mut arena, beyond, 2, breaks), Err(Error::OutOfRange { .. })));
    assert_eq!(table.split_to(&mut arena, BLOCK, 4, breaks), Err(Error::NoLeaf { level: 4 }));
    assert_eq!(table.split_to(&mut arena, BLOCK, 0, breaks), Err(Error::NoLeaf { level: 0 }));
    let pinned = [range(0x1000, 0x2000), range(0x2000, 0x1000)];
    let overlap = Error::PinnedOverlap { address: 0x2000 };
    let bad = Breaks::new(&pinned, &quiesced);
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, bad), Err(overlap));
    assert_eq!(table.protect(&mut arena, range(BLOCK, PAGE), read, Holes::Skip, bad), Err(overlap));
    assert_eq!((arena.take_steps(), arena.live_frames()), (vec![], 2));
    assert_eq!(seen(&table, &arena, [BLOCK]), [(21, Prot::Rw)]);
}

#[test]
fn a_collapse_needs_a_promise_and_an_aligned_output() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let pages = How { sizes: Sizes::Pages, ..How::default() };
    let (mut table, mut arena) = identity(BLOCK, BLOCK, pages, false);
    let refused = Error::NeedsSplit { va: BLOCK, level: 2 };
    assert_eq!(table.collapse(&mut arena, BLOCK + PAGE, 2, Breaks::NONE), Err(refused));
    let pinned = [range(BLOCK + PAGE, PAGE)];
    let spared = Error::Pinned { va: BLOCK, level: 2, pinned: BLOCK + PAGE };
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, Breaks::new(&pinned, &quiesced)), Err(spared));
    assert_eq!((arena.take_steps(), arena.live_frames()), (vec![], 3));
    // One page by the other, but not as a block.
    table
        .map(&mut arena, range(2 * BLOCK, BLOCK), Phys(4 * BLOCK + PAGE), Attributes::RW_NORMAL)
        .expect("empty");
    let misaligned = Error::Misaligned { address: 4 * BLOCK + PAGE, alignment: BLOCK };
    assert_eq!(table.collapse(&mut arena, 2 * BLOCK, 2, breaks), Err(misaligned));
    // Of a table in the middle nothing becomes a leaf.
    let entry = table.translate(&arena, BLOCK).map(|_| ());
    assert_eq!(entry, Ok(()));
    assert!(matches!(
        table.collapse(&mut arena, BLOCK, 1, breaks),
        Err(Error::Differs { va: 0, level: 2, .. })
    ));
    table.collapse(&mut arena, BLOCK, 2, breaks).expect("they agree");
    assert_eq!(seen(&table, &arena, [BLOCK, 2 * BLOCK - 1]), [(21, Prot::Rw); 2]);
}

#[test]
fn groups_collapse_too_and_one_accessed_page_makes_the_leaf_accessed() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let (mut table, mut arena) = identity(BLOCK, BLOCK - 16 * PAGE, GROUPED, false);
    assert_eq!(seen(&table, &arena, [BLOCK, BLOCK + 17 * PAGE]), [(16, Prot::Rw); 2]);
    let rest = range(2 * BLOCK - 16 * PAGE, 16 * PAGE);
    table.map(&mut arena, rest, Phys(rest.first()), Attributes::RW_NORMAL).expect("empty");
    // All but the last page.
    let most = range(BLOCK, BLOCK - PAGE);
    assert_eq!(table.test_and_clear_accessed(&mut arena, most), Ok(true));
    table.collapse(&mut arena, BLOCK, 2, breaks).expect("they agree");
    assert_eq!(seen(&table, &arena, [BLOCK, 2 * BLOCK - 1]), [(21, Prot::Rw); 2]);
    assert_eq!(table.test_and_clear_accessed(&mut arena, range(BLOCK, PAGE)), Ok(true));
    assert_eq!(arena.live_frames(), 2);
}

#[test]
fn what_the_table_descriptor_forbids_stays_forbidden() {
    let quiesced = quiesced();
    let pages = How { sizes: Sizes::Pages, ..How::default() };
    let (mut table, mut arena) = identity(BLOCK, BLOCK, pages, false);
    // SAFETY: each is used for one access. The descriptor gets APTable[1]: nothing below may be written.
    let pass = || unsafe { Permit::<Arena<Arm64Hyp>>::pass_on() };
    let root = World::<Arm64Hyp>::table(&arena, pass(), table.root());
    let next = World::<Arm64Hyp>::load(&arena, pass(), root, 0) & 0xffff_ffff_f000;
    let middle = World::<Arm64Hyp>::table(&arena, pass(), Phys(next));
    let entry = World::<Arm64Hyp>::load(&arena, pass(), middle, 1) | 1 << 62;
    World::<Arm64Hyp>::store(&mut arena, pass(), middle, 1, entry);
    let differs = Error::Differs { va: BLOCK, level: 2, entry };
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, Breaks::new(&[], &quiesced)), Err(differs));
}

#[test]
fn both_ends_are_cut_with_no_page_too_many_and_a_refusal_gives_all_back() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let inner = range(BLOCK + 5 * PAGE, 2 * BLOCK);
    let ends = [BLOCK + 4 * PAGE, BLOCK + 5 * PAGE, 2 * BLOCK, 3 * BLOCK + 4 * PAGE, 3 * BLOCK + 5 * PAGE];
    let read = Patch::new().prot(Prot::R);
    for what in 0..3 {
        let (mut table, mut arena) = identity(BLOCK, 4 * BLOCK, How::default(), false);
        let mut edit = |arena: &mut _, breaks| match what {
            0 => table.split(arena, inner, breaks),
            1 => table.protect(arena, inner, read, Holes::Stop, breaks).map(|_| ()),
            _ => table.unmap(arena, inner, Boundary::Split(breaks)).map(|done| {
                assert_eq!((done.bytes, done.stopped), (2 * BLOCK, None));
            }),
        };
        // The first end is planned already when the other is refused.
        let pinned = [range(4 * BLOCK - PAGE, PAGE)];
        let spared = Error::Pinned { va: 3 * BLOCK, level: 2, pinned: 4 * BLOCK - PAGE };
        assert_eq!(edit(&mut arena, Breaks::new(&pinned, &quiesced)), Err(spared));
        assert_eq!((arena.take_steps(), arena.live_frames()), (vec![], 2));
        arena.ration(Some(1));
        assert!(matches!(edit(&mut arena, breaks), Err(Error::OutOfMemory { .. })));
        assert_eq!((arena.take_steps(), arena.live_frames()), (vec![], 2));
        arena.ration(Some(2));
        assert_eq!(edit(&mut arena, breaks), Ok(()));
        assert_eq!(arena.live_frames(), 4);
        let (rw, r) = (Prot::Rw, Prot::R);
        match what {
            0 => assert_eq!(seen(&table, &arena, ends), [(12, rw), (12, rw), (21, rw), (12, rw), (12, rw)]),
            1 => assert_eq!(seen(&table, &arena, ends), [(12, rw), (12, r), (21, r), (12, r), (12, rw)]),
            _ => {
                assert_eq!(seen(&table, &arena, [ends[0], ends[4]]), [(12, rw); 2]);
                assert!([ends[1], ends[2], ends[3]].iter().all(|&va| table.translate(&arena, va).is_err()));
            }
        }
    }
}

#[test]
fn a_gigabyte_is_cut_twice_with_exactly_the_tables_that_it_takes() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let at = HUGE + 5 * BLOCK + 7 * PAGE;
    let read = Patch::new().prot(Prot::R);
    // Within one block, one page of it; up to the next block; over several.
    for (bytes, tables) in [(PAGE, 2), (3 * PAGE, 2), (BLOCK - 7 * PAGE, 2), (BLOCK, 3), (4 * BLOCK, 3)] {
        let (mut table, mut arena) = identity(HUGE, HUGE, How::default(), false);
        assert_eq!(arena.live_frames(), 1);
        arena.ration(Some(tables - 1));
        let part = range(at, bytes);
        assert!(matches!(table.split(&mut arena, part, breaks), Err(Error::OutOfMemory { .. })));
        assert_eq!((arena.take_steps(), arena.live_frames()), (vec![], 1));
        arena.ration(Some(tables));
        let done = table.protect(&mut arena, part, read, Holes::Stop, breaks).expect("room");
        assert_eq!((done.bytes, arena.live_frames()), (bytes, 1 + tables));
        let places = [HUGE, at - 1, at, at + bytes - 1, at + bytes, 2 * HUGE - 1];
        let found = seen(&table, &arena, places).map(|(_, prot)| prot);
        assert_eq!(found, [Prot::Rw, Prot::Rw, Prot::R, Prot::R, Prot::Rw, Prot::Rw]);
        assert_eq!(seen(&table, &arena, [HUGE, at - 1, 2 * HUGE - 1]).map(|(shift, _)| shift), [21, 12, 21]);
    }
}

#[test]
fn a_group_is_cut_in_the_middle() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let group = 16 * BLOCK;
    for abort in [false, true] {
        for (bytes, tables) in [(PAGE, 1), (4 * BLOCK, 2)] {
            let (mut table, mut arena) = identity(group, group, GROUPED, abort);
            let at = group + 5 * BLOCK + 7 * PAGE;
            arena.ration(Some(tables));
            let done = table.unmap(&mut arena, range(at, bytes), Boundary::Split(breaks)).expect("room");
            assert_eq!((done.bytes, done.stopped, arena.live_frames()), (bytes, None, 2 + tables));
            let around = [group, at - 1, at + bytes, 2 * group - 1];
            assert_eq!(seen(&table, &arena, around).map(|(shift, _)| shift), [21, 12, 12, 21]);
            assert!([at, at + bytes - 1].iter().all(|&va| table.translate(&arena, va).is_err()));
        }
    }
}

#[test]
fn without_conflict_aborts_a_part_changes_in_place_unless_the_rules_break_it() {
    let (read, execute) = (Patch::new().prot(Prot::R), Patch::new().prot(Prot::Rx));
    let device = Patch::new().memory(Memory::Device);
    let group = 16 * PAGE;
    // The first, the last, one in the middle.
    for first in [BLOCK, BLOCK + 15 * PAGE, BLOCK + 4 * PAGE] {
        let (mut table, mut arena) = identity(BLOCK, group, GROUPED, true);
        let page = range(first, PAGE);
        assert_eq!(seen(&table, &arena, [first]), [(16, Prot::Rw)]);
        for patch in [execute, device] {
            let refused = table.protect(&mut arena, page, patch, Holes::Stop, Breaks::NONE);
            assert_eq!(refused, Err(Error::NeedsSplit { va: BLOCK, level: 3 }));
        }
        let done = table.protect(&mut arena, page, read, Holes::Stop, Breaks::NONE).expect("in place");
        assert_eq!((done.bytes, done.stopped), (PAGE, None));
        assert_eq!(seen(&table, &arena, [first]), [(12, Prot::R)]);
        assert_eq!(seen(&table, &arena, [first ^ PAGE]), [(12, Prot::Rw)]);
    }
}

#[test]
fn a_hole_ends_a_protect_where_it_is() {
    let (mut table, mut arena) = identity(BLOCK, 2 * BLOCK, How::default(), false);
    let read = Patch::new().prot(Prot::R);
    // At once, at the first address and behind a block.
    for first in [0, 3 * BLOCK] {
        let done =
            table.protect(&mut arena, range(first, BLOCK), read, Holes::Stop, Breaks::NONE).expect("none");
        assert_eq!((done.bytes, done.stopped), (0, Some(Stopped::Hole { va: first, level: 2 })));
    }
    assert_eq!(arena.take_steps(), []);
    let done = table.protect(&mut arena, range(2 * BLOCK, 2 * BLOCK), read, Holes::Stop, Breaks::NONE);
    assert_eq!(done.map(|done| done.bytes), Ok(BLOCK));
    assert_eq!(seen(&table, &arena, [BLOCK, 2 * BLOCK]), [(21, Prot::Rw), (21, Prot::R)]);
    let done =
        table.protect(&mut arena, range(0, 4 * BLOCK), read, Holes::Skip, Breaks::NONE).expect("skips");
    assert_eq!((done.bytes, done.stopped), (4 * BLOCK, None));
    assert_eq!(seen(&table, &arena, [BLOCK, 2 * BLOCK]), [(21, Prot::R); 2]);
}
