//! What the replay needs of a format besides the runtime's traits: Linux's protection word turned into attributes.

use ptdsl::Format;

use crate::setup::Setup;

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
    /// The same with every width for which Linux makes a table that it can walk.
    type Wide: Hyp;

    /// The attributes that Linux gives a mapping of that protection; `None` where it refuses with -EINVAL: not readable,
    /// writable and executable, or executable device memory. Unknown bits are ignored.
    fn from_prot(setup: &Setup, prot: u64) -> Option<Self::Attributes>;

    /// The protection of a leaf as Linux decodes it: without the memory type.
    fn to_prot(attributes: Self::Attributes) -> u64;
}

/// Formats that say the same of attributes: `module::Format, with its wide form`.
macro_rules! hyp {
    ($($($module:ident)::+, $format:ident, $wide:ty;)*) => {$(
        impl Hyp for $($module)::+::$format {
            type Wide = $wide;

            fn from_prot(setup: &Setup, word: u64) -> Option<Self::Attributes> {
                use $($module)::+::{Attributes, Memory, Prot, Sw};
                let allowed = match (word & prot::R != 0, word & prot::W != 0, word & prot::X != 0) {
                    (true, false, false) => Prot::R,
                    (true, true, false) => Prot::Rw,
                    (true, false, true) => Prot::Rx,
                    _ => return None,
                };
                let memory = if word & prot::DEVICE != 0 { Memory::Device } else { Memory::Normal };
                let software = Sw::new((word & prot::SW) >> prot::SW_SHIFT)?;
                let guarded = setup.bti && allowed == Prot::Rx;
                Some(Attributes::new(allowed, memory)?.with_sw(software).with_gp(guarded))
            }

            fn to_prot(attributes: Self::Attributes) -> u64 {
                use $($module)::+::Prot;
                let allowed = match attributes.prot() {
                    Prot::R => prot::R,
                    Prot::Rw => prot::R | prot::W,
                    Prot::Rx => prot::R | prot::X,
                };
                allowed | attributes.sw().value() << prot::SW_SHIFT
            }
        }
    )*};
}

hyp! {
    ptdsl_generated::arm64_hyp, Arm64Hyp, crate::formats::wide_4k::Wide4k;
    ptdsl_generated::arm64_hyp_lpa2, Arm64HypLpa2, crate::formats::wide_4k_lpa2::Wide4kLpa2;
    ptdsl_generated::arm64_hyp_16k, Arm64Hyp16k, crate::formats::wide_16k::Wide16k;
    ptdsl_generated::arm64_hyp_16k_lpa2, Arm64Hyp16kLpa2, crate::formats::wide_16k_lpa2::Wide16kLpa2;
    ptdsl_generated::arm64_hyp_64k, Arm64Hyp64k, crate::formats::wide_64k::Wide64k;
    ptdsl_generated::arm64_hyp_64k_lpa, Arm64Hyp64kLpa, crate::formats::wide_64k::Wide64k;
    crate::formats::wide_4k, Wide4k, Self;
    crate::formats::wide_4k_lpa2, Wide4kLpa2, Self;
    crate::formats::wide_16k, Wide16k, Self;
    crate::formats::wide_16k_lpa2, Wide16kLpa2, Self;
    crate::formats::wide_64k, Wide64k, Self;
    crate::formats::hvhe_4k, Hvhe4k, Self;
    crate::formats::hvhe_4k_lpa2, Hvhe4kLpa2, Self;
    crate::formats::hvhe_16k, Hvhe16k, Self;
    crate::formats::hvhe_16k_lpa2, Hvhe16kLpa2, Self;
    crate::formats::hvhe_64k, Hvhe64k, Self;
}

/// Linux's decoding of any hypervisor stage-1 descriptor, also of one that no format lists: it knows two values of `AP[2:1]`,
/// the others mean no access, and an invalid descriptor has its software bits only.
#[must_use]
pub fn stage1_pte_prot(hvhe: bool, raw: u64) -> u64 {
    let software = raw & prot::SW;
    if raw & 1 == 0 {
        return software;
    }
    let execute = if raw >> 54 & 1 == 0 { prot::X } else { 0 };
    let access = match (raw >> 6 & 3, hvhe) {
        (1, false) | (0, true) => prot::R | prot::W,
        (3, false) | (2, true) => prot::R,
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
    use ptdsl_generated::arm64_hyp::Arm64Hyp;

    use super::*;
    use crate::formats::hvhe_16k_lpa2::Hvhe16kLpa2;
    use crate::setup::{Granule, Version};

    #[test]
    fn linux_refuses_exactly_three_kinds_of_protection() {
        let setup = Setup::plain(Version::V6_1, Granule::K4);
        for word in 0..32 {
            let (r, w, x, device) = (word & 4 != 0, word & 2 != 0, word & 1 != 0, word & 8 != 0);
            let refused = !r || (w && x) || (x && device);
            assert_eq!(Arm64Hyp::from_prot(&setup, word).is_none(), refused, "prot {word:#x}");
        }
    }

    fn round_trip<F: Hyp>(setup: &Setup) {
        for low in [4, 5, 6, 12, 14, 4 | 16, 6 | 1 << 40] {
            for software in 0..16_u64 {
                let word = low | software << 55;
                let attributes = F::from_prot(setup, word).expect("these are allowed");
                assert_eq!(F::to_prot(attributes), (low & 7) | software << 55);
            }
        }
    }

    #[test]
    fn decoding_is_the_inverse_but_for_the_memory_type() {
        let plain = Setup::plain(Version::V6_12, Granule::K16);
        round_trip::<Arm64Hyp>(&plain);
        round_trip::<Hvhe16kLpa2>(&Setup { hvhe: true, bti: true, long_outputs: true, ..plain });
    }

    #[test]
    fn raw_descriptors_decode_by_two_values_of_ap() {
        let prot = |hvhe| [0, 1, 2, 3].map(|ap| stage1_pte_prot(hvhe, ap << 6 | 1 << 54 | 0b11));
        assert_eq!(prot(false), [0, prot::R | prot::W, 0, prot::R]);
        assert_eq!(prot(true), [prot::R | prot::W, 0, prot::R, 0]);
    }
}
