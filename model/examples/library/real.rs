//! The library's formats with the geometry that they have: random sequences of all operations.

use ptdsl::{Config, Extend, Format, Phys, Word};
use ptdsl_model::Regime;
use ptdsl_model::arch::{arm64, riscv, x86};
use ptdsl_model::port::{Described, Family, Meaning};
use ptdsl_model::semantics::{Decoded, Path, Semantics};

use crate::explore::Random;
use crate::space::{Counts, Hardware, Space, last};

fn arm(regime: Regime, meaning: Meaning) -> Hardware {
    let features = arm64::Features { ttl: true, hafdbs: true, ..arm64::Features::default() };
    (Family::Arm64, meaning, arm64::rules(regime, features))
}

pub(crate) fn el2(lpa2: bool) -> Hardware {
    arm(Regime::El2, Meaning::Arm64Stage1 { tagged: false, lpa2 })
}

pub(crate) fn el1(lpa2: bool) -> Hardware {
    arm(Regime::Os, Meaning::Arm64Stage1 { tagged: true, lpa2 })
}

pub(crate) fn stage2(lpa2: bool) -> Hardware {
    arm(Regime::Stage2, Meaning::Arm64Stage2 { lpa2 })
}

pub(crate) fn x86() -> Hardware {
    (Family::X86, Meaning::X86, x86::rules(true))
}

pub(crate) fn riscv() -> Hardware {
    (Family::RiscV, Meaning::RiscV, riscv::rules(false))
}

/// Combinations of attributes that random words at the last level come upon.
fn attributes<F: Format>(meaning: Meaning) -> Vec<F::Attributes> {
    let semantics = Described::<F>::new(meaning);
    let (level, _, leaf) = last::<F, F::Top>();
    let mut random = Random::new(7);
    let mut found: Vec<F::Attributes> = Vec::new();
    for _ in 0..200_000 {
        // Valid, and on arm64 a page with AF; address bits are 0.
        let bits = random.below(usize::MAX) as u64 ^ (random.below(usize::MAX) as u64) << 40;
        for word in
            [bits & 0xfff0_0000_0000_0fff | 3, bits & 0xfff0_0000_0000_0fff | 0xc1, bits & 0xff | 0xc1]
        {
            let word = F::Word::from_u64(word | 1 << 10 & word << 9);
            if let Some(attributes) = F::attributes(level, word)
                && F::attributes(level, leaf(Phys(0), attributes)) == Some(attributes)
                && !found.contains(&attributes)
                && let Decoded::Leaf(meant) =
                    semantics.decode(level, leaf(Phys(0), attributes).to_u64(), Path::ROOT)
                && meant.accessed
                && meant.group == 0
                && (meant.write, meant.execute) != (false, true)
            {
                // From writing to executing not every format has a way; the small geometries try it.
                found.push(attributes);
            }
        }
        if found.len() >= 6 {
            break;
        }
    }
    found
}

/// Where ranges begin and end: near the ends of three tables of the last level, and of the groups in them.
fn ends<F: Format>() -> Vec<u64> {
    let (_, bits, _) = last::<F, F::Top>();
    let table = 1_u64 << bits;
    let mut found = Vec::new();
    for start in (0..=3).map(|k| k * table) {
        for offset in [0, 1, 2, 3, 5, 15, 16, 17, 32, 128] {
            found.push(start + offset);
            found.push(start.saturating_sub(offset));
        }
    }
    found.retain(|&end| end <= 3 * table);
    found.sort_unstable();
    found.dedup();
    found
}

