//! A PE of a host: it walks EL2 stage 1 tables of 4 KiB granules, as written down here by hand, and has a TLB.

use guest_common::{Access, Kind, Leaf, Machine, Outcome, Own, Pool, Ram, Random, Why};
use ptdsl::memory::Frames;
use ptdsl::{Config, Fault, Fresh, Live, PageTable, Permit, Phys, Range, Shape, TableLayout, World};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Memory, Options, Prot, Step};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// What is wrong with a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flaw {
    /// It does not invalidate.
    KeepsTlb,
    /// It reports other levels.
    Level,
    /// It reports device memory as normal memory.
    Memory,
    /// It knows no restrictions of tables.
    Hierarchy,
    /// Loads change the leaf.
    Marks,
    /// Pages are lost.
    Leaks,
}

const TABLES: u64 = 0x4000_0000;
const BYTES: u64 = 1 << 20;
const RAM: Ram = Ram { first: 0x8000_0000, dense: 8 << 20, bytes: 1 << 30 };
const ACCESSES: [Access; 5] = [
    Access::ask(Kind::Load, false),
    Access::ask(Kind::Store, false),
    Access::touch(Kind::Load, false),
    Access::touch(Kind::Store, false),
    Access::touch(Kind::Fetch, false),
];
const NORMAL: u64 = 1;
const DEVICE: u64 = 2;

/// Table memory and the TLB of each PE: by page, the leaf as it acts.
#[derive(Debug)]
struct Shared {
    words: Vec<AtomicU64>,
    tlbs: [Mutex<BTreeMap<u64, (u64, u64)>>; 2],
    flaw: Option<Flaw>,
}

impl Shared {
    fn word(&self, at: u64) -> &AtomicU64 {
        &self.words[((at - TABLES) / 8) as usize]
    }
}

/// One PE.
#[derive(Debug)]
pub(crate) struct Host {
    shared: Arc<Shared>,
    number: usize,
    /// Width and root.
    table: (u32, u64),
}

/// Where its tables are.
#[derive(Debug)]
pub(crate) struct Tables(Arc<Shared>, Pool);

impl World<Arm64Hyp> for Tables {
    type Table = u64;

    fn table(&self, _: Permit<Self>, address: Phys) -> u64 {
        address.0
    }

    fn load(&self, _: Permit<Self>, table: u64, slot: usize) -> u64 {
        self.0.word(table + 8 * slot as u64).load(SeqCst)
    }

    fn store(&mut self, _: Permit<Self>, table: u64, slot: usize, word: u64) {
        self.0.word(table + 8 * slot as u64).store(word, SeqCst);
    }

    fn exchange(&mut self, _: Permit<Self>, table: u64, slot: usize, word: u64) -> u64 {
        self.0.word(table + 8 * slot as u64).swap(word, SeqCst)
    }

    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: u64,
        slot: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let word = self.0.word(table + 8 * slot as u64);
        word.compare_exchange(current, new, SeqCst, SeqCst).map(drop)
    }

    fn step(&mut self, step: Step) {
        if let (Step::TlbiVae2is(va) | Step::TlbiVale2is(va), true) =
            (step, self.0.flaw != Some(Flaw::KeepsTlb))
        {
            for tlb in &self.0.tlbs {
                let mut tlb = tlb.lock().expect("no thread panics with it");
                // Every entry that holds the address, however large its leaf.
                let va = va << 12 & 0xffff_ffff_ffff;
                tlb.retain(|page, (_, shift)| page >> *shift != va >> *shift);
            }
        }
    }

    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        self.1.allocate(layout)
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        if self.0.flaw != Some(Flaw::Leaks) {
            self.1.free(address, layout);
        }
    }
}

impl Host {
    pub(crate) fn new(flaw: Option<Flaw>) -> (Host, Tables) {
        let words = (0..BYTES / 8).map(|_| AtomicU64::new(0)).collect();
        let shared = Arc::new(Shared { words, tlbs: Default::default(), flaw });
        let tables = Tables(shared.clone(), Pool::new(TABLES, BYTES));
        (Host { shared, number: 0, table: (0, 0) }, tables)
    }

    pub(crate) fn second(&self) -> Host {
        Host { shared: self.shared.clone(), number: 1, table: self.table }
    }

    pub(crate) fn load(&mut self, va: u64) -> Outcome {
        self.translate(va, Access::touch(Kind::Load, false))
    }

    /// The leaf, restrictions applied, and log2 of its bytes; or the level where there is none.
    fn walk(&self, va: u64) -> Result<(u64, u64), i32> {
        let (width, root) = self.table;
        if va >> width != 0 {
            return Err(0);
        }
        let mut level = (0..4).find(|level| width > 39 - 9 * level).unwrap_or(3);
        let (mut table, mut restrictions) = (root, 0);
        loop {
            let shift = 39 - 9 * u64::from(level);
            let word = self.shared.word(table + (va >> shift & 511) * 8).load(SeqCst);
            match word & 3 {
                3 if level < 3 => {
                    restrictions |= word >> 62 & 1 | word >> 59 & 2;
                    (table, level) = (word & 0xffff_ffff_f000, level + 1);
                }
                3 | 1 if (word & 3 == 3) == (level == 3) && level > 0 => {
                    if self.shared.flaw == Some(Flaw::Hierarchy) {
                        restrictions = 0;
                    }
                    let output =
                        (word & 0xffff_ffff_f000) >> shift << shift | va & ((1 << shift) - 1) & !0xfff;
                    let acting =
                        word & !0xffff_ffff_f000 | (restrictions & 1) << 7 | (restrictions & 2) << 53;
                    return Ok((acting | output, shift | (level as u64) << 8));
                }
                _ => return Err(level as i32 + i32::from(self.shared.flaw == Some(Flaw::Level))),
            }
        }
    }

