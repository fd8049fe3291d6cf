//! `hyp_free_walker`: drops references, stores nothing, invalidates nothing.

use ptdsl::{Level, Slot, Then, Visitor};

use crate::format::Hyp;
use crate::linux::{Errno, LinuxMemory};

/// The visitor; the root is its caller's.
pub(super) struct Free;

impl<F: Hyp, W: LinuxMemory<F>> Visitor<F, W> for Free {
    type Stop = Errno;

    fn leaf<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        if slot.raw & 1 != 0 {
            memory.put(slot.table);
        }
        Ok(Then::Go)
    }

    fn post<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<(), Errno> {
        memory.put(slot.table);
        if let Some(child) = L::next_table(slot.raw) {
            let child = memory.table_of(child);
            memory.put(child);
        }
        Ok(())
    }
}
