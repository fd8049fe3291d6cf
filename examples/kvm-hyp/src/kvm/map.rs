//! `hyp_map_walker`: blocks where they fit, else tables; conflicts with blocks are overwritten after a warning.

use ptdsl::{Level, Phys, Slot, Then, Visitor};

use crate::event::Event;
use crate::format::{Hyp, prot};
use crate::linux::{EINVAL, ENOMEM, Errno, LinuxMemory, Order};
use crate::setup::{Granule, Setup, Version};

/// One call of `map`.
pub(super) struct Map {
    setup: Setup,
    /// First input address.
    start: u64,
    /// Its output.
    phys: u64,
    /// Until 6.1: the output of the next leaf. Every attempt at a leaf advances it, a refused one too.
    next: u64,
    prot: u64,
}

impl Map {
    pub(super) fn new(setup: Setup, start: u64, phys: u64, prot: u64) -> Self {
        Map { setup, start, phys, next: phys, prot }
    }

    fn output(&self, va: u64) -> u64 {
        match self.setup.version {
            Version::V5_17 | Version::V6_1 => self.next,
            Version::V6_12 => self.phys.wrapping_add(va - self.start),
        }
    }

    /// `kvm_block_mapping_supported`; the last level always qualifies.
    fn leaf_fits<L: Level<F>, F: Hyp>(&self, phys: u64, va: u64, last: u64) -> bool {
        let low = (1_u64 << L::SHIFT) - 1;
        let aligned = phys >> self.setup.output_bits() != 0 || phys & low == 0;
        L::NUMBER >= self.setup.granule.highest_block() && last - va >= low && va & low == 0 && aligned
    }

    /// `kvm_phys_to_pte`. Of an output that is out of range or misaligned, which goes unchecked, it keeps more bits than
    /// the leaf of a format has.
    fn address(&self, phys: u64) -> u64 {
        let bits = |high: u32| phys & ((1 << high) - 1) & !(self.setup.granule.bytes() - 1);
        match self.setup.granule {
            Granule::K64 => bits(48) | (phys >> 48 & 0xf) << 12,
            Granule::K4 | Granule::K16 if self.setup.lpa2() => bits(50) | (phys >> 50 & 3) << 8,
            Granule::K4 | Granule::K16 => bits(48),
        }
    }

    /// `hyp_map_walker_try_leaf`: whether the slot holds the leaf now.
    fn try_leaf<F: Hyp, L: Level<F>, W: LinuxMemory<F>>(
        &mut self,
        memory: &mut W,
        slot: &Slot<F, W::Table>,
        attributes: F::Attributes,
    ) -> bool {
        let phys = self.output(slot.va);
        if !self.leaf_fits::<L, F>(phys, slot.va, slot.last) {
            return false;
        }
        let low = (1_u64 << L::SHIFT) - 1;
        let new = L::leaf(Phys(phys & !low), attributes) | self.address(phys);
        self.next = phys.wrapping_add(1 << L::SHIFT);
        let old = slot.raw;
        if old == new {
            return true;
        }
        if old & 1 == 0 {
            memory.get(slot.table);
        } else if (old ^ new) & !prot::SW != 0 {
            memory.event(Event::Warn);
            return false;
        }
        // SAFETY: the walker gave table and slot. Invalid to valid, or a change that hardware ignores.
        unsafe { memory.store_raw(slot.table, slot.index, new, Order::Release) };
        true
    }
}

impl<F: Hyp, W: LinuxMemory<F>> Visitor<F, W> for Map {
    type Stop = Errno;

    fn leaf<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        let attributes = F::from_prot(&self.setup, self.prot).ok_or(EINVAL)?;
        if self.try_leaf::<F, L, W>(memory, slot, attributes) {
            return Ok(Then::Reread);
        }
        if !L::HAS_TABLE {
            memory.event(Event::Warn);
            return Err(EINVAL);
        }
        let Some(child) = memory.zalloc_page() else {
            return Err(ENOMEM);
        };
        // Over a block, this reference to the slot's table is one too many, for ever.
        let counts_first = self.setup.version >= Version::V6_12;
        if counts_first {
            memory.get(slot.table);
        } else if slot.raw & 1 != 0 {
            memory.event(Event::Warn);
        }
        // SAFETY: the walker gave table and slot. Over a valid block this breaks break-before-make: Linux's own quirk,
        // which is replayed on memory that no hardware walks.
        unsafe { memory.store_raw(slot.table, slot.index, L::link(child), Order::Release) };
        if !counts_first {
            memory.get(slot.table);
        }
        Ok(Then::Reread)
    }
}
