//! The checks of what may be used: promises, releases, accesses, code.

use crate::check::{Broken, Checked, Rule};
use crate::event::Domain;
use crate::machine::{Code, Machine, Mapped, Promise};
use crate::memory::{NONE, Place};
use crate::semantics::{Decoded, Leaf, Path, Semantics, low_bits};
use crate::tlbi::EntryKind;
use crate::walk::Node;

/// Where a walk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Number of the level.
    pub level: i32,
    /// The descriptor.
    pub word: u64,
    /// If it is a leaf: its first input address, and what it means.
    pub leaf: Option<(u64, Leaf)>,
}

impl<S: Semantics> Machine<S> {
    /// Number of the level of the entries in a node's table.
    pub(crate) fn level_number(&self, node: u32) -> i32 {
        let node = &self.graph.nodes[node as usize];
        let below = if node.kind == EntryKind::Root { 0 } else { usize::from(node.level) + 1 };
        self.geometry.levels.get(below).map_or(0, |level| level.number)
    }

    /// "A plain store over a live entry can lose that update, which is a violation."
    pub(crate) fn check_lost_update(&self, place: Place, word: u64) -> Checked {
        let set = self.walker_may_set(place);
        let old = self.memory.newest(place).map_or(0, |version| version.value);
        if set == 0 || old == word {
            return Ok(());
        }
        Err(Broken::new(Rule::LostUpdate, None, format!("the walker may set {set:#x} in {place}")))
    }

    /// Where a walk of the newest values of memory ends for an address: index of the level, the word there, and its leaf.
    fn ends_at(&self, context: usize, va: u64) -> (usize, u64, Option<(u64, Leaf)>) {
        let levels = &self.geometry.levels;
        let Some(context) = self.contexts.get(context) else { return (0, 0, None) };
        let mut page = context.root;
        let mut path = Path::ROOT;
        for (index, level) in levels.iter().enumerate() {
            let bits = if index == 0 { self.geometry.width } else { level.shift + level.bits };
            let slot = ((va & low_bits(bits)) >> level.shift) as u32;
            let Some(version) = self.memory.newest(Place { page, slot }) else { return (index, 0, None) };
            let word = version.value;
            match self.semantics.decode(level.number, word, path) {
                Decoded::Leaf(leaf) => return (index, word, Some((va & !low_bits(level.shift), leaf))),
                Decoded::Table { next, path: passed } => match self.memory.page_at(next) {
                    Some(next) => (page, path) = (next, passed),
                    None => return (index, word, None),
                },
                Decoded::Invalid | Decoded::Reserved => return (index, word, None),
            }
        }
        (levels.len().saturating_sub(1), 0, None)
    }

    /// The leaves that the newest values of memory give for an address: where the walk ends, and what it finds.
    fn translate(&self, context: usize, va: u64) -> (usize, Option<(u64, Leaf)>) {
        let (level, _, leaf) = self.ends_at(context, va);
        (level, leaf)
    }

    /// Where a walk of the newest values of memory ends, from the first context's root. No event: nothing becomes cached.
    #[must_use]
    pub fn newest(&self, va: u64) -> Found {
        let (level, word, leaf) = self.ends_at(0, va);
        Found { level: self.geometry.levels.get(level).map_or(0, |level| level.number), word, leaf }
    }

    /// The words of all tables that the first context reaches, in the order of a walk, tables by their place and not by their
    /// address: equal for equal tables. And how many tables there are.
    #[must_use]
    pub fn contents(&self) -> (Vec<u64>, usize) {
        let (mut words, mut tables) = (Vec::new(), 0);
        if let Some(context) = self.contexts.first() {
            self.contents_of(context.root, 0, (&mut words, &mut tables));
        }
        (words, tables)
    }

    fn contents_of(&self, page: u32, index: usize, into: (&mut Vec<u64>, &mut usize)) {
        let (words, tables) = into;
        *tables += 1;
        let Some(level) = self.geometry.levels.get(index) else { return };
        for slot in 0..self.memory.slots(page) as u32 {
            let word = self.memory.newest(Place { page, slot }).map_or(0, |version| version.value);
            match self.semantics.decode(level.number, word, Path::ROOT) {
                Decoded::Table { next, .. } => {
                    words.push(u64::MAX);
                    let next = self.memory.page_at(next).unwrap_or(u32::MAX);
                    self.contents_of(next, index + 1, (&mut *words, &mut *tables));
                }
                _ => words.push(word),
            }
        }
    }

