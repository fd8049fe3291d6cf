//! ---
//! class: K10
//! title: a table page freed while its flush was still to come
//! happened: Xen (XSA-480: 4bc2e5333a, 960265fbd8, 6718787797)
//! stops: freed pages come out of the flush; the model's rule (b)
//! tests: freed_at_once, gathered
//! ---
//! Invalidations were put off to the end of the operation, and the pages of the tables that went were not. In between a guest could
//! have such a page as its own memory, and write descriptors that the MMU took from there.

use ptdsl::{Boundary, Limits, Phys};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_model::Rule;
use ptdsl_model::tiny::INVALID;
use ptdsl_model::trace::{TABLE3, arm64, pte, trace};
use ptdsl_museum::stage::{OUTPUT, PAGE, arena, config, modelled, range, settled, sound};

#[test]
fn freed_at_once() {
    trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().free(TABLE3).breaks(Rule::TableInUse);
    trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).free(TABLE3).breaks(Rule::TableInUse);
    trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst().tlbi_vae(0).dsb_ish().free(TABLE3).ok();
}

#[test]
fn gathered() {
    let pages = range(0x3000, 3 * PAGE);
    let (mut table, mut arena) = arena(&config(false));
    table.map(&mut arena, pages, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    arena.ration(Some(0));
    let mut gather = table.gather(&mut arena, Limits::default());
    assert_eq!(gather.unmap(pages, Boundary::Stop).map(|done| done.bytes), Ok(3 * PAGE));
    let done = gather.finish();
    assert_eq!((done.flushes, done.pages), (1, 2), "both tables, after the one flush");

    let (mut table, mut model) = modelled(2, &config(false));
    table.map(&mut model, pages, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    assert_eq!(model.live_pages(), 3);
    let mut gather = table.gather(&mut model, Limits::default());
    assert_eq!(gather.unmap(pages, Boundary::Stop).map(|done| done.bytes), Ok(3 * PAGE));
    gather.finish();
    settled(&mut model, &table, pages);
    assert_eq!(model.live_pages(), 1);
    sound(model);
}
