//! Reading: what a walk finds at a place becomes cached, and what it leads to is read in turn.

use super::{BLANK, Node};
use crate::check::{Broken, Checked, Rule};
use crate::machine::Machine;
use crate::memory::{NONE, Place, Version};
use crate::semantics::{Decoded, Leaf, Path, Semantics, low_bits};
use crate::tlbi::EntryKind;
use crate::view::View;

impl<S: Semantics> Machine<S> {
    /// An observer gets a root to walk from.
    pub(crate) fn add_root(&mut self, observer: u8, context: u8) {
        let page = self.contexts[usize::from(context)].root;
        let slots = self.memory.slots(page);
        let root = Node {
            kind: EntryKind::Root,
            observer,
            context,
            level: 0,
            shift: 63,
            class: 0,
            live: false,
            va: 0,
            page,
            view: View::NONE,
            path: Path::ROOT,
            leaf: BLANK,
            fresh: 0,
            chain: 0,
            first_in: NONE,
            next: NONE,
            heads: vec![NONE; slots],
            cleared: Vec::new(),
        };
        let id = self.graph.add(root);
        self.observers[usize::from(observer)].roots.push(id);
    }

    /// An observer begins to walk from a root, or ceases to.
    pub(crate) fn set_root(&mut self, observer: u8, context: u8, live: bool) -> Checked {
        let Some(&id) = self.observers[usize::from(observer)].roots.get(usize::from(context)) else {
            return Ok(());
        };
        if self.graph.node(id).live == live {
            return Ok(());
        }
        let page = self.graph.node(id).page;
        let walked = self.walks(observer, context);
        self.graph.nodes[id as usize].live = live;
        if live {
            self.memory.pages[page as usize].users.push(id);
            self.read_table(id)?;
        } else {
            self.close_all(id);
            self.memory.pages[page as usize].users.retain(|user| *user != id);
        }
        if walked == self.walks(observer, context) {
            return Ok(());
        }
        // Cached walk entries are of use while a context with their tags is walked, whichever it is.
        for level in 0..self.geometry.levels.len() {
            let heads: Vec<u32> =
                self.observers[usize::from(observer)].walks[level].values().copied().collect();
            for head in heads {
                let mut at = head;
                while at != NONE {
                    let node = self.graph.node(at);
                    let (next, same) = (node.next, self.same_space(node.context, context));
                    if same && live {
                        self.read_table(at)?;
                    } else if same {
                        self.close_all(at);
                    }
                    at = next;
                }
            }
        }
        Ok(())
    }

    pub(super) fn same_space(&self, one: u8, other: u8) -> bool {
        let (one, other) = (self.contexts[usize::from(one)], self.contexts[usize::from(other)]);
        (one.space, one.vmid) == (other.space, other.vmid)
    }

    /// Whether the observer walks a context with these tags now.
    pub(super) fn walks(&self, observer: u8, context: u8) -> bool {
        let roots = &self.observers[usize::from(observer)].roots;
        roots
            .iter()
            .zip(0..)
            .any(|(&id, number)| self.graph.node(id).live && self.same_space(number, context))
    }

