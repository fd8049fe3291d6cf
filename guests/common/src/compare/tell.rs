//! Differences, told so that one can find out why: where, what was expected and what was found, and each step of the walk.

use core::fmt;

use ptdsl::{Format, Live, PageTable, Word};

use super::Round;
use crate::access::{Access, Outcome};
use crate::machine::Machine;
use crate::report::Tally;
use crate::walk::walk_decoded;

impl<F: Format, M: Machine<F>> Round<'_, F, M> {
    #[cold]
    pub(super) fn difference(
        &mut self,
        table: &PageTable<F, Live>,
        (va, access): (u64, Access),
        outcome: Outcome,
        (by_table, by_asked): (Outcome, Option<Outcome>),
        marked: bool,
    ) -> fmt::Result {
        if !self.report.is_shown(self.tally) {
            return Ok(());
        }
        self.place("DIFFERENCE")?;
        writeln!(self.out, ": {access} at {va:#x}")?;
        writeln!(self.out, "  machine: {outcome:?}")?;
        self.machine.evidence(self.out)?;
        writeln!(self.out, "  translate: {by_table:?}")?;
        match by_asked {
            Some(asked) => writeln!(self.out, "  as mapped: {asked:?}")?,
            None => writeln!(
                self.out,
                "  as mapped: {}",
                if self.flat.at(va).is_some() { "mapped" } else { "unmapped" }
            )?,
        }
        if !marked {
            writeln!(self.out, "  the leaf is not as such an access leaves it")?;
        }
        writeln!(self.out, "  the walk of translate, in a table of {:?}:", table.shape())?;
        let (machine, out) = (&*self.machine, &mut *self.out);
        let mut written = Ok(());
        walk_decoded::<F>(
            table.shape(),
            va,
            |place| machine.read(place),
            |step, entry| {
                let of = step.place.0.wrapping_sub(step.slot * F::Word::BYTES);
                let line = writeln!(
                    out,
                    "    level {}: table at {of:#x}, entry {:#x}: {:#018x} {entry:x?}",
                    step.level, step.slot, step.word
                );
                written = written.and(line);
            },
        );
        written
    }

    /// Something that is wrong without an access.
    #[cold]
    pub(super) fn complain(&mut self, what: fmt::Arguments<'_>) -> fmt::Result {
        if !self.report.is_shown(self.tally) {
            return Ok(());
        }
        self.place("DIFFERENCE")?;
        writeln!(self.out, ": {what}")
    }

    fn place(&mut self, title: &str) -> fmt::Result {
        let Tally { tables, changes, .. } = *self.tally;
        write!(self.out, "{title} seed {:#x}, {}, table {tables}, change {changes}", self.task.seed, F::NAME)
    }
}
