//! One hart with its MMU: what it must do by the manual, and what it does.

use core::fmt;

use guest_common::{Access, Kind, Leaf, Machine, Outcome, Own, Pool, Ram, Random, Step, Why, walk};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Config, Fault, Live, PageTable, Phys, Range, Shape};

use crate::machine::{self, Seen, TESTED};
use crate::{sv39_extended, sv48_extended, sv57_extended};
use ptdsl_generated::{sv39, sv48, sv57};

/// Fences as the instructions that they are, or none.
pub struct Hardware {
    /// They are executed.
    pub fences: bool,
}

/// Bits of a leaf.
const R: u64 = 1 << 1;
const W: u64 = 1 << 2;
const X: u64 = 1 << 3;
const U: u64 = 1 << 4;
const A: u64 = 1 << 6;
const D: u64 = 1 << 7;
/// The page number, shifted down.
const PPN: u64 = (1 << 44) - 1;

/// The hart. `S` is what it knows of the table that it walks.
pub struct Hart<S> {
    random: Random,
    /// sstatus.SUM and sstatus.MXR, constant while a table is walked: QEMU drops its TLB when they change.
    sum: bool,
    mxr: bool,
    shape: Option<S>,
    /// What the last access came to.
    last: Seen,
    /// Stored last.
    nonce: u64,
}

impl<S> Hart<S> {
    pub fn new(mut random: Random) -> Self {
        let nonce = random.bits();
        Hart { random, sum: false, mxr: false, shape: None, last: Seen::Done(0), nonce }
    }

    /// What an access to this leaf comes to. Its output is RAM.
    fn outcome(&self, leaf: u64, output: u64, access: Access) -> Outcome {
        let may = match access.kind {
            Kind::Load => leaf & R != 0 || self.mxr && leaf & X != 0,
            Kind::Store => leaf & W != 0,
            Kind::Fetch => leaf & X != 0,
        };
        let reaches = match (leaf & U != 0, access.user) {
            (true, false) => self.sum && access.kind != Kind::Fetch,
            (page, access) => page == access,
        };
        if may && reaches { Outcome::Reached { output: output & !0xfff, memory: 0 } } else { REFUSED }
    }

    /// Accesses the address; `output`: where a store is expected to end.
    fn access(&mut self, va: u64, access: Access, output: Option<u64>) -> Outcome {
        let (va, cause) = match access.kind {
            Kind::Load => (va, 13),
            Kind::Store => (va + 8, 15),
            Kind::Fetch => (va + 16, 12),
        };
        // QEMU's TLB lets a supervisor execute a user's page that SUM has let it load from; the walk does not.
        if self.sum && access == Access::touch(Kind::Fetch, false) {
            machine::fence(va);
        }
        self.nonce = self.nonce.wrapping_add(1);
        self.last = machine::access(access, va, self.nonce);
        let output = match (self.last, access.kind) {
            (Seen::Done(tag), Kind::Load) => tag,
            (Seen::Done(page), Kind::Fetch) => machine::RAM + (page & 0xffff_ffff), // LUI extends the sign
            (Seen::Done(_), Kind::Store) => match self.stored(output) {
                Some(page) => page,
                None => return Outcome::Refused { why: Why::Other(u64::MAX), level: None },
            },
            // Invalid, reserved or forbidden: a page fault does not say.
            (Seen::Refused(found, address), _) if found == cause && address == va => return REFUSED,
            (Seen::Refused(found, _), _) => return Outcome::Refused { why: Why::Other(found), level: None },
        };
        Outcome::Reached { output, memory: 0 }
    }

    /// The page that holds what was stored last.
    fn stored(&self, expected: Option<u64>) -> Option<u64> {
        let holds = |page: &u64| TESTED.tagged(*page) && machine::word(*page + 8) == self.nonce;
        expected.map(|page| page & !0xfff).filter(holds).or_else(|| TESTED.pages().find(holds))
    }

