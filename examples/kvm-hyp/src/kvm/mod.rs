//! Linux's `kvm_pgtable` functions for the hypervisor's stage 1, as visitors on the generated walker.

use ptdsl::{Config, Error, Inactive, PageTable, Phys, Visitor};

use crate::engine::{Engine, Flags, Outcome, Stop, Unsupported};
use crate::event::{Dsb, Event};
use crate::format::{Hyp, stage1_pte_prot};
use crate::linux::{EINVAL, ENOMEM, ERANGE, Errno, KernelRange};
use crate::memory::FakeMemory;
use crate::setup::{Setup, Width};
use crate::state::Root;

mod destroy;
mod map;
mod unmap;
pub mod walk;

/// `pgt->pgd` and what goes with it.
enum Table<F: Hyp> {
    /// No root.
    None,
    /// A table that the format has too: the generated walker walks it.
    Spec(PageTable<F, Inactive>),
    /// A width that the format does not have, but Linux walks.
    Wide(PageTable<F::Wide, Inactive>),
    /// A root of a level that does not exist: every walk ends in a warning.
    Broken { root: Phys, start_level: i32 },
}

/// The engine.
pub struct Kvm<F: Hyp> {
    setup: Setup,
    memory: FakeMemory,
    table: Table<F>,
    /// Stays when the root goes, as the field of the kernel's structure does. 0 before the first table.
    ia_bits: u32,
}

impl<F: Hyp> Kvm<F> {
    /// On a fresh memory.
    #[must_use]
    pub fn new(setup: Setup, memory: FakeMemory) -> Self {
        Kvm { setup, memory, table: Table::None, ia_bits: 0 }
    }

    fn range(&self, addr: u64, size: u64) -> KernelRange {
        KernelRange::new(addr, size, self.setup.granule.bytes())
    }

    /// `kvm_pgtable_walk`: the visitor over the range, or why not.
    fn visit<V>(&mut self, range: KernelRange, visitor: &mut V) -> Result<(), Errno>
    where
        V: Visitor<F, FakeMemory, Stop = Errno> + Visitor<F::Wide, FakeMemory, Stop = Errno>,
    {
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
            Table::Spec(table) => table.visit(&mut self.memory, visited, visitor).unwrap_or(Err(ERANGE)),
            Table::Wide(table) => table.visit(&mut self.memory, visited, visitor).unwrap_or(Err(ERANGE)),
            Table::Broken { .. } | Table::None => {
                self.memory.record(Event::Warn);
                Err(EINVAL)
            }
        }
    }

    /// An empty table with a root, or `None` if there is no page for it.
    fn table(&mut self, va_bits: u32, width: Width) -> Result<Option<Table<F>>, Unsupported> {
        let unsuited = |error: Error| Unsupported(format!("va_bits {va_bits}: {}: {error}", F::NAME));
        match width {
            Width::Refused => Ok(None),
            Width::Undefined(what) => Err(Unsupported(format!(
                "va_bits {va_bits}: {what} comes from a shift by 64 or more, which C leaves undefined"
            ))),
            Width::Broken { start_level } => Ok(self.memory.allocate_page().map(|root| {
                let root = Phys(self.memory.address_of(root));
                Table::Broken { root, start_level }
            })),
            Width::Walks { .. } if (F::MIN_WIDTH..=F::MAX_WIDTH).contains(&va_bits) => {
                Ok(create::<F>(&mut self.memory, va_bits).map_err(unsuited)?.map(Table::Spec))
            }
            Width::Walks { .. } => {
                Ok(create::<F::Wide>(&mut self.memory, va_bits).map_err(unsuited)?.map(Table::Wide))
            }
        }
    }
}

/// A format's table; `None` if there is no page for its root.
fn create<F: Hyp>(memory: &mut FakeMemory, width: u32) -> Result<Option<PageTable<F, Inactive>>, Error> {
    // Outputs go unchecked here, so their limit is of no interest.
    match PageTable::create(memory, &Config { width, ..Config::default() }) {
        Ok(table) => Ok(Some(table)),
        Err(Error::OutOfMemory { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl<F: Hyp> Engine for Kvm<F> {
    fn init(&mut self, va_bits: u32) -> Result<Outcome, Unsupported> {
        let width = self.setup.width(va_bits);
        if width == Width::Refused {
            return Ok(Outcome::code(EINVAL));
        }
        let Some(table) = self.table(va_bits, width)? else {
            self.table = Table::None;
            return Ok(Outcome::code(ENOMEM));
        };
        self.table = table;
        self.ia_bits = va_bits;
        let start_level = self.root().map(|root| root.level);
        Ok(Outcome { start_level, ia_bits: Some(va_bits), ..Outcome::code(0) })
    }

    fn map(&mut self, addr: u64, size: u64, phys: u64, prot: u64) -> Result<(), Errno> {
        if F::from_prot(&self.setup, prot).is_none() {
            return Err(EINVAL);
        }
        let range = self.range(addr, size);
        let phys = phys & !(self.setup.granule.bytes() - 1);
        let result = self.visit(range, &mut map::Map::new(self.setup, range.start, phys, prot));
        self.memory.record(Event::Dsb(Dsb::Ishst));
        self.memory.record(Event::Isb);
        result
    }

    fn unmap(&mut self, addr: u64, size: u64) -> u64 {
        if !self.memory.counts_readable() {
            return 0;
        }
        let mut unmap = unmap::Unmap::new(self.setup.version);
        // The error says why it stopped; Linux drops it.
        let _ = self.visit(self.range(addr, size), &mut unmap);
        unmap.bytes()
    }

    fn get(&mut self, addr: u64) -> Outcome {
        let page = self.setup.granule.bytes();
        let mut leaf = walk::GetLeaf::default();
        match self.visit(self.range(addr & !(page - 1), page), &mut leaf) {
            Err(code) => Outcome::code(code),
            Ok(()) => {
                let (pte, level) = leaf.found();
                let prot = stage1_pte_prot(self.setup.hvhe, pte);
                Outcome { pte: Some(pte), level: Some(level), prot: Some(prot), ..Outcome::code(0) }
            }
        }
    }

    fn walk(&mut self, addr: u64, size: u64, flags: Flags, stop: Option<Stop>) -> Result<(), Errno> {
        let range = self.range(addr, size);
        self.visit(range, &mut walk::Watch::new(self.setup.version, flags, stop))
    }

    fn destroy(&mut self) -> Result<(), Unsupported> {
        let Some(root) = self.root() else {
            return Err(Unsupported(
                "destroy without a table: Linux drops a reference to no page".to_owned(),
            ));
        };
        if self.visit(self.range(0, 1 << self.ia_bits), &mut destroy::Free).is_err() {
            self.memory.record(Event::Warn);
        }
        self.memory.put_page(root.page);
        self.table = Table::None;
        Ok(())
    }

    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn memory(&self) -> &FakeMemory {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut FakeMemory {
        &mut self.memory
    }

    fn root(&self) -> Option<Root> {
        let (root, level) = match &self.table {
            Table::None => return None,
            Table::Spec(table) => (table.root(), table.shape().root_level),
            Table::Wide(table) => (table.root(), table.shape().root_level),
            Table::Broken { root, start_level } => (*root, *start_level),
        };
        Some(Root { page: self.memory.page_at(root.0), level })
    }

    fn ia_bits(&self) -> u32 {
        self.ia_bits
    }
}
