//! ---
//! class: K2
//! title: an invalidation that acts on its own PE alone
//! happened: Hafnium (1e1e35b4), seL4 (6b8c09a6d)
//! stops: the instruction is the spec's; the model has several PEs
//! tests: local, broadcast
//! ---
//! The TLBI was the form without IS. The other PEs went on with the old translation.

use ptdsl::{Boundary, Phys};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_model::tiny::{INVALID, page};
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_model::{Act, Rule};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, modelled, range, settled, sound};

const A: u64 = 0x8000_0000;

#[test]
fn local() {
    let gone = |pes| trace(arm64().pes(pes).has(pte(3, 0), page(A))).store(pte(3, 0), INVALID).dsb_ishst();
    gone(2).tlbi_vale_local(0).dsb_ish().isb().release(A).breaks(Rule::DataInUse);
    gone(1).tlbi_vale_local(0).dsb_ish().isb().release(A).ok();
    gone(2).tlbi_vale(0).dsb_ish().isb().release(A).ok();
}

#[test]
fn broadcast() {
    let (mut table, mut model) = modelled(4, &config(false));
    let page = range(0x3000, PAGE);
    table.map(&mut model, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    assert_eq!(table.unmap(&mut model, page, Boundary::Stop).map(|done| done.bytes), Ok(PAGE));
    settled(&mut model, &table, page);
    model.event(Act::Release(OUTPUT, OUTPUT + PAGE - 1));
    sound(model);
}
