//! Several PEs on arm64: who covers whose stores, and no false alarm where two work at once.

use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, page, table};
use ptdsl_model::trace::{SPARE, Setup, Trace, arm64, pte, spare, trace};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

fn two() -> Setup {
    arm64().pes(2).has(pte(3, 0), page(A)).has(pte(3, 1), page(A + 0x1000))
}

#[test]
fn an_unrelated_tlbi_while_another_pe_breaks_and_makes() {
    // PE 1's TLBI is pending all the time: what PE 0 makes afterwards is in its survivor set, what PE 0 broke is not.
    trace(two())
        .on(1)
        .store(pte(3, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(1)
        .on(0)
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(B))
        .on(1)
        .dsb_ish()
        .isb()
        .returns_unmapped(1, 1)
        .on(0)
        .returns_mapped(0, 0, page(B))
        .ok();
}

#[test]
fn an_overlapping_tlbi_while_another_pe_breaks_and_makes() {
    // The same with a TLBI of everything on PE 1: it must not take away what is made, nor bring back what was broken.
    trace(two())
        .on(1)
        .tlbi_all()
        .on(0)
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .dsb_ishst()
        .isb()
        .on(1)
        .dsb_ish()
        .isb()
        .on(0)
        .returns_mapped(0, 0, page(B))
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .isb()
        .release(B)
        .breaks(Rule::DataInUse);
}

#[test]
fn another_pes_dsb_does_not_complete_a_tlbi() {
    trace(two())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .on(1)
        .dsb_ish()
        .on(0)
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn another_pes_dsb_does_not_cover_a_store() {
    trace(two())
        .store(pte(3, 0), INVALID)
        .on(1)
        .dsb_ish()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

fn handed_over(trace: Trace) -> Trace {
    trace.dsb_ishst().tlbi_vale(0).dsb_ish().isb().release(A)
}

#[test]
fn lock_hand_over_with_acquire() {
    // PE 0 stores under a lock; PE 1 takes it over and completes the break.
    handed_over(trace(two()).lock().store(pte(3, 0), INVALID).unlock().on(1).lock()).ok();
}

#[test]
fn lock_hand_over_without_acquire() {
    handed_over(trace(two()).lock().store(pte(3, 0), INVALID).unlock().on(1)).breaks(Rule::DataInUse);
}

#[test]
fn lock_hand_over_without_release() {
    handed_over(trace(two()).lock().store(pte(3, 0), INVALID).on(1).lock()).breaks(Rule::DataInUse);
}

#[test]
fn a_load_acquire_joins_the_view_of_the_store_that_it_reads() {
    let published = |t: Trace| t.store(pte(3, 0), INVALID).store_release(pte(3, 3), page(B));
    handed_over(published(trace(two())).on(1).load_acquire(pte(3, 3))).ok();
    handed_over(published(trace(two())).on(1).load(pte(3, 3))).breaks(Rule::DataInUse);
    let plain = trace(two()).store(pte(3, 0), INVALID).store(pte(3, 3), page(B)).on(1);
    handed_over(plain.load_acquire(pte(3, 3))).breaks(Rule::DataInUse);
}

#[test]
fn a_compare_exchange_that_loses_observes_the_winner() {
    let fill = |t: Trace| t.fill(spare, [page(B), INVALID, INVALID, INVALID]);
    // PE 0 installs a table; PE 1 loses the race, and stores into the winner's table after its own barrier.
    fill(trace(two()))
        .compare_exchange(pte(2, 1), INVALID, table(SPARE))
        .on(1)
        .compare_exchange(pte(2, 1), INVALID, table(0x1000_4000))
        .store(spare(1), page(B + 0x1000))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 5, page(B))
        .ok();
}

#[test]
fn a_compare_exchange_orders_the_child() {
    let fill = |t: Trace| t.fill(spare, [page(B), INVALID, INVALID, INVALID]);
    fill(trace(two())).compare_exchange(pte(2, 1), INVALID, table(SPARE)).ok();
    trace(two()).compare_exchange(pte(2, 1), INVALID, table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn another_pe_relies_on_a_new_leaf_after_its_own_synchronisation() {
    let mapped = || trace(arm64().pes(2)).store(pte(3, 0), page(A)).dsb_ishst().isb();
    mapped().on(1).isb().touch(0).ok();
    mapped().on(1).touch(0).breaks(Rule::Faults);
    trace(arm64().pes(2)).store(pte(3, 0), page(A)).on(1).isb().touch(0).breaks(Rule::Faults);
}

#[test]
fn four_pes_drop_what_one_invalidates() {
    let four = || trace(two().pes(4)).store(pte(3, 0), INVALID).dsb_ishst();
    four().tlbi_vale(0).dsb_ish().isb().release(A).ok();
    four().tlbi_vale_local(0).dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

// ASIDs.

fn own() -> Setup {
    arm64().space(1).has(pte(3, 0), page(A).not_global())
}

#[test]
fn a_tlbi_of_another_asid_leaves_what_is_not_global() {
    let gone = |asid: u16| {
        trace(own()).store(pte(3, 0), INVALID).dsb_ishst().tlbi_vale_asid(0, asid).dsb_ish().isb().release(A)
    };
    gone(1).ok();
    gone(2).breaks(Rule::DataInUse);
}

#[test]
fn a_tlbi_by_asid_leaves_what_is_global() {
    let by_asid = |setup: Setup| {
        trace(setup).store(pte(3, 0), INVALID).dsb_ishst().tlbi_aside(1).dsb_ish().isb().release(A)
    };
    by_asid(own()).ok();
    by_asid(arm64().space(1).has(pte(3, 0), page(A))).breaks(Rule::DataInUse);
}

#[test]
fn an_asid_used_again_before_its_flush() {
    // The next address space has the same ASID, another root, and another page at the same address.
    let next = |t: Trace| {
        t.leave(0)
            .fill(spare, [INVALID; 4])
            .fill(ptdsl_model::trace::spare2, [INVALID; 4])
            .dsb_ishst()
            .isb()
            .context(0x1000_1000, 1, 0)
    };
    // Table 2 as a root: its slot 0 would lead one level too far, so it maps a block instead.
    let reuse = |t: Trace| {
        next(t.store(pte(2, 0), INVALID).dsb_ishst()).store(pte(2, 0), ptdsl_model::tiny::block(B))
    };
    reuse(trace(own())).dsb_ishst().isb().enter(1).breaks(Rule::Conflict);
    reuse(trace(own()).leave(0)).dsb_ishst().tlbi_aside(1).dsb_ish().isb().enter(1).ok();
}
