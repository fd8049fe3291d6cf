//! The machine: PEs, memory and translation hardware, one event at a time.

use std::collections::{HashMap, VecDeque};

use crate::arch::Rules;
use crate::check::{Broken, Checked, Rule, Violation};
use crate::event::{Accesses, Act, Domain, Event, Order};
use crate::memory::{Memory, Place, Version};
use crate::semantics::{Decoded, Geometry, Semantics};
use crate::tlbi::{Pending, What};
use crate::view::{MAX_PES, View};
use crate::walk::{Context, Graph, Observer};

/// How many events a violation shows.
const SHOWN: usize = 24;

/// A PE as the memory model sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Pe {
    /// What it made and what it observed through acquires.
    clock: View,
    /// What its stores carry: what was ordered before them.
    carried: View,
    /// The VMID that its invalidations mean; `None` from selecting another until the next context synchronisation.
    vmid: Option<u16>,
    selected: u16,
}

/// A range that an operation promises, with what may be used there when it returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// First input address.
    pub first: u64,
    /// Last input address.
    pub last: u64,
    /// What is mapped there now, ascending, without overlap.
    pub mapped: Vec<Mapped>,
    /// "For lazy rows only: no more than old and new together": what may also still be used.
    pub lazily: Vec<Mapped>,
}

/// Input addresses that translate to consecutive outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// First input address.
    pub first: u64,
    /// Last input address.
    pub last: u64,
    /// As the leaf acts, with the output of the first address.
    pub leaf: crate::semantics::Leaf,
}

/// How far the instruction cache of a PE is behind the code in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Stale,
    /// Invalidated by a PE, not complete.
    Issued(u8),
    /// Complete, but this PE has not synchronised since.
    Unsynchronised,
}

/// A machine with tables of one format: see the crate's documentation for what it models.
#[derive(Clone, Debug)]
pub struct Machine<S> {
    pub(crate) semantics: S,
    pub(crate) geometry: Geometry,
    pub(crate) rules: Rules,
    pub(crate) memory: Memory,
    pub(crate) graph: Graph,
    /// One for each PE, then the IOMMU's if there is one.
    pub(crate) observers: Vec<Observer>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) group_bits: u32,
    pub(crate) watched: Vec<(u8, u64, u64)>,
    pub(crate) now: u64,
    pub(crate) code: HashMap<(u64, u8), Code>,
    pes: Vec<Pe>,
    iommu: bool,
    locks: Vec<View>,
    pending: Vec<Pending>,
    commands: Vec<Pending>,
    promises: Vec<Promise>,
    /// Whether maintenance without need is a violation now.
    strict: bool,
    events: VecDeque<Event>,
    count: u64,
}

impl<S: Semantics> Machine<S> {
    /// A machine without tables. `pes`: 1 to 4.
    #[must_use]
    pub fn new(semantics: S, geometry: Geometry, rules: Rules, pes: usize, iommu: bool) -> Self {
        let pes = pes.clamp(1, MAX_PES);
        let levels = geometry.levels.len();
        let observers = (0..pes + usize::from(iommu)).map(|_| Observer::new(levels)).collect();
        let pe = Pe { vmid: Some(0), ..Pe::default() };
        Machine {
            semantics,
            geometry,
            rules,
            memory: Memory::default(),
            graph: Graph::default(),
            observers,
            contexts: Vec::new(),
            group_bits: 4,
            watched: Vec::new(),
            now: 1,
            code: HashMap::new(),
            pes: vec![pe; pes],
            iommu,
            locks: Vec::new(),
            pending: Vec::new(),
            commands: Vec::new(),
            promises: Vec::new(),
            strict: false,
            events: VecDeque::with_capacity(SHOWN + 1),
            count: 0,
        }
    }

    /// How many PEs there are.
    #[must_use]
    pub fn pes(&self) -> usize {
        self.pes.len()
    }

