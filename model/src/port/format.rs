//! A generated format as the model's semantics: which word is a table or a leaf and where it leads is the format's own code; what
//! hardware makes of a leaf's attributes is said here, independently, per architecture.

use std::marker::PhantomData;

use ptdsl::{Along, Config, Extend, Format, Level, Phys, Word};

use crate::semantics::{Decoded, Geometry, Leaf, LevelShape, Path, Semantics, Upper};

/// What hardware makes of the attribute bits of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// VMSAv8-64 stage 1. `tagged`: bit 11 is nG. `lpa2`: bits 9:8 are address, not shareability.
    Arm64Stage1 {
        /// Entries may belong to one ASID.
        tagged: bool,
        /// DS = 1.
        lpa2: bool,
    },
    /// VMSAv8-64 stage 2.
    Arm64Stage2 {
        /// DS = 1.
        lpa2: bool,
    },
    /// x86-64.
    X86,
    /// RISC-V, single stage and G-stage.
    RiscV,
}

/// The level's functions, without its type.
#[derive(Clone, Copy, Debug)]
struct Functions<W> {
    number: i32,
    last: bool,
    next_table: fn(W) -> Option<Phys>,
    is_leaf: fn(W) -> bool,
    output: fn(W) -> Phys,
    along: W,
}

/// A format's semantics.
#[derive(Clone, Debug)]
pub struct Described<F: Format> {
    meaning: Meaning,
    levels: Vec<Functions<F::Word>>,
    format: PhantomData<F>,
}

fn collect<F: Format, L: Level<F>>(
    shapes: &mut Vec<(LevelShape, bool)>,
    functions: &mut Vec<Functions<F::Word>>,
) {
    if !L::HAS_LEAF && !L::HAS_TABLE {
        return;
    }
    shapes.push((LevelShape { number: L::NUMBER, shift: L::SHIFT, bits: L::BITS }, L::HAS_TABLE));
    functions.push(Functions {
        number: L::NUMBER,
        last: !L::HAS_TABLE,
        next_table: L::next_table,
        is_leaf: L::is_leaf,
        output: L::output,
        along: L::ALONG,
    });
    collect::<F, L::Next>(shapes, functions);
}

/// The shape of a table that is created with this configuration.
#[must_use]
pub fn geometry<F: Format>(config: &Config<F>) -> Geometry {
    let (mut shapes, mut functions) = (Vec::new(), Vec::new());
    collect::<F, F::Top>(&mut shapes, &mut functions);
    let reached = |shape: &LevelShape, has_table: bool| {
        !has_table || F::MIN_WIDTH > shape.shift || config.width > shape.shift
    };
    let levels = shapes.into_iter().filter(|(shape, table)| reached(shape, *table)).map(|(shape, _)| shape);
    Geometry {
        levels: levels.collect(),
        width: config.width,
        upper: match F::EXTEND {
            Extend::Zero => Upper::Zero,
            Extend::One => Upper::One,
            Extend::Sign => Upper::Sign,
        },
        entry_bytes: F::Word::BYTES,
    }
}

impl<F: Format> Described<F> {
    /// The format with that meaning of its attributes.
    #[must_use]
    pub fn new(meaning: Meaning) -> Self {
        let (mut shapes, mut levels) = (Vec::new(), Vec::new());
        collect::<F, F::Top>(&mut shapes, &mut levels);
        Described { meaning, levels, format: PhantomData }
    }

    /// The leaf of a word with hierarchical attributes applied.
    fn leaf(&self, level: &Functions<F::Word>, raw: F::Word, path: Path) -> Leaf {
        let output = (level.output)(raw).0;
        let along = Along { any: F::Word::from_u64(path.any), all: F::Word::from_u64(path.all) };
        let word = F::effective(level.number, raw, along).to_u64();
        let bit = |n: u32| word >> n & 1 != 0;
        let only = |bits: &[u32]| bits.iter().fold(0, |sum, n| sum | word & 1 << n);
        match self.meaning {
            Meaning::Arm64Stage1 { tagged, lpa2 } => Leaf {
                output,
                strict: word & if lpa2 { 0x1c } else { 0x31c },
                rights: only(&[6, 7, 50, 51, 53, 54]),
                write: !bit(7) || bit(51),
                // With one privilege (EL2) XN alone decides.
                execute: !(bit(54) && (bit(53) || !tagged)),
                global: !tagged || !bit(11),
                group: if bit(52) { contiguous(F::GRANULE_SHIFT, level.last) } else { 0 },
                accessed: bit(10),
            },
            Meaning::Arm64Stage2 { lpa2 } => Leaf {
                output,
                strict: word & if lpa2 { 0x3c } else { 0x33c },
                rights: only(&[6, 7, 11, 51, 53, 54]),
                write: bit(7) || bit(51),
                execute: word >> 53 & 3 != 2,
                global: true,
                group: if bit(52) { contiguous(F::GRANULE_SHIFT, level.last) } else { 0 },
                accessed: bit(10),
            },
            Meaning::X86 => Leaf {
                output,
                strict: u64::from(bit(if level.last { 7 } else { 12 })) << 2 | word >> 3 & 3,
                rights: only(&[1, 2, 59, 60, 61, 62, 63]),
                write: bit(1),
                execute: !bit(63),
                global: bit(8),
                group: 0,
                accessed: true,
            },
            Meaning::RiscV => Leaf {
                output,
                strict: word >> 61 & 3,
                rights: only(&[1, 2, 3, 4]),
                write: bit(2),
                execute: bit(3),
                global: bit(5),
                group: 0,
                accessed: bit(6),
            },
        }
    }
}

/// log2 of the entries that the contiguous bit joins.
fn contiguous(granule_shift: u32, last: bool) -> u8 {
    match (granule_shift, last) {
        (12, _) => 4,
        (14, true) => 7,
        _ => 5,
    }
}

impl<F: Format> Semantics for Described<F> {
    fn decode(&self, level: i32, word: u64, path: Path) -> Decoded {
        let Some(level) = self.levels.iter().find(|found| found.number == level) else {
            return Decoded::Reserved;
        };
        let raw = F::Word::from_u64(word);
        if let Some(next) = (level.next_table)(raw) {
            let word = raw.to_u64();
            let mask = level.along.to_u64();
            let path = Path { any: path.any | word & mask, all: path.all & (word | !mask) };
            return Decoded::Table { next: next.0, path };
        }
        if (level.is_leaf)(raw) {
            return Decoded::Leaf(self.leaf(level, raw, path));
        }
        // Bit 0 is what makes a descriptor valid in all formats that the model knows.
        if word & 1 == 0 { Decoded::Invalid } else { Decoded::Reserved }
    }

    fn walker_sets(&self, _: i32, word: u64) -> u64 {
        let unset = |bits: u64| !word & bits;
        match self.meaning {
            // With DBM the walker makes a read-only leaf writable: AP[2] 1 -> 0.
            Meaning::Arm64Stage1 { .. } => {
                unset(1 << 10) | if word & 1 << 51 != 0 { word & 1 << 7 } else { 0 }
            }
            // S2AP[1] 0 -> 1.
            Meaning::Arm64Stage2 { .. } => {
                unset(1 << 10) | if word & 1 << 51 != 0 { unset(1 << 7) } else { 0 }
            }
            Meaning::X86 => unset(1 << 5) | if word & 1 << 1 != 0 { unset(1 << 6) } else { 0 },
            Meaning::RiscV => unset(1 << 6) | if word & 1 << 2 != 0 { unset(1 << 7) } else { 0 },
        }
    }
}
