//! The world itself, with an allocator that hands out memory as nobody left it, and the switches of the deletion experiment.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;

use ptdsl::{Config, Format, Fresh, Permit, Phys, TableLayout, Word, World};

use super::format::{Described, Meaning, geometry};
use super::steps::{Family, Spelled, spell};
use crate::arch::Rules;
use crate::check::{Rule, Violation};
use crate::checks::Found;
use crate::event::{Accesses, Act, Order};
use crate::machine::{Machine, Mapped, Promise};
use crate::memory::Place;
use crate::semantics::{Decoded, Path, Semantics};

/// Where in the runtime or in generated code a step or store stands.
pub type Site = &'static Location<'static>;

/// What the deletion experiment does at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// Leaves it out.
    Drop,
    /// A barrier orders stores only (`ish` to `ishst`); an invalidation acts on its own PE alone.
    Weaken,
}

/// One site changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// Where.
    pub site: Site,
    /// How.
    pub how: How,
}

/// Table memory starts here; data pages of tests lie above [`DATA`](Model::DATA).
const FRAMES: u64 = 0x4000_0000;

#[derive(Clone, Debug)]
struct Inner<F: Format> {
    machine: Machine<Described<F>>,
    violation: Option<Box<Violation>>,
}

impl<F: Format> Inner<F> {
    fn apply(&mut self, pe: u8, act: Act) -> u64 {
        if self.violation.is_some() {
            // The first violation counts; the run only has to end.
            return match act {
                Act::Load(place) | Act::LoadAcquire(place) | Act::Exchange(place, _) => {
                    self.machine.value(place).unwrap_or(0)
                }
                _ => 0,
            };
        }
        match self.machine.apply(pe, act) {
            Ok(value) => value,
            Err(violation) => {
                self.violation = Some(violation);
                0
            }
        }
    }
}

/// The runtime's world over a machine. A violation ends the modelling; see [`finish`](Model::finish).
#[derive(Clone, Debug)]
pub struct Model<F: Format> {
    inner: RefCell<Inner<F>>,
    family: Family,
    rules: Rules,
    pe: u8,
    /// Freed frames by layout, and the first never used.
    free: Vec<(u64, u64)>,
    next: u64,
    /// The ledger: what is handed out, with its size.
    live: BTreeMap<u64, u64>,
    budget: Option<usize>,
    mutation: Option<Mutation>,
    sites: BTreeMap<Site, (&'static str, u64)>,
    recording: bool,
    /// An IOMMU walks the tables too: it is told of each invalidation.
    iommu: bool,
}

impl<F: Format> Model<F> {
    /// Physical addresses from here on are never table memory.
    pub const DATA: u64 = 0x8000_0000;

    /// A machine for tables of that configuration, with `pes` PEs. An IOMMU that walks them too is told of each invalidation,
    /// as a system does that shares tables with devices, and awaited where a PE awaits its own.
    #[must_use]
    pub fn new(
        config: &Config<F>,
        meaning: Meaning,
        family: Family,
        rules: Rules,
        pes: usize,
        iommu: bool,
    ) -> Self {
        let machine = Machine::new(Described::new(meaning), geometry(config), rules, pes, iommu);
        Model {
            inner: RefCell::new(Inner { machine, violation: None }),
            family,
            rules,
            pe: 0,
            free: Vec::new(),
            next: FRAMES,
            live: BTreeMap::new(),
            budget: None,
            mutation: None,
            sites: BTreeMap::new(),
            recording: false,
            iommu,
        }
    }

    /// The same with one site changed.
    #[must_use]
    pub fn with_mutation(self, mutation: Option<Mutation>) -> Self {
        Model { mutation, ..self }
    }

    /// The same, noting every site that is reached.
    #[must_use]
    pub fn recording(self) -> Self {
        Model { recording: true, ..self }
    }

    /// The sites that were reached, with the step's name and how often.
    #[must_use]
    pub fn sites(&self) -> &BTreeMap<Site, (&'static str, u64)> {
        &self.sites
    }

    /// Hardware begins to walk the table: after `activate`.
    pub fn walk(&mut self, root: Phys) {
        if self.rules.tso {
            // MOV to CR3 serialises.
            self.event(Act::Dsb(crate::event::Domain::System, Accesses::Stores));
        }
        let Inner { machine, violation } = self.inner.get_mut();
        if violation.is_none() {
            let page = machine.page_at(root.0).unwrap_or(u32::MAX);
            *violation = machine.add_context(page, 0, 0).err();
        }
    }

    /// What follows happens on this PE.
    pub fn on(&mut self, pe: u8) {
        self.pe = pe;
    }

    /// An event that no operation makes: a lock, an access, a release.
    pub fn event(&mut self, act: Act) {
        let pe = self.pe;
        self.inner.get_mut().apply(pe, act);
    }

    /// Whether maintenance without need is a violation from now on.
    pub fn demand_need(&mut self, strict: bool) {
        self.inner.get_mut().machine.demand_need(strict);
    }

