//! The runtime without any feature, over a world of a user's own.

use ptdsl::{Boundary, Error, Fresh, Permit, Phys, Range, Stopped, TableLayout, Unmapped, World};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Config, PageTable, Step};

const BASE: u64 = 0x4000_0000;

/// Pages of 512 words, handed out in order, and what maintenance was asked for.
#[derive(Default)]
struct Pages {
    pages: Vec<[u64; 512]>,
    live: usize,
    steps: Vec<Step>,
}

impl World<Arm64Hyp> for Pages {
    type Table = usize;

    fn table(&self, _: Permit<Self>, address: Phys) -> usize {
        ((address.0 - BASE) / 4096) as usize
    }
    fn load(&self, _: Permit<Self>, table: usize, slot: usize) -> u64 {
        self.pages[table][slot]
    }
    fn store(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) {
        self.pages[table][slot] = word;
    }
    fn exchange(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) -> u64 {
        std::mem::replace(&mut self.pages[table][slot], word)
    }
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: usize,
        slot: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let place = &mut self.pages[table][slot];
        if *place != current {
            return Err(*place);
        }
        *place = new;
        Ok(())
    }
    fn step(&mut self, step: Step) {
        self.steps.push(step);
    }
    fn allocate(&mut self, _: TableLayout) -> Option<Fresh> {
        // Not zeroed: whoever relies on fresh memory reads these words.
        self.pages.push([u64::MAX; 512]);
        self.live += 1;
        Some(Fresh { address: Phys(BASE + (self.pages.len() as u64 - 1) * 4096), zeroed: false })
    }
    fn free(&mut self, _: Phys, _: TableLayout) {
        self.live -= 1;
    }
}

fn table(world: &mut Pages) -> PageTable {
    let config = Config { width: 39, output_bits: 40, ..Config::default() };
    let table = PageTable::create(world, &config).unwrap().activate(world);
    world.steps.clear();
    table
}

#[test]
fn a_page_comes_and_goes_with_its_maintenance() {
    let mut world = Pages::default();
    let mut table = table(&mut world);
    let page = Range::new(0x20_1000, 0x1000).unwrap();

    table.map(&mut world, page, Phys(0x8000_1000), Attributes::RW_NORMAL).unwrap();
    // Root at level 1; XN, AF, inner shareable, RES1 bit 6, page.
    assert_eq!(world.pages[2][1], 0x0040_0000_8000_1743);
    assert_eq!(table.translate(&world, 0x20_1abc).unwrap().output, Phys(0x8000_1abc));
    assert_eq!(world.live, 3);
    assert_eq!(world.steps.last(), Some(&Step::Isb));

    world.steps.clear();
    let unmapped = table.unmap(&mut world, page, Boundary::Stop).unwrap();
    assert_eq!(unmapped, Unmapped { bytes: 0x1000, stopped: None });
    assert_eq!(world.live, 1, "only the root is left");
    let leaf = [Step::DsbIshst, Step::TlbiVale2is(0x201), Step::DsbIsh, Step::Isb];
    assert_eq!(world.steps[..4], leaf);
    assert!(table.translate(&world, 0x20_1000).is_err());
}

#[test]
fn a_conflict_keeps_what_was_there() {
    let mut world = Pages::default();
    let mut table = table(&mut world);
    table
        .map(&mut world, Range::new(0x3000, 0x1000).unwrap(), Phys(0x9000_0000), Attributes::R_NORMAL)
        .unwrap();
    let stopped = table
        .map(&mut world, Range::new(0x1000, 0x4000).unwrap(), Phys(0xa000_0000), Attributes::RW_NORMAL)
        .unwrap_err();
    assert_eq!(stopped.mapped, 0x2000);
    assert!(matches!(stopped.error, Error::AlreadyMapped { va: 0x3000, level: 3, .. }), "{stopped:?}");
    assert_eq!(table.translate(&world, 0x3000).unwrap().output, Phys(0x9000_0000));
}

#[test]
fn unmap_stops_before_a_block_that_reaches_beyond() {
    let mut world = Pages::default();
    let mut table = table(&mut world);
    table
        .map(&mut world, Range::new(0x20_0000, 0x20_0000).unwrap(), Phys(0x8020_0000), Attributes::RX_NORMAL)
        .unwrap();
    let unmapped =
        table.unmap(&mut world, Range::new(0x20_0000, 0x10_0000).unwrap(), Boundary::Stop).unwrap();
    assert_eq!(unmapped, Unmapped { bytes: 0, stopped: Some(Stopped::Leaf { va: 0x20_0000, level: 2 }) });
    assert_eq!(table.translate(&world, 0x3f_ffff).unwrap().output, Phys(0x803f_ffff));
}

#[test]
fn ranges_reach_the_last_byte_and_no_further() {
    let last = Range::new(u64::MAX - 0xfff, 0x1000).unwrap();
    assert_eq!((last.first(), last.last()), (u64::MAX - 0xfff, u64::MAX));
    assert!(Range::new(0, 0).is_err());
    assert!(Range::new(u64::MAX, 2).is_err());
    assert!(Range::inclusive(1, 0).is_err());
    assert_eq!(Range::inclusive(0, u64::MAX).map(Range::last), Ok(u64::MAX));
}
