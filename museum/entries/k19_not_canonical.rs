//! ---
//! class: K19
//! title: an address that is not canonical, taken for the one with the same index bits
//! happened: x86_64 (b0d47b3), page_table_multiarch 0.6.2 (seen by running it)
//! stops: an operation sees only addresses that the table translates
//! tests: the_same_indices, refused
//! ---
//! The indices are bits 47:12. Two addresses that differ above them have the same, and one was mapped for the other.

use ptdsl::{Arena, Boundary, Error, Fault, Inactive, Phys};
use ptdsl_generated::x86_64::{Attributes, Config, PageTable, X8664};
use ptdsl_museum::stage::{OUTPUT, PAGE, range};

const HIGH: u64 = 0xffff_8000_0000_0000;
/// HIGH with other bits above the index.
const ALIAS: u64 = 0x0000_8000_0000_0000;

/// As it was: what the walk looks at.
fn indices(va: u64) -> [u64; 4] {
    [39, 30, 21, 12].map(|shift| va >> shift & 511)
}

#[test]
fn the_same_indices() {
    assert_eq!(indices(ALIAS), indices(HIGH));
}

#[test]
fn refused() {
    let mut arena: Arena<X8664> = Arena::new(Phys(0x4000_0000), 16);
    let mut table = PageTable::<Inactive>::create(&mut arena, &Config::default()).expect("room");
    let attributes = Attributes::RW_SUPERVISOR_WB;
    table.map(&mut arena, range(HIGH, PAGE), Phys(OUTPUT), attributes).expect("canonical");
    assert_eq!(table.translate(&arena, ALIAS).err(), Some(Fault::Input));
    for alias in [ALIAS, ALIAS - PAGE + (1 << 48), 1 << 63, HIGH - PAGE] {
        let refused = Error::OutOfRange { address: alias, width: 48 };
        let mapped = table.map(&mut arena, range(alias, PAGE), Phys(OUTPUT), attributes);
        assert_eq!(mapped.map_err(|error| error.error), Err(refused));
        assert_eq!(table.unmap(&mut arena, range(alias, PAGE), Boundary::Stop), Err(refused));
    }
    // From the last canonical address below the gap into it, and from the gap to the first above.
    assert!(table.map(&mut arena, range(ALIAS - PAGE, 2 * PAGE), Phys(OUTPUT), attributes).is_err());
    assert!(table.map(&mut arena, range(ALIAS - PAGE, PAGE), Phys(OUTPUT), attributes).is_ok());
    assert_eq!(table.translate(&arena, HIGH).map(|found| found.output.0), Ok(OUTPUT));
}
