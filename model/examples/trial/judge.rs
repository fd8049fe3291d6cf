//! The flat map: what is mapped at each page, what an operation makes of it, and whether its outcome is one that it may have.

use ptdsl::{Error, Existing, Format, Holes, Stopped};
use ptdsl_model::port::{Meaning, Model};
use ptdsl_model::semantics::Leaf;

use crate::operation::{May, Operation, Outcome, PINNED, Window};

/// What stands at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The page's own leaf, if it is mapped.
    pub(crate) leaf: Option<Leaf>,
    /// Software's bits of the leaf, or the word of the entry that maps nothing.
    pub(crate) soft: u64,
    /// Level of the entry.
    pub(crate) level: i32,
    /// The page at which it begins; for pages before the window as if it began there.
    pub(crate) start: u64,
}

/// The bits of a leaf that are software's; those alone that all levels have.
pub(crate) fn software(meaning: Meaning) -> u64 {
    match meaning {
        Meaning::Arm64Stage1 { .. } | Meaning::Arm64Stage2 { .. } => 0xf << 55,
        Meaning::X86 => 7 << 9,
        Meaning::RiscV => 3 << 8,
    }
}

/// Whether accesses may do the same: where DBM is set, read-only means that nobody wrote yet.
fn alike(one: &Leaf, other: &Leaf) -> bool {
    const DBM: u64 = 1 << 51;
    const DIRTY: u64 = 1 << 7;
    let clean = |leaf: &Leaf| if leaf.rights & DBM != 0 { leaf.rights & !DIRTY } else { leaf.rights };
    one.global == other.global && one.strict == other.strict && clean(one) == clean(other)
}

/// Pages that a flat map tells apart: between two of these all are alike, since no operation begins or ends there.
#[derive(Clone, Debug)]
pub(crate) struct Ends(pub(crate) Vec<u64>);

impl Ends {
    /// The cell of a page.
    pub(crate) fn cell(&self, page: u64) -> usize {
        self.0.partition_point(|end| *end <= page).saturating_sub(1)
    }

    /// Pages of the window.
    pub(crate) fn pages(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// First and last page of each cell.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.windows(2).map(|pair| (pair[0], pair[1] - 1))
    }

    fn is_end(&self, page: u64) -> bool {
        self.0.binary_search(&page).is_ok()
    }
}

/// Reads the flat map from the newest values of memory.
pub(crate) fn read<F: Format>(
    model: &Model<F>,
    window: Window<'_, F>,
    ends: &Ends,
    meaning: Meaning,
) -> Vec<Cell> {
    let (level, ..) = crate::space::last::<F, F::Top>();
    let read = |(page, _): (u64, u64)| {
        let va = window.va(page);
        let found = model.newest(va);
        match found.leaf {
            Some((base, leaf)) => {
                // The walk knows no bits above the width.
                let inside = va.wrapping_sub(base) & ((1 << 48) - 1);
                let mut start = page.saturating_sub(inside >> F::GRANULE_SHIFT);
                if found.level == level {
                    // Pages that are one leaf together; larger leaves of that kind do not fit a window.
                    start &= !((1 << leaf.group) - 1);
                }
                let leaf = Leaf { output: leaf.output.wrapping_add(inside), group: 0, ..leaf };
                Cell { leaf: Some(leaf), soft: found.word & software(meaning), level: found.level, start }
            }
            None => Cell { leaf: None, soft: found.word, level: found.level, start: page },
        }
    };
    ends.cells().map(read).collect()
}

/// What a flat map is judged by.
pub(crate) struct Judge<'s, F: Format> {
    pub(crate) ends: &'s Ends,
    /// What each of the attributes means, for output 0, with software's bits.
    pub(crate) spelled: &'s [(Leaf, u64)],
    /// Whether hardware sets flags, and a leaf is taken out of its slot before smaller ones come into it: then the model's walkers
    /// set what they may set at that moment.
    pub(crate) taken: bool,
    pub(crate) format: std::marker::PhantomData<F>,
}