    /// Where large pages are cached in pieces, an invalidation of one address drops all pieces only of a page that the address
    /// still lies in: log2 of the region where a walk of the newest values ends.
    pub(crate) fn mapped_shift(&self, va: u64) -> u32 {
        let (level, _) = self.translate(0, va);
        self.geometry.levels.get(level).map_or(0, |level| level.shift)
    }

    /// "A data page released while in `may_tlb`: use after free."
    pub(crate) fn check_release(&self, first: u64, last: u64) -> Checked {
        for (number, observer) in self.observers.iter().enumerate() {
            let lists = observer.leaves.iter().chain(&observer.combined);
            for &head in lists.flat_map(|list| list.values()) {
                let mut at = head;
                while at != NONE {
                    let node = &self.graph.nodes[at as usize];
                    let from = node.leaf.output;
                    let to = from | low_bits(node.shift.into());
                    if from <= last && first <= to {
                        let detail = format!("{:#x} may be reached through {:#x}", first.max(from), node.va);
                        return Err(Broken::new(Rule::DataInUse, number as u8, detail));
                    }
                    at = node.next;
                }
            }
        }
        Ok(())
    }

    /// Whether a walk of this observer may find nothing for an address of the range, or still act on having found nothing:
    /// one such address.
    fn may_fault(&self, observer: usize, first: u64, last: u64) -> Option<u64> {
        let o = &self.observers[observer];
        let mut found = None;
        for (level, list) in o.negatives.iter().enumerate() {
            self.overlapping(list, self.geometry.levels[level].shift, (first, last), |_, node| {
                found = found.or(Some(node.va.max(first)));
            });
        }
        if found.is_some() {
            return found;
        }
        for &root in &o.roots {
            let node = &self.graph.nodes[root as usize];
            if node.live {
                found = found.or(self.may_find_nothing(node, 0, first, last));
            }
        }
        for (level, list) in o.walks.iter().enumerate() {
            self.overlapping(list, self.geometry.levels[level].shift, (first, last), |_, node| {
                found = found.or_else(|| self.may_find_nothing(node, level + 1, first, last));
            });
        }
        found
    }

    /// The same from one table.
    fn may_find_nothing(&self, node: &Node, below: usize, first: u64, last: u64) -> Option<u64> {
        let level = self.geometry.levels.get(below)?;
        let view = node.view.join(self.observers[usize::from(node.observer)].floor);
        let (first, last) = if node.kind == EntryKind::Root {
            let low = low_bits(self.geometry.width);
            (first & low, last & low)
        } else {
            let reach = low_bits(node.shift.into());
            (first.max(node.va) & reach, last.min(node.va | reach) & reach)
        };
        for slot in first >> level.shift..=last >> level.shift {
            let place = Place { page: node.page, slot: slot as u32 };
            let mut nothing = false;
            self.memory.window(place, &view, |version| {
                nothing |= match self.semantics.decode(level.number, version.value, Path::ROOT) {
                    Decoded::Invalid => true,
                    Decoded::Leaf(leaf) => !leaf.accessed && !self.rules.updates,
                    _ => false,
                };
                !nothing
            });
            if nothing {
                return Some(node.va | slot << level.shift);
            }
        }
        None
    }

    /// "An accessor PE ... must not fault."
    pub(crate) fn check_touch(&self, pe: u8, va: u64) -> Checked {
        match self.may_fault(pe.into(), va, va) {
            Some(_) => Err(Broken::new(Rule::Faults, pe, format!("{va:#x} may fault"))),
            None => Ok(()),
        }
    }

    /// "What may be used equals the abstract map for the range", and "a new mapping is guaranteed visible to the PE that made it".
    pub(crate) fn check_promise(&self, pe: u8, promise: &Promise) -> Checked {
        for observer in 0..self.observers.len() {
            self.check_used(observer, promise)?;
        }
        // "IPAS2E1IS; `dsb ish`; VMALLE1IS (combined entries); `dsb ish`; `isb`", for walk entries as for leaves.
        let pes = self.observers.iter().take(self.pes()).zip(0_u8..);
        if let Some((_, owing)) = pes.clone().find(|(o, _)| o.owes_combined) {
            return Err(Broken::new(Rule::Stale, owing, "combined entries outlive what they went through"));
        }
        // `may_prefetch`: what this PE obtained through what it has removed stays usable.
        if pes.clone().any(|(o, number)| number == pe && o.unsynchronised) {
            return Err(Broken::new(Rule::Stale, pe, "this PE did not synchronise after an invalidation"));
        }
        // x86: "store; tolerate a spurious fault".
        for mapped in promise.mapped.iter().filter(|_| !self.rules.spurious) {
            if let Some(va) = self.may_fault(pe.into(), mapped.first, mapped.last) {
                return Err(Broken::new(Rule::NotVisible, pe, format!("{va:#x} may fault")));
            }
        }
        Ok(())
    }

