//! What stands around each store of a table, for formats in which every transition says something before and after, and what is
//! mapped afterwards: compared with recorded logs. A log that changes is read against the rules of the architectures before it is taken.

mod marked;

use marked::{Log, broken, stored};
use ptdsl::{
    Boundary, Breaks, Existing, Grouping, Holes, How, Inactive, Limits, Live, Phys, Quiesced, Range, Sizes,
};

const BLOCK: u64 = 0x20_0000;
const OUTPUT: u64 = 0x8020_0000;
/// 16 blocks.
const GROUP: u64 = 0x200_0000;
const GROUPED: How = How { sizes: Sizes::Largest, existing: Existing::Refuse, grouping: Grouping::Spans };

fn range(first: u64, bytes: u64) -> Range {
    Range::new(first, bytes).expect("no wrap")
}

fn quiesced() -> Quiesced {
    // SAFETY: nobody walks an arena.
    unsafe { Quiesced::promise() }
}

/// Notes what an operation did and what stands at some places then; an error is noted as such.
macro_rules! did {
    ($log:ident, $table:ident, $w:ident, $places:expr, $what:literal, $done:expr) => {
        let error = $done.err().map_or(String::new(), |error| format!(" {error:x?}"));
        let words = $places.map(|va| $table.translate($w, va).map_or(0, |found| found.entry));
        $log.push(format!("{}: {}{error} = {words:x?}", $what, $w.take()));
    };
}

/// DBM = 1 and AP[2] = 1 (clean): the first write clears AP[2].
fn arm(word: u64) -> u64 {
    if word & 1 << 51 != 0 && word & 1 == 1 { word & !(1 << 7) } else { word }
}

const ARM: [u64; 4] = [BLOCK, BLOCK + 0x3000, GROUP + 0x1000, GROUP + 5 * BLOCK];

const PAGES: u64 = 0x1000_0000;
const MORE: [u64; 4] = [PAGES, PAGES + 0x1_2000, PAGES + BLOCK, PAGES + 2 * BLOCK - 0x1000];

/// Pages and groups of them come, change by a store, and go.
macro_rules! map_script {
    ($log:ident, $table:ident, $w:ident, $breaks:expr) => {
        let clean = broken::Attributes::R_NORMAL.with_dbm(true);
        let marked = clean.with_sw(broken::Sw::new(5).expect("four bits"));
        let (out, update) = (Phys(PAGES), How { existing: Existing::Update, ..How::default() });
        let pages = |first: u64, count: u64| range(PAGES + first * 0x1000, count * 0x1000);
        macro_rules! it {
            ($what:literal, $done:expr) => {
                did!($log, $table, $w, MORE, $what, $done);
            };
        }
        it!("page", $table.map($w, pages(0, 1), out, clean));
        it!("next", $table.map($w, pages(1, 1), out, clean));
        it!("20 pages", $table.map($w, pages(16, 20), Phys(PAGES + 0x1_1000), clean));
        it!("two tables", $table.map($w, pages(510, 4), Phys(PAGES + 0x1000), clean));
        it!("update", $table.map_with($w, pages(16, 3), Phys(PAGES + 0x1_1000), marked, update));
        it!("refused", $table.map_with($w, pages(0, 1), out, broken::Attributes::RW_DEVICE, update));
        it!("20 go", $table.unmap($w, pages(16, 20), Boundary::Stop).map(|_| $w.take()));
        it!("16 pages", $table.map_with($w, pages(16, 16), Phys(PAGES + 0x1_0000), clean, GROUPED));
        let grouped = How { existing: Existing::Update, ..GROUPED };
        it!("update them", $table.map_with($w, pages(16, 16), Phys(PAGES + 0x1_0000), marked, grouped));
        it!("one of them", $table.unmap($w, pages(18, 1), Boundary::Stop));
        it!("one more", $table.unmap($w, pages(18, 1), Boundary::Split($breaks)));
        it!("up to a hole", $table.unmap($w, pages(512, 512), Boundary::Stop));
        it!("what is left", $table.unmap($w, pages(510, 2), Boundary::Stop));
        it!("two blocks", $table.map($w, range(PAGES + BLOCK, 2 * BLOCK), Phys(PAGES), clean));
        it!("both ends", $table.unmap($w, pages(513, 1022), Boundary::Split($breaks)));
        it!("one end", $table.unmap($w, pages(512, 1), Boundary::Stop));
        it!("other end", $table.unmap($w, pages(1535, 1), Boundary::Stop));
        it!("full", $table.map($w, pages(1024, 513), Phys(0x1000), clean));
        it!("all", $table.unmap($w, pages(1024, 513), Boundary::Stop).map(|_| $w.take().len() > 9000));
        it!("inside", {
            let done = $table.map($w, range(PAGES + BLOCK, BLOCK), Phys(PAGES), clean);
            assert!(done.is_ok());
            $table.unmap($w, pages(515, 7), Boundary::Split($breaks))
        });
        let huge = 0x4000_0000;
        it!("huge", $table.map($w, range(huge, huge), Phys(0), clean));
        it!("one page", $table.unmap($w, range(huge + 5 * BLOCK, 0x1000), Boundary::Split($breaks)));
        did!($log, $table, $w, [huge, huge + 5 * BLOCK, huge + 5 * BLOCK + 0x1000], "", Ok::<_, ()>(()));
    };
}

