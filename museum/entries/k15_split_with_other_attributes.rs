//! ---
//! class: K15
//! title: the pieces of a split block get default attributes, or more rights than it had
//! happened: Xen (b8238afd07, 97323702bf), EDK2 (f4c845e46b)
//! stops: a smaller leaf is derived from the larger, field by field; the model's rule (d)
//! tests: with_more_rights, every_combination
//! ---
//! A read-only superpage was split to change one page of it, and the others came out writable: the new entries were built from
//! defaults.

use ptdsl::{Breaks, Phys};
use ptdsl_generated::arm64_hyp::{Attributes, Sw};
use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, block, page, table};
use ptdsl_model::trace::{SPARE, arm64, pte, spare, trace};
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, arena, config, quiesced, range};

const A: u64 = 0x8000_0000;

#[test]
fn with_more_rights() {
    let split = |child: fn(u64) -> ptdsl_model::tiny::Word| {
        trace(arm64().has(pte(2, 1), block(A).ro()))
            .fill(spare, [child(A), child(A + PAGE), child(A + 2 * PAGE), child(A + 3 * PAGE)])
            .dmb_ishst()
            .store(pte(2, 1), INVALID)
            .dsb_ishst()
            .tlbi_vale(4)
            .dsb_ish()
            .store(pte(2, 1), table(SPARE))
            .dsb_ishst()
            .isb()
            .returns_mapped(4, 7, page(A).ro())
    };
    split(page).breaks(Rule::Stale);
    split(|output| page(output).ro()).ok();
}

#[test]
fn every_combination() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let rows = [
        Attributes::R_NORMAL,
        Attributes::R_DEVICE,
        Attributes::RW_NORMAL,
        Attributes::RW_DEVICE,
        Attributes::RX_NORMAL,
    ];
    for (row, bits) in rows.into_iter().flat_map(|row| (0..64_u8).map(move |bits| (row, bits))) {
        let software = Sw::new(u64::from(bits >> 2)).expect("four bits");
        let attributes = row.with_sw(software).with_gp(bits & 1 != 0).with_dbm(bits & 2 != 0);
        let (mut table, mut arena) = arena(&config(false));
        table.map(&mut arena, range(BLOCK, BLOCK), Phys(OUTPUT), attributes).expect("empty");
        table.split_to(&mut arena, BLOCK, 3, breaks).expect("mapped");
        for page in 0..512 {
            let found = table.translate(&arena, BLOCK + page * PAGE).expect("mapped");
            assert_eq!((found.level, found.output.0), (3, OUTPUT + page * PAGE));
            assert_eq!(found.attributes(), Some(attributes));
        }
        table.collapse(&mut arena, BLOCK, 2, breaks).expect("they agree");
        assert_eq!(table.translate(&arena, BLOCK).expect("mapped").attributes(), Some(attributes));
    }
}
