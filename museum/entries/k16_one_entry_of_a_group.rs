//! ---
//! class: K16
//! title: the entries of a contiguous group not treated as one
//! happened: Linux arm64 (97c5550b7631)
//! stops: `Level::span` says how many slots a leaf takes, and each of them changes only whole; the model's rule (d)
//! tests: one_member_cleared, unmapped_and_protected
//! ---
//! Whether flags had to change was decided by all entries of the group together, while an IOMMU looks at the one that it walked to.
//! The TLB, in turn, may hold all sixteen as one: what is done to one of them is not done.

use ptdsl::{Boundary, Breaks, Grouping, Holes, How, Phys};
use ptdsl_generated::arm64_hyp::{Attributes, Patch, Prot};
use ptdsl_model::Rule;
use ptdsl_model::tiny::{INVALID, page};
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, modelled, quiesced, range, settled, sound};

const A: u64 = 0x8000_0000;

#[test]
fn one_member_cleared() {
    let group = || {
        let setup = arm64().has(pte(3, 0), page(A).contiguous()).has(pte(3, 1), page(A + PAGE).contiguous());
        trace(setup).store(pte(3, 0), INVALID)
    };
    group().dsb_ishst().tlbi_vale(0).dsb_ish().isb().returns_unmapped(0, 0).breaks(Rule::Stale);
    group()
        .store(pte(3, 1), INVALID)
        .dsb_ishst()
        .tlbi_vale(0)
        .tlbi_vale(1)
        .dsb_ish()
        .isb()
        .returns_unmapped(0, 0)
        .ok();
}

#[test]
fn unmapped_and_protected() {
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let group = range(0x1_0000, 16 * PAGE);
    let grouped = How { grouping: Grouping::Spans, ..How::default() };
    for inside in [0, 5, 15] {
        let (mut table, mut model) = modelled(2, &config(false));
        table.map_with(&mut model, group, Phys(OUTPUT), Attributes::RW_NORMAL, grouped).expect("empty");
        settled(&mut model, &table, group);
        assert_eq!(table.translate(&model, 0x1_0000).map(|found| found.shift), Ok(16), "one leaf");
        let page = range(0x1_0000 + inside * PAGE, PAGE);
        let read_only = Patch::new().prot(Prot::R);
        assert!(table.protect(&mut model, page, read_only, Holes::Stop, breaks).is_ok());
        settled(&mut model, &table, group);
        let done = table.unmap(&mut model, page, Boundary::Stop);
        assert_eq!(done.map(|done| done.bytes), Ok(PAGE), "the group was dissolved");
        settled(&mut model, &table, group);
        for k in 0..16 {
            let found =
                table.translate(&model, 0x1_0000 + k * PAGE).map(|found| (found.output.0, found.shift));
            assert_eq!(found.ok(), (k != inside).then_some((OUTPUT + k * PAGE, 12)));
        }
        sound(model);
    }
}
