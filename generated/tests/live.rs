//! What edits of a live table do, step by step: break-before-make, what is refused before anything is stored, flags that
//! hardware sets meanwhile, and batches.

use ptdsl::{
    Arena, Boundary, Breaks, Error, Holes, Inactive, Limits, Permit, Phys, Quiesced, Range, Stopped, World,
};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Config, Memory, PageTable, Patch, Prot, Step, Sw};

const BLOCK: u64 = 0x20_0000;
const OUTPUT: u64 = 0x8020_0000;

fn range(first: u64, bytes: u64) -> Range {
    Range::new(first, bytes).expect("no wrap")
}

/// A block of 2 MiB at 2 MiB in a table with 39 input bits.
fn block(config: Config) -> (PageTable, Arena<Arm64Hyp>) {
    let mut arena = Arena::new(Phys(0x4000_0000), 32);
    let mut table = PageTable::create(&mut arena, &config).expect("room").activate(&mut arena);
    table.map(&mut arena, range(BLOCK, BLOCK), Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    arena.take_steps();
    (table, arena)
}

fn config() -> Config {
    Config { width: 39, ..Config::default() }
}

fn quiesced() -> Quiesced {
    // SAFETY: nobody walks an arena.
    unsafe { Quiesced::promise() }
}

const BREAK: [Step; 4] = [Step::DsbIshst, Step::TlbiVale2is(BLOCK >> 12), Step::DsbIsh, Step::Isb];
const MAKE_TABLE: [Step; 3] = [Step::DmbIshst, Step::DsbIshst, Step::Isb];

#[test]
fn a_live_block_is_broken_invalidated_and_made_and_translates_as_before() {
    let (mut table, mut arena) = block(config());
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    table.split_to(&mut arena, BLOCK + 0x1234, 3, breaks).expect("mapped");
    assert_eq!(arena.take_steps(), [&BREAK[..], &MAKE_TABLE[..]].concat());
    for page in [0, 1, 511] {
        let found = table.translate(&arena, BLOCK + page * 0x1000 + 7).expect("mapped");
        assert_eq!((found.output, found.shift), (Phys(OUTPUT + page * 0x1000 + 7), 12));
        assert_eq!(found.attributes(), Some(Attributes::RW_NORMAL));
    }
    assert_eq!(table.split_to(&mut arena, BLOCK, 3, breaks), Ok(()), "done already");
    assert_eq!(arena.take_steps(), []);

    // And back: 512 entries are invalidated at once.
    table.collapse(&mut arena, BLOCK + 0x3000, 2, breaks).expect("they agree");
    let all = [Step::DsbIshst, Step::TlbiAlle2is, Step::DsbIsh, Step::Isb, Step::DsbIshst, Step::Isb];
    assert_eq!(arena.take_steps(), all);
    assert_eq!(table.translate(&arena, BLOCK).map(|found| (found.output.0, found.shift)), Ok((OUTPUT, 21)));
    assert_eq!(arena.live_frames(), 2, "the table of pages is free again");
}

#[test]
fn without_a_promise_or_over_a_pinned_page_nothing_is_stored() {
    let (mut table, mut arena) = block(config());
    let part = range(BLOCK + 0x1000, 0x1000);
    let pinned = [range(0x1000, 0x1000), range(BLOCK + 0x8000, 0x1000)];
    let quiesced = quiesced();
    let breaks = Breaks::new(&pinned, &quiesced);
    let read_only = Patch::new().prot(Prot::R);
    let needs = Error::NeedsSplit { va: BLOCK, level: 2 };
    let spared = Error::Pinned { va: BLOCK, level: 2, pinned: BLOCK + 0x8000 };
    for (breaks, error) in [(Breaks::NONE, needs), (breaks, spared)] {
        assert_eq!(table.split(&mut arena, part, breaks), Err(error));
        assert_eq!(table.split_to(&mut arena, BLOCK, 3, breaks), Err(error));
        assert_eq!(table.unmap(&mut arena, part, Boundary::Split(breaks)), Err(error));
        assert_eq!(table.protect(&mut arena, part, read_only, Holes::Stop, breaks), Err(error));
        let device = Patch::new().memory(Memory::Device);
        assert_eq!(table.protect(&mut arena, range(BLOCK, BLOCK), device, Holes::Stop, breaks), Err(error));
    }
    assert_eq!(arena.take_steps(), []);
    assert_eq!(arena.live_frames(), 2);
    // What breaks nothing needs no promise.
    assert!(table.protect(&mut arena, range(BLOCK, BLOCK), read_only, Holes::Stop, Breaks::NONE).is_ok());
    assert_eq!(arena.take_steps(), BREAK);

    let overlapping = [range(0x1000, 0x2000), range(0x2000, 0x1000)];
    let breaks = Breaks::new(&overlapping, &quiesced);
    assert_eq!(table.split(&mut arena, part, breaks), Err(Error::PinnedOverlap { address: 0x2000 }));
    let unaligned = [range(0x1800, 0x1000)];
    let breaks = Breaks::new(&unaligned, &quiesced);
    let expected = Error::Misaligned { address: 0x1800, alignment: 0x1000 };
    assert_eq!(table.split(&mut arena, part, breaks), Err(expected));
}

#[test]
fn an_inactive_table_needs_no_promise_and_gets_no_maintenance() {
    let mut arena: Arena<Arm64Hyp> = Arena::new(Phys(0x4000_0000), 32);
    let mut table = PageTable::<Inactive>::create(&mut arena, &config()).expect("room");
    table.map(&mut arena, range(BLOCK, BLOCK), Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    let read_only = Patch::new().prot(Prot::R);
    let done = table.protect(&mut arena, range(BLOCK, 0x1000), read_only, Holes::Stop, ()).expect("mapped");
    assert_eq!((done.bytes, done.stopped), (0x1000, None));
    let done = table.unmap(&mut arena, range(BLOCK + 0x1000, 0x1000), Boundary::Split(())).expect("mapped");
    assert_eq!((done.bytes, done.stopped), (0x1000, None));
    assert_eq!(arena.take_steps(), []);
    assert_eq!(table.translate(&arena, BLOCK).map(|t| t.attributes()), Ok(Some(Attributes::R_NORMAL)));
    assert!(table.translate(&arena, BLOCK + 0x1000).is_err());
    assert_eq!(table.translate(&arena, BLOCK + 0x2000).map(|t| t.output), Ok(Phys(OUTPUT + 0x2000)));
}

#[test]
fn without_conflict_aborts_a_split_is_one_store() {
    let (mut table, mut arena) = block(Config { no_conflict_abort: true, ..config() });
    table.split(&mut arena, range(BLOCK, 0x1000), Breaks::NONE).expect("in place");
    assert_eq!(arena.take_steps(), [&[Step::DmbIshst][..], &BREAK[..]].concat());
    assert_eq!(table.translate(&arena, BLOCK).map(|found| found.shift), Ok(12));
    // The memory type never changes in place.
    let device = Patch::new().memory(Memory::Device);
    let refused = table.protect(&mut arena, range(BLOCK, 0x1000), device, Holes::Stop, Breaks::NONE);
    assert_eq!(refused, Err(Error::NeedsSplit { va: BLOCK, level: 3 }));
    table.collapse(&mut arena, BLOCK, 2, Breaks::NONE).expect("they agree");
    assert_eq!(arena.take_steps(), [Step::DsbIshst, Step::TlbiAlle2is, Step::DsbIsh, Step::Isb]);
}

#[test]
fn from_writing_to_executing_the_way_leads_through_neither() {
    let (mut table, mut arena) = block(config());
    let execute = Patch::new().prot(Prot::Rx);
    let whole = range(BLOCK, BLOCK);
    assert!(table.protect(&mut arena, whole, execute, Holes::Stop, Breaks::NONE).is_ok());
    assert_eq!(arena.take_steps(), [&BREAK[..], &BREAK[..]].concat(), "dropped and flushed, then granted");
    assert_eq!(table.translate(&arena, BLOCK).map(|t| t.attributes()), Ok(Some(Attributes::RX_NORMAL)));
    // Device memory that executes is forbidden: nothing changes, not even before the leaf that is refused.
    let device = Patch::new().memory(Memory::Device);
    let entry = table.translate(&arena, BLOCK).expect("mapped").entry;
    let refused = table.protect(&mut arena, whole, device, Holes::Stop, Breaks::NONE);
    assert_eq!(refused, Err(Error::Forbidden { va: BLOCK, level: 2, entry }));
    assert_eq!(arena.take_steps(), []);
}

#[test]
fn a_page_that_hardware_may_make_writable_goes_to_executing_the_same_way() {
    let (mut table, mut arena) = block(config());
    let whole = range(BLOCK, BLOCK);
    let tracked = Patch::new().with_dbm(true);
    assert!(table.protect(&mut arena, whole, tracked, Holes::Stop, Breaks::NONE).is_ok());
    // Now it reads as read-only, until the next write.
    assert_eq!(table.test_and_clear_dirty(&mut arena, whole), Ok(true));
    arena.take_steps();
    let execute = Patch::new().prot(Prot::Rx).with_dbm(false);
    assert!(table.protect(&mut arena, whole, execute, Holes::Stop, Breaks::NONE).is_ok());
    assert_eq!(arena.take_steps(), [&BREAK[..], &BREAK[..]].concat(), "dropped and flushed, then granted");
    assert_eq!(table.translate(&arena, BLOCK).map(|t| t.attributes()), Ok(Some(Attributes::RX_NORMAL)));
}

#[test]
fn software_bits_change_without_maintenance_and_survive_a_split() {
    let (mut table, mut arena) = block(config());
    let mark = Patch::new().with_sw(Sw::new(9).expect("four bits"));
    assert!(table.protect(&mut arena, range(BLOCK, BLOCK), mark, Holes::Stop, Breaks::NONE).is_ok());
    assert_eq!(arena.take_steps(), []);
    let quiesced = quiesced();
    table.split_to(&mut arena, BLOCK, 3, Breaks::new(&[], &quiesced)).expect("mapped");
    let attributes = table.translate(&arena, BLOCK + 0x5000).expect("mapped").attributes();
    assert_eq!(attributes.map(|a| (a.sw().value(), a.prot())), Some((9, Prot::Rw)));
}

#[test]
fn entries_that_differ_are_named_and_stay() {
    let (mut table, mut arena) = block(config());
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, breaks), Err(Error::AlreadyLeaf { va: BLOCK, level: 2 }));
    assert_eq!(table.collapse(&mut arena, 0, 2, breaks), Err(Error::NotMapped { va: 0, level: 2 }));
    assert_eq!(table.collapse(&mut arena, BLOCK, 0, breaks), Err(Error::NoLeaf { level: 0 }));
    let page = range(BLOCK + 0x7000, 0x1000);
    let read_only = Patch::new().prot(Prot::R);
    assert!(table.protect(&mut arena, page, read_only, Holes::Stop, breaks).is_ok());
    let entry = table.translate(&arena, BLOCK + 0x7000).expect("mapped").entry;
    let differs = Error::Differs { va: BLOCK + 0x7000, level: 3, entry };
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, breaks), Err(differs));
    // Holes: where there is one, or a table of other outputs.
    let hole = table.unmap(&mut arena, page, Boundary::Stop).expect("mapped");
    assert_eq!((hole.bytes, hole.stopped), (0x1000, None));
    let differs = Error::Differs { va: BLOCK + 0x7000, level: 3, entry: 0 };
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, breaks), Err(differs));
    let done =
        table.protect(&mut arena, range(BLOCK, BLOCK), read_only, Holes::Stop, breaks).expect("prefix");
    assert_eq!(done.stopped, Some(Stopped::Hole { va: BLOCK + 0x7000, level: 3 }));
    assert_eq!(done.bytes, 0x7000);
    table.map(&mut arena, page, Phys(OUTPUT + 0x8000), Attributes::R_NORMAL).expect("a hole");
    let entry = table.translate(&arena, BLOCK + 0x7000).expect("mapped").entry;
    let differs = Error::Differs { va: BLOCK + 0x7000, level: 3, entry };
    assert_eq!(table.collapse(&mut arena, BLOCK, 2, breaks), Err(differs));
}

