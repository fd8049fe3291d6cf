//! Recorded against found, at four levels.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::engine::{Call, Engine, Outcome};
use crate::event::{Digest, Event, is_architectural};
use crate::schema::{Did, EventDigest, Final, Hex};
use crate::state::{Row, rows};

/// How much is compared; each level includes those below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Answers, and the descriptors at the end. The visits of `walk` are its answer.
    Answers = 1,
    /// Also pages, reference counts and free list at the end.
    Pages = 2,
    /// Also all events but reference counts and warnings.
    Architecture = 3,
    /// All events.
    Everything = 4,
}

impl Depth {
    /// By its number, 1 to 4.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Depth::Answers, Depth::Pages, Depth::Architecture, Depth::Everything]
            .into_iter()
            .find(|depth| *depth as u8 == number)
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Of what.
    pub what: String,
    /// As recorded.
    pub expected: String,
    /// As found.
    pub found: String,
}

impl Difference {
    fn new(what: impl Into<String>, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Difference { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// If the two are not equal.
    fn between<T: PartialEq + fmt::Display>(what: &str, expected: T, found: T) -> Option<Self> {
        (expected != found).then(|| Difference::new(what, expected, found))
    }
}

/// One operation's answer and events.
#[must_use]
pub fn operation(
    depth: Depth,
    call: &Call,
    (answer, did): (&Outcome, &Did),
    (found, events): (&Outcome, &[Event]),
) -> Option<Difference> {
    if let Some(difference) = Difference::between("answer", *answer, *found) {
        return Some(difference);
    }
    match (depth, call) {
        (Depth::Everything, _) => compare_events(did, events, |_| true),
        (Depth::Architecture, _) | (_, Call::Walk { .. }) => compare_events(did, events, is_architectural),
        (Depth::Answers | Depth::Pages, _) => None,
    }
}

fn compare_events(did: &Did, events: &[Event], wanted: fn(&str) -> bool) -> Option<Difference> {
    let found = || events.iter().filter(|event| wanted(event.kind())).map(Event::to_string);
    match did {
        Did::Nothing => found().next().map(|event| Difference::new("events", "none", event)),
        Did::Events(expected) => {
            let expected: Vec<&String> = expected.iter().filter(|event| wanted(kind_of(event))).collect();
            let found: Vec<String> = found().collect();
            let differs =
                (0..expected.len().max(found.len())).find(|&k| expected.get(k).copied() != found.get(k));
            differs.map(|k| {
                let expected = expected.get(k).map_or("no more", |event| event.as_str());
                let found = found.get(k).map_or("no more", |event| event.as_str());
                Difference::new(format!("event {k}"), expected, found)
            })
        }
        Did::Digest(digest) => compare_digest(digest, events, wanted),
    }
}

/// `["kind",...]`: the kind.
fn kind_of(event: &str) -> &str {
    event.split('"').nth(1).unwrap_or("")
}

fn compare_digest(digest: &EventDigest, events: &[Event], wanted: fn(&str) -> bool) -> Option<Difference> {
    let everything = wanted("get");
    let mut counts = BTreeMap::<&str, u64>::new();
    let mut hash = Digest::EMPTY;
    for event in events.iter().filter(|event| wanted(event.kind())) {
        *counts.entry(event.kind()).or_default() += 1;
        hash.line(event);
    }
    let expected: BTreeMap<&str, u64> =
        digest.count.iter().filter(|(kind, _)| wanted(kind)).map(|(kind, n)| (kind.as_str(), *n)).collect();
    if expected != counts {
        return Some(Difference::new("number of events", format!("{expected:?}"), format!("{counts:?}")));
    }
    // The head shows where many events begin to differ, which the hash does not.
    let head = digest.head.iter().map(Value::to_string).filter(|event| wanted(kind_of(event)));
    let found = events.iter().filter(|event| wanted(event.kind())).map(Event::to_string);
    if let Some((k, (expected, found))) = head.zip(found).enumerate().find(|(_, (one, other))| one != other) {
        return Some(Difference::new(format!("event {k}"), expected, found));
    }
    if everything && digest.n != events.len() as u64 {
        return Some(Difference::new("number of events", digest.n, events.len()));
    }
    let Hex(expected) = if everything { digest.all } else { digest.arch };
    (expected != hash.value()).then(|| {
        let (expected, found) = (format!("{expected:#x}"), format!("{:#x}", hash.value()));
        Difference::new("digest of the events", expected, found)
    })
}

/// The state at the end.
#[must_use]
pub fn end(depth: Depth, expected: &Final, engine: &dyn Engine) -> Option<Difference> {
    let memory = engine.memory();
    let found = rows(memory, engine.root(), engine.setup().granule);
    let recorded: Vec<Row> = expected
        .desc
        .iter()
        .map(|&(level, Hex(va), slot, n, Hex(raw), Hex(step))| Row { level, va, slot, n, raw, step })
        .collect();
    if let Some(k) = (0..recorded.len().max(found.len())).find(|&k| recorded.get(k) != found.get(k)) {
        let show = |row: Option<&Row>| row.map_or_else(|| "no more".to_owned(), Row::to_string);
        return Some(Difference::new(format!("final.desc {k}"), show(recorded.get(k)), show(found.get(k))));
    }
    if depth < Depth::Pages {
        return None;
    }
    let pages: Vec<(u64, u64)> = memory.live().map(|(page, count)| (page.0 as u64, count)).collect();
    let free: Vec<u64> = memory.free_list().map(|page| page.0 as u64).collect();
    if expected.pages != pages {
        let lost = |of: &[(u64, u64)], from: &[(u64, u64)]| {
            let rest: Vec<_> = of.iter().filter(|page| !from.contains(page)).collect();
            format!("(page, count) {rest:?}")
        };
        return Some(Difference::new(
            "final.pages",
            lost(&expected.pages, &pages),
            lost(&pages, &expected.pages),
        ));
    }
    if expected.free != free {
        return Some(Difference::new("final.free", format!("{:?}", expected.free), format!("{free:?}")));
    }
    Difference::between("final.live", expected.live, pages.len() as u64)
        .or_else(|| Difference::between("final.bump", expected.bump, memory.bump() as u64))
}
