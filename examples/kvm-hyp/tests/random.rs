//! Random scenarios: whatever Linux does and the library does otherwise has a class that foretold it.

use std::collections::BTreeMap;

use kvm_hyp::classes::Class;
use kvm_hyp::compare::Depth;
use kvm_hyp::engine::{Call, Flags, Stop};
use kvm_hyp::replay::{self, Run, Tally, Verdict};
use kvm_hyp::schema::{Did, File, Final, Hex, Op, Scenario};
use kvm_hyp::select::engines;
use kvm_hyp::setup::{Granule, Setup, Version};
use kvm_hyp::state::rows;
use serde_json::Value;

const ARENA: u64 = 0x1_0000_0000;

/// xorshift64*: the same scenarios every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// Few places, close to where blocks and tables meet, so that operations hit one another.
    fn address(&mut self, granule: Granule, width: u32) -> u64 {
        let (page, entries) = (granule.bytes(), granule.bytes() / 8);
        let (block, table) = (1_u64 << granule.level_shift(2), 1_u64 << granule.level_shift(1));
        let top = (1_u64 << width).saturating_sub(2 * block);
        let around = self.pick(&[0, block, table, table - block, top]) % (1 << width);
        let odd = if self.below(12) == 0 { self.below(page) } else { 0 };
        around + self.below(3) * block + self.pick(&[0, 0, 0, 1, 2, entries - 2, entries - 1]) * page + odd
    }

    fn size(&mut self, granule: Granule) -> u64 {
        let (page, entries) = (granule.bytes(), granule.bytes() / 8);
        let pages = self.pick(&[1, 1, 2, 3, entries - 1, entries, entries + 1, 2 * entries]);
        match self.below(40) {
            0 => 0,
            1 => u64::MAX - self.below(1 << 24),
            2 => pages * page + self.below(page),
            _ => pages * page,
        }
    }

    fn call(&mut self, setup: &Setup, width: u32) -> Call {
        let granule = setup.granule;
        let addr = self.address(granule, width);
        match self.below(21) {
            0..=8 => {
                let prot = self.pick(&[4, 5, 6, 6, 6, 12, 14, 7, 2, 6 | 1 << 55, 5 | 3 << 57]);
                // Mostly a function of the address, so that maps meet their own pages again.
                let phys = match self.below(24) {
                    0 => (1 << setup.output_bits()) - granule.bytes(),
                    1..=3 => self.below(1 << 36),
                    4 => addr + (1 << 47) + (1 << 46),
                    _ => addr % (1 << 45) + (1 << 46),
                };
                Call::Map { addr, size: self.size(granule), phys, prot }
            }
            9..=14 => Call::Unmap { addr, size: self.size(granule) },
            15..=16 => Call::Get { addr },
            17 => {
                let flags =
                    Flags { leaf: self.below(2) == 0, pre: self.below(2) == 0, post: self.below(2) == 0 };
                let stop =
                    (self.below(3) == 0).then(|| Stop { at: self.below(4), ret: self.pick(&[-22, -11, 1]) });
                Call::Walk { addr, size: self.size(granule), flags, stop }
            }
            18 => {
                // The block that 52-bit outputs add.
                let size = 1 << granule.level_shift(granule.highest_block() - 1);
                let more = self.pick(&[0, granule.bytes()]);
                Call::Map { addr: size, size: size + more, phys: self.pick(&[0, size]), prot: 6 }
            }
            19 => Call::AllocBudget(Some(self.below(4))),
            _ => Call::AllocBudget(None),
        }
    }
}

