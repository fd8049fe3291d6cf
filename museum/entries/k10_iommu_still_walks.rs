//! ---
//! class: K10
//! title: a kernel table freed while IOMMUs hold it in their walk caches
//! happened: Linux (e37d5a2d60a3)
//! stops: the model's IOMMU is one more observer, for which rule (b) holds too
//! tests: cpus_only, both
//! ---
//! Devices with shared virtual addressing walk the kernel's tables. The CPUs were told that a table had gone, the IOMMUs were not:
//! they read descriptors from freed memory, and set accessed and dirty bits in it.

use ptdsl_model::tiny::INVALID;
use ptdsl_model::trace::{TABLE3, Trace, arm64, pte, trace};
use ptdsl_model::{Act, Invalidate, Regime, Rule};

fn gone() -> Trace {
    trace(arm64().iommu()).store(pte(2, 0), INVALID).dsb_ishst()
}

#[test]
fn cpus_only() {
    let local = Invalidate::all(Regime::Os).local();
    gone().tlbi_local(local).dsb_ish().isb().free(TABLE3).breaks(Rule::TableInUse);
}

#[test]
fn both() {
    let everything = Act::IommuInvalidate(Invalidate::all(Regime::Os));
    let local = Invalidate::all(Regime::Os).local();
    gone().tlbi_local(local).dsb_ish().isb().act(everything).act(Act::IommuSync).free(TABLE3).ok();
    gone().tlbi_local(local).dsb_ish().isb().act(everything).free(TABLE3).breaks(Rule::TableInUse);
}
