//! The closure: everything that an observer may have cached, kept complete after each event.
//!
//! "After each event the sets are closed: walk from the root and from each cached walk entry (with the view it was read under),
//! reading every value in the window."
//!
//! Each cached entry is a node. An edge says that an entry can be read now: from a source (a root, a cached walk entry, or for
//! combined entries a leaf of stage 2), at a slot, as one version in the window. An edge is made when source and version come
//! together and closed when the window no longer holds the version or the source goes. So an event costs only what it touches.
//!
//! What PROTOCOL.md calls the survivor set of a pending TLBI is kept as two times for each entry: until when it could be filled
//! by any walk (`fresh`), and until when by a walk all of whose sources could be filled until then too (`chain`). An entry is in
//! the survivor set of a TLBI issued at time t if it has an open edge from a source that stays, or its time is not before t.

use std::collections::BTreeMap;

use crate::arch::Faults;
use crate::check::{Broken, Checked, Rule};
use crate::machine::Machine;
use crate::memory::{NONE, Place, Version};
use crate::semantics::{Decoded, Leaf, Path, Semantics, low_bits};
use crate::tlbi::{EntryKind, Pending, Tags, What};
use crate::view::View;

/// Where a walk begins, and the tags of what it finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) root: u32,
    pub(crate) space: u16,
    pub(crate) vmid: u16,
}

/// A cached entry.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: EntryKind,
    pub(crate) observer: u8,
    pub(crate) context: u8,
    /// Index of the level that the entry was read from; for a root, not used.
    pub(crate) level: u8,
    /// log2 of the bytes that it translates or leads to.
    pub(crate) shift: u8,
    /// Leaves: which list of their observer they stand in.
    class: u8,
    /// Roots and walk entries that still exist.
    pub(crate) live: bool,
    pub(crate) va: u64,
    /// Roots and walk entries: where they lead.
    pub(crate) page: u32,
    /// "A cached walk entry must keep its view."
    pub(crate) view: View,
    path: Path,
    pub(crate) leaf: Leaf,
    fresh: u64,
    chain: u64,
    first_in: u32,
    /// The next entry of the same list and address.
    pub(crate) next: u32,
    /// First edge out of each slot.
    heads: Vec<u32>,
    /// Pieces of a large page that were invalidated, as first addresses.
    cleared: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    source: u32,
    child: u32,
    slot: u32,
    number: u32,
    writer: u8,
    next_out: u32,
    next_in: u32,
}

type List = BTreeMap<u64, u32>;

/// A translation that its PE obtained before it was invalidated and may use until it synchronises.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prefetched {
    pub(crate) va: u64,
    pub(crate) shift: u8,
    pub(crate) leaf: Leaf,
}

/// A PE's translation hardware, or an IOMMU.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    /// What it must see.
    pub(crate) floor: View,
    /// Walk entries by the level that they were read from, then by address: `may_walk`.
    pub(crate) walks: Vec<List>,
    /// Translations by level, then those that stand for a group of neighbours, by level: `may_tlb`.
    pub(crate) leaves: Vec<List>,
    /// Stage 2: combined entries, as the leaves of stage 2 that they went through.
    pub(crate) combined: Vec<List>,
    /// Those whose leaf is gone.
    stale_combined: Vec<u32>,
    /// Faults, by level.
    pub(crate) negatives: Vec<List>,
    /// `may_prefetch`: what was removed here by this PE itself since it last synchronised.
    pub(crate) prefetched: Vec<Prefetched>,
    /// Whether a walk entry was removed since.
    pub(crate) unsynchronised: bool,
    pub(crate) roots: Vec<u32>,
}

/// Nodes and edges, with what is free.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    unused: Vec<u32>,
    edges: Vec<Edge>,
    unused_edges: Vec<u32>,
}

const BLANK: Leaf = Leaf {
    output: 0,
    strict: 0,
    rights: 0,
    write: false,
    execute: false,
    global: false,
    group: 0,
    accessed: true,
};

