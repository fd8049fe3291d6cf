//! Traces that read like assembly: a machine over the small format of `tiny`, one method for each event.
//!
//! Before a trace begins, table 1 is the root, its slot 0 leads to table 2, and that one's slot 0 to table 3; so `pte(3, i)` maps
//! page `i`, `pte(2, i)` pages `4i..4i + 4`, `pte(1, i)` pages `16i..16i + 16`. Two more table pages were never written:
//! [`SPARE`] and [`SPARE2`].

use crate::arch::{self, Rules, arm64, riscv, x86};
use crate::check::{Rule, Violation};
use crate::event::{Accesses, Act, Domain, Order};
use crate::machine::{Machine, Mapped, Promise};
use crate::memory::Place;
use crate::semantics::{Decoded, Path, Semantics};
use crate::tiny::{self, Tiny, Word};
use crate::tlbi::{Invalidate, Reach, Regime, What};

/// Physical address of a table page that was never written.
pub const SPARE: u64 = 0x1000_3000;
/// Another.
pub const SPARE2: u64 = 0x1000_4000;
const ROOT: u64 = 0x1000_0000;
const TABLE2: u64 = 0x1000_1000;
/// Physical address of table 3.
pub const TABLE3: u64 = 0x1000_2000;

/// The descriptor of a level for a slot of the first table there.
#[must_use]
pub const fn pte(level: u32, slot: u32) -> Place {
    Place { page: level - 1, slot }
}

/// A slot of [`SPARE`].
#[must_use]
pub const fn spare(slot: u32) -> Place {
    Place { page: 3, slot }
}

/// A slot of [`SPARE2`].
#[must_use]
pub const fn spare2(slot: u32) -> Place {
    Place { page: 4, slot }
}

/// The machine and its memory before a trace.
#[derive(Clone, Debug)]
pub struct Setup {
    rules: Rules,
    pes: usize,
    iommu: bool,
    space: u16,
    before: Vec<(Place, Word)>,
    strict: bool,
}

fn setup(rules: Rules) -> Setup {
    Setup { rules, pes: 1, iommu: false, space: 0, before: Vec::new(), strict: false }
}

/// arm64, EL1&0: with ASIDs.
#[must_use]
pub fn arm64() -> Setup {
    setup(arm64::rules(Regime::Os, arm64::Features { ttl: true, ..arm64::Features::default() }))
}

/// arm64 with other features, for a regime.
#[must_use]
pub fn arm64_with(regime: Regime, features: arm64::Features) -> Setup {
    setup(arm64::rules(regime, features))
}

/// arm64, stage 2.
#[must_use]
pub fn stage2() -> Setup {
    arm64_with(Regime::Stage2, arm64::Features { ttl: true, ..arm64::Features::default() })
}

/// x86-64; accessed and dirty bits are not read by anyone.
#[must_use]
pub fn x86() -> Setup {
    setup(x86::rules(false))
}

/// RISC-V; A and D are not read by anyone.
#[must_use]
pub fn riscv() -> Setup {
    setup(riscv::rules(false))
}

impl Setup {
    /// How many PEs: 1 to 4.
    #[must_use]
    pub fn pes(self, pes: usize) -> Setup {
        Setup { pes, ..self }
    }
    /// With an IOMMU that walks the same tables.
    #[must_use]
    pub fn iommu(self) -> Setup {
        Setup { iommu: true, ..self }
    }
    /// A descriptor that stands there already.
    #[must_use]
    pub fn has(mut self, place: Place, word: Word) -> Setup {
        self.before.push((place, word));
        self
    }
    /// Walkers set accessed and dirty, and someone reads them.
    #[must_use]
    pub fn updates(self) -> Setup {
        Setup { rules: Rules { updates: true, ..self.rules }, ..self }
    }
    /// Maintenance without need is a violation.
    #[must_use]
    pub fn strict(self) -> Setup {
        Setup { strict: true, ..self }
    }
    /// ASID (PCID) of the tables.
    #[must_use]
    pub fn space(self, space: u16) -> Setup {
        Setup { space, ..self }
    }
    /// Other conflict rules.
    #[must_use]
    pub fn conflicts(self, conflicts: arch::Conflicts) -> Setup {
        Setup { rules: Rules { conflicts, ..self.rules }, ..self }
    }
}