    /// No more than that many table pages can be had from now on; `None`: as many as one likes.
    pub fn limit(&mut self, pages: Option<usize>) {
        self.budget = pages;
    }

    /// An operation returned and promises this PE, for a range, what is mapped there.
    pub fn returned(&mut self, promise: Promise) {
        let pe = self.pe;
        let inner = self.inner.get_mut();
        if inner.violation.is_none() {
            inner.machine.promise(promise);
            inner.apply(pe, Act::Return);
        }
    }

    /// What a leaf that stands at a level means for input addresses from `first` to `last`, as a promise holds it.
    #[must_use]
    pub fn mapped(&self, first: u64, last: u64, level: i32, word: F::Word) -> Option<Mapped> {
        match self.inner.borrow().machine.semantics.decode(level, word.to_u64(), Path::ROOT) {
            Decoded::Leaf(leaf) => Some(Mapped { first, last, leaf }),
            _ => None,
        }
    }

    /// Where a walk of the newest values of memory ends. No event.
    #[must_use]
    pub fn newest(&self, va: u64) -> Found {
        self.inner.borrow().machine.newest(va)
    }

    /// From now on no walk of any PE for these input addresses may find nothing.
    pub fn watch(&mut self, first: u64, last: u64) {
        let machine = &mut self.inner.get_mut().machine;
        for pe in 0..machine.pes() as u8 {
            machine.watch(pe, first, last);
        }
    }

    /// Ends all watches.
    pub fn unwatch(&mut self) {
        self.inner.get_mut().machine.unwatch();
    }

    /// The words of all tables, addresses of tables aside, and how many tables there are.
    #[must_use]
    pub fn contents(&self) -> (Vec<u64>, usize) {
        self.inner.borrow().machine.contents()
    }

    /// How many table pages may still be had; `None`: as many as one likes.
    #[must_use]
    pub fn left(&self) -> Option<usize> {
        self.budget
    }

    /// How many events happened.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.inner.borrow().machine.count()
    }

    /// How many table pages are handed out.
    #[must_use]
    pub fn live_pages(&self) -> usize {
        self.live.len()
    }

    /// The first rule that was broken so far.
    pub fn violation(&mut self) -> Option<&Violation> {
        self.inner.get_mut().violation.as_deref()
    }

    /// The first rule that was broken.
    ///
    /// # Errors
    /// It.
    pub fn finish(self) -> Result<(), Box<Violation>> {
        self.inner.into_inner().violation.map_or(Ok(()), Err)
    }

    fn break_rule(&mut self, rule: Rule, detail: String) {
        let violation = &mut self.inner.get_mut().violation;
        violation
            .get_or_insert_with(|| Box::new(Violation { rule, detail, observer: None, trace: Vec::new() }));
    }

    fn note(&mut self, site: Site, name: &'static str) -> Option<How> {
        if self.recording {
            self.sites.entry(site).or_insert((name, 0)).1 += 1;
        }
        self.mutation.filter(|mutation| mutation.site == site).map(|mutation| mutation.how)
    }

    /// An atomic exchange: for worlds that have one.
    pub fn exchange_at(&mut self, table: u32, slot: usize, word: F::Word) -> F::Word {
        let pe = self.pe;
        let place = Place { page: table, slot: slot as u32 };
        F::Word::from_u64(self.inner.get_mut().apply(pe, Act::Exchange(place, word.to_u64())))
    }

    /// An atomic compare-exchange: for worlds that have one.
    ///
    /// # Errors
    /// What stands there instead.
    pub fn compare_exchange_at(
        &mut self,
        table: u32,
        slot: usize,
        old: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        let pe = self.pe;
        let place = Place { page: table, slot: slot as u32 };
        let act = Act::CompareExchange { place, expected: old.to_u64(), new: new.to_u64() };
        let found = F::Word::from_u64(self.inner.get_mut().apply(pe, act));
        if found == old { Ok(()) } else { Err(found) }
    }

    /// A store, plain or as a release.
    pub fn store_at(&mut self, table: u32, slot: usize, word: F::Word, order: Order) {
        let pe = self.pe;
        let place = Place { page: table, slot: slot as u32 };
        self.inner.get_mut().apply(pe, Act::Store(place, word.to_u64(), order));
    }

    /// What the IOMMU is told when a PE does this.
    fn tell_iommu(&mut self, act: Act) {
        match act {
            Act::Invalidate(invalidate) if self.iommu => self.event(Act::IommuInvalidate(invalidate)),
            Act::Dsb(_, Accesses::All) if self.iommu => {
                let strict = self.inner.get_mut().machine.is_strict();
                self.demand_need(false);
                self.event(Act::IommuSync);
                self.demand_need(strict);
            }
            _ => {}
        }
    }

