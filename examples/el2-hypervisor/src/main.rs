//! A hypervisor's page tables on a real MMU. As pKVM at EL2 it builds its own map, switches the MMU on, maps,
//! touches, unmaps, takes the faults that must come, and goes on. A line a step; exit code 0 if all passed.
#![no_std]
#![no_main]

#[allow(unsafe_code)]
mod machine;
mod mmu;
mod world;
ptdsl::ptdsl!("arm64-hyp.pt");

use core::fmt::{Arguments, Write};
use core::sync::atomic::AtomicU64;
use ptdsl::{Boundary, Inactive, Phys, Range, Stopped};

use arm64_hyp::{Attributes, Config, Options, PageTable};
use machine::{IMAGE, MEMORY, ROUTINE, UART, Uart, access};
use mmu::Access::{self, Fetch, Load, Store};
use mmu::Why::{self, Permission, Translation};
use mmu::{Abort, agrees};

const PAGE: u64 = 4096;
const BLOCK: u64 = 512; // pages
const WINDOW: u64 = 0x10_0000_0000; // where memory is mapped here and there
static MISPLACED: AtomicU64 = AtomicU64::new(ROUTINE); // code where no code may be: among writable data

extern "C" fn main() -> u64 {
    // PARange, as far as the format goes.
    let output_bits = [32, 36, 40, 42, 44, 48][(machine::id_aa64mmfr0_el1() as usize & 0xf).min(5)];
    let options = Options { ttl: machine::id_aa64mmfr2_el1() >> 48 & 0xf != 0, ..Options::default() };
    let config = Config { width: 39, output_bits, options, ..Config::default() };
    let mut world = machine::world();
    let mut table = PageTable::<Inactive>::create(&mut world, &config).expect("the format has such tables");
    let [code, constants, data, _, end] = IMAGE;
    let own = [
        ("code", range(code, constants), Attributes::RX_NORMAL),
        ("constants", range(constants, data), Attributes::R_NORMAL),
        ("data, stack, tables", range(data, end), Attributes::RW_NORMAL),
        ("memory to map", range(MEMORY, MEMORY + 8 * BLOCK * PAGE), Attributes::RW_NORMAL),
        ("UART", range(UART, UART + PAGE), Attributes::RW_DEVICE),
    ];
    for (_, range, given) in own {
        table.map(&mut world, range, Phys(range.first()), given).expect("the pool holds such a map");
    }
    let registers = table.registers();
    let mut story = Story { table: table.activate(&mut world), world, steps: 0, failed: 0 };
    story.step(machine::sctlr_el2() & 1 == 0, format_args!("EL2, MMU off; {config:?}"));
    machine::enable(&registers);
    story.step(machine::sctlr_el2() & 1 == 1, format_args!("MMU on; {registers:x?}"));

    let _ = writeln!(Uart, "-- the program's own map, as AT sees it and as it acts");
    for (name, range, given) in own {
        let right = (range.first()..range.last()).step_by(4096).all(|page| agrees(&story, page));
        story.step(right, format_args!("{name}: {range:?} {:?} {:?}", given.prot(), given.memory()));
    }
    story.refused([(Store, code), (Store, constants), (Fetch, MISPLACED.as_ptr() as u64)], Permission, 3);
    story.refused([(Load, 1 << 39)], Translation, 0);
    let pages = story.world.frames.free.count_zeros();
    story.tell();
    let left = story.world.frames.free.count_zeros();
    story.step(left == pages, format_args!("{left} pages hold tables, as before: {pages}"));
    let _ = writeln!(Uart, "el2-hypervisor: {} steps, {} failed", story.steps, story.failed);
    u64::from(story.failed != 0)
}

struct Story {
    world: machine::World,
    table: PageTable,
    steps: u32,
    failed: u32,
}