#[test]
fn accessed_and_dirty_are_reported_once_and_merged_by_a_collapse() {
    let (mut table, mut arena) = block(config());
    let whole = range(BLOCK, BLOCK);
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    let tracked = Patch::new().with_dbm(true);
    assert!(table.protect(&mut arena, whole, tracked, Holes::Stop, breaks).is_ok());
    table.split_to(&mut arena, BLOCK, 3, breaks).expect("mapped");
    // Writable and tracked: dirty. AF = 1: accessed.
    assert_eq!(table.test_and_clear_dirty(&mut arena, whole), Ok(true));
    assert_eq!(table.test_and_clear_dirty(&mut arena, whole), Ok(false));
    assert_eq!(table.test_and_clear_accessed(&mut arena, range(BLOCK, 0x3000)), Ok(true));
    arena.take_steps();
    assert_eq!(table.test_and_clear_accessed(&mut arena, range(BLOCK, 0x3000)), Ok(false));
    assert_eq!(arena.take_steps(), [], "nothing to clear, nothing to invalidate");
    assert_eq!(table.test_and_clear_accessed(&mut arena, whole), Ok(true));
    table.collapse(&mut arena, BLOCK, 2, breaks).expect("flags do not make a difference");
    assert_eq!(table.test_and_clear_accessed(&mut arena, whole), Ok(false));
}

