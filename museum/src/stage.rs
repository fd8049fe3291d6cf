//! What the entries stand on: live tables of the hypervisor's format over the may-TLB model, or over an arena.

use ptdsl::{Arena, Format, Inactive, Live, PageTable, Phys, Quiesced, Range};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Config, Options};
use ptdsl_model::arch::arm64::{Features, rules};
use ptdsl_model::port::{Family, Meaning, Model};
use ptdsl_model::{Promise, Regime, Violation};

/// Bytes of a block of level 2.
pub const BLOCK: u64 = 0x20_0000;
/// Bytes of a page.
pub const PAGE: u64 = 0x1000;
/// An output address that is no table's, and a multiple of [`BLOCK`].
pub const OUTPUT: u64 = 0x8020_0000;

/// `bytes` bytes from `first`.
///
/// # Panics
/// If there is no such range.
#[must_use]
pub fn range(first: u64, bytes: u64) -> Range {
    Range::new(first, bytes).expect("a range of the test's own")
}

/// The promise that no PE touches what is broken: nobody runs on a model, or on an arena.
#[must_use]
pub fn quiesced() -> Quiesced {
    // SAFETY: no PE walks these tables.
    #[allow(unsafe_code)]
    unsafe {
        Quiesced::promise()
    }
}

/// 39 input bits; level hints, if asked for.
#[must_use]
pub fn config(ttl: bool) -> Config {
    Config { width: 39, options: Options { ttl, ..Options::default() }, ..Config::default() }
}

/// An empty live table of the hypervisor over the model, which its PEs walk from now on. Maintenance without need is a violation.
///
/// # Panics
/// If the model has no memory.
#[must_use]
pub fn modelled(pes: usize, config: &Config) -> (PageTable<Arm64Hyp, Live>, Model<Arm64Hyp>) {
    let meaning = Meaning::Arm64Stage1 { tagged: false, lpa2: false };
    let features = Features { ttl: config.options.ttl, ..Features::default() };
    let mut model = Model::new(config, meaning, Family::Arm64, rules(Regime::El2, features), pes, false);
    let table = PageTable::<Arm64Hyp, Inactive>::create(&mut model, config).expect("memory");
    let table = table.activate(&mut model);
    model.walk(table.root());
    model.demand_need(true);
    (table, model)
}

/// An empty live table of the hypervisor over an arena of 64 pages.
///
/// # Panics
/// If the arena has no memory.
#[must_use]
pub fn arena(config: &Config) -> (PageTable<Arm64Hyp, Live>, Arena<Arm64Hyp>) {
    let mut arena = Arena::new(Phys(0x4000_0000), 64);
    let table = PageTable::<Arm64Hyp, Inactive>::create(&mut arena, config).expect("memory");
    let table = table.activate(&mut arena);
    arena.take_steps();
    (table, arena)
}

/// An operation over the model returned: from now on hardware may use what stands in the table for `range`, and nothing else.
///
/// # Panics
/// If a rule is broken by now, with the violation; if the table does not have that range.
#[track_caller]
pub fn settled<F: Format>(model: &mut Model<F>, table: &PageTable<F, Live>, range: Range) {
    let leaves: Vec<_> = table.mappings(&*model, range).expect("in range").collect();
    let mapped = leaves.into_iter().filter_map(|mapping| {
        let last = mapping.va | (mapping.leaf.bytes().wrapping_sub(1));
        model.mapped(mapping.va, last, mapping.leaf.level, mapping.leaf.entry)
    });
    let promise =
        Promise { first: range.first(), last: range.last(), mapped: mapped.collect(), lazily: Vec::new() };
    model.returned(promise);
    if let Some(violation) = model.violation() {
        panic!("{violation}");
    }
}

/// The model found nothing wrong.
///
/// # Panics
/// If it did, with the violation.
#[track_caller]
pub fn sound<F: Format>(model: Model<F>) {
    let verdict: Result<(), Box<Violation>> = model.finish();
    if let Err(violation) = verdict {
        panic!("{violation}");
    }
}
