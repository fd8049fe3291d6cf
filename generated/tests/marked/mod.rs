//! Two formats whose every transition has a step before and after it that no other has, and a world that writes down what
//! happens between them. Formats of the library say nothing before most stores, so that a step left out there goes unseen.

use std::cell::RefCell;

pub(crate) use bbm::broken;
pub(crate) use bits::stored;
use ptdsl::{Arena, Format, Fresh, Permit, Phys, TableLayout, Word, World};

/// Break-before-make, groups of 16, flags that hardware sets: as the hypervisor's own tables.
mod bbm {
    ptdsl::ptdsl! {
        use "arm64-hyp.pt";

        /// Each transition with marks around it.
        format broken: arm64_hyp {
            instruction leaf;
            instruction leaf_done;
            instruction table;
            instruction table_done;
            instruction gone(x);
            instruction gone_done(x);
            instruction unlinked(x);
            instruction unlinked_done(x);
            instruction all;
            instruction all_done;
            sequence publish leaf     { leaf; store; leaf_done; }
            sequence publish table    { table; store; table_done; }
            sequence invalidate leaf  { gone(va); store; gone_done(va); }
            sequence invalidate table { unlinked(va); store; unlinked_done(va); }
            sequence invalidate all   { all; store; all_done; }
        }
    }
}

/// Splits and collapses by one store, and flags that hardware sets: as x86-64.
mod bits {
    ptdsl::ptdsl! {
        use "x86-64.pt";

        /// Each transition with marks around it.
        format stored: x86_64 {
            instruction leaf;
            instruction leaf_done(x);
            instruction table;
            instruction table_done;
            instruction gone(x);
            instruction gone_done(x);
            instruction unlinked(x);
            instruction unlinked_done(x);
            instruction cut(x);
            instruction cut_done(x);
            instruction merged(x);
            instruction merged_done(x);
            sequence publish leaf     { leaf; store; leaf_done(address); }
            sequence publish table    { table; store; table_done; }
            sequence invalidate leaf  { gone(address); store; gone_done(address); }
            sequence invalidate table { unlinked(address); store; unlinked_done(address); }
            sequence split leaf       { cut(address); store; cut_done(address); }
            sequence collapse table   { merged(address); store; merged_done(address); }
        }
    }
}

const BASE: u64 = 0x4000_0000;
const FRAMES: usize = 16;

/// A word after hardware has used the leaf that it is; any other as it is.
pub(crate) type Hardware<F> = fn(<F as Format>::Word) -> <F as Format>::Word;

/// An arena that writes down what happens in it, and in which hardware uses a leaf just before it is exchanged.
pub(crate) struct Log<F: Format> {
    pub(crate) inner: Arena<F>,
    hardware: Hardware<F>,
    events: RefCell<Vec<(String, usize)>>,
}

fn pass<F: Format>() -> Permit<Arena<F>> {
    // SAFETY: each is used for the access that the runtime asked for.
    unsafe { Permit::pass_on() }
}

impl<F: Format> Log<F> {
    pub(crate) fn new(hardware: Hardware<F>) -> Self {
        Log { inner: Arena::new(Phys(BASE), FRAMES), hardware, events: RefCell::default() }
    }

    /// What happened since the last call: the same several times in a row with a count, of steps the first operand.
    pub(crate) fn take(&self) -> String {
        let events = self.events.take();
        let texts = events.iter().map(|(what, count)| match count {
            1 => what.clone(),
            count => format!("{what}*{count}"),
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    fn note(&self, what: String) {
        let mut events = self.events.borrow_mut();
        let kind = |what: &str| what.split('(').next().map(str::to_owned);
        match events.last_mut() {
            Some((last, count)) if kind(last) == kind(&what) && !what.starts_with("removed") => *count += 1,
            _ => events.push((what, 1)),
        }
    }

    /// Hardware uses every leaf there is.
    fn use_all(&mut self) {
        for frame in 0..FRAMES {
            let table =
                World::<F>::table(&self.inner, pass(), Phys(BASE + ((frame as u64) << F::GRANULE_SHIFT)));
            for slot in 0..512 {
                self.used(table, slot);
            }
        }
    }

    fn used(&mut self, table: usize, slot: usize) {
        let word = (self.hardware)(self.inner.load(pass(), table, slot));
        self.inner.store(pass(), table, slot, word);
    }
}

impl<F: Format> World<F> for Log<F> {
    type Table = usize;

    fn table(&self, _: Permit<Self>, address: Phys) -> usize {
        World::<F>::table(&self.inner, pass(), address)
    }
    fn load(&self, _: Permit<Self>, table: usize, slot: usize) -> F::Word {
        self.inner.load(pass(), table, slot)
    }
    fn store(&mut self, _: Permit<Self>, table: usize, slot: usize, word: F::Word) {
        self.note("store".to_owned());
        self.inner.store(pass(), table, slot, word);
    }
    fn exchange(&mut self, _: Permit<Self>, table: usize, slot: usize, word: F::Word) -> F::Word {
        self.note("swap".to_owned());
        self.used(table, slot);
        self.inner.exchange(pass(), table, slot, word)
    }
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: usize,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        self.used(table, slot);
        let done = self.inner.compare_exchange(pass(), table, slot, current, new);
        self.note(if done.is_ok() { "swap" } else { "late" }.to_owned());
        done
    }
    fn step(&mut self, step: F::Step) {
        let step = format!("{step:x?}");
        // The last moment before a table becomes one leaf.
        if step == "All" || step.starts_with("Merged(") {
            self.use_all();
        }
        self.note(step);
    }
    fn removed(&mut self, va: u64, level: i32, word: F::Word) {
        self.note(format!("removed({va:x}, {level}, {:x})", word.to_u64()));
    }
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        self.inner.allocate(layout)
    }
    fn free(&mut self, address: Phys, layout: TableLayout) {
        self.note("free".to_owned());
        self.inner.free(address, layout);
    }
}
