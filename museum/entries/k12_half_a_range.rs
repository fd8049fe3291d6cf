//! ---
//! class: K12
//! title: an operation that fails midway, and does not say how far it got
//! happened: Linux KVM arm64 (ddcadb297ce5), Xen (a189ef027d: a map that failed midway)
//! stops: the error carries the progress; every allocation is made to fail in turn
//! tests: an_error_that_says_nothing, every_allocation_fails_once
//! ---
//! Memory ran out, or a race was lost, in the middle of a range. The caller saw an error, or none, and could not know what was
//! mapped by then.

use ptdsl::{Boundary, Error, How, Phys, Sizes};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, arena, config, range};

/// As it was: page after page, and an error that says nothing.
fn map_all(mapped: &mut Vec<u64>, pages: u64, memory: u64) -> Result<(), ()> {
    for page in 0..pages {
        if page == memory {
            return Err(());
        }
        mapped.push(page);
    }
    Ok(())
}

#[test]
fn an_error_that_says_nothing() {
    let mut mapped = Vec::new();
    assert_eq!(map_all(&mut mapped, 8, 5), Err(()));
    // The caller gives all eight pages to somebody else.
    assert!(!mapped.is_empty(), "and five of them are still mapped");
}

#[test]
fn every_allocation_fails_once() {
    let (first, bytes) = (BLOCK - 2 * PAGE, 2 * BLOCK + 4 * PAGE);
    let all = range(0, 8 * BLOCK);
    let how = How { sizes: Sizes::Pages, ..How::default() };
    let mut failures = 0;
    for ration in 0.. {
        let (mut table, mut arena) = arena(&config(false));
        arena.ration(Some(ration));
        let result =
            table.map_with(&mut arena, range(first, bytes), Phys(OUTPUT), Attributes::RW_NORMAL, how);
        arena.ration(None);
        let mapped = match result {
            Ok(()) => bytes,
            Err(error) => {
                failures += 1;
                assert!(matches!(error.error, Error::OutOfMemory { .. }), "{error:?}");
                error.mapped
            }
        };
        // What it says is what stands there, no more and no less, and no table is left empty.
        let leaves: Vec<u64> = table.mappings(&arena, all).expect("in range").map(|leaf| leaf.va).collect();
        let expected: Vec<u64> = (0..mapped / PAGE).map(|page| first + page * PAGE).collect();
        assert_eq!(leaves, expected, "after {ration} allocations");
        let tables = arena.live_frames();
        if mapped != 0 {
            let done = table.unmap(&mut arena, range(first, mapped), Boundary::Stop);
            assert_eq!(done.map(|done| (done.bytes, done.stopped)), Ok((mapped, None)));
        } else {
            assert_eq!(tables, 1, "tables that were made and left empty are freed");
        }
        assert_eq!(arena.live_frames(), 1);
        if result.is_ok() {
            break;
        }
    }
    assert_eq!(failures, 5, "level 2, and four tables of pages");
}
