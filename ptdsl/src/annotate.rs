//! `annotate`: values of software's own in entries that map nothing.

use crate::address::{Phys, Range};
use crate::error::Error;
use crate::format::{Format, Level, layout, low_bits, mask, next_table, root_slot, slot};
use crate::funds::Funds;
use crate::leaf::{At, descend};
use crate::table::{PageTable, Use, starts_at};
use crate::tier::Tier;
use crate::transition::{Edit, load, table as table_at};
use crate::word::Word;
use crate::world::World;

impl<F: Format, U: Use> PageTable<F, U> {
    /// Keeps `value` in the entries of `range`, all of which map nothing; 0 takes a value away. What hardware walks sees no
    /// difference: no maintenance is needed beyond that of the tables that come and go.
    ///
    /// A value stands in entries as large as fit. No operation changes or moves it but this one, [`map`](Self::map_with)
    /// with [`Existing::Annotated`](crate::Existing::Annotated), and `destroy`; a table that holds one is not empty.
    ///
    /// # Errors
    /// [`Error::Misaligned`], [`Error::OutOfRange`], [`Error::Annotation`] for a value that does not fit,
    /// [`Error::AlreadyMapped`] for a leaf or a word of no kind in the range, [`Error::OutOfMemory`] and
    /// [`Error::BadTablePage`]: nothing is changed.
    pub fn annotate<W: World<F>>(&mut self, world: &mut W, range: Range, value: u64) -> Result<(), Error> {
        self.check(range)?;
        let bits = least_bits::<F, F::Top>(self.shape.width, 64);
        if value & !low_bits(bits) != 0 {
            return Err(Error::Annotation { value, bits });
        }
        let mut funds = Funds::none();
        let mut annotate = Annotate { edit: self.edit(world), funds: &mut funds, range, value };
        let planned = annotate.start::<F::Top>(Pass::Plan);
        if planned.is_ok() {
            // What the plan found is still so.
            let _ = annotate.start::<F::Top>(Pass::Store);
        }
        annotate.edit.finish();
        funds.release::<F, W>(world);
        planned
    }

    /// The value that the entry for `va` holds: 0 where it is empty, `None` where something is mapped.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn annotation<W: World<F>>(&self, world: &mut W, va: u64) -> Result<Option<u64>, Error> {
        self.check_input(Range::inclusive(va, va)?)?;
        Ok(descend(world, &self.shape, va, &mut Read).flatten())
    }
}

/// The bits that entries of every level of the table have for software.
fn least_bits<F: Format, L: Level<F>>(width: u32, bits: u32) -> u32 {
    if !L::HAS_LEAF && !L::HAS_TABLE {
        return bits;
    }
    let here = if starts_at::<F, L>(width) { bits.min(L::ANNOTATION_BITS) } else { bits };
    least_bits::<F, L::Next>(width, here)
}

struct Read;

impl<F: Format, W: World<F>> At<F, W> for Read {
    type Out = Option<u64>;

