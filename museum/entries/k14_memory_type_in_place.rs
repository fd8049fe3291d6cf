//! ---
//! class: K14
//! title: one page mapped with two memory types at once
//! happened: TF-A (00669dcd9), Hafnium (8be4b6b6: shareability, 163e1a95: device type)
//! stops: type and shareability are one attribute; a change of it is `break` in the spec; the model's rule (a)
//! tests: changed_in_place, protected
//! ---
//! Shareability and type were set in different places and did not fit each other; or a mapping became device memory by one store,
//! while the TLB still had it as normal.

use ptdsl::{Breaks, Error, Holes, Phys};
use ptdsl_generated::arm64_hyp::{Attributes, Memory, Patch};
use ptdsl_model::Rule;
use ptdsl_model::tiny::page;
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, modelled, quiesced, range, settled, sound};

const A: u64 = 0x8000_0000;

#[test]
fn changed_in_place() {
    trace(arm64().has(pte(3, 0), page(A))).store(pte(3, 0), page(A).device()).breaks(Rule::Conflict);
    trace(arm64().has(pte(3, 0), page(A))).store(pte(3, 0), page(A).outer()).breaks(Rule::Conflict);
}

#[test]
fn protected() {
    let (mut table, mut model) = modelled(2, &config(false));
    let page = range(0x3000, PAGE);
    table.map(&mut model, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    let device = Patch::new().memory(Memory::Device);
    let refused = table.protect(&mut model, page, device, Holes::Stop, Breaks::NONE);
    assert_eq!(refused, Err(Error::NeedsSplit { va: 0x3000, level: 3 }), "it has to be broken");
    let quiesced = quiesced();
    assert!(table.protect(&mut model, page, device, Holes::Stop, Breaks::new(&[], &quiesced)).is_ok());
    settled(&mut model, &table, page);
    let found = table.translate(&model, 0x3000).expect("mapped").attributes();
    assert_eq!(found, Some(Attributes::RW_DEVICE));
    sound(model);
}
