//! ---
//! class: K12
//! title: a failed mapping rolled back, and a neighbour's with it
//! happened: TF-A (96abc22b9), Hafnium (d9238ecc: mapped over in silence)
//! stops: `map` never touches what it did not make; it keeps its prefix and says how long that is
//! tests: rolled_back_too_far, kept
//! ---
//! When a mapping could not be completed the whole region that had been asked for was unmapped, also the part that somebody else had
//! mapped before, which was the reason for the failure.

use ptdsl::{Arena, Boundary, Error, Live, PageTable, Phys};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes};
use ptdsl_museum::stage::{OUTPUT, PAGE, arena, config, range};

/// Pages 4 and 5 are somebody's, and pages 2 to 7 are asked for.
fn conflict() -> (PageTable<Arm64Hyp, Live>, Arena<Arm64Hyp>, Result<(), ptdsl::MapError>) {
    let (mut table, mut arena) = arena(&config(false));
    table.map(&mut arena, range(4 * PAGE, 2 * PAGE), Phys(OUTPUT), Attributes::RX_NORMAL).expect("empty");
    let result =
        table.map(&mut arena, range(2 * PAGE, 6 * PAGE), Phys(OUTPUT + 0x10_0000), Attributes::RW_NORMAL);
    (table, arena, result)
}

#[test]
fn rolled_back_too_far() {
    let (mut table, mut arena, result) = conflict();
    assert!(result.is_err());
    // As it was: the region that was asked for.
    assert!(table.unmap(&mut arena, range(2 * PAGE, 6 * PAGE), Boundary::Stop).is_ok());
    assert!(table.translate(&arena, 4 * PAGE).is_err(), "the neighbour's mapping went too");
}

#[test]
fn kept() {
    let (mut table, mut arena, result) = conflict();
    let entry = table.translate(&arena, 4 * PAGE).expect("still there").entry;
    let error = result.expect_err("it is taken");
    assert_eq!(error.error, Error::AlreadyMapped { va: 4 * PAGE, level: 3, entry });
    assert_eq!(error.mapped, 2 * PAGE);
    let done = table.unmap(&mut arena, range(2 * PAGE, error.mapped), Boundary::Stop);
    assert_eq!(done.map(|done| done.bytes), Ok(2 * PAGE));
    for page in [4, 5] {
        let found = table.translate(&arena, page * PAGE).expect("still there");
        assert_eq!(
            (found.output.0, found.attributes()),
            (OUTPUT + (page - 4) * PAGE, Some(Attributes::RX_NORMAL))
        );
    }
    assert!(table.translate(&arena, 6 * PAGE).is_err());
}
