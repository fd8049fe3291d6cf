//! The emitter's fixtures compile, agree with the interpreter, and map like a flat map: constructs that no format of the
//! library has yet.

mod agree;
mod flat;

use agree::{compare, encode_then_decode, spec};
use flat::{Flat, create, map_both, unmap_both};
use ptdsl::{Arena, Config, Format, How, Phys, Range};

ptdsl::ptdsl!("../ptdsl-compiler/tests/emit/tiny.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/emit/scattered.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/emit/narrow.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/emit/signed.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/emit/spans.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/emit/pocket.pt");

#[test]
fn fixtures_agree_with_the_interpreter() {
    let formats = ["tiny.pt", "scattered.pt", "narrow.pt", "signed.pt", "spans.pt", "pocket.pt"].map(spec);
    formats.iter().for_each(encode_then_decode);
    compare::<tiny::Tiny>(&formats[0]);
    compare::<scattered::Scattered>(&formats[1]);
    compare::<narrow::Narrow>(&formats[2]);
    compare::<signed::Signed>(&formats[3]);
    compare::<spans::Spans>(&formats[4]);
    compare::<pocket::Pocket>(&formats[5]);
}

/// Maps and unmaps the ranges in turn, comparing after each.
fn operate<F: Format>(attributes: F::Attributes, ranges: &[(u64, u64, u64)]) {
    let config = Config::default();
    let mut arena: Arena<F> = Arena::new(Phys(1 << 20), 64);
    let mut table = create(&mut arena, &config);
    let mut flat = Flat::new(&config);
    for &(first, last, output) in ranges {
        let range = Range::inclusive(first, last).expect("not empty");
        map_both((&mut flat, &mut table, &mut arena), (range, output), attributes, How::default());
        flat.compare(&table, &arena);
    }
    for &(first, last, _) in ranges {
        unmap_both(&mut flat, &mut table, &mut arena, Range::inclusive(first, last).expect("not empty"));
        flat.compare(&table, &arena);
    }
    while let Some((va, page)) = flat.pages.first_key_value().map(|(&va, &page)| (va, page)) {
        unmap_both(
            &mut flat,
            &mut table,
            &mut arena,
            Range::inclusive(va, va | ((1 << page.shift) - 1)).expect("a leaf"),
        );
    }
    assert_eq!(arena.live_frames(), 1);
}

#[test]
fn two_levels_of_two_entries_hold_four_pages() {
    let attributes = tiny::Attributes::new();
    operate::<tiny::Tiny>(attributes, &[(0x1000, 0x2fff, 0x7000), (0, 0xfff, 0), (0x3000, 0x3fff, 0x9000)]);
    operate::<tiny::Tiny>(attributes, &[(0, 0x3fff, 0xffff_ffff_c000)]);
}

/// Outputs that count up from one piece of the descriptor into the next.
#[test]
fn outputs_carry_between_pieces() {
    let attributes = scattered::Attributes::new().with_ap(scattered::Ap::new(5).expect("three bits"));
    let page = 0x1_0000;
    operate::<scattered::Scattered>(
        attributes,
        &[
            (0, 20 * page - 1, (1 << 48) - 7 * page),
            (1 << 35, (1 << 35) + (4 << 29) - 1, (1 << 49) - (2 << 29)),
        ],
    );
}

#[test]
fn four_byte_entries_with_a_wider_output() {
    let attributes = narrow::Attributes::RW_SHARED;
    let ranges = [(0x3ff_f000, 0x7ff_ffff, 0x2_0000_0000), (0xffff_f000, 0xffff_ffff, 0x3_ffff_f000)];
    operate::<narrow::Narrow>(attributes, &ranges);
}

/// The format of `docs/add-a-format.md`: its worked examples, a large page, both ends of the space.
#[test]
fn the_format_of_the_guide_works() {
    use pocket::{Attributes, Large, Page};
    let page = Page::from_raw(0x8040_1096).expect("a page");
    assert_eq!((page.output(), page.perm()), (Phys(0x8040_1000), pocket::Perm::R));
    assert_eq!(Page::from_raw(0x8040_10a2).map(|page| page.raw()), None, "no such permission");
    let large = Large::new(Phys(0x8040_0000)).expect("aligned").with_perm(pocket::Perm::RX);
    assert_eq!(large.raw(), 0x8040_00d2);
    let ranges = [(0, 0xfff, 0x7000), (0x3f_f000, 0x80_0fff, 0x803f_f000), (0xffff_f000, 0xffff_ffff, 0)];
    operate::<pocket::Pocket>(Attributes::RW_CACHED, &ranges);
    operate::<pocket::Pocket>(Attributes::R_UNCACHED, &ranges);
}

