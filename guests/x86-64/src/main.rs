//! Random tables of generated code against the MMU of an emulated PC in long mode, as supervisor and as user.
#![no_std]
#![no_main]

#[allow(unsafe_code)]
mod boot;
#[allow(unsafe_code)]
mod machine;
mod mmu;

use core::fmt::{self, Write};
use guest_common::{Fault, Machine, Pool, Random, Report, Task, compare};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Format, Shape};
use ptdsl_generated::{x86_64::X8664, x86_64_5level::X86645level};

use machine::Serial;
use mmu::{Hardware, Processor};

/// `command_line` is the address of the task's words.
extern "C" fn main(command_line: u64) -> u32 {
    machine::catch_exceptions();
    let text = machine::command_line(command_line).unwrap_or_default();
    match Task::parse(text, cfg!(feature = "faults")) {
        Ok(task) => {
            machine::tag();
            let mut report = Report::new("x86-64", task.seed);
            // The number of levels does not change while tables are walked.
            let written = if machine::five_levels() {
                run::<X86645level>(&task, &mut report)
            } else {
                run::<X8664>(&task, &mut report)
            };
            report.close(&mut Serial) | u32::from(written.is_err())
        }
        Err(complaint) => {
            let _ = writeln!(Serial, "FAIL {complaint}");
            4
        }
    }
}

fn run<F: Format<Word = u64>>(task: &Task, report: &mut Report) -> fmt::Result
where
    Hardware: Maintain<F>,
    Processor<Shape<F>>: Machine<F, World = Linear<F, Pool, Hardware>>,
{
    let mut processor = Processor::new(Random::named(!task.seed, F::NAME));
    let mut world = machine::world(Hardware { invlpg: task.fault != Some(Fault::NoTlbi) });
    compare(&mut processor, &mut world, task, report, &mut Serial)
}
