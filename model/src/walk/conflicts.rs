//! Conflicts: a new entry is compared with all that may be cached for the same addresses.

use super::Node;
use crate::check::{Broken, Checked, Rule};
use crate::machine::Machine;
use crate::semantics::{Semantics, low_bits};

impl<S: Semantics> Machine<S> {
    /// log2 of the bytes of a list of leaves' entries.
    pub(crate) fn class_shift(&self, class: usize) -> u32 {
        let levels = self.geometry.levels.len();
        match self.geometry.levels.get(class) {
            Some(level) => level.shift,
            None => {
                let level = &self.geometry.levels[class - levels];
                // All groups of a level have one size; 16 entries where none is known.
                level.shift + self.group_bits
            }
        }
    }

    pub(super) fn check_leaf(&mut self, new: &Node) -> Checked {
        if new.leaf.group != 0 {
            self.group_bits = new.leaf.group.into();
        }
        let observer = &self.observers[usize::from(new.observer)];
        let last = new.va | low_bits(new.shift.into());
        let mut broken = None;
        let space = self.contexts[usize::from(new.context)];
        let shared = |other: &Node| {
            let theirs = self.contexts[usize::from(other.context)];
            theirs.vmid == space.vmid && (theirs.space == space.space || other.leaf.global || new.leaf.global)
        };
        for (class, list) in observer.leaves.iter().enumerate() {
            self.overlapping(list, self.class_shift(class), (new.va, last), |_, old| {
                if broken.is_some() || !shared(old) {
                    return;
                }
                let at = old.va.max(new.va);
                let apart =
                    old.leaf.output.wrapping_add(at - old.va) != new.leaf.output.wrapping_add(at - new.va);
                let sizes = old.level != new.level;
                if let Some(what) = self.rules.conflicts.between(&old.leaf, &new.leaf, apart, sizes) {
                    broken = Some((Rule::Conflict, format!("{what} at {at:#x}")));
                } else if (old.leaf.write && new.leaf.execute && !new.leaf.write && !old.leaf.execute)
                    || (new.leaf.write && old.leaf.execute && !old.leaf.write && !new.leaf.execute)
                {
                    broken = Some((Rule::WriteAndExecute, format!("at {at:#x}")));
                }
            });
        }
        if broken.is_none()
            && self.rules.conflicts.table_and_block()
            && new.shift == self.geometry.levels[usize::from(new.level)].shift as u8
        {
            for (level, list) in observer.walks.iter().enumerate().skip(new.level.into()) {
                self.overlapping(list, self.geometry.levels[level].shift, (new.va, last), |_, old| {
                    if shared(old) {
                        broken = Some((Rule::Conflict, format!("table and block at {:#x}", old.va)));
                    }
                });
            }
        }
        match broken {
            Some((rule, detail)) => Err(Broken::new(rule, new.observer, detail)),
            None => Ok(()),
        }
    }

    pub(super) fn check_table(&self, new: &Node) -> Checked {
        if !self.rules.conflicts.table_and_block() {
            return Ok(());
        }
        let observer = &self.observers[usize::from(new.observer)];
        let last = new.va | low_bits(new.shift.into());
        let space = self.contexts[usize::from(new.context)];
        let mut broken = None;
        for (level, list) in observer.leaves.iter().enumerate().take(usize::from(new.level) + 1) {
            self.overlapping(list, self.geometry.levels[level].shift, (new.va, last), |_, old| {
                let theirs = self.contexts[usize::from(old.context)];
                if theirs.vmid == space.vmid && (theirs.space == space.space || old.leaf.global) {
                    broken = Some(old.va);
                }
            });
        }
        match broken {
            Some(va) => Err(Broken::new(Rule::Conflict, new.observer, format!("block and table at {va:#x}"))),
            None => Ok(()),
        }
    }
}