impl<F: Format> Judge<'_, F> {
    /// The page behind the last that was done.
    fn end(&self, operation: &Operation, outcome: Outcome) -> u64 {
        let bytes = match outcome {
            Outcome::Done(bytes, _) | Outcome::Refused(bytes, _) => bytes,
            Outcome::Flag(_) => 0,
        };
        operation.pages().0 + (bytes >> F::GRANULE_SHIFT)
    }

    /// Whether it ended where one cell ends and another begins.
    ///
    /// # Errors
    /// It did not.
    pub(crate) fn ended(&self, operation: &Operation, outcome: Outcome) -> Result<(), String> {
        let end = self.end(operation, outcome);
        let (first, last) = operation.pages();
        if end == first || end <= last + 1 && self.ends.is_end(end) {
            return Ok(());
        }
        Err(format!("it ended at page {end}: {outcome:x?}"))
    }

    /// What the operation makes of a flat map; levels and starts as they were.
    pub(crate) fn expected(&self, before: &[Cell], operation: &Operation, outcome: Outcome) -> Vec<Cell> {
        let (first, last) = operation.pages();
        let end = self.end(operation, outcome);
        let mut after = before.to_vec();
        for (cell, (page, _)) in after.iter_mut().zip(self.ends.cells()) {
            let done = first <= page && page < end;
            match *operation {
                Operation::Map(_, skew, which, _) if done => {
                    let (leaf, soft) = self.spelled[which];
                    let output = Window::<F>::output(page, skew);
                    (cell.leaf, cell.soft) = (Some(Leaf { output, ..leaf }), soft);
                }
                Operation::Unmap(_) | Operation::UnmapSplit(..) if done => {
                    (cell.leaf, cell.soft) = (None, 0);
                }
                Operation::Protect(_, which, ..) if done => {
                    if let Some(old) = &mut cell.leaf {
                        let (leaf, soft) = self.spelled[which];
                        (*old, cell.soft) = (Leaf { output: old.output, ..leaf }, soft);
                    }
                }
                Operation::Annotate(_, value)
                    if matches!(outcome, Outcome::Done(..)) && first <= page && page <= last =>
                {
                    // All formats that the model knows keep it in bits from 1 up.
                    cell.soft = value << 1;
                }
                _ => {}
            }
        }
        after
    }

    /// Whether the map that was read is the expected one.
    ///
    /// # Errors
    /// Where it is not.
    pub(crate) fn same(&self, found: &[Cell], expected: &[Cell], flags: bool) -> Result<(), String> {
        for ((page, _), (found, expected)) in self.ends.cells().zip(found.iter().zip(expected)) {
            let same = match (&found.leaf, &expected.leaf) {
                (Some(leaf), Some(wanted)) => {
                    leaf.output == wanted.output
                        && leaf.strict == wanted.strict
                        && (flags || alike(leaf, wanted))
                        && found.soft == expected.soft
                }
                (None, None) => found.soft == expected.soft,
                _ => false,
            };
            if !same {
                return Err(format!("page {page} is {found:x?}, should be {expected:x?}"));
            }
        }
        Ok(())
    }

    /// Whether the flags that hardware set in a leaf up to its end stand in what took its place.
    ///
    /// # Errors
    /// Where they do not.
    fn flags_kept(&self, before: &[Cell], after: &[Cell]) -> Result<(), String> {
        for ((page, _), (old, new)) in self.ends.cells().zip(before.iter().zip(after)) {
            let (Some(was), Some(is)) = (old.leaf, new.leaf) else { continue };
            let replaced = (old.level, old.start) != (new.level, new.start);
            if self.taken && replaced && !was.accessed && !is.accessed {
                return Err(format!("page {page} lost a flag: {old:x?}, {new:x?}"));
            }
        }
        Ok(())
    }

    /// Whether the outcome is one that the operation may have, and says the truth.
    ///
    /// # Errors
    /// What is not.
    pub(crate) fn outcome(
        &self,
        operation: &Operation,
        outcome: Outcome,
        (before, after): (&[Cell], &[Cell]),
        short: bool,
    ) -> Result<(), String> {
        let (first, last) = operation.pages();
        let end = self.end(operation, outcome);
        let wrong = |what: &str| Err(format!("{what}: {outcome:x?}"));
        let was = |page: u64| before[self.ends.cell(page)];
        let mapped = |page: u64| was(page).leaf.is_some();
        let cells =
            |from: u64, to: u64| self.ends.cells().filter(move |(page, _)| from <= *page && *page < to);
        let all = |from, to| cells(from, to).all(|(page, _)| mapped(page));
        let none = |from, to| cells(from, to).all(|(page, _)| !mapped(page));
        if !matches!(operation, Operation::Collapse(..)) {
            self.flags_kept(before, after)?;
        }
        match (*operation, outcome) {
            (_, Outcome::Refused(_, error)) => return self.refusal(operation, (error, end), before, short),
            (Operation::Unmap(_) | Operation::UnmapSplit(..), Outcome::Done(_, stopped)) => {
                if !all(first, end) {
                    return wrong("it went over a hole");
                }
                let splits = matches!(operation, Operation::UnmapSplit(..));
                let well = match stopped {
                    None => end == last + 1,
                    Some(Stopped::Hole { .. }) => end <= last && !mapped(end),
                    Some(Stopped::Leaf { .. }) => {
                        let reaches = |page| {
                            was(page).start < first
                                || last + 1 < self.ends.pages() && {
                                    let behind = was(last + 1);
                                    behind.leaf.is_some() && behind.start <= last
                                }
                        };
                        !splits && end <= last && mapped(end) && reaches(end)
                    }
                };
                if !well {
                    return wrong("it stopped without reason");
                }
            }
            (Operation::Protect(_, _, holes, _), Outcome::Done(_, stopped)) => {
                let well = match stopped {
                    None => end == last + 1 && (holes == Holes::Skip || all(first, end)),
                    Some(Stopped::Hole { .. }) => {
                        holes == Holes::Stop && end <= last && !mapped(end) && all(first, end)
                    }
                    Some(Stopped::Leaf { .. }) => false,
                };
                if !well {
                    return wrong("it stopped without reason");
                }
            }
            (Operation::Map(_, _, _, how), Outcome::Done(..))
                if how.existing != Existing::Update && !none(first, end) =>
            {
                return wrong("it mapped over something");
            }
            (Operation::Split(..), Outcome::Done(..)) => {
                let begins = |page: u64| {
                    let cell = after.get(self.ends.cell(page)).filter(|_| page < self.ends.pages());
                    cell.is_none_or(|cell| cell.leaf.is_none() || cell.start == page)
                };
                if !begins(first) || !begins(last + 1) {
                    return wrong("it is not cut");
                }
            }
            (Operation::SplitTo(page, level, _), Outcome::Done(..)) => {
                // Lower levels have higher numbers on arm64, and lower ones elsewhere.
                let cell = after[self.ends.cell(page)];
                if cell.leaf.is_none() || was(page).level != level && cell.level != level && was(page) != cell
                {
                    return wrong("it is not split");
                }
            }
            (Operation::Collapse(page, level, _), Outcome::Done(..)) => {
                let cell = after[self.ends.cell(page)];
                if cell.level != level || cell.leaf.is_none() {
                    return wrong("it is not collapsed");
                }
            }
            (Operation::Annotate(..), Outcome::Done(..)) if !none(first, last + 1) => {
                return wrong("it annotated what is mapped");
            }
            (Operation::Accessed(_), Outcome::Flag(found)) => {
                let leaf = |cell: Cell| cell.leaf.is_some_and(|leaf| leaf.accessed);
                let any = cells(first, last + 1).any(|(page, _)| leaf(was(page)));
                let left = cells(first, last + 1).any(|(page, _)| leaf(after[self.ends.cell(page)]));
                // x86's leaves are accessed as far as the model is concerned.
                if found && !any || any && !found && !left {
                    return wrong("the flag is wrong");
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it may refuse for that reason.
    fn refusal(
        &self,
        operation: &Operation,
        (error, end): (Error, u64),
        before: &[Cell],
        short: bool,
    ) -> Result<(), String> {
        let (first, last) = operation.pages();
        let was = |page: u64| before[self.ends.cell(page)];
        let some = |test: &dyn Fn(&Cell) -> bool| {
            self.ends.cells().zip(before).any(|((page, _), cell)| first <= page && page <= last && test(cell))
        };
        let region = matches!(operation, Operation::Collapse(..));
        let well = match error {
            Error::OutOfMemory { .. } => short,
            Error::AlreadyMapped { .. } => match operation {
                Operation::Map(..) => end <= last && (was(end).leaf.is_some() || was(end).soft != 0),
                Operation::Annotate(..) => some(&|cell| cell.leaf.is_some()),
                _ => false,
            },
            Error::NeedsSplit { .. } => {
                operation.may() == May::Nothing && (region || some(&|cell| cell.leaf.is_some()))
            }
            Error::Pinned { .. } => operation.may() == May::Pinned && was(PINNED).leaf.is_some(),
            Error::NotMapped { .. } => match operation {
                Operation::SplitTo(page, ..) | Operation::Collapse(page, ..) => was(*page).leaf.is_none(),
                _ => false,
            },
            Error::AlreadyLeaf { .. } => region && was(first).leaf.is_some(),
            Error::Differs { .. } | Error::Misaligned { .. } => region,
            Error::NoFlag => operation.flags(),
            _ => false,
        };
        if well { Ok(()) } else { Err(format!("it was refused without reason: {error:x?}")) }
    }
}
