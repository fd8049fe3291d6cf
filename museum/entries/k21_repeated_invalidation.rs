//! ---
//! class: K21
//! title: a PE whose erratum wants each TLB invalidation twice
//! happened: TF-A (08fab0f08)
//! stops: `World::step` is the hook: a world repeats what its PE needs repeated, and no operation knows of it
//! tests: once, twice
//! ---
//! On some PEs an invalidation may be complete before older translations are gone; the workaround is a second TLBI and DSB. Code that
//! had its TLBIs spread over the operations had it in some of them.

use ptdsl::{Arena, Boundary, Fresh, Inactive, Permit, Phys, TableLayout, World};
use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes, PageTable, Step};
use ptdsl_museum::stage::{OUTPUT, PAGE, config, range};

/// A world whose PE has the erratum.
struct Repeats(Arena<Arm64Hyp>);

fn pass() -> Permit<Arena<Arm64Hyp>> {
    // SAFETY: each is used for the access that the runtime asked for.
    unsafe { Permit::pass_on() }
}

impl World<Arm64Hyp> for Repeats {
    type Table = usize;

    fn table(&self, _: Permit<Self>, address: Phys) -> usize {
        World::<Arm64Hyp>::table(&self.0, pass(), address)
    }
    fn load(&self, _: Permit<Self>, table: usize, slot: usize) -> u64 {
        self.0.load(pass(), table, slot)
    }
    fn store(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) {
        self.0.store(pass(), table, slot, word);
    }
    fn exchange(&mut self, _: Permit<Self>, table: usize, slot: usize, word: u64) -> u64 {
        self.0.exchange(pass(), table, slot, word)
    }
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        t: usize,
        slot: usize,
        old: u64,
        new: u64,
    ) -> Result<(), u64> {
        self.0.compare_exchange(pass(), t, slot, old, new)
    }
    fn step(&mut self, step: Step) {
        self.0.step(step);
        if matches!(step, Step::TlbiVale2is(_) | Step::TlbiVae2is(_) | Step::TlbiAlle2is) {
            self.0.step(Step::DsbIsh);
            self.0.step(step);
        }
    }
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        self.0.allocate(layout)
    }
    fn free(&mut self, address: Phys, layout: TableLayout) {
        self.0.free(address, layout);
    }
}

/// The steps of an unmap that frees a table.
fn unmap<W: World<Arm64Hyp>>(mut world: W, steps: impl Fn(&mut W) -> Vec<Step>) -> Vec<Step> {
    let table = PageTable::<Inactive>::create(&mut world, &config(false)).expect("room");
    let mut table = table.activate(&mut world);
    let page = range(0x3000, PAGE);
    table.map(&mut world, page, Phys(OUTPUT), Attributes::RW_NORMAL).expect("empty");
    steps(&mut world);
    assert_eq!(table.unmap(&mut world, page, Boundary::Stop).map(|done| done.bytes), Ok(PAGE));
    steps(&mut world)
}

#[test]
fn once() {
    let steps = unmap(Arena::new(Phys(0x4000_0000), 8), Arena::take_steps);
    let leaf = [Step::DsbIshst, Step::TlbiVale2is(3), Step::DsbIsh, Step::Isb];
    let table = [Step::DsbIshst, Step::TlbiVae2is(3), Step::DsbIsh, Step::Isb];
    assert_eq!(
        steps,
        [leaf, table, table].concat(),
        "each invalidation once: this PE would keep translations"
    );
}

#[test]
fn twice() {
    let steps = unmap(Repeats(Arena::new(Phys(0x4000_0000), 8)), |world| world.0.take_steps());
    let repeated = |tlbi| [Step::DsbIshst, tlbi, Step::DsbIsh, tlbi, Step::DsbIsh, Step::Isb];
    let (leaf, table) = (Step::TlbiVale2is(3), Step::TlbiVae2is(3));
    assert_eq!(steps, [repeated(leaf), repeated(table), repeated(table)].concat());
}
