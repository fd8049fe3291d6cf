//! Table frames for every contender: one region, handed out from the bottom up, freed frames again, last freed first.
//!
//! All contenders draw from the same pool, so that none has a better allocator or better memory than another. Frames are
//! handed out as they were left: whoever needs zeroes writes them, and that is part of what is measured.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Bytes of a frame.
pub const FRAME: u64 = 4096;

/// The pool. One thread uses it; the atomics are plain loads and stores that a `static` may hold.
#[derive(Debug)]
pub struct Pool {
    base: u64,
    frames: u32,
    next: AtomicU32,
    freed: AtomicU32,
    stack: Vec<AtomicU32>,
    /// Entries of each frame's table, for the contender that counts them.
    counts: Vec<AtomicU32>,
    out: AtomicU64,
}

static POOL: OnceLock<Pool> = OnceLock::new();

/// Makes the pool; the second call is an error.
///
/// # Errors
/// There is not that much memory.
pub fn make(frames: u32) -> Result<(), String> {
    let bytes = frames as usize * FRAME as usize;
    // Aligned to large pages: contenders shall differ in their own work, not in the host's TLB misses.
    let huge = 2 << 20;
    // SAFETY: an anonymous mapping at an address that the kernel chooses touches nothing that exists.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes + huge,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if memory == libc::MAP_FAILED {
        return Err(format!("no {} MiB for tables: {}", bytes >> 20, std::io::Error::last_os_error()));
    }
    let base = memory.expose_provenance().next_multiple_of(huge);
    // A wish only: if it is refused, every contender is slower alike.
    // SAFETY: the range lies in the mapping made above.
    unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(base), bytes, libc::MADV_HUGEPAGE) };
    let zeroes = || (0..frames).map(|_| AtomicU32::new(0)).collect();
    let pool = Pool {
        base: base as u64,
        frames,
        next: AtomicU32::new(0),
        freed: AtomicU32::new(0),
        stack: zeroes(),
        counts: zeroes(),
        out: AtomicU64::new(0),
    };
    POOL.set(pool).map_err(|_| "the pool exists already".to_owned())
}

/// The pool.
#[inline(always)]
pub fn pool() -> &'static Pool {
    // `main` makes it before anything is measured.
    POOL.get().unwrap_or_else(|| std::process::abort())
}

impl Pool {
    /// Takes all frames back, whoever has them.
    pub fn reset(&self) {
        self.next.store(0, Relaxed);
        self.freed.store(0, Relaxed);
        self.out.store(0, Relaxed);
    }

    /// A frame, with whatever was in it, at an address that is physical and virtual alike.
    #[inline(always)]
    pub fn take(&self) -> Option<u64> {
        let freed = self.freed.load(Relaxed);
        let frame = if freed != 0 {
            self.freed.store(freed - 1, Relaxed);
            self.stack.get(freed as usize - 1)?.load(Relaxed)
        } else {
            let next = self.next.load(Relaxed);
            if next == self.frames {
                return None;
            }
            self.next.store(next + 1, Relaxed);
            next
        };
        self.out.store(self.out.load(Relaxed) + 1, Relaxed);
        Some(self.base + u64::from(frame) * FRAME)
    }

    /// The same, zeroed.
    #[inline(always)]
    pub fn take_zeroed(&self) -> Option<u64> {
        let address = self.take()?;
        // SAFETY: a frame of the pool, which nobody else has.
        unsafe { std::ptr::write_bytes(pointer(address), 0, 512) };
        Some(address)
    }

    /// Neighbouring frames from the untouched end: for the limits, whose tables lie side by side.
    pub fn take_run(&self, frames: u32) -> Option<u64> {
        let next = self.next.load(Relaxed);
        let end = next.checked_add(frames).filter(|&end| end <= self.frames)?;
        self.next.store(end, Relaxed);
        self.out.store(self.out.load(Relaxed) + u64::from(frames), Relaxed);
        Some(self.base + u64::from(next) * FRAME)
    }

    /// Takes a frame back.
    #[inline(always)]
    pub fn give(&self, address: u64) {
        let freed = self.freed.load(Relaxed);
        if let Some(place) = self.stack.get(freed as usize) {
            place.store(((address - self.base) / FRAME) as u32, Relaxed);
            self.freed.store(freed + 1, Relaxed);
            self.out.store(self.out.load(Relaxed).wrapping_sub(1), Relaxed);
        }
    }

    /// Frames that were taken and not given back.
    pub fn out(&self) -> u64 {
        self.out.load(Relaxed)
    }

    /// Whether an address lies in the pool and begins a frame: a table that is not may not be read.
    pub fn holds(&self, address: u64) -> bool {
        address.is_multiple_of(FRAME)
            && address >= self.base
            && address - self.base < u64::from(self.next.load(Relaxed)) * FRAME
    }

    /// The place of a table's count.
    #[inline(always)]
    pub fn count(&self, address: u64) -> Option<&AtomicU32> {
        self.counts.get(((address - self.base) / FRAME) as usize)
    }
}

/// A table of the pool as memory.
#[inline(always)]
pub fn pointer(address: u64) -> *mut u64 {
    std::ptr::with_exposed_provenance_mut(address as usize)
}
