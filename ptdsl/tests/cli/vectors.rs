//! The vectors through `ptdsl decode` and `ptdsl encode`.

use std::collections::BTreeMap;

use ptdsl_compiler::ir::KindClass;
use serde_json::Value as Json;

use crate::session::Session;
use crate::shared::{Said, each, locate};

/// The command's output of a run that must succeed, as JSON.
fn json(session: &Session, arguments: &[&str]) -> Json {
    let run = session.run(arguments);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{arguments:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn number(hexadecimal: &Json) -> Option<u64> {
    hexadecimal.as_str().map(|text| u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap())
}

#[test]
fn every_vector_decodes_and_encodes() {
    let session = Session::new(&[]);
    each(|spec, format, vector| {
        let path = locate(spec).canonicalize().unwrap();
        let path = path.to_str().unwrap();
        let (level, raw) = (vector.level.to_string(), format!("{:#x}", vector.raw));
        let word = json(&session, &["decode", path, &raw, "--level", &level, "--json"]);
        assert_eq!(word["format"], format.name);
        let fields: BTreeMap<String, u64> = (word["fields"].as_object().unwrap().iter())
            .map(|(name, field)| (name.clone(), field["value"].as_u64().unwrap()))
            .collect();
        let unnamed = word["unnamed"].as_array().unwrap();
        let bits = |one: &Json, key| one[key].as_u64().unwrap();
        let kind = word["kind"].as_str().unwrap();
        let said = Said {
            class: match word["class"].as_str().unwrap() {
                "leaf" => KindClass::Leaf,
                "table" => KindClass::Table,
                "invalid" => KindClass::Invalid,
                other => panic!("{}: what is a {other}?", vector.desc),
            },
            kind: kind.to_owned(),
            unnamed: Some(unnamed.iter().fold(0, |word, one| word | bits(one, "value") << bits(one, "lo"))),
            output: number(&word["output"]),
            fields,
        };
        vector.check(format, &said);
        if word["violations"] != Json::Array(Vec::new()) {
            assert_eq!(said.class, KindClass::Invalid, "{spec}: {}", vector.desc);
            return;
        }
        let mut assignments: Vec<String> =
            said.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assignments.extend(said.output.map(|address| format!("output={address:#x}")));
        for one in unnamed {
            assignments.push(format!("[{}:{}]={}", bits(one, "hi"), bits(one, "lo"), bits(one, "value")));
        }
        let mut arguments = vec!["encode", path, kind, "--level", &level, "--json"];
        arguments.extend(assignments.iter().map(String::as_str));
        let again = json(&session, &arguments);
        assert_eq!(number(&again["raw"]), Some(vector.raw), "{spec}: {}", vector.desc);
    });
}
