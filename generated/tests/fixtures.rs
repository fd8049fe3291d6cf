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

#[test]
fn fixtures_agree_with_the_interpreter() {
    let formats = ["tiny.pt", "scattered.pt", "narrow.pt", "signed.pt"].map(spec);
    formats.iter().for_each(encode_then_decode);
    compare::<tiny::Tiny>(&formats[0]);
    compare::<scattered::Scattered>(&formats[1]);
    compare::<narrow::Narrow>(&formats[2]);
    compare::<signed::Signed>(&formats[3]);
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
    let mut arena: Arena<Narrow> = Arena::new(Phys(0x1000), 8);
    let config = Config { options: Options { strict: true }, ..Config::default() };
    let mut table = create(&mut arena, &config);
    assert_eq!(table.registers(), narrow::Registers { root: 2, mode: 1 | 2 << 4 });
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
