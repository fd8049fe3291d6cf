//! Random tables of every arm64 format, built and changed by generated code and compared with the MMU: by address
//! translation instructions and by loads, stores and fetches, on one PE and on two.
#![no_std]
#![no_main]

#[allow(unsafe_code)]
mod boot;
mod formats;
#[allow(unsafe_code)]
mod layout;
#[allow(unsafe_code)]
mod machine;
#[allow(unsafe_code)]
mod pe;
#[allow(unsafe_code)]
mod regime;
mod second;
mod tell;

use core::fmt::{self, Write};

use guest_common::{Fault, Pool, Report, Task, compare, race};
use ptdsl::memory::Linear;
use ptdsl::{Config, Error, Inactive, PageTable, Phys, Range};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes};

use layout::{MEMORY, RAM, TABLES};
use machine::{Hardware, Pe, Vmsa};
use pe::Uart;
use regime::Setting;

/// Memory for the tables of the guest's own map, at the end of that for tables.
const HOME: u64 = 64 << 10;
/// Changes of each race.
const CHANGES: u64 = 500;

extern "C" fn main() -> ! {
    pe::exit(begin())
}

/// Sets up the guest's own map and does what the words say. Returns the exit code.
fn begin() -> u32 {
    let home = match home() {
        Ok(home) => home,
        Err(error) => panic!("the guest's own map: {error}"),
    };
    home.enter();
    let mut buffer = [0; 256];
    let task = match pe::command_line(&mut buffer) {
        None => Err("the guest was given no words: QEMU needs `-semihosting-config enable=on,arg=..`".into()),
        Some(text) => Task::parse(text, cfg!(feature = "faults")).map_err(Refused::Task),
    };
    let result = match task {
        Ok(task) => run(&task, Pe::new(home)),
        Err(refused) => {
            let _ = writeln!(Uart, "FAIL {refused}");
            return 4;
        }
    };
    // Writing to the UART does not fail.
    result.unwrap_or(2)
}

/// Why there is no task.
enum Refused<'a> {
    None(&'static str),
    Task(guest_common::Complaint<'a>),
}

impl From<&'static str> for Refused<'_> {
    fn from(text: &'static str) -> Self {
        Refused::None(text)
    }
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::None(text) => f.write_str(text),
            Refused::Task(complaint) => complaint.fmt(f),
        }
    }
}

/// A world for tables in a part of the memory for them.
#[allow(unsafe_code)]
fn world<F: Vmsa>(first: u64, bytes: u64, no_tlbi: bool) -> Linear<F, Pool, Hardware> {
    let distance = 0_u64.wrapping_sub(MEMORY.distance());
    // SAFETY: this memory is mapped at that distance by all tables of EL2; there is one world at a time over each part.
    unsafe { Linear::new(distance, Pool::new(first, bytes), Hardware { no_tlbi }) }
}

/// The guest's own map, also of all memory that it tags; and the tags.
fn home() -> Result<Setting, Error> {
    let mut world = world::<Arm64Hyp>(TABLES.output + (4 << 20) - HOME, HOME, false);
    let config = Config { width: 39, output_bits: 40, ..Config::default() };
    let mut table = PageTable::<Arm64Hyp, Inactive>::create(&mut world, &config)?;
    let [code, constants, data, device, _] = Arm64Hyp::own();
    for (part, attributes) in layout::parts().into_iter().zip([code, constants, data, data, code, device]) {
        table.map(&mut world, part.range(), part.phys(), attributes).map_err(|stopped| stopped.error)?;
    }
    let range = Range::new(RAM.first, RAM.bytes)?;
    table.map(&mut world, range, Phys(RAM.first), Attributes::RW_NORMAL).map_err(|stopped| stopped.error)?;
    let table = table.activate(&mut world);
    tag();
    Ok(Arm64Hyp::setting(&table.registers()))
}

/// Puts into each page what a load, and what a call, finds there.
#[allow(unsafe_code)]
fn tag() {
    for page in RAM.pages() {
        let number = page >> 12;
        // movz x0, #number; movk x0, #(number >> 16), lsl #16; ret
        let movz = 0xd280_0000 | (number & 0xffff) << 5;
        let movk = 0xf2a0_0000 | (number >> 16) << 5;
        for (offset, word) in [(0, page), (8, 0), (16, movz | movk << 32), (24, 0xd65f_03c0)] {
            // SAFETY: the first map has this memory where it is, and no Rust object lives in it.
            unsafe { pe::poke(page + offset, word) }
        }
        pe::clean_code(page + 16);
    }
    pe::forget_code();
}

/// All formats, then the races.
fn run(task: &Task, mut machine: Pe) -> Result<u32, fmt::Error> {
    let mut report = Report::new("arm64", task.seed);
    macro_rules! one {
        ($format:ty) => {
            if !report.is_hopeless() {
                let mut world = tables::<$format>(task);
                compare::<$format, Pe>(&mut machine, &mut world, task, &mut report, &mut Uart)?;
            }
        };
    }
    macro_rules! all {
        ($($module:ident $name:ident),*) => {$( one!(ptdsl_generated::$module::$name); )*};
    }
    all!(
        arm64_hyp Arm64Hyp, arm64_hyp_16k Arm64Hyp16k, arm64_hyp_64k Arm64Hyp64k, arm64_hyp_64k_lpa Arm64Hyp64kLpa,
        arm64_hyp_lpa2 Arm64HypLpa2, arm64_hyp_16k_lpa2 Arm64Hyp16kLpa2, arm64_hvhe Arm64Hvhe,
        arm64_el1_low Arm64El1Low, arm64_el1_low_16k Arm64El1Low16k, arm64_el1_low_64k Arm64El1Low64k,
        arm64_el1_low_64k_lpa Arm64El1Low64kLpa, arm64_el1_low_lpa2 Arm64El1LowLpa2,
        arm64_el1_high Arm64El1High, arm64_el1_high_16k Arm64El1High16k, arm64_el1_high_64k Arm64El1High64k,
        arm64_stage2 Arm64Stage2, arm64_stage2_concatenated Arm64Stage2Concatenated,
        arm64_stage2_fwb Arm64Stage2Fwb, arm64_stage2_16k Arm64Stage216k, arm64_stage2_64k Arm64Stage264k,
        arm64_stage2_64k_lpa Arm64Stage264kLpa, arm64_stage2_lpa2 Arm64Stage2Lpa2
    );
    if pe::start_second() != 0 {
        panic!("PE 1 does not start: QEMU needs `-smp 2`");
    }
    run_race::<Arm64Hyp>(task, &mut machine, &mut report)?;
    run_race::<ptdsl_generated::arm64_el1_low::Arm64El1Low>(task, &mut machine, &mut report)?;
    run_race::<ptdsl_generated::arm64_stage2::Arm64Stage2>(task, &mut machine, &mut report)?;
    Ok(report.close(&mut Uart))
}

fn tables<F: Vmsa>(task: &Task) -> Linear<F, Pool, Hardware> {
    world(TABLES.output, (4 << 20) - HOME, task.fault == Some(Fault::NoTlbi))
}

fn run_race<F: Vmsa>(task: &Task, machine: &mut Pe, report: &mut Report) -> fmt::Result {
    let mut world = tables::<F>(task);
    let start = |machine: &mut Pe, _: &PageTable<F>| second::start(&machine.home, machine.setting());
    let stop = |_: &mut Pe| second::stop();
    race(machine, &mut world, task, (&second::RACE, CHANGES), start, stop, report, &mut Uart)
}
