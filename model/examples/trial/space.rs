//! A table with its hardware: one transition under the model and against the flat map.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use ptdsl::{Config, Error, Format, Inactive, Level, Limits, Live, PageTable, Phys, Word};
use ptdsl_model::arch::Rules;
use ptdsl_model::port::{Described, Family, Meaning, Model, Mutation, Site};
use ptdsl_model::semantics::{Decoded, Leaf, Path, Semantics};
use ptdsl_model::{Accesses, Act, Domain, Mapped, Promise};

use crate::judge::{Cell, Ends, Judge, read, software};
use crate::operation::{May, Operation, Outcome, PINNED, Target, Window};

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) states: u64,
    pub(crate) transitions: u64,
    /// Of these, with an allocation that fails.
    pub(crate) failed: u64,
    pub(crate) events: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Counts) {
        self.states += other.states;
        self.transitions += other.transitions;
        self.failed += other.failed;
        self.events += other.events;
    }
}

/// Whose instructions, what attributes mean, and what the machine does.
pub(crate) type Hardware = (Family, Meaning, Rules);

/// What is noted of the sites that were reached.
pub(crate) type Sites = BTreeMap<Site, &'static str>;

/// How operations come: each by itself, or in a batch that invalidates as a whole past so many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    AtOnce,
    Gathered(usize),
}

/// A table with its hardware.
pub(crate) struct Space<F: Format> {
    hardware: Hardware,
    config: Config<F>,
    pub(crate) attributes: Vec<F::Attributes>,
    spelled: Vec<(Leaf, u64)>,
    pes: usize,
    iommu: bool,
    base: u64,
    pub(crate) ends: Ends,
    /// Where operations begin and end: some of [`ends`](Space::ends).
    pub(crate) cuts: Vec<u64>,
    /// Levels that have leaves, the last one last.
    pub(crate) levels: Vec<i32>,
    /// What the deletion experiment changes; sites are noted where it runs.
    pub(crate) mutation: Option<Mutation>,
    pub(crate) recording: bool,
}

/// Numbers of the levels that have leaves.
fn levels<F: Format, L: Level<F>>(width: u32, found: &mut Vec<i32>) {
    let reached = !L::HAS_TABLE || F::MIN_WIDTH > L::SHIFT || width > L::SHIFT;
    if L::HAS_LEAF && reached {
        found.push(L::NUMBER);
    }
    if L::HAS_TABLE {
        levels::<F, L::Next>(width, found);
    }
}

/// The last level's number, log2 of its slots, and how it spells a leaf.
type Last<F> = (i32, u32, fn(Phys, <F as Format>::Attributes) -> <F as Format>::Word);

pub(crate) fn last<F: Format, L: Level<F>>() -> Last<F> {
    if L::HAS_TABLE { last::<F, L::Next>() } else { (L::NUMBER, L::BITS, L::leaf) }
}

impl<F: Format> Space<F> {
    pub(crate) fn new(hardware: Hardware, config: Config<F>, attributes: &[F::Attributes]) -> Self {
        let (level, _, make) = last::<F, F::Top>();
        let semantics = Described::<F>::new(hardware.1);
        let spelled = attributes.iter().filter_map(|&attributes| {
            let word = make(Phys(0), attributes).to_u64();
            match semantics.decode(level, word, Path::ROOT) {
                Decoded::Leaf(leaf) => Some((Leaf { group: 0, ..leaf }, word & software(hardware.1))),
                _ => None,
            }
        });
        let spelled = spelled.collect();
        let mut numbers = Vec::new();
        levels::<F, F::Top>(config.width, &mut numbers);
        // Larger windows are given by `over`.
        let pages = 1 << (config.width - F::GRANULE_SHIFT).min(6);
        Space {
            hardware,
            config,
            attributes: attributes.to_vec(),
            spelled,
            pes: 2,
            iommu: false,
            base: 0,
            ends: Ends((0..=pages).collect()),
            cuts: (0..=pages).collect(),
            levels: numbers,
            mutation: None,
            recording: false,
        }
    }

    /// The same with so many PEs, and an IOMMU or not.
    pub(crate) fn observed(self, pes: usize, iommu: bool) -> Self {
        Space { pes, iommu, ..self }
    }