    /// How many events happened.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A table page of `slots` descriptors at a physical address, which hold `value`, or were never written (`None`): a walk
    /// that reads those is a violation. The number of the page.
    pub fn allocate(&mut self, base: u64, slots: usize, value: Option<u64>) -> u32 {
        self.memory.add(base, slots, value)
    }

    /// Sets a descriptor before anything happens: no store, visible to all.
    pub fn preset(&mut self, place: Place, word: u64) {
        self.memory.preset(place, word);
    }

    /// The table page at a physical address.
    #[must_use]
    pub fn page_at(&self, base: u64) -> Option<u32> {
        self.memory.page_at(base)
    }

    /// The newest value of a place; `None` where nothing was ever written.
    #[must_use]
    pub fn value(&self, place: Place) -> Option<u64> {
        self.memory.newest(place).filter(|version| version.written).map(|version| version.value)
    }

    /// A root for walks, with the ASID (PCID) and VMID of what they find. All observers may walk it from now on. Its number.
    ///
    /// # Errors
    /// What a walk finds there may already break a rule.
    pub fn add_context(&mut self, root: u32, space: u16, vmid: u16) -> Result<u8, Box<Violation>> {
        let context = self.add_idle_context(root, space, vmid);
        for observer in 0..self.observers.len() as u8 {
            self.set_root(observer, context, true).map_err(|broken| self.report(*broken))?;
        }
        Ok(context)
    }

    /// The same, but nobody walks it until [`Act::Enter`].
    pub fn add_idle_context(&mut self, root: u32, space: u16, vmid: u16) -> u8 {
        let context = self.contexts.len() as u8;
        self.contexts.push(Context { root, space, vmid });
        for observer in 0..self.observers.len() as u8 {
            self.add_root(observer, context);
        }
        context
    }

    /// From now on maintenance without need is a violation, or no longer.
    pub fn demand_need(&mut self, strict: bool) {
        self.strict = strict;
    }

    /// Whether maintenance without need is a violation.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// From now on no walk of this PE for these input addresses may find nothing: "an accessor PE that touches the kept part of a
    /// block during a split must not fault".
    pub fn watch(&mut self, pe: u8, first: u64, last: u64) {
        self.watched.push((pe, first, last));
    }

    /// Ends all watches: the caller gave the `Quiesced` promise, or the operation is over.
    pub fn unwatch(&mut self) {
        self.watched.clear();
    }

