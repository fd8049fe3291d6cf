//! Random operations agree with a flat map; every allocation may fail; nothing leaks.

mod flat;

use flat::{Flat, create, map_both, unmap_both};
use proptest::prelude::*;
use ptdsl::{Arena, Boundary, Config, Error, Existing, Format, How, MapError, Phys, Range, Sizes};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Memory, Prot};

type Bed = (Flat<Arm64Hyp>, ptdsl::PageTable<Arm64Hyp>, Arena<Arm64Hyp>);

const ATTRIBUTES: [Attributes; 5] = [
    Attributes::R_NORMAL,
    Attributes::RW_NORMAL,
    Attributes::RX_NORMAL,
    Attributes::R_DEVICE,
    Attributes::RW_DEVICE,
];

fn bed(width: u32, frames: usize) -> Bed {
    let config = Config { width, ..Config::default() };
    let mut arena = Arena::new(Phys(0x4000_0000), frames);
    let table = create(&mut arena, &config);
    (Flat::new(&config), table, arena)
}

/// A test bed with 64 frames on an arena of one's choice.
fn bed_on(width: u32, choose: impl Fn(Arena<Arm64Hyp>) -> Arena<Arm64Hyp>) -> Bed {
    let config = Config { width, ..Config::default() };
    let mut arena = choose(Arena::new(Phys(0x4000_0000), 64));
    let table = create(&mut arena, &config);
    (Flat::new(&config), table, arena)
}

/// Page numbers around the places where levels meet, at both ends of the address space.
fn page(width: u32) -> impl Strategy<Value = u64> {
    let last = (1_u64 << (width - 12)) - 1;
    let near = prop_oneof![Just(0_u64), Just(1 << 9), Just(2 << 9), Just(1 << 18), Just(last)];
    (near, -3_i64..=3).prop_map(move |(near, off)| near.saturating_add_signed(off).min(last))
}

#[derive(Clone, Debug)]
enum Op {
    Map { page: u64, pages: u64, output: u64, attributes: usize, sizes: Sizes },
    Unmap { page: u64, pages: u64 },
}

fn op(width: u32) -> impl Strategy<Value = Op> {
    let pages = prop_oneof![1_u64..=4, Just(509), Just(512), Just(513), Just(1024), Just(1027)];
    let unmapped = prop_oneof![1_u64..=4, Just(512), Just(1 << 18)];
    let sizes = prop_oneof![3 => Just(Sizes::Largest), 1 => Just(Sizes::Pages)];
    prop_oneof![
        (page(width), pages, page(40), 0..5_usize, sizes, any::<bool>()).prop_map(
            |(page, pages, output, attributes, sizes, same)| Op::Map {
                page,
                pages,
                output: if same { page & 0xfff_ffff } else { output },
                attributes,
                sizes,
            }
        ),
        (page(width), unmapped).prop_map(|(page, pages)| Op::Unmap { page, pages }),
    ]
}

fn range(page: u64, pages: u64) -> Range {
    Range::new(page << 12, pages << 12).expect("small")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn random_operations_agree_with_a_flat_map(
        counted in any::<bool>(),
        (width, ops) in prop_oneof![Just(25_u32), Just(31), Just(39), Just(40), Just(48)]
            .prop_flat_map(|w| (Just(w), prop::collection::vec(op(w), 1..16)))
    ) {
        let (mut flat, mut table, mut arena) = bed_on(width, |arena| if counted { arena } else { arena.without_counts() });
        for op in ops {
            match op {
                Op::Map { page, pages, output, attributes, sizes } => {
                    let how = How { sizes, existing: Existing::Refuse, ..How::default() };
                    let to = (range(page, pages), output << 12);
                    map_both((&mut flat, &mut table, &mut arena), to, ATTRIBUTES[attributes], how);
                }
                Op::Unmap { page, pages } => {
                    let range = range(page, pages);
                    if range.last() >> width == 0 {
                        unmap_both(&mut flat, &mut table, &mut arena, range);
                    } else {
                        let refused = table.unmap(&mut arena, range, Boundary::Stop);
                        prop_assert!(matches!(refused, Err(Error::OutOfRange { .. })), "{:?}", refused);
                    }
                }
            }
            flat.compare(&table, &arena);
        }
        // Unmapped leaf by leaf, every table but the root goes.
        while let Some((va, page)) = flat.pages.first_key_value().map(|(&va, &page)| (va, page)) {
            let range = Range::new(va, 1 << page.shift).expect("a leaf");
            unmap_both(&mut flat, &mut table, &mut arena, range);
        }
        prop_assert_eq!(arena.live_frames(), 1);
    }
}