    /// A leaf or a pointer with one or two bits turned over; `reserved`: bits that the processor checks.
    fn flip(entry: u64, table: bool, shift: u32, reserved: u64, random: &mut Random) -> Option<u64> {
        // Of a large leaf's address, what must be 0. Of a pointer no bit of the address: it leads to a table.
        let misaligned = if table { 0 } else { (1 << (shift - 2)) - (1 << 10) };
        let bits = reserved | misaligned | 0x3ff;
        let mut flipped = entry;
        for _ in 0..random.between(1, 2) {
            let bit = random.below(64);
            flipped ^= 1 << bit & bits;
        }
        // What was a leaf must not lead to a table.
        (flipped & (R | W | X) != 0 || table).then_some(flipped)
    }
}

const REFUSED: Outcome = Outcome::Refused { why: Why::Translation, level: None };

/// Every access, by both privileges. Loads come first: a store and a fetch then find the translation in the TLB.
const ACCESSES: [Access; 6] = [
    Access::touch(Kind::Load, false),
    Access::touch(Kind::Load, true),
    Access::touch(Kind::Store, false),
    Access::touch(Kind::Fetch, true),
    Access::touch(Kind::Store, true),
    Access::touch(Kind::Fetch, false),
];

/// The regime of a format. `$more` puts random values into attributes that not all formats have; `$keep` takes them over
/// from others. `$reserved`: reserved bits of an entry, as far as the machine checks them.
macro_rules! regime {
    ($module:ident, $format:ident, $reserved:expr, $more:expr, $keep:expr) => {
        impl Maintain<$module::$format> for Hardware {
            #[inline(always)]
            fn step(&mut self, step: $module::Step) {
                if self.fences || step == $module::Step::FenceWW {
                    step.execute();
                }
            }
        }

        impl Machine<$module::$format> for Hart<Shape<$module::$format>> {
            type World = Linear<$module::$format, Pool, Hardware>;

            fn accesses(&self) -> &'static [Access] {
                &ACCESSES
            }

            fn ram(&self) -> Ram {
                TESTED
            }

            fn config(&self, _: &mut Random) -> Config<$module::$format> {
                Config::default()
            }

            fn attributes(&self, random: &mut Random) -> $module::Attributes {
                use $module::{Attributes, Privilege, Prot, Rsw};
                let prot = random.pick(&[Prot::R, Prot::Rw, Prot::X, Prot::Rx, Prot::Rwx]);
                let privilege = random.pick(&[Privilege::Supervisor, Privilege::User]);
                let attributes = Attributes::new(prot, privilege);
                let attributes = Rsw::new(random.below(4)).map_or(attributes, |rsw| attributes.with_rsw(rsw));
                let attributes =
                    attributes.with_a(random.one_in(2)).with_d(random.one_in(2)).with_g(random.one_in(4));
                $more(attributes, random)
            }

            fn readable(&self, _: &mut Random) -> $module::Attributes {
                $module::Attributes::RW_SUPERVISOR
            }

            fn without_xn(&self, attributes: $module::Attributes) -> $module::Attributes {
                use $module::Prot;
                let prot = match attributes.prot() {
                    Prot::R => Prot::Rx,
                    Prot::Rw => Prot::Rwx,
                    executable => executable,
                };
                let new = $module::Attributes::new(prot, attributes.privilege()).with_rsw(attributes.rsw());
                $keep(new.with_a(attributes.a()).with_d(attributes.d()).with_g(attributes.g()), attributes)
            }

            fn keep_out(&self, _: &Config<$module::$format>) -> Option<Range> {
                Range::inclusive(0, machine::RAM + machine::RAM_BYTES - 1).ok()
            }

            fn own(&self, _: &Config<$module::$format>) -> [Option<Own<$module::$format>>; 6] {
                use $module::Attributes;
                let own = |va: u64, output: u64, bytes: u64, attributes: Attributes| {
                    let range = Range::new(va, bytes).ok()?;
                    Some(Own { range, output: Phys(output), attributes })
                };
                let device = |address| own(address, address, 4096, Attributes::RW_SUPERVISOR);
                [
                    own(machine::RAM, machine::RAM, TESTED.first - machine::RAM, Attributes::RWX_SUPERVISOR),
                    own(TESTED.first, TESTED.first, TESTED.bytes, Attributes::RW_SUPERVISOR),
                    own(machine::USER, machine::stubs(), 4096, Attributes::RX_USER),
                    device(machine::UART),
                    device(machine::FINISHER),
                    None,
                ]
            }

            fn restrict(&self, _: i32, descriptor: u64, _: &mut Random) -> u64 {
                descriptor | 1 << 5 // G
            }

            fn read(&self, descriptor: Phys) -> u64 {
                machine::word(descriptor.0)
            }

            fn write(&mut self, descriptor: Phys, word: u64) {
                machine::set_table(descriptor.0, word);
            }

            fn enter(&mut self, table: &PageTable<$module::$format, Live>) {
                self.shape = Some(*table.shape());
                (self.sum, self.mxr) = (self.random.one_in(2), self.random.one_in(2));
                machine::walk(table.registers().satp, self.sum, self.mxr);
            }

            fn leave(&mut self, table: PageTable<$module::$format, Live>, world: &mut Self::World) {
                machine::end(table, world);
            }

            fn pages(&self, world: &Self::World) -> u32 {
                world.frames.used()
            }

            fn expected(
                &self,
                _: &Shape<$module::$format>,
                found: Result<Leaf<$module::$format>, Fault>,
                access: Access,
            ) -> Outcome {
                found.map_or(REFUSED, |leaf| self.outcome(leaf.word, leaf.output, access))
            }

            fn marked(&self, leaf: u64, access: Access) -> u64 {
                leaf | if access.kind == Kind::Store { A | D } else { A }
            }

            fn flipped(&self, step: &Step<$module::$format>, random: &mut Random) -> Option<u64> {
                if step.word & 1 == 0 {
                    return None;
                }
                Self::flip(step.word, step.table, step.shift, $reserved, random)
            }

            fn overwrite(&mut self, descriptor: Phys, word: u64) {
                machine::set_table(descriptor.0, word);
                machine::fence_all();
            }

            fn probe(&mut self, va: u64, access: Access) -> Outcome {
                let mut output = None;
                if let (Some(shape), Kind::Store) = (self.shape, access.kind) {
                    walk::<$module::$format>(
                        &shape,
                        va,
                        |place| machine::word(place.0),
                        |step| {
                            // With N the page has 64 KiB, and says so in its number.
                            let inside = if step.word >> 63 == 1 { 0xffff } else { (1 << step.shift) - 1 };
                            output = Some((step.word >> 10 & PPN) << 12 & !inside | va & inside);
                        },
                    );
                }
                self.access(va, access, output)
            }

            fn evidence(&self, f: &mut dyn fmt::Write) -> fmt::Result {
                match self.last {
                    Seen::Done(value) => write!(f, "    last access: done, a0 {value:#x}")?,
                    Seen::Refused(cause, address) => {
                        let what = match cause {
                            1 | 5 | 7 => "access fault, by PMP or where nothing is",
                            12 => "instruction page fault",
                            13 => "load page fault",
                            15 => "store page fault",
                            _ => "no fault of tables",
                        };
                        write!(f, "    last access: scause {cause}, {what}; stval {address:#x}")?;
                    }
                }
                writeln!(f, "; SUM {}, MXR {}", self.sum, self.mxr)
            }
        }
    };
}

/// The regime of a format without memory types and pages of 64 KiB, and of its variant with them.
macro_rules! regimes {
    ($module:ident, $format:ident, $variant:ident, $variant_format:ident) => {
        regime!($module, $format, 0x3ff << 54, |attributes, _: &mut Random| attributes, |new, _| new);
        regime!(
            $variant,
            $variant_format,
            // With Svpbmt or Svnapot QEMU checks only some of them.
            0,
            |attributes: $variant::Attributes, random: &mut Random| {
                use $variant::Pbmt;
                attributes.with_pbmt(random.pick(&[Pbmt::PMA, Pbmt::NC, Pbmt::IO]))
            },
            |new: $variant::Attributes, old: $variant::Attributes| new.with_pbmt(old.pbmt())
        );
    };
}
regimes!(sv39, Sv39, sv39_extended, Sv39Extended);
regimes!(sv48, Sv48, sv48_extended, Sv48Extended);
regimes!(sv57, Sv57, sv57_extended, Sv57Extended);
