//! One processor with its MMU: what it must do by the manual, and what it does.

use core::fmt;

use guest_common::{Access, Kind, Leaf, Machine, Outcome, Own, Pool, Ram, Random, Step, Why, walk};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Config, Fault, Live, PageTable, Phys, Range, Shape};
use ptdsl_generated::{x86_64, x86_64_5level};

use crate::machine::{self, SMAP, SMEP, Seen, TESTED};

/// INVLPG as the instruction that it is, or nothing.
pub struct Hardware {
    /// It is executed.
    pub invlpg: bool,
}

/// Bits of an entry.
const PRESENT: u64 = 1;
const RW: u64 = 1 << 1;
const US: u64 = 1 << 2;
const A: u64 = 1 << 5;
const D: u64 = 1 << 6;
const PS: u64 = 1 << 7;
const XD: u64 = 1 << 63;
/// The exceptions.
const GENERAL_PROTECTION: u64 = 13;
const PAGE_FAULT: u64 = 14;
/// Bits of the page fault's error code.
const PROTECTION: u64 = 1;
const WRITE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const RESERVED: u64 = 1 << 3;
const FETCH: u64 = 1 << 4;

/// A reserved bit stopped the walk.
const RESERVED_BIT: Outcome = refused(Why::Other(RESERVED));
/// What was stored is nowhere.
const LOST: Outcome = refused(Why::Other(1 << 32));
/// A table on the way to a leaf that was accessed is not marked so.
const NOT_ACCESSED: Outcome = refused(Why::Other(1 << 33));

const fn refused(why: Why) -> Outcome {
    Outcome::Refused { why, level: None }
}

/// The processor. `S` is what it knows of the table that it walks.
pub struct Processor<S> {
    random: Random,
    /// CR3 with the boot's tables.
    boot: u64,
    /// SMEP and SMAP, constant while a table is walked: changing them drops the TLB.
    control: u64,
    shape: Option<S>,
    /// What the last access came to.
    last: Seen,
    /// Stored last.
    nonce: u64,
}

impl<S> Processor<S> {
    pub fn new(mut random: Random) -> Self {
        let nonce = random.bits();
        Processor { random, boot: machine::root(), control: 0, shape: None, last: Seen::Done(0), nonce }
    }

    /// What an access to this leaf comes to, with the tables above applied. CR0.WP = 1, EFER.NXE = 1, EFLAGS.AC = 0.
    fn outcome(&self, leaf: u64, output: u64, access: Access) -> Outcome {
        let keeps_out = if access.kind == Kind::Fetch { SMEP } else { SMAP };
        let reaches = match (leaf & US != 0, access.user) {
            (true, false) => self.control & keeps_out == 0,
            (page, access) => page || !access,
        };
        let may = match access.kind {
            Kind::Load => true,
            Kind::Store => leaf & RW != 0,
            Kind::Fetch => leaf & XD == 0,
        };
        if may && reaches {
            Outcome::Reached { output: output & !0xfff, memory: 0 }
        } else {
            refused(Why::Permission)
        }
    }

    /// What becomes of an access where the walk finds no leaf.
    fn fault(fault: Fault) -> Outcome {
        match fault {
            Fault::Input => refused(Why::AddressSize),
            Fault::Translation { entry, .. } if entry & PRESENT != 0 => RESERVED_BIT,
            Fault::Translation { .. } => refused(Why::Translation),
        }
    }

    /// Accesses the address; `output`: where a store is expected to end.
    fn access(&mut self, va: u64, access: Access, output: Option<u64>) -> Outcome {
        let (va, kind) = match access.kind {
            Kind::Load => (va, 0),
            Kind::Store => (va + 8, WRITE),
            Kind::Fetch => (va + 16, FETCH),
        };
        let told = kind | if access.user { USER } else { 0 };
        self.nonce = self.nonce.wrapping_add(1);
        self.last = machine::access(access, va, self.nonce);
        let output = match (self.last, access.kind) {
            (Seen::Done(tag), Kind::Load) => tag,
            (Seen::Done(page), Kind::Fetch) => {
                // QEMU would execute the code again as long as it remembers it, whatever INVLPG has dropped of a large page.
                machine::tag_code(page << 12);
                page << 12
            }
            (Seen::Done(_), Kind::Store) => match self.stored(output) {
                Some(page) => page,
                None => return LOST,
            },
            (Seen::Refused(GENERAL_PROTECTION, 0, _), _) => return refused(Why::AddressSize),
            (Seen::Refused(PAGE_FAULT, code, cr2), _)
                if cr2 == va && code & (WRITE | USER | FETCH) == told =>
            {
                return match code & !told {
                    0 => refused(Why::Translation),
                    PROTECTION => refused(Why::Permission),
                    // QEMU leaves out the protection bit.
                    RESERVED => RESERVED_BIT,
                    more if more == RESERVED | PROTECTION => RESERVED_BIT,
                    more => refused(Why::Other(more)),
                };
            }
            (Seen::Refused(exception, code, _), _) => return refused(Why::Other(exception << 16 | code)),
        };
        Outcome::Reached { output, memory: 0 }
    }