#[test]
fn a_batch_has_one_barrier_pair_and_holds_table_pages_back() {
    let (mut table, mut arena) = block(config());
    let pages = range(0x3000, 0x3000);
    table.map(&mut arena, pages, Phys(0x9000_0000), Attributes::RW_NORMAL).expect("empty");
    arena.take_steps();
    assert_eq!(arena.live_frames(), 3);
    let mut gather = table.gather(&mut arena, Limits::default());
    for page in [0x3000, 0x4000, 0x5000] {
        let done = gather.unmap(range(page, 0x1000), Boundary::Stop).expect("in range");
        assert_eq!((done.bytes, done.stopped), (0x1000, None));
    }
    let done = gather.finish();
    assert_eq!((done.flushes, done.full, done.entries, done.pages), (1, 0, 4, 1));
    let mut expected = vec![Step::DsbIshst];
    expected.extend([3, 4, 5].map(Step::TlbiVale2is));
    // Any address below does for an empty table.
    expected.extend([Step::TlbiVae2is(5), Step::DsbIsh, Step::Isb]);
    assert_eq!(arena.take_steps(), expected);
    assert_eq!(arena.live_frames(), 2);
}

#[test]
fn what_cannot_wait_is_flushed_first_and_many_entries_all_at_once() {
    let (mut table, mut arena) = block(config());
    let page = range(0x3000, 0x1000);
    table.map(&mut arena, page, Phys(0x9000_0000), Attributes::RW_NORMAL).expect("empty");
    arena.take_steps();
    let mut gather = table.gather(&mut arena, Limits { entries: 1 });
    assert!(gather.protect(page, Patch::new().prot(Prot::R), Holes::Stop, Breaks::NONE).is_ok());
    assert!(gather.unmap(page, Boundary::Stop).is_ok());
    gather.map(page, Phys(0x9000_5000), Attributes::RW_NORMAL, ptdsl::How::default()).expect("a hole");
    let done = gather.finish();
    assert_eq!((done.flushes, done.full), (2, 1));
    let steps = arena.take_steps();
    let first = [Step::DsbIshst, Step::TlbiVale2is(3), Step::DsbIsh, Step::Isb];
    assert_eq!(steps[..4], first, "the old permissions go before the leaf changes again");
    assert_eq!(steps[4..8], [Step::DsbIshst, Step::TlbiAlle2is, Step::DsbIsh, Step::Isb]);
    assert_eq!(table.translate(&arena, 0x3000).map(|t| t.output), Ok(Phys(0x9000_5000)));
}

