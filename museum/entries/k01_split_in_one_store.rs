//! ---
//! class: K1
//! title: a live block overwritten by the table that splits it
//! happened: EDK2 (839bd17973), Hafnium (c1012d6b, the other way round)
//! stops: no public operation stores a valid entry over another; `split` breaks first; the model's rule (a)
//! tests: overwritten, split
//! ---
//! The block's descriptor was replaced by a table descriptor while PEs walked it. Until the TLB forgets the block, it may hold
//! both sizes for one address.

use ptdsl::Breaks;
use ptdsl_generated::arm64_hyp::Attributes;
use ptdsl_model::Rule;
use ptdsl_model::tiny::{block, page, table};
use ptdsl_model::trace::{SPARE, arm64, pte, spare, trace};
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, config, modelled, quiesced, range, settled, sound};

const A: u64 = 0x8000_0000;

#[test]
fn overwritten() {
    trace(arm64().has(pte(2, 1), block(A)))
        .fill(spare, [page(A), page(A + PAGE), page(A + 2 * PAGE), page(A + 3 * PAGE)])
        .dsb_ishst()
        .store(pte(2, 1), table(SPARE))
        .breaks(Rule::Conflict);
}

#[test]
fn split() {
    let (mut table, mut model) = modelled(4, &config(false));
    // Break and make are two transitions: the order of the second is done by the first already.
    model.demand_need(false);
    let quiesced = quiesced();
    let block = range(BLOCK, BLOCK);
    table.map(&mut model, block, ptdsl::Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    table.split(&mut model, range(BLOCK, PAGE), Breaks::new(&[], &quiesced)).expect("mapped");
    settled(&mut model, &table, block);
    assert_eq!(table.translate(&model, BLOCK + PAGE).map(|found| found.level), Ok(3));
    sound(model);
}
