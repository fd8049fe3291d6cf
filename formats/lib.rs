//! The format library of ptdsl as text, so that the command and the macro find a format by name in any folder.

pub mod files;

/// A file of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The file's name: `arm64-hyp.pt`.
    pub name: &'static str,
    /// The spec.
    pub text: &'static str,
    /// Whether it only holds what formats share: a `use` names it, a command does not.
    pub shared: bool,
}

macro_rules! library {
    ($(formats: $($format:literal),+;)? $(shared: $($shared:literal),+;)?) => {
        const ALL: &[Format] = &[
            $($(Format { name: $format, text: include_str!($format), shared: false },)+)?
            $($(Format { name: $shared, text: include_str!($shared), shared: true },)+)?
        ];
    };
}

library! {
    formats:
        "amd-v1-4level.pt", "amd-v1.pt", "amd-v2.pt", "arm64-el1-high-16k.pt", "arm64-el1-high-64k-lpa.pt", "arm64-el1-high-64k.pt",
        "arm64-el1-high-lpa2.pt", "arm64-el1-high.pt", "arm64-el1-low-16k-lpa2.pt",
        "arm64-el1-low-16k.pt", "arm64-el1-low-64k-lpa.pt", "arm64-el1-low-64k.pt",
        "arm64-el1-low-lpa2.pt", "arm64-el1-low-s1pie.pt", "arm64-el1-low.pt", "arm64-hvhe-16k.pt",
        "arm64-hvhe-64k.pt", "arm64-hvhe.pt", "arm64-hyp-16k-lpa2.pt", "arm64-hyp-16k.pt",
        "arm64-hyp-64k-lpa.pt", "arm64-hyp-64k.pt", "arm64-hyp-lpa2.pt", "arm64-hyp.pt",
        "arm64-stage2-16k-concatenated.pt", "arm64-stage2-16k-lpa2.pt", "arm64-stage2-16k.pt",
        "arm64-stage2-64k-concatenated.pt", "arm64-stage2-64k-lpa.pt", "arm64-stage2-64k.pt",
        "arm64-stage2-concatenated.pt", "arm64-stage2-fwb.pt", "arm64-stage2-lpa2.pt",
        "arm64-stage2.pt", "armv7-hyp.pt", "armv7-pl1.pt", "armv7-short.pt", "armv7-stage2.pt", "ept-5level.pt",
        "ept.pt", "loongarch64-4k.pt", "loongarch64-kernel.pt", "loongarch64.pt", "sv32.pt",
        "sv32x4.pt", "sv39.pt", "sv39x4.pt", "sv48.pt", "sv48x4.pt", "sv57.pt", "sv57x4.pt",
        "vtd-3level.pt", "vtd-4level.pt", "vtd-5level.pt", "vtd-first-stage.pt", "x86-32.pt", "x86-64-5level.pt",
        "x86-64.pt", "x86-pae.pt";
    shared:
        "arm64-16k.pt", "arm64-64k.pt", "arm64-el1.pt", "arm64-el2.pt", "arm64-s1pie.pt", "arm64-s2.pt", "arm64.pt",
        "armv7-lpae.pt", "armv7.pt", "loongarch.pt", "riscv-gstage.pt", "riscv.pt", "x86-iommu.pt", "x86.pt";
}

/// Every file: first the formats, then what they share.
#[must_use]
pub fn all() -> &'static [Format] {
    ALL
}

/// The file of that name, with or without `.pt`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    ALL.iter().find(|format| format.name == name || format.name.strip_suffix(".pt") == Some(name))
}

/// The text of the file of that name, with or without `.pt`.
#[must_use]
pub fn get(name: &str) -> Option<&'static str> {
    find(name).map(|format| format.text)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::{all, find, get};

    #[test]
    fn every_file_of_the_folder_is_embedded_once() {
        let folder = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = names.filter(|name| name.ends_with(".pt")).collect();
        let embedded: BTreeSet<String> = all().iter().map(|format| String::from(format.name)).collect();
        assert_eq!(files, embedded);
        assert_eq!(embedded.len(), all().len());
    }

    #[test]
    fn formats_stand_before_what_they_share() {
        let shared: Vec<bool> = all().iter().map(|format| format.shared).collect();
        assert!(shared.is_sorted());
        for format in all() {
            let declares = format.text.lines().any(|line| line.starts_with("format "));
            assert_eq!(declares, !format.shared, "{}", format.name);
        }
    }

    #[test]
    fn the_suffix_is_optional() {
        assert_eq!(get("arm64-hyp"), get("arm64-hyp.pt"));
        assert!(get("arm64-hyp").unwrap().contains("format arm64_hyp"));
        assert!(find("arm64").unwrap().shared);
        assert_eq!(get("arm64-hyp.pt.pt"), None);
        assert_eq!(get("arm"), None);
    }
}