#[test]
#[should_panic(expected = "dropped without `finish` after `unmap`")]
fn a_dropped_batch_pays_and_names_the_operation() {
    let (mut table, mut arena) = block(config());
    let mut gather = table.gather(&mut arena, Limits::default());
    assert!(gather.unmap(range(BLOCK, BLOCK), Boundary::Stop).is_ok());
    drop(gather);
}

#[test]
fn values_in_invalid_entries_stay_until_they_are_replaced() {
    let (mut table, mut arena) = block(config());
    let refused = table.annotate(&mut arena, range(0, BLOCK), 1 << 63);
    assert_eq!(refused, Err(Error::Annotation { value: 1 << 63, bits: 63 }));
    let entry = table.translate(&arena, BLOCK).expect("mapped").entry;
    let refused = table.annotate(&mut arena, range(0, 2 * BLOCK), 5);
    assert_eq!(refused, Err(Error::AlreadyMapped { va: BLOCK, level: 2, entry }));
    assert_eq!(table.annotation(&mut arena, 0), Ok(Some(0)), "nothing was changed");
    assert_eq!(arena.take_steps(), []);

    // Whole entries first; then a part of one, for which it is taken apart.
    table.annotate(&mut arena, range(0, BLOCK), 5).expect("nothing is mapped");
    assert_eq!(arena.take_steps(), [], "no hardware sees it");
    assert_eq!(arena.live_frames(), 2);
    arena.ration(Some(0));
    let refused = table.annotate(&mut arena, range(0x3000, 0x1000), 6);
    assert_eq!(refused, Err(Error::OutOfMemory { va: 0, level: 3 }));
    arena.ration(None);
    table.annotate(&mut arena, range(0x3000, 0x1000), 6).expect("room");
    assert_eq!(arena.take_steps(), MAKE_TABLE);
    let read = |table: &PageTable, arena: &mut Arena<Arm64Hyp>| {
        [0, 0x2fff, 0x3abc, 0x4000, BLOCK - 1, BLOCK].map(|va| table.annotation(arena, va))
    };
    let expected = [Some(5), Some(5), Some(6), Some(5), Some(5), None].map(Ok);
    assert_eq!(read(&table, &mut arena), expected);
    assert!(table.translate(&arena, 0x3000).is_err());

    // Other operations see a hole that is taken.
    let page = range(0x3000, 0x1000);
    let refused = table.map(&mut arena, page, Phys(0x9000_0000), Attributes::RW_NORMAL);
    let taken = Error::AlreadyMapped { va: 0x3000, level: 3, entry: 6 << 1 };
    assert_eq!(refused.map_err(|e| e.error), Err(taken));
    let unmapped = table.unmap(&mut arena, page, Boundary::Stop).expect("in range");
    assert_eq!((unmapped.bytes, unmapped.stopped), (0, Some(Stopped::Hole { va: 0x3000, level: 3 })));
    let how = ptdsl::How { existing: ptdsl::Existing::Annotated, ..ptdsl::How::default() };
    table.map_with(&mut arena, page, Phys(0x9000_0000), Attributes::RW_NORMAL, how).expect("replaced");
    let unmapped = table.unmap(&mut arena, page, Boundary::Stop).expect("in range");
    assert_eq!((unmapped.bytes, unmapped.stopped), (0x1000, None));
    assert_eq!(arena.live_frames(), 3, "the table holds 511 values");
    arena.take_steps();
    table.annotate(&mut arena, range(0, BLOCK), 0).expect("nothing is mapped");
    assert_eq!(arena.take_steps()[1], Step::TlbiVae2is(0), "the table went");
    assert_eq!(arena.live_frames(), 2);
}