/// A scenario with what the `kvm` engine does as its record.
fn scenario(seed: u64, setup: Setup, cfg: &BTreeMap<String, Value>) -> Scenario {
    let mut random = Random(seed | 1);
    let width = random.pick(&[15, 25, 30, 31, 36, 39, 40, 42, 47, 48, 52]);
    let mut linux = engines(setup, ARENA).kvm;
    let mut calls = vec![Call::Init { va_bits: width }];
    calls.extend((0..12).map(|_| random.call(&setup, width)));
    let mut record = |call: Call| {
        let answer = linux.call(&call).expect("each is supported");
        let did = Did::Events(linux.memory_mut().take_events().iter().map(ToString::to_string).collect());
        Op { call: Ok(call), answer, did }
    };
    let mut ops: Vec<Op> = calls.into_iter().map(&mut record).collect();
    // 6.12 may have refused the width.
    if ops.first().is_some_and(|init| init.answer.ia_bits.is_some()) {
        ops.push(record(Call::Destroy));
    }
    let memory = linux.memory();
    let pages: Vec<_> = memory.live().map(|(page, count)| (page.0 as u64, count)).collect();
    let end = Final {
        desc: rows(memory, linux.root(), setup.granule)
            .into_iter()
            .map(|row| (row.level, Hex(row.va), row.slot, row.n, Hex(row.raw), Hex(row.step)))
            .collect(),
        live: pages.len() as u64,
        pages,
        free: memory.free_list().map(|page| page.0 as u64).collect(),
        bump: memory.bump() as u64,
    };
    Scenario {
        id: format!("{setup:?} {seed}"),
        note: String::new(),
        tags: Vec::new(),
        cfg: cfg.clone(),
        ops,
        end,
    }
}

/// Random scenarios of one version, granule and configuration, through the library: none may fail.
fn replayed(version: Version, granule: Granule, cfg: &[(&str, Value)], count: u64) -> Tally {
    let cfg: BTreeMap<_, _> = cfg.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let group = "random".to_owned();
    let mut file = File { group, version, granule, arena_base: ARENA, scenarios: Vec::new() };
    let probe = Scenario {
        id: String::new(),
        note: String::new(),
        tags: Vec::new(),
        cfg,
        ops: Vec::new(),
        end: NOTHING,
    };
    let setup = probe.setup(&file).expect("a configuration that exists");
    file.scenarios = (1..=count).map(|k| scenario(k * 0x9e37_79b9, setup, &probe.cfg)).collect();
    let mut tally = Tally::default();
    for scenario in &file.scenarios {
        let verdict = replay::scenario(&file, scenario, Run::Library(Depth::Pages));
        if let Verdict::Failed(failure) = &verdict {
            let calls: Vec<_> = scenario.ops.iter().map(|op| &op.call).collect();
            println!("{}: {failure:#?}\n{calls:#x?}", scenario.id);
        }
        tally.add(&verdict);
    }
    assert_eq!(tally.failed, 0);
    tally
}

const NOTHING: Final = Final { desc: Vec::new(), pages: Vec::new(), free: Vec::new(), live: 0, bump: 0 };

#[test]
fn every_difference_was_foretold() {
    let mut total = Tally::default();
    let on = Value::Bool(true);
    for granule in [Granule::K4, Granule::K16, Granule::K64] {
        let long = if granule == Granule::K64 { ("pa_bits", Value::from(52)) } else { ("lpa2", on.clone()) };
        let (hvhe, bti) = (("hvhe", on.clone()), ("bti", on.clone()));
        for (version, cfg) in [
            (Version::V6_1, &[][..]),
            (Version::V6_12, &[]),
            (Version::V6_12, std::slice::from_ref(&long)),
            (Version::V6_12, &[hvhe.clone(), bti.clone()]),
            (Version::V6_12, &[hvhe, bti, long.clone()]),
        ] {
            let tally = replayed(version, granule, cfg, COUNT);
            // Enough that runs to its end.
            assert!(tally.passed > COUNT as usize / 20, "{version:?} {granule:?} {cfg:?}: {tally:?}");
            total.merge(&tally);
        }
    }
    assert_eq!(total.excepted.len(), Class::ALL.len(), "{total:?}");
}

const COUNT: u64 = 60;