/// A trace that runs: each method is an event on the current PE, and none happens after a violation.
#[derive(Debug)]
pub struct Trace {
    machine: Machine<Tiny>,
    regime: Regime,
    pe: u8,
    events: usize,
    broken: Option<(usize, Box<Violation>)>,
}

/// Begins a trace on PE 0.
#[must_use]
pub fn trace(setup: Setup) -> Trace {
    let mut machine = Machine::new(Tiny, tiny::geometry(), setup.rules, setup.pes, setup.iommu);
    for (base, value) in
        [(ROOT, Some(0)), (TABLE2, Some(0)), (TABLE3, Some(0)), (SPARE, None), (SPARE2, None)]
    {
        let _ = machine.allocate(base, 4, value);
    }
    machine.preset(pte(1, 0), tiny::table(TABLE2).0);
    machine.preset(pte(2, 0), tiny::table(TABLE3).0);
    for (place, word) in &setup.before {
        machine.preset(*place, word.0);
    }
    let broken = machine.add_context(0, setup.space, 0).err().map(|violation| (0, violation));
    machine.demand_need(setup.strict);
    Trace { machine, regime: setup.rules.regime, pe: 0, events: 0, broken }
}

/// Page number to input address.
#[must_use]
pub const fn va(page: u64) -> u64 {
    page << 12
}

impl Trace {
    /// Any event.
    #[must_use]
    pub fn act(mut self, act: Act) -> Trace {
        if self.broken.is_none() {
            self.events += 1;
            if let Err(violation) = self.machine.apply(self.pe, act) {
                self.broken = Some((self.events, violation));
            }
        } else {
            // The event that breaks a rule must be the last of its trace.
            self.events += 1;
        }
        self
    }

    /// The trace so far breaks no rule.
    ///
    /// # Panics
    /// If it does, with the violation.
    #[track_caller]
    pub fn ok(self) {
        if let Some((_, violation)) = self.broken {
            panic!("{violation}");
        }
    }