    fn translate(&mut self, va: u64, access: Access) -> Outcome {
        let mut tlb = self.shared.tlbs[self.number].lock().expect("no thread panics with it");
        let page = va & !0xfff;
        let cached = tlb.get(&page).copied().filter(|_| access.touch);
        let found = match cached {
            Some((word, shift)) => Ok((word, shift)),
            None => self.walk(va),
        };
        let (word, shift_level) = match found {
            Ok(found) => found,
            Err(level) => return Outcome::Refused { why: Why::Translation, level: Some(level) },
        };
        let level = Some((3 - (shift_level & 0xff).saturating_sub(12) / 9) as i32);
        if word >> 10 & 1 == 0 {
            return Outcome::Refused { why: Why::AccessFlag, level };
        }
        if access.touch {
            tlb.insert(page, (word, shift_level & 0xff));
        }
        let refused = match access.kind {
            Kind::Load => false,
            Kind::Store => word >> 7 & 1 == 1,
            Kind::Fetch => word >> 54 & 1 == 1,
        };
        if refused {
            return Outcome::Refused { why: Why::Permission, level };
        }
        let device = word >> 2 & 7 == 4 && self.shared.flaw != Some(Flaw::Memory);
        let memory = if access.touch {
            0
        } else if device {
            DEVICE
        } else {
            NORMAL
        };
        Outcome::Reached { output: word & 0xffff_ffff_f000, memory }
    }
}

impl Machine<Arm64Hyp> for Host {
    type World = Tables;

    fn accesses(&self) -> &'static [Access] {
        &ACCESSES
    }

    fn ram(&self) -> Ram {
        RAM
    }

    fn config(&self, random: &mut Random) -> Config<Arm64Hyp> {
        let output_bits = random.pick(&[32, 36, 40, 42, 44, 48]);
        Config {
            width: random.between(25, 48) as u32,
            output_bits,
            options: Options::default(),
            ..Config::default()
        }
    }

    fn attributes(&self, random: &mut Random) -> Attributes {
        let prot = random.pick(&[Prot::R, Prot::Rw, Prot::Rx]);
        let memory = random.pick(&[Memory::Normal, Memory::Device]);
        let attributes = Attributes::new(prot, memory).unwrap_or(Attributes::RX_NORMAL);
        attributes.with_af(!random.one_in(16))
    }

    fn readable(&self, _: &mut Random) -> Attributes {
        Attributes::R_NORMAL
    }

    fn without_xn(&self, attributes: Attributes) -> Attributes {
        if attributes.prot() == Prot::R { Attributes::RX_NORMAL.with_af(attributes.af()) } else { attributes }
    }

    fn keep_out(&self, _: &Config<Arm64Hyp>) -> Option<Range> {
        Range::new(0x100_0000, 0x1_0000).ok()
    }

    fn own(&self, _: &Config<Arm64Hyp>) -> [Option<Own<Arm64Hyp>>; 6] {
        let own = Range::new(0x100_0000, 0x2000).ok().map(|range| Own {
            range,
            output: Phys(TABLES),
            attributes: Attributes::RW_NORMAL,
        });
        [own, None, None, None, None, None]
    }

    fn restrict(&self, _: i32, descriptor: u64, random: &mut Random) -> u64 {
        descriptor | random.pick(&[1 << 62, 1 << 60])
    }

    fn read(&self, descriptor: Phys) -> u64 {
        self.shared.word(descriptor.0).load(SeqCst)
    }

    fn write(&mut self, descriptor: Phys, word: u64) {
        self.shared.word(descriptor.0).store(word, SeqCst);
    }

    fn enter(&mut self, table: &PageTable<Arm64Hyp, Live>) {
        self.table = (table.shape().width, table.root().0);
    }

    fn leave(&mut self, table: PageTable<Arm64Hyp, Live>, world: &mut Tables) {
        for tlb in &self.shared.tlbs {
            tlb.lock().expect("no thread panics with it").clear();
        }
        // SAFETY: nothing walks it any more, and the TLBs are empty.
        unsafe { table.deactivate() }.destroy(world);
    }

    fn pages(&self, world: &Tables) -> u32 {
        world.1.used()
    }

    fn expected(&self, _: &Shape<Arm64Hyp>, found: Result<Leaf<Arm64Hyp>, Fault>, access: Access) -> Outcome {
        let refused = |why, level| Outcome::Refused { why, level: Some(level) };
        let leaf = match found {
            Ok(leaf) => leaf,
            Err(Fault::Translation { level, .. }) => return refused(Why::Translation, level),
            Err(Fault::Input) => return refused(Why::Translation, 0),
        };
        let bit = |number: u32| leaf.word >> number & 1 == 1;
        match access.kind {
            _ if !bit(10) => refused(Why::AccessFlag, leaf.level),
            Kind::Store if bit(7) => refused(Why::Permission, leaf.level),
            Kind::Fetch if bit(54) => refused(Why::Permission, leaf.level),
            _ => {
                let memory = if access.touch {
                    0
                } else if leaf.word >> 2 & 7 == 4 {
                    DEVICE
                } else {
                    NORMAL
                };
                Outcome::Reached { output: leaf.output & !0xfff, memory }
            }
        }
    }

    fn marked(&self, leaf: u64, _: Access) -> u64 {
        if self.shared.flaw == Some(Flaw::Marks) { leaf | 1 << 55 } else { leaf }
    }

    fn probe(&mut self, va: u64, access: Access) -> Outcome {
        self.translate(va, access)
    }

    fn evidence(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        f.write_str("    of the host\n")
    }
}
