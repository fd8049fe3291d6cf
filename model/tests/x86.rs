//! x86-64: total store order, INVLPG, PCIDs, large pages in pieces.

use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, block, page, table};
use ptdsl_model::trace::{SPARE, Setup, TABLE3, Trace, pte, spare, trace, x86};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

fn one_page() -> Setup {
    x86().has(pte(3, 0), page(A))
}

fn child(trace: Trace) -> Trace {
    trace.fill(spare, [page(A), page(A + 0x1000), page(A + 0x2000), page(A + 0x3000)])
}

#[test]
fn a_child_needs_no_barrier() {
    child(trace(x86())).store(pte(2, 1), table(SPARE)).mfence().touch(4).ok();
}

#[test]
fn a_child_filled_after_its_parent() {
    trace(x86()).store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn a_new_leaf_may_fault_spuriously_until_it_is_visible() {
    trace(x86()).store(pte(3, 0), page(A)).touch(0).breaks(Rule::Faults);
    trace(x86()).store(pte(3, 0), page(A)).mfence().touch(0).ok();
}

#[test]
fn leaf_removed() {
    trace(one_page()).exchange(pte(3, 0), INVALID).invlpg(0).release(A).ok();
    trace(one_page()).exchange(pte(3, 0), INVALID).release(A).breaks(Rule::DataInUse);
    trace(one_page()).exchange(pte(3, 0), INVALID).invlpg(1).release(A).breaks(Rule::DataInUse);
}

#[test]
fn invlpg_before_the_store() {
    trace(one_page()).invlpg(0).exchange(pte(3, 0), INVALID).release(A).breaks(Rule::DataInUse);
}

#[test]
fn all_cpus_must_invalidate() {
    let gone = || trace(one_page().pes(2)).exchange(pte(3, 0), INVALID).invlpg(0);
    gone().release(A).breaks(Rule::DataInUse);
    gone().ipi(1).on(1).invlpg(0).on(0).release(A).ok();
}

#[test]
fn a_shoot_down_without_the_senders_store() {
    // The other CPU invalidates before the store is made, and may walk the old entry again.
    trace(one_page().pes(2))
        .ipi(1)
        .on(1)
        .invlpg(0)
        .on(0)
        .exchange(pte(3, 0), INVALID)
        .invlpg(0)
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn the_dirty_bit_must_not_be_lost() {
    let clean = || trace(x86().updates().has(pte(3, 0), page(A).old()));
    clean().store(pte(3, 0), INVALID).breaks(Rule::LostUpdate);
    clean().exchange(pte(3, 0), INVALID).invlpg(0).release(A).ok();
}

#[test]
fn output_or_type_changed_in_place() {
    trace(one_page()).store(pte(3, 0), page(B)).breaks(Rule::Conflict);
    trace(one_page()).store(pte(3, 0), page(A).device()).breaks(Rule::Conflict);
}

#[test]
fn fewer_permissions() {
    let less = || trace(one_page()).exchange(pte(3, 0), page(A).ro());
    less().returns_mapped(0, 0, page(A).ro()).breaks(Rule::Stale);
    less().invlpg(0).returns_mapped(0, 0, page(A).ro()).ok();
}

#[test]
fn more_permissions_lazily() {
    trace(x86().has(pte(3, 0), page(A).ro()))
        .store(pte(3, 0), page(A))
        .returns_lazily(0, 0, page(A), Some(page(A).ro()))
        .ok();
}

fn large() -> Setup {
    x86().has(pte(2, 1), block(A))
}

#[test]
fn a_large_page_removed_by_one_invlpg() {
    trace(large()).exchange(pte(2, 1), INVALID).invlpg(5).release(A).ok();
}

#[test]
fn a_large_page_split_in_one_store() {
    // "A large page may be cached in pieces": each 4 KiB of it.
    let split = || child(trace(large())).exchange(pte(2, 1), table(SPARE));
    let all = (4..8).fold(split(), Trace::invlpg);
    all.returns_mapped(4, 7, page(A)).store(spare(3), INVALID).invlpg(7).release(A + 0x3000).ok();
}

#[test]
fn a_split_with_one_invlpg_keeps_pieces() {
    child(trace(large()))
        .exchange(pte(2, 1), table(SPARE))
        .invlpg(4)
        .exchange(spare(3), INVALID)
        .invlpg(7)
        .release(A + 0x2000)
        .breaks(Rule::DataInUse);
}

#[test]
fn a_huge_page_split_into_large_ones() {
    // INVLPG of any address of a large page takes every piece of it.
    let large = [0, 4, 8, 12].map(|page| block(A + page * 0x1000));
    let split = || {
        let huge = trace(x86().has(pte(1, 1), block(A)));
        huge.fill(spare, large).exchange(pte(1, 1), table(SPARE))
    };
    let gone = |trace: Trace| trace.exchange(spare(3), INVALID).invlpg(28).release(A + 0xd000);
    gone([16, 21, 24, 28].into_iter().fold(split(), Trace::invlpg)).ok();
    gone([16, 21, 28].into_iter().fold(split(), Trace::invlpg)).breaks(Rule::DataInUse);
}

#[test]
fn a_split_flushed_by_context() {
    let global = || child(trace(large())).exchange(pte(2, 1), table(SPARE));
    global().mov_cr3(0).exchange(spare(3), INVALID).invlpg(7).release(A + 0x3000).breaks(Rule::DataInUse);
    global().flush_all().exchange(spare(3), INVALID).invlpg(7).release(A + 0x3000).ok();
}

#[test]
fn collapse() {
    let pages = (0..4).fold(x86(), |s, k| s.has(pte(3, k), page(A + u64::from(k) * 0x1000)));
    let merged = || trace(pages.clone()).exchange(pte(2, 0), block(A));
    (0..4).fold(merged(), Trace::invlpg).free(TABLE3).ok();
    merged().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn an_empty_table_goes_with_one_invlpg() {
    trace(x86()).exchange(pte(2, 0), INVALID).invlpg(3).free(TABLE3).ok();
    // INVLPG drops all paging-structure caches of the PCID, whatever the address.
    trace(x86()).exchange(pte(2, 0), INVALID).invlpg(60).free(TABLE3).ok();
    trace(x86()).exchange(pte(2, 0), INVALID).free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn a_table_with_a_leaf_needs_that_leaf_invalidated_too() {
    let two = || trace(one_page().has(pte(3, 1), page(B))).exchange(pte(2, 0), INVALID).invlpg(0);
    two().free(TABLE3).release(A).release(B).breaks(Rule::DataInUse);
    two().invlpg(1).free(TABLE3).release(A).release(B).ok();
}

#[test]
fn another_pcid_keeps_what_it_cached() {
    // The same tables under PCID 1: one INVLPG per PCID that reaches them.
    let both = || trace(x86().has(pte(3, 0), page(A).not_global())).context(0x1000_0000, 1, 0).enter(1);
    both().exchange(pte(3, 0), INVALID).invlpg(0).release(A).breaks(Rule::DataInUse);
    both().exchange(pte(3, 0), INVALID).invlpg(0).invlpg_pcid(0, 1).release(A).ok();
    both().exchange(pte(2, 0), INVALID).invlpg(0).free(TABLE3).breaks(Rule::TableInUse);
    both().exchange(pte(2, 0), INVALID).invlpg(0).invlpg_pcid(0, 1).free(TABLE3).ok();
}

#[test]
fn a_context_that_was_left_keeps_its_entries() {
    let left = || {
        trace(x86().has(pte(3, 0), page(A).not_global()))
            .context(0x1000_0000, 1, 0)
            .enter(1)
            .leave(1)
            .exchange(pte(3, 0), INVALID)
            .invlpg(0)
    };
    left().release(A).breaks(Rule::DataInUse);
    left().mov_cr3(1).release(A).ok();
}

#[test]
fn a_global_page_goes_under_any_pcid() {
    trace(one_page())
        .context(0x1000_0000, 1, 0)
        .enter(1)
        .exchange(pte(3, 0), INVALID)
        .invlpg(0)
        .release(A)
        .ok();
}

#[test]
fn mov_to_cr3_leaves_global_pages() {
    let flushed = |setup: Setup| trace(setup).exchange(pte(3, 0), INVALID).mov_cr3(0).release(A);
    flushed(one_page()).breaks(Rule::DataInUse);
    flushed(x86().has(pte(3, 0), page(A).not_global())).ok();
}

#[test]
fn nothing_without_need() {
    trace(one_page().strict()).invlpg(1).breaks(Rule::Needless);
    trace(one_page().strict()).exchange(pte(3, 0), INVALID).invlpg(0).ok();
}
