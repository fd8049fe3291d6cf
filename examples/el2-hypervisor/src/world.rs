//! What the walker needs of its surroundings: pages for tables, and someone who performs its maintenance.

use crate::PAGE;
use crate::arm64_hyp::{Arm64Hyp, Attributes, Step};
use ptdsl::memory::{Frames, Maintain};
use ptdsl::{Fresh, Phys, TableLayout};

/// 64 pages from physical address `first`; in `free` a bit for each that is.
pub struct Pool {
    pub first: u64,
    pub free: u64,
}

impl Frames for Pool {
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        let page = self.free.checked_ilog2().filter(|_| layout.bytes <= PAGE)?;
        self.free &= !(1 << page);
        // Not zeroed: the walker writes every word before it links the table.
        Some(Fresh { address: Phys(self.first + u64::from(page) * PAGE), zeroed: false })
    }

    fn free(&mut self, address: Phys, _: TableLayout) {
        self.free |= 1 << ((address.0 - self.first) / PAGE);
    }
}

/// Barriers and invalidations as the instructions that they are.
pub struct Hardware;

impl Maintain<Arm64Hyp> for Hardware {
    fn step(&mut self, step: Step) {
        let tlbi = matches!(step, Step::TlbiVae2is(_) | Step::TlbiVale2is(_));
        if !(cfg!(feature = "fault-no-tlbi") && tlbi) {
            step.execute();
        }
    }
}

/// What the build has been told to get wrong: a shift of the output, and attributes instead of these.
pub fn faults(attributes: Attributes) -> (u64, Attributes) {
    let drop_xn = cfg!(feature = "fault-drop-xn") && attributes == Attributes::R_NORMAL;
    let given = if drop_xn { Attributes::RX_NORMAL } else { attributes };
    (if cfg!(feature = "fault-shift-output") { PAGE } else { 0 }, given)
}
