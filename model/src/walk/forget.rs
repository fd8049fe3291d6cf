//! Forgetting: invalidations that complete, pieces of large pages, and faults that a PE no longer acts on.

use super::{Node, Prefetched};
use crate::arch::Faults;
use crate::machine::Machine;
use crate::memory::NONE;
use crate::semantics::{Semantics, low_bits};
use crate::tlbi::{EntryKind, Pending, Regime, What};

impl<S: Semantics> Machine<S> {
    /// Whether nothing in memory gives this entry any more.
    pub(crate) fn is_stale(&self, id: u32) -> bool {
        self.graph.node(id).first_in == NONE
    }

    /// The entries of an observer that an invalidation covers, sources before what they lead to.
    pub(crate) fn covered(&self, observer: usize, pending: &Pending) -> Vec<u32> {
        let mut found = Vec::new();
        let regime = self.rules.regime;
        let o = &self.observers[observer];
        let range = match pending.invalidate.what {
            What::Address(va) => (va, va),
            What::Range(first, last) => (first, last),
            What::All | What::Combined | What::BothStages => (0, u64::MAX),
        };
        let everywhere = (0, u64::MAX);
        let mut note = |id: u32, node: &Node| {
            if pending.covers(regime, &self.tags(node)) {
                found.push(id);
            }
        };
        if pending.invalidate.what == What::Combined {
            // All others would survive.
            for &id in &o.stale_combined {
                let node = self.graph.node(id);
                if node.live && node.kind == EntryKind::Combined && usize::from(node.observer) == observer {
                    note(id, node);
                }
            }
            return found;
        }
        for (level, list) in o.walks.iter().enumerate() {
            let range = if pending.invalidate.all_walks { everywhere } else { range };
            self.overlapping(list, self.geometry.levels[level].shift, range, &mut note);
        }
        for (class, list) in o.leaves.iter().enumerate() {
            self.overlapping(list, self.class_shift(class), range, &mut note);
        }
        if pending.invalidate.what == What::BothStages {
            for (class, list) in o.combined.iter().enumerate() {
                self.overlapping(list, self.class_shift(class), range, &mut note);
            }
        }
        if self.rules.faults == Faults::Cached {
            for (level, list) in o.negatives.iter().enumerate() {
                self.overlapping(list, self.geometry.levels[level].shift, range, &mut note);
            }
        }
        found
    }

    /// Removes what is covered "unless it is in the survivor set".
    pub(crate) fn complete(&mut self, observer: usize, pending: &Pending) {
        let issuer = usize::from(pending.issuer) == observer;
        for id in self.covered(observer, pending) {
            let node = self.graph.node(id);
            if !node.live {
                continue;
            }
            let filled = if pending.invalidate.leaves_sources() { node.fresh } else { node.chain };
            if node.first_in != NONE || filled >= pending.time {
                continue;
            }
            let large = pending.region != 0 && u32::from(node.shift) > pending.region;
            if let What::Address(va) = pending.invalidate.what
                && large
                && node.kind == EntryKind::Leaf
                && self.clear_piece(id, va & !low_bits(pending.region), pending.region)
            {
                continue;
            }
            if issuer && self.rules.prefetches {
                let node = self.graph.node(id);
                let (va, shift, leaf, kind) = (node.va, node.shift, node.leaf, node.kind);
                let o = &mut self.observers[observer];
                o.unsynchronised = true;
                if kind == EntryKind::Leaf {
                    o.prefetched.push(Prefetched { va, shift, leaf });
                }
            }
            self.observers[observer].owes_combined |= self.rules.regime == Regime::Stage2;
            self.remove(id);
        }
        if matches!(pending.invalidate.what, What::Combined | What::BothStages) {
            self.observers[observer].owes_combined = false;
        }
        if pending.invalidate.what == What::Combined {
            let mut stale = std::mem::take(&mut self.observers[observer].stale_combined);
            stale.retain(|&id| {
                let node = self.graph.node(id);
                node.live && node.kind == EntryKind::Combined && usize::from(node.observer) == observer
            });
            stale.sort_unstable();
            stale.dedup();
            self.observers[observer].stale_combined = stale;
        }
    }

    /// Notes that a region of `1 << shift` bytes of a large page is gone, with all pieces in it; whether others remain.
    pub(super) fn clear_piece(&mut self, id: u32, piece: u64, shift: u32) -> bool {
        let node = &mut self.graph.nodes[id as usize];
        if !node.cleared.iter().any(|&(first, known)| known >= shift && piece & !low_bits(known) == first) {
            node.cleared.retain(|&(first, _)| first & !low_bits(shift) != piece);
            node.cleared.push((piece, shift));
        }
        let gone: u64 = node.cleared.iter().map(|&(_, shift)| 1 << shift).sum();
        gone < 1 << node.shift
    }

    /// Whether the piece of a large page at an address was invalidated.
    pub(crate) fn is_cleared(&self, node: &Node, va: u64) -> bool {
        node.cleared.iter().any(|&(first, shift)| va & !low_bits(shift) == first)
    }

    /// A PE synchronises its context: faults that it obtained before are gone, unless a walk still finds them.
    pub(crate) fn forget_faults(&mut self, observer: usize) -> bool {
        let mut gone = Vec::new();
        for list in &self.observers[observer].negatives {
            for &head in list.values() {
                let mut at = head;
                while at != NONE {
                    let node = self.graph.node(at);
                    if node.first_in == NONE {
                        gone.push(at);
                    }
                    at = node.next;
                }
            }
        }
        for &id in &gone {
            self.remove(id);
        }
        !gone.is_empty()
    }
}