    fn at<L: Level<F>>(
        &mut self,
        _: &mut W,
        _: (W::Table, usize),
        _: u64,
        (raw, next): (F::Word, Option<Phys>),
    ) -> Option<Option<u64>> {
        next.is_none().then(|| L::annotation(raw).filter(|_| !L::is_leaf(raw)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Looks at every entry and takes the table pages that will be needed.
    Plan,
    Store,
}

/// One call of `annotate`.
struct Annotate<'a, 'f, F: Format, W: World<F>, U> {
    edit: Edit<'a, F, W, U>,
    funds: &'f mut Funds<W::Table>,
    range: Range,
    value: u64,
}

impl<F: Format, W: World<F>, U: Use> Annotate<'_, '_, F, W, U> {
    fn start<L: Level<F>>(&mut self, pass: Pass) -> Result<(), Error> {
        let shape = self.edit.shape;
        if !starts_at::<F, L>(shape.width) {
            return self.start::<L::Next>(pass);
        }
        let (va, last) = (self.range.first(), self.range.last());
        let root = table_at::<F, W>(self.edit.world, shape.root);
        self.table::<L>((root, root_slot::<F, L>(va, shape.width)), va, last, pass)
    }

    fn table<L: Level<F>>(
        &mut self,
        (table, mut index): (W::Table, usize),
        mut va: u64,
        last: u64,
        pass: Pass,
    ) -> Result<(), Error> {
        loop {
            let end = va | mask::<F, L>();
            let raw = load::<F, W>(self.edit.world, table, index);
            if let Some(child) = next_table::<F, L>(self.edit.shape, raw) {
                let below = table_at::<F, W>(self.edit.world, child);
                let place = (below, slot::<F, L::Next>(va));
                self.table::<L::Next>(place, va, end.min(last), pass)?;
                if pass == Pass::Store && self.value == 0 && self.is_empty::<L::Next>(below) {
                    self.edit.invalidate_table(Tier::of::<F, L>(), (table, index), va);
                    let _ = self.edit.forget(table, 1);
                    self.edit.world.free(child, layout::<F, L::Next>(u32::MAX));
                }
            } else {
                self.entry::<L>((table, index), va, raw, pass)?;
            }
            if end >= last {
                return Ok(());
            }
            va = end + 1;
            index += 1;
        }
    }

    fn is_empty<L: Level<F>>(&self, table: W::Table) -> bool {
        let empty = L::empty(self.edit.shape);
        (0..1 << L::BITS).all(|slot| load::<F, W>(self.edit.world, table, slot) == empty)
    }

    /// An entry that leads to no table.
    fn entry<L: Level<F>>(
        &mut self,
        place: (W::Table, usize),
        va: u64,
        raw: F::Word,
        pass: Pass,
    ) -> Result<(), Error> {
        let start = va & !mask::<F, L>();
        let old = match L::annotation(raw) {
            Some(old) if !L::is_leaf(raw) => old,
            _ => return Err(Error::AlreadyMapped { va, level: L::NUMBER, entry: raw.to_u64() }),
        };
        if old == self.value {
            return Ok(());
        }
        let whole = self.range.first() <= start && start | mask::<F, L>() <= self.range.last();
        match (whole, pass) {
            (true, Pass::Plan) => {}
            (true, Pass::Store) => {
                let empty = L::empty(self.edit.shape);
                self.edit.annotate(place, raw, self.word::<L>(self.value), empty);
            }
            (false, Pass::Plan) => self.plan::<L>(start)?,
            (false, Pass::Store) => {
                if let Some(child) = self.build::<L>(start, old) {
                    let live = true;
                    self.edit.publish_table(Tier::of::<F, L>(), place, start, child, live);
                    // The slot counted already if it held a value.
                    let counted = usize::from(raw != L::empty(self.edit.shape));
                    let _ = self.edit.forget(place.0, counted);
                }
            }
        }
        Ok(())
    }

    /// The invalid entry for a value.
    fn word<L: Level<F>>(&self, value: u64) -> F::Word {
        if value == 0 { L::empty(self.edit.shape) } else { L::annotated(value) }
    }

    /// Whether an end of the range lies inside these addresses.
    fn cuts(&self, first: u64, last: u64) -> bool {
        let (from, to) = (self.range.first(), self.range.last());
        from <= last && first <= to && !(from <= first && last <= to)
    }

    /// Takes pages for the table that replaces the entry at `va`, and for those below it.
    fn plan<L: Level<F>>(&mut self, va: u64) -> Result<(), Error> {
        if !L::HAS_TABLE {
            return Ok(());
        }
        self.funds.add::<F, L::Next, W>(self.edit.world, va)?;
        for k in 0..1_u64 << <L::Next as Level<F>>::BITS {
            let start = va | k << <L::Next as Level<F>>::SHIFT;
            if self.cuts(start, start | mask::<F, L::Next>()) {
                self.plan::<L::Next>(start)?;
            }
        }
        Ok(())
    }

    /// The table that replaces an entry which held `old`.
    fn build<L: Level<F>>(&mut self, va: u64, old: u64) -> Option<Phys> {
        if !L::HAS_TABLE {
            return None;
        }
        let (page, table) = self.funds.take::<F, L::Next>()?;
        let mut entries = 0;
        for k in 0..1_u64 << <L::Next as Level<F>>::BITS {
            let start = va | k << <L::Next as Level<F>>::SHIFT;
            let end = start | mask::<F, L::Next>();
            let word = if self.cuts(start, end) {
                let child = self.build::<L::Next>(start, old);
                child.map_or(self.word::<L::Next>(old), <L::Next as Level<F>>::link)
            } else {
                let inside = self.range.first() <= start && end <= self.range.last();
                self.word::<L::Next>(if inside { self.value } else { old })
            };
            self.edit.fill_fresh(table, k as usize, word);
            entries += isize::from(word != <L::Next as Level<F>>::empty(self.edit.shape));
        }
        let _ = self.edit.world.count(table, entries);
        Some(page)
    }
}
