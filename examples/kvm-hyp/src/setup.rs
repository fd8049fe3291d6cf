//! Which Linux, built and booted how: what decides how it behaves and what its descriptors look like.

/// Which Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The original patch of 2021.
    V5_17,
    /// 6.1.192.
    V6_1,
    /// 6.12.117.
    V6_12,
}

impl Version {
    /// By its name in a file's header.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "5.17" => Some(Version::V5_17),
            "6.1" => Some(Version::V6_1),
            "6.12" => Some(Version::V6_12),
            _ => None,
        }
    }

    /// The highest level of which a walk may start.
    #[must_use]
    pub fn first_level(self) -> i32 {
        if self >= Version::V6_12 { -1 } else { 0 }
    }
}

/// Size of a page, and of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granule {
    /// 4 KiB.
    K4,
    /// 16 KiB.
    K16,
    /// 64 KiB.
    K64,
}

impl Granule {
    /// By its bytes.
    #[must_use]
    pub fn from_bytes(bytes: u64) -> Option<Self> {
        [Granule::K4, Granule::K16, Granule::K64].into_iter().find(|granule| granule.bytes() == bytes)
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        1 << self.shift()
    }

    /// log2 of the bytes.
    #[must_use]
    pub fn shift(self) -> u32 {
        match self {
            Granule::K4 => 12,
            Granule::K16 => 14,
            Granule::K64 => 16,
        }
    }

    /// log2 of what an entry of a level maps.
    #[must_use]
    pub fn level_shift(self, level: i32) -> u32 {
        let below = u32::try_from(3 - level).unwrap_or(0);
        self.shift() + (self.shift() - 3) * below
    }

    /// The highest level where Linux builds blocks, whatever else the architecture has.
    #[must_use]
    pub fn highest_block(self) -> i32 {
        if self == Granule::K4 { 1 } else { 2 }
    }
}

/// The configuration of a scenario, as far as stage 1 depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Which Linux.
    pub version: Version,
    /// Page size.
    pub granule: Granule,
    /// Outputs of 52 bits: with 64 KiB pages FEAT_LPA and a kernel built for it, with others FEAT_LPA2. Otherwise 48.
    pub long_outputs: bool,
    /// The hypervisor runs with HCR_EL2.E2H = 1.
    pub hvhe: bool,
    /// Executable leaves are guarded pages.
    pub bti: bool,
    /// Whether there is a `page_count` callback.
    pub page_count: bool,
}

impl Setup {
    /// 48-bit outputs, no feature, all callbacks.
    #[must_use]
    pub fn plain(version: Version, granule: Granule) -> Self {
        Setup { version, granule, long_outputs: false, hvhe: false, bti: false, page_count: true }
    }

    /// Output bits. From 2^this on Linux does not check an output's alignment, and may cut bits off.
    #[must_use]
    pub fn output_bits(&self) -> u32 {
        if self.long_outputs { 52 } else { 48 }
    }

    /// Whether descriptors have FEAT_LPA2's layout.
    #[must_use]
    pub fn lpa2(&self) -> bool {
        self.long_outputs && self.granule != Granule::K64
    }

    /// The root's level for a width, as Linux computes it: outside -1 to 3 it is no level. 6.12 keeps 8 bits of it.
    #[must_use]
    pub fn start_level(&self, va_bits: u32) -> i32 {
        // Unsigned in the kernel.
        let levels = va_bits.wrapping_sub(4) / (self.granule.shift() - 3);
        let start = 4_u32.wrapping_sub(levels) as i32;
        if self.version >= Version::V6_12 { i32::from(start as i8) } else { start }
    }

    /// What `init` makes of a width.
    #[must_use]
    pub fn width(&self, va_bits: u32) -> Width {
        let start_level = self.start_level(va_bits);
        let exists = (self.version.first_level()..=3).contains(&start_level);
        if !exists && self.version >= Version::V6_12 {
            return Width::Refused;
        }
        if va_bits >= u64::BITS {
            return Width::Undefined("the limit of a range");
        }
        match exists {
            false => Width::Broken { start_level },
            // The root may be several pages (at stage 2): each maps what an entry of the level above would.
            true if self.granule.level_shift(start_level - 1) >= u64::BITS => {
                Width::Undefined("the index of a root page")
            }
            true => Width::Walks { start_level },
        }
    }
}

/// What Linux makes of a width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A table that it can walk.
    Walks {
        /// The root's level.
        start_level: i32,
    },
    /// A table on which every walk ends with a warning: until 6.1 nobody checks the level.
    Broken {
        /// The root's level.
        start_level: i32,
    },
    /// -EINVAL.
    Refused,
    /// A table for which this is the result of a shift by 64 or more, which C leaves undefined.
    Undefined(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walks(version: Version, granule: Granule) -> Vec<(u32, i32)> {
        let setup = Setup::plain(version, granule);
        let level = |bits| match setup.width(bits) {
            Width::Walks { start_level } => Some((bits, start_level)),
            _ => None,
        };
        let all: Vec<_> = (0..=300).filter_map(level).collect();
        // Where each level begins and ends.
        let ends = |k: usize| {
            k == 0 || all[k].1 != all[k - 1].1 || all.get(k + 1).is_none_or(|next| next.1 != all[k].1)
        };
        (0..all.len()).filter(|&k| ends(k)).map(|k| all[k]).collect()
    }

    #[test]
    fn each_level_has_its_widths() {
        let k4 = [(13, 3), (21, 3), (22, 2), (30, 2), (31, 1), (39, 1), (40, 0), (48, 0)];
        assert_eq!(walks(Version::V5_17, Granule::K4), k4);
        assert_eq!(walks(Version::V6_1, Granule::K4), k4);
        assert_eq!(walks(Version::V6_12, Granule::K4), [&k4[..], &[(49, -1), (57, -1)]].concat());
        let k16 = [(15, 3), (25, 3), (26, 2), (36, 2), (37, 1), (47, 1), (48, 0), (58, 0)];
        let k64 = [(17, 3), (29, 3), (30, 2), (42, 2), (43, 1), (55, 1)];
        for version in [Version::V6_1, Version::V6_12] {
            assert_eq!(walks(version, Granule::K16), k16);
            assert_eq!(walks(version, Granule::K64), k64);
        }
    }

    #[test]
    fn other_widths_are_broken_refused_or_undefined() {
        let width = |version, granule, bits| Setup::plain(version, granule).width(bits);
        assert_eq!(width(Version::V6_1, Granule::K4, 12), Width::Broken { start_level: 4 });
        assert_eq!(width(Version::V6_1, Granule::K4, 56), Width::Broken { start_level: -1 });
        assert_eq!(width(Version::V6_1, Granule::K16, 63), Width::Broken { start_level: -1 });
        assert_eq!(width(Version::V6_12, Granule::K4, 12), Width::Refused);
        assert_eq!(width(Version::V6_12, Granule::K4, 3), Width::Refused);
        assert_eq!(width(Version::V6_12, Granule::K4, 58), Width::Refused);
        assert_eq!(width(Version::V6_12, Granule::K4, 64), Width::Refused);
        for (version, granule, bits) in [
            (Version::V6_1, Granule::K4, 64),
            (Version::V6_1, Granule::K64, 56),
            (Version::V6_12, Granule::K16, 59),
        ] {
            assert!(
                matches!(width(version, granule, bits), Width::Undefined(_)),
                "{version:?} {granule:?} {bits}"
            );
        }
    }
}
