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

mod conflicts;
mod forget;
mod read;

use std::collections::BTreeMap;

use crate::arch::Faults;
use crate::machine::Machine;
use crate::memory::{NONE, Place, Version};
use crate::semantics::{Leaf, Path, Semantics, low_bits};
use crate::tlbi::{EntryKind, Tags};
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
    /// Pieces of a large page that were invalidated, by first address and log2 of their bytes; none within another.
    cleared: Vec<(u64, u32)>,
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
#[derive(Clone, Debug, Default)]
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
    /// Stage 2: something was removed by IPA, and combined entries were not since: whether one went through it is not to be known.
    pub(crate) owes_combined: bool,
    /// Whether something was removed since.
    pub(crate) unsynchronised: bool,
    pub(crate) roots: Vec<u32>,
}

/// Nodes and edges, with what is free.
#[derive(Clone, Debug, Default)]
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
}
