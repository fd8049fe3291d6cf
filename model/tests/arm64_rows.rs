//! Each row of PROTOCOL.md's table of transitions on arm64: done right, and with each of its steps removed.

use ptdsl_model::Rule;
use ptdsl_model::arch::arm64::Features;
use ptdsl_model::tiny::{INVALID, Word, block, page, table};
use ptdsl_model::trace::{SPARE, SPARE2, Setup, TABLE3, Trace, arm64, arm64_with, pte, spare, spare2, trace};
use ptdsl_model::{Invalidate, Regime};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

fn one_page() -> Setup {
    arm64().has(pte(3, 0), page(A))
}

fn four_pages() -> Setup {
    (0..4).fold(arm64(), |setup, k| setup.has(pte(3, k), page(A + u64::from(k) * 0x1000)))
}

fn child(trace: Trace) -> Trace {
    trace.fill(spare, [page(A), page(A + 0x1000), page(A + 0x2000), page(A + 0x3000)])
}

// Invalid to table.

#[test]
fn table_published_by_store_release() {
    child(trace(arm64()))
        .store_release(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 7, page(A))
        .ok();
}

#[test]
fn table_published_without_fill() {
    trace(arm64()).dmb_ishst().store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn table_filled_after_publication() {
    trace(arm64()).store_release(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn a_barrier_for_loads_orders_no_child() {
    child(trace(arm64())).dmb_ishld().store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn two_levels_of_children_need_one_barrier_each_or_one_for_both() {
    let grandchild = |t: Trace| child(t).fill(spare2, [table(SPARE), INVALID, INVALID, INVALID]);
    grandchild(trace(arm64())).dmb_ishst().store(pte(1, 1), table(SPARE2)).ok();
    grandchild(trace(arm64())).store(pte(1, 1), table(SPARE2)).breaks(Rule::Uninitialised);
    // The inner table is ordered, the outer is not.
    child(trace(arm64()))
        .dmb_ishst()
        .fill(spare2, [table(SPARE), INVALID, INVALID, INVALID])
        .store(pte(1, 1), table(SPARE2))
        .breaks(Rule::Uninitialised);
}

#[test]
fn table_published_without_dsb() {
    child(trace(arm64()))
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .isb()
        .returns_mapped(4, 7, page(A))
        .breaks(Rule::NotVisible);
}

#[test]
fn table_published_without_isb() {
    child(trace(arm64()))
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .returns_mapped(4, 7, page(A))
        .breaks(Rule::NotVisible);
}

#[test]
fn a_child_with_a_bit_that_must_be_zero() {
    trace(arm64()).store(pte(3, 0), page(A).malformed()).breaks(Rule::Malformed);
}

#[test]
fn a_table_descriptor_that_leads_to_no_table() {
    trace(arm64()).store(pte(2, 1), table(0x4444_0000)).breaks(Rule::Malformed);
}

// Invalid to leaf.

#[test]
fn leaf_published() {
    trace(arm64()).store(pte(3, 0), page(A)).dsb_ishst().isb().returns_mapped(0, 0, page(A)).ok();
}

#[test]
fn leaf_published_without_dsb() {
    trace(arm64()).store(pte(3, 0), page(A)).isb().returns_mapped(0, 0, page(A)).breaks(Rule::NotVisible);
}

#[test]
fn leaf_published_without_isb() {
    trace(arm64())
        .store(pte(3, 0), page(A))
        .dsb_ishst()
        .returns_mapped(0, 0, page(A))
        .breaks(Rule::NotVisible);
}

#[test]
fn leaf_published_isb_before_dsb() {
    trace(arm64())
        .store(pte(3, 0), page(A))
        .isb()
        .dsb_ishst()
        .returns_mapped(0, 0, page(A))
        .breaks(Rule::NotVisible);
}

#[test]
fn leaf_published_with_ets2_needs_no_isb() {
    let ets2 = || arm64_with(Regime::Os, Features { ets2: true, ..Features::default() });
    trace(ets2()).store(pte(3, 0), page(A)).dsb_ishst().returns_mapped(0, 0, page(A)).ok();
    trace(ets2()).store(pte(3, 0), page(A)).returns_mapped(0, 0, page(A)).breaks(Rule::NotVisible);
}

#[test]
fn an_exception_synchronises_as_isb_does() {
    trace(arm64()).store(pte(3, 0), page(A)).dsb_ishst().exception().touch(0).ok();
}

// Invalid to executable leaf.

fn code() -> Trace {
    trace(arm64()).write_code(A)
}

#[test]
fn executable_leaf_published() {
    code().store(pte(3, 0), page(A).rx()).dsb_ishst().ic_ivau(A).dsb_ish().isb().fetch(0).ok();
}

#[test]
fn executable_leaf_published_without_ic() {
    code().store(pte(3, 0), page(A).rx()).dsb_ish().isb().fetch(0).breaks(Rule::StaleCode);
}

#[test]
fn executable_leaf_published_without_dsb_after_ic() {
    code().store(pte(3, 0), page(A).rx()).dsb_ishst().ic_ivau(A).isb().fetch(0).breaks(Rule::StaleCode);
}

#[test]
fn executable_leaf_published_without_isb() {
    code()
        .store(pte(3, 0), page(A).rx())
        .dsb_ishst()
        .isb()
        .ic_ivau(A)
        .dsb_ish()
        .fetch(0)
        .breaks(Rule::StaleCode);
}

#[test]
fn a_local_ic_leaves_the_other_pe_stale() {
    let both = |t: Trace| t.write_code(A).store(pte(3, 0), page(A).rx()).dsb_ishst();
    both(trace(arm64().pes(2))).ic_iallu().dsb_ish().isb().on(1).isb().fetch(0).breaks(Rule::StaleCode);
    both(trace(arm64().pes(2))).ic_ivau(A).dsb_ish().isb().on(1).isb().fetch(0).ok();
}

// Leaf to invalid. (Done right, and without the TLBI, and without either DSB: tests/cases.rs.)

#[test]
fn leaf_removed_without_first_dsb() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn leaf_removed_without_second_dsb() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn leaf_removed_without_isb() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .returns_unmapped(0, 0)
        .breaks(Rule::Stale);
}

#[test]
fn leaf_removed_without_store() {
    trace(one_page()).dsb_ishst().tlbi_vale(0).dsb_ish().isb().release(A).breaks(Rule::DataInUse);
}

#[test]
fn leaf_removed_with_a_barrier_for_this_pe_only() {
    let remove = || trace(one_page().pes(2)).store(pte(3, 0), INVALID).dsb_ishst().tlbi_vale(0);
    remove().dsb_nsh().isb().release(A).breaks(Rule::DataInUse);
    remove().dsb_osh().isb().release(A).ok();
    remove().dsb_sy().isb().release(A).ok();
}

#[test]
fn leaf_removed_with_a_store_visible_to_this_pe_only() {
    trace(one_page().pes(2))
        .store(pte(3, 0), INVALID)
        .dsb_nshst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn a_local_tlbi_acts_on_its_own_pe_alone() {
    let remove =
        |setup: Setup| trace(setup).store(pte(3, 0), INVALID).dsb_ishst().tlbi_vale_local(0).dsb_ish().isb();
    remove(one_page()).release(A).ok();
    remove(one_page().pes(2)).release(A).breaks(Rule::DataInUse);
}

#[test]
fn a_local_tlbi_is_complete_after_a_local_dsb() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale_local(0)
        .dsb_nsh()
        .isb()
        .release(A)
        .ok();
}

#[test]
fn a_tlbi_of_another_regime_covers_nothing() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi(Invalidate::address(Regime::El2, 0))
        .dsb_ish()
        .isb()
        .release(A)
        .breaks(Rule::DataInUse);
}

#[test]
fn right_level_hints() {
    trace(one_page())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale_hint(0, 3)
        .dsb_ish()
        .isb()
        .release(A)
        .ok();
    trace(arm64().has(pte(2, 1), block(A)))
        .store(pte(2, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale_hint(4, 2)
        .dsb_ish()
        .isb()
        .release(A)
        .ok();
}

#[test]
fn a_level_hint_without_feat_ttl() {
    let plain = arm64_with(Regime::Os, Features::default()).has(pte(3, 0), page(A));
    trace(plain).store(pte(3, 0), INVALID).dsb_ishst().tlbi_vale_hint(0, 3).breaks(Rule::Operand);
}

// Same output, more permissions.

fn grant() -> Trace {
    trace(arm64().has(pte(3, 0), page(A).ro())).store(pte(3, 0), page(A))
}

#[test]
fn permissions_granted() {
    grant().dsb_ishst().tlbi_vale(0).dsb_ish().isb().returns_mapped(0, 0, page(A)).ok();
}

#[test]
fn permissions_granted_with_each_step_missing() {
    grant().tlbi_vale(0).dsb_ish().isb().returns_mapped(0, 0, page(A)).breaks(Rule::Stale);
    grant().dsb_ishst().isb().returns_mapped(0, 0, page(A)).breaks(Rule::Stale);
    grant().dsb_ishst().tlbi_vale(0).isb().returns_mapped(0, 0, page(A)).breaks(Rule::Stale);
    grant().dsb_ishst().tlbi_vale(0).dsb_ish().returns_mapped(0, 0, page(A)).breaks(Rule::Stale);
}

#[test]
fn permissions_granted_lazily() {
    grant().dsb_ishst().isb().returns_lazily(0, 0, page(A), Some(page(A).ro())).ok();
    grant().dsb_ishst().isb().returns_lazily(0, 0, page(A), Some(page(A).ro().device())).breaks(Rule::Stale);
}

// Same output, fewer permissions.

fn drop_write() -> Trace {
    trace(one_page()).store(pte(3, 0), page(A).ro())
}

#[test]
fn permissions_dropped_with_each_step_missing() {
    drop_write().tlbi_vale(0).dsb_ish().isb().returns_mapped(0, 0, page(A).ro()).breaks(Rule::Stale);
    drop_write().dsb_ishst().tlbi_vale(0).isb().returns_mapped(0, 0, page(A).ro()).breaks(Rule::Stale);
    drop_write().dsb_ishst().tlbi_vale(0).dsb_ish().returns_mapped(0, 0, page(A).ro()).breaks(Rule::Stale);
}

#[test]
fn rw_to_rx_at_once() {
    trace(one_page()).store(pte(3, 0), page(A).rx()).breaks(Rule::WriteAndExecute);
}

#[test]
fn rw_to_rx_through_r() {
    drop_write()
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .store(pte(3, 0), page(A).rx())
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .returns_mapped(0, 0, page(A).rx())
        .ok();
}

#[test]
fn rw_to_rx_through_r_without_flush_between() {
    drop_write().dsb_ishst().store(pte(3, 0), page(A).rx()).breaks(Rule::WriteAndExecute);
}

// Accessed or dirty.

#[test]
fn access_flag_set_without_tlbi() {
    trace(arm64().has(pte(3, 0), page(A).old()))
        .store(pte(3, 0), page(A))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(A))
        .ok();
}

#[test]
fn access_flag_cleared_by_a_plain_store_under_hardware_updates() {
    let dirty = || trace(arm64().updates().has(pte(3, 0), page(A).clean().old()));
    dirty().store(pte(3, 0), INVALID).breaks(Rule::LostUpdate);
    dirty().exchange(pte(3, 0), INVALID).dsb_ishst().tlbi_vale(0).dsb_ish().isb().release(A).ok();
}

#[test]
fn a_plain_store_loses_nothing_where_the_walker_sets_nothing() {
    trace(one_page().updates())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .release(A)
        .ok();
}

#[test]
fn an_exchange_returns_the_dirty_bit() {
    use ptdsl_model::{Act, Order};
    let mut dirty = trace(arm64().updates().has(pte(3, 0), page(A).clean().old()));
    let machine = dirty.machine();
    let old = machine.apply(0, Act::Exchange(pte(3, 0), 0)).expect("no rule is broken");
    assert_eq!(old & (1 << 10 | 1 << 7), 1 << 10 | 1 << 7, "AF, and the bit that the walker changes");
    let none = machine.apply(0, Act::Exchange(pte(3, 0), 0)).expect("no rule is broken");
    assert_eq!(none, 0);
    assert!(machine.apply(0, Act::Store(pte(3, 0), 0, Order::Plain)).is_ok());
}

#[test]
fn a_cleared_access_flag_needs_a_tlbi_before_it_is_relied_on() {
    // Without hardware updates an old entry is not cached: what is cached is from before.
    let old = || trace(one_page()).store(pte(3, 0), page(A).old());
    old().dsb_ishst().isb().returns_unmapped(0, 0).breaks(Rule::Stale);
    old().dsb_ishst().tlbi_vale(0).dsb_ish().isb().returns_unmapped(0, 0).ok();
}

// Output, memory type, shareability, nG 1 -> 0.

#[test]
fn what_needs_a_break_and_what_does_not() {
    let to = |word: Word| trace(one_page()).store(pte(3, 0), word);
    to(page(A).outer()).breaks(Rule::Conflict);
    to(page(A).contiguous()).breaks(Rule::Conflict);
    to(page(A).not_global()).ok();
    to(page(A).ro()).ok();
    to(page(A).software()).ok();
    trace(arm64().has(pte(3, 0), page(A).not_global())).store(pte(3, 0), page(A)).breaks(Rule::Conflict);
}

#[test]
fn a_software_bit_needs_only_a_store() {
    trace(one_page()).store(pte(3, 0), page(A).software()).returns_lazily(0, 0, page(A), None).ok();
}

#[test]
fn break_before_make_with_each_step_missing() {
    let broken = || trace(one_page()).store(pte(3, 0), INVALID);
    broken().dsb_ishst().dsb_ish().store(pte(3, 0), page(B)).breaks(Rule::Conflict);
    let made = || broken().dsb_ishst().tlbi_vale(0).dsb_ish().store(pte(3, 0), page(B));
    made().isb().returns_mapped(0, 0, page(B)).breaks(Rule::NotVisible);
    made().dsb_ishst().returns_mapped(0, 0, page(B)).breaks(Rule::Stale);
}

#[test]
fn n_g_to_global_with_break() {
    trace(arm64().has(pte(3, 0), page(A).not_global()))
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .store(pte(3, 0), page(A))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(A))
        .ok();
}

// Split.

fn split() -> Trace {
    child(trace(arm64().has(pte(2, 1), block(A)))).dmb_ishst().store(pte(2, 1), INVALID)
}

#[test]
fn split_with_each_step_missing() {
    let t = || table(SPARE);
    split().tlbi_vale(4).dsb_ish().store(pte(2, 1), t()).breaks(Rule::Conflict);
    split().dsb_ishst().store(pte(2, 1), t()).breaks(Rule::Conflict);
    split().dsb_ishst().tlbi_vale(4).store(pte(2, 1), t()).breaks(Rule::Conflict);
    let made = || split().dsb_ishst().tlbi_vale(4).dsb_ish().store(pte(2, 1), t());
    made().isb().returns_mapped(4, 7, page(A)).breaks(Rule::NotVisible);
    made().dsb_ishst().returns_mapped(4, 7, page(A)).breaks(Rule::Stale);
}

#[test]
fn split_whose_child_is_ordered_by_the_first_dsb_only() {
    child(trace(arm64().has(pte(2, 1), block(A))))
        .store(pte(2, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(4)
        .dsb_ish()
        .store(pte(2, 1), table(SPARE))
        .ok();
}

#[test]
fn split_whose_child_is_filled_too_late() {
    trace(arm64().has(pte(2, 1), block(A)))
        .store(pte(2, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(4)
        .dsb_ish()
        .store(pte(2, 1), table(SPARE))
        .breaks(Rule::Uninitialised);
}

#[test]
fn split_that_loses_an_attribute() {
    trace(arm64().has(pte(2, 1), block(A).ro()))
        .fill(spare, [page(A), page(A + 0x1000), page(A + 0x2000), page(A + 0x3000)])
        .store(pte(2, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(4)
        .dsb_ish()
        .store(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .isb()
        .returns_mapped(4, 7, page(A).ro())
        .breaks(Rule::Stale);
}

#[test]
fn an_accessor_of_the_kept_part_faults_between_break_and_make() {
    let on_two = child(trace(arm64().pes(2).has(pte(2, 1), block(A)))).dmb_ishst().watch(1, 6);
    on_two.store(pte(2, 1), INVALID).breaks(Rule::Faults);
}

#[test]
fn an_accessor_of_another_page_does_not() {
    let on_two = child(trace(arm64().pes(2).has(pte(2, 1), block(A)).has(pte(3, 0), page(B))));
    on_two.dmb_ishst().watch(1, 0).store(pte(2, 1), INVALID).ok();
}

#[test]
fn split_without_break_under_feat_bbm() {
    let bbm = arm64_with(Regime::El2, Features { bbm: 2, ..Features::default() }).has(pte(2, 1), block(A));
    child(trace(bbm.clone()))
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .dsb_ishst()
        .tlbi_vale(4)
        .dsb_ish()
        .isb()
        .returns_mapped(4, 7, page(A))
        .ok();
    // It relaxes size and contiguous bit, and nothing else.
    trace(bbm)
        .fill(spare, [page(B), page(B + 0x1000), page(B + 0x2000), page(B + 0x3000)])
        .dmb_ishst()
        .store(pte(2, 1), table(SPARE))
        .breaks(Rule::Conflict);
}

// Collapse.

fn unlink() -> Trace {
    trace(four_pages()).store(pte(2, 0), INVALID)
}

fn all_vae(trace: Trace) -> Trace {
    (0..4).fold(trace, Trace::tlbi_vae)
}

#[test]
fn collapse_by_range_and_by_all() {
    for by in [|t: Trace| t.tlbi_range(0, 3), Trace::tlbi_all] {
        by(unlink().dsb_ishst())
            .dsb_ish()
            .store(pte(2, 0), block(A))
            .dsb_ishst()
            .isb()
            .returns_mapped(0, 3, block(A))
            .free(TABLE3)
            .ok();
    }
}

#[test]
fn collapse_with_each_step_missing() {
    all_vae(unlink()).dsb_ish().store(pte(2, 0), block(A)).breaks(Rule::Conflict);
    unlink().dsb_ishst().dsb_ish().store(pte(2, 0), block(A)).breaks(Rule::Conflict);
    all_vae(unlink().dsb_ishst()).store(pte(2, 0), block(A)).breaks(Rule::Conflict);
    let vale = (0..4).fold(unlink().dsb_ishst(), Trace::tlbi_vale).dsb_ish();
    vale.store(pte(2, 0), block(A)).breaks(Rule::Conflict);
    trace(four_pages()).store(pte(2, 0), block(A)).breaks(Rule::Conflict);
    unlink().dsb_ishst().tlbi_range(0, 2).dsb_ish().store(pte(2, 0), block(A)).breaks(Rule::Conflict);
}

// Table to invalid, child freed.

#[test]
fn table_removed_with_each_step_missing() {
    let gone = || trace(arm64()).store(pte(2, 0), INVALID);
    gone().tlbi_vae(0).dsb_ish().isb().free(TABLE3).breaks(Rule::TableInUse);
    gone().dsb_ishst().tlbi_vae(0).isb().free(TABLE3).breaks(Rule::TableInUse);
    gone().dsb_ishst().dsb_ish().isb().free(TABLE3).breaks(Rule::TableInUse);
    trace(arm64()).tlbi_vae(0).dsb_ish().isb().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn table_removed_with_a_level_hint() {
    for level in [2, 3] {
        trace(arm64())
            .store(pte(2, 0), INVALID)
            .dsb_ishst()
            .tlbi_vae_hint(0, level)
            .dsb_ish()
            .isb()
            .free(TABLE3)
            .breaks(Rule::TableInUse);
    }
}

#[test]
fn table_freed_while_an_iommu_walks_it() {
    let gone = || trace(arm64().iommu()).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).dsb_ish().isb();
    gone().free(TABLE3).breaks(Rule::TableInUse);
    gone().iommu_invalidate(0).free(TABLE3).breaks(Rule::TableInUse);
    gone().iommu_invalidate(0).iommu_sync().free(TABLE3).ok();
    gone().iommu_invalidate(4).iommu_sync().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn a_freed_table_is_not_touched_again() {
    let freed =
        || trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).dsb_ish().isb().free(TABLE3);
    freed().store(pte(3, 0), INVALID).breaks(Rule::TableInUse);
    freed().load(pte(3, 0)).breaks(Rule::TableInUse);
    freed().free(TABLE3).breaks(Rule::TableInUse);
    freed().reuse(TABLE3).store(pte(3, 0), INVALID).ok();
}

// A member of a contiguous group.

fn group() -> Setup {
    arm64().has(pte(3, 0), page(A).contiguous()).has(pte(3, 1), page(A + 0x1000).contiguous())
}

#[test]
fn group_changed_whole() {
    trace(group())
        .store(pte(3, 0), INVALID)
        .store(pte(3, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .tlbi_vale(1)
        .dsb_ish()
        .store(pte(3, 0), page(B))
        .store(pte(3, 1), page(A + 0x1000))
        .dsb_ishst()
        .isb()
        .returns_mapped(0, 0, page(B))
        .ok();
}

#[test]
fn one_member_of_a_group_changed() {
    // The other member still lets the whole group be cached.
    trace(group())
        .store(pte(3, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .returns_unmapped(0, 0)
        .breaks(Rule::Stale);
}

#[test]
fn group_with_a_tlbi_for_one_member_only() {
    trace(group())
        .store(pte(3, 0), INVALID)
        .store(pte(3, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .returns_unmapped(0, 1)
        .breaks(Rule::Stale);
}

// Needless maintenance.

#[test]
fn nothing_is_done_without_need() {
    let done = trace(one_page().strict()).store(pte(3, 0), INVALID).dsb_ishst().tlbi_vale(0).dsb_ish().isb();
    done.ok();
    trace(one_page().strict()).dsb_ishst().breaks(Rule::Needless);
    trace(one_page().strict()).isb().breaks(Rule::Needless);
    trace(one_page().strict()).dmb_ishst().breaks(Rule::Needless);
    trace(one_page().strict()).store(pte(3, 1), page(B)).dsb_ishst().tlbi_vale(2).breaks(Rule::Needless);
    trace(one_page().strict()).store(pte(3, 1), page(B)).dsb_ishst().dsb_ish().breaks(Rule::Needless);
}