    /// The page that holds what was stored last.
    fn stored(&self, expected: Option<u64>) -> Option<u64> {
        let holds = |page: &u64| TESTED.tagged(*page) && machine::word(*page + 8) == self.nonce;
        expected.map(|page| page & !0xfff).filter(holds).or_else(|| TESTED.pages().find(holds))
    }

    /// A leaf or a table entry with one or two bits turned over.
    fn flip(entry: u64, table: bool, shift: u32, random: &mut Random) -> u64 {
        // Of a large leaf's address, what must be 0. Of a table entry no bit of the address, but PS; a leaf that loses its
        // PS would lead to a table where none is.
        let more = if table { PS } else { (1 << shift) - (1 << 12) };
        let bits = XD | 0x7ff << 52 | 0xf7f | more;
        let mut flipped = entry;
        for _ in 0..random.between(1, 2) {
            flipped ^= 1 << random.below(64) & bits;
        }
        flipped
    }
}

/// Every access, by both privileges. Loads come first: a store and a fetch then find the translation in the TLB.
const ACCESSES: [Access; 6] = [
    Access::touch(Kind::Load, false),
    Access::touch(Kind::Load, true),
    Access::touch(Kind::Store, false),
    Access::touch(Kind::Fetch, true),
    Access::touch(Kind::Store, true),
    Access::touch(Kind::Fetch, false),
];

