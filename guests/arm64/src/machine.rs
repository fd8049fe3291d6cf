//! The PE as a [`Machine`] for tables of any VMSAv8-64 format.

use core::fmt;

use guest_common::{Access, Kind, Leaf, Machine, Outcome, Own, Pool, Ram, Random, Why};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Config, Extend, Fault, Format, Live, PageTable, Phys, Range, Shape};

use crate::layout::{self, MEMORY, OWN, RAM, STUB_AT};
use crate::pe::{self, Attempt};
use crate::regime::{Regime, Setting, decode_par};
use crate::tell;

/// Physical address bits of the PE, ID_AA64MMFR0_EL1.PARange = 6.
pub const PA_BITS: u32 = 52;

/// What a leaf allows; each privileged, unprivileged.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    pub load: [bool; 2],
    pub store: [bool; 2],
    pub fetch: [bool; 2],
    pub accessed: bool,
    /// As [`memory`](crate::regime::memory) gives it.
    pub memory: u64,
}

/// What a VMSAv8-64 format adds to the others: the names of its attributes and registers.
pub trait Vmsa: Format<Word = u64> {
    const REGIME: Regime;
    /// Bits of a table's descriptor that restrict what lies below it; what stands together comes together.
    const RESTRICTIONS: &'static [u64];

    fn setting(registers: &Self::Registers) -> Setting;
    fn options(ttl: bool) -> Self::Options;
    fn rights(attributes: Self::Attributes) -> Rights;
    fn random(random: &mut Random) -> Self::Attributes;
    fn without_xn(attributes: Self::Attributes) -> Self::Attributes;
    /// For the guest's own code (EL1's, at EL1), constants, data and device; and for code of EL0.
    fn own() -> [Self::Attributes; 5];
    fn is_tlbi(step: Self::Step) -> bool;
    fn execute(step: Self::Step);
}

/// Barriers and invalidations as the instructions that they are.
#[derive(Debug)]
pub struct Hardware {
    /// The fault `no-tlbi`.
    pub no_tlbi: bool,
}

impl<F: Vmsa> Maintain<F> for Hardware {
    #[inline(always)]
    fn step(&mut self, step: F::Step) {
        if !(cfg!(feature = "faults") && self.no_tlbi && F::is_tlbi(step)) {
            F::execute(step);
        }
    }
}

/// One PE.
#[derive(Debug)]
pub struct Pe {
    /// The guest's own map.
    pub home: Setting,
    setting: Setting,
    /// The first address of the table.
    base: u64,
    ticket: u64,
    par: u64,
    attempt: Attempt,
}

impl Pe {
    pub fn new(home: Setting) -> Self {
        Pe { home, setting: home, base: 0, ticket: 0, par: 0, attempt: Attempt::default() }
    }

    pub fn setting(&self) -> (Setting, u64) {
        (self.setting, self.base)
    }
}

/// The first address that a table translates.
fn base<F: Format>(width: u32) -> u64 {
    match F::EXTEND {
        Extend::Zero | Extend::Sign => 0,
        Extend::One => !((1 << width) - 1),
    }
}

impl<F: Vmsa> Machine<F> for Pe {
    type World = Linear<F, Pool, Hardware>;

