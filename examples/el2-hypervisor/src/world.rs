//! What the walker needs of its surroundings: pages for tables, and someone who performs its maintenance.

use ptdsl::memory::{Frames, Maintain};
use ptdsl::{Fresh, Phys, TableLayout};

use crate::PAGE;
use crate::arm64_hyp::{Arm64Hyp, Prot, Step};

/// 64 pages from a physical address; a bit for each that is free.
pub struct Pool(pub u64, pub u64);

impl Pool {
    pub fn used(&self) -> u32 {
        self.1.count_zeros()
    }
}

impl Frames for Pool {
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        let page = self.1.trailing_zeros();
        if layout.bytes > PAGE || page == u64::BITS {
            return None;
        }
        self.1 &= !(1 << page);
        let address = Phys(self.0 + u64::from(page) * PAGE);
        // Not zeroed: the walker writes every word before it links the table.
        Some(Fresh { address, zeroed: false })
    }

    fn free(&mut self, address: Phys, _: TableLayout) {
        self.1 |= 1 << ((address.0 - self.0) / PAGE);
    }
}

/// Barriers and invalidations as the instructions that they are.
pub struct Hardware;

impl Maintain<Arm64Hyp> for Hardware {
    #[inline(always)]
    fn step(&mut self, step: Step) {
        let tlbi = matches!(step, Step::TlbiVae2is(_) | Step::TlbiVale2is(_));
        if !(cfg!(feature = "fault-no-tlbi") && tlbi) {
            step.execute();
        }
    }
}

/// What is asked of the walker, less what the build has been told to get wrong.
pub fn faulty(output: u64, prot: Prot) -> (Phys, Prot) {
    let shift = if cfg!(feature = "fault-shift-output") { PAGE } else { 0 };
    let drop_xn = cfg!(feature = "fault-drop-xn") && prot == Prot::R;
    (Phys(output + shift), if drop_xn { Prot::Rx } else { prot })
}
