//! The table of all formats: module, type, spec. Tests that run for every format take it and name none.

macro_rules! for_every_format {
    ($test:ident) => {
        $test! {
            amd_v1, ptdsl_generated::amd_v1::AmdV1, "amd-v1.pt";
            amd_v1_4level, ptdsl_generated::amd_v1_4level::AmdV14level, "amd-v1-4level.pt";
            amd_v2, ptdsl_generated::amd_v2::AmdV2, "amd-v2.pt";
            arm64_el1_high, ptdsl_generated::arm64_el1_high::Arm64El1High, "arm64-el1-high.pt";
            arm64_el1_high_16k, ptdsl_generated::arm64_el1_high_16k::Arm64El1High16k, "arm64-el1-high-16k.pt";
            arm64_el1_high_64k, ptdsl_generated::arm64_el1_high_64k::Arm64El1High64k, "arm64-el1-high-64k.pt";
            arm64_el1_high_64k_lpa, ptdsl_generated::arm64_el1_high_64k_lpa::Arm64El1High64kLpa, "arm64-el1-high-64k-lpa.pt";
            arm64_el1_high_lpa2, ptdsl_generated::arm64_el1_high_lpa2::Arm64El1HighLpa2, "arm64-el1-high-lpa2.pt";
            arm64_el1_low, ptdsl_generated::arm64_el1_low::Arm64El1Low, "arm64-el1-low.pt";
            arm64_el1_low_16k, ptdsl_generated::arm64_el1_low_16k::Arm64El1Low16k, "arm64-el1-low-16k.pt";
            arm64_el1_low_16k_lpa2, ptdsl_generated::arm64_el1_low_16k_lpa2::Arm64El1Low16kLpa2, "arm64-el1-low-16k-lpa2.pt";
            arm64_el1_low_64k, ptdsl_generated::arm64_el1_low_64k::Arm64El1Low64k, "arm64-el1-low-64k.pt";
            arm64_el1_low_64k_lpa, ptdsl_generated::arm64_el1_low_64k_lpa::Arm64El1Low64kLpa, "arm64-el1-low-64k-lpa.pt";
            arm64_el1_low_lpa2, ptdsl_generated::arm64_el1_low_lpa2::Arm64El1LowLpa2, "arm64-el1-low-lpa2.pt";
            arm64_el1_low_s1pie, ptdsl_generated::arm64_el1_low_s1pie::Arm64El1LowS1pie, "arm64-el1-low-s1pie.pt";
            arm64_hvhe, ptdsl_generated::arm64_hvhe::Arm64Hvhe, "arm64-hvhe.pt";
            arm64_hvhe_16k, ptdsl_generated::arm64_hvhe_16k::Arm64Hvhe16k, "arm64-hvhe-16k.pt";
            arm64_hvhe_64k, ptdsl_generated::arm64_hvhe_64k::Arm64Hvhe64k, "arm64-hvhe-64k.pt";
            arm64_hyp, ptdsl_generated::arm64_hyp::Arm64Hyp, "arm64-hyp.pt";
            arm64_hyp_16k, ptdsl_generated::arm64_hyp_16k::Arm64Hyp16k, "arm64-hyp-16k.pt";
            arm64_hyp_16k_lpa2, ptdsl_generated::arm64_hyp_16k_lpa2::Arm64Hyp16kLpa2, "arm64-hyp-16k-lpa2.pt";
            arm64_hyp_64k, ptdsl_generated::arm64_hyp_64k::Arm64Hyp64k, "arm64-hyp-64k.pt";
            arm64_hyp_64k_lpa, ptdsl_generated::arm64_hyp_64k_lpa::Arm64Hyp64kLpa, "arm64-hyp-64k-lpa.pt";
            arm64_hyp_lpa2, ptdsl_generated::arm64_hyp_lpa2::Arm64HypLpa2, "arm64-hyp-lpa2.pt";
            arm64_stage2, ptdsl_generated::arm64_stage2::Arm64Stage2, "arm64-stage2.pt";
            arm64_stage2_16k, ptdsl_generated::arm64_stage2_16k::Arm64Stage216k, "arm64-stage2-16k.pt";
            arm64_stage2_16k_concatenated, ptdsl_generated::arm64_stage2_16k_concatenated::Arm64Stage216kConcatenated, "arm64-stage2-16k-concatenated.pt";
            arm64_stage2_16k_lpa2, ptdsl_generated::arm64_stage2_16k_lpa2::Arm64Stage216kLpa2, "arm64-stage2-16k-lpa2.pt";
            arm64_stage2_64k, ptdsl_generated::arm64_stage2_64k::Arm64Stage264k, "arm64-stage2-64k.pt";
            arm64_stage2_64k_concatenated, ptdsl_generated::arm64_stage2_64k_concatenated::Arm64Stage264kConcatenated, "arm64-stage2-64k-concatenated.pt";
            arm64_stage2_64k_lpa, ptdsl_generated::arm64_stage2_64k_lpa::Arm64Stage264kLpa, "arm64-stage2-64k-lpa.pt";
            arm64_stage2_concatenated, ptdsl_generated::arm64_stage2_concatenated::Arm64Stage2Concatenated, "arm64-stage2-concatenated.pt";
            arm64_stage2_fwb, ptdsl_generated::arm64_stage2_fwb::Arm64Stage2Fwb, "arm64-stage2-fwb.pt";
            arm64_stage2_lpa2, ptdsl_generated::arm64_stage2_lpa2::Arm64Stage2Lpa2, "arm64-stage2-lpa2.pt";
            armv7_hyp, ptdsl_generated::armv7_hyp::Armv7Hyp, "armv7-hyp.pt";
            armv7_pl1, ptdsl_generated::armv7_pl1::Armv7Pl1, "armv7-pl1.pt";
            armv7_short, ptdsl_generated::armv7_short::Armv7Short, "armv7-short.pt";
            armv7_stage2, ptdsl_generated::armv7_stage2::Armv7Stage2, "armv7-stage2.pt";
            ept, ptdsl_generated::ept::Ept, "ept.pt";
            ept_5level, ptdsl_generated::ept_5level::Ept5level, "ept-5level.pt";
            loongarch64, ptdsl_generated::loongarch64::Loongarch64, "loongarch64.pt";
            loongarch64_4k, ptdsl_generated::loongarch64_4k::Loongarch644k, "loongarch64-4k.pt";
            loongarch64_kernel, ptdsl_generated::loongarch64_kernel::Loongarch64Kernel, "loongarch64-kernel.pt";
            sv32, ptdsl_generated::sv32::Sv32, "sv32.pt";
            sv32x4, ptdsl_generated::sv32x4::Sv32x4, "sv32x4.pt";
            sv39, ptdsl_generated::sv39::Sv39, "sv39.pt";
            sv39x4, ptdsl_generated::sv39x4::Sv39x4, "sv39x4.pt";
            sv48, ptdsl_generated::sv48::Sv48, "sv48.pt";
            sv48x4, ptdsl_generated::sv48x4::Sv48x4, "sv48x4.pt";
            sv57, ptdsl_generated::sv57::Sv57, "sv57.pt";
            sv57x4, ptdsl_generated::sv57x4::Sv57x4, "sv57x4.pt";
            vtd_3level, ptdsl_generated::vtd_3level::Vtd3level, "vtd-3level.pt";
            vtd_4level, ptdsl_generated::vtd_4level::Vtd4level, "vtd-4level.pt";
            vtd_5level, ptdsl_generated::vtd_5level::Vtd5level, "vtd-5level.pt";
            vtd_first_stage, ptdsl_generated::vtd_first_stage::VtdFirstStage, "vtd-first-stage.pt";
            x86_32, ptdsl_generated::x86_32::X8632, "x86-32.pt";
            x86_64, ptdsl_generated::x86_64::X8664, "x86-64.pt";
            x86_64_5level, ptdsl_generated::x86_64_5level::X86645level, "x86-64-5level.pt";
            x86_pae, ptdsl_generated::x86_pae::X86Pae, "x86-pae.pt";
        }
    };
}
