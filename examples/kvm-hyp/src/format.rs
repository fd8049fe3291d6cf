//! What the replay needs of a format besides the runtime's traits: Linux's protection word turned into attributes.

use ptdsl::Format;
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Memory, Prot, Sw};

/// Bits of Linux's `enum kvm_pgtable_prot`.
pub mod prot {
    /// Execute.
    pub const X: u64 = 1 << 0;
    /// Write.
    pub const W: u64 = 1 << 1;
    /// Read.
    pub const R: u64 = 1 << 2;
    /// Device memory.
    pub const DEVICE: u64 = 1 << 3;
    /// Lowest software bit; four of them, in the place that they have in a descriptor.
    pub const SW_SHIFT: u32 = 55;
    /// The software bits.
    pub const SW: u64 = 0xf << SW_SHIFT;
}

/// A hypervisor stage-1 format.
pub trait Hyp: Format<Word = u64> {
    /// The attributes that Linux gives a mapping of that protection; `None` where it refuses with -EINVAL: not readable,
    /// writable and executable, or executable device memory. Unknown bits are ignored.
    fn from_prot(prot: u64) -> Option<Self::Attributes>;

    /// The protection of a leaf as Linux decodes it: without the memory type.
    fn to_prot(attributes: Self::Attributes) -> u64;
}

impl Hyp for Arm64Hyp {
    fn from_prot(word: u64) -> Option<Attributes> {
        let allowed = match (word & prot::R != 0, word & prot::W != 0, word & prot::X != 0) {
            (true, false, false) => Prot::R,
            (true, true, false) => Prot::Rw,
            (true, false, true) => Prot::Rx,
            _ => return None,
        };
        let memory = if word & prot::DEVICE != 0 { Memory::Device } else { Memory::Normal };
        let software = Sw::new((word & prot::SW) >> prot::SW_SHIFT)?;
        Some(Attributes::new(allowed, memory)?.with_sw(software))
    }

    fn to_prot(attributes: Attributes) -> u64 {
        let allowed = match attributes.prot() {
            Prot::R => prot::R,
            Prot::Rw => prot::R | prot::W,
            Prot::Rx => prot::R | prot::X,
        };
        allowed | attributes.sw().value() << prot::SW_SHIFT
    }
}

/// Linux's decoding of any hypervisor stage-1 descriptor, also of one that no format lists: `AP[2:1]` 0 and 2 mean no
/// access, and an invalid descriptor has its software bits only.
#[must_use]
pub fn stage1_pte_prot(raw: u64) -> u64 {
    let software = raw & prot::SW;
    if raw & 1 == 0 {
        return software;
    }
    let execute = if raw >> 54 & 1 == 0 { prot::X } else { 0 };
    let access = match raw >> 6 & 3 {
        1 => prot::R | prot::W,
        3 => prot::R,
        _ => 0,
    };
    software | execute | access
}

/// Linux's decoding of any stage-2 descriptor.
#[must_use]
pub fn stage2_pte_prot(raw: u64) -> u64 {
    let software = raw & prot::SW;
    if raw & 1 == 0 {
        return software;
    }
    let read = if raw >> 6 & 1 != 0 { prot::R } else { 0 };
    let write = if raw >> 7 & 1 != 0 { prot::W } else { 0 };
    let execute = if raw >> 54 & 1 == 0 { prot::X } else { 0 };
    software | read | write | execute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_refuses_exactly_three_kinds_of_protection() {
        for word in 0..32 {
            let (r, w, x, device) = (word & 4 != 0, word & 2 != 0, word & 1 != 0, word & 8 != 0);
            let refused = !r || (w && x) || (x && device);
            assert_eq!(Arm64Hyp::from_prot(word).is_none(), refused, "prot {word:#x}");
        }
    }

    #[test]
    fn decoding_is_the_inverse_but_for_the_memory_type() {
        for low in [4, 5, 6, 12, 14, 4 | 16, 6 | 1 << 40] {
            for software in 0..16_u64 {
                let word = low | software << 55;
                let attributes = Arm64Hyp::from_prot(word).expect("these are allowed");
                assert_eq!(Arm64Hyp::to_prot(attributes), (low & 7) | software << 55);
            }
        }
    }
}