#[test]
fn both_halves_of_a_signed_space() {
    let attributes = signed::Attributes::RW_OFF;
    let high = 0xffff_ffc0_0000_0000_u64;
    operate::<signed::Signed>(
        attributes,
        &[(0x3f_ffff_f000, 0x3f_ffff_ffff, 0x1000), (0, 0x20_0fff, 0x20_0000)],
    );
    operate::<signed::Signed>(
        attributes,
        &[(high, high + 0x3fff_ffff, 0x4000_0000), (u64::MAX - 0xfff, u64::MAX, 0)],
    );
    let mut arena: Arena<signed::Signed> = Arena::new(Phys(0x1000), 8);
    let table = create(&mut arena, &Config::default());
    assert_eq!(table.translate(&arena, 1 << 38), Err(ptdsl::Fault::Input));
    assert_eq!(table.registers().satp, 8 << 60 | 1);
}

/// The steps of a sequence with operands: each entry its own, and what has none once.
#[test]
fn sequences_reach_the_world_with_their_operands() {
    use narrow::{Attributes, Config, Narrow, Options, Step};
    let mut arena: Arena<Narrow> = Arena::new(Phys(0x4000), 8);
    let config = Config { options: Options { strict: true }, ..Config::default() };
    let mut table = create(&mut arena, &config);
    assert_eq!(table.registers(), narrow::Registers { root: 1 << 12 | 2, mode: 1 | 2 << 4 });
    arena.take_steps();
    let range = Range::new(0x40_1000, 0x2000).expect("two pages");
    table.map(&mut arena, range, Phys(0), Attributes::RW_PLAIN).expect("empty");
    // The table is fresh: only its own publication is due.
    assert_eq!(arena.take_steps(), [Step::Fence, Step::Fence]);
    let range = Range::new(0x40_3000, 0x2000).expect("two pages");
    table.map(&mut arena, range, Phys(0), Attributes::RW_PLAIN).expect("empty");
    assert_eq!(arena.take_steps(), [Step::Drop(0x40_3001, 0xff), Step::Drop(0x40_4001, 0xff)]);
    let done = table.unmap(&mut arena, Range::new(0x40_3000, 0x1000).expect("a page"), ptdsl::Boundary::Stop);
    assert_eq!(done.map(|d| d.bytes), Ok(0x1000));
    assert_eq!(arena.take_steps(), [Step::Drop(0x40_3001, 0xff), Step::Fence]);
}

/// What tables restrict reaches the effective leaf: write by AND, global by OR.
#[test]
fn hierarchical_attributes_apply() {
    use ptdsl::Along;
    let leaf = narrow::Small::new(Phys(0)).expect("address 0").with_write(narrow::Write::ALLOW);
    let table = narrow::Table::new(Phys(0x1000)).expect("aligned");
    let through = |table: narrow::Table| {
        let path = Along::NONE.then(table.raw(), u32::MAX);
        narrow::Small::from_raw(narrow::Narrow::effective(0, leaf.raw(), path)).expect("still a leaf").write()
    };
    assert_eq!(through(table), narrow::Write::ALLOW);
    assert_eq!(through(table.with_write_table(false)), narrow::Write::DENY);
    let leaf = signed::Leaf::new(Phys(0)).expect("address 0").with_r(true);
    let global = signed::Pointer::new(Phys(0)).expect("address 0").with_g(true);
    let path = Along::NONE.then(global.raw(), u64::MAX);
    let leaf = signed::Leaf::from_raw(signed::Signed::effective(0, leaf.raw(), path));
    assert!(leaf.expect("still a leaf").g());
}

/// A table of the fixture `spans`, and where it stands.
fn spans_bed() -> (ptdsl::PageTable<spans::Spans>, Arena<spans::Spans>) {
    let mut arena: Arena<spans::Spans> = Arena::new(Phys(1 << 20), 16);
    let table = create(&mut arena, &Config::default());
    (table, arena)
}

const GROUPED: How =
    How { sizes: ptdsl::Sizes::Largest, existing: ptdsl::Existing::Refuse, grouping: ptdsl::Grouping::Spans };

/// Every form of a leaf that takes several slots, word by word as the spec's text has it.
#[test]
fn leaves_of_several_slots_are_written_as_the_spec_says() {
    use spans::Attributes;
    let (mut table, mut arena) = spans_bed();
    let word = |table: &ptdsl::PageTable<spans::Spans>, arena: &Arena<spans::Spans>, va: u64| {
        let found = table.translate(arena, va + 0x123).expect("mapped");
        (found.entry, found.shift, found.output.0)
    };
    // From 0xe000 up: a pair (2 pages), a run (4 pages from 0x10000), another pair, a page.
    let range = Range::new(0xe000, 9 << 12).expect("pages");
    table.map_with(&mut arena, range, Phys(0x8000_e000), Attributes::RW, GROUPED).expect("empty");
    assert_eq!(word(&table, &arena, 0xe000), (0x8000_e027, 13, 0x8000_e123));
    assert_eq!(word(&table, &arena, 0xf000), (0x8000_f027, 13, 0x8000_f123));
    for page in 0..4 {
        let va = 0x1_0000 + (page << 12);
        assert_eq!(word(&table, &arena, va), (0x8000_0000_8001_2007, 14, 0x8000_0123 + va));
    }
    assert_eq!(word(&table, &arena, 0x1_4000), (0x8001_4027, 13, 0x8001_4123));
    assert_eq!(word(&table, &arena, 0x1_6000), (0x8001_6007, 12, 0x8001_6123));
    // At level 2 an entry maps 256 KiB; sizes are 8 and 16 of them, with 8 and 9 ones from bit 12 up.
    let range = Range::new(0x40_0000, 24 << 18).expect("blocks");
    table.map_with(&mut arena, range, Phys(0x8040_0000), Attributes::RO, GROUPED).expect("empty");
    assert_eq!(word(&table, &arena, 0x7c_0000), (0x8000_0000_805f_f003, 22, 0x807c_0123));
    assert_eq!(word(&table, &arena, 0x80_0000), (0x8000_0000_808f_f003, 21, 0x8080_0123));
    let blocks: Vec<u64> = table.mappings(&arena, range).expect("in range").map(|m| m.va).collect();
    assert_eq!(blocks, [0x40_0000, 0x80_0000]);
}

