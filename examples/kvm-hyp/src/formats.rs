//! Formats with every width for which Linux makes a table that it can walk: more than hardware translates. Linux's root is
//! always a whole page, and a width counts only in levels.

ptdsl::ptdsl! {
    use "arm64-hyp.pt";

    /// 4 KiB pages. Linux 6.12 starts at level -1 with addresses of 48 bits too.
    format wide_4k: arm64_hyp {
        input VA[56:0] down to 13 extend 0;
        level -1 { index VA[56:48]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-lpa2.pt";

    /// 4 KiB pages, FEAT_LPA2.
    format wide_4k_lpa2: arm64_hyp_lpa2 {
        input VA[56:0] down to 13 extend 0;
        level -1 { index VA[56:48]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-16k.pt";

    /// 16 KiB pages.
    format wide_16k: arm64_hyp_16k {
        input VA[57:0] down to 15 extend 0;
        level 0 { index VA[57:47]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-16k-lpa2.pt";

    /// 16 KiB pages, FEAT_LPA2.
    format wide_16k_lpa2: arm64_hyp_16k_lpa2 {
        input VA[57:0] down to 15 extend 0;
        level 0 { index VA[57:47]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-64k-lpa.pt";

    /// 64 KiB pages.
    format wide_64k: arm64_hyp_64k_lpa {
        input VA[54:0] down to 17 extend 0;
        level 1 { index VA[54:42]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp.pt";
    use "formats/hvhe.pt";

    /// 4 KiB pages, hVHE.
    format hvhe_4k: arm64_hyp {
        input VA[56:0] down to 13 extend 0;
        level -1 { index VA[56:48]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-lpa2.pt";
    use "formats/hvhe.pt";

    /// 4 KiB pages, FEAT_LPA2, hVHE. Linux builds no block of level 0.
    format hvhe_4k_lpa2: arm64_hyp_lpa2 {
        input VA[56:0] down to 13 extend 0;
        level -1 { index VA[56:48]; Table }
        level 0 { index VA[47:39]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-16k.pt";
    use "formats/hvhe.pt";

    /// 16 KiB pages, hVHE.
    format hvhe_16k: arm64_hyp_16k {
        input VA[57:0] down to 15 extend 0;
        level 0 { index VA[57:47]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-16k-lpa2.pt";
    use "formats/hvhe.pt";

    /// 16 KiB pages, FEAT_LPA2, hVHE. Linux builds no block of level 1.
    format hvhe_16k_lpa2: arm64_hyp_16k_lpa2 {
        input VA[57:0] down to 15 extend 0;
        level 0 { index VA[57:47]; Table }
        level 1 { index VA[46:36]; Table }
    }
}

ptdsl::ptdsl! {
    use "arm64-hyp-64k-lpa.pt";
    use "formats/hvhe.pt";

    /// 64 KiB pages, hVHE. Linux builds no block of level 1.
    format hvhe_64k: arm64_hyp_64k_lpa {
        input VA[54:0] down to 17 extend 0;
        output PA[51:0] at most PS { 48 = 0b101, 52 = 0b110 };
        level 1 { index VA[54:42]; Table }
    }
}