    fn accesses(&self) -> &'static [Access] {
        F::REGIME.accesses()
    }

    /// QEMU 7.2 goes on executing what it has translated in the other 4 KiB pages of a larger leaf when an address in the first
    /// is invalidated: a fetch tells something only there.
    fn tells(&self, va: u64, shift: u32, access: Access) -> bool {
        access.kind != Kind::Fetch || va & ((1 << shift) - 1) < 4096
    }

    fn ram(&self) -> Ram {
        RAM
    }

    fn config(&self, random: &mut Random) -> Config<F> {
        let width = random.between(u64::from(F::MIN_WIDTH), u64::from(F::MAX_WIDTH)) as u32;
        // Where stage 2 starts at level -1 (4 KiB granule), QEMU 7.2 takes 52 bits and refuses 49 to 51.
        let from_minus_1 = F::REGIME == Regime::Stage2 && F::GRANULE_SHIFT == 12 && width > 48;
        let width = if from_minus_1 { F::MAX_WIDTH } else { width };
        // Stage 2 with more input than output bits is CONSTRAINED UNPREDICTABLE, and so is a walk from the highest level with
        // VTCR_EL2.PS below 44 bits.
        let least = if F::REGIME != Regime::Stage2 {
            0
        } else if width > 36 {
            width.max(44)
        } else {
            width
        };
        let first = F::OUTPUT.iter().position(|choice| choice.bits >= least).unwrap_or(0);
        let output_bits = random.pick(&F::OUTPUT[first..]).bits;
        // ID_AA64MMFR2_EL1.TTL.
        let ttl = pe::mmfr2() >> 48 & 0xf != 0 && random.one_in(2);
        Config { width, output_bits, options: F::options(ttl), ..Config::default() }
    }

    fn attributes(&self, random: &mut Random) -> F::Attributes {
        F::random(random)
    }

    fn readable(&self, random: &mut Random) -> F::Attributes {
        let readable =
            |attributes: &F::Attributes| F::rights(*attributes).load[0] && F::rights(*attributes).accessed;
        (0..64).map(|_| F::random(random)).find(readable).unwrap_or(F::own()[2])
    }

    fn without_xn(&self, attributes: F::Attributes) -> F::Attributes {
        F::without_xn(attributes)
    }

    fn keep_out(&self, config: &Config<F>) -> Option<Range> {
        let base = base::<F>(config.width);
        Range::inclusive(base | OWN.first, base | OWN.last).ok()
    }

    fn own(&self, config: &Config<F>) -> [Option<Own<F>>; 6] {
        let [code, constants, data, device, user] = F::own();
        if F::REGIME.is_el2() {
            let attributes = [code, constants, data, data, code, device];
            let mut attributes = attributes.into_iter();
            return layout::parts().map(|part| {
                let attributes = attributes.next()?;
                Some(Own { range: part.range(), output: part.phys(), attributes })
            });
        }
        let base = base::<F>(config.width);
        let [el1, el0] = layout::stubs();
        let stub = |offset: u64, output: u64, attributes| {
            let range = Range::new(base | offset, 1 << F::GRANULE_SHIFT).ok()?;
            Some(Own { range, output: Phys(output), attributes })
        };
        [stub(STUB_AT[0], el1, code), stub(STUB_AT[1], el0, user), None, None, None, None]
    }

    fn restrict(&self, _: i32, descriptor: u64, random: &mut Random) -> u64 {
        if F::RESTRICTIONS.is_empty() { descriptor } else { descriptor | random.pick(F::RESTRICTIONS) }
    }

    fn read(&self, descriptor: Phys) -> u64 {
        // SAFETY: tables lie in memory that every table of EL2 maps.
        unsafe { pe::peek(descriptor.0.wrapping_sub(MEMORY.distance())) }
    }

    fn write(&mut self, descriptor: Phys, word: u64) {
        // SAFETY: the same.
        unsafe { pe::poke(descriptor.0.wrapping_sub(MEMORY.distance()), word) }
    }

    fn enter(&mut self, table: &PageTable<F, Live>) {
        self.setting = F::setting(&table.registers());
        self.base = base::<F>(table.shape().width);
        self.setting.enter();
    }

    fn leave(&mut self, table: PageTable<F, Live>, world: &mut Self::World) {
        self.setting.leave(&self.home);
        self.setting = self.home;
        // SAFETY: the PE has gone back to its own table and invalidated all of the other's; the second one did so before.
        unsafe { table.deactivate() }.destroy(world);
    }

    fn pages(&self, world: &Self::World) -> u32 {
        world.frames.used()
    }

    fn expected(&self, _: &Shape<F>, found: Result<Leaf<F>, Fault>, access: Access) -> Outcome {
        let refused = |why, level| Outcome::Refused { why, level: Some(level) };
        let leaf = match found {
            Ok(leaf) => leaf,
            Err(Fault::Translation { level, .. }) => return refused(Why::Translation, level),
            Err(Fault::Input) => return refused(Why::Translation, 0),
        };
        let Some(attributes) = F::attributes(leaf.level, leaf.word) else {
            return Outcome::Refused { why: Why::Other(leaf.word), level: None };
        };
        let rights = F::rights(attributes);
        let allowed = match access.kind {
            Kind::Load => rights.load,
            Kind::Store => rights.store,
            Kind::Fetch => rights.fetch,
        };
        if !rights.accessed {
            refused(Why::AccessFlag, leaf.level)
        } else if !allowed[usize::from(access.user)] {
            refused(Why::Permission, leaf.level)
        } else {
            let memory = if access.touch { 0 } else { rights.memory };
            Outcome::Reached { output: leaf.output & !0xfff, memory }
        }
    }

    fn outside(&self, shape: &Shape<F>, va: u64, access: Access) -> Outcome {
        if F::REGIME == Regime::Stage2 && va >> PA_BITS != 0 {
            // Stage 1 refuses it, though it is off.
            return Outcome::Refused { why: Why::AddressSize, level: Some(0) };
        }
        self.expected(shape, Err(Fault::Input), access)
    }

    fn probe(&mut self, va: u64, access: Access) -> Outcome {
        if !access.touch {
            self.par = F::REGIME.ask(va, access);
            return decode_par(self.par, F::REGIME.by_stage2(va));
        }
        self.ticket += 1;
        let (outcome, attempt) = F::REGIME.touch(self.base, va, access, self.ticket);
        self.attempt = attempt;
        outcome
    }

    fn evidence(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        tell::par(f, self.par)?;
        tell::attempt(f, &self.attempt)
    }
}
