//! What a raw descriptor means: the model asks, a format answers.

/// One level of a format, from the root's down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelShape {
    /// The manual's number, as level hints give it.
    pub number: i32,
    /// log2 of the bytes that one entry maps.
    pub shift: u32,
    /// Index bits of a whole table.
    pub bits: u32,
}

/// What the input bits above a table's width are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upper {
    /// All 0.
    Zero,
    /// All 1.
    One,
    /// Copies of the highest translated bit.
    Sign,
}

impl Upper {
    /// The input address with its upper bits as they must be.
    #[inline]
    #[must_use]
    pub fn extend(self, va: u64, width: u32) -> u64 {
        let low = low_bits(width);
        match self {
            Upper::Zero => va & low,
            Upper::One => va | !low,
            Upper::Sign if va & (low ^ (low >> 1)) != 0 => va | !low,
            Upper::Sign => va & low,
        }
    }
}

/// The shape of the tables that a machine walks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The levels that a walk passes, the root's first. At most 6.
    pub levels: Vec<LevelShape>,
    /// Input bits.
    pub width: u32,
    /// The bits above.
    pub upper: Upper,
    /// Bytes of a descriptor: 4 or 8.
    pub entry_bytes: u64,
}

/// A leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Physical address of its first byte.
    pub output: u64,
    /// The bits in which two translations of one address may not differ, besides output and size: memory type, shareability.
    pub strict: u64,
    /// All other bits that decide about an access: permissions.
    pub rights: u64,
    /// Whether it may be written.
    pub write: bool,
    /// Whether it may be executed.
    pub execute: bool,
    /// Whether it serves every ASID.
    pub global: bool,
    /// log2 of the number of neighbours that hardware may cache as one entry; 0 for none.
    pub group: u8,
    /// Whether a TLB may hold it without the walker setting a flag first.
    pub accessed: bool,
}

impl Leaf {
    /// The same but for where it leads: what an access may do there.
    #[inline]
    #[must_use]
    pub fn acts_as(&self, other: &Leaf) -> bool {
        (self.strict, self.rights, self.global) == (other.strict, other.rights, other.global)
    }
}

/// Bits of the table descriptors on the way, for hierarchical attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// OR of all.
    pub any: u64,
    /// AND of all.
    pub all: u64,
}

impl Path {
    /// No table passed yet.
    pub const ROOT: Path = Path { any: 0, all: u64::MAX };
}

/// What a walker makes of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A translation fault.
    Invalid,
    /// A bit that must be zero is not, or an encoding is reserved.
    Reserved,
    /// The next table.
    Table {
        /// Its physical address.
        next: u64,
        /// With this descriptor passed.
        path: Path,
    },
    /// Memory.
    Leaf(Leaf),
}

/// The meaning of raw descriptors of one format.
pub trait Semantics {
    /// The descriptor `word`, read from a table whose entries are of level number `level` after passing `path`.
    fn decode(&self, level: i32, word: u64, path: Path) -> Decoded;

    /// Bits of a leaf that the walker may set by itself: accessed; dirty where a write is allowed. `word` is a leaf.
    fn walker_sets(&self, level: i32, word: u64) -> u64;
}

/// `bits` ones; 64 and more: all.
#[inline]
pub(crate) const fn low_bits(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}
