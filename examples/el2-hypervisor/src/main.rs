//! A hypervisor's page tables on a real MMU. As pKVM at EL2 it builds its own map, switches the MMU on, maps, touches,
//! unmaps, takes the faults that must come, and goes on. One line a step; the exit code is 0 if all passed.
#![no_std]
#![no_main]

#[allow(unsafe_code)]
mod machine;
mod mmu;
mod world;
ptdsl::ptdsl!("arm64-hyp.pt");

use core::fmt::{Arguments, Write};
use core::sync::atomic::AtomicU64;
use ptdsl::{Boundary, Error, Inactive, Phys, Range, Stopped};

use arm64_hyp::{Attributes, Config, Memory, Options, PageTable, Prot};
use machine::{MEMORY, MEMORY_BYTES, Uart, WINDOW};
use mmu::Access::{self, Fetch, Load, Store};
use mmu::Why::{self, Permission, Translation};

const PAGE: u64 = 4096;
/// Pages of a block.
const BLOCK: u64 = 512;
/// Code where no code may be: among writable data.
static MISPLACED: AtomicU64 = AtomicU64::new(machine::ROUTINE);

extern "C" fn main() -> u32 {
    start().expect("the map of the program itself is valid, and there is room for it")
}

/// Builds the program's own map, switches the MMU on, and tells the story.
fn start() -> Result<u32, Error> {
    // What the PE implements: PARange, as far as the format goes, and FEAT_TTL.
    let [_, mmfr0, mmfr2] = machine::registers();
    let output_bits = [32, 36, 40, 42, 44, 48][(mmfr0 as usize & 0xf).min(5)];
    let options = Options { ttl: mmfr2 >> 48 & 0xf != 0, ..Options::default() };
    let config = Config { width: 39, output_bits, options, ..Config::default() };
    let mut world = machine::world();
    let mut table = PageTable::<Inactive>::create(&mut world, &config)?;
    let [code, constants, data] = machine::image()?;
    let own = [
        ("code", code, Attributes::RX_NORMAL),
        ("constants", constants, Attributes::R_NORMAL),
        ("data, stack, tables", data, Attributes::RW_NORMAL),
        ("memory to map", Range::new(MEMORY, MEMORY_BYTES)?, Attributes::RW_NORMAL),
        ("UART", Range::new(machine::UART, PAGE)?, Attributes::RW_DEVICE),
    ];
    for (_, range, attributes) in own {
        table.map(&mut world, range, Phys(range.first()), attributes).map_err(|stopped| stopped.error)?;
    }
    let registers = table.registers();
    let table = table.activate(&mut world);
    let mut story = Story { world, table, mair: registers.mair_el2, steps: 0, failed: 0 };
    story.step(machine::registers()[0] & 1 == 0, format_args!("EL2, MMU off; {config:?}"));
    machine::enable(&registers, data);
    story.step(machine::registers()[0] & 1 == 1, format_args!("MMU on; {registers:x?}"));

    story.part("the program's own map, as AT sees it and as it acts");
    for (name, range, attributes) in own {
        let right = (range.first()..range.last()).step_by(4096).all(|page| story.agrees(page));
        let (prot, memory) = (attributes.prot(), attributes.memory());
        story.step(right, format_args!("{name}: {range:?} {prot:?} {memory:?}"));
    }
    let misplaced = MISPLACED.as_ptr() as u64;
    story.refused([(Store, code.first()), (Store, constants.first()), (Fetch, misplaced)], Permission, 3);
    story.refused([(Load, 1 << 39)], Translation, 0);
    let pages = story.world.frames.used();
    [Story::page_by_page, Story::blocks, Story::three_ways].map(|chapter| chapter(&mut story));
    let left = story.world.frames.used();
    story.step(left == pages, format_args!("{left} pages hold tables, as before: {pages}"));
    let _ = writeln!(Uart, "el2-hypervisor: {} steps, {} failed", story.steps, story.failed);
    Ok(u32::from(story.failed != 0))
}

struct Story {
    world: machine::World,
    table: PageTable,
    mair: u64,
    steps: u32,
    failed: u32,
}

/// Pages are counted from the start of [`WINDOW`] and, as output, of [`MEMORY`].
impl Story {
    fn page_by_page(&mut self) {
        self.part("page by page");
        self.refused([(Load, at(3))], Translation, 1);
        (0..8).for_each(|page| self.map(page, 1, page, Prot::Rw));
        self.touch(0, 8, 0);
        self.unmap(3, 1, 1, None);
        self.refused([(Load, at(3)), (Store, at(3))], Translation, 3);
        self.touch(4, 4, 4);
        // The early stop at a hole; then other memory in its place.
        self.unmap(2, 6, 1, Some(Stopped::Hole { va: at(3), level: 3 }));
        self.refused([(Load, at(2))], Translation, 3);
        self.map(2, 2, 20, Prot::Rw);
        self.touch(2, 2, 20);
        // With the last page go the tables of levels 3 and 2.
        self.unmap(0, 8, 8, None);
        self.refused([(Load, at(3))], Translation, 1);
    }

