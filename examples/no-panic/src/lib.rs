//! Map, unmap and translate over somebody's world, as a library whose symbols tell whether they can panic.
//!
//! `cargo xtask test --only no-panic` builds it in release. Whatever path to a panic the optimizer cannot rule out ends in
//! the handler below, and so in a symbol that nobody defines.
#![no_std]

use core::panic::PanicInfo;
use ptdsl::memory::{Frames, Linear, Maintain};
use ptdsl::{Boundary, Fresh, Phys, Range, TableLayout};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, Config, Memory, PageTable, Prot, Step};

unsafe extern "C" {
    /// Nobody defines it: it stands for the panic handler in the list of symbols.
    fn a_panic_path_is_left() -> !;
    /// The world's allocator; 0 if it has none.
    safe fn world_allocate(bytes: u64, alignment: u64) -> u64;
    safe fn world_is_zeroed(address: u64) -> bool;
    safe fn world_free(address: u64, bytes: u64);
    /// The world's barriers and invalidations.
    safe fn world_step(operation: u32, operand: u64);
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: this library is linked to be looked at. It is never loaded, so nothing ever runs.
    unsafe { a_panic_path_is_left() }
}

/// What the optimizer cannot see into.
#[derive(Debug)]
pub struct Outside;

impl Frames for Outside {
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        let address = world_allocate(layout.bytes, layout.alignment);
        (address != 0).then_some(Fresh { address: Phys(address), zeroed: world_is_zeroed(address) })
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        world_free(address.0, layout.bytes);
    }
}

impl Maintain<Arm64Hyp> for Outside {
    fn step(&mut self, step: Step) {
        match step {
            Step::DmbIshst => world_step(0, 0),
            Step::DsbIshst => world_step(1, 0),
            Step::DsbIsh => world_step(2, 0),
            Step::Isb => world_step(3, 0),
            Step::TlbiVae2is(operand) => world_step(4, operand),
            Step::TlbiVale2is(operand) => world_step(5, operand),
            Step::TlbiAlle2is => world_step(6, 0),
        }
    }
}

type World = Linear<Arm64Hyp, Outside, Outside>;

/// All that the caller passes is unknown to the optimizer, as it is in a hypercall.
///
/// # Safety
/// Both pointers are valid and not otherwise in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn probe_create(
    world: *mut World,
    width: u32,
    output_bits: u32,
    ttl: bool,
    into: *mut PageTable,
) -> bool {
    let mut config = Config { width, output_bits, ..Config::default() };
    config.options.ttl = ttl;
    // SAFETY: promised by the caller.
    let world = unsafe { &mut *world };
    let Ok(table) = PageTable::create(world, &config) else {
        return false;
    };
    // SAFETY: promised by the caller.
    unsafe { into.write(table.activate(world)) };
    true
}

/// Bytes mapped; all of the range if there was no error.
///
/// # Safety
/// Both pointers are valid and not otherwise in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn probe_map(
    table: *mut PageTable,
    world: *mut World,
    start: u64,
    bytes: u64,
    output: u64,
    prot: u32,
    device: bool,
) -> u64 {
    #[cfg(feature = "panic")]
    let prot = [2, 1, 0][prot as usize];
    let prot = match prot {
        0 => Prot::R,
        1 => Prot::Rw,
        _ => Prot::Rx,
    };
    let memory = if device { Memory::Device } else { Memory::Normal };
    let (Ok(range), Some(attributes)) = (Range::new(start, bytes), Attributes::new(prot, memory)) else {
        return 0;
    };
    // SAFETY: promised by the caller.
    let (table, world) = unsafe { (&mut *table, &mut *world) };
    match table.map(world, range, Phys(output), attributes) {
        Ok(()) => bytes,
        Err(error) => error.mapped,
    }
}

/// Bytes unmapped.
///
/// # Safety
/// Both pointers are valid and not otherwise in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn probe_unmap(
    table: *mut PageTable,
    world: *mut World,
    start: u64,
    bytes: u64,
) -> u64 {
    let Ok(range) = Range::new(start, bytes) else {
        return 0;
    };
    // SAFETY: promised by the caller.
    let (table, world) = unsafe { (&mut *table, &mut *world) };
    table.unmap(world, range, Boundary::Stop).map_or(0, |unmapped| unmapped.bytes)
}

/// The output address, or all ones.
///
/// # Safety
/// Both pointers are valid, and nobody writes through them meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn probe_translate(table: *const PageTable, world: *const World, address: u64) -> u64 {
    // SAFETY: promised by the caller.
    let (table, world) = unsafe { (&*table, &*world) };
    table.translate(world, address).map_or(u64::MAX, |translation| translation.output.0)
}