/// Pages are counted from the start of [`WINDOW`], frames from that of [`MEMORY`].
impl Story {
    fn tell(&mut self) {
        let _ = writeln!(Uart, "-- page by page");
        self.refused([(Load, at(3))], Translation, 1);
        (0..8).for_each(|page| self.map(page, 1, page, Attributes::RW_NORMAL));
        self.touch(0, 8, 0);
        self.unmap(3, 1, (1, None));
        self.refused([(Load, at(3)), (Store, at(3))], Translation, 3);
        self.touch(4, 4, 4);
        // The early stop at a hole; then other memory in its place.
        self.unmap(2, 6, (1, Some(Stopped::Hole { va: at(3), level: 3 })));
        self.refused([(Load, at(2))], Translation, 3);
        self.map(2, 2, 20, Attributes::RW_NORMAL);
        self.touch(2, 2, 20);
        // With the last page go the tables of levels 3 and 2.
        self.unmap(0, 8, (8, None));
        self.refused([(Load, at(3))], Translation, 1);

        let _ = writeln!(Uart, "-- two pages, two blocks, three pages");
        let (first, pages) = (BLOCK - 2, 2 * BLOCK + 5);
        self.map(first, pages, first, Attributes::RW_NORMAL);
        let leaves = self.table.mappings(&self.world, range(at(first), at(first + pages)));
        let blocks = leaves.map(|leaves| leaves.filter(|leaf| leaf.leaf.level == 2).count());
        self.step(blocks == Ok(2), format_args!("blocks of 2 MiB among them: {blocks:?}"));
        self.touch(first, pages, first);
        // The early stop of kvm_pgtable_hyp_unmap(): a block that reaches beyond the range stays.
        self.unmap(first, 10, (2, Some(Stopped::Leaf { va: at(BLOCK), level: 2 })));
        self.refused([(Load, at(first))], Translation, 2);
        self.touch(BLOCK, BLOCK, BLOCK);
        self.unmap(BLOCK, BLOCK, (BLOCK, None));
        self.refused([(Load, at(BLOCK + 8))], Translation, 2);
        self.touch(2 * BLOCK, BLOCK + 3, 2 * BLOCK);
        self.unmap(2 * BLOCK, BLOCK + 3, (BLOCK + 3, None));

        let _ =
            writeln!(Uart, "-- one page in three ways: stored through the third, called through the first");
        self.map(0, 1, 7, Attributes::RX_NORMAL);
        self.map(1, 1, 7, Attributes::R_NORMAL);
        self.map(2, 1, 7, Attributes::RW_NORMAL);
        let result = access(Store, at(2), ROUTINE).and_then(|_| access(Fetch, at(0), 0));
        self.step(result == Ok(42), format_args!("Call of {:#x}: returns {result:?}", at(0)));
        self.refused([(Store, at(0)), (Store, at(1)), (Fetch, at(1)), (Fetch, at(2))], Permission, 3);
        self.unmap(0, 3, (3, None));
    }

    fn map(&mut self, page: u64, pages: u64, frame: u64, attributes: Attributes) {
        let (range, output) = (range(at(page), at(page + pages)), MEMORY + frame * PAGE);
        let (shift, given) = world::faults(attributes);
        let mapped = self.table.map(&mut self.world, range, Phys(output + shift), given);
        self.step(mapped.is_ok(), format_args!("map {range:?} to {output:#x}, {:?}", attributes.prot()));
    }

    /// So many pages must go, and there it must stop.
    fn unmap(&mut self, page: u64, pages: u64, expected: (u64, Option<Stopped>)) {
        let range = range(at(page), at(page + pages));
        let done = self.table.unmap(&mut self.world, range, Boundary::Stop);
        let found @ (gone, stop) = done.map_or((0, None), |done| (done.bytes / PAGE, done.stopped));
        self.step(found == expected, format_args!("unmap {range:?}: {gone} pages, stop: {stop:x?}"));
    }

    /// Writes into each page of memory where it is, and finds that in the window.
    fn touch(&mut self, page: u64, pages: u64, frame: u64) {
        let wrong = (0..pages).find(|n| {
            let (va, pa) = (at(page + n), MEMORY + (frame + n) * PAGE);
            access(Store, pa, pa).is_err() || access(Load, va, 0) != Ok(pa) || !agrees(self, va)
        });
        let (right, va) = (wrong.is_none(), at(page + wrong.unwrap_or(0)));
        self.step(right, format_args!("{pages} pages: at {va:#x} is memory {:x?}", access(Load, va, 0)));
    }

    fn refused<const N: usize>(&mut self, accesses: [(Access, u64); N], why: Why, level: u64) {
        for (kind, address) in accesses {
            let found = access(kind, address, 0);
            let right = found == Err(Abort(kind, address, why, level)) && agrees(self, address);
            match found {
                Ok(_) => self.step(false, format_args!("{kind:?} at {address:#x}: not refused")),
                Err(Abort(kind, far, why, level)) => {
                    self.step(right, format_args!("{kind:?} at {far:#x}: {why:?} fault, level {level}"))
                }
            }
        }
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

fn range(first: u64, end: u64) -> Range {
    Range::inclusive(first, end - 1).expect("no part of the program or of the window is empty")
}
