//! All states of a small geometry and every operation from each; sequences over a larger one.

use std::collections::{HashSet, VecDeque};
use std::io::Write;
use std::time::{Duration, Instant};

use ptdsl::{Existing, Format, Grouping, Holes, How, Sizes};
use ptdsl_model::port::Model;

use crate::operation::{May, Operation, Pages};
use crate::space::{Counts, Mode, Sites, Space};

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// One transition in so many; which ones differs from state to state, and with the seed.
    pub(crate) one_in: usize,
    pub(crate) seed: usize,
    pub(crate) mode: Mode,
    /// No more states than these.
    pub(crate) states: usize,
    /// Whether cleared flags, annotations and software's bits make states of their own.
    pub(crate) wide: bool,
}

/// What an exploration found.
pub(crate) struct Found {
    pub(crate) counts: Counts,
    pub(crate) sites: Sites,
}

/// Attributes from this number on differ from others in software's bits: they are tried, but lead to no state of their own.
const PLAIN: usize = 2;

/// Small, fast, the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % bound.max(1) as u64) as usize
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Says every few seconds how far it is.
struct Progress {
    name: &'static str,
    next: Instant,
}

impl Progress {
    const EVERY: Duration = Duration::from_secs(5);

    fn new(name: &'static str) -> Self {
        Progress { name, next: Instant::now() + Self::EVERY }
    }

    fn tell(&mut self, counts: &Counts, left: usize) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + Self::EVERY;
        let Counts { states, transitions, events, .. } = counts;
        // Nothing depends on who reads it.
        let _ = writeln!(
            std::io::stderr(),
            "  {}: {states} states done, {left} wait, {transitions} transitions, {events} events",
            self.name
        );
    }
}

impl<F: Format> Space<F> {
    /// Whether what follows the operation is a state of its own: cleared flags, annotations and software's bits would multiply
    /// the states; what follows those is tried at random.
    fn expands(operation: &Operation) -> bool {
        match *operation {
            Operation::Accessed(_) | Operation::Dirty(_) | Operation::Annotate(..) => false,
            Operation::Map(_, _, which, _) | Operation::Protect(_, which, ..) => which < PLAIN,
            _ => true,
        }
    }

    /// Every operation with every one of these ranges and pages. `all`: in every way.
    fn operations(&self, ranges: &[Pages], points: &[u64], all: bool) -> Vec<Operation> {
        let mut found = Vec::new();
        let mays: &[May] = if all { &[May::Break, May::Pinned, May::Nothing] } else { &[May::Break] };
        let how = |sizes, existing| How { sizes, existing, grouping: Grouping::Single };
        let hows: &[How] = if all {
            &[
                how(Sizes::Largest, Existing::Refuse),
                how(Sizes::Largest, Existing::Update),
                how(Sizes::Pages, Existing::Refuse),
                how(Sizes::Pages, Existing::Update),
            ]
        } else {
            &[how(Sizes::Largest, Existing::Refuse)]
        };
        for &range in ranges {
            for which in 0..self.attributes.len() {
                found.extend(hows.iter().map(|&how| Operation::Map(range, 0, which, how)));
                for &may in mays {
                    found.push(Operation::Protect(range, which, Holes::Skip, may));
                    if all {
                        found.push(Operation::Protect(range, which, Holes::Stop, may));
                    }
                }
            }
            found.push(Operation::Unmap(range));
            for &may in mays {
                found.push(Operation::UnmapSplit(range, may));
                found.push(Operation::Split(range, may));
            }
            found.push(Operation::Annotate(range, 5));
            found.push(Operation::Accessed(range));
            found.push(Operation::Dirty(range));
        }
        for &page in points {
            for &level in &self.levels {
                for &may in mays {
                    found.push(Operation::SplitTo(page, level, may));
                    found.push(Operation::Collapse(page, level, may));
                }
            }
        }
        found
    }

    /// All ranges between these ends.
    fn ranges(&self) -> Vec<Pages> {
        let ends = &self.cuts;
        let from = ends.iter().enumerate();
        from.flat_map(|(k, &first)| ends[k + 1..].iter().map(move |&end| (first, end - 1))).collect()
    }

