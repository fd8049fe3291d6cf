//! ---
//! class: K17
//! title: a page unmapped inside a large leaf, whose data was walked as a table
//! happened: pKVM on x86 (intel-staging/pKVM-IA#104), page-table-generic 0.9.1 (unmaps the whole block; seen by running it)
//! stops: what an entry is, its level's type says; a leaf that reaches beyond the range stops the walk or is split
//! tests: a_leaf_taken_for_a_table, stopped_or_split
//! ---
//! The walk went on below an entry that was a leaf: 4 KiB of the guest's memory were read, and written, as descriptors.

use ptdsl::{Arena, Boundary, Breaks, Error, Inactive, Phys, Stopped};
use ptdsl_generated::x86_64::{Attributes, Config, PageTable, X8664};
use ptdsl_model::Rule;
use ptdsl_model::tiny::table;
use ptdsl_model::trace::{arm64, pte, trace};
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, range};

#[test]
fn a_leaf_taken_for_a_table() {
    // The descriptor of a block with the bit of a table: it leads into data.
    trace(arm64()).store(pte(2, 1), table(OUTPUT)).breaks(Rule::Malformed);
}

#[test]
fn stopped_or_split() {
    let mut arena: Arena<X8664> = Arena::new(Phys(0x4000_0000), 16);
    let created = PageTable::<Inactive>::create(&mut arena, &Config::default()).expect("room");
    let mut table = created.activate(&mut arena);
    let attributes = Attributes::RW_SUPERVISOR_WB;
    table.map(&mut arena, range(BLOCK, BLOCK), Phys(OUTPUT), attributes).expect("empty");
    let page = range(BLOCK + 5 * PAGE, PAGE);
    let stopped = table.unmap(&mut arena, page, Boundary::Stop).expect("in range");
    assert_eq!(stopped.bytes, 0);
    assert!(matches!(stopped.stopped, Some(Stopped::Leaf { va: BLOCK, .. })), "{stopped:?}");
    let over = table.map(&mut arena, page, Phys(OUTPUT), attributes).map_err(|error| error.error);
    assert!(matches!(over, Err(Error::AlreadyMapped { .. })), "{over:?}");
    assert_eq!(table.translate(&arena, BLOCK + 5 * PAGE).map(|found| found.bytes()), Ok(BLOCK));

    // This format splits by one store.
    let done = table.unmap(&mut arena, page, Boundary::Split(Breaks::NONE)).expect("in range");
    assert_eq!((done.bytes, done.stopped), (PAGE, None));
    for k in 0..512 {
        let found = table.translate(&arena, BLOCK + k * PAGE).ok().map(|found| found.output.0);
        assert_eq!(found, (k != 5).then_some(OUTPUT + k * PAGE));
    }
}
