//! Random ranges, outputs and addresses for one table.

use core::marker::PhantomData;

use ptdsl::{Config, Extend, Format, Level, Range};

use crate::flat::Flat;
use crate::machine::Ram;
use crate::random::Random;

/// Entries that one operation writes at most.
const MOST_ENTRIES: u64 = 8192;

/// Where things happen in a table: near a few places, so that operations meet each other.
#[derive(Debug)]
pub(crate) struct Plan<F: Format> {
    width: u32,
    output_bits: u32,
    /// Offsets from the first translated address.
    places: [u64; 6],
    /// Sizes of leaves as log2, the granule first; those of leaves that take several slots too.
    sizes: [u32; SIZES],
    count: usize,
    keep_out: Option<Range>,
    ram: Ram,
    /// Outputs outside of `ram` are of use.
    wild: bool,
    format: PhantomData<F>,
}

/// Sizes of leaves of a format at most.
const SIZES: usize = 10;

fn sizes<F: Format, L: Level<F>>(width: u32, found: &mut [u32; SIZES], count: &mut usize) {
    if L::HAS_TABLE {
        sizes::<F, L::Next>(width, found, count);
    }
    if !L::HAS_LEAF {
        return;
    }
    for span in [0].iter().chain(L::SPANS) {
        // A leaf takes at most half of the space.
        let shift = L::SHIFT + span;
        if shift < width && *count < found.len() {
            found[*count] = shift;
            *count += 1;
        }
    }
}

const fn low(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

impl<F: Format> Plan<F> {
    pub(crate) fn new(
        config: &Config<F>,
        keep_out: Option<Range>,
        ram: Ram,
        wild: bool,
        random: &mut Random,
    ) -> Self {
        let (mut found, mut count) = ([F::GRANULE_SHIFT; SIZES], 0);
        sizes::<F, F::Top>(config.width, &mut found, &mut count);
        let end = low(config.width);
        let mut places = [0, end, end / 2 + 1, 0, 0, 0];
        places[3..].iter_mut().for_each(|place| *place = random.bits() & end & !low(F::GRANULE_SHIFT));
        let Config { width, output_bits, .. } = *config;
        Plan {
            width,
            output_bits,
            places,
            sizes: found,
            count: count.max(1),
            keep_out,
            ram,
            wild,
            format: PhantomData,
        }
    }

    /// The address at an offset from the first translated one.
    pub(crate) fn address(&self, offset: u64) -> u64 {
        let (space, offset) = (low(self.width), offset & low(self.width));
        match F::EXTEND {
            Extend::Zero => offset,
            Extend::One => offset | !space,
            Extend::Sign if offset > space / 2 => offset | !space,
            Extend::Sign => offset,
        }
    }

    /// A range of whole granules to change, in which the guest itself has nothing.
    pub(crate) fn range(&self, random: &mut Random) -> Option<Range> {
        (0..16).find_map(|_| self.try_range(random))
    }

    fn try_range(&self, random: &mut Random) -> Option<Range> {
        let granule = 1_u64 << F::GRANULE_SHIFT;
        let shift = if random.one_in(2) { self.sizes[0] } else { random.pick(&self.sizes[..self.count]) };
        let unit = 1_u64 << shift;
        let units = match random.below(8) {
            0 if shift == self.sizes[0] => random.between(9, 70),
            1..=3 => random.between(2, 8 >> u32::from(shift != self.sizes[0])),
            _ => 1,
        };
        let near = random.pick(&self.places).saturating_add(random.below(6) * unit).saturating_sub(3 * unit);
        let (mut first, mut last) =
            (near & !(unit - 1), (near & !(unit - 1)).saturating_add(units * unit - 1));
        if random.one_in(3) {
            first = first.saturating_sub(random.below(4) * granule);
            last = last.saturating_add(random.below(4) * granule);
        }
        let space = low(self.width);
        // Not across the gap between two halves.
        let half = if F::EXTEND == Extend::Sign { space / 2 } else { space };
        let limit = if first <= half { half } else { space };
        let (first, last) = (self.address(first.min(space)), self.address(last.min(limit)));
        let range = Range::inclusive(first & !(granule - 1), last).ok()?;
        let own = self.keep_out.is_some_and(|own| own.first() <= range.last() && range.first() <= own.last());
        (!own && (range.last() - range.first()) >> self.sizes[0] < u64::MAX).then_some(range)
    }

    /// An output for a range: mostly one that allows the largest leaves, mostly in memory that may be touched.
    pub(crate) fn output(&self, range: Range, random: &mut Random) -> Option<u64> {
        let length = range.last() - range.first();
        let fits = |&&shift: &&u32| {
            let first = range.first().checked_add(low(shift)).map(|a| a & !low(shift));
            first.is_some_and(|first| first <= range.last() && range.last() - first >= low(shift))
        };
        let largest = self.sizes[..self.count].iter().rposition(|shift| fits(&shift)).unwrap_or(0);
        let smaller = self.sizes[largest.saturating_sub(1)];
        let misaligned = random.one_in(6) && length >> smaller < MOST_ENTRIES;
        let shift = if misaligned { smaller } else { self.sizes[largest] };
        let rest = range.first() & low(shift);
        // Outputs `n << shift | rest` from `first` on, so that `length` more fit below `end`.
        let mut choose = |first: u64, end: u64| {
            let lowest = first.saturating_sub(rest).checked_add(low(shift))? >> shift;
            let highest = end.checked_sub(length)?.checked_sub(rest)? >> shift;
            (lowest <= highest).then(|| random.between(lowest, highest) << shift | rest)
        };
        let Ram { first, dense, bytes } = self.ram;
        let near = choose(first, first + dense - 1);
        let far = choose(first, first + bytes - 1);
        let wild = if self.wild {
            choose(0, low(self.output_bits))
        } else if length > bytes {
            // More than there is memory: some of it lies there.
            choose(first.saturating_sub(length), first.saturating_add(length))
        } else {
            None
        };
        match random.below(8) {
            0..=3 => near.or(far).or(wild),
            4..=5 => far.or(wild),
            _ => wild.or(far),
        }
    }

    /// An address to look at: in and around what is mapped, near the places, anywhere, and where no table translates.
    pub(crate) fn look(&self, flat: &Flat<F>, random: &mut Random) -> u64 {
        let piece = flat.piece(random.below(flat.pieces() as u64) as usize);
        match (random.below(16), piece) {
            (0..=2, Some(piece)) => piece.first(),
            (3, Some(piece)) => piece.first().wrapping_sub(1),
            (4..=5, Some(piece)) => piece.last(),
            (6, Some(piece)) => piece.last().wrapping_add(1),
            (7..=10, Some(piece)) => random.between(piece.first(), piece.last()),
            (11, _) => random.bits(),
            (12, _) => self.address(0).wrapping_sub(1),
            (13, _) => self.address(low(self.width)).wrapping_add(random.below(2)),
            (14, _) => self.address(random.bits()),
            _ => {
                let place = random.pick(&self.places);
                let shift = random.pick(&self.sizes[..self.count]);
                self.address(place.wrapping_add(random.below(8) << shift).wrapping_sub(4 << shift))
            }
        }
    }
}