/// The same edits for a table that is in use and for one that is not.
macro_rules! arm_script {
    ($log:ident, $table:ident, $w:ident, $breaks:expr) => {
        use broken::{Attributes, Memory, Patch, Prot, Sw};
        let clean = Attributes::R_NORMAL.with_dbm(true);
        let (block, group, page) = (range(BLOCK, BLOCK), range(GROUP, GROUP), range(BLOCK + 0x3000, 0x1000));
        let mark = |bits| Patch::new().with_sw(Sw::new(bits).expect("four bits"));
        let stop = Holes::Stop;
        macro_rules! it {
            ($what:literal, $done:expr) => {
                did!($log, $table, $w, ARM, $what, $done);
            };
        }
        it!("map", $table.map($w, block, Phys(OUTPUT), clean));
        it!("mark", $table.protect($w, block, mark(1), stop, $breaks));
        it!("rw", $table.protect($w, block, Patch::new().with_dbm(false).prot(Prot::Rw), stop, $breaks));
        it!("rx", $table.protect($w, block, Patch::new().prot(Prot::Rx), stop, $breaks));
        it!("clean", $table.protect($w, block, Patch::new().prot(Prot::R).with_dbm(true), stop, $breaks));
        it!("device", $table.protect($w, block, Patch::new().memory(Memory::Device), stop, $breaks));
        it!("clear dirty", $table.test_and_clear_dirty($w, block));
        it!("split", $table.split_to($w, BLOCK, 3, $breaks));
        it!("clear accessed", $table.test_and_clear_accessed($w, block).map(|_| $w.take()));
        it!("clear dirty", $table.test_and_clear_dirty($w, block).map(|_| $w.take()));
        it!("mark one", $table.protect($w, page, mark(2), stop, $breaks));
        it!("unmark it", $table.protect($w, page, mark(1), stop, $breaks));
        it!("collapse", $table.collapse($w, BLOCK, 2, $breaks));
        it!("clear dirty", $table.test_and_clear_dirty($w, block));
        it!("cut", $table.unmap($w, range(BLOCK, 0x1000), Boundary::Split($breaks)));
        it!("two pages", $table.unmap($w, range(BLOCK + 0x1000, 0x2000), Boundary::Stop));
        it!("map group", $table.map_with($w, group, Phys(GROUP), clean, GROUPED));
        it!("mark group", $table.protect($w, group, mark(3), stop, $breaks));
        it!("group r", $table.protect($w, group, Patch::new().prot(Prot::R), stop, $breaks));
        it!("group device", $table.protect($w, group, Patch::new().memory(Memory::Device), stop, $breaks));
        it!("unmap group", $table.unmap($w, group, Boundary::Stop));
        it!("map group", $table.map_with($w, group, Phys(GROUP), clean, GROUPED));
        it!("split group", $table.split($w, range(GROUP + 0x1000, 0x1000), $breaks));
        it!("unmap it", $table.unmap($w, range(GROUP, GROUP), Boundary::Stop).map(|_| $w.take()));
        it!("map group", $table.map_with($w, group, Phys(GROUP), clean, GROUPED));
        it!("ungroup", $table.split_to($w, GROUP, 2, $breaks));
        it!("block", $table.unmap($w, range(GROUP, BLOCK), Boundary::Stop));
        map_script!($log, $table, $w, $breaks);
    };
}

