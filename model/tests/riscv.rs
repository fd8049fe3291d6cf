//! RISC-V: invalid entries are cached, a hart's `sfence.vma` is its own, non-leaf changes need rs1 = x0.

use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, block, page, table};
use ptdsl_model::trace::{SPARE, Setup, TABLE3, Trace, pte, riscv, spare, trace};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

fn one_page() -> Setup {
    riscv().has(pte(3, 0), page(A))
}

fn child(trace: Trace) -> Trace {
    trace.fill(spare, [page(A), page(A + 0x1000), page(A + 0x2000), page(A + 0x3000)])
}

#[test]
fn table_published() {
    child(trace(riscv()))
        .fence_w_w()
        .store(pte(2, 1), table(SPARE))
        .sfence_all()
        .returns_mapped(4, 7, page(A))
        .ok();
}

#[test]
fn table_published_without_fence() {
    child(trace(riscv())).store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn table_published_without_sfence() {
    let published = || child(trace(riscv())).fence_w_w().store(pte(2, 1), table(SPARE));
    published().returns_mapped(4, 7, page(A)).breaks(Rule::NotVisible);
    published().fence_rw_rw().returns_mapped(4, 7, page(A)).breaks(Rule::NotVisible);
}

#[test]
fn a_cached_invalid_entry_outlives_everything_but_sfence() {
    let mapped = || trace(riscv()).store(pte(3, 0), page(A));
    mapped().sfence(0).touch(0).ok();
    mapped().sfence_all().touch(0).ok();
    mapped().fence_rw_rw().exception().touch(0).breaks(Rule::Faults);
    mapped().sfence(1).touch(0).breaks(Rule::Faults);
}

#[test]
fn a_cached_invalid_pointer_goes_only_with_a_fence_that_covers_it() {
    // The invalid entry stands where the pointer is now: an address-specific fence covers the leaf of that address, which it is.
    let published = || child(trace(riscv())).fence_w_w().store(pte(2, 1), table(SPARE));
    published().sfence(4).touch(4).ok();
    published().sfence(0).touch(4).breaks(Rule::Faults);
}

#[test]
fn leaf_removed() {
    let gone = || trace(one_page()).exchange(pte(3, 0), INVALID);
    gone().sfence(0).release(A).ok();
    gone().release(A).breaks(Rule::DataInUse);
    gone().sfence(1).release(A).breaks(Rule::DataInUse);
    trace(one_page()).sfence(0).exchange(pte(3, 0), INVALID).release(A).breaks(Rule::DataInUse);
}

#[test]
fn all_harts_must_fence() {
    let gone = || trace(one_page().pes(2)).exchange(pte(3, 0), INVALID).sfence(0);
    gone().release(A).breaks(Rule::DataInUse);
    gone().fence_rw_rw().ipi(1).on(1).sfence(0).on(0).release(A).ok();
    // Without the fence before the interrupt the other hart may not see the store yet.
    trace(one_page().pes(2))
        .store(pte(3, 0), INVALID)
        .ipi(1)
        .on(1)
        .sfence(0)
        .on(0)
        .sfence(0)
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn rs2_leaves_what_a_g_bit_covers() {
    // "rs2 = x0 if a G bit lies on the path."
    let gone = |setup: Setup| trace(setup).exchange(pte(3, 0), INVALID).sfence_asid(0, 0).release(A);
    gone(one_page()).breaks(Rule::DataInUse);
    gone(riscv().has(pte(3, 0), page(A).not_global())).ok();
}

#[test]
fn rs2_of_another_asid() {
    trace(riscv().space(1).has(pte(3, 0), page(A).not_global()))
        .exchange(pte(3, 0), INVALID)
        .sfence_asid(0, 2)
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn no_conflict_but_stale() {
    let changed = || trace(one_page()).store(pte(3, 0), page(B));
    changed().ok();
    changed().returns_mapped(0, 0, page(B)).breaks(Rule::Stale);
    changed().sfence(0).returns_mapped(0, 0, page(B)).ok();
}

#[test]
fn fewer_permissions() {
    let less = || trace(one_page()).exchange(pte(3, 0), page(A).ro());
    less().returns_mapped(0, 0, page(A).ro()).breaks(Rule::Stale);
    less().sfence(0).returns_mapped(0, 0, page(A).ro()).ok();
}

#[test]
fn more_permissions_lazily() {
    trace(riscv().has(pte(3, 0), page(A).ro()))
        .store(pte(3, 0), page(A))
        .returns_lazily(0, 0, page(A), Some(page(A).ro()))
        .ok();
}

#[test]
fn dirty_must_not_be_lost() {
    let clean = || trace(riscv().updates().has(pte(3, 0), page(A).old()));
    clean().store(pte(3, 0), INVALID).breaks(Rule::LostUpdate);
    clean().exchange(pte(3, 0), INVALID).sfence(0).release(A).ok();
}

#[test]
fn split() {
    let split = || child(trace(riscv().has(pte(2, 1), block(A)))).fence_w_w().store(pte(2, 1), table(SPARE));
    split().sfence_all().store(spare(1), INVALID).sfence(5).returns_unmapped(5, 5).ok();
    // The superpage was never fenced for its other pages.
    split().store(spare(1), INVALID).sfence(4).ok();
    split().returns_mapped(4, 7, page(A)).ok();
    split().store(spare(1), INVALID).returns_unmapped(5, 5).breaks(Rule::Stale);
}

#[test]
fn a_table_removed_needs_rs1_x0() {
    let gone = || trace(riscv()).store(pte(2, 0), INVALID);
    gone().sfence_all().free(TABLE3).ok();
    gone().sfence(0).free(TABLE3).breaks(Rule::TableInUse);
    gone().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn collapse() {
    let pages = (0..4).fold(riscv(), |s, k| s.has(pte(3, k), page(A + u64::from(k) * 0x1000)));
    let cleared = || trace(pages.clone()).store(pte(2, 0), INVALID);
    cleared()
        .sfence_all()
        .store(pte(2, 0), block(A))
        .sfence_all()
        .returns_mapped(0, 3, block(A))
        .free(TABLE3)
        .ok();
    cleared().sfence_all().store(pte(2, 0), block(A)).returns_mapped(0, 3, block(A)).breaks(Rule::NotVisible);
    cleared().store(pte(2, 0), block(A)).sfence(0).free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn napot_group_changed_by_half() {
    let group = || riscv().has(pte(3, 0), page(A).contiguous()).has(pte(3, 1), page(A + 0x1000).contiguous());
    trace(group()).store(pte(3, 0), INVALID).sfence(0).returns_unmapped(0, 0).breaks(Rule::Stale);
    trace(group())
        .store(pte(3, 0), INVALID)
        .store(pte(3, 1), INVALID)
        .sfence(0)
        .sfence(1)
        .returns_unmapped(0, 1)
        .ok();
}

#[test]
fn code_needs_fence_i_on_every_hart() {
    let mapped = || trace(riscv().pes(2)).write_code(A).store(pte(3, 0), page(A).rx()).sfence(0);
    mapped().fetch(0).breaks(Rule::StaleCode);
    mapped().fence_i().fetch(0).ok();
    mapped().fence_i().fence_rw_rw().ipi(1).on(1).sfence(0).fetch(0).breaks(Rule::StaleCode);
    mapped().fence_i().fence_rw_rw().ipi(1).on(1).sfence(0).fence_i().fetch(0).ok();
}
