//! The public golden vectors, through both engines, and proof that a wrong vector fails.

use std::path::PathBuf;

use kvm_hyp::classes::Class;
use kvm_hyp::compare::Depth;
use kvm_hyp::engine::{Call, Flags, Outcome, Stop};
use kvm_hyp::memory::Page;
use kvm_hyp::replay::{self, Run, Tally, Verdict};
use kvm_hyp::schema::{self, File};
use kvm_hyp::select::engines;
use kvm_hyp::setup::{Granule, Setup, Version};
use serde_json::Value;

const GROUPS: [(&str, usize); 8] = [
    ("hyp_16k", 87),
    ("hyp_4k_39", 226),
    ("hyp_4k_48", 276),
    ("hyp_4k_misc_va", 77),
    ("hyp_64k", 87),
    ("hyp_v517_4k", 27),
    ("hyp_v612_16k", 59),
    ("hyp_v612_4k", 101),
];

fn path(group: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{group}.json"))
}

fn load(group: &str) -> File {
    schema::load(&path(group)).unwrap_or_else(|error| panic!("{group}: {error}"))
}

fn run(file: &File, run: Run) -> Tally {
    let mut tally = Tally::default();
    for scenario in &file.scenarios {
        let verdict = replay::scenario(file, scenario, run);
        if let Verdict::Failed(failure) = &verdict {
            println!("{}: {failure:?}", scenario.id);
        }
        tally.add(&verdict);
    }
    tally
}

#[test]
fn linux_engine_equals_linux_event_by_event() {
    for (group, count) in GROUPS {
        let tally = run(&load(group), Run::Kvm(Depth::Everything));
        assert_eq!((tally.passed, tally.failed, tally.excepted_total()), (count, 0, 0), "{group}");
    }
}

#[test]
fn library_differs_in_the_closed_classes_alone() {
    let mut total = Tally::default();
    for (group, count) in GROUPS {
        let tally = run(&load(group), Run::Library(Depth::Pages));
        assert_eq!((tally.failed, tally.passed + tally.excepted_total()), (0, count), "{group}");
        total.merge(&tally);
    }
    let counts: Vec<_> = total.excepted.into_iter().collect();
    assert_eq!(
        counts,
        [
            (Class::HoleStop, 83),
            (Class::InsideBlock, 14),
            (Class::Conflict, 65),
            (Class::TablesLeft, 17),
            (Class::Range, 9),
            (Class::Output, 8),
            (Class::Width, 38),
        ]
    );
    assert_eq!(total.passed, 706);
}

/// The first scenario with an event of that kind, with one bit of that event's last number changed; alone in a file.
fn corrupted_event(kind: &str) -> File {
    let text = std::fs::read(path("hyp_4k_48")).expect("the vectors are in the package");
    let mut file: Value = serde_json::from_slice(&text).expect("the vectors are JSON");
    let scenarios = file["scenarios"].as_array_mut().expect("by the schema");
    let has = |scenario: &Value| {
        scenario["ops"].as_array().expect("by the schema").iter().any(|op| {
            op["exp"]["ev"].as_array().is_some_and(|events| events.iter().any(|event| event[0] == kind))
        })
    };
    let mut scenario = scenarios.iter().find(|scenario| has(scenario)).expect("some scenario has it").clone();
    let ops = scenario["ops"].as_array_mut().expect("by the schema").iter_mut();
    let event = ops
        .filter_map(|op| op["exp"]["ev"].as_array_mut())
        .flatten()
        .find(|event| event[0] == kind)
        .and_then(|event| event.as_array_mut()?.iter_mut().rev().find(|part| !part.is_null()))
        .expect("it was just found");
    *event = match &*event {
        Value::Number(number) => Value::from(number.as_u64().expect("a count") ^ 1),
        Value::String(text) => {
            let number = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            Value::from(format!("{:#x}", number.expect("hex, or the test chose the wrong kind") ^ 1 << 12))
        }
        other => panic!("{kind} ends with {other}"),
    };
    file["scenarios"] = Value::from(vec![scenario]);
    file["count"] = Value::from(1);
    schema::parse(file.to_string().as_bytes()).expect("still of the schema")
}

#[test]
fn one_wrong_bit_fails_from_its_level_on() {
    // Reference counts are compared at level 4 only, stores, invalidations and page numbers from level 3 on.
    for (kind, from) in
        [("get", 4), ("put", 4), ("rel", 3), ("st", 3), ("tlbi", 3), ("alloc", 3), ("free", 3)]
    {
        let file = corrupted_event(kind);
        for level in 1..=4 {
            let depth = Depth::from_number(level).expect("1 to 4 are levels");
            let tally = run(&file, Run::Kvm(depth));
            assert_eq!(tally.failed, usize::from(level >= from), "{kind} at level {level}");
        }
    }
    // What a walk saw is its answer.
    let file = corrupted_event("visit");
    assert_eq!(run(&file, Run::Kvm(Depth::Answers)).failed, 1);
    assert_eq!(run(&file, Run::Library(Depth::Answers)).failed, 1);
}