impl Graph {
    fn node(&self, id: u32) -> &Node {
        &self.nodes[id as usize]
    }

    fn add(&mut self, node: Node) -> u32 {
        match self.unused.pop() {
            Some(id) => {
                self.nodes[id as usize] = node;
                id
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        }
    }
}

impl Observer {
    pub(crate) fn new(levels: usize) -> Self {
        Observer {
            walks: vec![List::new(); levels],
            leaves: vec![List::new(); 2 * levels],
            combined: vec![List::new(); 2 * levels],
            negatives: vec![List::new(); levels],
            ..Observer::default()
        }
    }

    fn list(&mut self, kind: EntryKind, level: u8, class: u8) -> &mut List {
        match kind {
            EntryKind::Combined => &mut self.combined[usize::from(class)],
            EntryKind::Negative => &mut self.negatives[usize::from(level)],
            EntryKind::Leaf => &mut self.leaves[usize::from(class)],
            EntryKind::Root | EntryKind::Walk => &mut self.walks[usize::from(level)],
        }
    }
}

impl<S: Semantics> Machine<S> {
    /// Index of the level that the entries of a node's table have.
    fn below(&self, node: &Node) -> usize {
        if node.kind == EntryKind::Root { 0 } else { usize::from(node.level) + 1 }
    }

    /// Input address of an entry of a node's table.
    fn child_va(&self, node: &Node, below: usize, slot: u32) -> u64 {
        let offset = u64::from(slot) << self.geometry.levels[below].shift;
        if node.kind == EntryKind::Root {
            self.geometry.upper.extend(offset, self.geometry.width)
        } else {
            node.va | offset
        }
    }

    /// The tags of a node.
    pub(crate) fn tags(&self, node: &Node) -> Tags {
        let context = &self.contexts[usize::from(node.context)];
        Tags {
            kind: node.kind,
            va: node.va,
            shift: node.shift.into(),
            level: self.geometry.levels[usize::from(node.level)].number,
            space: context.space,
            vmid: context.vmid,
            global: matches!(node.kind, EntryKind::Leaf | EntryKind::Combined) && node.leaf.global,
        }
    }

    /// What a node's view demands now.
    fn demands(&self, node: &Node) -> View {
        node.view.join(self.observers[usize::from(node.observer)].floor)
    }

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

    fn same_space(&self, one: u8, other: u8) -> bool {
        let (one, other) = (self.contexts[usize::from(one)], self.contexts[usize::from(other)]);
        (one.space, one.vmid) == (other.space, other.vmid)
    }

    /// Whether the observer walks a context with these tags now.
    fn walks(&self, observer: u8, context: u8) -> bool {
        let roots = &self.observers[usize::from(observer)].roots;
        roots
            .iter()
            .zip(0..)
            .any(|(&id, number)| self.graph.node(id).live && self.same_space(number, context))
    }

    /// Whether nothing in memory gives this entry any more.
    pub(crate) fn is_stale(&self, id: u32) -> bool {
        self.graph.node(id).first_in == NONE
    }

