//! ---
//! class: K20
//! title: an ASID given to the next address space before the flush of the last
//! happened: seL4 (6357957ee), OpenSBI (73bc794b: no flush when the mode is switched)
//! stops: a live table cannot be destroyed, it is emptied, with invalidations for all ASIDs; tags that do not fit are refused
//! tests: reused_at_once, emptied_then_reused, the_tag_reaches_the_register
//! ---
//! The hardware's ASID was taken from an address space and its entries were flushed later. In between the next one ran under the
//! same ASID, by the translations of the last.

use ptdsl::{Boundary, Error, Inactive, Phys};
use ptdsl_generated::arm64_el1_low::{Arm64El1Low, Attributes, Config, PageTable};
use ptdsl_model::arch::arm64::{Features, rules};
use ptdsl_model::port::{Family, Meaning, Model};
use ptdsl_model::tiny::{INVALID, block, page};
use ptdsl_model::trace::{Trace, arm64, pte, spare, spare2, trace};
use ptdsl_model::{Act, Regime, Rule};
use ptdsl_museum::stage::{OUTPUT, PAGE, range, settled, sound};

const A: u64 = 0x8000_0000;
const B: u64 = 0x9000_0000;

/// An address space with ASID 1 is left, and table 2 becomes the root of another.
fn next(flush: fn(Trace) -> Trace) -> Trace {
    let old = trace(arm64().space(1).has(pte(3, 0), page(A).not_global())).leave(0);
    let emptied = old.fill(spare, [INVALID; 4]).fill(spare2, [INVALID; 4]).dsb_ishst().isb();
    let root =
        emptied.context(0x1000_1000, 1, 0).store(pte(2, 0), INVALID).dsb_ishst().store(pte(2, 0), block(B));
    flush(root.dsb_ishst()).isb().enter(1)
}

#[test]
fn reused_at_once() {
    next(|trace| trace).breaks(Rule::Conflict);
    next(|trace| trace.tlbi_aside(1).dsb_ish()).ok();
}

fn config(tag: u64) -> Config {
    Config { width: 39, tag, ..Config::default() }
}

#[test]
fn emptied_then_reused() {
    let hardware = (Family::Arm64, Meaning::Arm64Stage1 { tagged: true, lpa2: false });
    let rules = rules(Regime::Os, Features::default());
    let mut model: Model<Arm64El1Low> = Model::new(&config(5), hardware.1, hardware.0, rules, 2, false);
    let mut table =
        PageTable::<Inactive>::create(&mut model, &config(5)).expect("memory").activate(&mut model);
    model.walk(table.root());
    let pages = range(0x3000, 2 * PAGE);
    table.map(&mut model, pages, Phys(OUTPUT), Attributes::USER_RW_NORMAL_ASID).expect("empty");
    settled(&mut model, &table, pages);
    assert_eq!(table.unmap(&mut model, pages, Boundary::Stop).map(|done| done.bytes), Ok(2 * PAGE));
    settled(&mut model, &table, pages);
    assert_eq!(model.live_pages(), 1);
    model.event(Act::Release(OUTPUT, OUTPUT + 2 * PAGE - 1));
    sound(model);
}

#[test]
fn the_tag_reaches_the_register() {
    let mut arena: ptdsl::Arena<Arm64El1Low> = ptdsl::Arena::new(Phys(0x4000_0000), 4);
    let table = PageTable::<Inactive>::create(&mut arena, &config(0xa5)).expect("room");
    assert_eq!(table.registers().ttbr0_el1 >> 48, 0xa5);
    let refused = PageTable::<Inactive>::create(&mut arena, &config(0x1a5)).map(|_| ());
    assert_eq!(refused, Err(Error::Tag { tag: 0x1a5, bits: 8 }));
}
