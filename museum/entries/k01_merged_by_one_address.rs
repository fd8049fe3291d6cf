//! ---
//! class: K1
//! title: pages merged back into a block, with one address invalidated
//! happened: Linux KVM arm64 (3a0b870e3448)
//! stops: `collapse` breaks the table with everything below it; the model's rule (a)
//! tests: merged_after_one_address, collapsed
//! ---
//! A guest's pages were joined to a block again. The table was replaced after an invalidation of one address of the block, so
//! the entries of its other pages lived on beside the new one: two translations for one address, and a TLB conflict abort.

use ptdsl::{Breaks, Phys};
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, block, page};
use ptdsl_model::trace::{pte, stage2, trace};
use ptdsl_museum::stage::{BLOCK, OUTPUT, config, modelled, quiesced, range, settled, sound};

const A: u64 = 0x8000_0000;

#[test]
fn merged_after_one_address() {
    trace((0..4).fold(stage2(), |setup, k| setup.has(pte(3, k), page(A + u64::from(k) * 0x1000))))
        .store(pte(2, 0), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .dsb_ish()
        .tlbi_vmalle1()
        .dsb_ish()
        .store(pte(2, 0), block(A))
        .breaks(Rule::Conflict);
}

#[test]
fn collapsed() {
    let (mut table, mut model) = modelled(2, &config(false));
    // Break and make are two transitions: the order of the second is done by the first already.
    model.demand_need(false);
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    table.map(&mut model, range(0, BLOCK), Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    table.split_to(&mut model, 0, 3, breaks).expect("mapped");
    settled(&mut model, &table, range(0, BLOCK));
    table.collapse(&mut model, 0, 2, breaks).expect("they agree");
    settled(&mut model, &table, range(0, BLOCK));
    assert_eq!(
        table.translate(&model, 0x5000).map(|found| (found.level, found.output.0)),
        Ok((2, OUTPUT + 0x5000))
    );
    sound(model);
}
