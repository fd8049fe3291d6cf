//! How the time for a page grows with the size of what is mapped, from 1 MiB to 1 TiB.

use crate::data::OUTPUT;
use crate::measure::{Outcome, statistics};
use crate::pool::pool;
use crate::tree::{Leaf, compare};
use crate::walker::{Operation, Size, Walker, Window};
use std::time::Instant;

/// log2 of the sizes.
pub const SIZES: [u32; 11] = [20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40];
const START: u64 = 1 << 40;

/// A contender.
pub struct Grower {
    /// Its name.
    pub contender: &'static str,
    run: fn(u32) -> Result<f64, String>,
}

/// What came of one contender.
pub struct Curve {
    /// Its name.
    pub contender: &'static str,
    /// Nanoseconds per page, one for each of [`SIZES`] up to the largest that was run.
    pub points: Vec<Outcome>,
}

/// A contender that maps ranges.
pub fn grower<W: Walker>() -> Option<Grower> {
    W::lacks(Operation::MapRange).is_none().then_some(Grower { contender: W::NAME, run: once::<W> })
}

fn once<W: Walker>(log: u32) -> Result<f64, String> {
    pool().reset();
    let bytes = 1 << log;
    let window = Window { start: START, bytes, size: Size::Page };
    // So many of the small ones that the clock sees them.
    let copies = 1_usize << 26_u32.saturating_sub(log).min(6);
    let walkers: Option<Vec<W>> = (0..copies).map(|_| W::new(window)).collect();
    let mut walkers = walkers.ok_or_else(|| format!("{} has no memory", W::NAME))?;
    let start = Instant::now();
    let done = walkers.iter_mut().try_for_each(|walker| walker.map(START, START + OUTPUT, bytes, Size::Page));
    let time = start.elapsed().as_nanos() as f64;
    done.map_err(|_| format!("{} refused to map 2^{log} bytes", W::NAME))?;
    if let Some(walker) = walkers.last() {
        let bits = W::WORDS.page;
        let leaf =
            |k: u64| Leaf { va: START + k * 4096, bytes: 4096, word: START + OUTPUT + k * 4096 | bits };
        compare(walker.root(), &W::WORDS, (0..bytes / 4096).map(leaf))
            .map_err(|difference| format!("{}: {difference}", W::NAME))?;
    }
    Ok(time / (copies as f64 * (bytes / 4096) as f64))
}

/// Runs all, up to `largest` bytes.
pub fn run(growers: &[Grower], rounds: usize, largest: u64) -> Vec<Curve> {
    let mut curves: Vec<Curve> =
        growers.iter().map(|grower| Curve { contender: grower.contender, points: Vec::new() }).collect();
    for log in SIZES.into_iter().filter(|&log| 1 << log <= largest) {
        let rounds = if log > 34 { rounds.min(3) } else { rounds };
        let mut times = vec![Vec::new(); growers.len()];
        let mut wrong = vec![None; growers.len()];
        for round in 0..=rounds {
            for (at, grower) in growers.iter().enumerate() {
                match (grower.run)(log) {
                    Ok(time) if round > 0 => times[at].push(time),
                    Ok(_) => {}
                    Err(error) => wrong[at] = Some(error),
                }
            }
        }
        for ((curve, times), wrong) in curves.iter_mut().zip(times).zip(wrong) {
            curve.points.push(wrong.map_or_else(|| statistics(times), Outcome::Wrong));
        }
    }
    curves
}
