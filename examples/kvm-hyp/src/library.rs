//! The `ptdsl` engine: Linux's calls put as calls of the runtime's own operations.
//!
//! What the adapter adds is what Linux's entry functions do before their walk: ranges are rounded to pages, an empty one
//! has nothing to do, a range without `page_count` cannot be unmapped. Everything else is the library's answer.

use ptdsl::{
    Boundary, Config, Error, Existing, Fault, How, Live, MapError, PageTable, Phys, Range, Sizes, Unmapped,
};

use crate::engine::{Engine, Flags, Outcome, Stop, Unsupported};
use crate::format::{Hyp, stage1_pte_prot};
use crate::kvm::walk::Watch;
use crate::linux::{EINVAL, ENOMEM, ERANGE, Errno};
use crate::memory::FakeMemory;
use crate::setup::Setup;
use crate::state::Root;

/// The engine.
pub struct Library<F: Hyp> {
    setup: Setup,
    memory: FakeMemory,
    table: Option<PageTable<F, Live>>,
    /// Of the last table that was made, as Linux keeps it; for the classes only.
    ia_bits: u32,
}

/// The error number that Linux would have for it.
fn errno(error: Error) -> Errno {
    match error {
        Error::OutOfMemory { .. } => ENOMEM,
        Error::OutOfRange { .. } | Error::Wraps { .. } => ERANGE,
        _ => EINVAL,
    }
}

impl<F: Hyp> Library<F> {
    const LOW: u64 = (1 << F::GRANULE_SHIFT) - 1;

    /// On a fresh memory.
    #[must_use]
    pub fn new(setup: Setup, memory: FakeMemory) -> Self {
        Library { setup, memory, table: None, ia_bits: 0 }
    }

    /// The whole pages of a range; `None` if it is empty.
    fn pages(addr: u64, size: u64) -> Result<Option<Range>, Error> {
        if size == 0 {
            return Ok(None);
        }
        let range = Range::new(addr & !Self::LOW, size)?;
        Range::inclusive(range.first(), range.last() | Self::LOW).map(Some)
    }
}

impl<F: Hyp> Engine for Library<F> {
    fn init(&mut self, va_bits: u32) -> Result<Outcome, Unsupported> {
        let output_bits = self.setup.output_bits();
        let config = Config { width: va_bits, output_bits, ..Config::default() };
        Ok(match PageTable::create(&mut self.memory, &config) {
            Err(error) => {
                // Linux forgets a table that it had when there is no page for another's root.
                if let Error::OutOfMemory { .. } = error {
                    self.table = None;
                }
                Outcome::code(errno(error))
            }
            Ok(table) => {
                let table = table.activate(&mut self.memory);
                let shape = table.shape();
                let (start_level, ia_bits) = (Some(shape.root_level), Some(shape.width));
                self.ia_bits = shape.width;
                self.table = Some(table);
                Outcome { start_level, ia_bits, ..Outcome::code(0) }
            }
        })
    }

    fn map(&mut self, addr: u64, size: u64, phys: u64, prot: u64) -> Result<(), Errno> {
        let attributes = F::from_prot(&self.setup, prot).ok_or(EINVAL)?;
        let table = self.table.as_mut().ok_or(EINVAL)?;
        let Some(range) = Self::pages(addr, size).map_err(errno)? else {
            return Ok(());
        };
        let how = How { sizes: Sizes::Largest, existing: Existing::Update, ..How::default() };
        let output = Phys(phys & !Self::LOW);
        let result = table.map_with(&mut self.memory, range, output, attributes, how);
        result.map_err(|MapError { error, .. }| errno(error))
    }

    /// Bytes that were unmapped: like Linux, nobody is told why it stopped.
    fn unmap(&mut self, addr: u64, size: u64) -> u64 {
        let counts = self.memory.counts_readable();
        let (Some(table), Ok(Some(range)), true) = (self.table.as_mut(), Self::pages(addr, size), counts)
        else {
            return 0;
        };
        let unmapped = table.unmap(&mut self.memory, range, Boundary::Stop);
        unmapped.map_or(0, |Unmapped { bytes, .. }| bytes)
    }

    fn get(&mut self, addr: u64) -> Outcome {
        let Some(table) = &self.table else {
            return Outcome::code(EINVAL);
        };
        let (pte, level, prot) = match table.translate(&self.memory, addr) {
            Err(Fault::Input) => return Outcome::code(ERANGE),
            // A fault has no attributes; Linux decodes the software bits of what stands there.
            Err(Fault::Translation { level, entry }) => {
                (entry, level, Some(stage1_pte_prot(self.setup.hvhe, entry)))
            }
            Ok(leaf) => (leaf.entry, leaf.level, leaf.attributes().map(F::to_prot)),
        };
        Outcome { pte: Some(pte), level: Some(level), prot, ..Outcome::code(0) }
    }

    fn walk(&mut self, addr: u64, size: u64, flags: Flags, stop: Option<Stop>) -> Result<(), Errno> {
        let table = self.table.as_ref().ok_or(EINVAL)?;
        match Self::pages(addr, size).map_err(errno)? {
            None => Ok(()),
            Some(range) => {
                let mut watch = Watch::new(self.setup.version, flags, stop);
                table.visit(&mut self.memory, range, &mut watch).map_err(errno)?
            }
        }
    }

    fn destroy(&mut self) -> Result<(), Unsupported> {
        let Some(table) = self.table.take() else {
            return Err(Unsupported("destroy without a table".to_owned()));
        };
        // SAFETY: nothing walks the fake memory.
        unsafe { table.deactivate() }.destroy(&mut self.memory);
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
        let shape = self.table.as_ref()?.shape();
        Some(Root { page: self.memory.page_at(shape.root.0), level: shape.root_level })
    }

    fn ia_bits(&self) -> u32 {
        self.ia_bits
    }
}
