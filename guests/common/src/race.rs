//! One PE changes a table while another accesses memory through it: what the other may see, and what it saw.

use core::fmt::{self, Write};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicU64, fence};

use ptdsl::{Boundary, Format, Inactive, Live, PageTable, Phys, Range};

use crate::access::{Outcome, Why};
use crate::machine::Machine;
use crate::plan::Plan;
use crate::random::Random;
use crate::report::Report;
use crate::task::{Fault, Task};

/// No mapping, where a page's address stands otherwise: no page has it.
const NOTHING: u64 = u64::MAX;
/// Looks of the other PE, between two changes, at what is settled.
const LOOKS: u64 = 2;
/// How often the first PE asks for them before it gives up: far longer than the other takes.
const PATIENCE: u64 = 200_000_000;
/// Pages that come and go.
const PAGES: usize = 8;
/// Differences after which a race is given up.
const ENOUGH: u64 = 8;

/// What the two PEs share.
///
/// The sequence number modulo 4 is 1 while the words that follow it are written, 2 while the change goes on that they tell
/// of, and 0 when it has returned.
#[derive(Debug, Default)]
pub struct Race {
    sequence: AtomicU64,
    va: AtomicU64,
    before: AtomicU64,
    after: AtomicU64,
    /// Looks since the last change has returned.
    looks: AtomicU64,
    over: AtomicU64,
    /// As [`Report::race`] takes them: mapped, refused, during, stale, wrong.
    counts: [AtomicU64; 5],
}

impl Race {
    /// Not begun: there is nothing to look at.
    #[must_use]
    pub const fn new() -> Self {
        let sequence = AtomicU64::new(1);
        let [va, before, after, looks, over] = [const { AtomicU64::new(0) }; 5];
        Race { sequence, va, before, after, looks, over, counts: [const { AtomicU64::new(0) }; 5] }
    }

    /// Back to the beginning. The other PE does not look meanwhile.
    fn reset(&self) {
        self.sequence.store(1, Relaxed);
        self.over.store(0, Relaxed);
        self.counts.iter().for_each(|count| count.store(0, Relaxed));
        fence(SeqCst);
    }

    /// The other PE's part, to be called over and over until it returns false: `load` loads from the page in question,
    /// and the result is judged by what the first PE had said before, and still says after.
    pub fn look(&self, load: impl FnOnce(u64) -> Outcome) -> bool {
        let sequence = self.sequence.load(Acquire);
        let words = [&self.va, &self.before, &self.after].map(|word| word.load(Relaxed));
        fence(Acquire);
        if sequence % 4 != 1 && self.sequence.load(Relaxed) == sequence {
            let [va, before, after] = words;
            let found = match load(va) {
                Outcome::Reached { output, .. } => Some(output),
                Outcome::Refused { why: Why::Translation, .. } => Some(NOTHING),
                Outcome::Refused { .. } => None,
            };
            let now = self.sequence.load(SeqCst);
            let settled = sequence.is_multiple_of(4);
            // Another change has begun since: it may be of this page.
            let unknown = now > sequence + if settled { 0 } else { 2 };
            let possible = [Some(after), Some(before), Some(NOTHING)];
            let right = possible[..if settled { 1 } else { 3 }].contains(&found);
            let class = match found {
                _ if unknown => 2,
                _ if !right && found == Some(before) => 3,
                _ if !right => 4,
                _ if !settled => 2,
                Some(NOTHING) => 1,
                _ => 0,
            };
            self.counts[class].fetch_add(1, Relaxed);
            if settled && !unknown {
                self.looks.fetch_add(1, Release);
            }
        }
        self.over.load(Acquire) == 0
    }

    /// A change of the page at `va` from one output to another begins.
    fn begin(&self, va: u64, before: u64, after: u64) {
        let start = self.sequence.load(Relaxed).div_ceil(4) * 4;
        self.sequence.store(start + 1, SeqCst);
        fence(SeqCst);
        self.va.store(va, Relaxed);
        self.before.store(before, Relaxed);
        self.after.store(after, Relaxed);
        self.sequence.store(start + 2, Release);
    }

