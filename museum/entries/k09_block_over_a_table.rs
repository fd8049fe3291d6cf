//! ---
//! class: K9
//! title: a block stored over a table, whose pages nobody finds again
//! happened: Velosiraptor (seen by running it), page_table_multiarch (9564bf5: freed from the wrong level)
//! stops: `map` refuses what is taken; tables are owned and counted, and the ledger ends at zero
//! tests: overwritten, refused_and_all_freed
//! ---
//! Mapping 2 MiB where a table of pages stood succeeded in silence. The table was lost.

use ptdsl::{Arena, Boundary, Error, Inactive, Phys};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, PageTable};
use ptdsl_museum::stage::{BLOCK, OUTPUT, PAGE, config, range};

/// A table of two levels as others wrote it: whatever stands in the slot is overwritten.
struct Naive {
    root: [Option<Entry>; 4],
    allocated: usize,
}

#[derive(Clone)]
enum Entry {
    Block,
    Table(Vec<u64>),
}

impl Naive {
    fn map_page(&mut self, slot: usize, output: u64) {
        match &mut self.root[slot] {
            Some(Entry::Table(pages)) => pages.push(output),
            entry => {
                self.allocated += 1;
                *entry = Some(Entry::Table(vec![output]));
            }
        }
    }
    fn map_block(&mut self, slot: usize) {
        self.root[slot] = Some(Entry::Block);
    }
    fn unmap(&mut self, slot: usize) {
        if let Some(Entry::Table(_)) = self.root[slot].take() {
            self.allocated -= 1;
        }
    }
}

#[test]
fn overwritten() {
    let mut naive = Naive { root: [const { None }; 4], allocated: 0 };
    naive.map_page(0, 1);
    naive.unmap(0);
    assert_eq!(naive.allocated, 0);
    naive.map_page(0, 1);
    naive.map_block(0);
    naive.unmap(0);
    assert_eq!(naive.allocated, 1, "leaked");
}

#[test]
fn refused_and_all_freed() {
    for counted in [true, false] {
        let arena: Arena<Arm64Hyp> = Arena::new(Phys(0x4000_0000), 16);
        let mut arena = if counted { arena } else { arena.without_counts() };
        let mut table = PageTable::<Inactive>::create(&mut arena, &config(false)).expect("room");
        let page = range(5 * PAGE, PAGE);
        table.map(&mut arena, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
        let entry = table.translate(&arena, 5 * PAGE).expect("mapped").entry;
        let over = table.map(&mut arena, range(0, BLOCK), Phys(OUTPUT), Attributes::RW_NORMAL);
        let refused = over.map_err(|error| error.error);
        assert_eq!(refused, Err(Error::AlreadyMapped { va: 5 * PAGE, level: 3, entry }));
        assert!(table.unmap(&mut arena, page, Boundary::Stop).is_ok());
        // The pages before the conflict, which were mapped and reported.
        while let Some(first) = table.mappings(&arena, range(0, BLOCK)).expect("in range").next() {
            let done = table.unmap(&mut arena, range(first.va, first.leaf.bytes()), Boundary::Stop);
            assert!(done.is_ok_and(|done| done.bytes != 0));
        }
        assert_eq!(arena.live_frames(), 1, "only the root is left");
        table.destroy(&mut arena);
        assert_eq!(arena.live_frames(), 0);
    }
}
