//! The public golden vectors, through both engines, and proof that a wrong vector fails.

use std::path::PathBuf;

use kvm_hyp::classes::Class;
use kvm_hyp::compare::Depth;
use kvm_hyp::replay::{self, Run, Tally, Verdict};
use kvm_hyp::schema::{self, File};
use serde_json::Value;

const GROUPS: [(&str, usize); 4] =
    [("hyp_4k_39", 226), ("hyp_4k_48", 276), ("hyp_4k_misc_va", 77), ("hyp_v517_4k", 27)];

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
            (Class::HoleStop, 52),
            (Class::InsideBlock, 10),
            (Class::Conflict, 44),
            (Class::TablesLeft, 11),
            (Class::Range, 5),
            (Class::Output, 5),
            (Class::Width, 5),
        ]
    );
    assert_eq!(total.passed, 474);
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

#[test]
fn what_is_not_known_fails_with_its_name() {
    let text = |op: &str, cfg: &str| {
        format!(
            r#"{{"schema":"kvm-pgtable-golden/1","group":"hyp_x","version":"6.1","granule":4096,"arena_base":"0x100000000",
            "count":1,"scenarios":[{{"id":"x","cfg":{cfg},"ops":[{op}],
            "final":{{"desc":[],"pages":[],"free":[],"live":0,"bump":0}}}}]}}"#
        )
    };
    let why = |op: &str, cfg: &str| {
        let file = schema::parse(text(op, cfg).as_bytes()).expect("of the schema");
        match replay::scenario(&file, &file.scenarios[0], Run::Kvm(Depth::Everything)) {
            Verdict::Failed(failure) => failure.difference.found,
            other => format!("{other:?}"),
        }
    };
    assert_eq!(why(r#"{"op":"s2_init","ia_bits":40}"#, "{}"), "op s2_init is not supported");
    assert_eq!(why(r#"{"op":"init","va_bits":48}"#, r#"{"lpa2":true}"#), "cfg lpa2 = true is not supported");
    assert_eq!(
        why(r#"{"op":"init","va_bits":21}"#, "{}"),
        "va_bits 21: no table of the format arm64_hyp starts at level 3"
    );
    assert_eq!(
        why(r#"{"op":"walk","addr":"0x0","size":"0x0","flags":"0x8"}"#, "{}"),
        "op walk: flags 0x8 are not supported"
    );
}
