//! `hyp_map_walker`: blocks where they fit, else tables; conflicts with blocks are overwritten after a warning.

use ptdsl::{Level, Phys, Slot, Then, Visitor};

use crate::event::Event;
use crate::format::{Hyp, prot};
use crate::linux::{EINVAL, ENOMEM, Errno, LinuxMemory, Order, PHYS_LIMIT};

/// The address field of a descriptor.
const ADDRESS: u64 = 0xffff_ffff_f000;

/// One call of `map`.
pub(super) struct Map<F: Hyp> {
    /// Output of the next leaf. Every attempt at a leaf advances it, a refused one too (until 6.1).
    phys: u64,
    attributes: F::Attributes,
}

impl<F: Hyp> Map<F> {
    pub(super) fn new(phys: u64, attributes: F::Attributes) -> Self {
        Map { phys, attributes }
    }

    /// `kvm_block_mapping_supported`; the last level always qualifies.
    fn leaf_fits<L: Level<F>>(&self, va: u64, last: u64) -> bool {
        let low = (1_u64 << L::SHIFT) - 1;
        let aligned = self.phys >= PHYS_LIMIT || self.phys & low == 0;
        L::HAS_LEAF && last - va >= low && va & low == 0 && aligned
    }

    /// The leaf's word. An unchecked misaligned output leaves its bits where a block has no field for them.
    fn leaf_word<L: Level<F>>(&self) -> u64 {
        let low = (1_u64 << L::SHIFT) - 1;
        L::leaf(Phys(self.phys & ADDRESS & !low), self.attributes) | self.phys & low & ADDRESS
    }

    /// `hyp_map_walker_try_leaf`: whether the slot holds the leaf now.
    fn try_leaf<L: Level<F>, W: LinuxMemory<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> bool {
        if !self.leaf_fits::<L>(slot.va, slot.last) {
            return false;
        }
        let new = self.leaf_word::<L>();
        self.phys = self.phys.wrapping_add(1 << L::SHIFT);
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

impl<F: Hyp, W: LinuxMemory<F>> Visitor<F, W> for Map<F> {
    type Stop = Errno;

    fn leaf<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        if self.try_leaf::<L, W>(memory, slot) {
            return Ok(Then::Reread);
        }
        if !L::HAS_TABLE {
            memory.event(Event::Warn);
            return Err(EINVAL);
        }
        let Some(child) = memory.zalloc_page() else {
            return Err(ENOMEM);
        };
        if slot.raw & 1 != 0 {
            memory.event(Event::Warn);
        }
        // SAFETY: the walker gave table and slot. Over a valid block this breaks break-before-make: Linux's own quirk,
        // which is replayed on memory that no hardware walks.
        unsafe { memory.store_raw(slot.table, slot.index, L::link(child), Order::Release) };
        // Over a block this is one reference too many, for ever.
        memory.get(slot.table);
        Ok(Then::Reread)
    }
}
