//! ---
//! class: K13
//! title: two CPUs install a table into one slot
//! happened: Linux io-pgtable-arm (the loser of a split race never unmaps), EDK2 (#12391: the allocator re-enters the walker)
//! stops: an operation has the table to itself (`&mut`); a world that shares one installs by compare-and-exchange, tried by loom
//! tests: checked_then_stored, compare_and_exchange
//! ---
//! Both found the slot empty, both allocated, both stored. The mappings in the table of the first were gone, and its page was lost.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

/// A slot, and the word that each of two tables holds for its CPU.
struct Memory {
    slot: AtomicU64,
    words: [AtomicU64; 2],
}

/// Each CPU maps its own page below the slot: through its table (1 or 2) if it comes first, through the other's if not. Returns the
/// mappings that a walk finds, and the tables that are lost.
fn race(install: fn(&AtomicU64, u64) -> u64) -> (u64, u64) {
    let memory = Arc::new(Memory { slot: AtomicU64::new(0), words: [AtomicU64::new(0), AtomicU64::new(0)] });
    let cpu = move |memory: Arc<Memory>, own: u64| {
        let table = install(&memory.slot, own);
        memory.words[table as usize - 1].fetch_or(own, Ordering::AcqRel);
        // The loser gives its page back.
        table == own
    };
    let other = {
        let memory = memory.clone();
        thread::spawn(move || cpu(memory, 2))
    };
    let kept = u64::from(cpu(memory.clone(), 1)) + u64::from(other.join().expect("it does not panic"));
    let table = memory.slot.load(Ordering::Acquire);
    (memory.words[table as usize - 1].load(Ordering::Acquire), kept - 1)
}

/// As it was. The table that the CPU is to use.
fn check_then_store(slot: &AtomicU64, own: u64) -> u64 {
    match slot.load(Ordering::Acquire) {
        0 => {
            slot.store(own, Ordering::Release);
            own
        }
        other => other,
    }
}

fn exchange(slot: &AtomicU64, own: u64) -> u64 {
    match slot.compare_exchange(0, own, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => own,
        Err(other) => other,
    }
}

#[test]
#[should_panic(expected = "a mapping or a table is lost")]
fn checked_then_stored() {
    loom::model(|| assert_eq!(race(check_then_store), (3, 0), "a mapping or a table is lost"));
}

#[test]
fn compare_and_exchange() {
    loom::model(|| assert_eq!(race(exchange), (3, 0)));
}
