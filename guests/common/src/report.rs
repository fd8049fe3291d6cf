//! What was counted, and the lines that say so: one for each format, one at the end. `cargo xtask qemu` reads them.

use core::fmt::{self, Write};

/// Differences that are shown in full, of a format and of all.
const SHOWN: u64 = 2;
const SHOWN_OF_ALL: u64 = 10;
/// Differences after which a format is given up, and after which everything is.
const ENOUGH: u64 = 8;
const FAR_TOO_MANY: u64 = 40;

/// Counts of one format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) tables: u64,
    pub(crate) translations: u64,
    pub(crate) touches: u64,
    /// Translations that led to memory. Where nearly none do, little is compared.
    pub(crate) reached: u64,
    pub(crate) changes: u64,
    pub(crate) differences: u64,
}

/// Counts of a guest.
#[derive(Debug)]
pub struct Report {
    guest: &'static str,
    seed: u64,
    formats: u64,
    races: u64,
    all: Tally,
}

impl Report {
    /// Nothing yet. `guest` is the guest's name.
    #[must_use]
    pub fn new(guest: &'static str, seed: u64) -> Self {
        Report { guest, seed, formats: 0, races: 0, all: Tally::default() }
    }

    /// Whether nothing can be learned from going on.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        self.all.differences >= FAR_TOO_MANY
    }

    /// Differences so far.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.all.differences
    }

    pub(crate) fn is_enough(tally: &Tally) -> bool {
        tally.differences >= ENOUGH
    }

    /// Counts a difference of a format; whether it is to be shown in full.
    pub(crate) fn is_shown(&self, tally: &mut Tally) -> bool {
        tally.differences += 1;
        tally.differences <= SHOWN && self.all.differences + tally.differences <= SHOWN_OF_ALL
    }

    /// The line of a format, which is done.
    pub(crate) fn format(&mut self, name: &str, tally: &Tally, out: &mut dyn Write) -> fmt::Result {
        let Tally { tables, translations, touches, changes, differences, .. } = *tally;
        self.formats += 1;
        self.all.tables += tables;
        self.all.translations += translations;
        self.all.touches += touches;
        self.all.changes += changes;
        self.all.differences += differences;
        writeln!(
            out,
            "{name}: {tables} tables, {translations} translations, {touches} touches, {changes} changes, {differences} differences"
        )
    }

    /// The line of a race, which is over: accesses that found a mapping, that found none, that came during a change; and
    /// those that found what they must not, of which `stale` used a translation that was gone.
    pub(crate) fn race(
        &mut self,
        name: &str,
        changes: u64,
        [mapped, refused, during, stale, wrong]: [u64; 5],
        out: &mut dyn Write,
    ) -> fmt::Result {
        self.races += 1;
        self.all.differences += stale + wrong;
        writeln!(
            out,
            "{name} race: {changes} changes, {mapped} mapped, {refused} refused, {during} during a change, {stale} stale, {wrong} wrong"
        )
    }

    /// The closing line. Returns the guest's exit code: 0 without a difference, 1 with any.
    pub fn close(&self, out: &mut dyn Write) -> u32 {
        let Tally { translations, touches, changes, differences, .. } = self.all;
        let Report { guest, seed, formats, races, .. } = self;
        let written = writeln!(
            out,
            "guest {guest}: seed {seed:#x}, {formats} formats, {races} races, {translations} translations, {touches} touches, \
             {changes} changes, {differences} differences"
        );
        u32::from(differences != 0 || written.is_err())
    }
}
