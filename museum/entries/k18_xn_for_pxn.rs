//! ---
//! class: K18
//! title: the execute-never bit of EL0 set where that of EL1 was meant
//! happened: TF-A (a56402521)
//! stops: rows of an attribute say the bits of both; an unlisted combination cannot be built, and is not read back
//! tests: el1_still_executes, the_truth_table
//! ---
//! In a regime with two privileges bit 54 is UXN and bit 53 PXN. Data was mapped with bit 54 alone, which is right at EL3: EL1
//! could execute it.

use ptdsl::{Arena, Format, Inactive, Phys};
use ptdsl_generated::arm64_el1_low::{Arm64El1Low, Attributes, Config, PageTable};
use ptdsl_museum::stage::{OUTPUT, PAGE, range};

/// Who may write and execute by a leaf, as the manual's table says: (EL1 writes, EL0 writes, EL1 executes, EL0 executes).
fn rights(word: u64) -> (bool, bool, bool, bool) {
    let bit = |n: u32| word >> n & 1 != 0;
    let (read_only, el0) = (bit(7), bit(6));
    // What EL0 may write, EL1 never executes.
    (!read_only, !read_only && el0, !bit(53) && !(el0 && !read_only), !bit(54))
}

#[test]
fn el1_still_executes() {
    // AF, inner shareable, rw, UXN = 1, PXN = 0: data, as it was mapped.
    let word = OUTPUT | 1 << 54 | 0x703;
    assert!(rights(word).0 && rights(word).2, "EL1 writes and executes");
    assert_eq!(<Arm64El1Low as Format>::attributes(3, word), None, "no row says this");
    assert_eq!(<Arm64El1Low as Format>::attributes(3, word | 1 << 53), Some(Attributes::RW_NORMAL_GLOBAL));
}

#[test]
fn the_truth_table() {
    let expected = [
        (Attributes::R_NORMAL_GLOBAL, (false, false, false, false)),
        (Attributes::RW_NORMAL_GLOBAL, (true, false, false, false)),
        (Attributes::RX_NORMAL_GLOBAL, (false, false, true, false)),
        (Attributes::USER_R_NORMAL_GLOBAL, (false, false, false, false)),
        (Attributes::USER_RW_NORMAL_GLOBAL, (true, true, false, false)),
        (Attributes::USER_RX_NORMAL_GLOBAL, (false, false, false, true)),
        (Attributes::USER_X_NORMAL_GLOBAL, (false, false, false, true)),
    ];
    for (attributes, wanted) in expected {
        let mut arena: Arena<Arm64El1Low> = Arena::new(Phys(0x4000_0000), 8);
        let config = Config { width: 39, ..Config::default() };
        let mut table = PageTable::<Inactive>::create(&mut arena, &config).expect("room");
        table.map(&mut arena, range(PAGE, PAGE), Phys(OUTPUT), attributes).expect("empty");
        let found = table.translate(&arena, PAGE).expect("mapped");
        assert_eq!(found.attributes(), Some(attributes));
        assert_eq!(rights(found.entry), wanted, "{attributes:?}");
    }
}