    /// The last event breaks this rule, and nothing before breaks any.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn breaks(self, rule: Rule) {
        match self.broken {
            None => panic!("nothing was broken; expected: {}", rule.text()),
            Some((at, violation)) => {
                assert_eq!(
                    (violation.rule, at),
                    (rule, self.events),
                    "expected: {}\n{violation}",
                    rule.text()
                );
                assert!(violation.event().is_some() || at == 0, "a violation names its event");
            }
        }
    }

    /// The events that follow happen on this PE.
    #[must_use]
    pub fn on(self, pe: u8) -> Trace {
        Trace { pe, ..self }
    }

    /// The machine, for what has no event.
    pub fn machine(&mut self) -> &mut Machine<Tiny> {
        &mut self.machine
    }

    /// No walk of that PE for that page may find nothing from now on.
    #[must_use]
    pub fn watch(mut self, pe: u8, page: u64) -> Trace {
        self.machine.watch(pe, va(page), va(page + 1) - 1);
        self
    }

    /// A table page is handed out again, never written.
    #[must_use]
    pub fn reuse(mut self, base: u64) -> Trace {
        let _ = self.machine.allocate(base, 4, None);
        self
    }

    /// A plain load.
    #[must_use]
    pub fn load(self, place: Place) -> Trace {
        self.act(Act::Load(place))
    }
    /// A load-acquire.
    #[must_use]
    pub fn load_acquire(self, place: Place) -> Trace {
        self.act(Act::LoadAcquire(place))
    }
    /// A plain store.
    #[must_use]
    pub fn store(self, place: Place, word: Word) -> Trace {
        self.act(Act::Store(place, word.0, Order::Plain))
    }
    /// A store-release.
    #[must_use]
    pub fn store_release(self, place: Place, word: Word) -> Trace {
        self.act(Act::Store(place, word.0, Order::Release))
    }
    /// An atomic exchange.
    #[must_use]
    pub fn exchange(self, place: Place, word: Word) -> Trace {
        self.act(Act::Exchange(place, word.0))
    }
    /// A compare-exchange.
    #[must_use]
    pub fn compare_exchange(self, place: Place, expected: Word, new: Word) -> Trace {
        self.act(Act::CompareExchange { place, expected: expected.0, new: new.0 })
    }
    /// Stores of the same word to the four slots of a table.
    #[must_use]
    pub fn fill(self, slot: fn(u32) -> Place, words: [Word; 4]) -> Trace {
        (0..4).zip(words).fold(self, |trace, (k, word)| trace.store(slot(k), word))
    }

    /// `dmb ishst`.
    #[must_use]
    pub fn dmb_ishst(self) -> Trace {
        self.act(Act::Dmb(Domain::Inner, Accesses::Stores))
    }
    /// `dmb ish`.
    #[must_use]
    pub fn dmb_ish(self) -> Trace {
        self.act(Act::Dmb(Domain::Inner, Accesses::All))
    }
    /// `dmb ishld`.
    #[must_use]
    pub fn dmb_ishld(self) -> Trace {
        self.act(Act::Dmb(Domain::Inner, Accesses::Loads))
    }
    /// `dsb ishst`.
    #[must_use]
    pub fn dsb_ishst(self) -> Trace {
        self.act(Act::Dsb(Domain::Inner, Accesses::Stores))
    }
    /// `dsb ish`.
    #[must_use]
    pub fn dsb_ish(self) -> Trace {
        self.act(Act::Dsb(Domain::Inner, Accesses::All))
    }
    /// `dsb osh`.
    #[must_use]
    pub fn dsb_osh(self) -> Trace {
        self.act(Act::Dsb(Domain::Outer, Accesses::All))
    }
    /// `dsb sy`.
    #[must_use]
    pub fn dsb_sy(self) -> Trace {
        self.act(Act::Dsb(Domain::System, Accesses::All))
    }
    /// `dsb nsh`.
    #[must_use]
    pub fn dsb_nsh(self) -> Trace {
        self.act(Act::Dsb(Domain::Local, Accesses::All))
    }
    /// `dsb nshst`.
    #[must_use]
    pub fn dsb_nshst(self) -> Trace {
        self.act(Act::Dsb(Domain::Local, Accesses::Stores))
    }
    /// `isb`.
    #[must_use]
    pub fn isb(self) -> Trace {
        self.act(Act::Isb)
    }
    /// An exception.
    #[must_use]
    pub fn exception(self) -> Trace {
        self.act(Act::Exception)
    }
    /// Any invalidation.
    #[must_use]
    pub fn tlbi(self, invalidate: Invalidate) -> Trace {
        self.act(Act::Invalidate(invalidate))
    }
    /// `tlbi vaae1is` (at stage 2: `ipas2e1is`) for a page.
    #[must_use]
    pub fn tlbi_vae(self, page: u64) -> Trace {
        let by = Invalidate::address(self.regime, va(page));
        self.tlbi(by)
    }
    /// `tlbi vaale1is` (at stage 2: `ipas2le1is`) for a page.
    #[must_use]
    pub fn tlbi_vale(self, page: u64) -> Trace {
        let by = Invalidate::address(self.regime, va(page)).leaves();
        self.tlbi(by)
    }
    /// `tlbi vaale1is` with a level hint.
    #[must_use]
    pub fn tlbi_vale_hint(self, page: u64, level: i32) -> Trace {
        let by = Invalidate::address(self.regime, va(page)).leaves().hint(level);
        self.tlbi(by)
    }
    /// `tlbi vaae1is` with a level hint.
    #[must_use]
    pub fn tlbi_vae_hint(self, page: u64, level: i32) -> Trace {
        let by = Invalidate::address(self.regime, va(page)).hint(level);
        self.tlbi(by)
    }
    /// `tlbi vaale1`: this PE alone.
    #[must_use]
    pub fn tlbi_vale_local(self, page: u64) -> Trace {
        let by = Invalidate::address(self.regime, va(page)).leaves().local();
        self.tlbi(by)
    }
    /// `tlbi vale1is` with an ASID.
    #[must_use]
    pub fn tlbi_vale_asid(self, page: u64, asid: u16) -> Trace {
        let by = Invalidate::address(self.regime, va(page)).leaves().space(asid);
        self.tlbi(by)
    }
    /// `tlbi aside1is`.
    #[must_use]
    pub fn tlbi_aside(self, asid: u16) -> Trace {
        let by = Invalidate::all(self.regime).space_not_global(asid);
        self.tlbi(by)
    }
    /// `tlbi rvaale1is`: pages `first..=last`.
    #[must_use]
    pub fn tlbi_range(self, first: u64, last: u64) -> Trace {
        let what = What::Range(va(first), va(last + 1) - 1);
        let by = Invalidate { what, ..Invalidate::all(self.regime) };
        self.tlbi(by)
    }
    /// `tlbi vmalle1is` or `alle2is`: everything of the regime. At stage 2 see [`tlbi_vmalle1`](Trace::tlbi_vmalle1).
    #[must_use]
    pub fn tlbi_all(self) -> Trace {
        let by = Invalidate::all(self.regime);
        self.tlbi(by)
    }
    /// Stage 2: `tlbi vmalle1is`, the combined entries.
    #[must_use]
    pub fn tlbi_vmalle1(self) -> Trace {
        self.tlbi(Invalidate { what: What::Combined, ..Invalidate::all(Regime::Stage2) })
    }
    /// Stage 2: `tlbi vmalls12e1is`.
    #[must_use]
    pub fn tlbi_vmalls12e1(self) -> Trace {
        self.tlbi(Invalidate { what: What::BothStages, ..Invalidate::all(Regime::Stage2) })
    }

    /// x86: INVLPG of a page, PCID 0.
    #[must_use]
    pub fn invlpg(self, page: u64) -> Trace {
        self.tlbi(x86::invlpg(va(page), 0))
    }
    /// x86: INVLPG of a page, under a PCID.
    #[must_use]
    pub fn invlpg_pcid(self, page: u64, pcid: u16) -> Trace {
        self.tlbi(x86::invlpg(va(page), pcid))
    }
    /// x86: MOV to CR3 with the same tables, without the bit that preserves.
    #[must_use]
    pub fn mov_cr3(self, pcid: u16) -> Trace {
        self.tlbi(x86::flush_context(pcid))
    }
    /// x86: everything, global too.
    #[must_use]
    pub fn flush_all(self) -> Trace {
        self.tlbi(x86::flush_all())
    }
    /// x86: MFENCE.
    #[must_use]
    pub fn mfence(self) -> Trace {
        self.act(Act::Dsb(Domain::System, Accesses::Stores))
    }
    /// An interrupt that another PE takes.
    #[must_use]
    pub fn ipi(self, to: u8) -> Trace {
        self.act(Act::Interrupt(to))
    }

    /// RISC-V: `fence w, w`.
    #[must_use]
    pub fn fence_w_w(self) -> Trace {
        self.act(Act::Dmb(Domain::System, Accesses::Stores))
    }
    /// RISC-V: `fence rw, rw`.
    #[must_use]
    pub fn fence_rw_rw(self) -> Trace {
        self.act(Act::Dmb(Domain::System, Accesses::All))
    }
    /// RISC-V: `sfence.vma va, x0`.
    #[must_use]
    pub fn sfence(self, page: u64) -> Trace {
        self.tlbi(riscv::sfence(Some(va(page)), None))
    }
    /// RISC-V: `sfence.vma va, asid`.
    #[must_use]
    pub fn sfence_asid(self, page: u64, asid: u16) -> Trace {
        self.tlbi(riscv::sfence(Some(va(page)), Some(asid)))
    }
    /// RISC-V: `sfence.vma x0, x0`.
    #[must_use]
    pub fn sfence_all(self) -> Trace {
        self.tlbi(riscv::sfence(None, None))
    }
    /// RISC-V: `fence.i`.
    #[must_use]
    pub fn fence_i(self) -> Trace {
        self.act(Act::CleanCode(None, Domain::Local))
    }

    /// Acquires lock 0.
    #[must_use]
    pub fn lock(self) -> Trace {
        self.act(Act::Lock(0))
    }
    /// Releases lock 0.
    #[must_use]
    pub fn unlock(self) -> Trace {
        self.act(Act::Unlock(0))
    }
    /// The IOMMU forgets a page, and walk entries for it.
    #[must_use]
    pub fn iommu_invalidate(self, page: u64) -> Trace {
        let by = Invalidate::address(self.regime, va(page));
        self.act(Act::IommuInvalidate(by))
    }
    /// Waits for the IOMMU.
    #[must_use]
    pub fn iommu_sync(self) -> Trace {
        self.act(Act::IommuSync)
    }
    /// A table page goes back to the allocator.
    #[must_use]
    pub fn free(self, base: u64) -> Trace {
        let page = self.machine.page_at(base).unwrap_or(u32::MAX);
        self.act(Act::Free(page))
    }
    /// A data page gets another owner.
    #[must_use]
    pub fn release(self, output: u64) -> Trace {
        self.act(Act::Release(output, output | 0xfff))
    }
    /// This PE accesses a page.
    #[must_use]
    pub fn touch(self, page: u64) -> Trace {
        self.act(Act::Touch(va(page)))
    }
    /// Code is written to physical memory.
    #[must_use]
    pub fn write_code(self, output: u64) -> Trace {
        self.act(Act::WriteCode(output))
    }
    /// `ic ivau`.
    #[must_use]
    pub fn ic_ivau(self, output: u64) -> Trace {
        self.act(Act::CleanCode(Some(output), Domain::Inner))
    }
    /// `ic iallu`: this PE alone.
    #[must_use]
    pub fn ic_iallu(self) -> Trace {
        self.act(Act::CleanCode(None, Domain::Local))
    }
    /// This PE executes in a page.
    #[must_use]
    pub fn fetch(self, page: u64) -> Trace {
        self.act(Act::Fetch(va(page)))
    }

    /// The operation returns: nothing of the pages `first..=last` may be used any more.
    #[must_use]
    pub fn returns_unmapped(mut self, first: u64, last: u64) -> Trace {
        self.machine.promise(Promise { first: va(first), last: va(last + 1) - 1, ..Promise::default() });
        self.act(Act::Return)
    }
    /// The operation returns: the pages `first..=last` translate as this leaf says for the first, and this PE sees it.
    #[must_use]
    pub fn returns_mapped(self, first: u64, last: u64, word: Word) -> Trace {
        self.returns_lazily(first, last, word, None)
    }
    /// The same for a lazy row: what was mapped before may also still be used.
    #[must_use]
    pub fn returns_lazily(mut self, first: u64, last: u64, word: Word, old: Option<Word>) -> Trace {
        let (first, last) = (va(first), va(last + 1) - 1);
        // A leaf of any level decodes alike, but for bit 1.
        let mapped = |word: Word| match Tiny.decode(3, word.0 | 2, Path::ROOT) {
            Decoded::Leaf(leaf) => vec![Mapped { first, last, leaf }],
            _ => Vec::new(),
        };
        let lazily = old.map(mapped).unwrap_or_default();
        self.machine.promise(Promise { first, last, mapped: mapped(word), lazily });
        self.act(Act::Return)
    }
    /// This PE begins to walk another context.
    #[must_use]
    pub fn enter(self, context: u8) -> Trace {
        self.act(Act::Enter(context))
    }
    /// This PE ceases to walk a context.
    #[must_use]
    pub fn leave(self, context: u8) -> Trace {
        self.act(Act::Leave(context))
    }
    /// Another root for walks, which nobody enters yet: a table page, ASID and VMID.
    #[must_use]
    pub fn context(mut self, root: u64, space: u16, vmid: u16) -> Trace {
        let page = self.machine.page_at(root).unwrap_or(0);
        let _ = self.machine.add_idle_context(page, space, vmid);
        self
    }
    /// The VMID that invalidations mean from the next synchronisation on.
    #[must_use]
    pub fn select_vmid(self, vmid: u16) -> Trace {
        self.act(Act::SelectVmid(vmid))
    }
    /// The same reach for an invalidation: on this PE alone.
    #[must_use]
    pub fn tlbi_local(self, invalidate: Invalidate) -> Trace {
        self.tlbi(Invalidate { reach: Reach::Local, ..invalidate })
    }
}