fn arm_live(hardware_updates: bool, no_conflict_abort: bool) -> Vec<String> {
    let mut log = vec![format!("live, updates {hardware_updates}, no aborts {no_conflict_abort}")];
    let mut world = Log::new(if hardware_updates { arm } else { |word| word });
    let w = &mut world;
    let config =
        broken::Config { width: 39, hardware_updates, no_conflict_abort, ..broken::Config::default() };
    let mut table = broken::PageTable::<Inactive>::create(w, &config).expect("room").activate(w);
    let quiesced = quiesced();
    let breaks = Breaks::new(&[], &quiesced);
    arm_script!(log, table, w, breaks);
    // In a batch: what must be flushed at once, and what waits.
    {
        let page = range(0x3000, 0x1000);
        table.map(w, page, Phys(0x9000_3000), broken::Attributes::RW_NORMAL).expect("empty");
        let mut gather = table.gather(w, Limits::default());
        let rx = gather.protect(page, Patch::new().prot(Prot::Rx), Holes::Stop, breaks);
        assert!(rx.is_ok());
        assert_eq!(gather.finish().flushes, 1);
    }
    did!(log, table, w, ARM, "batch", Ok::<_, ()>(()));
    log
}

fn arm_inactive(hardware_updates: bool) -> Vec<String> {
    let mut log = vec![format!("inactive, updates and no aborts {hardware_updates}")];
    let mut world = Log::new(|word| word);
    let w = &mut world;
    let config = broken::Config {
        width: 39,
        hardware_updates,
        no_conflict_abort: hardware_updates,
        ..broken::Config::default()
    };
    let mut table = broken::PageTable::<Inactive>::create(w, &config).expect("room");
    arm_script!(log, table, w, ());
    log
}

fn compare(log: &[String], expected: &str) {
    let all = log.join("\n");
    for (found, expected) in log.iter().zip(expected.lines()) {
        assert_eq!(found, expected, "all of it:\n{all}");
    }
    assert_eq!(log.len(), expected.lines().count(), "all of it:\n{all}");
}

#[test]
fn break_before_make_groups_and_flags() {
    let all = [(true, false), (false, false), (true, true), (false, true)].map(|(a, b)| arm_live(a, b));
    let log: Vec<String> = all.into_iter().chain([true, false].map(arm_inactive)).flatten().collect();
    compare(&log, include_str!("marked/broken.txt"));
}

/// The first use sets A and D.
fn x86(word: u64) -> u64 {
    if word & 1 == 1 { word | 0x60 } else { word }
}

const X86: [u64; 2] = [BLOCK, BLOCK + 0x3000];

fn x86_live(hardware_updates: bool) -> Vec<String> {
    use stored::{Attributes, Patch, Prot};
    let mut log = vec![format!("live, updates {hardware_updates}")];
    let mut world = Log::new(if hardware_updates { x86 } else { |word| word });
    let w = &mut world;
    let config = stored::Config { hardware_updates, ..stored::Config::default() };
    let mut table: stored::PageTable<Live> =
        stored::PageTable::<Inactive>::create(w, &config).expect("room").activate(w);
    let block = range(BLOCK, BLOCK);
    macro_rules! it {
        ($what:literal, $done:expr) => {
            did!(log, table, w, X86, $what, $done);
        };
    }
    let none = Breaks::NONE;
    it!("map", table.map(w, block, Phys(OUTPUT), Attributes::R_SUPERVISOR_WB));
    it!("split", table.split_to(w, BLOCK, 1, none));
    it!("clear dirty", table.test_and_clear_dirty(w, block).map(|_| w.take()));
    it!("collapse", table.collapse(w, BLOCK, 2, none));
    it!("rw", table.protect(w, block, Patch::new().prot(Prot::Rw), Holes::Stop, none));
    it!("clear accessed", table.test_and_clear_accessed(w, block));
    it!("clear dirty", table.test_and_clear_dirty(w, block));
    it!("cut", table.unmap(w, range(BLOCK, 0x1000), Boundary::Split(none)));
    it!("pages", table.unmap(w, range(BLOCK + 0x1000, 0x2000), Boundary::Stop));
    it!(
        "rest",
        table.unmap(w, range(BLOCK + 0x3000, BLOCK - 0x3000), Boundary::Stop).map(|_| w.take().len())
    );
    log
}

#[test]
fn splits_and_collapses_by_one_store() {
    let log: Vec<String> = [true, false].map(x86_live).into_iter().flatten().collect();
    compare(&log, include_str!("marked/stored.txt"));
}