/// Repeated leaves go whole, every address of them invalidated once, and a flat map sees the same.
#[test]
fn leaves_of_several_slots_agree_with_a_flat_map() {
    for counted in [true, false] {
        let config = Config::default();
        let arena: Arena<spans::Spans> = Arena::new(Phys(1 << 20), 64);
        let mut arena = if counted { arena } else { arena.without_counts() };
        let mut table = create(&mut arena, &config);
        let mut flat = Flat::new(&config);
        let last = (1 << 30) - 1;
        let mapped =
            [(0x1000, 0x3f_ffff, 0x1000), (0x40_0000, 0x3ff_ffff, 0xc0_0000), (0x3f00_0000, last, 0)];
        for (first, last, output) in mapped {
            let range = Range::inclusive(first, last).expect("not empty");
            let to = (range, output);
            map_both((&mut flat, &mut table, &mut arena), to, spans::Attributes::RO, GROUPED);
            flat.compare(&table, &arena);
        }
        let sizes: std::collections::BTreeSet<u32> = flat.pages.values().map(|page| page.shift).collect();
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [12, 13, 14, 18, 21, 22, 24]);
        // Cuts through a pair, a run and a size, from both sides; then all of it.
        let parts =
            [(0x2000, 0x2fff), (0x3000, 0x3fff), (0x5000, 0x7fff), (0x4000, 0x4fff), (0x3fff_f000, last)];
        for (first, last) in parts {
            let range = Range::inclusive(first, last).expect("not empty");
            unmap_both(&mut flat, &mut table, &mut arena, range);
            flat.compare(&table, &arena);
        }
        while let Some((va, page)) = flat.pages.first_key_value().map(|(&va, &page)| (va, page)) {
            let whole = Range::inclusive(va, va | ((1 << page.shift) - 1)).expect("a leaf");
            arena.take_steps();
            unmap_both(&mut flat, &mut table, &mut arena, whole);
            let steps = arena.take_steps();
            let level = [24, 18, 12].into_iter().find(|&level| level <= page.shift).expect("a level");
            let drops: Vec<u64> = (va..=va | ((1 << page.shift) - 1)).step_by(1 << level).collect();
            let found: Vec<u64> = steps
                .iter()
                .filter_map(|step| match step {
                    spans::Step::Drop(va) => Some(*va),
                    spans::Step::Fence => None,
                })
                .collect();
            assert_eq!(found, drops, "{va:#x}");
        }
        assert_eq!(arena.live_frames(), 1);
    }
}

/// A walk follows an entry that skips a level; what changes tables leaves it alone.
#[test]
fn a_skipped_level_is_walked() {
    use ptdsl::{Boundary, Error, Fault, MapError, Permit, World};
    let (mut table, mut arena) = spans_bed();
    let page = Range::new(0x5000, 0x1000).expect("a page");
    table.map(&mut arena, page, Phys(0x8000_5000), spans::Attributes::RW).expect("empty");
    // The table of level 1 hangs below level 2: a second entry of the root leads to it at once.
    // SAFETY: the entries are read and written as the walker would.
    let permit = || unsafe { Permit::<Arena<spans::Spans>>::pass_on() };
    let root = arena.table(permit(), table.root());
    let two = spans::Table3::from_raw(arena.load(permit(), root, 0)).expect("a table").next();
    let two = arena.table(permit(), two);
    let one = spans::Table2::from_raw(arena.load(permit(), two, 0)).expect("a table").next();
    arena.store(permit(), root, 1, one.0 | 1 << 2 | 1);
    let found = table.translate(&arena, 0x100_5abc).expect("mapped");
    assert_eq!((found.output, found.level, found.shift), (Phys(0x8000_5abc), 1, 12));
    assert_eq!(table.translate(&arena, 0x100_6000), Err(Fault::Translation { level: 1, entry: 0 }));
    let over = Range::new(0x100_0000, 0x1000).expect("a page");
    let taken = table.map(&mut arena, over, Phys(0), spans::Attributes::RW);
    assert!(matches!(taken, Err(MapError { mapped: 0, error: Error::AlreadyMapped { level: 3, .. } })));
    let left = table.unmap(&mut arena, over, Boundary::Stop).expect("in range");
    assert_eq!(left.bytes, 0);
}
