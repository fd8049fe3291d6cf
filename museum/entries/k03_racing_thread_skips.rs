//! ---
//! class: K3
//! title: the thread that loses a race believes that the winner has invalidated
//! happened: Linux KVM arm64 (be097997a273)
//! stops: every change that took something away is invalidated by whoever made it; the model's rule (d) for each PE
//! tests: the_loser_returns_early, the_loser_invalidates_too
//! ---
//! Two PEs write-protect the same page. The second finds the bit set and returns without an invalidation, while that of the first
//! has not happened yet. What the second then relies on, nobody writing, is not so.

use ptdsl_model::Rule;
use ptdsl_model::tiny::page;
use ptdsl_model::trace::{Trace, arm64, pte, trace};

const A: u64 = 0x8000_0000;

fn protected_by_the_first() -> Trace {
    trace(arm64().pes(2).has(pte(3, 0), page(A)))
        .compare_exchange(pte(3, 0), page(A), page(A).ro())
        .on(1)
        .load_acquire(pte(3, 0))
}

#[test]
fn the_loser_returns_early() {
    protected_by_the_first().isb().returns_mapped(0, 0, page(A).ro()).breaks(Rule::Stale);
}

#[test]
fn the_loser_invalidates_too() {
    protected_by_the_first().dsb_ishst().tlbi_vale(0).dsb_ish().isb().returns_mapped(0, 0, page(A).ro()).ok();
}
