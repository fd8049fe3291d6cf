//! ---
//! class: K13
//! title: a dirty bit that hardware sets between load and store is overwritten
//! happened: Asterinas (5834f299b), aarch64-paging (3146fc9)
//! stops: over a live leaf the runtime stores by exchange and compare-and-exchange; loom tries every interleaving
//! tests: plain_load_and_store, protect_keeps_it, clearing_reports_it_or_leaves_it, unmap_reports_it
//! ---
//! A descriptor was read, changed and written back by plain accesses. The walker writes too: a dirty bit set in between was gone,
//! and with it the page's contents. Here the runtime's own code runs against a walker, in every order that loom finds.

use std::cell::Cell;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use ptdsl::{
    Arena, Boundary, Breaks, Fresh, Holes, Inactive, Live, PageTable, Permit, Phys, TableLayout, World,
};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Patch, Step, Sw};
use ptdsl_museum::stage::{BLOCK, OUTPUT, config, range};

/// AP[2]: with DBM = 1 the walker clears it at a write.
const READ_ONLY: u64 = 1 << 7;

/// An arena in which one leaf stands in memory that others write.
struct Shared {
    inner: Arena<Arm64Hyp>,
    last_leaf: Cell<(usize, usize)>,
    shared: Option<((usize, usize), Arc<AtomicU64>)>,
    removed: Option<u64>,
}

fn pass() -> Permit<Arena<Arm64Hyp>> {
    // SAFETY: each is used for the access that the runtime asked for.
    unsafe { Permit::pass_on() }
}

impl Shared {
    fn cell(&self, place: (usize, usize)) -> Option<&AtomicU64> {
        self.shared.as_ref().filter(|shared| shared.0 == place).map(|shared| &*shared.1)
    }
}

impl World<Arm64Hyp> for Shared {
    type Table = usize;

    fn table(&self, _: Permit<Self>, address: Phys) -> usize {
        World::<Arm64Hyp>::table(&self.inner, pass(), address)
    }
    fn load(&self, _: Permit<Self>, table: usize, slot: usize) -> u64 {
        match self.cell((table, slot)) {
            Some(cell) => cell.load(Ordering::Relaxed),
            None => self.inner.load(pass(), table, slot),
        }
    }
    fn store(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) {
        if word & 3 == 1 {
            self.last_leaf.set((table, slot));
        }
        match self.cell((table, slot)) {
            Some(cell) => cell.store(word, Ordering::Relaxed),
            None => self.inner.store(pass(), table, slot, word),
        }
    }
    fn exchange(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) -> u64 {
        match self.cell((table, slot)) {
            Some(cell) => cell.swap(word, Ordering::AcqRel),
            None => self.inner.exchange(pass(), table, slot, word),
        }
    }
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: usize,
        slot: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        match self.cell((table, slot)) {
            Some(cell) => {
                cell.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire).map(|_| ())
            }
            None => self.inner.compare_exchange(pass(), table, slot, current, new),
        }
    }
    fn step(&mut self, step: Step) {
        self.inner.step(step);
    }
    fn removed(&mut self, _: u64, _: i32, word: u64) {
        self.removed = Some(word);
    }
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        self.inner.allocate(layout)
    }
    fn free(&mut self, address: Phys, layout: TableLayout) {
        self.inner.free(address, layout);
    }
}

/// A clean block, and the leaf as the walker reaches it.
fn clean_block() -> (PageTable<Arm64Hyp, Live>, Shared, Arc<AtomicU64>) {
    let inner = Arena::new(Phys(0x4000_0000), 4);
    let mut world = Shared { inner, last_leaf: Cell::new((0, 0)), shared: None, removed: None };
    let table = PageTable::<Arm64Hyp, Inactive>::create(&mut world, &config(false)).expect("room");
    let mut table = table.activate(&mut world);
    let clean = Attributes::R_NORMAL.with_dbm(true);
    table.map(&mut world, range(BLOCK, BLOCK), Phys(OUTPUT), clean).expect("empty");
    let place = world.last_leaf.get();
    let leaf = Arc::new(AtomicU64::new(world.inner.load(pass(), place.0, place.1)));
    world.shared = Some((place, leaf.clone()));
    (table, world, leaf)
}

/// The walker lets one write through, if the leaf is there and clean; whether it did.
fn walker(leaf: Arc<AtomicU64>) -> thread::JoinHandle<bool> {
    let dirty = |word| (word & 1 == 1 && word & READ_ONLY != 0).then_some(word & !READ_ONLY);
    thread::spawn(move || leaf.fetch_update(Ordering::AcqRel, Ordering::Acquire, dirty).is_ok())
}

/// As it was: load, change, store.
#[test]
#[should_panic(expected = "the write is lost")]
fn plain_load_and_store() {
    loom::model(|| {
        let (_, _, leaf) = clean_block();
        let walker = walker(leaf.clone());
        let word = leaf.load(Ordering::Relaxed);
        leaf.store(word | 3 << 55, Ordering::Relaxed);
        if walker.join().expect("it does not panic") {
            assert_eq!(leaf.load(Ordering::Relaxed) & READ_ONLY, 0, "the write is lost");
        }
    });
}

#[test]
fn protect_keeps_it() {
    loom::model(|| {
        let (mut table, mut world, leaf) = clean_block();
        let walker = walker(leaf.clone());
        let mark = Patch::new().with_sw(Sw::new(3).expect("four bits"));
        let done = table.protect(&mut world, range(BLOCK, BLOCK), mark, Holes::Stop, Breaks::NONE);
        assert!(done.is_ok());
        let wrote = walker.join().expect("it does not panic");
        let word = leaf.load(Ordering::Relaxed);
        assert_eq!(word >> 55 & 15, 3);
        assert_eq!(word & READ_ONLY == 0, wrote);
    });
}

#[test]
fn clearing_reports_it_or_leaves_it() {
    loom::model(|| {
        let (mut table, mut world, leaf) = clean_block();
        let walker = walker(leaf.clone());
        let reported = table.test_and_clear_dirty(&mut world, range(BLOCK, BLOCK)).expect("it has the flag");
        let wrote = walker.join().expect("it does not panic");
        let left = leaf.load(Ordering::Relaxed) & READ_ONLY == 0;
        assert_eq!(wrote, reported || left);
        assert!(!(reported && left), "one write, reported once");
    });
}

#[test]
fn unmap_reports_it() {
    loom::model(|| {
        let (mut table, mut world, leaf) = clean_block();
        let walker = walker(leaf);
        assert!(table.unmap(&mut world, range(BLOCK, BLOCK), Boundary::Stop).is_ok());
        let wrote = walker.join().expect("it does not panic");
        let last = world.removed.expect("the leaf went");
        assert_eq!(last & READ_ONLY == 0, wrote);
    });
}
