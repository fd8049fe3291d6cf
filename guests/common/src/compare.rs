//! Random tables of one format, each compared with the machine while it is changed.

mod flip;
mod tell;

use core::fmt::{self, Write};

use ptdsl::{Boundary, Error};
use ptdsl::{
    Config, Fault as Unmapped, Format, Grouping, How, Inactive, Live, MapError, PageTable, Phys, Range,
    Sizes, Stopped, Translation, Use, Word,
};

use crate::access::{Access, Outcome};
use crate::flat::Flat;
use crate::machine::{Leaf, Machine, Ram};
use crate::plan::Plan;
use crate::random::Random;
use crate::report::{Report, Tally};
use crate::task::{Fault, Task};
use crate::walk::{leaf_at, walk};

/// Changes of a table while it is live, before it is thrown away.
const CHANGES: u64 = 24;
/// Addresses that are looked at after each change, and before the first.
const LOOKS: u64 = 8;
const FIRST_LOOKS: u64 = 48;

/// Compares tables of a format with the machine, until `task.count` translations agreed or differences are enough.
/// Ends with the format's line.
///
/// # Errors
/// `out` fails.
pub fn compare<F: Format, M: Machine<F>>(
    machine: &mut M,
    world: &mut M::World,
    task: &Task,
    report: &mut Report,
    out: &mut dyn Write,
) -> fmt::Result {
    let mut random = Random::named(task.seed, F::NAME);
    let mut tally = Tally::default();
    while tally.translations < task.count && !Report::is_enough(&tally) {
        tally.tables += 1;
        let config = machine.config(&mut random);
        let plan = Plan::new(&config, machine.keep_out(&config), machine.ram(), machine.asks(), &mut random);
        let random = Random::new(random.bits());
        let flat = Flat::default();
        let mut round = Round {
            machine,
            world,
            task,
            report,
            out,
            tally: &mut tally,
            config,
            plan,
            random,
            flat,
            flipped: false,
        };
        round.run()?;
    }
    if tally.reached < tally.translations / 32 {
        tally.differences += 1;
        writeln!(out, "{}: only {} translations reached memory", F::NAME, tally.reached)?;
    }
    report.format(F::NAME, &tally, out)
}

/// One table, from its creation to its end.
struct Round<'a, F: Format, M: Machine<F>> {
    machine: &'a mut M,
    world: &'a mut M::World,
    task: &'a Task,
    report: &'a Report,
    out: &'a mut dyn Write,
    tally: &'a mut Tally,
    config: Config<F>,
    plan: Plan<F>,
    random: Random,
    flat: Flat<F>,
    /// An entry is not as it was asked for, on purpose: `flat` says nothing then.
    flipped: bool,
}

