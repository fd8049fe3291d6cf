//! Entries that no table holds by itself: what hardware refuses, `translate` must refuse, and the other way round.

use core::fmt;

use ptdsl::{Format, Live, PageTable, Range};

use super::Round;
use crate::machine::Machine;
use crate::walk::walk;

/// Levels of a walk at most.
const LEVELS: usize = 6;

impl<F: Format, M: Machine<F>> Round<'_, F, M> {
    /// Turns over bits of an entry on the way to something that is mapped, unless the guest itself lies below; looks at
    /// addresses of that piece, and puts the entry back.
    pub(super) fn flip(&mut self, table: &PageTable<F, Live>) -> fmt::Result {
        let piece = self.random.below(self.flat.pieces() as u64) as usize;
        let Some(piece) = self.flat.piece(piece).filter(|piece| !self.is_own(*piece)) else { return Ok(()) };
        let va = self.sample(piece);
        let (mut steps, mut count) = ([None; LEVELS], 0);
        let machine = &*self.machine;
        walk::<F>(
            table.shape(),
            va,
            |place| machine.read(place),
            |step| {
                let first = va >> step.shift << step.shift;
                let below = Range::inclusive(first, first | ((1 << step.shift) - 1));
                if count < LEVELS && below.is_ok_and(|below| !self.is_own(below)) {
                    steps[count] = Some(step);
                    count += 1;
                }
            },
        );
        if count == 0 {
            return Ok(());
        }
        // The leaf half of the time.
        let index = if self.random.one_in(2) { count - 1 } else { self.random.below(count as u64) as usize };
        let Some(step) = steps[index] else { return Ok(()) };
        let Some(word) = self.machine.flipped(&step, &mut self.random) else { return Ok(()) };
        self.machine.overwrite(step.place, word);
        self.flipped = true;
        let samples = [va, self.sample(piece), piece.first()];
        let result = self.look_at(table, &samples);
        self.flipped = false;
        self.machine.overwrite(step.place, step.word);
        result
    }
}
