//! What splitting and protecting does to the flat map.

use ptdsl::{Format, Holes, Level, Protected, Range, Stopped, Unmapped};

use crate::flat::Flat;

fn low(shift: u32) -> u64 {
    (1 << shift) - 1
}

/// log2 of what an entry maps, from the top level down.
fn shifts<F: Format, L: Level<F>>(found: &mut Vec<u32>) {
    if L::HAS_LEAF || L::HAS_TABLE {
        found.push(L::SHIFT);
        shifts::<F, L::Next>(found);
    }
}

impl<F: Format> Flat<F> {
    /// Cuts the leaf around `va` at the ends of the range, as little as that takes.
    fn cut(&mut self, va: u64, range: Range) {
        let Some(page) = self.pages.get(&va).copied() else { return };
        let mut all = Vec::new();
        shifts::<F, F::Top>(&mut all);
        let mut open = vec![(page.leaf, page.shift)];
        while let Some((start, shift)) = open.pop() {
            let end = start + low(shift);
            let outside = end < range.first() || range.last() < start;
            let inside = range.first() <= start && end <= range.last();
            if outside || inside {
                for at in (start..=end).step_by(1 << F::GRANULE_SHIFT) {
                    let page = self.pages.get_mut(&at).expect("a page of the leaf");
                    (page.leaf, page.shift) = (start, shift);
                }
            } else {
                let smaller = all.iter().copied().find(|&s| s < shift).expect("a smaller leaf");
                open.extend((0..1_u64 << (shift - smaller)).map(|k| (start + (k << smaller), smaller)));
            }
        }
    }

    /// What `split` does.
    pub(crate) fn split(&mut self, range: Range) {
        let granule = low(F::GRANULE_SHIFT);
        self.cut(range.first(), range);
        self.cut(range.last() & !granule, range);
    }

    /// What `unmap` with `Boundary::Split` must say, and does.
    pub(crate) fn unmap_splitting(&mut self, range: Range) -> Unmapped {
        self.cut(range.first(), range);
        let mut done = self.unmap(range);
        if let Some(Stopped::Leaf { va, .. }) = done.stopped {
            self.cut(va, range);
            let rest = Range::inclusive(va, range.last()).expect("a rest");
            let before = done.bytes;
            done = self.unmap(rest);
            done.bytes += before;
        }
        done
    }

    /// What `protect` must say, and does, where the attributes are allowed.
    pub(crate) fn protect(&mut self, range: Range, attributes: F::Attributes, holes: Holes) -> Protected {
        let pages = (range.first()..=range.last()).step_by(1 << F::GRANULE_SHIFT);
        let hole = pages.clone().find(|va| holes == Holes::Stop && !self.pages.contains_key(va));
        let stopped = hole.map(|va| Stopped::Hole { va, level: self.hole_level(va) });
        let bytes = hole.unwrap_or(range.last().wrapping_add(1)).wrapping_sub(range.first());
        if let Ok(part) = Range::new(range.first(), bytes) {
            self.split(part);
            for va in pages.take_while(|&va| Some(va) != hole) {
                if let Some(page) = self.pages.get_mut(&va) {
                    page.attributes = attributes;
                }
            }
        }
        Protected { bytes, stopped }
    }
}
