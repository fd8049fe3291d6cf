//! ---
//! class: K8
//! title: pages merged to a block though their outputs do not follow each other
//! happened: Hafnium (bb847d5a), EDK2 (4904a2b1ec)
//! stops: `collapse` compares every slot with the one that a split of the block would give
//! tests: attributes_alone, collapsed
//! ---
//! Entries with the same attributes were taken for a block. Their addresses were not looked at.

use ptdsl::{Boundary, Breaks, Error, Phys};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, arena, config, quiesced, range};

/// As it was: all entries agree but for the address.
fn mergeable(entries: &[u64]) -> bool {
    let attributes = |entry: u64| entry & !0xffff_ffff_f000;
    entries.windows(2).all(|pair| attributes(pair[0]) == attributes(pair[1]))
}

#[test]
fn attributes_alone() {
    assert!(mergeable(&[OUTPUT | 0x703, OUTPUT + 7 * PAGE | 0x703]), "and yet they do not follow each other");
}

#[test]
fn collapsed() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    for moved in [0, 1, 255, 511] {
        let (mut table, mut arena) = arena(&config(false));
        table.map(&mut arena, range(0, BLOCK), Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
        let page = range(moved * PAGE, PAGE);
        assert!(table.unmap(&mut arena, page, Boundary::Split(breaks)).is_ok());
        table.map(&mut arena, page, Phys(OUTPUT + BLOCK), Attributes::RW_NORMAL).expect("a hole");
        let words: Vec<u64> =
            table.mappings(&arena, range(0, BLOCK)).expect("in range").map(|m| m.leaf.entry).collect();
        assert!(mergeable(&words));
        let refused = table.collapse(&mut arena, 0, 2, breaks);
        // The first slot decides which block it would be.
        let at = if moved == 0 { PAGE } else { moved * PAGE };
        assert!(matches!(refused, Err(Error::Differs { va, level: 3, .. }) if va == at), "{refused:?}");
        assert_eq!(table.translate(&arena, moved * PAGE).map(|found| found.output.0), Ok(OUTPUT + BLOCK));
        table.unmap(&mut arena, page, Boundary::Stop).map(|_| ()).expect("mapped");
        table.map(&mut arena, page, Phys(OUTPUT + moved * PAGE), Attributes::RW_NORMAL).expect("a hole");
        assert_eq!(table.collapse(&mut arena, 0, 2, breaks), Ok(()));
    }
}
