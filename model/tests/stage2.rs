//! arm64 stage 2: entries by IPA, combined entries, walk entries of both stages, VMIDs.

use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, block, page, table};
use ptdsl_model::trace::{SPARE, Setup, TABLE3, Trace, pte, spare, stage2, trace};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

fn one_page() -> Setup {
    stage2().has(pte(3, 0), page(A))
}

fn gone() -> Trace {
    trace(one_page()).store(pte(3, 0), INVALID).dsb_ishst()
}

#[test]
fn both_halves() {
    gone().tlbi_vale(0).dsb_ish().tlbi_vmalle1().dsb_ish().isb().returns_unmapped(0, 0).release(A).ok();
}

#[test]
fn without_the_combined_half() {
    gone().tlbi_vale(0).dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn without_the_half_by_ipa() {
    gone().tlbi_vmalle1().dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn without_the_dsb_between() {
    // Until the first is complete, a walk can make a new combined entry from what it should have removed.
    gone().tlbi_vale(0).tlbi_vmalle1().dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn in_the_wrong_order() {
    gone().tlbi_vmalle1().dsb_ish().tlbi_vale(0).dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn with_the_dsb_between_weakened() {
    gone().tlbi_vale(0).dsb_ishst().tlbi_vmalle1().dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn without_the_last_dsb() {
    gone().tlbi_vale(0).dsb_ish().tlbi_vmalle1().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn without_the_first_dsb() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .tlbi_vale(0)
        .dsb_ish()
        .tlbi_vmalle1()
        .dsb_ish()
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn everything_of_a_vmid_at_once() {
    gone().tlbi_vmalls12e1().dsb_ish().isb().release(A).ok();
}

#[test]
fn a_table_needs_its_walk_entries_gone() {
    let unlinked = || trace(stage2()).store(pte(2, 0), INVALID).dsb_ishst();
    unlinked().tlbi_vae(0).dsb_ish().tlbi_vmalle1().dsb_ish().isb().free(TABLE3).ok();
    unlinked().tlbi_vale(0).dsb_ish().tlbi_vmalle1().dsb_ish().isb().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn another_vmid_is_current() {
    let selected = |t: Trace| t.tlbi_vale(0).dsb_ish().tlbi_vmalle1().dsb_ish().isb().release(A);
    selected(gone().select_vmid(1).isb()).breaks(Rule::DataInUse);
    selected(gone().select_vmid(1).isb().select_vmid(0).isb()).ok();
}

#[test]
fn a_vmid_selected_without_isb_is_not_certain() {
    gone()
        .select_vmid(1)
        .isb()
        .select_vmid(0)
        .tlbi_vale(0)
        .dsb_ish()
        .tlbi_vmalle1()
        .dsb_ish()
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn break_and_make_at_stage_2() {
    gone()
        .tlbi_vale(0)
        .dsb_ish()
        .tlbi_vmalle1()
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(B))
        .ok();
}

#[test]
fn merging_tables_to_a_block_invalidated_by_ipa_only() {
    trace((0..4).fold(stage2(), |s, k| s.has(pte(3, k), page(A + u64::from(k) * 0x1000))))
        .store(pte(2, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .tlbi_vmalle1()
        .dsb_ish()
        .store(pte(2, 0), block(A))
        .breaks(Rule::Conflict);
}

#[test]
fn nothing_at_stage_2_is_without_need() {
    trace(one_page().strict())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .tlbi_vmalle1()
        .dsb_ish()
        .isb()
        .ok();
}

#[test]
fn a_new_table_at_stage_2() {
    let fill = |t: Trace| t.fill(spare, [page(A), page(A + 0x1000), page(A + 0x2000), page(A + 0x3000)]);
    fill(trace(stage2()))
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 7, page(A))
        .ok();
    fill(trace(stage2())).store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn an_operation_that_removed_a_table_owes_the_combined_half() {
    let unlinked = || trace(stage2().pes(2)).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).dsb_ish();
    unlinked().tlbi_vmalle1().dsb_ish().isb().returns_unmapped(0, 3).ok();
    unlinked().isb().returns_unmapped(0, 3).breaks(Rule::Stale);
    unlinked().tlbi_vmalle1().isb().returns_unmapped(0, 3).breaks(Rule::Stale);
    let local = ptdsl_model::Invalidate {
        what: ptdsl_model::What::Combined,
        ..ptdsl_model::Invalidate::all(ptdsl_model::Regime::Stage2)
    };
    unlinked().tlbi_local(local).dsb_ish().isb().returns_unmapped(0, 3).breaks(Rule::Stale);
}
