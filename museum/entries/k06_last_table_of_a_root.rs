//! ---
//! class: K6
//! title: the last tables of a concatenated root left out
//! happened: Xen Arm (14c57887f3), Linux IOMMU selftest (d64c8053378e)
//! stops: the size of a root follows from width and level; a test walks its last slot
//! tests: index_of_one_table, the_last_slot_of_every_width
//! ---
//! A stage-2 root may consist of up to 16 tables side by side. A loop ran over the entries of one, because its bound came from
//! the level and not from the pages of the root: addresses beyond were missed.

use ptdsl::{Arena, Inactive, Phys};
use ptdsl_generated::arm64_stage2_concatenated::{Arm64Stage2Concatenated, Attributes, Config, PageTable};
use ptdsl_museum::stage::{OUTPUT, range};
use std::collections::BTreeSet;

const GIB: u64 = 1 << 30;

/// As it was: every table has 512 entries.
fn index(va: u64) -> u64 {
    va >> 30 & 511
}

#[test]
fn index_of_one_table() {
    let last = (1_u64 << 40) - GIB;
    assert_eq!(index(last), index(last - 512 * GIB), "two addresses, one slot");
}

#[test]
fn the_last_slot_of_every_width() {
    for width in 31..=43 {
        let mut arena: Arena<Arm64Stage2Concatenated> = Arena::new(Phys(0x4000_0000), 64);
        let config = Config { width, ..Config::default() };
        let mut table = PageTable::<Inactive>::create(&mut arena, &config).expect("room");
        let slots = 1_u64 << (width - 30);
        let chosen: BTreeSet<u64> = [0, 1, 511, 512, slots / 2, slots - 2, slots - 1].into();
        let chosen: Vec<u64> = chosen.into_iter().filter(|slot| *slot < slots).collect();
        for slot in &chosen {
            let at = range(slot * GIB + 0x20_0000, 0x20_0000);
            let output = Phys(OUTPUT + slot * 0x20_0000);
            table.map(&mut arena, at, output, Attributes::RW_NORMAL).expect("no two in one slot");
        }
        for slot in &chosen {
            let found = table.translate(&arena, slot * GIB + 0x20_0000).map(|found| found.output.0);
            assert_eq!(found, Ok(OUTPUT + slot * 0x20_0000), "width {width}, slot {slot}");
        }
        let beyond =
            table.map(&mut arena, range(slots * GIB, 0x20_0000), Phys(OUTPUT), Attributes::RW_NORMAL);
        assert!(beyond.is_err(), "width {width}");
    }
}