    /// Reads everything that a new root or walk entry leads to.
    pub(super) fn read_table(&mut self, id: u32) -> Checked {
        let node = self.graph.node(id);
        let (page, view) = (node.page, self.demands(node));
        let words = self.memory.slots(page).div_ceil(64);
        let slots = self.memory.slots(page) as u32;
        let mut versions = Vec::new();
        for word in 0..words {
            let mut marks = self.memory.marks(page, word);
            while marks != 0 {
                let slot = word as u32 * 64 + marks.trailing_zeros();
                marks &= marks - 1;
                if slot >= slots {
                    break;
                }
                versions.clear();
                self.memory.window(Place { page, slot }, &view, |version| {
                    versions.push(*version);
                    true
                });
                for (age, version) in versions.iter().enumerate() {
                    if !self.has_edge((id, slot), version) {
                        self.read(id, slot, version, age == 0)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A walk reads a version at a slot of a table: what it finds becomes cached. `newest`: an invalid entry need not be noted
    /// before something else is stored there.
    pub(crate) fn read(&mut self, source: u32, slot: u32, version: &Version, newest: bool) -> Checked {
        let node = self.graph.node(source);
        let (observer, context, path) = (node.observer, node.context, node.path);
        let below = self.below(node);
        let shape = self.geometry.levels[below];
        let va = self.child_va(node, below, slot);
        if !version.written {
            return Err(Broken::new(
                Rule::Uninitialised,
                observer,
                format!("the walk for {va:#x} reaches table {}[{slot}], never written", node.page),
            ));
        }
        let template = |kind| Node {
            kind,
            observer,
            context,
            level: below as u8,
            shift: shape.shift as u8,
            class: below as u8,
            live: true,
            va,
            page: NONE,
            view: View::NONE,
            path,
            leaf: BLANK,
            fresh: 0,
            chain: 0,
            first_in: NONE,
            next: NONE,
            heads: Vec::new(),
            cleared: Vec::new(),
        };
        match self.semantics.decode(shape.number, version.value, path) {
            Decoded::Reserved => Err(Broken::new(
                Rule::Malformed,
                observer,
                format!("the walk for {va:#x} reads {:#x} at level {}", version.value, shape.number),
            )),
            Decoded::Invalid => {
                self.found_nothing((source, slot), version, newest, template(EntryKind::Negative))
            }
            Decoded::Leaf(leaf) if !leaf.accessed && !self.rules.updates => {
                self.found_nothing((source, slot), version, newest, template(EntryKind::Negative))
            }
            Decoded::Leaf(leaf) => {
                let leaf = Leaf { accessed: true, ..leaf };
                let entry = Node { leaf, ..template(EntryKind::Leaf) };
                self.found_leaf((source, slot), version, entry)
            }
            Decoded::Table { next, path } => {
                let page = self.memory.page_at(next).filter(|&p| self.memory.pages[p as usize].live);
                let (Some(page), true) = (page, below + 1 < self.geometry.levels.len()) else {
                    return Err(Broken::new(
                        Rule::Malformed,
                        observer,
                        format!("the walk for {va:#x} goes to {next:#x}, where there is no table"),
                    ));
                };
                let view = node.view.join(version.carried);
                let entry = Node { page, path, view, ..template(EntryKind::Walk) };
                self.found_table((source, slot), version, entry)
            }
        }
    }

    pub(super) fn found_nothing(
        &mut self,
        from: (u32, u32),
        version: &Version,
        newest: bool,
        entry: Node,
    ) -> Checked {
        let last = entry.va | low_bits(entry.shift.into());
        let watched = |w: &(u8, u64, u64)| w.0 == entry.observer && w.1 <= last && entry.va <= w.2;
        if self.watched.iter().any(watched) {
            let detail = format!("{:#x} may fault", entry.va);
            return Err(Broken::new(Rule::Faults, entry.observer, detail));
        }
        if newest || self.has_edge(from, version) {
            return Ok(());
        }
        let head = self.head(&entry);
        let known = self.find(head, |other| other.context == entry.context);
        let id = known.unwrap_or_else(|| self.insert(entry));
        self.connect(from, version, id);
        Ok(())
    }

    pub(super) fn found_leaf(&mut self, from: (u32, u32), version: &Version, entry: Node) -> Checked {
        let group = entry.leaf.group;
        if group != 0 {
            // Hardware may cache the whole group as one entry, made from any member.
            let shift = u32::from(entry.shift) + u32::from(group);
            let va = entry.va & !low_bits(shift);
            let first = entry.va - va;
            let class = self.geometry.levels.len() as u8 + entry.level;
            let leaf = Leaf { output: entry.leaf.output.wrapping_sub(first), ..entry.leaf };
            let whole = Node { va, shift: shift as u8, class, leaf, ..entry.clone() };
            self.add_leaf(from, version, whole)?;
        }
        self.add_leaf(from, version, entry)
    }

    pub(super) fn add_leaf(&mut self, from: (u32, u32), version: &Version, mut entry: Node) -> Checked {
        let head = self.head(&entry);
        let same = |other: &Node| other.context == entry.context && other.leaf == entry.leaf;
        let known = self.find(head, same);
        if let Some(id) = known {
            self.graph.nodes[id as usize].cleared.clear();
            self.connect(from, version, id);
            return Ok(());
        }
        self.check_leaf(&entry)?;
        let stage2 = self.rules.regime == crate::tlbi::Regime::Stage2;
        if !stage2 {
            let id = self.insert(entry);
            self.connect(from, version, id);
            return Ok(());
        }
        // A leaf of stage 2 may go, with any leaf or table of stage 1, into an entry tagged with VA.
        entry.heads = vec![NONE];
        let combined = Node { kind: EntryKind::Combined, heads: Vec::new(), ..entry.clone() };
        let id = self.insert(entry);
        self.connect(from, version, id);
        let head = self.head(&combined);
        let known = self.find(head, |other| other.context == combined.context && other.leaf == combined.leaf);
        let child = known.unwrap_or_else(|| self.insert(combined));
        self.connect((id, 0), version, child);
        Ok(())
    }

    pub(super) fn found_table(&mut self, from: (u32, u32), version: &Version, mut entry: Node) -> Checked {
        let view = self.demands(&entry);
        let head = self.head(&entry);
        let known = self.find(head, |other| {
            (other.context, other.page, other.path) == (entry.context, entry.page, entry.path)
                && self.demands(other) == view
        });
        if let Some(id) = known {
            self.connect(from, version, id);
            return Ok(());
        }
        self.check_table(&entry)?;
        let page = entry.page;
        entry.heads = vec![NONE; self.memory.slots(page)];
        let id = self.insert(entry);
        self.connect(from, version, id);
        self.memory.pages[page as usize].users.push(id);
        self.read_table(id)
    }

    /// A store happened: who may walk the place can read the new value.
    pub(crate) fn follow(&mut self, place: Place) -> Checked {
        let Some(newest) = self.memory.newest(place).copied() else { return Ok(()) };
        let users = self.memory.pages[place.page as usize].users.len();
        for index in 0..users {
            let Some(&user) = self.memory.pages[place.page as usize].users.get(index) else { break };
            let node = self.graph.node(user);
            if node.kind == EntryKind::Walk && !self.walks(node.observer, node.context) {
                continue;
            }
            let number = self.geometry.levels[self.below(node)].number;
            let view = self.demands(node);
            let path = node.path;
            if self.semantics.decode(number, newest.value, path) != Decoded::Invalid {
                let mut older = Vec::new();
                let mut first = true;
                self.memory.window(place, &view, |version| {
                    let empty = matches!(self.semantics.decode(number, version.value, path), Decoded::Invalid);
                    let unused = matches!(self.semantics.decode(number, version.value, path), Decoded::Leaf(leaf) if !leaf.accessed && !self.rules.updates);
                    if !first && (empty || unused) {
                        older.push(*version);
                    }
                    first = false;
                    true
                });
                for version in older {
                    self.read(user, place.slot, &version, false)?;
                }
            }
            self.read(user, place.slot, &newest, true)?;
        }
        Ok(())
    }
}
