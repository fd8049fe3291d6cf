//! ---
//! class: K22
//! title: a table linked first and filled afterwards
//! happened: Xen (2a758376f9), EDK2 (c90cb726f8)
//! stops: a fresh table is unknown to anyone until it is complete; the spec's barrier stands before its link; the model's rule (c)
//! tests: linked_first, filled_but_not_ordered, mapped
//! ---
//! The new table was put into its parent as the allocator gave it, and then cleared or filled. The walker does not wait: it reads what
//! the page held before.

use ptdsl::Phys;
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_model::Rule;
use ptdsl_model::tiny::{page, table};
use ptdsl_model::trace::{SPARE, Trace, arm64, pte, spare, trace};
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, config, modelled, range, settled, sound};

const A: u64 = 0x8000_0000;

fn filled() -> Trace {
    trace(arm64()).fill(spare, [page(A), page(A + PAGE), page(A + 2 * PAGE), page(A + 3 * PAGE)])
}

#[test]
fn linked_first() {
    trace(arm64()).store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
}

#[test]
fn filled_but_not_ordered() {
    filled().store(pte(2, 1), table(SPARE)).breaks(Rule::Uninitialised);
    filled().dmb_ishst().store(pte(2, 1), table(SPARE)).ok();
}

/// The model's allocator gives pages that were never written.
#[test]
fn mapped() {
    let (mut table, mut model) = modelled(4, &config(false));
    let pages = range(BLOCK - PAGE, 2 * PAGE);
    table.map(&mut model, pages, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    settled(&mut model, &table, range(0, 2 * BLOCK));
    assert_eq!(model.live_pages(), 4, "root, level 2, two tables of pages");
    sound(model);
}