    /// Every operation with every range from every state that they reach.
    ///
    /// # Errors
    /// What was found wrong.
    pub(crate) fn explore(&self, name: &'static str, share: Share) -> Result<Found, String> {
        let points: Vec<u64> = (0..self.ends.pages()).collect();
        let operations = self.operations(&self.ranges(), &points, true);
        let (model, mut table) = self.start()?;
        let mut counts = Counts::default();
        let mut sites: Sites = model.sites().iter().map(|(site, (name, _))| (*site, *name)).collect();
        let mut progress = Progress::new(name);
        let mut seen = HashSet::from([model.contents().0]);
        let mut waiting = VecDeque::from([model]);
        while let Some(model) = waiting.pop_front() {
            progress.tell(&counts, waiting.len());
            let state = counts.states as usize;
            counts.states += 1;
            let (old, _) = model.contents();
            let before = self.read(&model);
            let mut scratch = None;
            for (index, &operation) in operations.iter().enumerate() {
                // The first state has few successors: all of it.
                if state != 0 && !(index + state + share.seed).is_multiple_of(share.one_in) {
                    continue;
                }
                let from = (&model, &before[..], &old[..]);
                let what = (operation, share.mode);
                self.try_all(&mut table, from, what, &mut scratch, &mut counts, |next, words| {
                    if self.recording {
                        sites.extend(next.sites().iter().map(|(site, (name, _))| (*site, *name)));
                    }
                    let expands = share.wide || Self::expands(&operation);
                    if expands && seen.len() < share.states && seen.insert(words) {
                        let mut next: Model<F> = next.clone();
                        next.limit(None);
                        waiting.push_back(next);
                    }
                })?;
            }
        }
        Ok(Found { counts, sites })
    }

    /// One operation after another from a start, one pair in so many, each with every allocation failing.
    ///
    /// # Errors
    /// What was found wrong.
    pub(crate) fn pairs(&self, name: &'static str, (one_in, seed): (usize, usize)) -> Result<Counts, String> {
        let points: Vec<u64> = (0..self.ends.pages()).filter(|page| page % 8 == 5).collect();
        let operations = self.operations(&self.ranges(), &points, false);
        let (model, mut table) = self.start()?;
        let mut counts = Counts::default();
        let mut progress = Progress::new(name);
        let everything = (0, self.ends.pages() - 1);
        let whole = Operation::Map(everything, 0, 0, How::default());
        let mut starts = vec![model.clone()];
        self.successors(&mut table, &model, (whole, Mode::AtOnce), &mut counts, |next| starts.push(next))?;
        let starts_left = starts.split_off(1).into_iter().take(1).chain(starts);
        let mut number = seed;
        for start in starts_left {
            for &first in &operations {
                progress.tell(&counts, 0);
                let mut middle = None;
                self.successors(&mut table, &start, (first, Mode::AtOnce), &mut counts, |next| {
                    middle.get_or_insert(next);
                })?;
                let Some(middle) = middle else { continue };
                counts.states += 1;
                let (old, _) = middle.contents();
                let before = self.read(&middle);
                let mut scratch = None;
                for &second in &operations {
                    number += 1;
                    if number.is_multiple_of(one_in) {
                        let from = (&middle, &before[..], &old[..]);
                        let what = (second, Mode::AtOnce);
                        self.try_all(&mut table, from, what, &mut scratch, &mut counts, |_, _| {})?;
                    }
                }
            }
        }
        Ok(counts)
    }

    fn successors(
        &self,
        table: &mut ptdsl::PageTable<F, ptdsl::Live>,
        model: &Model<F>,
        what: (Operation, Mode),
        counts: &mut Counts,
        mut each: impl FnMut(Model<F>),
    ) -> Result<(), String> {
        let (old, _) = model.contents();
        let before = self.read(model);
        self.try_all(table, (model, &before, &old), what, &mut None, counts, |next, _| {
            let mut next = next.clone();
            next.limit(None);
            each(next);
        })
    }