/// The first scenario that `pick` changes, alone in a file.
fn changed(group: &str, pick: impl Fn(&mut Value) -> bool) -> File {
    let text = std::fs::read(path(group)).expect("the vectors are in the package");
    let mut file: Value = serde_json::from_slice(&text).expect("the vectors are JSON");
    let scenarios = file["scenarios"].as_array_mut().expect("by the schema");
    let scenario = scenarios.iter_mut().find_map(|scenario| pick(scenario).then(|| scenario.clone()));
    file["scenarios"] = Value::from(vec![scenario.expect("some scenario was changed")]);
    file["count"] = Value::from(1);
    schema::parse(file.to_string().as_bytes()).expect("still of the schema")
}

#[test]
fn one_wrong_digest_answer_or_final_state_fails() {
    let digest = |key: &'static str| {
        changed("hyp_4k_39", move |scenario| {
            let ops = scenario["ops"].as_array_mut().expect("by the schema");
            let digest = ops.iter_mut().map(|op| &mut op["exp"]["evd"]).find(|digest| !digest.is_null());
            digest.map(|digest| digest[key] = Value::from("0x1")).is_some()
        })
    };
    let failed = |file: &File, depth| run(file, Run::Kvm(depth)).failed;
    assert_eq!(failed(&digest("all"), Depth::Everything), 1);
    assert_eq!(failed(&digest("all"), Depth::Architecture), 0);
    assert_eq!(failed(&digest("arch"), Depth::Everything), 0);
    assert_eq!(failed(&digest("arch"), Depth::Architecture), 1);

    let bump = changed("hyp_4k_39", |scenario| {
        // One that the library replays to its end.
        let whole = scenario["note"] == "e_single";
        if whole {
            scenario["final"]["bump"] = Value::from(77);
        }
        whole
    });
    assert_eq!((failed(&bump, Depth::Answers), failed(&bump, Depth::Pages)), (0, 1));
    assert_eq!(run(&bump, Run::Library(Depth::Answers)).failed, 0);
    assert_eq!(run(&bump, Run::Library(Depth::Pages)).failed, 1);

    let answer = changed("hyp_4k_39", |scenario| {
        let ops = scenario["ops"].as_array_mut().expect("by the schema");
        let get = ops.iter_mut().find(|op| op["op"] == "get" && op["exp"]["ret"] == 0);
        get.map(|get| get["exp"]["level"] = Value::from(0)).is_some()
    });
    assert_eq!(failed(&answer, Depth::Answers), 1);
    assert_eq!(run(&answer, Run::Library(Depth::Answers)).failed, 1);
}

/// A file with one scenario that only initialises a table.
fn file(version: &str, granule: u64, op: &str, cfg: &str) -> File {
    let text = format!(
        r#"{{"schema":"kvm-pgtable-golden/1","group":"hyp_x","version":"{version}","granule":{granule},
        "arena_base":"0x100000000","count":1,"scenarios":[{{"id":"x","cfg":{cfg},"ops":[{op}],
        "final":{{"desc":[],"pages":[],"free":[],"live":0,"bump":0}}}}]}}"#
    );
    schema::parse(text.as_bytes()).expect("of the schema")
}

