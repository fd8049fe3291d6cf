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
use ptdsl_model::port::{How, Model, Mutation};
use ptdsl_model::tiny::page;
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_model::{Promise, Rule};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, modelled, range};
use std::collections::BTreeMap;

const A: u64 = 0x8000_0000;
/// A page of EL2: XN, AF, inner shareable, bit 6 (RES1).
const RW_NORMAL: u64 = 1 << 54 | 0x743;

#[test]
fn without_isb() {
    let stored = || trace(arm64()).store(pte(3, 0), page(A));
    stored().dsb_ishst().returns_mapped(0, 0, page(A)).breaks(Rule::NotVisible);
    stored().isb().returns_mapped(0, 0, page(A)).breaks(Rule::NotVisible);
    stored().dsb_ishst().isb().returns_mapped(0, 0, page(A)).ok();
}

/// Maps pages 3 and 4 and unmaps `first` and what follows it; the model when it is over.
fn map_and_unmap(first: u64, mutation: Option<Mutation>) -> Model<Arm64Hyp> {
    let (mut table, model) = modelled(2, &config(false));
    let mut model = model.with_mutation(mutation).recording();
    let pages = range(3 * PAGE, 2 * PAGE);
    let promise = |model: &mut Model<Arm64Hyp>, end: u64| {
        let word = |page: u64| OUTPUT + (page - 3) * PAGE | RW_NORMAL;
        let leaf = |page| model.mapped(page * PAGE, page * PAGE + PAGE - 1, 3, word(page)).expect("a leaf");
        let mapped = (3..end).map(leaf).collect();
        model.returned(Promise { first: pages.first(), last: pages.last(), mapped, lazily: Vec::new() });
    };
    table.map(&mut model, pages, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    promise(&mut model, 5);
    let _ = table.unmap(&mut model, range(first * PAGE, (5 - first) * PAGE), Boundary::Stop);
    promise(&mut model, first);
    model
}

#[test]
fn each_step_of_the_sequence() {
    let mut sites = BTreeMap::new();
    // The table of pages stays, and it goes.
    for first in [4, 3] {
        let whole = map_and_unmap(first, None);
        sites.extend(whole.sites().iter().map(|(site, (name, _))| (*site, *name)));
        assert_eq!(whole.finish(), Ok(()));
    }
    let steps: Vec<_> =
        sites.into_iter().filter(|(_, name)| !name.contains("store") && !name.contains("exchange")).collect();
    assert!(steps.len() >= 11, "{steps:?}");
    for (site, name) in steps {
        let mutation = Some(Mutation { site, how: How::Drop });
        let missed = [4, 3].iter().any(|first| map_and_unmap(*first, mutation).finish().is_err());
        assert!(missed, "nobody misses `{name}` at {site}");
    }
}
