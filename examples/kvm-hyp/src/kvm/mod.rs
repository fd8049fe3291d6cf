//! Linux's `kvm_pgtable` functions for the hypervisor's stage 1, as visitors on the generated walker.

use ptdsl::{Config, Error, Inactive, PageTable, Phys, Visitor};

use crate::engine::{Call, Engine, Outcome, Unsupported};
use crate::event::{Dsb, Event};
use crate::format::{Hyp, stage1_pte_prot, stage2_pte_prot};
use crate::linux::{EINVAL, ENOMEM, ERANGE, Errno, KernelRange};
use crate::memory::FakeMemory;
use crate::state::Root;

mod destroy;
mod map;
mod unmap;
pub mod walk;

/// Which Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The original patch of 2021.
    V5_17,
    /// 6.1.192.
    V6_1,
}

impl Version {
    /// By its name in a file's header.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "5.17" => Some(Version::V5_17),
            "6.1" => Some(Version::V6_1),
            _ => None,
        }
    }

    /// Whether the invalidation that removes a table passes that table's level. It must not: the hint is for leaves.
    fn table_hint(self) -> bool {
        self == Version::V5_17
    }
}

/// The level hint as hardware gets it: level 0 has none.
fn hint(level: i32) -> Option<i32> {
    (level > 0).then_some(level)
}

/// `pgt->pgd` and what goes with it.
enum Table<F: Hyp> {
    /// No root.
    None,
    /// A table that the format has too: the generated walker walks it.
    Whole(PageTable<F, Inactive>),
    /// Linux does not check `va_bits`: with fewer than 1 or more than 4 levels every walk ends in a warning.
    Broken { root: Phys, start_level: i32 },
}

/// The engine.
pub struct Kvm<F: Hyp> {
    memory: FakeMemory,
    version: Version,
    table: Table<F>,
    /// Stays when the root goes, as the field of the kernel's structure does. 0 before the first table.
    ia_bits: u32,
}

impl<F: Hyp> Kvm<F> {
    const PAGE_SIZE: u64 = 1 << F::GRANULE_SHIFT;

    /// On a fresh memory.
    #[must_use]
    pub fn new(memory: FakeMemory, version: Version) -> Self {
        Kvm { memory, version, table: Table::None, ia_bits: 0 }
    }

    /// `kvm_pgtable_walk`: the visitor over the range, or why not.
    fn walk<V>(&mut self, addr: u64, size: u64, visitor: &mut V) -> Result<(), Errno>
    where
        V: Visitor<F, FakeMemory, Stop = Errno>,
    {
        let range = KernelRange::new(addr, size, Self::PAGE_SIZE);
        if range.beyond(self.ia_bits) {
            return Err(ERANGE);
        }
        if let Table::None = self.table {
            return Err(EINVAL);
        }
        let Some(visited) = range.inclusive() else {
            return Ok(());
        };
        match &self.table {
            Table::Whole(table) => table.visit(&mut self.memory, visited, visitor).unwrap_or(Err(ERANGE)),
            Table::Broken { .. } | Table::None => {
                self.memory.record(Event::Warn);
                Err(EINVAL)
            }
        }
    }

    /// `kvm_pgtable_hyp_init`.
    fn init(&mut self, va_bits: u32) -> Result<Outcome, Unsupported> {
        if va_bits >= 64 {
            return Err(Unsupported(format!("va_bits {va_bits}: Linux's shift is undefined from 64 on")));
        }
        // Unsigned in the kernel, and unchecked.
        let levels = va_bits.wrapping_sub(4) / (F::GRANULE_SHIFT - 3);
        let start_level = 4_u32.wrapping_sub(levels) as i32;
        let made = if (0..=3).contains(&start_level) {
            // A root is a page whatever the width, so a narrow one walks like the format's narrowest of that level.
            let width = va_bits.clamp(F::MIN_WIDTH, F::MAX_WIDTH);
            if root_level::<F>(width) != start_level {
                let text = format!(
                    "va_bits {va_bits}: no table of the format {} starts at level {start_level}",
                    F::NAME
                );
                return Err(Unsupported(text));
            }
            match PageTable::create(&mut self.memory, &Config { width, ..Config::default() }) {
                Ok(table) => Some(Table::Whole(table)),
                Err(Error::OutOfMemory { .. }) => None,
                Err(error) => {
                    return Err(Unsupported(format!("the arena does not suit the format: {error}")));
                }
            }
        } else {
            let root = self.memory.allocate_page();
            root.map(|root| Table::Broken { root: Phys(self.memory.address_of(root)), start_level })
        };
        let Some(table) = made else {
            self.table = Table::None;
            return Ok(Outcome::code(ENOMEM));
        };
        self.table = table;
        self.ia_bits = va_bits;
        Ok(Outcome { start_level: Some(start_level), ia_bits: Some(va_bits), ..Outcome::code(0) })
    }

