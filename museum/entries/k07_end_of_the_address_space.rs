//! ---
//! class: K7
//! title: `start + length` wraps at the end of the address space
//! happened: TF-A (200026557), x86_64 (efd7f00), AMD IOMMU driver (e3a682eaf2af)
//! stops: ranges are end-inclusive and made by a checked constructor
//! tests: a_sum_that_wraps, the_last_page, only_the_first_address
//! ---
//! The check was `start + length <= limit`. With a range that reaches over the end the sum is small and the check passes; with the
//! very last page it is 0 and the check, or the loop, refuses it. Another driver looked at the first address alone.

use ptdsl::{Arena, Boundary, Error, Inactive, Phys, Range};
use ptdsl_generated::arm64_el1_high::{Arm64El1High, Attributes, Config, PageTable};
use ptdsl_generated::arm64_hyp::Attributes as HypAttributes;
use ptdsl_museum::stage::{OUTPUT, PAGE, arena, config, range};

const LAST: u64 = u64::MAX - (PAGE - 1);

/// As it was: addresses from `base` on.
fn accepted(start: u64, length: u64, base: u64) -> bool {
    start >= base && start.wrapping_add(length) >= start
}

#[test]
fn a_sum_that_wraps() {
    assert!(!accepted(LAST, PAGE, !0 << 39), "the last page is refused");
    assert_eq!(Range::new(LAST, 2 * PAGE), Err(Error::Wraps { start: LAST, bytes: 2 * PAGE }));
    assert_eq!(Range::new(LAST, PAGE).map(|range| range.last()), Ok(u64::MAX));
}

#[test]
fn the_last_page() {
    let mut arena: Arena<Arm64El1High> = Arena::new(Phys(0x4000_0000), 16);
    let config = Config { width: 39, ..Config::default() };
    let mut table = PageTable::<Inactive>::create(&mut arena, &config).expect("room");
    let pages = range(LAST - PAGE, 2 * PAGE);
    table.map(&mut arena, pages, Phys(OUTPUT), Attributes::RW_NORMAL_GLOBAL).expect("empty");
    assert_eq!(table.translate(&arena, u64::MAX).map(|found| found.output.0), Ok(OUTPUT + 2 * PAGE - 1));
    assert_eq!(table.mappings(&arena, pages).map(Iterator::count), Ok(2));
    assert_eq!(table.unmap(&mut arena, pages, Boundary::Stop).map(|done| done.bytes), Ok(2 * PAGE));
    assert!(table.translate(&arena, u64::MAX).is_err());
}

#[test]
fn only_the_first_address() {
    let (mut table, mut arena) = arena(&config(false));
    let over = range((1 << 39) - PAGE, 2 * PAGE);
    let refused =
        table.map(&mut arena, over, Phys(OUTPUT), HypAttributes::RW_NORMAL).map_err(|e| (e.error, e.mapped));
    assert_eq!(refused, Err((Error::OutOfRange { address: 1 << 39, width: 39 }, 0)));
}
