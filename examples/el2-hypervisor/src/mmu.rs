//! What the MMU says of an access: by an abort, or when asked by AT.

use crate::arm64_hyp::{Memory, Prot};
use crate::{Story, machine};
use ptdsl::Fault;

/// An access, as EC and WnR of the abort that refuses it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Access {
    Load = 0x25 << 1,
    Store = 0x25 << 1 | 1,
    Fetch = 0x21 << 1,
}

/// DFSC without its level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    Translation = 0b0001,
    Permission = 0b0011,
}

/// A refused access: its address, why, and the level.
#[derive(Debug, PartialEq)]
pub struct Abort(pub Access, pub u64, pub Why, pub u64);

/// From ESR_EL2, of which EC, WnR and DFSC count, and FAR_EL2.
pub fn decode(esr: u64, far: u64) -> Abort {
    let accesses = [Access::Load, Access::Store, Access::Fetch];
    let access = accesses.into_iter().find(|&access| access as u64 == esr >> 26 << 1 | esr >> 6 & 1);
    let why = [Why::Translation, Why::Permission].into_iter().find(|&why| why as u64 == esr >> 2 & 0xf);
    let (Some(access), Some(why)) = (access, why) else {
        panic!("another abort: ESR {esr:#x}, FAR {far:#x}")
    };
    Abort(access, far, why, esr & 3)
}

/// Whether AT to read and to write agrees with `translate`: output, memory type, shareability, fault level.
pub fn agrees(story: &Story, address: u64) -> bool {
    // What PAR_EL1 must hold, and the bits that count.
    let fault = |why: Why, level: i32| ((why as u64) << 3 | (level as u64) << 1 | 1, 0x7f);
    let expected = match story.table.translate(&story.world, address) {
        Err(Fault::Translation { level, .. }) => [fault(Why::Translation, level); 2],
        Err(Fault::Input) => [fault(Why::Translation, 0); 2],
        Ok(leaf) => {
            let Some(asked) = leaf.attributes() else { return false };
            // A device is outer shareable (0b10) whatever the leaf says; QEMU reports the leaf.
            let (attr, shareable, mask) = match asked.memory() {
                Memory::Device => (0x04, 0b10, 0b10),
                Memory::Normal => (0xff, 0b11, 0b11),
            };
            let par = attr << 56 | leaf.output.0 & !0xfff | shareable << 7;
            let read = (par, 0xff0f_ffff_ffff_f001 | mask << 7);
            [read, if asked.prot() == Prot::Rw { read } else { fault(Why::Permission, leaf.level) }]
        }
    };
    let found = [machine::at_read(address), machine::at_write(address)];
    expected.iter().zip(found).all(|((expected, mask), par)| (par ^ expected) & mask == 0)
}