    /// What the next [`Act::Return`] checks.
    pub fn promise(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    fn report(&self, broken: Broken) -> Box<Violation> {
        let Broken { rule, detail, observer } = broken;
        Box::new(Violation { rule, detail, observer, trace: self.events.iter().copied().collect() })
    }

    /// One event. The word that a load or an exchange returns; 0 for others.
    ///
    /// # Errors
    /// A rule that it breaks. The machine's state says nothing any more after that.
    pub fn apply(&mut self, pe: u8, act: Act) -> Result<u64, Box<Violation>> {
        // Two, so that an instruction that drains stores and then invalidates has a time for each.
        self.now += 2;
        self.count += 1;
        if self.events.len() == SHOWN {
            self.events.pop_front();
        }
        self.events.push_back(Event { time: self.count, pe, act });
        let result = if usize::from(pe) < self.pes.len() {
            self.perform(pe, act)
        } else {
            Err(Broken::new(Rule::Operand, pe, "there is no such PE"))
        };
        result.map_err(|broken| self.report(*broken))
    }

    fn perform(&mut self, pe: u8, act: Act) -> Checked<u64> {
        let me = usize::from(pe);
        match act {
            Act::Load(place) => return Ok(self.load(pe, place, self.rules.tso)?.value),
            Act::LoadAcquire(place) => return Ok(self.load(pe, place, true)?.value),
            Act::Store(place, word, order) => self.store(pe, place, word, order, false)?,
            Act::Exchange(place, word) => return self.exchange(pe, place, word),
            Act::CompareExchange { place, expected, new } => {
                let found = self.load(pe, place, true)?.value;
                if found == expected {
                    self.exchange(pe, place, new)?;
                }
                return Ok(found);
            }
            Act::Dmb(domain, accesses) => self.order(pe, domain, accesses)?,
            Act::Dsb(domain, accesses) => self.complete_all(pe, domain, accesses)?,
            Act::Isb => {
                let needed = self.synchronise(pe);
                self.need(needed, "nothing was obtained since the last synchronisation")?;
            }
            Act::Exception => {
                self.synchronise(pe);
            }
            Act::Invalidate(_) => self.invalidate(pe, act)?,
            Act::Interrupt(to) => {
                let view = if self.rules.tso { self.pes[me].clock } else { self.pes[me].carried };
                let Some(other) = self.pes.get_mut(usize::from(to)) else { return Ok(0) };
                other.clock = other.clock.join(view);
                self.synchronise(to);
            }
            Act::Lock(lock) => {
                if let Some(view) = self.locks.get(usize::from(lock)) {
                    self.pes[me].clock = self.pes[me].clock.join(*view);
                }
            }
            Act::Unlock(lock) => {
                let lock = usize::from(lock);
                if self.locks.len() <= lock {
                    self.locks.resize(lock + 1, View::NONE);
                }
                self.locks[lock] = self.locks[lock].join(self.pes[me].clock);
                self.pes[me].carried = self.pes[me].clock;
            }
            Act::Enter(context) => self.set_root(pe, context, true)?,
            Act::Leave(context) => self.set_root(pe, context, false)?,
            Act::SelectVmid(vmid) => {
                self.pes[me].selected = vmid;
                self.pes[me].vmid = None;
            }
            Act::IommuInvalidate(_) => self.command(pe, act)?,
            Act::IommuSync => self.finish_commands(pe)?,
            Act::Free(page) => self.free(page)?,
            Act::Release(first, last) => self.check_release(first, last)?,
            Act::WriteCode(page) => {
                for other in 0..self.pes.len() as u8 {
                    self.code.insert((page, other), Code::Stale);
                }
            }
            Act::CleanCode(page, domain) => self.clean_code(pe, page, domain),
            Act::Fetch(va) => self.check_fetch(pe, va)?,
            Act::Touch(va) => self.check_touch(pe, va)?,
            Act::Return => {
                for promise in std::mem::take(&mut self.promises) {
                    self.check_promise(pe, &promise)?;
                }
            }
        }
        Ok(0)
    }

    /// "Nothing was invalidated or ordered without need."
    fn need(&self, needed: bool, detail: &str) -> Checked {
        if needed || !self.strict {
            return Ok(());
        }
        Err(Broken::new(Rule::Needless, None, detail))
    }

    fn load(&mut self, pe: u8, place: Place, acquire: bool) -> Checked<Version> {
        let Some(&version) = self.memory.newest(place).filter(|_| self.memory.exists(place)) else {
            return Err(Broken::new(Rule::TableInUse, pe, format!("a load of {place}, which was freed")));
        };
        if acquire {
            let clock = &mut self.pes[usize::from(pe)].clock;
            *clock = clock.join(version.carried);
            // The store itself, if everything that its writer did before is known too: views cover prefixes.
            let known = &mut clock.0[usize::from(version.writer)];
            if *known + 1 == version.number {
                *known = version.number;
            }
        }
        Ok(version)
    }

    fn store(&mut self, pe: u8, place: Place, word: u64, order: Order, atomic: bool) -> Checked {
        let me = usize::from(pe);
        if !self.memory.exists(place) {
            return Err(Broken::new(Rule::TableInUse, pe, format!("a store to {place}, which was freed")));
        }
        if self.rules.updates && !atomic {
            self.check_lost_update(place, word)?;
        }
        let Pe { clock, carried, .. } = &mut self.pes[me];
        let carried = if self.rules.tso || order == Order::Release { *clock } else { *carried };
        clock.0[me] += 1;
        let number = clock.0[me];
        self.memory.store(place, Version { value: word, carried, number, writer: pe, written: true });
        self.follow(place)
    }

    /// "On arm64 as on x86 a store over a live entry is an atomic exchange (the word returned carries the final dirty bit)". The
    /// walker may have set what it may set, so it has.
    fn exchange(&mut self, pe: u8, place: Place, word: u64) -> Checked<u64> {
        let old = self.load(pe, place, true)?;
        let set = if self.rules.updates { self.walker_may_set(place) } else { 0 };
        self.store(pe, place, word, Order::Release, true)?;
        Ok(old.value | set)
    }

    /// What the walker may set in a word that someone may walk.
    pub(crate) fn walker_may_set(&self, place: Place) -> u64 {
        let Some(newest) = self.memory.newest(place).filter(|version| version.written) else { return 0 };
        let Some(page) = self.memory.pages.get(place.page as usize) else { return 0 };
        let Some(&user) = page.users.first() else { return 0 };
        let number = self.level_number(user);
        match self.semantics.decode(number, newest.value, crate::semantics::Path::ROOT) {
            Decoded::Leaf(_) => self.semantics.walker_sets(number, newest.value),
            _ => 0,
        }
    }

    fn order(&mut self, pe: u8, domain: Domain, accesses: Accesses) -> Checked {
        let pe = &mut self.pes[usize::from(pe)];
        // On this PE alone nothing is out of order; loads order no store.
        let orders = domain != Domain::Local && accesses != Accesses::Loads;
        let needed = pe.carried != pe.clock;
        if orders {
            pe.carried = pe.clock;
        }
        self.need(needed && orders, "no store to order")
    }

    /// A DSB: stores become visible to walkers; unless it is for stores only, this PE's invalidations are complete.
    fn complete_all(&mut self, pe: u8, domain: Domain, accesses: Accesses) -> Checked {
        if accesses == Accesses::Loads {
            return self.need(false, "it waits for loads only");
        }
        let me = usize::from(pe);
        let local = domain == Domain::Local;
        let mut needed = self.make_visible(pe, !local);
        if accesses == Accesses::All {
            let reached = if local { 1 << me } else { u32::MAX };
            let mut pending = std::mem::take(&mut self.pending);
            for one in pending.iter_mut().filter(|one| one.issuer == pe) {
                for observer in 0..self.pes.len() {
                    if one.observers & reached & 1 << observer != 0 {
                        needed = true;
                        self.complete(observer, one);
                    }
                }
                one.observers &= !reached;
            }
            pending.retain(|one| one.observers != 0);
            self.pending = pending;
            needed |= self.complete_code(pe);
        }
        self.need(needed, "no store and no invalidation to wait for")
    }

    /// What a PE made or observed becomes visible: to its own walks, or to all.
    fn make_visible(&mut self, pe: u8, all: bool) -> bool {
        let me = usize::from(pe);
        let clock = self.pes[me].clock;
        if !all {
            return self.raise(me, clock);
        }
        self.pes[me].carried = clock;
        let mut raised = false;
        for observer in 0..self.observers.len() {
            raised |= self.raise(observer, clock);
        }
        self.forget_old();
        raised
    }

    /// Forgets what nobody may read any more.
    fn forget_old(&mut self) {
        let common = self.observers.iter().map(|o| o.floor).reduce(View::meet).unwrap_or_default();
        self.memory.forget(&common);
    }

    fn synchronise(&mut self, pe: u8) -> bool {
        let me = usize::from(pe);
        let observer = &mut self.observers[me];
        let mut needed = !observer.prefetched.is_empty() || observer.unsynchronised;
        observer.prefetched.clear();
        observer.unsynchronised = false;
        if self.rules.faults == crate::arch::Faults::UntilSynchronised {
            needed |= self.forget_faults(me);
        }
        needed |= self.synchronise_code(pe);
        let pe = &mut self.pes[me];
        needed |= pe.vmid.is_none();
        pe.vmid = Some(pe.selected);
        needed
    }

    /// An invalidation with its address as this machine's walks spell it.
    fn pend(&self, pe: u8, mut invalidate: crate::tlbi::Invalidate, observers: u32) -> Checked<Pending> {
        if invalidate.level.is_some() && !self.rules.hints {
            return Err(Broken::new(Rule::Operand, pe, "a level hint on a PE without FEAT_TTL"));
        }
        // Operands hold VA[55:12] at most; the bits above follow from the range that is translated.
        if self.geometry.upper == crate::semantics::Upper::One {
            let above = !0 << 56;
            match &mut invalidate.what {
                What::Address(va) => *va |= above,
                What::Range(first, last) => (*first, *last) = (*first | above, *last | above),
                _ => {}
            }
        }
        let vmid = self.pes[usize::from(pe)].vmid;
        let region = match invalidate.what {
            What::Address(va) if self.rules.pieces => self.mapped_shift(va),
            _ => 0,
        };
        Ok(Pending { invalidate, issuer: pe, time: self.now, vmid, observers, region })
    }

    fn invalidate(&mut self, pe: u8, act: Act) -> Checked {
        let Act::Invalidate(invalidate) = act else { return Ok(()) };
        let observers = match invalidate.reach {
            crate::tlbi::Reach::Local => 1 << pe,
            crate::tlbi::Reach::Shareable => (1 << self.pes.len()) - 1,
        };
        if self.rules.immediate {
            self.make_visible(pe, self.rules.drains);
            self.forget_old();
            self.now += 1;
        }
        let pending = self.pend(pe, invalidate, observers)?;
        let reached = (0..self.pes.len()).filter(|observer| observers & 1 << observer != 0);
        if self.strict {
            // What a walk still finds would only be cached again.
            let stale = |id: u32| self.is_stale(id);
            let needed = reached.clone().any(|o| self.covered(o, &pending).into_iter().any(stale))
                || (invalidate.what == What::Combined && self.observers.iter().any(|o| o.owes_combined));
            self.need(needed, "nothing that it covers is stale")?;
        }
        if self.rules.immediate {
            for observer in reached {
                self.complete(observer, &pending);
            }
        } else {
            self.pending.push(pending);
        }
        Ok(())
    }

    fn command(&mut self, pe: u8, act: Act) -> Checked {
        let Act::IommuInvalidate(invalidate) = act else { return Ok(()) };
        let mut pending = self.pend(pe, invalidate, 1 << self.pes.len())?;
        // A command names its own VMID (domain), which the model has as the first context's.
        pending.vmid = self.contexts.first().map(|context| context.vmid);
        self.commands.push(pending);
        Ok(())
    }

    fn finish_commands(&mut self, pe: u8) -> Checked {
        let mine = |one: &Pending| one.issuer == pe;
        let done: Vec<Pending> = self.commands.iter().copied().filter(|one| mine(one)).collect();
        self.commands.retain(|one| !mine(one));
        if self.iommu {
            for one in &done {
                self.complete(self.pes.len(), one);
            }
        }
        self.need(!done.is_empty(), "no command to wait for")
    }

    fn free(&mut self, page: u32) -> Checked {
        let Some(found) = self.memory.pages.get_mut(page as usize).filter(|page| page.live) else {
            return Err(Broken::new(Rule::TableInUse, None, format!("table {page} was freed before")));
        };
        found.live = false;
        let Some(&user) = found.users.first() else { return Ok(()) };
        let node = &self.graph.nodes[user as usize];
        let detail = format!("table {page} may be walked for {:#x}", node.va);
        Err(Broken::new(Rule::TableInUse, node.observer, detail))
    }
}
