//! The 22 cases that PROTOCOL.md names at the end of its section on the model, on a single arm64 PE.

use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, block, page, table};
use ptdsl_model::trace::{SPARE, Setup, TABLE3, Trace, arm64, pte, spare, trace};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

fn one_page() -> Setup {
    arm64().has(pte(3, 0), page(A))
}

fn two_pages() -> Setup {
    one_page().has(pte(3, 1), page(A + 0x1000))
}

/// Pages 4 to 7 as a block.
fn one_block() -> Setup {
    arm64().has(pte(2, 1), block(A))
}

fn child(trace: Trace) -> Trace {
    trace.fill(spare, [page(A), page(A + 0x1000), page(A + 0x2000), page(A + 0x3000)])
}

#[test]
fn output_change_without_break() {
    trace(one_page()).store(pte(3, 0), page(B)).breaks(Rule::Conflict);
}

#[test]
fn memory_type_change_without_break() {
    trace(one_page()).store(pte(3, 0), page(A).device()).breaks(Rule::Conflict);
}

#[test]
fn permission_drop_without_tlbi() {
    trace(one_page())
        .store(pte(3, 0), page(A).ro())
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(A).ro())
        .breaks(Rule::Stale);
}

#[test]
fn permission_drop_with_tlbi() {
    trace(one_page())
        .store(pte(3, 0), page(A).ro())
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .returns_mapped(0, 0, page(A).ro())
        .ok();
}

#[test]
fn page_released_without_tlbi() {
    trace(one_page()).store(pte(3, 0), INVALID).dsb_ishst().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn page_released_correctly() {
    trace(one_page()).store(pte(3, 0), INVALID).dsb_ishst().tlbi_vale(0).dsb_ish().isb().release(A).ok();
}

#[test]
fn break_before_make_done_right() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(B))
        .ok();
}

#[test]
fn first_dsb_missing() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .tlbi_vale(0)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .breaks(Rule::Conflict);
}

#[test]
fn second_dsb_missing() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .store(pte(3, 0), page(B))
        .breaks(Rule::Conflict);
}

#[test]
fn wrong_va() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(1)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .breaks(Rule::Conflict);
}

#[test]
fn wrong_level_hint() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale_hint(0, 2)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .breaks(Rule::Conflict);
}

#[test]
fn vale_on_a_block_is_legal() {
    trace(one_block())
        .store(pte(2, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(6)
        .dsb_ish()
        .isb()
        .returns_unmapped(4, 7)
        .release(A)
        .ok();
}

#[test]
fn split_without_break() {
    child(trace(one_block())).dmb_ishst().store(pte(2, 1), table(SPARE)).breaks(Rule::Conflict);
}

#[test]
fn split_with_break() {
    child(trace(one_block()))
        .dmb_ishst()
        .store(pte(2, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(4)
        .dsb_ish()
        .store(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 7, page(A))
        .ok();
}

#[test]
fn child_published_by_plain_stores() {
    child(trace(arm64())).store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn child_published_with_dmb() {
    child(trace(arm64()))
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 7, page(A))
        .ok();
}

#[test]
fn table_removed_with_vale_then_freed() {
    trace(arm64())
        .store(pte(2, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .free(TABLE3)
        .breaks(Rule::TableInUse);
}

#[test]
fn table_removed_with_vae_is_legal() {
    trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).dsb_ish().isb().free(TABLE3).ok();
}

#[test]
fn table_freed_before_the_tlbi() {
    trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn table_with_two_leaves_removed_by_one_va_and_the_second_page_released() {
    trace(two_pages())
        .store(pte(2, 0), INVALID)
        .dsb_ishst()
        .tlbi_vae(0)
        .dsb_ish()
        .isb()
        .free(TABLE3)
        .release(A)
        .release(A + 0x1000)
        .breaks(Rule::DataInUse);
}

fn four_pages() -> Setup {
    two_pages().has(pte(3, 2), page(A + 0x2000)).has(pte(3, 3), page(A + 0x3000))
}

#[test]
fn collapse_with_one_vae() {
    trace(four_pages())
        .store(pte(2, 0), INVALID)
        .dsb_ishst()
        .tlbi_vae(0)
        .dsb_ish()
        .store(pte(2, 0), block(A))
        .breaks(Rule::Conflict);
}

#[test]
fn collapse_with_all() {
    trace(four_pages())
        .store(pte(2, 0), INVALID)
        .dsb_ishst()
        .tlbi_vae(0)
        .tlbi_vae(1)
        .tlbi_vae(2)
        .tlbi_vae(3)
        .dsb_ish()
        .store(pte(2, 0), block(A))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 3, block(A))
        .free(TABLE3)
        .ok();
}

/// "A cached walk entry must keep its view, or one case is missed": the table is walked again from the entry, long after it was
/// read, and still sees the child as its publisher wrote it.
#[test]
fn a_cached_walk_entry_keeps_its_view() {
    child(trace(arm64()))
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .store(spare(0), INVALID)
        .dsb_ishst()
        .tlbi_vale(4)
        .dsb_ish()
        .store(spare(0), page(B))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 4, page(B))
        .ok();
}

/// The mutant that must die.
#[test]
fn ishst_never_completes_a_tlbi() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ishst()
        .store(pte(3, 0), page(B))
        .breaks(Rule::Conflict);
}

/// Not before the page is freed, but before the operation returns.
#[test]
fn table_removed_without_isb() {
    let gone = || trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).dsb_ish();
    gone().free(TABLE3).isb().returns_unmapped(0, 3).ok();
    gone().free(TABLE3).returns_unmapped(0, 3).breaks(Rule::Stale);
}
