//! ---
//! class: K4
//! title: a level hint with the invalidation of a removed table
//! happened: Linux KVM arm64 (36e008323926), its first `kvm_pgtable_hyp_unmap()` included
//! stops: the spec's operand for tables has no hint; the model lets a hint spare every walk entry
//! tests: hinted, generated
//! ---
//! The level that the walk was at went into the operand, for leaves and for tables. A PE that takes the hint looks for a leaf of
//! that level, and keeps the walk-cache entry that leads to the freed table.

use ptdsl::{Boundary, Phys};
use ptdsl_generated::arm64_hyp::{Attributes, Step};
use ptdsl_model::Rule;
use ptdsl_model::tiny::INVALID;
use ptdsl_model::trace::{TABLE3, arm64, pte, trace};
use ptdsl_museum::stage::{OUTPUT, PAGE, arena, config, modelled, range, settled, sound};

#[test]
fn hinted() {
    let unlinked = || trace(arm64()).store(pte(2, 0), INVALID).dsb_ishst();
    unlinked().tlbi_vae_hint(0, 2).dsb_ish().isb().free(TABLE3).breaks(Rule::TableInUse);
    unlinked().tlbi_vae(0).dsb_ish().isb().free(TABLE3).ok();
}

#[test]
fn generated() {
    let page = range(0x3000, PAGE);
    let config = config(true);
    let (mut table, mut arena) = arena(&config);
    table.map(&mut arena, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    arena.take_steps();
    assert_eq!(table.unmap(&mut arena, page, Boundary::Stop).map(|done| done.bytes), Ok(PAGE));
    let steps = arena.take_steps();
    assert!(
        steps.contains(&Step::TlbiVale2is(0x7 << 44 | 3)),
        "a leaf of level 3, granule 4 KiB: {steps:x?}"
    );
    assert!(steps.contains(&Step::TlbiVae2is(3)), "a table: {steps:x?}");

    let (mut table, mut model) = modelled(2, &config);
    table.map(&mut model, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    assert_eq!(table.unmap(&mut model, page, Boundary::Stop).map(|done| done.bytes), Ok(PAGE));
    settled(&mut model, &table, page);
    sound(model);
}