    fn check_used(&self, observer: usize, promise: &Promise) -> Checked {
        let range = (promise.first, promise.last);
        let mut broken = None;
        let o = &self.observers[observer];
        for lists in [&o.leaves, &o.combined] {
            for (class, list) in lists.iter().enumerate() {
                self.overlapping(list, self.class_shift(class), range, |_, node| {
                    if broken.is_none() {
                        broken = self.unpromised(node.va, node.shift, &node.leaf, promise, Some(node));
                    }
                });
            }
        }
        for used in &o.prefetched {
            broken = broken.or_else(|| self.unpromised(used.va, used.shift, &used.leaf, promise, None));
        }
        match broken {
            Some(va) => {
                Err(Broken::new(Rule::Stale, observer as u8, format!("{va:#x} may still be used as it was")))
            }
            None => Ok(()),
        }
    }

    /// The first address of a translation that the promise does not allow.
    fn unpromised(
        &self,
        va: u64,
        shift: u8,
        leaf: &Leaf,
        promise: &Promise,
        node: Option<&Node>,
    ) -> Option<u64> {
        let mut at = va.max(promise.first);
        let last = (va | low_bits(shift.into())).min(promise.last);
        if at > last {
            return None;
        }
        let allows = |mapped: &Mapped, at: u64| {
            mapped.first <= at
                && at <= mapped.last
                && leaf.acts_as(&mapped.leaf)
                && leaf.output.wrapping_add(at - va) == mapped.leaf.output.wrapping_add(at - mapped.first)
        };
        loop {
            let index = promise.mapped.partition_point(|mapped| mapped.last < at);
            let mut found = promise.mapped.get(index).filter(|mapped| allows(mapped, at));
            found = found.or_else(|| promise.lazily.iter().find(|mapped| allows(mapped, at)));
            let end = match (found, node) {
                (Some(mapped), _) => mapped.last,
                // A piece that was invalidated is not used.
                (None, Some(node)) if self.is_cleared(node, at) => {
                    at | low_bits(self.geometry.levels.last().map_or(0, |level| level.shift))
                }
                (None, _) => return Some(at),
            };
            if end >= last {
                return None;
            }
            at = end + 1;
        }
    }

    /// An instruction cache forgets.
    pub(crate) fn clean_code(&mut self, pe: u8, page: Option<u64>, domain: Domain) {
        let at_once = self.rules.immediate;
        for ((at, owner), state) in &mut self.code {
            let reached = domain != Domain::Local || *owner == pe;
            if page.is_none_or(|page| page == *at) && reached && *state == Code::Stale {
                *state = if at_once { Code::Unsynchronised } else { Code::Issued(pe) };
            }
        }
        if at_once {
            self.synchronise_code(pe);
        }
    }

    /// A DSB completes what its PE told instruction caches.
    pub(crate) fn complete_code(&mut self, pe: u8) -> bool {
        let mut some = false;
        for state in self.code.values_mut().filter(|state| **state == Code::Issued(pe)) {
            *state = Code::Unsynchronised;
            some = true;
        }
        some
    }

    /// A PE discards what it fetched before.
    pub(crate) fn synchronise_code(&mut self, pe: u8) -> bool {
        let before = self.code.len();
        self.code.retain(|(_, owner), state| *owner != pe || *state != Code::Unsynchronised);
        self.code.len() != before
    }

    /// "Also IC IVAU/IALLU(IS), `dsb`, `isb` before execution."
    pub(crate) fn check_fetch(&self, pe: u8, va: u64) -> Checked {
        self.check_touch(pe, va)?;
        let (_, Some((base, leaf))) = self.translate(0, va) else {
            return Err(Broken::new(Rule::Faults, pe, format!("{va:#x} is not mapped")));
        };
        let granule = self.geometry.levels.last().map_or(0, |level| level.shift);
        let page = leaf.output.wrapping_add(va - base) & !low_bits(granule);
        match self.code.get(&(page, pe)) {
            Some(_) => Err(Broken::new(Rule::StaleCode, pe, format!("{va:#x} was written as data"))),
            None => Ok(()),
        }
    }
}
