//! How many modelled events a second the machine takes: the runtime's map and unmap over a real format, with 1, 2 and 4 PEs.

use std::time::Instant;

use ptdsl::{Boundary, Config, PageTable, Phys, Range};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes};
use ptdsl_model::arch::arm64::{Features, rules};
use ptdsl_model::port::{Family, Meaning, Model};
use ptdsl_model::{Promise, Regime};

fn main() {
    for pes in [1, 2, 4] {
        let (events, seconds) = run(pes);
        println!(
            "{pes} PEs: {events} events in {seconds:.2} s, {:.2} million a second",
            events as f64 / seconds / 1e6
        );
    }
}

fn run(pes: usize) -> (u64, f64) {
    let config = Config::<Arm64Hyp>::default();
    let meaning = Meaning::Arm64Stage1 { tagged: false, lpa2: false };
    let rules = rules(Regime::El2, Features::default());
    let mut model = Model::new(&config, meaning, Family::Arm64, rules, pes, false);
    let mut table = PageTable::create(&mut model, &config).expect("memory").activate(&mut model);
    model.walk(table.root());
    model.demand_need(true);
    let start = Instant::now();
    let mut random = 1_u64;
    for _ in 0..40_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let page = (random >> 40) % 1600;
        let pages = (random >> 33) % 16 + 1;
        let range = Range::new(page << 12, pages << 12).expect("small");
        if random >> 63 == 0 {
            let output = Phys(Model::<Arm64Hyp>::DATA + range.first());
            // Overlap is refused; what was mapped before it stays.
            let _ = table.map(&mut model, range, output, Attributes::RW_NORMAL);
        } else {
            let unmapped = table.unmap(&mut model, range, Boundary::Stop).expect("in range");
            if unmapped.bytes != 0 {
                let last = range.first() + unmapped.bytes - 1;
                model.returned(Promise { first: range.first(), last, ..Promise::default() });
            }
        }
    }
    let events = model.events();
    let seconds = start.elapsed().as_secs_f64();
    model.finish().expect("no rule is broken");
    (events, seconds)
}
