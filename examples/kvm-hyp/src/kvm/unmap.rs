//! `hyp_unmap_walker`: leaf by leaf, each with its invalidation; empty tables go when the walk leaves them.

use ptdsl::{Level, Slot, Then, Visitor};

use crate::event::{Dsb, Event};
use crate::format::Hyp;
use crate::linux::{EINVAL, Errno, LinuxMemory, Order};
use crate::setup::Version;

/// One call of `unmap`.
pub(super) struct Unmap {
    version: Version,
    bytes: u64,
}

impl Unmap {
    pub(super) fn new(version: Version) -> Self {
        Unmap { version, bytes: 0 }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hint for a level as hardware gets it. Until 6.1 level 0 meant that there is none.
    fn hint(&self, level: i32) -> Option<i32> {
        let lowest = if self.version >= Version::V6_12 { 0 } else { 1 };
        (level >= lowest).then_some(level)
    }

    /// The hint of the invalidation that removes a table. The first version gave one, though it is for leaves alone.
    fn table_hint(&self, level: i32) -> Option<i32> {
        if self.version == Version::V5_17 { self.hint(level) } else { None }
    }
}

/// Clears a slot, invalidates what was there, and drops the slot's reference to its own table.
fn clear<F: Hyp, W: LinuxMemory<F>>(memory: &mut W, slot: &Slot<F, W::Table>, leaf: bool, hint: Option<i32>) {
    // SAFETY: the walker gave table and slot; the invalidation follows at once.
    unsafe { memory.store_raw(slot.table, slot.index, 0, Order::Once) };
    memory.event(Event::Dsb(Dsb::Ishst));
    // The operand holds bits 55:12.
    memory.event(Event::Tlbi { leaf, va: slot.va & 0xff_ffff_ffff_f000, hint });
    memory.event(Event::Dsb(Dsb::Ish));
    memory.event(Event::Isb);
    memory.put(slot.table);
}

impl<F: Hyp, W: LinuxMemory<F>> Visitor<F, W> for Unmap {
    type Stop = Errno;

    fn leaf<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        let granule = 1_u64 << L::SHIFT;
        // A hole, or a block that is larger than what is left. One that begins before the range may go whole.
        if slot.raw & 1 == 0 || slot.last - slot.va < granule - 1 {
            return Err(EINVAL);
        }
        clear(memory, slot, true, self.hint(L::NUMBER));
        self.bytes = self.bytes.wrapping_add(granule);
        Ok(Then::Reread)
    }

    fn post<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<(), Errno> {
        // The slot holds a table: the walker calls this for nothing else.
        let Some(child) = L::next_table(slot.raw).map(|child| memory.table_of(child)) else {
            return Ok(());
        };
        if memory.page_count(child) == 1 {
            clear(memory, slot, false, self.table_hint(L::NUMBER));
            memory.put(child);
        }
        Ok(())
    }
}