/// With every number of frames from one to enough: the prefix stays mapped, the place is named, and what was made and
/// left empty is free again.
#[test]
fn every_allocation_may_fail() {
    let ranges = [
        range(0x1ff, 1),
        range(0x1ff, 2),
        range((1 << 18) - 3, 1030),
        range((1 << 27) - 700, 1400),
        range((1 << 36) - 513, 513),
    ];
    for range in ranges {
        for frames in 1..20 {
            let (mut flat, mut table, mut arena) = bed(48, frames);
            let output = 0x8000_1000;
            match table.map(&mut arena, range, Phys(output), Attributes::RW_NORMAL) {
                Ok(()) => {
                    flat.map(range, output, Attributes::RW_NORMAL, How::default())
                        .expect("nothing is mapped");
                }
                Err(MapError { mapped, error: Error::OutOfMemory { va, .. } }) => {
                    assert_eq!(va, range.first() + mapped);
                    if let Ok(prefix) = Range::new(range.first(), mapped) {
                        flat.map(prefix, output, Attributes::RW_NORMAL, How::default())
                            .expect("nothing is mapped");
                    }
                }
                Err(other) => panic!("{other}"),
            }
            // A prefix that ended inside a block-sized slot has the same leaves as a map of the prefix alone.
            flat.compare(&table, &arena);
            let live = arena.live_frames();
            assert!(live <= frames);
            while let Some((va, page)) = flat.pages.first_key_value().map(|(&va, &page)| (va, page)) {
                unmap_both(
                    &mut flat,
                    &mut table,
                    &mut arena,
                    Range::new(va, 1 << page.shift).expect("a leaf"),
                );
            }
            assert_eq!(arena.live_frames(), 1, "{range:?} with {frames} frames");
        }
    }
}

#[test]
fn identical_entries_and_software_bits_may_be_mapped_over_on_request() {
    let (_, mut table, mut arena) = bed(39, 16);
    let how = How { sizes: Sizes::Largest, existing: Existing::Update, ..How::default() };
    let range = range(0x200, 0x201);
    let plain = Attributes::new(Prot::Rw, Memory::Normal).expect("listed");
    let marked = plain.with_sw(ptdsl_generated::arm64_hyp::Sw::new(5).expect("four bits"));
    table.map(&mut arena, range, Phys(0x20_0000), plain).expect("empty");
    arena.take_steps();
    assert_eq!(table.map_with(&mut arena, range, Phys(0x20_0000), marked, how), Ok(()));
    assert_eq!(arena.take_steps(), [], "software bits need no maintenance");
    let found = table.translate(&arena, 0x20_0000).expect("mapped");
    assert_eq!((found.attributes(), found.shift), (Some(marked), 21));
    let other = Attributes::R_NORMAL;
    let refused = table.map_with(&mut arena, range, Phys(0x20_0000), other, how);
    assert!(matches!(
        refused,
        Err(MapError { mapped: 0, error: Error::AlreadyMapped { va: 0x20_0000, level: 2, .. } })
    ));
}

#[test]
fn a_destroyed_table_returns_every_frame() {
    let (_, mut table, mut arena) = bed(48, 64);
    for page in [0, 0x1ff, 1 << 18, (1 << 36) - 1] {
        table.map(&mut arena, range(page, 1), Phys(0x1000), Attributes::R_DEVICE).expect("empty");
    }
    assert_eq!(arena.live_frames(), 1 + 3 + 2 + 3);
    // SAFETY: no hardware walks an arena.
    unsafe { table.deactivate() }.destroy(&mut arena);
    assert_eq!(arena.live_frames(), 0);
}