    /// An invalidation that each PE performs for itself: here, then, by an interrupt, on every other.
    fn everywhere(&mut self, invalidate: crate::tlbi::Invalidate, how: Option<How>) {
        let pe = self.pe;
        let Inner { machine, .. } = self.inner.get_mut();
        let pes = machine.pes() as u8;
        self.event(Act::Invalidate(invalidate));
        if self.iommu {
            self.event(Act::IommuInvalidate(invalidate));
            self.event(Act::IommuSync);
        }
        if how == Some(How::Weaken) || pes == 1 {
            return;
        }
        // What the senders of such interrupts do themselves: a fence, so that the other sees the stores.
        let strict = self.inner.get_mut().machine.is_strict();
        self.demand_need(false);
        self.event(Act::Dmb(crate::event::Domain::System, Accesses::All));
        for other in (0..pes).filter(|other| *other != pe) {
            self.event(Act::Interrupt(other));
            self.inner.get_mut().apply(other, Act::Invalidate(invalidate));
        }
        self.demand_need(strict);
    }
}

/// The weaker form of an event; `None` where there is none.
fn weakened(act: Act) -> Option<Act> {
    match act {
        Act::Dsb(domain, Accesses::All) => Some(Act::Dsb(domain, Accesses::Stores)),
        Act::Dmb(domain, Accesses::All | Accesses::Stores) => Some(Act::Dmb(domain, Accesses::Loads)),
        Act::Dsb(domain, Accesses::Stores) => Some(Act::Dsb(domain, Accesses::Loads)),
        Act::Invalidate(invalidate) => Some(Act::Invalidate(invalidate.local())),
        _ => None,
    }
}

impl<F: Format> World<F> for Model<F> {
    /// The page's number in the machine.
    type Table = u32;

    fn table(&self, _: Permit<Self>, address: Phys) -> u32 {
        self.inner.borrow().machine.page_at(address.0).unwrap_or(u32::MAX)
    }

    fn load(&self, _: Permit<Self>, table: u32, slot: usize) -> F::Word {
        let place = Place { page: table, slot: slot as u32 };
        F::Word::from_u64(self.inner.borrow_mut().apply(self.pe, Act::Load(place)))
    }

    #[track_caller]
    fn store(&mut self, _: Permit<Self>, table: u32, slot: usize, word: F::Word) {
        if self.note(Location::caller(), "store") != Some(How::Drop) {
            self.store_at(table, slot, word, Order::Plain);
        }
    }

    #[track_caller]
    fn exchange(&mut self, _: Permit<Self>, table: u32, slot: usize, word: F::Word) -> F::Word {
        let place = Place { page: table, slot: slot as u32 };
        match self.note(Location::caller(), "exchange") {
            None => self.exchange_at(table, slot, word),
            how => {
                let old = self.inner.borrow_mut().apply(self.pe, Act::Load(place));
                if how == Some(How::Weaken) {
                    self.store_at(table, slot, word, Order::Plain);
                }
                F::Word::from_u64(old)
            }
        }
    }

    #[track_caller]
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: u32,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        match self.note(Location::caller(), "compare_exchange") {
            None => self.compare_exchange_at(table, slot, current, new),
            Some(How::Drop) => Ok(()),
            Some(How::Weaken) => {
                self.store_at(table, slot, new, Order::Plain);
                Ok(())
            }
        }
    }

    #[track_caller]
    fn step(&mut self, step: F::Step) {
        let name = F::step_name(step);
        let how = self.note(Location::caller(), name);
        if how == Some(How::Drop) {
            return;
        }
        let operand = F::step_operand(step, 0).unwrap_or(0);
        match spell(self.family, &self.rules, name, operand, F::GRANULE_SHIFT) {
            Some(Spelled::Event(act)) if how == Some(How::Weaken) => {
                if let Some(act) = weakened(act) {
                    self.event(act);
                }
            }
            Some(Spelled::Event(act)) => {
                self.event(act);
                self.tell_iommu(act);
            }
            Some(Spelled::Everywhere(invalidate)) => self.everywhere(invalidate, how),
            Some(Spelled::WrongGranule) => {
                self.break_rule(Rule::Operand, format!("{name} {operand:#x} names another granule"));
            }
            None => self.break_rule(Rule::Operand, format!("the model does not know {name}")),
        }
    }

    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        if let Some(budget) = &mut self.budget {
            *budget = budget.checked_sub(1)?;
        }
        let size = layout.bytes.max(layout.alignment);
        let base = match self.free.iter().position(|(_, bytes)| *bytes == size) {
            Some(index) => self.free.swap_remove(index).0,
            None => {
                let base = self.next.next_multiple_of(layout.alignment.max(1));
                self.next = base + size;
                base
            }
        };
        self.live.insert(base, layout.bytes);
        let slots = (layout.bytes / F::Word::BYTES) as usize;
        let _ = self.inner.get_mut().machine.allocate(base, slots, None);
        Some(Fresh { address: Phys(base), zeroed: false })
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        if self.live.remove(&address.0) != Some(layout.bytes) {
            let detail = format!("{:#x}, {} bytes, was not handed out", address.0, layout.bytes);
            return self.break_rule(Rule::TableInUse, detail);
        }
        self.free.push((address.0, layout.bytes.max(layout.alignment)));
        let page = self.inner.get_mut().machine.page_at(address.0).unwrap_or(u32::MAX);
        self.event(Act::Free(page));
    }
}
