//! ---
//! class: K11
//! title: a barrier of the sequence left out
//! happened: Linux KVM arm64 (51696d346c49), LK (b4aaff6e), EDK2 (5ce29ae84d), Hafnium (7ce31459)
//! stops: the sequence is the spec's; the model notices each step that is taken out
//! tests: without_isb, each_step_of_the_sequence
//! ---
//! After a mapping came no barrier, or no ISB: the PE that had made it could fault on it. After an invalidation of the walk cache
//! came no ISB: what had been prefetched before went on.

use ptdsl::{Boundary, Phys};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes};
use ptdsl_model::Rule;
use ptdsl_model::port::{How, Model, Mutation};
use ptdsl_model::tiny::page;
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, modelled, range, settled};

const A: u64 = 0x8000_0000;

#[test]
fn without_isb() {
    let stored = || trace(arm64()).store(pte(3, 0), page(A));
    stored().dsb_ishst().returns_mapped(0, 0, page(A)).breaks(Rule::NotVisible);
    stored().isb().returns_mapped(0, 0, page(A)).breaks(Rule::NotVisible);
    stored().dsb_ishst().isb().returns_mapped(0, 0, page(A)).ok();
}

/// Maps and unmaps a page; the model when it is over.
fn map_and_unmap(mutation: Option<Mutation>) -> Model<Arm64Hyp> {
    let (mut table, model) = modelled(2, &config(false));
    let mut model = model.with_mutation(mutation).recording();
    let page = range(0x3000, PAGE);
    table.map(&mut model, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    settled(&mut model, &table, page);
    let _ = table.unmap(&mut model, page, Boundary::Stop);
    settled(&mut model, &table, page);
    model
}

#[test]
fn each_step_of_the_sequence() {
    let whole = map_and_unmap(None);
    let sites: Vec<_> = whole.sites().iter().map(|(site, (name, _))| (*site, *name)).collect();
    assert_eq!(whole.finish(), Ok(()));
    let steps: Vec<_> =
        sites.into_iter().filter(|(_, name)| !name.contains("store") && !name.contains("exchange")).collect();
    assert!(steps.len() >= 9, "{steps:?}");
    for (site, name) in steps {
        let left_out = map_and_unmap(Some(Mutation { site, how: How::Drop }));
        assert!(left_out.finish().is_err(), "nobody misses `{name}` at {site}");
    }
}