    /// Reads everything that a new root or walk entry leads to.
    fn read_table(&mut self, id: u32) -> Checked {
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

    fn found_nothing(&mut self, from: (u32, u32), version: &Version, newest: bool, entry: Node) -> Checked {
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

    fn found_leaf(&mut self, from: (u32, u32), version: &Version, entry: Node) -> Checked {
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

    fn add_leaf(&mut self, from: (u32, u32), version: &Version, mut entry: Node) -> Checked {
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

    fn found_table(&mut self, from: (u32, u32), version: &Version, mut entry: Node) -> Checked {
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

    fn head(&self, entry: &Node) -> Option<u32> {
        let observer = &self.observers[usize::from(entry.observer)];
        let list = match entry.kind {
            EntryKind::Combined => &observer.combined[usize::from(entry.class)],
            EntryKind::Negative => &observer.negatives[usize::from(entry.level)],
            EntryKind::Leaf => &observer.leaves[usize::from(entry.class)],
            EntryKind::Root | EntryKind::Walk => &observer.walks[usize::from(entry.level)],
        };
        list.get(&entry.va).copied()
    }

    fn find(&self, head: Option<u32>, wanted: impl Fn(&Node) -> bool) -> Option<u32> {
        let mut at = head.unwrap_or(NONE);
        while at != NONE {
            let node = self.graph.node(at);
            if wanted(node) {
                return Some(at);
            }
            at = node.next;
        }
        None
    }

    fn insert(&mut self, entry: Node) -> u32 {
        let (observer, kind, level, class, va) =
            (entry.observer, entry.kind, entry.level, entry.class, entry.va);
        let id = self.graph.add(entry);
        let list = self.observers[usize::from(observer)].list(kind, level, class);
        if let Some(next) = list.insert(va, id) {
            self.graph.nodes[id as usize].next = next;
        }
        id
    }

    fn has_edge(&self, (source, slot): (u32, u32), version: &Version) -> bool {
        let mut at = self.graph.node(source).heads.get(slot as usize).copied().unwrap_or(NONE);
        while at != NONE {
            let edge = &self.graph.edges[at as usize];
            if version.is(edge.writer, edge.number) {
                return true;
            }
            at = edge.next_out;
        }
        false
    }

    fn connect(&mut self, (source, slot): (u32, u32), version: &Version, child: u32) {
        let Graph { nodes, edges, unused_edges, .. } = &mut self.graph;
        let Some(head) = nodes[source as usize].heads.get(slot as usize).copied() else { return };
        let edge = Edge {
            source,
            child,
            slot,
            number: version.number,
            writer: version.writer,
            next_out: head,
            next_in: nodes[child as usize].first_in,
        };
        let id = match unused_edges.pop() {
            Some(id) => {
                edges[id as usize] = edge;
                id
            }
            None => {
                edges.push(edge);
                edges.len() as u32 - 1
            }
        };
        nodes[source as usize].heads[slot as usize] = id;
        nodes[child as usize].first_in = id;
    }

    /// Until when an entry could be filled by a walk that needs nothing older than that time.
    fn chain(&self, id: u32) -> u64 {
        let node = self.graph.node(id);
        if node.kind == EntryKind::Root {
            return if node.live { self.now } else { 0 };
        }
        let mut chain = node.chain;
        let mut at = node.first_in;
        while at != NONE {
            let edge = &self.graph.edges[at as usize];
            chain = chain.max(self.chain(edge.source));
            at = edge.next_in;
        }
        chain
    }

    /// A walk can no longer read this.
    fn close(&mut self, id: u32) {
        let Edge { source, child, slot, next_out, next_in, .. } = self.graph.edges[id as usize];
        let chain = self.chain(source);
        let now = self.now;
        let Graph { nodes, edges, unused_edges, .. } = &mut self.graph;
        let head = &mut nodes[source as usize].heads[slot as usize];
        if *head == id {
            *head = next_out;
        } else {
            let mut at = *head;
            while edges[at as usize].next_out != id {
                at = edges[at as usize].next_out;
            }
            edges[at as usize].next_out = next_out;
        }
        let node = &mut nodes[child as usize];
        if node.first_in == id {
            node.first_in = next_in;
        } else {
            let mut at = node.first_in;
            while edges[at as usize].next_in != id {
                at = edges[at as usize].next_in;
            }
            edges[at as usize].next_in = next_in;
        }
        node.fresh = node.fresh.max(now);
        node.chain = node.chain.max(chain.min(now));
        unused_edges.push(id);
        if node.kind == EntryKind::Combined && node.first_in == NONE {
            self.observers[usize::from(node.observer)].stale_combined.push(child);
        }
        let forgotten = node.kind == EntryKind::Negative && node.first_in == NONE;
        if forgotten && self.rules.faults == Faults::NotKept {
            self.remove(child);
        }
    }

    fn close_all(&mut self, id: u32) {
        for slot in 0..self.graph.node(id).heads.len() {
            loop {
                let edge = self.graph.node(id).heads[slot];
                if edge == NONE {
                    break;
                }
                self.close(edge);
            }
        }
    }

    /// An entry leaves the sets.
    pub(crate) fn remove(&mut self, id: u32) {
        self.close_all(id);
        loop {
            let edge = self.graph.node(id).first_in;
            if edge == NONE {
                break;
            }
            // Cannot happen to a covered entry: it would have survived.
            let node = &mut self.graph.nodes[id as usize];
            let kind = node.kind;
            node.kind = EntryKind::Walk;
            self.close(edge);
            self.graph.nodes[id as usize].kind = kind;
        }
        let Node { kind, observer, level, class, va, next, page, .. } = *self.graph.node(id);
        let list = self.observers[usize::from(observer)].list(kind, level, class);
        match list.get(&va).copied() {
            Some(head) if head == id && next == NONE => {
                list.remove(&va);
            }
            Some(head) if head == id => {
                list.insert(va, next);
            }
            Some(head) => {
                let mut at = head;
                while at != NONE && self.graph.node(at).next != id {
                    at = self.graph.node(at).next;
                }
                if at != NONE {
                    self.graph.nodes[at as usize].next = next;
                }
            }
            None => {}
        }
        if page != NONE && kind == EntryKind::Walk {
            self.memory.pages[page as usize].users.retain(|user| *user != id);
        }
        self.graph.nodes[id as usize].live = false;
        self.graph.unused.push(id);
    }

    /// An observer must see more: what it can no longer read is closed.
    pub(crate) fn raise(&mut self, observer: usize, view: View) -> bool {
        let old = self.observers[observer].floor;
        let new = old.join(view);
        if new == old {
            return false;
        }
        self.observers[observer].floor = new;
        for writer in 0..new.0.len() {
            for number in old.0[writer] + 1..=new.0[writer] {
                if let Some(place) = self.memory.store_at(writer, number) {
                    self.narrow(observer, place);
                }
            }
        }
        true
    }

    fn narrow(&mut self, observer: usize, place: Place) {
        let mut index = 0;
        while let Some(&user) = self.memory.pages[place.page as usize].users.get(index) {
            index += 1;
            let node = self.graph.node(user);
            if usize::from(node.observer) != observer {
                continue;
            }
            let Some(&head) = node.heads.get(place.slot as usize) else { continue };
            let view = self.demands(node);
            let mut at = head;
            while at != NONE {
                let edge = self.graph.edges[at as usize];
                if !self.memory.readable(place, &view, edge.writer, edge.number) {
                    self.close(at);
                }
                at = edge.next_out;
            }
        }
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

    /// Calls `each` with every entry of an observer in a list whose range meets the given one.
    pub(crate) fn overlapping(
        &self,
        list: &List,
        shift: u32,
        (first, last): (u64, u64),
        mut each: impl FnMut(u32, &Node),
    ) {
        if list.is_empty() {
            return;
        }
        let from = first & !low_bits(shift);
        let mut visit = |head: u32| {
            let mut at = head;
            while at != NONE {
                let node = self.graph.node(at);
                each(at, node);
                at = node.next;
            }
        };
        if last & !low_bits(shift) == from {
            if let Some(&head) = list.get(&from) {
                visit(head);
            }
            return;
        }
        for (_, &head) in list.range(from..=last) {
            visit(head);
        }
    }

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

    fn check_leaf(&mut self, new: &Node) -> Checked {
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

    fn check_table(&self, new: &Node) -> Checked {
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

    /// The entries of an observer that an invalidation covers, sources before what they lead to.
    pub(crate) fn covered(&self, observer: usize, pending: &Pending) -> Vec<u32> {
        let mut found = Vec::new();
        let regime = self.rules.regime;
        let o = &self.observers[observer];
        let range = match pending.invalidate.what {
            What::Address(va) => (va, va),
            What::Range(first, last) => (first, last),
            What::All | What::Combined | What::BothStages => (0, u64::MAX),
        };
        let everywhere = (0, u64::MAX);
        let mut note = |id: u32, node: &Node| {
            if pending.covers(regime, &self.tags(node)) {
                found.push(id);
            }
        };
        if pending.invalidate.what == What::Combined {
            // All others would survive.
            for &id in &o.stale_combined {
                let node = self.graph.node(id);
                if node.live && node.kind == EntryKind::Combined && usize::from(node.observer) == observer {
                    note(id, node);
                }
            }
            return found;
        }
        for (level, list) in o.walks.iter().enumerate() {
            let range = if pending.invalidate.all_walks { everywhere } else { range };
            self.overlapping(list, self.geometry.levels[level].shift, range, &mut note);
        }
        for (class, list) in o.leaves.iter().enumerate() {
            self.overlapping(list, self.class_shift(class), range, &mut note);
        }
        if pending.invalidate.what == What::BothStages {
            for (class, list) in o.combined.iter().enumerate() {
                self.overlapping(list, self.class_shift(class), range, &mut note);
            }
        }
        if self.rules.faults == Faults::Cached {
            for (level, list) in o.negatives.iter().enumerate() {
                self.overlapping(list, self.geometry.levels[level].shift, range, &mut note);
            }
        }
        found
    }

    /// Removes what is covered "unless it is in the survivor set".
    pub(crate) fn complete(&mut self, observer: usize, pending: &Pending) {
        let issuer = usize::from(pending.issuer) == observer;
        for id in self.covered(observer, pending) {
            let node = self.graph.node(id);
            if !node.live {
                continue;
            }
            let filled = if pending.invalidate.leaves_sources() { node.fresh } else { node.chain };
            if node.first_in != NONE || filled >= pending.time {
                continue;
            }
            if pending.region != 0 && u32::from(node.shift) > pending.region && node.kind == EntryKind::Leaf {
                if let What::Address(va) = pending.invalidate.what
                    && self.clear_piece(id, va & !low_bits(pending.region))
                {
                    continue;
                }
            }
            if issuer && self.rules.prefetches {
                let node = self.graph.node(id);
                let (va, shift, leaf, kind) = (node.va, node.shift, node.leaf, node.kind);
                let o = &mut self.observers[observer];
                o.unsynchronised = true;
                if kind == EntryKind::Leaf {
                    o.prefetched.push(Prefetched { va, shift, leaf });
                }
            }
            self.remove(id);
        }
        if pending.invalidate.what == What::Combined {
            let mut stale = std::mem::take(&mut self.observers[observer].stale_combined);
            stale.retain(|&id| {
                let node = self.graph.node(id);
                node.live && node.kind == EntryKind::Combined && usize::from(node.observer) == observer
            });
            stale.sort_unstable();
            stale.dedup();
            self.observers[observer].stale_combined = stale;
        }
    }

    /// Notes that a piece of a large page is gone; whether others remain.
    fn clear_piece(&mut self, id: u32, piece: u64) -> bool {
        let smallest = self.geometry.levels.last().map_or(0, |level| level.shift);
        let node = &mut self.graph.nodes[id as usize];
        if !node.cleared.contains(&piece) {
            node.cleared.push(piece);
        }
        (node.cleared.len() as u64) < 1 << (u32::from(node.shift) - smallest)
    }

    /// Whether the piece of a large page at an address was invalidated.
    pub(crate) fn is_cleared(&self, node: &Node, va: u64) -> bool {
        let smallest = self.geometry.levels.last().map_or(0, |level| level.shift);
        !node.cleared.is_empty() && node.cleared.contains(&(va & !low_bits(smallest)))
    }

    /// A PE synchronises its context: faults that it obtained before are gone, unless a walk still finds them.
    pub(crate) fn forget_faults(&mut self, observer: usize) -> bool {
        let mut gone = Vec::new();
        for list in &self.observers[observer].negatives {
            for &head in list.values() {
                let mut at = head;
                while at != NONE {
                    let node = self.graph.node(at);
                    if node.first_in == NONE {
                        gone.push(at);
                    }
                    at = node.next;
                }
            }
        }
        for &id in &gone {
            self.remove(id);
        }
        !gone.is_empty()
    }
}
