//! The check after the clock: reads a contender's tables by itself, and shares no code with any contender.

use crate::pool::{pointer, pool};
use crate::walker::Words;

/// A leaf that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// First input address.
    pub va: u64,
    /// Bytes.
    pub bytes: u64,
    /// The word.
    pub word: u64,
}

/// Compares all leaves below `root`, in ascending order, with what is expected.
///
/// # Errors
/// The first difference.
pub fn compare(root: u64, words: &Words, expected: impl Iterator<Item = Leaf>) -> Result<(), String> {
    let mut expected = expected;
    table(root, 39, 0, words, &mut |leaf| match expected.next() {
        Some(want) if want == leaf => Ok(()),
        Some(want) => Err(format!("{leaf:x?} stands where {want:x?} should")),
        None => Err(format!("{leaf:x?} should not be there")),
    })?;
    match expected.next() {
        Some(want) => Err(format!("{want:x?} is missing")),
        None => Ok(()),
    }
}

fn table(
    address: u64,
    shift: u32,
    base: u64,
    words: &Words,
    seen: &mut impl FnMut(Leaf) -> Result<(), String>,
) -> Result<(), String> {
    if !pool().holds(address) {
        return Err(format!("a table at {address:#x}, which is no frame of the pool"));
    }
    for slot in 0..512 {
        // SAFETY: a frame of the pool has 512 words, and nobody writes them now.
        let word = unsafe { pointer(address).add(slot).read_volatile() };
        if word & 1 == 0 {
            if word != 0 && !words.x86 {
                return Err(format!("the invalid entry {word:#x} is not empty"));
            }
            continue;
        }
        let va = base + ((slot as u64) << shift);
        let leaf = shift == 12 || if words.x86 { word & 0x80 != 0 } else { word & 2 == 0 };
        if leaf {
            seen(Leaf { va, bytes: 1 << shift, word })?;
        } else {
            table(word & 0x0000_ffff_ffff_f000, shift - 9, va, words, seen)?;
        }
    }
    Ok(())
}
