//! What the MMU says of an access: by an abort, or when asked by AT.

use core::fmt;
use ptdsl::{Fault, Translation};

use crate::arm64_hyp::{Arm64Hyp, Memory, Prot};
use crate::machine;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Access {
    Load,
    Store,
    Fetch,
    Other,
}

/// DFSC without its level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    Translation = 0b0001,
    Permission = 0b0011,
    Other,
}

/// A refused access: its address, why, and the level.
#[derive(Clone, Copy, PartialEq)]
pub struct Abort(pub Access, pub u64, pub Why, pub u64);

impl Abort {
    /// From ESR_EL2, of which EC, WnR and DFSC count, and FAR_EL2.
    pub fn decode(esr: u64, far: u64) -> Abort {
        let access = match (esr >> 26, esr >> 6 & 1) {
            (0x21, _) => Access::Fetch,
            (0x25, 0) => Access::Load,
            (0x25, _) => Access::Store,
            _ => Access::Other,
        };
        let why = match esr >> 2 & 0xf {
            0b0001 => Why::Translation,
            0b0011 => Why::Permission,
            _ => Why::Other,
        };
        Abort(access, far, why, esr & 3)
    }
}

impl fmt::Debug for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Abort(access, address, why, level) = self;
        write!(f, "{access:?} at {address:#x}: {why:?} fault, level {level}")
    }
}

/// Whether AT, for a read and for a write, agrees with `translate`: output, memory type, shareability, permission, level.
pub fn agrees(address: u64, mair: u64, translated: Result<Translation<Arm64Hyp>, Fault>) -> bool {
    // What PAR_EL1 must hold, and the bits that count.
    let fault = |why: Why, level: i32| ((why as u64) << 3 | (level as u64) << 1 | 1, 0x7f);
    let (read, write) = match translated {
        Err(Fault::Translation { level, .. }) => {
            (fault(Why::Translation, level), fault(Why::Translation, level))
        }
        Err(_) => (fault(Why::Translation, 0), fault(Why::Translation, 0)),
        Ok(leaf) => {
            let Some(asked) = leaf.attributes() else { return false };
            // MAIR_EL2.Attr4 or Attr0. A device is outer shareable (0b10) whatever the leaf says; QEMU reports the leaf.
            let (attr, shareable, mask) = match asked.memory() {
                Memory::Device => (mair >> 32, 0b10, 0b10),
                Memory::Normal => (mair, 0b11, 0b11),
            };
            let output = leaf.output.0 & !0xfff;
            let read = (attr << 56 | output | shareable << 7, 0xff0f_ffff_ffff_f001 | mask << 7);
            (read, if asked.prot() == Prot::Rw { read } else { fault(Why::Permission, leaf.level) })
        }
    };
    let found = machine::address_translate(address);
    [read, write].iter().zip(found).all(|((expected, mask), par)| (par ^ expected) & mask == 0)
}