/// A format with hardware of its kind, as a space for random sequences.
///
/// # Errors
/// It has too few attributes.
pub(crate) fn space<F: Format>(
    mut hardware: Hardware,
    (narrow, upper): (bool, bool),
    (pes, iommu): (usize, bool),
) -> Result<Space<F>, String> {
    // Where the format declares no flags, hardware is not told to set any.
    hardware.2.updates &= F::HARDWARE_UPDATES;
    let attributes = attributes::<F>(hardware.1);
    if attributes.len() < 2 {
        return Err(format!("{}: {} attributes", F::NAME, attributes.len()));
    }
    let widest = Config::<F>::default();
    let width = widest.width.min(F::MIN_WIDTH.max(F::GRANULE_SHIFT * 2 + 10));
    let config = if narrow { Config { width, ..widest } } else { widest };
    let base = match F::EXTEND {
        Extend::Zero => 0,
        Extend::One => u64::MAX << config.width,
        Extend::Sign if upper => u64::MAX << (config.width - 1),
        Extend::Sign => 0,
    };
    Ok(Space::new(hardware, config, &attributes).observed(pes, iommu).over(base, ends::<F>()))
}

fn one<F: Format>(
    name: &'static str,
    hardware: Hardware,
    (seed, runs, length): (u64, u64, usize),
) -> Result<Counts, String> {
    let mut counts = Counts::default();
    for (number, pes) in [1, 2, 4].into_iter().enumerate() {
        let number = number as u64;
        let shape = ((seed + number) % 2 == 1, number % 2 == 1);
        // Devices share tables with two PEs.
        let space = space::<F>(hardware, shape, (pes, pes == 2))?;
        let found = space.sequences(name, (seed * 3 + number, runs, length));
        counts.add(found.map_err(|reason| format!("{name} with {pes} PEs: {reason}"))?);
    }
    Ok(counts)
}

macro_rules! formats {
    ($($name:ident: $marker:ident, $hardware:expr;)*) => {
        /// How many formats there are.
        pub(crate) const FORMATS: usize = [$(stringify!($name)),*].len();

        /// Every format that the model knows the architecture of.
        ///
        /// # Errors
        /// What was found wrong.
        pub(crate) fn all(share: (u64, u64, usize)) -> Result<Counts, String> {
            let mut counts = Counts::default();
            $(counts.add(one::<ptdsl_generated::$name::$marker>(stringify!($name), $hardware, share)?);)*
            Ok(counts)
        }
    };
}

formats! {
    arm64_hyp: Arm64Hyp, el2(false);
    arm64_hyp_16k: Arm64Hyp16k, el2(false);
    arm64_hyp_64k: Arm64Hyp64k, el2(false);
    arm64_hyp_64k_lpa: Arm64Hyp64kLpa, el2(false);
    arm64_hyp_lpa2: Arm64HypLpa2, el2(true);
    arm64_hyp_16k_lpa2: Arm64Hyp16kLpa2, el2(true);
    arm64_hvhe: Arm64Hvhe, el2(false);
    arm64_el1_low: Arm64El1Low, el1(false);
    arm64_el1_low_16k: Arm64El1Low16k, el1(false);
    arm64_el1_low_64k: Arm64El1Low64k, el1(false);
    arm64_el1_low_64k_lpa: Arm64El1Low64kLpa, el1(false);
    arm64_el1_low_lpa2: Arm64El1LowLpa2, el1(true);
    arm64_el1_high: Arm64El1High, el1(false);
    arm64_el1_high_16k: Arm64El1High16k, el1(false);
    arm64_el1_high_64k: Arm64El1High64k, el1(false);
    arm64_stage2: Arm64Stage2, stage2(false);
    arm64_stage2_16k: Arm64Stage216k, stage2(false);
    arm64_stage2_64k: Arm64Stage264k, stage2(false);
    arm64_stage2_64k_lpa: Arm64Stage264kLpa, stage2(false);
    arm64_stage2_concatenated: Arm64Stage2Concatenated, stage2(false);
    arm64_stage2_fwb: Arm64Stage2Fwb, stage2(false);
    arm64_stage2_lpa2: Arm64Stage2Lpa2, stage2(true);
    x86_64: X8664, x86();
    x86_64_5level: X86645level, x86();
    sv32: Sv32, riscv();
    sv39: Sv39, riscv();
    sv48: Sv48, riscv();
    sv57: Sv57, riscv();
    sv32x4: Sv32x4, riscv();
    sv39x4: Sv39x4, riscv();
    sv48x4: Sv48x4, riscv();
    sv57x4: Sv57x4, riscv();
}