impl<F: Format, M: Machine<F>> Round<'_, F, M> {
    fn run(&mut self) -> fmt::Result {
        let pages = self.machine.pages(self.world);
        let mut table = match PageTable::<F, Inactive>::create(self.world, &self.config) {
            Ok(table) => table,
            Err(error) => return self.complain(format_args!("no table: {error}")),
        };
        for own in self.machine.own(&self.config).into_iter().flatten() {
            let result = table.map(self.world, own.range, own.output, own.attributes);
            self.flat.insert(own.range, own.output.0, own.attributes);
            if let Err(error) = result {
                return self
                    .complain(format_args!("the guest's own {:?} could not be mapped: {error}", own.range));
            }
        }
        for _ in 0..self.random.between(1, 14) {
            if let Some(range) = self.plan.range(&mut self.random) {
                self.map(&mut table, range)?;
            }
        }
        for _ in 0..self.random.below(4) {
            self.restrict(&table);
        }
        let mut table = table.activate(self.world);
        self.machine.enter(&table);
        for _ in 0..FIRST_LOOKS {
            self.look_somewhere(&table)?;
        }
        for _ in 0..CHANGES {
            self.change(&mut table)?;
            self.flip(&table)?;
            for _ in 0..LOOKS {
                self.look_somewhere(&table)?;
            }
            if self.tally.translations >= self.task.count && self.random.one_in(8)
                || Report::is_enough(self.tally)
            {
                break;
            }
        }
        self.machine.leave(table, self.world);
        match self.machine.pages(self.world) {
            left if left == pages => Ok(()),
            left => self.complain(format_args!(
                "{left} pages hold tables after the table is gone; before it, {pages} did"
            )),
        }
    }

    /// One change of the live table, with accesses to the same addresses before and after it.
    fn change(&mut self, table: &mut PageTable<F, Live>) -> fmt::Result {
        let mapped = self.random.below(self.flat.pieces() as u64) as usize;
        let piece = self.flat.piece(mapped).filter(|piece| !self.is_own(*piece));
        let range = match (self.random.below(4), piece) {
            (0, _) | (_, None) => self.plan.range(&mut self.random),
            (1, Some(piece)) => Some(self.part(piece)),
            (_, Some(piece)) => Some(piece),
        };
        let Some(range) = range else { return Ok(()) };
        let samples = [0; 4].map(|_| self.sample(range));
        self.look_at(table, &samples)?;
        let unmap = self.flat.first_within(range).is_some();
        if unmap {
            self.unmap(table, range)?;
        }
        // Other outputs at once where something was: no walk and no access between the two.
        if !unmap || self.random.one_in(3) {
            self.map(table, range)?;
        }
        self.look_at(table, &samples)?;
        let again = [0; 2].map(|_| self.sample(range));
        self.look_at(table, &again)
    }

    fn is_own(&self, range: Range) -> bool {
        let own = self.machine.keep_out(&self.config);
        own.is_some_and(|own| own.first() <= range.last() && range.first() <= own.last())
    }

    /// Some granules of a range.
    fn part(&mut self, range: Range) -> Range {
        let granules = (range.last() - range.first()) >> F::GRANULE_SHIFT;
        let (a, b) = (self.random.between(0, granules), self.random.between(0, granules));
        let first = range.first() + (a.min(b) << F::GRANULE_SHIFT);
        let last = range.first() + (a.max(b) << F::GRANULE_SHIFT) + ((1 << F::GRANULE_SHIFT) - 1);
        Range::inclusive(first, last).unwrap_or(range)
    }

    /// An address of a range, where it can be a page that may be touched.
    fn sample(&mut self, range: Range) -> u64 {
        let unit = if self.random.one_in(2) { 12 } else { F::GRANULE_SHIFT };
        let va = self.random.between(range.first(), range.last()) >> unit << unit;
        let (ram, inside) = (self.machine.ram(), |va: &u64| range.first() <= *va && *va <= range.last());
        let Some((output, _)) = self.flat.at(va).filter(|(output, _)| !ram.tagged(*output)) else {
            return va;
        };
        // Of a piece that is far larger than memory little lies there.
        let page = ram.first + self.random.below(ram.bytes / Ram::STRIDE) * Ram::STRIDE;
        let there = va.wrapping_add(page).wrapping_sub(output & !0xfff);
        if range.last() - range.first() > ram.bytes && inside(&there) {
            return there;
        }
        let beyond = output & (Ram::STRIDE - 1) & !0xfff;
        let before = va.checked_sub(beyond).filter(inside);
        before.or(va.checked_add(Ram::STRIDE - beyond).filter(inside)).unwrap_or(va)
    }

    fn map<U: Use>(&mut self, table: &mut PageTable<F, U>, range: Range) -> fmt::Result {
        let Some(asked) = self.plan.output(range, &mut self.random).filter(|_| self.flat.has_room()) else {
            return Ok(());
        };
        let attributes = self.machine.attributes(&mut self.random);
        let sizes = if self.random.one_in(4) && (range.last() - range.first()) >> F::GRANULE_SHIFT < 4096 {
            Sizes::Pages
        } else {
            Sizes::Largest
        };
        let (output, given) = match self.task.fault {
            Some(Fault::ShiftOutput) => (asked ^ 1 << F::GRANULE_SHIFT, attributes),
            Some(Fault::DropXn) => (asked, self.machine.without_xn(attributes)),
            _ => (asked, attributes),
        };
        self.tally.changes += 1;
        let grouping = if self.random.one_in(2) { Grouping::Spans } else { Grouping::Single };
        let how = How { sizes, grouping, ..How::default() };
        let result = table.map_with(self.world, range, Phys(output), given, how);
        let taken = self.flat.first_within(range);
        let mapped = match result {
            Ok(()) => range.last() - range.first(),
            Err(MapError { mapped, .. }) => mapped.wrapping_sub(1),
        };
        if let Ok(part) = Range::inclusive(range.first(), range.first().wrapping_add(mapped))
            && mapped != u64::MAX
        {
            self.flat.insert(part, asked, attributes);
        }
        match (result, taken) {
            (Ok(()), None) | (Err(MapError { error: Error::OutOfMemory { .. }, .. }), _) => Ok(()),
            (Err(MapError { mapped, error: Error::AlreadyMapped { .. } }), Some(va))
                if range.first() + mapped == va =>
            {
                Ok(())
            }
            // A fault on purpose may ask for what the output's bits do not hold.
            (Err(_), _) if self.task.fault.is_some() => Ok(()),
            (result, taken) => self.complain(format_args!(
                "map {range:?} to {asked:#x}: {result:?}; the first address that is taken: {taken:x?}"
            )),
        }
    }

    fn unmap(&mut self, table: &mut PageTable<F, Live>, range: Range) -> fmt::Result {
        if !self.flat.has_room() {
            return Ok(());
        }
        self.tally.changes += 1;
        let result = table.unmap(self.world, range, Boundary::Stop);
        let Ok(done) = result else {
            return self.complain(format_args!("unmap {range:?}: {result:?}"));
        };
        let mut mapped = 0;
        while let Some(piece) = range.first().checked_add(mapped).and_then(|va| self.flat.around(va)) {
            mapped = (piece.last().min(range.last()) - range.first()).wrapping_add(1);
            if mapped > range.last() - range.first() {
                break;
            }
        }
        if let Ok(gone) = Range::new(range.first(), done.bytes) {
            self.flat.remove(gone);
        }
        // It stops where nothing is mapped, or before a leaf that reaches beyond.
        let right = match done.stopped {
            None => done.bytes == mapped && mapped > range.last() - range.first(),
            Some(Stopped::Hole { va, .. }) => done.bytes == mapped && va == range.first() + mapped,
            Some(Stopped::Leaf { .. }) => done.bytes < mapped || done.bytes == 0,
        };
        if right {
            Ok(())
        } else {
            self.complain(format_args!("unmap {range:?}: {done:x?}; {mapped:#x} bytes were mapped"))
        }
    }

    /// Puts restrictions into a table on the way to something that is mapped, unless the guest itself lies below.
    fn restrict(&mut self, table: &PageTable<F, Inactive>) {
        let piece = self.random.below(self.flat.pieces() as u64) as usize;
        let Some(piece) = self.flat.piece(piece) else { return };
        let (mut tables, mut count) = ([None; 5], 0);
        let machine = &*self.machine;
        walk::<F>(
            table.shape(),
            piece.first(),
            |place| machine.read(place),
            |step| {
                let first = piece.first() >> step.shift << step.shift;
                let below = Range::inclusive(first, first | ((1 << step.shift) - 1));
                if step.table && count < tables.len() && below.is_ok_and(|below| !self.is_own(below)) {
                    tables[count] = Some(step);
                    count += 1;
                }
            },
        );
        if count > 0
            && let Some(step) = self.random.pick(&tables[..count])
        {
            let word = self.machine.restrict(step.level, step.word, &mut self.random);
            self.machine.write(step.place, word);
        }
    }

    fn look_somewhere(&mut self, table: &PageTable<F, Live>) -> fmt::Result {
        let va = self.plan.look(&self.flat, &mut self.random);
        self.look(table, va)
    }

    fn look_at(&mut self, table: &PageTable<F, Live>, addresses: &[u64]) -> fmt::Result {
        addresses.iter().try_for_each(|&va| self.look(table, va))
    }

    /// Every access at one address.
    fn look(&mut self, table: &PageTable<F, Live>, va: u64) -> fmt::Result {
        for &access in self.machine.accesses() {
            let va = if access.touch { va & !0xfff } else { va };
            let found = table.translate(self.world, va);
            let asked = self.flat.at(va);
            let by_table = match found {
                Err(Unmapped::Input) => self.machine.outside(table.shape(), va, access),
                found => self.expected(table, found.map(|leaf| self.acting(&leaf)), access),
            };
            let by_asked = match (asked, found) {
                _ if self.flipped => Some(by_table),
                (None, Err(_)) => Some(by_table),
                (Some((output, attributes)), Ok(leaf)) => leaf_at::<F>(leaf.level, Phys(output), attributes)
                    .map(|entry| {
                        let leaf = Translation { output: Phys(output), entry, ..leaf };
                        self.expected(table, Ok(self.acting(&leaf)), access)
                    }),
                _ => None,
            };
            if access.touch && found.is_ok_and(|leaf| !self.machine.tells(va, leaf.shift, access)) {
                continue;
            }
            if access.touch
                && !(self.is_safe(by_table) && by_asked.is_none_or(|outcome| self.is_safe(outcome)))
            {
                continue;
            }
            let outcome = self.machine.probe(va, access);
            self.tally.translations += 1;
            self.tally.touches += u64::from(access.touch);
            self.tally.reached += u64::from(matches!(outcome, Outcome::Reached { .. }));
            let marked = match (access.touch, outcome, found) {
                (true, Outcome::Reached { .. }, Ok(leaf)) => {
                    let now = table.translate(self.world, va).map(|leaf| leaf.entry);
                    now == Ok(self.machine.marked(leaf.entry, access))
                }
                // Tables on the way may be marked all the same.
                (true, ..) => self.settled(table.translate(self.world, va)) == self.settled(found),
                _ => true,
            };
            if outcome != by_table || Some(outcome) != by_asked || !marked {
                self.difference(table, (va, access), outcome, (by_table, by_asked), marked)?;
                break;
            }
        }
        Ok(())
    }

    /// The entry that a walk ended with, apart from what any access may set in it.
    fn settled(&self, found: Result<Translation<F>, Unmapped>) -> Result<F::Word, Unmapped> {
        let may = self.machine.may_mark();
        match found {
            Ok(leaf) => Ok(leaf.entry | may),
            Err(Unmapped::Translation { level, entry }) => {
                Err(Unmapped::Translation { level, entry: entry | may.to_u64() })
            }
            Err(Unmapped::Input) => Err(Unmapped::Input),
        }
    }

    fn acting(&self, leaf: &Translation<F>) -> Leaf<F> {
        Leaf { level: leaf.level, word: leaf.effective(), output: leaf.output.0 }
    }

    fn expected(
        &self,
        table: &PageTable<F, Live>,
        found: Result<Leaf<F>, Unmapped>,
        access: Access,
    ) -> Outcome {
        self.machine.expected(table.shape(), found, access)
    }

    /// Whether an access that goes like this harms nothing.
    fn is_safe(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Reached { output, .. } => self.machine.ram().tagged(output),
            Outcome::Refused { .. } => true,
        }
    }
}