    fn blocks(&mut self) {
        self.part("two pages, two blocks, three pages");
        let (first, pages) = (BLOCK - 2, 2 * BLOCK + 5);
        self.map(first, pages, first, Prot::Rw);
        let leaves = self.table.mappings(&self.world, range(first, pages));
        let blocks = leaves.map(|leaves| leaves.filter(|leaf| leaf.leaf.level == 2).count());
        self.step(blocks == Ok(2), format_args!("blocks of 2 MiB among them: {blocks:?}"));
        self.touch(first, pages, first);
        // The early stop of kvm_pgtable_hyp_unmap(): a block that reaches beyond the range stays.
        self.unmap(first, 10, 2, Some(Stopped::Leaf { va: at(BLOCK), level: 2 }));
        self.refused([(Load, at(first))], Translation, 2);
        self.touch(BLOCK, BLOCK, BLOCK);
        self.unmap(BLOCK, BLOCK, BLOCK, None);
        self.refused([(Load, at(BLOCK + 8))], Translation, 2);
        self.touch(2 * BLOCK, BLOCK + 3, 2 * BLOCK);
        self.unmap(2 * BLOCK, BLOCK + 3, BLOCK + 3, None);
    }

    fn three_ways(&mut self) {
        self.part("one page in three ways: code is stored through the third and called through the first");
        (0..).zip([Prot::Rx, Prot::R, Prot::Rw]).for_each(|(page, prot)| self.map(page, 1, 7, prot));
        let result = machine::store(at(2), machine::ROUTINE).and_then(|_| machine::call(at(0)));
        self.step(result == Ok(42), format_args!("Call of {:#x}: returns {result:?}", at(0)));
        let forbidden = [(Store, at(0)), (Store, at(1)), (Fetch, at(1)), (Fetch, at(2))];
        self.refused(forbidden, Permission, 3);
        self.unmap(0, 3, 3, None);
    }

    fn map(&mut self, page: u64, pages: u64, frame: u64, prot: Prot) {
        let (range, asked) = (range(page, pages), MEMORY + frame * PAGE);
        let (output, given) = world::faulty(asked, prot);
        let mapped = Attributes::new(given, Memory::Normal)
            .map(|attributes| self.table.map(&mut self.world, range, output, attributes));
        self.step(mapped == Some(Ok(())), format_args!("map {range:?} to {asked:#x}, {prot:?}"));
    }

    /// So many pages must go, and there it must stop.
    fn unmap(&mut self, page: u64, pages: u64, gone: u64, stopped: Option<Stopped>) {
        let range = range(page, pages);
        let done = self.table.unmap(&mut self.world, range, Boundary::Stop);
        let found = done.map(|done| (done.bytes / PAGE, done.stopped));
        let (pages, stop) = found.unwrap_or((0, None));
        let right = found == Ok((gone, stopped));
        self.step(right, format_args!("unmap {range:?}: {pages} pages, stop: {stop:x?}"));
    }

    /// Writes into each page of memory where it is, and finds that in the window.
    fn touch(&mut self, page: u64, pages: u64, frame: u64) {
        let wrong = (0..pages).map(|n| (at(page + n), MEMORY + (frame + n) * PAGE)).find(|&(va, pa)| {
            machine::store(pa, pa).is_err() || machine::load(va) != Ok(pa) || !self.agrees(va)
        });
        let (first, va) = (at(page), wrong.map_or(at(page), |(va, _)| va));
        let (right, found) = (wrong.is_none(), machine::load(va));
        self.step(right, format_args!("{pages} pages at {first:#x}: at {va:#x} is memory {found:x?}"));
    }

    fn refused<const N: usize>(&mut self, accesses: [(Access, u64); N], why: Why, level: u64) {
        for (access, address) in accesses {
            let result = machine::access(access, address);
            let right = result == Err(mmu::Abort(access, address, why, level)) && self.agrees(address);
            match result {
                Err(abort) => self.step(right, format_args!("{abort:?}")),
                Ok(_) => self.step(false, format_args!("{access:?} at {address:#x}: not refused")),
            }
        }
    }

    fn agrees(&self, address: u64) -> bool {
        mmu::agrees(address, self.mair, self.table.translate(&self.world, address))
    }

    fn part(&self, title: &str) {
        let _ = writeln!(Uart, "-- {title}");
    }

    fn step(&mut self, passed: bool, text: Arguments<'_>) {
        self.steps += 1;
        self.failed += u32::from(!passed);
        let _ = writeln!(Uart, "{:>2} {} {text}", self.steps, if passed { "PASS" } else { "FAIL" });
    }
}

fn at(page: u64) -> u64 {
    WINDOW + page * PAGE
}

fn range(page: u64, pages: u64) -> Range {
    Range::new(at(page), pages * PAGE).expect("no range of the window wraps or is empty")
}
