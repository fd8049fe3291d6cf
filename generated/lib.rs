//! What `ptdsl gen` writes for every format of the library, checked in: compiled, linted and tested like any other code.
#![no_std]

#[rustfmt::skip]
pub mod amd_v1;
#[rustfmt::skip]
pub mod amd_v1_4level;
#[rustfmt::skip]
pub mod amd_v2;
#[rustfmt::skip]
pub mod arm64_el1_high;
#[rustfmt::skip]
pub mod arm64_el1_high_16k;
#[rustfmt::skip]
pub mod arm64_el1_high_64k;
#[rustfmt::skip]
pub mod arm64_el1_high_64k_lpa;
#[rustfmt::skip]
pub mod arm64_el1_high_lpa2;
#[rustfmt::skip]
pub mod arm64_el1_low;
#[rustfmt::skip]
pub mod arm64_el1_low_16k;
#[rustfmt::skip]
pub mod arm64_el1_low_16k_lpa2;
#[rustfmt::skip]
pub mod arm64_el1_low_64k;
#[rustfmt::skip]
pub mod arm64_el1_low_64k_lpa;
#[rustfmt::skip]
pub mod arm64_el1_low_lpa2;
#[rustfmt::skip]
pub mod arm64_el1_low_s1pie;
#[rustfmt::skip]
pub mod arm64_hvhe;
#[rustfmt::skip]
pub mod arm64_hvhe_16k;
#[rustfmt::skip]
pub mod arm64_hvhe_64k;
#[rustfmt::skip]
pub mod arm64_hyp;
#[rustfmt::skip]
pub mod arm64_hyp_16k;
#[rustfmt::skip]
pub mod arm64_hyp_16k_lpa2;
#[rustfmt::skip]
pub mod arm64_hyp_64k;
#[rustfmt::skip]
pub mod arm64_hyp_64k_lpa;
#[rustfmt::skip]
pub mod arm64_hyp_lpa2;
#[rustfmt::skip]
pub mod arm64_stage2;
#[rustfmt::skip]
pub mod arm64_stage2_16k;
#[rustfmt::skip]
pub mod arm64_stage2_16k_concatenated;
#[rustfmt::skip]
pub mod arm64_stage2_16k_lpa2;
#[rustfmt::skip]
pub mod arm64_stage2_64k;
#[rustfmt::skip]
pub mod arm64_stage2_64k_concatenated;
#[rustfmt::skip]
pub mod arm64_stage2_64k_lpa;
#[rustfmt::skip]
pub mod arm64_stage2_concatenated;
#[rustfmt::skip]
pub mod arm64_stage2_fwb;
#[rustfmt::skip]
pub mod arm64_stage2_lpa2;
#[rustfmt::skip]
pub mod armv7_hyp;
#[rustfmt::skip]
pub mod armv7_pl1;
#[rustfmt::skip]
pub mod armv7_short;
#[rustfmt::skip]
pub mod armv7_stage2;
#[rustfmt::skip]
pub mod ept;
#[rustfmt::skip]
pub mod ept_5level;
#[rustfmt::skip]
pub mod loongarch64;
#[rustfmt::skip]
pub mod loongarch64_4k;
#[rustfmt::skip]
pub mod loongarch64_kernel;
#[rustfmt::skip]
pub mod sv32;
#[rustfmt::skip]
pub mod sv32x4;
#[rustfmt::skip]
pub mod sv39;
#[rustfmt::skip]
pub mod sv39x4;
#[rustfmt::skip]
pub mod sv48;
#[rustfmt::skip]
pub mod sv48x4;
#[rustfmt::skip]
pub mod sv57;
#[rustfmt::skip]
pub mod sv57x4;
#[rustfmt::skip]
pub mod vtd_3level;
#[rustfmt::skip]
pub mod vtd_4level;
#[rustfmt::skip]
pub mod vtd_5level;
#[rustfmt::skip]
pub mod vtd_first_stage;
#[rustfmt::skip]
pub mod x86_32;
#[rustfmt::skip]
pub mod x86_64;
#[rustfmt::skip]
pub mod x86_64_5level;
#[rustfmt::skip]
pub mod x86_pae;
