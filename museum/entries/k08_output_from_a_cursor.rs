//! ---
//! class: K8
//! title: the output address kept in a cursor that a retry advances again
//! happened: Linux KVM arm64 (1f0f4a2ef7a5, 39bc95be3782)
//! stops: the output follows from the distance between input and output
//! tests: a_cursor_that_is_advanced_twice, every_range_of_a_small_window
//! ---
//! The walker's callback advanced the physical address as it went. A slot that is visited again advances it again, and the rest of
//! the range leads elsewhere. Linux came to compute it from the distance, as here.

use ptdsl::{How, Phys, Sizes};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, arena, config, range};

/// As it was: pages `0..count` from `output`; `again` is visited twice.
fn outputs(output: u64, count: u64, again: u64) -> Vec<u64> {
    let mut cursor = output;
    let mut found = Vec::new();
    for page in 0..count {
        if page == again {
            cursor += PAGE;
        }
        found.push(cursor);
        cursor += PAGE;
    }
    found
}

#[test]
fn a_cursor_that_is_advanced_twice() {
    let right: Vec<u64> = (0..8).map(|page| OUTPUT + page * PAGE).collect();
    assert_ne!(outputs(OUTPUT, 8, 3), right);
    assert_eq!(outputs(OUTPUT, 8, 8), right);
}

/// Ranges with every start and end near a block's, one page beside it: the distance is the same everywhere.
#[test]
fn every_range_of_a_small_window() {
    let ends = [0, 1, 2, 511, 512, 513, 514, 1022, 1023, 1024, 1025];
    for (first, last) in ends.iter().flat_map(|first| ends.iter().map(move |last| (*first, *last))) {
        for (skew, sizes) in [(0, Sizes::Largest), (PAGE, Sizes::Largest), (0, Sizes::Pages)] {
            if first > last {
                continue;
            }
            let (mut table, mut arena) = arena(&config(false));
            let (va, bytes) = (first * PAGE, (last - first + 1) * PAGE);
            let output = OUTPUT + skew + va;
            let how = How { sizes, ..How::default() };
            table
                .map_with(&mut arena, range(va, bytes), Phys(output), Attributes::RW_NORMAL, how)
                .expect("empty");
            for page in 0..2 * BLOCK / PAGE + 4 {
                let found = table.translate(&arena, page * PAGE).ok().map(|found| found.output.0);
                let inside = first <= page && page <= last;
                assert_eq!(
                    found,
                    inside.then_some(OUTPUT + skew + page * PAGE),
                    "{first}..={last}, page {page}"
                );
            }
        }
    }
}