    /// One operation of any kind.
    fn any(&self, random: &mut Random) -> Operation {
        let ends = &self.cuts;
        let first = random.below(ends.len() - 1);
        let most = ends.len() - 1 - first;
        let length = 1 + if random.below(2) == 0 { random.below(most.min(3)) } else { random.below(most) };
        let range = (ends[first], ends[first + length] - 1);
        let which = random.below(self.attributes.len());
        let may = random.of(&[May::Break, May::Break, May::Break, May::Pinned, May::Nothing]);
        let level = random.of(&self.levels);
        match random.below(16) {
            0..=4 => {
                let how = How {
                    sizes: random.of(&[Sizes::Largest, Sizes::Largest, Sizes::Pages]),
                    existing: random.of(&[Existing::Refuse, Existing::Update, Existing::Annotated]),
                    grouping: random.of(&[Grouping::Single, Grouping::Spans]),
                };
                Operation::Map(range, random.of(&[0, 0, 1]), which, how)
            }
            5 => Operation::Unmap(range),
            6 => Operation::UnmapSplit(range, may),
            7 | 8 => Operation::Protect(range, which, random.of(&[Holes::Skip, Holes::Stop]), may),
            9 => Operation::Split(range, may),
            10 => Operation::SplitTo(range.0, level, may),
            11 | 12 => Operation::Collapse(range.0, level, may),
            13 => Operation::Annotate(range, random.of(&[0, 1, 6])),
            14 => Operation::Accessed(range),
            _ => Operation::Dirty(range),
        }
    }

    /// One table and so many steps, each one operation or a batch of some, now and then short of memory; at the end everything
    /// goes. The sites that were reached.
    ///
    /// # Errors
    /// What was found wrong.
    pub(crate) fn sequence(&self, seed: u64, length: usize) -> Result<Found, String> {
        let (mut model, mut table) = self.start()?;
        let mut random = Random::new(seed);
        let mut before = self.read(&model);
        let mut counts = Counts { states: 1, ..Counts::default() };
        for _ in 0..length {
            let mode = random.of(&[Mode::AtOnce, Mode::AtOnce, Mode::Gathered(64), Mode::Gathered(2)]);
            let together = if mode == Mode::AtOnce { 1 } else { 1 + random.below(3) };
            let operations: Vec<Operation> = (0..together).map(|_| self.any(&mut random)).collect();
            let short = random.below(4) == 0;
            model.limit(short.then(|| random.below(3)));
            (_, before) = self.attempt(&mut table, &mut model, &before, (&operations, mode, short))?;
            counts.transitions += together as u64;
            counts.failed += u64::from(short);
            self.ledger(&model, &operations[0])?;
        }
        model.limit(None);
        let everything = (0, self.ends.pages() - 1);
        let cells: Vec<Pages> = self.ends.cells().collect();
        let away = cells.into_iter().map(|pages| Operation::UnmapSplit(pages, May::Break));
        for operation in away.chain([Operation::Annotate(everything, 0)]) {
            (_, before) =
                self.attempt(&mut table, &mut model, &before, (&[operation], Mode::AtOnce, false))?;
        }
        counts.events = model.events();
        if model.live_pages() != 1 || before.iter().any(|cell| cell.leaf.is_some()) {
            return Err(format!("{} pages are left of an empty table", model.live_pages()));
        }
        let sites = model.sites().iter().map(|(site, (name, _))| (*site, *name)).collect();
        Ok(Found { counts, sites })
    }

    /// Many of them.
    ///
    /// # Errors
    /// What was found wrong.
    pub(crate) fn sequences(
        &self,
        name: &'static str,
        (seed, runs, length): (u64, u64, usize),
    ) -> Result<Counts, String> {
        let mut counts = Counts::default();
        let mut progress = Progress::new(name);
        for run in 0..runs {
            progress.tell(&counts, (runs - run) as usize);
            let seed = seed.wrapping_mul(1_000_003).wrapping_add(run);
            let found = self.sequence(seed, length).map_err(|reason| format!("seed {seed}: {reason}"))?;
            counts.add(found.counts);
        }
        Ok(counts)
    }
}
