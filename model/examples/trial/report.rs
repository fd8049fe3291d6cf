//! What is printed of each part, and of all together.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use ptdsl_model::port::{How, Site};

use crate::deletion::{Row, report};
use crate::space::Counts;

/// What all parts came to.
pub(crate) struct Trial {
    pub(crate) full: bool,
    pub(crate) seed: u64,
    total: Counts,
    seconds: f64,
    failed: bool,
    changes: usize,
    noticed: BTreeMap<(Site, How), bool>,
}

impl Trial {
    pub(crate) fn new(full: bool, seed: u64) -> Self {
        Trial {
            full,
            seed,
            total: Counts::default(),
            seconds: 0.0,
            failed: false,
            changes: 0,
            noticed: BTreeMap::new(),
        }
    }

    /// One line about a part.
    pub(crate) fn part(&mut self, name: &str, run: impl FnOnce() -> Result<Counts, String>) {
        let start = Instant::now();
        let result = run();
        let seconds = start.elapsed().as_secs_f64();
        self.seconds += seconds;
        match result {
            Ok(counts) => {
                let Counts { states, transitions, failed, events } = counts;
                let rate = events as f64 / seconds / 1e6;
                println!(
                    "{name}: {states} states, {transitions} transitions ({failed} short of memory), \
                     {events} events in {seconds:.1} s, {rate:.2} million a second"
                );
                self.total.add(counts);
            }
            Err(reason) => {
                println!("{name}: FAILED after {seconds:.1} s: {reason}");
                self.failed = true;
            }
        }
    }

    /// A part of the table of the deletion experiment.
    pub(crate) fn deletion(&mut self, rows: Result<Vec<Row>, String>) {
        if self.changes == 0 {
            println!("| where | change | site | noticed by |\n|---|---|---|---|");
        }
        match rows {
            Ok(rows) => {
                self.changes += rows.len();
                report(&rows);
                for row in rows {
                    // A place in the runtime serves all tables: one kind of table that shows what it is for is enough.
                    *self.noticed.entry((row.site, row.how)).or_default() |= row.caught.is_some();
                }
            }
            Err(reason) => {
                println!("deletion: FAILED: {reason}");
                self.failed = true;
            }
        }
    }

    /// The last line, and whether all was well.
    pub(crate) fn end(self) -> ExitCode {
        let unnoticed = self.noticed.values().filter(|noticed| !**noticed).count();
        if self.changes != 0 {
            println!("{} changes of {} kinds, {unnoticed} not noticed", self.changes, self.noticed.len());
        }
        let (events, seconds) = (self.total.events, self.seconds);
        let rate = events as f64 / seconds.max(1e-9) / 1e6;
        println!("{events} events in {seconds:.1} s, {rate:.2} million a second");
        if self.failed || unnoticed != 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