    /// The same over pages from `base` on, with operations that begin and end at these pages.
    pub(crate) fn over(self, base: u64, ends: Vec<u64>) -> Self {
        Space { base, cuts: ends.clone(), ends: Ends(ends), ..self }
    }

    /// The same with operations that begin and end at these pages alone.
    pub(crate) fn between(self, cuts: &[u64]) -> Self {
        Space { cuts: cuts.to_vec(), ..self }
    }

    pub(crate) fn window(&self) -> Window<'_, F> {
        Window { base: self.base, attributes: &self.attributes }
    }

    /// Whether walkers set flags.
    pub(crate) fn updates(&self) -> bool {
        self.hardware.2.updates
    }

    fn judge(&self) -> Judge<'_, F> {
        let taken = self.updates() && !F::SPLITS_IN_PLACE && !self.config.no_conflict_abort;
        Judge { ends: &self.ends, spelled: &self.spelled, taken, format: PhantomData }
    }

    pub(crate) fn read(&self, model: &Model<F>) -> Vec<Cell> {
        read(model, self.window(), &self.ends, self.hardware.1)
    }

    /// An empty table that hardware walks.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn start(&self) -> Result<(Model<F>, PageTable<F, Live>), String> {
        let (family, meaning, rules) = self.hardware;
        let mut model = Model::new(&self.config, meaning, family, rules, self.pes, self.iommu)
            .with_mutation(self.mutation);
        if self.recording {
            model = model.recording();
        }
        let table = PageTable::<F, Inactive>::create(&mut model, &self.config).map_err(|e| e.to_string())?;
        let table = table.activate(&mut model);
        model.walk(table.root());
        Ok((model, table))
    }

    /// What stays mapped during these operations, whatever PE looks.
    fn watch(&self, model: &mut Model<F>, before: &[Cell], operations: &[Operation]) {
        let window = self.window();
        if self.hardware.2.spurious {
            if !operations.iter().all(Operation::breaks) {
                return;
            }
            // A mapping that was just made may still fault; one that is not new may not.
            model.demand_need(false);
            model.event(Act::Dsb(Domain::System, Accesses::Stores));
        }
        for (cell, pages) in before.iter().zip(self.ends.cells()) {
            let stays = |operation: &Operation| {
                let (first, last) = operation.pages();
                let inside = first <= pages.0 && pages.0 <= last;
                let pinned = pages == (PINNED, PINNED);
                match operation.may() {
                    May::Break => false,
                    May::Pinned if !pinned => false,
                    _ => match operation {
                        Operation::Unmap(_) | Operation::UnmapSplit(..) => !inside,
                        // Without hardware that sets it, an access faults until software does.
                        Operation::Accessed(_) => false,
                        _ => true,
                    },
                }
            };
            if cell.leaf.is_some_and(|leaf| leaf.accessed) && operations.iter().all(stays) {
                let (first, last) = window.addresses(pages);
                model.watch(first, last);
            }
        }
    }

    /// What is mapped now is what may be used, on every PE.
    fn promise(&self, model: &mut Model<F>, after: &[Cell]) {
        let window = self.window();
        let updates = self.hardware.2.updates;
        let mapped = after.iter().zip(self.ends.cells()).filter_map(|(cell, pages)| {
            let leaf = cell.leaf.filter(|leaf| leaf.accessed || updates)?;
            let (first, last) = window.addresses(pages);
            Some(Mapped { first, last, leaf })
        });
        let mapped = mapped.collect();
        let (first, last) = window.addresses((0, self.ends.pages() - 1));
        model.returned(Promise { first, last, mapped, lazily: Vec::new() });
    }

    /// Operations one after the other, in one batch where they are gathered, under the model and against the flat map. How each
    /// ended, and the flat map then. `short`: there may not be memory for all.
    ///
    /// # Errors
    /// What was found wrong.
    pub(crate) fn attempt(
        &self,
        table: &mut PageTable<F, Live>,
        model: &mut Model<F>,
        before: &[Cell],
        (operations, mode, short): (&[Operation], Mode, bool),
    ) -> Result<(Vec<Outcome>, Vec<Cell>), String> {
        let say = |reason: String| -> String { format!("{reason}\nafter {operations:x?}, {mode:?}") };
        let window = self.window();
        self.watch(model, before, operations);
        // A batch may synchronise once more than it must, and what is made after a break is ordered once more. A leaf without its
        // accessed flag is invalidated like others, though nobody caches it where hardware does not set the flag.
        let plain = |operation: &Operation| !operation.breaks() && !operation.flags();
        let accessed = before.iter().all(|cell| cell.leaf.is_none_or(|leaf| leaf.accessed));
        model.demand_need(mode == Mode::AtOnce && accessed && operations.iter().all(plain));
        let mut outcomes = Vec::with_capacity(operations.len());
        match mode {
            Mode::AtOnce => {
                for operation in operations {
                    let mut target = Target::Alone(table, model);
                    outcomes.push(operation.perform(&mut target, window).map_err(|e| say(e.to_string()))?);
                }
            }
            Mode::Gathered(entries) => {
                let mut batch = table.gather(model, Limits { entries });
                for operation in operations {
                    let mut target = Target::Batch(&mut batch);
                    outcomes.push(operation.perform(&mut target, window).map_err(|e| say(e.to_string()))?);
                }
                let _ = batch.finish();
            }
        }
        model.unwatch();
        let after = self.read(model);
        self.promise(model, &after);
        if let Some(violation) = model.violation() {
            return Err(say(violation.to_string()));
        }
        let judge = self.judge();
        let mut expected = before.to_vec();
        for (operation, outcome) in operations.iter().zip(&outcomes) {
            judge.ended(operation, *outcome).map_err(say)?;
            expected = judge.expected(&expected, operation, *outcome);
        }
        let flags = operations.iter().any(Operation::flags);
        judge
            .same(&after, &expected, flags)
            .map_err(|reason| say(format!("flat map: {reason}, {outcomes:x?}")))?;
        if let ([operation], [outcome]) = (operations, &outcomes[..]) {
            let judged = judge.outcome(operation, *outcome, (before, &after), short);
            judged.map_err(|reason| say(format!("outcome: {reason}")))?;
        }
        Ok((outcomes, after))
    }

    /// Whether every page that is handed out is a table of the walk.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn ledger(&self, model: &Model<F>, operation: &Operation) -> Result<Vec<u64>, String> {
        let (words, tables) = model.contents();
        let live = model.live_pages();
        if tables == live {
            return Ok(words);
        }
        Err(format!("ledger: {live} pages, of which {tables} are tables\nafter {operation:x?}"))
    }

    /// As [`attempt`](Self::attempt), and again with each of its allocations failing. `each` is given the model after each, and
    /// the words of its tables.
    ///
    /// # Errors
    /// What was found wrong.
    pub(crate) fn try_all(
        &self,
        table: &mut PageTable<F, Live>,
        (model, before, old): (&Model<F>, &[Cell], &[u64]),
        (operation, mode): (Operation, Mode),
        scratch: &mut Option<Model<F>>,
        counts: &mut Counts,
        mut each: impl FnMut(&Model<F>, Vec<u64>),
    ) -> Result<(), String> {
        /// More than any operation takes.
        const ENOUGH: usize = 1000;
        let mut room = ENOUGH;
        loop {
            let mut next = scratch.take().unwrap_or_else(|| model.clone());
            let events = next.events();
            next.limit(Some(room));
            let short = room != ENOUGH;
            let (outcomes, _) = self.attempt(table, &mut next, before, (&[operation], mode, short))?;
            counts.transitions += 1;
            counts.events += next.events() - events;
            let used = room - next.left().unwrap_or(room);
            let words = self.ledger(&next, &operation)?;
            let outcome = outcomes.first().copied();
            let refused = matches!(outcome, Some(Outcome::Refused(..)));
            if refused && !matches!(operation, Operation::Map(..)) && words != old {
                return Err(format!(
                    "changed: {operation:x?} was refused ({outcome:?}) and changed something"
                ));
            }
            if short {
                counts.failed += 1;
                if !matches!(outcome, Some(Outcome::Refused(_, Error::OutOfMemory { .. }))) {
                    return Err(format!("memory: {operation:?}, {mode:?}, with {room} pages: {outcome:?}"));
                }
            }
            let same = words == old && used == 0;
            each(&next, words);
            if same {
                // Nothing happened that matters: it serves again.
                *scratch = Some(next);
            }
            // With as much as it took less one it must say so, down to none at all.
            room = if short { room } else { used };
            if room == 0 {
                return Ok(());
            }
            room -= 1;
        }
    }
}