/// The ranges of start levels, and the sizes of physical addresses that they need, are from the manual's table.
#[test]
fn a_walk_that_is_constrained_unpredictable_is_refused() {
    fn most<F: ptdsl::Format>(output_bits: u32) -> u32 {
        let mut arena = Arena::new(Phys(0), 64);
        let mut most = 0;
        for width in F::MIN_WIDTH..=F::MAX_WIDTH {
            match ptdsl::PageTable::<F, _>::create(
                &mut arena,
                &Config { width, output_bits, ..Config::default() },
            ) {
                Ok(table) => {
                    most = width;
                    table.destroy(&mut arena);
                }
                Err(refused) => {
                    assert_eq!(refused, Error::WidthForOutput { width, bits: output_bits, max: most });
                    let text =
                        format!("with a limit of {output_bits} output bits this format has at most {most}");
                    assert!(refused.to_string().ends_with(&text), "{refused}");
                }
            }
        }
        most
    }
    use ptdsl_generated as formats;
    let limits = [32, 36, 40, 42, 44, 48];
    assert_eq!(limits.map(most::<formats::arm64_stage2::Arm64Stage2>), [32, 36, 39, 39, 44, 48]);
    assert_eq!(limits.map(most::<formats::arm64_stage2_16k::Arm64Stage216k>), [32, 36, 36, 42, 44, 47]);
    assert_eq!(limits.map(most::<formats::arm64_stage2_64k::Arm64Stage264k>), [32, 36, 40, 42, 44, 48]);
    let limits_lpa2 = [36, 40, 42, 44, 48, 52];
    assert_eq!(
        limits_lpa2.map(most::<formats::arm64_stage2_lpa2::Arm64Stage2Lpa2>),
        [36, 39, 39, 44, 48, 52]
    );
    type Lpa2With16k = formats::arm64_stage2_16k_lpa2::Arm64Stage216kLpa2;
    assert_eq!(limits_lpa2.map(most::<Lpa2With16k>), [36, 36, 42, 44, 48, 52]);
    type Concatenated = formats::arm64_stage2_concatenated::Arm64Stage2Concatenated;
    assert_eq!(limits.map(most::<Concatenated>), [32, 36, 40, 42, 43, 43]);
    type Concatenated16k = formats::arm64_stage2_16k_concatenated::Arm64Stage216kConcatenated;
    assert_eq!(limits.map(most::<Concatenated16k>), [32, 36, 40, 40, 40, 40]);
    type Concatenated64k = formats::arm64_stage2_64k_concatenated::Arm64Stage264kConcatenated;
    assert_eq!(limits.map(most::<Concatenated64k>), [32, 36, 40, 42, 44, 46]);
}

#[test]
fn shapes_and_ranges_that_do_not_exist_are_refused() {
    let mut arena = Arena::new(Phys(0), 8);
    for width in [0, 24, 49, 64] {
        let config = Config::<Arm64Hyp> { width, ..Config::default() };
        let refused = ptdsl::PageTable::create(&mut arena, &config).err();
        assert_eq!(refused, Some(Error::Width { width, min: 25, max: 48 }));
    }
    let config = Config::<Arm64Hyp> { output_bits: 41, ..Config::default() };
    assert_eq!(ptdsl::PageTable::create(&mut arena, &config).err(), Some(Error::OutputBits { bits: 41 }));
    assert_eq!(arena.live_frames(), 0);

    assert_eq!(Range::new(0x1000, 0), Err(Error::Empty));
    assert_eq!(Range::new(u64::MAX, 2), Err(Error::Wraps { start: u64::MAX, bytes: 2 }));
    let (_, mut table, mut arena) = bed(39, 8);
    let unaligned = Range::new(0x1800, 0x1000).expect("no wrap");
    let refused = table.map(&mut arena, unaligned, Phys(0), Attributes::RW_NORMAL);
    assert_eq!(refused.map_err(|e| e.error), Err(Error::Misaligned { address: 0x1800, alignment: 0x1000 }));
    let refused = table.map(&mut arena, range(1, 1), Phys(1 << 48), Attributes::RW_NORMAL);
    let expected = Error::OutputOutOfRange { address: (1 << 48) + 0xfff, bits: Arm64Hyp::OUTPUT[5].bits };
    assert_eq!(refused.map_err(|e| e.error), Err(expected));
    let last = Range::inclusive(u64::MAX - 0xfff, u64::MAX).expect("the last page of 64 bits");
    assert!(matches!(table.unmap(&mut arena, last, Boundary::Stop), Err(Error::OutOfRange { .. })));
}

/// Unmapped page by page, a table goes with its last entry: in order up, in order down, and from both ends, with counts
/// and without.
#[test]
fn the_last_entry_takes_the_table_with_it() {
    let up: Vec<u64> = (0..512).collect();
    let down: Vec<u64> = (0..512).rev().collect();
    let ends: Vec<u64> = (0..256).flat_map(|page| [page, 511 - page]).collect();
    for order in [up, down, ends] {
        for counted in [true, false] {
            let choose = |arena: Arena<Arm64Hyp>| if counted { arena } else { arena.without_counts() };
            let (_, mut table, mut arena) = bed_on(39, choose);
            let how = How { sizes: Sizes::Pages, ..How::default() };
            table.map_with(&mut arena, range(0, 512), Phys(0), Attributes::RW_NORMAL, how).expect("empty");
            for (done, &page) in order.iter().enumerate() {
                assert_eq!(arena.live_frames(), 3, "{counted} after {done} pages");
                let unmapped = table.unmap(&mut arena, range(page, 1), Boundary::Stop).expect("in range");
                assert_eq!((unmapped.bytes, unmapped.stopped), (0x1000, None));
            }
            assert_eq!(arena.live_frames(), 1);
        }
    }
}
