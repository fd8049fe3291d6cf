//! Runs scenarios through an engine and judges them.

use std::collections::BTreeMap;

use crate::classes::{Class, Side};
use crate::compare::{self, Depth, Difference};
use crate::engine::{Call, Engine, Unsupported};
use crate::memory::FakeMemory;
use crate::model::Before;
use crate::schema::{File, Op, Scenario};
use crate::select::{Engines, engines};

/// Which engine, and how much is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Linux's functions as visitors.
    Kvm(Depth),
    /// The runtime's own operations. Their events are their own, so there are two depths.
    Library(Depth),
}

/// What became of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is equal.
    Passed,
    /// Everything is equal up to an operation of that class.
    Excepted {
        /// Index of the operation.
        op: usize,
        /// Its class.
        class: Class,
    },
    /// Something differs that must not.
    Failed(Failure),
}

/// The first difference of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Index of the operation; `None` for the final state.
    pub op: Option<usize>,
    /// The difference.
    pub difference: Difference,
}

impl Failure {
    fn verdict(op: usize, difference: Difference) -> Verdict {
        Verdict::Failed(Failure { op: Some(op), difference })
    }

    fn unsupported(op: usize, Unsupported(why): Unsupported) -> Verdict {
        let difference = Difference { what: "operation".into(), expected: "a replay".into(), found: why };
        Failure::verdict(op, difference)
    }
}

/// Scenarios by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Everything equal.
    pub passed: usize,
    /// Something differs.
    pub failed: usize,
    /// Equal up to an operation of a class.
    pub excepted: BTreeMap<Class, usize>,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Excepted { class, .. } => *self.excepted.entry(*class).or_default() += 1,
        }
    }

    /// All of another.
    pub fn merge(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        for (class, count) in &other.excepted {
            *self.excepted.entry(*class).or_default() += count;
        }
    }

    /// Excepted ones of all classes.
    #[must_use]
    pub fn excepted_total(&self) -> usize {
        self.excepted.values().sum()
    }
}

/// Replays one scenario of a file.
#[must_use]
pub fn scenario(file: &File, scenario: &Scenario, run: Run) -> Verdict {
    let setup = match scenario.setup(file) {
        Ok(setup) => setup,
        Err(error) => return Failure::unsupported(0, error),
    };
    let Engines { mut kvm, mut library } = engines(setup, file.arena_base);
    match run {
        Run::Kvm(depth) => against_record(&mut *kvm, scenario, depth),
        Run::Library(depth) => against_linux(&mut *library, &mut *kvm, scenario, depth),
    }
}

/// Every operation and the end must be as recorded.
fn against_record(engine: &mut dyn Engine, scenario: &Scenario, depth: Depth) -> Verdict {
    for (k, op) in scenario.ops.iter().enumerate() {
        let call = match &op.call {
            Ok(call) => call,
            Err(error) => return Failure::unsupported(k, error.clone()),
        };
        match step(engine, op, call, depth) {
            Ok(None) => {}
            Ok(Some(difference)) => return Failure::verdict(k, difference),
            Err(error) => return Failure::unsupported(k, error),
        }
    }
    match compare::end(depth, &scenario.end, engine) {
        None => Verdict::Passed,
        Some(difference) => Verdict::Failed(Failure { op: None, difference }),
    }
}

/// One operation, compared.
fn step(
    engine: &mut dyn Engine,
    op: &Op,
    call: &Call,
    depth: Depth,
) -> Result<Option<Difference>, Unsupported> {
    let found = engine.call(call)?;
    let events = engine.memory_mut().take_events();
    Ok(compare::operation(depth, call, (&op.answer, &op.did), (&found, &events)))
}

/// Every operation must be as recorded and leave the state that Linux has then, up to one that a class explains. The
/// record has the state at the end only, so the `kvm` engine, which equals Linux event by event, runs beside.
fn against_linux(
    ours: &mut dyn Engine,
    linux: &mut dyn Engine,
    scenario: &Scenario,
    depth: Depth,
) -> Verdict {
    for (k, op) in scenario.ops.iter().enumerate() {
        let call = match &op.call {
            Ok(call) => call,
            Err(error) => return Failure::unsupported(k, error.clone()),
        };
        let before = ours.memory().clone();
        let setup = *ours.setup();
        let view = Before { memory: &before, root: ours.root(), ia_bits: ours.ia_bits(), setup };
        let class = Class::predict(&view, call);

        let found = match ours.call(call) {
            Ok(found) => found,
            Err(error) => return Failure::unsupported(k, error),
        };
        let events = ours.memory_mut().take_events();
        let mut difference = compare::operation(depth, call, (&op.answer, &op.did), (&found, &events));
        match step(linux, op, call, Depth::Answers) {
            Ok(None) if difference.is_none() && !ours.memory().same_state(linux.memory()) => {
                difference = Some(state_difference(ours.memory(), linux.memory()));
            }
            Ok(None) => {}
            Ok(Some(own)) => {
                let what = format!("Linux as the kvm engine replays it: {}", own.what);
                return Failure::verdict(k, Difference { what, ..own });
            }
            // A width that neither can replay still has its class: the library refuses it.
            Err(_) if class == Some(Class::Width) => {}
            Err(error) => return Failure::unsupported(k, error),
        }
        let Some(difference) = difference else {
            match class.filter(|class| class.always_shows()) {
                None => continue,
                Some(class) => {
                    let (what, expected) = ("result".to_owned(), format!("a difference of class {class}"));
                    return Failure::verdict(k, Difference { what, expected, found: "none".to_owned() });
                }
            }
        };
        let after = Side { memory: ours.memory(), root: ours.root(), granule: setup.granule };
        return match class {
            Some(class) if class.describes(&before, &op.answer, &found, after) => {
                Verdict::Excepted { op: k, class }
            }
            Some(class) => {
                let what = format!("{} (not what class {class} allows)", difference.what);
                Failure::verdict(k, Difference { what, ..difference })
            }
            None => Failure::verdict(k, difference),
        };
    }
    match compare::end(depth, &scenario.end, ours) {
        None => Verdict::Passed,
        Some(difference) => Verdict::Failed(Failure { op: None, difference }),
    }
}

/// The first thing in which two memories differ.
fn state_difference(ours: &FakeMemory, linux: &FakeMemory) -> Difference {
    let pages = |memory: &FakeMemory| {
        let pages: Vec<_> = memory.live().map(|(page, count)| (page.0, count)).collect();
        let free: Vec<_> = memory.free_list().map(|page| page.0).collect();
        format!("(page, count) {pages:?}, free {free:?}")
    };
    let (expected, found) = (pages(linux), pages(ours));
    let what = "state after the operation".to_owned();
    if expected != found {
        return Difference { what, expected, found };
    }
    let entry = |memory: &FakeMemory, page, slot| {
        format!("page {page} slot {slot}: {:#x}", memory.read(crate::memory::Page(page), slot))
    };
    for (page, _) in ours.live() {
        let pairs = ours.words(page).iter().zip(linux.words(page));
        if let Some(slot) = pairs.into_iter().position(|(one, other)| one != other) {
            return Difference {
                what,
                expected: entry(linux, page.0, slot),
                found: entry(ours, page.0, slot),
            };
        }
    }
    Difference { what, expected, found }
}
