//! The clock: one run of each contender after another, many times, so that whatever disturbs the machine disturbs all.

use crate::data::Data;
use crate::pool::pool;
use crate::rows::Row;
use crate::tree;
use crate::walker::{Operation, Walker};
use std::time::Instant;

/// A contender in a row: what it takes to run it once.
pub struct Case {
    /// The contender.
    pub contender: &'static str,
    /// Why it does not take part; then `run` is never called.
    pub lacks: Option<&'static str>,
    run: fn(&Data) -> Result<f64, String>,
}

/// A row with its contenders.
pub struct Rung {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What one unit is.
    pub unit: &'static str,
    /// Units that one run performs.
    pub units: u64,
    /// Its contenders.
    pub cases: Vec<Case>,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nanoseconds per unit.
    Measured {
        /// The one in the middle.
        median: f64,
        /// The fastest.
        min: f64,
        /// The slowest.
        max: f64,
    },
    /// It cannot do that.
    Lacks(&'static str),
    /// It did something else.
    Wrong(String),
}

impl Outcome {
    /// The median.
    pub fn median(&self) -> Option<f64> {
        match self {
            Outcome::Measured { median, .. } => Some(*median),
            _ => None,
        }
    }
}

/// A case of row `R` and contender `W`.
pub fn case<R: Row, W: Walker>() -> Case {
    Case { contender: W::NAME, lacks: W::lacks(R::OPERATION), run: once::<R, W> }
}

/// One run: nanoseconds per unit.
fn once<R: Row, W: Walker>(data: &Data) -> Result<f64, String> {
    let said = |what: &str| format!("{} refused to {what}", W::NAME);
    pool().reset();
    let mut walkers = Vec::with_capacity(R::COPIES);
    for _ in 0..R::COPIES {
        let mut walker = W::new(R::WINDOW).ok_or_else(|| said("make a table"))?;
        R::prepare(&mut walker, data).map_err(|_| said("set the stage"))?;
        walkers.push(walker);
    }
    let start = Instant::now();
    let found = measured::<R, W>(&mut walkers, data);
    let nanoseconds = start.elapsed().as_nanos() as f64;
    let found = found.map_err(|_| said(R::TITLE))?;
    check::<R, W>(&walkers, data, found)?;
    Ok(nanoseconds / (R::UNITS * R::COPIES as u64) as f64)
}

/// All that the clock sees, and all that callgrind counts.
#[inline(never)]
fn measured<R: Row, W: Walker>(walkers: &mut [W], data: &Data) -> Result<u64, crate::walker::Refused> {
    let mut found = 0;
    for walker in walkers {
        found = R::run(walker, data)?;
    }
    Ok(found)
}

fn check<R: Row, W: Walker>(walkers: &[W], data: &Data, found: u64) -> Result<(), String> {
    if found != R::found(data) {
        return Err(format!("{} found {found:#x}, which is wrong", W::NAME));
    }
    if R::OPERATION == Operation::Destroy {
        return match pool().out() {
            0 => Ok(()),
            left => Err(format!("{} left {left} tables behind", W::NAME)),
        };
    }
    let expected = if W::CLEARS { Vec::new() } else { R::leaves(data, &W::WORDS) };
    for walker in walkers {
        tree::compare(walker.root(), &W::WORDS, expected.iter().copied())
            .map_err(|difference| format!("{}: {difference}", W::NAME))?;
    }
    Ok(())
}

/// Runs a row `rounds` times; the first round, which finds caches and memory cold, does not count.
pub fn row(rung: &Rung, data: &Data, rounds: usize) -> Vec<Outcome> {
    let mut times = vec![Vec::with_capacity(rounds); rung.cases.len()];
    let mut wrong: Vec<Option<String>> = vec![None; rung.cases.len()];
    for round in 0..=rounds {
        for turn in 0..rung.cases.len() {
            // Another one begins each round: no contender always follows the same other.
            let at = (turn + round) % rung.cases.len();
            let case = &rung.cases[at];
            if case.lacks.is_some() || wrong[at].is_some() {
                continue;
            }
            match (case.run)(data) {
                Ok(time) if round > 0 => times[at].push(time),
                Ok(_) => {}
                Err(error) => wrong[at] = Some(error),
            }
        }
    }
    rung.cases
        .iter()
        .zip(times)
        .zip(wrong)
        .map(|((case, times), wrong)| match (case.lacks, wrong) {
            (Some(reason), _) => Outcome::Lacks(reason),
            (None, Some(error)) => Outcome::Wrong(error),
            (None, None) => statistics(times),
        })
        .collect()
}

/// Runs one case once, for callgrind.
///
/// # Errors
/// It cannot do that, or did something else.
pub fn single(case: &Case, data: &Data) -> Result<(), String> {
    match case.lacks {
        Some(reason) => Err(format!("{} {reason}", case.contender)),
        None => (case.run)(data).map(|_| ()),
    }
}

/// Median, least and greatest.
pub fn statistics(mut times: Vec<f64>) -> Outcome {
    times.sort_unstable_by(f64::total_cmp);
    match (times.first(), times.get(times.len() / 2), times.last()) {
        (Some(&min), Some(&median), Some(&max)) => Outcome::Measured { median, min, max },
        _ => Outcome::Wrong("no round was run".to_owned()),
    }
}
