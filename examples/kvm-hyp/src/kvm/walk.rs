//! `kvm_pgtable_walk` with a visitor that only looks, and `kvm_pgtable_get_leaf`.

use ptdsl::{Level, Slot, Then, Visitor};

use crate::engine::{Flags, Stop};
use crate::event::{Event, When};
use crate::format::Hyp;
use crate::linux::{EAGAIN, Errno, LinuxMemory};
use crate::setup::Version;

/// Records the calls that were asked for, and stops at one of them.
pub struct Watch {
    version: Version,
    flags: Flags,
    stop: Option<Stop>,
    calls: u64,
}

impl Watch {
    /// Before its first call.
    #[must_use]
    pub fn new(version: Version, flags: Flags, stop: Option<Stop>) -> Self {
        Watch { version, flags, stop, calls: 0 }
    }

    fn visit<F: Hyp, L: Level<F>, W: LinuxMemory<F>>(
        &mut self,
        memory: &mut W,
        slot: &Slot<F, W::Table>,
        when: When,
    ) -> Result<(), Errno> {
        let wanted = match when {
            When::Pre => self.flags.pre,
            When::Leaf => self.flags.leaf,
            When::Post => self.flags.post,
        };
        if !wanted {
            return Ok(());
        }
        memory.event(Event::Visit { when, level: L::NUMBER, va: slot.va, raw: slot.raw });
        let call = self.calls;
        self.calls += 1;
        match self.stop {
            // Outside a fault handler 6.12 goes on.
            Some(Stop { at, ret: EAGAIN }) if at == call && self.version >= Version::V6_12 => Ok(()),
            Some(Stop { at, ret }) if at == call && ret != 0 => Err(ret),
            _ => Ok(()),
        }
    }
}

impl<F: Hyp, W: LinuxMemory<F>> Visitor<F, W> for Watch {
    type Stop = Errno;

    fn pre<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        self.visit::<F, L, W>(memory, slot, When::Pre).map(|()| Then::Go)
    }

    fn leaf<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        self.visit::<F, L, W>(memory, slot, When::Leaf).map(|()| Then::Reread)
    }

    fn post<L: Level<F>>(&mut self, memory: &mut W, slot: &Slot<F, W::Table>) -> Result<(), Errno> {
        self.visit::<F, L, W>(memory, slot, When::Post)
    }
}

/// The entry where the walk of one page ends.
#[derive(Default)]
pub(super) struct GetLeaf {
    pte: u64,
    level: i32,
}

impl GetLeaf {
    /// Raw entry and level.
    pub(super) fn found(&self) -> (u64, i32) {
        (self.pte, self.level)
    }
}

impl<F: Hyp, W: LinuxMemory<F>> Visitor<F, W> for GetLeaf {
    type Stop = Errno;

    fn leaf<L: Level<F>>(&mut self, _: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Errno> {
        (self.pte, self.level) = (slot.raw, L::NUMBER);
        Ok(Then::Go)
    }
}
