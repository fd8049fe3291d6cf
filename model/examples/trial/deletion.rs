//! The deletion experiment: each step, store and exchange at its place in the source, left out and weakened, one at a time.

use std::collections::BTreeMap;

use ptdsl::Format;
use ptdsl_model::port::{How, Mutation, Site};

use crate::explore::{Found, Share};
use crate::space::{Mode, Space};

/// Part of a small geometry's states.
const STATES: usize = 300;
/// One transition in so many from each of these.
const ONE_IN: usize = 11;
/// Length of a random sequence over a real geometry.
const LENGTH: usize = 60;

/// One thing that may notice a change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trial {
    /// A part of all states.
    States(Mode),
    /// A sequence with this seed.
    Sequence(u64),
}

/// What a change came to.
pub(crate) struct Row {
    pub(crate) space: &'static str,
    pub(crate) how: How,
    pub(crate) step: &'static str,
    pub(crate) site: Site,
    /// The first line of what noticed it.
    pub(crate) caught: Option<String>,
}

/// The trials of a small geometry.
pub(crate) fn small() -> Vec<Trial> {
    let states = [Mode::AtOnce, Mode::Gathered(64), Mode::Gathered(2)].map(Trial::States);
    states.into_iter().chain((1..=40).map(Trial::Sequence)).collect()
}

/// The trials of a real one.
pub(crate) fn real() -> Vec<Trial> {
    (1..=8).map(Trial::Sequence).collect()
}

impl Trial {
    fn run<F: Format>(self, space: &Space<F>) -> Result<Found, String> {
        match self {
            Trial::States(mode) => {
                space.explore("deletion", Share { one_in: ONE_IN, seed: 0, mode, states: STATES, wide: true })
            }
            Trial::Sequence(seed) => space.sequence(seed, LENGTH),
        }
    }
}

/// Whether a step has a weaker form: a context synchronisation has none, nor has a plain store.
fn weakens(step: &str, updates: bool) -> bool {
    match step {
        "isb" | "store" => false,
        // A plain store in its place loses a flag only where hardware sets one.
        "exchange" | "compare_exchange" => updates,
        _ => true,
    }
}

/// Every site that the trials reach, changed.
///
/// # Errors
/// What the trials find wrong where nothing is changed.
pub(crate) fn rows<F: Format>(
    name: &'static str,
    mut space: Space<F>,
    trials: &[Trial],
) -> Result<Vec<Row>, String> {
    space.recording = true;
    let mut reached: BTreeMap<Site, (&'static str, Vec<Trial>)> = BTreeMap::new();
    for &trial in trials {
        let found = trial.run(&space).map_err(|reason| format!("{name}, unchanged: {reason}"))?;
        for (site, step) in found.sites {
            reached.entry(site).or_insert((step, Vec::new())).1.push(trial);
        }
    }
    let updates = space.updates();
    let mut rows = Vec::new();
    for (site, (step, trials)) in reached {
        for how in [How::Drop, How::Weaken] {
            if how == How::Weaken && !weakens(step, updates) {
                continue;
            }
            space.mutation = Some(Mutation { site, how });
            // The rule; the rest is the trace.
            let noticed = |reason: String| reason.lines().next().unwrap_or_default().to_owned();
            let caught = trials.iter().find_map(|trial| trial.run(&space).err()).map(noticed);
            rows.push(Row { space: name, how, step, site, caught });
        }
    }
    Ok(rows)
}

/// Prints the rows of the table.
pub(crate) fn report(rows: &[Row]) {
    for Row { space, how, step, site, caught } in rows {
        let how = if *how == How::Drop { "without" } else { "weaker" };
        // Sites in the runtime and in generated code: their file's name tells them apart.
        let file = site.file().rsplit('/').next().unwrap_or_default();
        let caught = caught.as_deref().unwrap_or("not here");
        println!("| {space} | {how} {step} | {file}:{}:{} | {caught} |", site.line(), site.column());
    }
}
