//! Random scenarios: whatever Linux does and the library does otherwise has a class that foretold it.

use kvm_hyp::compare::Depth;
use kvm_hyp::engine::{Call, Engine, Flags, Stop};
use kvm_hyp::kvm::{Kvm, Version};
use kvm_hyp::memory::FakeMemory;
use kvm_hyp::replay::{self, Run, Tally, Verdict};
use kvm_hyp::schema::{Did, File, Final, Hex, Op, Scenario};
use kvm_hyp::state::rows;
use ptdsl_generated::arm64_hyp::Arm64Hyp;

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
    fn address(&mut self, width: u32) -> u64 {
        let top = (1_u64 << width) - (1 << 22);
        let around = self.pick(&[0, 1 << 21, 1 << 30, (1 << 30) - (1 << 21), top]) % (1 << width);
        let odd = if self.below(12) == 0 { self.below(4096) } else { 0 };
        around + (self.below(3) << 21) + (self.pick(&[0, 0, 0, 1, 2, 510, 511]) << 12) + odd
    }

    fn size(&mut self) -> u64 {
        let pages = self.pick(&[1, 1, 2, 3, 511, 512, 513, 1024]);
        match self.below(40) {
            0 => 0,
            1 => u64::MAX - self.below(1 << 24),
            2 => (pages << 12) + self.below(4096),
            _ => pages << 12,
        }
    }

    fn call(&mut self, width: u32) -> Call {
        let addr = self.address(width);
        match self.below(20) {
            0..=8 => {
                let prot = self.pick(&[4, 5, 6, 6, 6, 12, 14, 7, 2, 6 | 1 << 55, 5 | 3 << 57]);
                // Mostly a function of the address, so that maps meet their own pages again.
                let phys = match self.below(24) {
                    0 => (1 << 48) - (1 << 12),
                    1..=3 => self.below(1 << 36),
                    _ => addr + (1 << 40),
                };
                Call::Map { addr, size: self.size(), phys, prot }
            }
            9..=14 => Call::Unmap { addr, size: self.size() },
            15..=16 => Call::Get { addr },
            17 => {
                let flags =
                    Flags { leaf: self.below(2) == 0, pre: self.below(2) == 0, post: self.below(2) == 0 };
                let stop = (self.below(3) == 0).then(|| Stop { at: self.below(4), ret: -22 });
                Call::Walk { addr, size: self.size(), flags, stop }
            }
            18 => Call::AllocBudget(Some(self.below(4))),
            _ => Call::AllocBudget(None),
        }
    }
}

/// A scenario with what the `kvm` engine does as its record.
fn scenario(seed: u64) -> Scenario {
    let mut random = Random(seed | 1);
    let width = random.pick(&[25, 30, 31, 36, 39, 40, 47, 48]);
    let mut linux = Kvm::<Arm64Hyp>::new(FakeMemory::new(ARENA, 4096, true), Version::V6_1);
    let mut calls = vec![Call::Init { va_bits: width }];
    calls.extend((0..12).map(|_| random.call(width)));
    calls.push(Call::Destroy);
    let record = |call: Call| {
        let answer = linux.call(&call).expect("each is supported");
        let did = Did::Events(linux.take_events().iter().map(ToString::to_string).collect());
        Op { call: Ok(call), answer, did }
    };
    let ops: Vec<Op> = calls.into_iter().map(record).collect();
    let memory = linux.memory();
    let pages: Vec<_> = memory.live().map(|(page, count)| (page.0 as u64, count)).collect();
    let end = Final {
        desc: rows(memory, linux.root(), 12)
            .into_iter()
            .map(|row| (row.level, Hex(row.va), row.slot, row.n, Hex(row.raw), Hex(row.step)))
            .collect(),
        live: pages.len() as u64,
        pages,
        free: memory.free_list().map(|page| page.0 as u64).collect(),
        bump: memory.bump() as u64,
    };
    Scenario {
        id: seed.to_string(),
        note: String::new(),
        tags: Vec::new(),
        cfg: Default::default(),
        ops,
        end,
    }
}

#[test]
fn every_difference_was_foretold() {
    let file = File {
        group: "random".to_owned(),
        version: Version::V6_1,
        granule: 4096,
        arena_base: ARENA,
        scenarios: (1..=COUNT).map(|k| scenario(k * 0x9e37_79b9)).collect(),
    };
    let mut tally = Tally::default();
    for scenario in &file.scenarios {
        let verdict = replay::scenario(&file, scenario, Run::Library(Depth::Pages));
        if let Verdict::Failed(failure) = &verdict {
            println!(
                "{}: {failure:#?}\n{:#x?}",
                scenario.id,
                scenario.ops.iter().map(|op| &op.call).collect::<Vec<_>>()
            );
        }
        tally.add(&verdict);
    }
    assert_eq!(tally.failed, 0);
    // All classes but the width, of which this test makes none, and enough that runs to its end.
    assert_eq!(tally.excepted.len(), 6, "{tally:?}");
    assert!(tally.passed > COUNT as usize / 10, "{tally:?}");
}

const COUNT: u64 = 400;
