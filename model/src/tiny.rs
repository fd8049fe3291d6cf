//! A small synthetic format: three levels of four entries, pages of 4 KiB, descriptors much like those of arm64.
//!
//! Levels 1, 2 and 3 map 64, 16 and 4 KiB per entry, 256 KiB together. Words: bit 0 valid; bit 1 table or page, 0 for a block;
//! 4:2 memory type; 7 read-only; 9:8 shareability; 10 AF; 11 nG; 47:12 address; 51 DBM; 52 contiguous (groups of two);
//! 54 no execution; 58:55 software; 63 must be zero.

use crate::semantics::{Decoded, Geometry, Leaf, LevelShape, Path, Semantics, Upper};

/// The format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tiny;

const ADDRESS: u64 = 0xffff_ffff_f000;

/// Its geometry.
#[must_use]
pub fn geometry() -> Geometry {
    let level = |number, shift| LevelShape { number, shift, bits: 2 };
    Geometry {
        levels: vec![level(1, 16), level(2, 14), level(3, 12)],
        width: 18,
        upper: Upper::Zero,
        entry_bytes: 8,
    }
}

impl Semantics for Tiny {
    fn decode(&self, level: i32, word: u64, path: Path) -> Decoded {
        if word & 1 == 0 {
            return Decoded::Invalid;
        }
        if word >> 63 != 0 || (level == 3 && word & 2 == 0) {
            return Decoded::Reserved;
        }
        if level < 3 && word & 2 != 0 {
            return Decoded::Table {
                next: word & ADDRESS,
                path: Path { any: path.any | word, all: path.all & word },
            };
        }
        Decoded::Leaf(Leaf {
            output: word & ADDRESS,
            strict: word & 0x31c,
            rights: word & (1 << 54 | 1 << 51 | 1 << 7),
            write: word & 1 << 7 == 0 || word & 1 << 51 != 0,
            execute: word & 1 << 54 == 0,
            global: word & 1 << 11 == 0,
            group: u8::from(word & 1 << 52 != 0),
            accessed: word & 1 << 10 != 0,
        })
    }

    fn walker_sets(&self, _: i32, word: u64) -> u64 {
        // AF; and with DBM a read-only leaf becomes writable, which the model spells as the cleared bit.
        let accessed = !word & 1 << 10;
        let dirty = if word & 1 << 51 != 0 { word & 1 << 7 } else { 0 };
        accessed | dirty
    }
}

/// A descriptor in the making: a page or block that may be read and written, normal, inner shareable, AF set, global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(pub u64);

/// Nothing.
pub const INVALID: Word = Word(0);

/// A page at level 3 that leads to `output`.
#[must_use]
pub const fn page(output: u64) -> Word {
    Word(output & ADDRESS | 1 << 54 | 0x703)
}

/// A block at level 1 or 2 that leads to `output`.
#[must_use]
pub const fn block(output: u64) -> Word {
    Word(output & ADDRESS | 1 << 54 | 0x701)
}

/// A table at a physical address.
#[must_use]
pub const fn table(next: u64) -> Word {
    Word(next & ADDRESS | 3)
}

impl Word {
    /// No write.
    #[must_use]
    pub const fn ro(self) -> Word {
        Word(self.0 | 1 << 7)
    }
    /// No write, execution.
    #[must_use]
    pub const fn rx(self) -> Word {
        Word((self.0 | 1 << 7) & !(1 << 54))
    }
    /// Device memory.
    #[must_use]
    pub const fn device(self) -> Word {
        Word(self.0 | 1 << 4)
    }
    /// Outer shareable.
    #[must_use]
    pub const fn outer(self) -> Word {
        Word(self.0 & !(3 << 8) | 2 << 8)
    }
    /// The access flag is 0.
    #[must_use]
    pub const fn old(self) -> Word {
        Word(self.0 & !(1 << 10))
    }
    /// nG: tagged with the ASID.
    #[must_use]
    pub const fn not_global(self) -> Word {
        Word(self.0 | 1 << 11)
    }
    /// A member of a group.
    #[must_use]
    pub const fn contiguous(self) -> Word {
        Word(self.0 | 1 << 52)
    }
    /// Clean, and writable by the walker's dirty update.
    #[must_use]
    pub const fn clean(self) -> Word {
        Word(self.0 | 1 << 51 | 1 << 7)
    }
    /// A software bit.
    #[must_use]
    pub const fn software(self) -> Word {
        Word(self.0 | 1 << 55)
    }
    /// With a bit that must be zero.
    #[must_use]
    pub const fn malformed(self) -> Word {
        Word(self.0 | 1 << 63)
    }
}
