//! ---
//! class: K3
//! title: pages of a live table unmapped and reused without any invalidation
//! happened: aarch64-paging before 0.11, Asterinas (#862)
//! stops: a live table is a type of its own, whose edits carry the sequence; the model's rules (b) and (d)
//! tests: nothing, only_for_some, unmapped
//! ---
//! The entry was cleared, and that was all.

use ptdsl::{Boundary, Phys};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_model::tiny::{INVALID, page};
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_model::{Act, Rule};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, modelled, range, settled, sound};

const A: u64 = 0x8000_0000;

#[test]
fn nothing() {
    let gone = || trace(arm64().has(pte(3, 0), page(A))).store(pte(3, 0), INVALID).dsb_ishst().isb();
    gone().release(A).breaks(Rule::DataInUse);
    gone().returns_unmapped(0, 0).breaks(Rule::Stale);
}

#[test]
fn only_for_some() {
    trace(arm64().has(pte(3, 0), page(A)).has(pte(3, 1), page(A + PAGE)))
        .store(pte(3, 0), INVALID)
        .store(pte(3, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .isb()
        .returns_unmapped(0, 1)
        .breaks(Rule::Stale);
}

#[test]
fn unmapped() {
    let (mut table, mut model) = modelled(2, &config(false));
    let pages = range(0x3000, 2 * PAGE);
    table.map(&mut model, pages, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    assert_eq!(table.unmap(&mut model, pages, Boundary::Stop).map(|done| done.bytes), Ok(2 * PAGE));
    settled(&mut model, &table, pages);
    model.event(Act::Release(OUTPUT, OUTPUT + 2 * PAGE - 1));
    sound(model);
}
