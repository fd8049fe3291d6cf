//! One operation per run, for callgrind: `instruction-counts CASE` prints how many operations ran inside `measured_*`.
//!
//! The world is that of a kernel: tables behind pointers, a bump allocator, and maintenance that costs nothing, because
//! what is counted is the walker. The table is live, so that every call to maintenance is there, and compiles away.

mod pool;

use pool::Pool;
use ptdsl::memory::{Linear, NoMaintenance};
use ptdsl::{Boundary, How, Phys, Range, Sizes};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Config, Memory, PageTable, Prot};
use std::hint::black_box;
use std::process::ExitCode;

type World = Linear<Arm64Hyp, Pool, NoMaintenance>;
type Outcome = Result<u64, Box<dyn std::error::Error>>;

const PAGE: u64 = 4096;
const GIB: u64 = 1 << 30;
const PAGES: u64 = GIB / PAGE;
/// What one table of the last level maps.
const TABLE: u64 = 2 << 20;
/// Neither 0 nor aligned to more than 1 GiB, as a real mapping of memory.
const START: u64 = 3 * GIB;
const OUTPUT: u64 = 5 * GIB;
/// Blocks of 2 MiB, and where they are mapped.
const BLOCKS: u64 = 16 * 512;
const BLOCKS_START: u64 = 64 * GIB;
const PAGES_ONLY: How =
    How { sizes: Sizes::Pages, existing: ptdsl::Existing::Refuse, grouping: ptdsl::Grouping::Single };

