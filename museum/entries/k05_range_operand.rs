//! ---
//! class: K5
//! title: a range invalidation that covers nothing at the largest count, or begins at the wrong address
//! happened: Linux KVM arm64 (e3ba51ab24fd: lost dirty pages), Hafnium (b7325779)
//! stops: nothing encodes ranges: a batch invalidates exactly its entries, or everything
//! tests: largest_count, from_the_new_mapping, every_count_of_a_batch
//! ---
//! A range operand covers `(NUM + 1) << (5 * SCALE + 1)` pages. Its encoder took five bits of the page count for each scale: with
//! 2^21 pages all of them are 0, `NUM` is -1 for every scale, and no instruction was issued. Another began at the start of what was
//! about to be mapped, in the middle of the block that went.

use ptdsl::{Boundary, Limits, Phys};
use ptdsl_generated::arm64_hyp::{Attributes, Step};
use ptdsl_model::arch::arm64::by_range;
use ptdsl_model::tiny::{INVALID, block};
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_model::{Invalidate, Regime, Rule, What};
use ptdsl_museum::stage::{OUTPUT, PAGE, arena, config, range};
use std::collections::BTreeSet;

const A: u64 = 0x8000_0000;

/// As it was: operands for `pages` pages from `start`, the largest scale first. An odd page is invalidated by itself.
fn operands(mut start: u64, mut pages: u64) -> Vec<u64> {
    let mut found = Vec::new();
    for scale in (0..4_u64).rev() {
        let num = (pages >> (5 * scale + 1) & 31) as i64 - 1;
        if num >= 0 {
            found.push(start >> 12 | (num as u64) << 39 | scale << 44 | 1 << 46);
            let done = (num as u64 + 1) << (5 * scale + 1);
            (start, pages) = (start + (done << 12), pages - done);
        }
    }
    found
}

/// The pages that operands cover.
fn covered(operands: &[u64]) -> u64 {
    let ranges = operands.iter().map(|operand| by_range(Invalidate::all(Regime::El2), *operand, 12));
    ranges
        .map(|by| match by.map(|by| by.what) {
            Some(What::Range(first, last)) => (last - first + 1) >> 12,
            _ => 0,
        })
        .sum()
}

#[test]
fn largest_count() {
    for pages in [2, 64, 66, 1 << 20, (1 << 21) - 2] {
        assert_eq!(covered(&operands(0, pages)), pages);
    }
    assert_eq!(covered(&operands(0, 1 << 21)), 0, "nothing is invalidated");
    // Every pair that there is: the model reads them as the manual says.
    for (scale, num) in (0..4_u64).flat_map(|scale| (0..32_u64).map(move |num| (scale, num))) {
        let pages = (num + 1) << (5 * scale + 1);
        assert_eq!(covered(&[num << 39 | scale << 44 | 1 << 46]), pages, "scale {scale}, num {num}");
    }
}

#[test]
fn from_the_new_mapping() {
    let broken = || trace(arm64().has(pte(2, 1), block(A))).store(pte(2, 1), INVALID).dsb_ishst();
    // The block is pages 4 to 7; the operation had got to page 8.
    broken().tlbi_range(8, 11).dsb_ish().isb().returns_unmapped(4, 7).breaks(Rule::Stale);
    broken().tlbi_range(4, 7).dsb_ish().isb().returns_unmapped(4, 7).ok();
}

#[test]
fn every_count_of_a_batch() {
    for (first, pages) in [0, 5, 511].into_iter().flat_map(|first| (1..=66).map(move |pages| (first, pages)))
    {
        let (mut table, mut arena) = arena(&config(false));
        // A page before and one behind, so that no table goes.
        let all = range((first + 8) * PAGE, (pages + 2) * PAGE);
        table.map(&mut arena, all, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
        arena.take_steps();
        let mut gather = table.gather(&mut arena, Limits::default());
        for page in 0..pages {
            let one = range((first + 9 + page) * PAGE, PAGE);
            assert_eq!(gather.unmap(one, Boundary::Stop).map(|done| done.bytes), Ok(PAGE));
        }
        let done = gather.finish();
        let steps = arena.take_steps();
        if done.full != 0 {
            assert!(steps.contains(&Step::TlbiAlle2is), "everything");
            continue;
        }
        let found: BTreeSet<u64> = steps
            .iter()
            .filter_map(|step| if let Step::TlbiVale2is(page) = step { Some(*page) } else { None })
            .collect();
        let expected: BTreeSet<u64> = (0..pages).map(|page| first + 9 + page).collect();
        assert_eq!(found, expected, "{pages} pages from {first}");
    }
}
