//! What was asked to be mapped, as a list of pieces: what a table must agree with, computed without any table.

use ptdsl::{Format, Range};

/// Pieces that are remembered at most.
const MOST: usize = 128;

/// One piece.
#[derive(Clone, Copy, Debug)]
struct Piece<F: Format> {
    first: u64,
    last: u64,
    output: u64,
    attributes: F::Attributes,
}

/// Mapped pieces, in no order; none overlaps another.
#[derive(Debug)]
pub struct Flat<F: Format> {
    pieces: [Option<Piece<F>>; MOST],
    used: usize,
}

impl<F: Format> Default for Flat<F> {
    fn default() -> Self {
        Flat { pieces: [None; MOST], used: 0 }
    }
}

impl<F: Format> Flat<F> {
    /// Whether there is room for what one more operation may add.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.used + 2 <= MOST
    }

    /// How many pieces there are.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.used
    }

    /// The range of a piece.
    #[must_use]
    pub fn piece(&self, index: usize) -> Option<Range> {
        let piece = (*self.pieces.get(index)?)?;
        Range::inclusive(piece.first, piece.last).ok()
    }

    /// The range of the piece at an address.
    #[must_use]
    pub fn around(&self, va: u64) -> Option<Range> {
        let piece = self.find(va)?;
        Range::inclusive(piece.first, piece.last).ok()
    }

    /// Output and attributes at an address.
    #[must_use]
    pub fn at(&self, va: u64) -> Option<(u64, F::Attributes)> {
        self.find(va).map(|piece| (piece.output.wrapping_add(va - piece.first), piece.attributes))
    }

    fn find(&self, va: u64) -> Option<Piece<F>> {
        self.pieces[..self.used].iter().flatten().find(|piece| piece.first <= va && va <= piece.last).copied()
    }

    /// The first address of a range that is mapped.
    #[must_use]
    pub fn first_within(&self, range: Range) -> Option<u64> {
        let within = |piece: &&Piece<F>| piece.first <= range.last() && range.first() <= piece.last;
        let pieces = self.pieces[..self.used].iter().flatten();
        pieces.filter(within).map(|piece| piece.first.max(range.first())).min()
    }

    /// Remembers a mapping, of addresses where nothing is mapped. False if there was no room.
    pub fn insert(&mut self, range: Range, output: u64, attributes: F::Attributes) -> bool {
        self.push(Piece { first: range.first(), last: range.last(), output, attributes })
    }

    fn push(&mut self, piece: Piece<F>) -> bool {
        let Some(place) = self.pieces.get_mut(self.used) else { return false };
        *place = Some(piece);
        self.used += 1;
        true
    }

    /// Forgets what is mapped in a range. False if there was no room for what is left of a piece.
    pub fn remove(&mut self, range: Range) -> bool {
        let (mut index, mut fits) = (0, true);
        while index < self.used {
            let Some(piece) =
                self.pieces[index].filter(|p| p.first <= range.last() && range.first() <= p.last)
            else {
                index += 1;
                continue;
            };
            self.used -= 1;
            self.pieces[index] = self.pieces[self.used];
            self.pieces[self.used] = None;
            if piece.first < range.first() {
                fits &= self.push(Piece { last: range.first() - 1, ..piece });
            }
            if piece.last > range.last() {
                let gone = range.last() - piece.first + 1;
                let output = piece.output.wrapping_add(gone);
                fits &= self.push(Piece { first: range.last() + 1, output, ..piece });
            }
        }
        fits
    }
}