fn main() -> ExitCode {
    let case = std::env::args().nth(1).unwrap_or_default();
    match run(&case) {
        Ok(operations) => {
            println!("operations: {operations}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a case and returns its number of operations, after a check that they did what they should.
fn run(case: &str) -> Outcome {
    let pool = Pool::new(2048)?;
    // SAFETY: the pool hands out its own memory, aligned to a granule and by its own address, each page once; nothing
    // else uses it. The only table is made below.
    let mut world = unsafe { World::new(0, pool, NoMaintenance) };
    // As the registers that the format gives: TCR_EL2.HA and HD are off.
    let config = Config { width: 39, output_bits: 40, hardware_updates: false, ..Config::default() };
    let mut table = PageTable::create(&mut world, black_box(&config))?.activate(&mut world);
    let attributes = Attributes::new(Prot::Rw, Memory::Normal).ok_or("rw normal memory cannot be built")?;
    let attributes = black_box(attributes);
    let all = Range::new(black_box(START), GIB)?;

    match case {
        "map-fresh" => {
            measured_map(&mut table, &mut world, all, attributes)?;
            mapped(&table, &world, PAGES)
        }
        "map-existing" => {
            for at in (START..START + GIB).step_by(TABLE as usize) {
                table.map(&mut world, Range::new(at, PAGE)?, Phys(at - START + OUTPUT), attributes)?;
            }
            for at in (START..START + GIB).step_by(TABLE as usize) {
                measured_map(&mut table, &mut world, Range::new(at + PAGE, TABLE - PAGE)?, attributes)?;
            }
            mapped(&table, &world, PAGES)?;
            Ok(PAGES - GIB / TABLE)
        }
        "unmap" => {
            table.map_with(&mut world, all, Phys(OUTPUT), attributes, PAGES_ONLY)?;
            measured_unmap(&mut table, &mut world, all)?;
            mapped(&table, &world, 0)?;
            Ok(PAGES)
        }
        "map-single" => {
            for at in (START..START + GIB).step_by(PAGE as usize) {
                measured_page(&mut table, &mut world, at, attributes)?;
            }
            mapped(&table, &world, PAGES)
        }
        "unmap-single" => {
            table.map_with(&mut world, all, Phys(OUTPUT), attributes, PAGES_ONLY)?;
            for at in (START..START + GIB).step_by(PAGE as usize) {
                let unmapped = measured_unmap_page(&mut table, &mut world, at)?;
                if unmapped.stopped.is_some() {
                    return Err(format!("unmap stopped: {unmapped:?}").into());
                }
            }
            mapped(&table, &world, 0)?;
            Ok(PAGES)
        }
        "map-cursor" => {
            measured_map_cursor(&mut table, &mut world, attributes)?;
            mapped(&table, &world, PAGES)
        }
        "unmap-cursor" => {
            table.map_with(&mut world, all, Phys(OUTPUT), attributes, PAGES_ONLY)?;
            measured_unmap_cursor(&mut table, &mut world)?;
            mapped(&table, &world, 0)?;
            Ok(PAGES)
        }
        "blocks" => {
            // Blocks of 2 MiB: the outputs are aligned to no more.
            let many = Range::new(black_box(BLOCKS_START), BLOCKS * TABLE)?;
            measured_blocks(&mut table, &mut world, many, attributes)?;
            let blocks = table.mappings(&world, many)?.zip((0..).map(|k| k * TABLE));
            let right = blocks
                .filter(|(block, at)| {
                    block.va == BLOCKS_START + at
                        && block.leaf.output.0 == OUTPUT + TABLE + at
                        && block.leaf.shift == 21
                })
                .count();
            if right as u64 == BLOCKS { Ok(BLOCKS) } else { Err(format!("{right} blocks are right").into()) }
        }
        "lookup" => {
            table.map_with(&mut world, all, Phys(OUTPUT), attributes, PAGES_ONLY)?;
            for at in (START..START + GIB).step_by(PAGE as usize) {
                let output = measured_translate(&table, &world, at + 0x123);
                if output != Some(at + 0x123 - START + OUTPUT) {
                    return Err(format!("{at:#x} translates to {output:x?}").into());
                }
            }
            Ok(PAGES)
        }
        _ => Err(format!("there is no case `{case}`").into()),
    }
}

/// Checks the number of pages, each with the output that belongs to it, and returns it.
fn mapped(table: &PageTable, world: &World, pages: u64) -> Outcome {
    let mut seen = 0;
    for mapping in table.mappings(world, Range::new(START, GIB)?)? {
        if mapping.va != START + seen * PAGE
            || mapping.leaf.output.0 != OUTPUT + seen * PAGE
            || mapping.leaf.shift != 12
        {
            return Err(format!("page {seen} is wrong: {mapping:x?}").into());
        }
        seen += 1;
    }
    if seen == pages { Ok(pages) } else { Err(format!("{seen} pages are mapped, not {pages}").into()) }
}

#[inline(never)]
fn measured_map(
    table: &mut PageTable,
    world: &mut World,
    range: Range,
    attributes: Attributes,
) -> Result<(), ptdsl::MapError> {
    table.map_with(world, range, Phys(range.first() - START + OUTPUT), attributes, black_box(PAGES_ONLY))
}

/// As a caller maps one page: it knows the size.
#[inline(never)]
fn measured_page(
    table: &mut PageTable,
    world: &mut World,
    at: u64,
    attributes: Attributes,
) -> Result<(), ptdsl::MapError> {
    let range = Range::new(at, PAGE).map_err(|error| ptdsl::MapError { mapped: 0, error })?;
    table.map(world, range, Phys(at - START + OUTPUT), attributes)
}

#[inline(never)]
fn measured_blocks(
    table: &mut PageTable,
    world: &mut World,
    range: Range,
    attributes: Attributes,
) -> Result<(), ptdsl::MapError> {
    table.map(world, range, Phys(OUTPUT + TABLE), attributes)
}

#[inline(never)]
fn measured_map_cursor(
    table: &mut PageTable,
    world: &mut World,
    attributes: Attributes,
) -> Result<(), ptdsl::MapError> {
    let start = black_box(START);
    let mut cursor = table.cursor(world);
    for at in (start..start + GIB).step_by(PAGE as usize) {
        cursor.map(at, Phys(at - START + OUTPUT), attributes)?;
    }
    Ok(())
}

/// As a caller unmaps one page: it knows the size.
#[inline(never)]
fn measured_unmap_page(
    table: &mut PageTable,
    world: &mut World,
    at: u64,
) -> Result<ptdsl::Unmapped, ptdsl::Error> {
    table.unmap(world, Range::new(at, PAGE)?, Boundary::Stop)
}

#[inline(never)]
fn measured_unmap_cursor(table: &mut PageTable, world: &mut World) -> Outcome {
    let start = black_box(START);
    let mut cursor = table.cursor(world);
    for at in (start..start + GIB).step_by(PAGE as usize) {
        if let Some(stopped) = cursor.unmap(at)?.stopped {
            return Err(format!("unmap stopped: {stopped:?}").into());
        }
    }
    Ok(GIB)
}

#[inline(never)]
fn measured_unmap(table: &mut PageTable, world: &mut World, range: Range) -> Outcome {
    let unmapped = table.unmap(world, range, Boundary::Stop)?;
    match unmapped.stopped {
        None => Ok(unmapped.bytes),
        Some(stopped) => Err(format!("unmap stopped: {stopped:?}").into()),
    }
}

#[inline(never)]
fn measured_translate(table: &PageTable, world: &World, address: u64) -> Option<u64> {
    table.translate(world, address).ok().map(|translation| translation.output.0)
}
