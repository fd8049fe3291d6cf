//! Random tables of generated code against the MMU of QEMU's RISC-V `virt` board, in S-mode and U-mode.
#![no_std]
#![no_main]

#[allow(unsafe_code)]
mod machine;
mod mmu;

use core::fmt::{self, Write};
use guest_common::{Access, Fault, Kind, Machine, Outcome, Own, Pool, Random, Report, Task, compare};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Format, Grouping, How, Inactive, Phys, Range, Shape};
use ptdsl_generated::{sv39::Sv39, sv48::Sv48, sv57::Sv57};

use machine::{TESTED, Uart};
use mmu::{Hardware, Hart};

ptdsl::ptdsl! {
    use "sv39.pt";
    /// Sv39 with Svpbmt and Svnapot.
    format sv39_extended: sv39 { set svpbmt; set svnapot; }
}
ptdsl::ptdsl! {
    use "sv48.pt";
    /// Sv48 with Svpbmt and Svnapot.
    format sv48_extended: sv48 { set svpbmt; set svnapot; }
}
ptdsl::ptdsl! {
    use "sv57.pt";
    /// Sv57 with Svpbmt and Svnapot.
    format sv57_extended: sv57 { set svpbmt; set svnapot; }
}

extern "C" fn main() -> u32 {
    let mut buffer = [0; 256];
    let text = machine::command_line(&mut buffer).unwrap_or_default();
    match Task::parse(text, cfg!(feature = "faults")) {
        Ok(task) => {
            machine::tag();
            let mut report = Report::new("riscv64", task.seed);
            let written = all(&task, &mut report);
            report.close(&mut Uart) | u32::from(written.is_err())
        }
        Err(complaint) => {
            let _ = writeln!(Uart, "FAIL {complaint}");
            4
        }
    }
}

/// The formats of this hart: with memory types and pages of 64 KiB if it has Svpbmt and Svnapot, else without.
fn all(task: &Task, report: &mut Report) -> fmt::Result {
    if has_extensions() {
        run::<sv39_extended::Sv39Extended>(task, report)?;
        run::<sv48_extended::Sv48Extended>(task, report)?;
        run::<sv57_extended::Sv57Extended>(task, report)
    } else {
        run::<Sv39>(task, report)?;
        run::<Sv48>(task, report)?;
        run::<Sv57>(task, report)
    }
}

fn run<F: Format<Word = u64>>(task: &Task, report: &mut Report) -> fmt::Result
where
    Hardware: Maintain<F>,
    Hart<Shape<F>>: Machine<F, World = Linear<F, Pool, Hardware>>,
{
    if report.is_hopeless() {
        return Ok(());
    }
    let mut hart = Hart::new(Random::named(!task.seed, F::NAME));
    let mut world = machine::world(Hardware { fences: task.fault != Some(Fault::NoTlbi) });
    compare(&mut hart, &mut world, task, report, &mut Uart)
}

/// Whether a leaf with a memory type is one, and leads to the page of its 16 that the address names.
fn has_extensions() -> bool {
    use sv39_extended::{Attributes, Config, PageTable, Pbmt, Sv39Extended};
    let mut hart = Hart::new(Random::new(0));
    let mut world = machine::world::<Sv39Extended, _>(Hardware { fences: true });
    let config = Config::default();
    let Ok(mut table) = PageTable::<Inactive>::create(&mut world, &config) else { return false };
    let va = 0x20_0000_0000;
    let large = Own {
        range: Range::new(va, 0x1_0000).expect("no end of the space"),
        output: Phys(TESTED.first),
        attributes: Attributes::RW_SUPERVISOR.with_pbmt(Pbmt::NC),
    };
    let spans = How { grouping: Grouping::Spans, ..How::default() };
    let all = hart.own(&config).into_iter().chain([Some(large)]).flatten();
    let mapped = all.fold(true, |good, own| {
        good & table.map_with(&mut world, own.range, own.output, own.attributes, spans).is_ok()
    });
    let table = table.activate(&mut world);
    hart.enter(&table);
    let page = 3 << 12;
    let outcome = hart.probe(va + page, Access::touch(Kind::Load, false));
    hart.leave(table, &mut world);
    mapped && outcome == Outcome::Reached { output: TESTED.first + page, memory: 0 }
}