    /// It has returned. False if the other PE does not look at the result.
    fn end(&self) -> bool {
        self.looks.store(0, Relaxed);
        self.sequence.fetch_add(2, SeqCst);
        let seen = || self.looks.load(Acquire) >= LOOKS;
        (0..PATIENCE).any(|_| {
            core::hint::spin_loop();
            seen()
        })
    }

    fn counts(&self) -> [u64; 5] {
        [0, 1, 2, 3, 4].map(|class: usize| self.counts[class].load(Acquire))
    }
}

/// Changes a live table so many times while another PE looks. `start` makes the other PE use the table and call
/// [`Race::look`]; `stop` returns when it has ended and uses the table no more. Ends with the race's line.
///
/// # Errors
/// `out` fails.
#[allow(clippy::too_many_arguments, reason = "the two PEs, what they share, and where it is told")]
pub fn race<F: Format, M: Machine<F>>(
    machine: &mut M,
    world: &mut M::World,
    task: &Task,
    (race, changes): (&Race, u64),
    start: impl FnOnce(&mut M, &PageTable<F, Live>),
    stop: impl FnOnce(&mut M),
    report: &mut Report,
    out: &mut dyn Write,
) -> fmt::Result {
    let mut random = Random::named(task.seed, F::NAME);
    let config = machine.config(&mut random);
    let ram = machine.ram();
    let keep_out = machine.keep_out(&config);
    let plan = Plan::<F>::new(&config, keep_out, ram, false, &mut random);
    let mut pages = [(0, NOTHING); PAGES];
    for (va, _) in &mut pages {
        let Some(range) = plan.range(&mut random) else { continue };
        *va = range.first();
    }
    let mut table = match PageTable::<F, Inactive>::create(world, &config) {
        Ok(table) => table,
        Err(error) => return writeln!(out, "{} race: no table: {error}", F::NAME),
    };
    for own in machine.own(&config).into_iter().flatten() {
        if let Err(error) = table.map(world, own.range, own.output, own.attributes) {
            return writeln!(out, "{} race: {:?} could not be mapped: {error}", F::NAME, own.range);
        }
    }
    let mut table = table.activate(world);
    machine.enter(&table);
    race.reset();
    start(machine, &table);
    let (granule, mut done, mut failed) = (1_u64 << F::GRANULE_SHIFT, 0, 0);
    while done < changes && failed == 0 && race.counts()[3..].iter().sum::<u64>() < ENOUGH {
        let va = random.pick(&pages).0;
        let Some(page) = pages.iter_mut().find(|page| page.0 == va) else { break };
        let before = page.1;
        let after = if before != NOTHING && random.one_in(2) {
            NOTHING
        } else {
            ram.first + random.below(ram.dense / granule) * granule
        };
        race.begin(va, before, after);
        let right = change(&mut table, world, machine, (va, before, after), task, &mut random);
        page.1 = after;
        done += 1;
        if !right {
            failed += 1;
            writeln!(out, "{} race: change {done} of {va:#x} was refused", F::NAME)?;
        }
        if !race.end() {
            failed += 1;
            writeln!(out, "{} race: after change {done} the other PE makes no progress", F::NAME)?;
        }
    }
    race.over.store(1, Release);
    stop(machine);
    machine.leave(table, world);
    let [mapped, refused, during, stale, wrong] = race.counts();
    report.race(F::NAME, done, [mapped, refused, during, stale, wrong + failed], out)
}

/// Unmaps what is there, and maps what is to be there.
fn change<F: Format, M: Machine<F>>(
    table: &mut PageTable<F, Live>,
    world: &mut M::World,
    machine: &M,
    (va, before, after): (u64, u64, u64),
    task: &Task,
    random: &mut Random,
) -> bool {
    let granule = 1_u64 << F::GRANULE_SHIFT;
    let Ok(range) = Range::new(va, granule) else { return false };
    if before != NOTHING && !table.unmap(world, range, Boundary::Stop).is_ok_and(|done| done.bytes == granule)
    {
        return false;
    }
    let output = if task.fault == Some(Fault::ShiftOutput) { after ^ granule } else { after };
    let attributes = machine.readable(random);
    after == NOTHING || table.map(world, range, Phys(output), attributes).is_ok()
}