/// An arena in which hardware writes through a leaf at the worst moment: between the runtime's load and its store.
struct Racing {
    inner: Arena<Arm64Hyp>,
    dirtied: bool,
}

impl World<Arm64Hyp> for Racing {
    type Table = usize;

    fn table(&self, _: Permit<Self>, address: Phys) -> usize {
        World::<Arm64Hyp>::table(&self.inner, pass(), address)
    }
    fn load(&self, _: Permit<Self>, table: usize, slot: usize) -> u64 {
        self.inner.load(pass(), table, slot)
    }
    fn store(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) {
        let old = self.inner.load(pass(), table, slot);
        let flags = (1 << 7) | (1 << 10);
        assert!(old & 1 == 0 || (old ^ word) & !flags == 0, "a plain store over a live leaf");
        self.inner.store(pass(), table, slot, word);
    }
    fn exchange(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) -> u64 {
        self.write_through(table, slot);
        self.inner.exchange(pass(), table, slot, word)
    }
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: usize,
        slot: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        self.write_through(table, slot);
        self.inner.compare_exchange(pass(), table, slot, current, new)
    }
    fn step(&mut self, step: Step) {
        self.inner.step(step);
    }
    fn allocate(&mut self, layout: ptdsl::TableLayout) -> Option<ptdsl::Fresh> {
        self.inner.allocate(layout)
    }
    fn free(&mut self, address: Phys, layout: ptdsl::TableLayout) {
        self.inner.free(address, layout);
    }
}