#[test]
fn what_is_not_known_fails_with_its_name() {
    let why = |version: &str, granule: u64, op: &str, cfg: &str| {
        let file = file(version, granule, op, cfg);
        match replay::scenario(&file, &file.scenarios[0], Run::Kvm(Depth::Everything)) {
            Verdict::Failed(failure) => failure.difference.found,
            other => format!("{other:?}"),
        }
    };
    let init = |bits: u32| format!(r#"{{"op":"init","va_bits":{bits}}}"#);
    assert_eq!(why("6.1", 4096, r#"{"op":"s2_init","ia_bits":40}"#, "{}"), "op s2_init is not supported");
    assert_eq!(
        why("6.1", 4096, r#"{"op":"walk","addr":"0x0","size":"0x0","flags":"0x8"}"#, "{}"),
        "op walk: flags 0x8 are not supported"
    );
    // What the other version or another granule has.
    assert_eq!(why("6.1", 4096, &init(48), r#"{"lpa2":true}"#), "cfg lpa2 = true is not supported");
    assert_eq!(why("6.1", 4096, &init(48), r#"{"hvhe":true}"#), "cfg hvhe = true is not supported");
    assert_eq!(why("6.12", 65536, &init(48), r#"{"lpa2":true}"#), "cfg lpa2 = true is not supported");
    assert_eq!(why("6.12", 16384, &init(48), r#"{"pa_bits":52}"#), "cfg pa_bits = 52 is not supported");
    for (version, granule, bits, what) in [
        ("6.1", 4096, 64, "the limit of a range"),
        ("6.12", 16384, 64, "the limit of a range"),
        ("6.12", 16384, 59, "the index of a root page"),
        ("6.1", 65536, 56, "the index of a root page"),
    ] {
        let expected =
            format!("va_bits {bits}: {what} comes from a shift by 64 or more, which C leaves undefined");
        assert_eq!(why(version, granule, &init(bits), "{}"), expected);
    }
}

/// By hand: a root of level 3 holds pages, its width is the limit, and unmapping the last page frees nothing.
#[test]
fn a_root_of_the_last_level_holds_pages() {
    let setup = Setup::plain(Version::V6_1, Granule::K4);
    let mut linux = engines(setup, 0x1_0000_0000).kvm;
    let ok = Outcome::code(0);
    let made = Outcome { start_level: Some(3), ia_bits: Some(21), ..ok };
    assert_eq!(linux.call(&Call::Init { va_bits: 21 }), Ok(made));
    let map = |addr| Call::Map { addr, size: 0x1000, phys: 0x8000_0000, prot: 6 };
    assert_eq!(linux.call(&map(0x1f_f000)), Ok(ok));
    assert_eq!(linux.call(&map(0x20_0000)), Ok(Outcome::code(-34)));
    let found = Outcome { pte: Some(0x40_0000_8000_0743), level: Some(3), prot: Some(6), ..ok };
    assert_eq!(linux.call(&Call::Get { addr: 0x1f_f123 }), Ok(found));
    assert_eq!(linux.call(&Call::Unmap { addr: 0x1f_f000, size: 0x1000 }), Ok(Outcome::bytes(0x1000)));
    assert_eq!(linux.memory().live().collect::<Vec<_>>(), [(Page(0), 1)]);
}

/// By hand: a visitor's -EAGAIN ends a walk of 6.1, not one of 6.12; other errors end both.
#[test]
fn eagain_of_a_visitor_is_ignored_from_6_12_on() {
    let flags = Flags { leaf: true, pre: false, post: false };
    for (version, ret, answer, visits) in [
        (Version::V6_1, -11, -11, 1),
        (Version::V6_12, -11, 0, 2),
        (Version::V6_12, -22, -22, 1),
        (Version::V6_12, 1, 1, 1),
    ] {
        let mut linux = engines(Setup::plain(version, Granule::K16), 0x1_0000_0000).kvm;
        linux.call(&Call::Init { va_bits: 47 }).expect("a width of all formats");
        linux.memory_mut().take_events();
        // Two empty slots of the root.
        let walk = Call::Walk { addr: 0, size: 2 << 36, flags, stop: Some(Stop { at: 0, ret }) };
        assert_eq!(linux.call(&walk), Ok(Outcome::code(answer)), "{version:?} {ret}");
        assert_eq!(linux.memory_mut().take_events().len(), visits, "{version:?} {ret}");
    }
}

/// By hand, from the manual's layout: where the bits of a 52-bit output stand, and what hVHE and BTI change.
#[test]
fn descriptors_of_6_12_are_those_of_the_configuration() {
    let plain = Setup::plain(Version::V6_12, Granule::K4);
    let leaf = |setup: Setup, prot: u64| {
        let mut linux = engines(setup, 0x1_0000_0000).kvm;
        linux.call(&Call::Init { va_bits: 48 }).expect("a width of all formats");
        let phys = 0xf_0000_8000_0000;
        linux.call(&Call::Map { addr: 0, size: setup.granule.bytes(), phys, prot }).expect("always answered");
        linux.call(&Call::Get { addr: 0 }).expect("always answered").pte
    };
    let long = |granule| Setup { granule, long_outputs: true, ..plain };
    // LPA2: PA[49:48] in bits 49:48, PA[51:50] in bits 9:8 instead of SH.
    assert_eq!(leaf(long(Granule::K4), 6), Some(0x43_0000_8000_0743));
    assert_eq!(leaf(long(Granule::K16), 6), Some(0x43_0000_8000_0743));
    // LPA: PA[51:48] in bits 15:12; Linux writes them whatever it was built for.
    assert_eq!(leaf(long(Granule::K64), 6), Some(0x40_0000_8000_f743));
    assert_eq!(leaf(Setup { granule: Granule::K64, ..plain }, 6), Some(0x40_0000_8000_f743));
    // 48 bits: the rest is cut off.
    assert_eq!(leaf(plain, 6), Some(0x40_0000_8000_0743));
    // hVHE: AP[1] = 0. BTI: GP, bit 50, on executable leaves.
    let hvhe = Setup { hvhe: true, bti: true, ..plain };
    assert_eq!(leaf(hvhe, 6), Some(0x40_0000_8000_0703));
    assert_eq!(leaf(hvhe, 4), Some(0x40_0000_8000_0783));
    assert_eq!(leaf(hvhe, 5), Some(0x04_0000_8000_0783));
}