    /// `kvm_pgtable_hyp_map`.
    fn map(&mut self, addr: u64, size: u64, phys: u64, prot: u64) -> Outcome {
        let Some(attributes) = F::from_prot(prot) else {
            return Outcome::code(EINVAL);
        };
        let mut map = map::Map::<F>::new(phys & !(Self::PAGE_SIZE - 1), attributes);
        let result = self.walk(addr, size, &mut map);
        self.memory.record(Event::Dsb(Dsb::Ishst));
        self.memory.record(Event::Isb);
        Outcome::code(result.err().unwrap_or(0))
    }

    /// `kvm_pgtable_hyp_unmap`.
    fn unmap(&mut self, addr: u64, size: u64) -> Outcome {
        if !self.memory.counts_readable() {
            return Outcome::bytes(0);
        }
        let mut unmap = unmap::Unmap::new(self.version);
        // The error says why it stopped; Linux drops it.
        let _ = self.walk(addr, size, &mut unmap);
        Outcome::bytes(unmap.bytes())
    }

    /// `kvm_pgtable_get_leaf`.
    fn get(&mut self, addr: u64) -> Outcome {
        let mut leaf = walk::GetLeaf::default();
        match self.walk(addr & !(Self::PAGE_SIZE - 1), Self::PAGE_SIZE, &mut leaf) {
            Err(code) => Outcome::code(code),
            Ok(()) => {
                let (pte, level) = leaf.found();
                let prot = stage1_pte_prot(pte);
                Outcome { pte: Some(pte), level: Some(level), prot: Some(prot), ..Outcome::code(0) }
            }
        }
    }

    /// `kvm_pgtable_hyp_destroy`.
    fn destroy(&mut self) -> Result<Outcome, Unsupported> {
        let Some(root) = self.root() else {
            return Err(Unsupported(
                "destroy without a table: Linux drops a reference to no page".to_owned(),
            ));
        };
        if self.walk(0, 1 << self.ia_bits, &mut destroy::Free).is_err() {
            self.memory.record(Event::Warn);
        }
        self.memory.put_page(root.page);
        self.table = Table::None;
        Ok(Outcome::default())
    }
}

/// The level where the format's table of a width starts.
fn root_level<F: Hyp>(width: u32) -> i32 {
    let levels = width.saturating_sub(F::GRANULE_SHIFT).div_ceil(F::GRANULE_SHIFT - 3);
    4 - levels as i32
}

impl<F: Hyp> Engine for Kvm<F> {
    fn call(&mut self, call: &Call) -> Result<Outcome, Unsupported> {
        Ok(match *call {
            Call::Init { va_bits } => self.init(va_bits)?,
            Call::Map { addr, size, phys, prot } => self.map(addr, size, phys, prot),
            Call::Unmap { addr, size } => self.unmap(addr, size),
            Call::Get { addr } => self.get(addr),
            Call::PteProt { stage, raw } => {
                let prot = if stage == 1 { stage1_pte_prot(raw) } else { stage2_pte_prot(raw) };
                Outcome { prot: Some(prot), ..Outcome::default() }
            }
            Call::Walk { addr, size, flags, stop } => {
                let result = self.walk(addr, size, &mut walk::Watch::new(flags, stop));
                Outcome::code(result.err().unwrap_or(0))
            }
            Call::Destroy => self.destroy()?,
            Call::AllocBudget(budget) => {
                self.memory.set_budget(budget);
                Outcome::default()
            }
        })
    }

    fn memory(&self) -> &FakeMemory {
        &self.memory
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.memory.take_events()
    }

    fn root(&self) -> Option<Root> {
        let (root, level) = match &self.table {
            Table::None => return None,
            Table::Whole(table) => (table.root(), table.shape().root_level),
            Table::Broken { root, start_level } => (*root, *start_level),
        };
        Some(Root { page: self.memory.page_at(root.0), level })
    }
}