fn pass() -> Permit<Arena<Arm64Hyp>> {
    // SAFETY: each is used for the access that the runtime asked for.
    unsafe { Permit::pass_on() }
}

impl Racing {
    /// AP[2] 1 to 0 where DBM = 1, once.
    fn write_through(&mut self, table: usize, slot: usize) {
        let (dbm, read_only) = (1_u64 << 51, 1_u64 << 7);
        let word = self.inner.load(pass(), table, slot);
        if !self.dirtied && word & 1 == 1 && word & dbm != 0 && word & read_only != 0 {
            self.dirtied = true;
            self.inner.store(pass(), table, slot, word & !read_only);
        }
    }
}

#[test]
fn what_hardware_writes_between_load_and_store_is_kept() {
    let clean = Attributes::R_NORMAL.with_dbm(true);
    let build = || {
        let mut world = Racing { inner: Arena::new(Phys(0x4000_0000), 32), dirtied: false };
        let table = PageTable::create(&mut world, &config()).expect("room");
        let mut table = table.activate(&mut world);
        table.map(&mut world, range(BLOCK, BLOCK), Phys(OUTPUT), clean).expect("empty");
        (table, world)
    };
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);

    let (mut table, mut world) = build();
    table.split_to(&mut world, BLOCK, 3, breaks).expect("mapped");
    assert!(world.dirtied);
    assert_eq!(table.test_and_clear_dirty(&mut world, range(BLOCK + 0x5000, 0x1000)), Ok(true));

    let (mut table, mut world) = build();
    let mark = Patch::new().with_sw(Sw::new(3).expect("four bits"));
    assert!(table.protect(&mut world, range(BLOCK, BLOCK), mark, Holes::Stop, breaks).is_ok());
    assert!(world.dirtied);
    let found = table.translate(&world, BLOCK).expect("mapped").attributes();
    assert_eq!(found.map(|a| a.sw().value()), Some(3));
    assert_eq!(table.test_and_clear_dirty(&mut world, range(BLOCK, BLOCK)), Ok(true));
}
