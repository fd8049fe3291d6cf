//! `ptdsl!` as a user writes it: by name, by path, in place, and its errors as rustc shows them.

/// A format of the library.
mod library {
    ptdsl::ptdsl!("arm64-hyp.pt");
}

/// A file of this crate, which uses another one beside it and the library.
mod file {
    ptdsl::ptdsl!("tests/specs/mine.pt");
}

/// In place.
mod in_place {
    ptdsl::ptdsl! {
        use "arm64-hyp.pt";

        /// As the hypervisor's own tables, with a mapping for the first instructions after reset.
        format boot: arm64_hyp {
            attribute prot {
                r   => AP2 = ro, XN = 1;
                rw  => AP2 = rw, XN = 1;
                rx  => AP2 = ro, XN = 0;
                rwx => AP2 = rw, XN = 0; // not listed there
            }
        }
    }
}

#[test]
fn modules_take_the_place_of_the_macro() {
    use library::arm64_hyp::{Attributes, Memory, Prot};
    assert_eq!(Attributes::new(Prot::Rw, Memory::Normal), Some(Attributes::RW_NORMAL));
    assert_eq!(Attributes::new(Prot::Rx, Memory::Device), None);
    // `rwx` is listed in these alone.
    assert!(file::mine::Attributes::new(file::mine::Prot::Rwx, file::mine::Memory::Normal).is_some());
    assert!(
        in_place::boot::Attributes::new(in_place::boot::Prot::Rwx, in_place::boot::Memory::Device).is_some()
    );
}

#[test]
fn errors_underline_the_tokens() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// What the types of a format and of the runtime keep from being written at all.
#[test]
fn wrong_calls_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/types/*.rs");
}
