//! PE 1: it waits, uses the table that PE 0 shows it, and looks at what PE 0 changes.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use guest_common::{Access, Kind, Race};

use crate::regime::{Regime, Setting};

/// What the two PEs share about the map that changes.
pub static RACE: Race = Race::new();

/// What PE 1 is to do, and what it does: 0 nothing, 1 look.
static WANTED: AtomicU64 = AtomicU64::new(0);
static DOING: AtomicU64 = AtomicU64::new(0);
/// The guest's own map, then the one to use.
static SETTINGS: [[AtomicU64; 9]; 2] = [const { [const { AtomicU64::new(0) }; 9] }; 2];
/// The first address of the table to use.
static BASE: AtomicU64 = AtomicU64::new(0);

const REGIMES: [Regime; 4] = [Regime::El2, Regime::El20, Regime::El10, Regime::Stage2];

fn show(place: usize, setting: &Setting) {
    SETTINGS[place][0].store(setting.regime as u64, Relaxed);
    for (word, value) in SETTINGS[place][1..].iter().zip(setting.words) {
        word.store(value, Relaxed);
    }
}

fn shown(place: usize) -> Setting {
    let mut words = [0; 8];
    for (word, value) in words.iter_mut().zip(&SETTINGS[place][1..]) {
        *word = value.load(Relaxed);
    }
    Setting { regime: REGIMES[SETTINGS[place][0].load(Relaxed) as usize & 3], words }
}

fn wait(word: &AtomicU64, value: u64) {
    while word.load(Acquire) != value {
        core::hint::spin_loop();
    }
}

/// PE 0 has it begin: it has the other map and looks when this returns.
pub fn start(home: &Setting, (setting, base): (Setting, u64)) {
    show(0, home);
    show(1, &setting);
    BASE.store(base, Relaxed);
    WANTED.store(1, Release);
    wait(&DOING, 1);
}

/// PE 0 waits for it to end, which it does once the race is over.
pub fn stop() {
    WANTED.store(0, Release);
    wait(&DOING, 0);
}

/// What PE 1 runs, from its first map on.
pub extern "C" fn second() -> ! {
    loop {
        wait(&WANTED, 1);
        let (home, setting, base) = (shown(0), shown(1), BASE.load(Relaxed));
        home.enter();
        setting.enter();
        DOING.store(1, Release);
        let load = Access::touch(Kind::Load, false);
        while RACE.look(|va| setting.regime.touch(base, va, load, 0).0) {}
        setting.leave(&home);
        wait(&WANTED, 0);
        DOING.store(0, Release);
    }
}
