//! ---
//! class: K2
//! title: TLB invalidation of another address, because the operand was the raw address or shifted by the granule
//! happened: page_table_multiarch (6bf8f37), Zephyr (#115708), OpenSBI (013ba4ef)
//! stops: the operand is a field of the spec, `VA[55:12]` whatever the granule; the model matches it exactly
//! tests: raw_address, shifted_by_the_granule, generated
//! ---
//! A TLBI by address takes bits 55:12 of the address in bits 43:0. One project gave it the address itself, another the address
//! shifted by the granule, which is 14 for pages of 16 KiB. Emulators that invalidate more than they are asked to hide both.

use ptdsl::{Arena, Boundary, Inactive, Phys};
use ptdsl_generated::arm64_hyp_16k::{Arm64Hyp16k, Attributes, Config, PageTable, Step};
use ptdsl_model::arch::arm64::{Features, by_address, rules};
use ptdsl_model::port::{Family, Spelled, spell};
use ptdsl_model::tiny::{INVALID, page};
use ptdsl_model::trace::{Trace, arm64_with, pte, trace, va};
use ptdsl_model::{Invalidate, Regime, Rule, What};
use ptdsl_museum::stage::range;

const A: u64 = 0x8000_0000;

/// Page 3 is unmapped, invalidated with this operand, and its memory given away.
fn unmapped_with(operand: u64) -> Trace {
    let rules = rules(Regime::El2, Features::default());
    let Some(Spelled::Event(act)) = spell(Family::Arm64, &rules, "tlbi_vale2is", operand, 12) else {
        panic!("the model knows the instruction");
    };
    let mapped = arm64_with(Regime::El2, Features::default()).has(pte(3, 3), page(A));
    trace(mapped).store(pte(3, 3), INVALID).dsb_ishst().act(act).dsb_ish().isb().release(A)
}

#[test]
fn raw_address() {
    unmapped_with(va(3)).breaks(Rule::DataInUse);
    unmapped_with(va(3) >> 12).ok();
}

#[test]
fn shifted_by_the_granule() {
    let address = 0x8_4000_u64;
    let covered = |operand| by_address(Invalidate::all(Regime::El2), operand, 14).map(|by| by.what);
    assert_ne!(covered(address >> 14), Some(What::Address(address)));
    assert_eq!(covered(address >> 12), Some(What::Address(address)));
}

#[test]
fn generated() {
    let mut arena: Arena<Arm64Hyp16k> = Arena::new(Phys(0x4000_0000), 16);
    let config = Config { width: 36, ..Config::default() };
    let mut table = PageTable::<Inactive>::create(&mut arena, &config).expect("room").activate(&mut arena);
    let page = range(0x8_4000, 0x4000);
    table.map(&mut arena, page, Phys(A), Attributes::RW_NORMAL).expect("empty");
    arena.take_steps();
    assert_eq!(table.unmap(&mut arena, page, Boundary::Stop).map(|done| done.bytes), Ok(0x4000));
    assert!(arena.take_steps().contains(&Step::TlbiVale2is(0x84)), "0x8_4000 >> 12");
}