macro_rules! regime {
    ($module:ident, $format:ident) => {
        impl Maintain<$module::$format> for Hardware {
            #[inline(always)]
            fn step(&mut self, step: $module::Step) {
                if self.invlpg {
                    step.execute();
                }
            }
        }

        impl Machine<$module::$format> for Processor<Shape<$module::$format>> {
            type World = Linear<$module::$format, Pool, Hardware>;

            fn accesses(&self) -> &'static [Access] {
                &ACCESSES
            }

            fn ram(&self) -> Ram {
                TESTED
            }

            fn config(&self, random: &mut Random) -> Config<$module::$format> {
                Config { output_bits: random.pick(&[36, 38, 39, 40]), ..Config::default() }
            }

            fn attributes(&self, random: &mut Random) -> $module::Attributes {
                use $module::{Attributes, Avl, AvlHi, Memory, Pkey, Privilege, Prot};
                let prot = random.pick(&[Prot::R, Prot::Rw, Prot::Rx, Prot::Rwx]);
                let privilege = random.pick(&[Privilege::Supervisor, Privilege::User]);
                let memory = random.pick(&[Memory::Wb, Memory::Wt, Memory::UcMinus, Memory::Uc]);
                let plain = Attributes::new(prot, privilege, memory);
                let plain = plain.with_a(random.one_in(2)).with_d(random.one_in(2)).with_g(random.one_in(4));
                // CR4.PKE = 0: the key is software's.
                let keyed = Pkey::new(random.below(16)).map_or(plain, |key| plain.with_pkey(key));
                let low = Avl::new(random.below(8)).map_or(keyed, |bits| keyed.with_avl(bits));
                AvlHi::new(random.below(128)).map_or(low, |bits| low.with_avl_hi(bits))
            }

            fn readable(&self, _: &mut Random) -> $module::Attributes {
                $module::Attributes::RW_SUPERVISOR_WB
            }

            fn without_xn(&self, attributes: $module::Attributes) -> $module::Attributes {
                use $module::{Attributes, Prot};
                let prot = match attributes.prot() {
                    Prot::R => Prot::Rx,
                    Prot::Rw => Prot::Rwx,
                    executable => executable,
                };
                let new = Attributes::new(prot, attributes.privilege(), attributes.memory());
                let new = new.with_a(attributes.a()).with_d(attributes.d()).with_g(attributes.g());
                new.with_pkey(attributes.pkey()).with_avl(attributes.avl()).with_avl_hi(attributes.avl_hi())
            }

            fn keep_out(&self, _: &Config<$module::$format>) -> Option<Range> {
                Range::new(0, machine::USER + (1 << 30)).ok()
            }

            fn own(&self, _: &Config<$module::$format>) -> [Option<Own<$module::$format>>; 6] {
                use $module::Attributes;
                let own = |va: u64, output: u64, bytes: u64, attributes: Attributes| {
                    let range = Range::new(va, bytes).ok()?;
                    Some(Own { range, output: Phys(output), attributes })
                };
                [
                    own(0, 0, TESTED.first, Attributes::RWX_SUPERVISOR_WB),
                    own(TESTED.first, TESTED.first, TESTED.bytes, Attributes::RW_SUPERVISOR_WB),
                    own(machine::USER, machine::stubs(), 4096, Attributes::RX_USER_WB),
                    None,
                    None,
                    None,
                ]
            }

            fn restrict(&self, _: i32, descriptor: u64, random: &mut Random) -> u64 {
                match random.below(3) {
                    0 => descriptor & !RW,
                    1 => descriptor & !US,
                    _ => descriptor | XD,
                }
            }

            fn read(&self, descriptor: Phys) -> u64 {
                machine::word(descriptor.0)
            }

            fn write(&mut self, descriptor: Phys, word: u64) {
                machine::set_table(descriptor.0, word);
            }

            fn enter(&mut self, table: &PageTable<$module::$format, Live>) {
                self.shape = Some(*table.shape());
                self.control = self.random.pick(&[0, SMEP, SMAP, SMEP | SMAP]);
                machine::walk(table.registers().cr3, self.control);
            }

            fn leave(&mut self, table: PageTable<$module::$format, Live>, world: &mut Self::World) {
                machine::end(self.boot, table, world);
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
                match found {
                    Ok(leaf) => self.outcome(leaf.word, leaf.output, access),
                    Err(fault) => Self::fault(fault),
                }
            }

            fn marked(&self, leaf: u64, access: Access) -> u64 {
                leaf | if access.kind == Kind::Store { A | D } else { A }
            }

            // The manual lets hardware set A whenever it uses an entry; QEMU does so in large leaves.
            fn may_mark(&self) -> u64 {
                A
            }

            fn flipped(&self, step: &Step<$module::$format>, random: &mut Random) -> Option<u64> {
                (step.word & PRESENT != 0).then(|| Self::flip(step.word, step.table, step.shift, random))
            }

            fn overwrite(&mut self, descriptor: Phys, word: u64) {
                machine::set_table(descriptor.0, word);
                machine::walk(machine::root(), self.control);
            }

            fn probe(&mut self, va: u64, access: Access) -> Outcome {
                let Some(shape) = self.shape else { return LOST };
                let walk = |show: &mut dyn FnMut(Step<$module::$format>)| {
                    walk::<$module::$format>(&shape, va, |place| machine::word(place.0), show);
                };
                let mut output = None;
                if access.kind == Kind::Store {
                    walk(&mut |step| {
                        let inside = (1 << step.shift) - 1;
                        output = Some(step.word & 0xf_ffff_ffff_f000 & !inside | va & inside);
                    });
                }
                let outcome = self.access(va, access, output);
                let mut accessed = true;
                if let Outcome::Reached { .. } = outcome {
                    walk(&mut |step| accessed &= !step.table || step.word & A != 0);
                }
                if accessed { outcome } else { NOT_ACCESSED }
            }

            fn evidence(&self, f: &mut dyn fmt::Write) -> fmt::Result {
                let on = |bit| if self.control & bit == 0 { "off" } else { "on" };
                match self.last {
                    Seen::Done(value) => write!(f, "    last access: done, rax {value:#x}")?,
                    Seen::Refused(14, code, cr2) => {
                        let bit = |bit: u32| code >> bit & 1;
                        write!(f, "    last access: page fault at CR2 {cr2:#x}, error code {code:#x}: ")?;
                        let end = if bit(0) == 1 { "an entry refuses it" } else { "an entry is not present" };
                        write!(f, "{end}, W {}, U {}, RSVD {}, I {}", bit(1), bit(2), bit(3), bit(4))?;
                    }
                    Seen::Refused(vector, code, _) => {
                        write!(f, "    last access: exception {vector}, error code {code:#x}")?;
                    }
                }
                writeln!(f, "; SMEP {}, SMAP {}", on(SMEP), on(SMAP))
            }
        }
    };
}
regime!(x86_64, X8664);
regime!(x86_64_5level, X86645level);
