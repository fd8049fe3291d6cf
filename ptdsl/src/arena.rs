//! A world on the host: table memory in a vector, for tests, tools and examples.

use std::vec::Vec;

use crate::address::Phys;
use crate::format::Format;
use crate::transition::Permit;
use crate::word::Word;
use crate::world::{Fresh, TableLayout, World};

/// Simulated physical memory for tables, with an allocator and a record of the maintenance that was asked for.
///
/// Frames are handed out from the bottom up, freed ones again, last freed first. Tables larger than a frame
/// come from the untouched end.
#[derive(Debug)]
pub struct Arena<F: Format> {
    base: u64,
    words: Vec<F::Word>,
    /// Entries per frame; `None` where the frame is free.
    counts: Vec<Option<usize>>,
    free: Vec<usize>,
    next: usize,
    steps: Vec<F::Step>,
    counted: bool,
    ration: Option<usize>,
}

impl<F: Format> Arena<F> {
    const FRAME: u64 = 1 << F::GRANULE_SHIFT;
    const FRAME_WORDS: usize = (Self::FRAME / F::Word::BYTES) as usize;

    /// An arena of `frames` granules whose first byte has physical address `base`, a multiple of the granule.
    #[must_use]
    pub fn new(base: Phys, frames: usize) -> Self {
        Arena {
            base: base.0 & !(Self::FRAME - 1),
            words: std::vec![F::Word::ZERO; frames * Self::FRAME_WORDS],
            counts: std::vec![None; frames],
            free: Vec::new(),
            next: 0,
            steps: Vec::new(),
            counted: true,
            ration: None,
        }
    }

    /// The same without counts of entries: operations then look at a table to see whether it is empty.
    #[must_use]
    pub fn without_counts(mut self) -> Self {
        self.counted = false;
        self
    }

    /// After so many more tables there are none; `None` lifts that again. How a test makes each allocation fail.
    pub fn ration(&mut self, tables: Option<usize>) {
        self.ration = tables;
    }

    /// Frames that are allocated now.
    #[must_use]
    pub fn live_frames(&self) -> usize {
        self.counts.iter().flatten().count()
    }

    /// The maintenance steps since the last call, in order.
    pub fn take_steps(&mut self) -> Vec<F::Step> {
        core::mem::take(&mut self.steps)
    }

    fn frame(&self, address: Phys) -> Option<usize> {
        let frame = usize::try_from(address.0.checked_sub(self.base)? / Self::FRAME).ok()?;
        (frame < self.counts.len()).then_some(frame)
    }

    fn frames_of(layout: TableLayout) -> usize {
        usize::try_from(layout.bytes.div_ceil(Self::FRAME)).unwrap_or(usize::MAX)
    }
}

impl<F: Format> World<F> for Arena<F> {
    /// Index of the table's first word.
    type Table = usize;

    #[inline]
    fn table(&self, _: Permit<Self>, address: Phys) -> usize {
        // An address from elsewhere reads as empty.
        self.frame(address).map_or(usize::MAX / 2, |frame| frame * Self::FRAME_WORDS)
    }

    #[inline]
    fn load(&self, _: Permit<Self>, table: usize, slot: usize) -> F::Word {
        self.words.get(table + slot).copied().unwrap_or(F::Word::ZERO)
    }

    #[inline]
    fn store(&mut self, _: Permit<Self>, table: usize, slot: usize, word: F::Word) {
        if let Some(place) = self.words.get_mut(table + slot) {
            *place = word;
        }
    }

    #[inline]
    fn exchange(&mut self, _: Permit<Self>, table: usize, slot: usize, word: F::Word) -> F::Word {
        self.words.get_mut(table + slot).map_or(F::Word::ZERO, |place| core::mem::replace(place, word))
    }

    #[inline]
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: usize,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        match self.words.get_mut(table + slot) {
            Some(place) if *place == current => *place = new,
            Some(place) => return Err(*place),
            None => return Err(F::Word::ZERO),
        }
        Ok(())
    }

    fn step(&mut self, step: F::Step) {
        self.steps.push(step);
    }

    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        if let Some(ration) = &mut self.ration {
            *ration = ration.checked_sub(1)?;
        }
        let frames = Self::frames_of(layout);
        let alignment = usize::try_from(layout.alignment.div_ceil(Self::FRAME)).ok()?;
        let frame = match self.free.pop() {
            Some(frame) if frames == 1 => frame,
            kept => {
                self.free.extend(kept);
                let frame = self.next.next_multiple_of(alignment.max(1));
                if frames > self.counts.len().saturating_sub(frame) {
                    return None;
                }
                self.free.extend(self.next..frame);
                self.next = frame + frames;
                frame
            }
        };
        self.counts[frame..frame + frames].fill(Some(0));
        self.words[frame * Self::FRAME_WORDS..(frame + frames) * Self::FRAME_WORDS].fill(F::Word::ZERO);
        Some(Fresh { address: Phys(self.base + frame as u64 * Self::FRAME), zeroed: true })
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        let Some(frame) = self.frame(address) else { return };
        for frame in frame..(frame + Self::frames_of(layout)).min(self.counts.len()) {
            if self.counts[frame].take().is_some() {
                self.free.push(frame);
            }
        }
    }

    fn count(&mut self, table: usize, delta: isize) -> Option<usize> {
        let count = self.counts.get_mut(table / Self::FRAME_WORDS)?.as_mut()?;
        *count = count.saturating_add_signed(delta);
        self.counted.then_some(*count)
    }
}
