//! The golden files, schema `kvm-pgtable-golden/1`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::engine::{Call, Outcome, Ret, Unsupported};
use crate::setup::{Granule, Setup, Version};

mod call;

/// The only schema that is understood.
pub const SCHEMA: &str = "kvm-pgtable-golden/1";

/// A number that the files write as a hex string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub u64);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        parse_hex(&text)
            .map(Hex)
            .ok_or_else(|| de::Error::custom(format!("{text:?} is no hex number (0x...)")))
    }
}

fn parse_hex(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    // `from_str_radix` would take a sign too.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok())?
}

/// A file: one group of scenarios.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub group: String,
    /// Which Linux.
    pub version: Version,
    /// Page size.
    pub granule: Granule,
    /// Physical address of arena page 0.
    pub arena_base: u64,
    /// What is replayed.
    pub scenarios: Vec<Scenario>,
}

/// Operations on one table, and the state that they leave.
#[derive(Clone, Debug, Deserialize)]
pub struct Scenario {
    /// Unique name.
    pub id: String,
    /// Template that it was made from.
    #[serde(default)]
    pub note: String,
    /// What is special about it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Configuration; absent keys have their defaults.
    #[serde(default)]
    pub cfg: BTreeMap<String, Value>,
    /// The operations, in order.
    pub ops: Vec<Op>,
    /// The complete state afterwards.
    #[serde(rename = "final")]
    pub end: Final,
}

/// One operation with its recorded result.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawOp")]
pub struct Op {
    /// What to do, or why it cannot be replayed.
    pub call: Result<Call, Unsupported>,
    /// What Linux answered.
    pub answer: Outcome,
    /// What Linux did.
    pub did: Did,
}

/// The recorded events of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Did {
    /// None are recorded.
    Nothing,
    /// All of them, each as compact JSON.
    Events(Vec<String>),
    /// A summary of many.
    Digest(Box<EventDigest>),
}

/// A summary of events.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EventDigest {
    /// How many.
    pub n: u64,
    /// How many of each kind.
    pub count: BTreeMap<String, u64>,
    /// The first ones.
    pub head: Vec<Value>,
    /// FNV-1a over all.
    pub all: Hex,
    /// FNV-1a over those that level 3 compares.
    pub arch: Hex,
}

/// The final state.
#[derive(Clone, Debug, Deserialize)]
pub struct Final {
    /// Descriptors: level, va, slot, n, raw, step.
    pub desc: Vec<(i32, Hex, u64, u64, Hex, Hex)>,
    /// Live pages with their reference counts.
    pub pages: Vec<(u64, u64)>,
    /// Free list, next to be reused first.
    pub free: Vec<u64>,
    /// Number of live pages.
    pub live: u64,
    /// Pages ever taken from the untouched part.
    pub bump: u64,
}

#[derive(Deserialize)]
struct RawOp {
    op: String,
    #[serde(default)]
    exp: RawExpected,
    #[serde(flatten)]
    inputs: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
struct RawExpected {
    ret: Option<Value>,
    pte: Option<Hex>,
    level: Option<i32>,
    prot: Option<Hex>,
    start_level: Option<i32>,
    ia_bits: Option<u32>,
    ev: Option<Vec<Value>>,
    evd: Option<EventDigest>,
}

impl TryFrom<RawOp> for Op {
    type Error = String;

    fn try_from(raw: RawOp) -> Result<Op, String> {
        let call = call::parse(&raw.op, raw.inputs)?;
        let RawExpected { ret, pte, level, prot, start_level, ia_bits, ev, evd } = raw.exp;
        let ret = ret.map(|ret| match &ret {
            Value::String(text) => parse_hex(text).map(Ret::Bytes),
            _ => ret.as_i64().map(Ret::Code),
        });
        let ret = match ret {
            Some(None) => {
                return Err(format!("op {:?}: `ret` is neither a number nor a hex string", raw.op));
            }
            Some(ret) => ret,
            None => None,
        };
        let (pte, prot) = (pte.map(|Hex(pte)| pte), prot.map(|Hex(prot)| prot));
        let answer = Outcome { ret, pte, level, prot, start_level, ia_bits };
        let did = match (ev, evd) {
            (Some(events), _) => Did::Events(events.iter().map(Value::to_string).collect()),
            (None, Some(digest)) => Did::Digest(Box::new(digest)),
            (None, None) => Did::Nothing,
        };
        Ok(Op { call, answer, did })
    }
}

#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
    group: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    group: String,
    version: String,
    granule: u64,
    arena_base: Hex,
    count: u64,
    scenarios: Vec<Scenario>,
}

/// Why a file cannot be used.
#[derive(Debug)]
pub enum LoadError {
    /// It cannot be read.
    Unreadable(std::io::Error),
    /// It is no JSON, or lacks something.
    Malformed(serde_json::Error),
    /// Another schema.
    Schema(Option<String>),
    /// A group of another kind of table.
    Group(String),
    /// A page size that arm64 does not have.
    Granule(u64),
    /// Another Linux.
    Version(String),
    /// The header counts another number of scenarios.
    Count {
        /// In the header.
        header: u64,
        /// Found.
        found: usize,
    },
    /// No arena can begin there.
    Arena(u64),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unreadable(error) => write!(f, "cannot be read: {error}"),
            LoadError::Malformed(error) => write!(f, "does not follow the schema {SCHEMA}: {error}"),
            LoadError::Schema(None) => write!(f, "has no `schema`; expected {SCHEMA:?}"),
            LoadError::Schema(Some(other)) => write!(f, "has schema {other:?}; expected {SCHEMA:?}"),
            LoadError::Group(group) => {
                write!(f, "group {group:?} is not an hyp stage-1 group (their names begin with `hyp_`)")
            }
            LoadError::Granule(granule) => {
                write!(f, "granule {granule} is none of 4096, 16384 and 65536")
            }
            LoadError::Version(version) => {
                write!(f, "version {version:?}: this program knows how \"5.17\", \"6.1\" and \"6.12\" behave")
            }
            LoadError::Count { header, found } => {
                write!(f, "the header says {header} scenarios, the file has {found}")
            }
            LoadError::Arena(base) => {
                write!(f, "arena_base {base:#x} is no multiple of the granule below 2^47")
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// Reads a file.
///
/// # Errors
/// [`LoadError`], which does not name the file.
pub fn load(path: &Path) -> Result<File, LoadError> {
    parse(&std::fs::read(path).map_err(LoadError::Unreadable)?)
}

/// Reads a file's text.
///
/// # Errors
/// [`LoadError`].
pub fn parse(text: &[u8]) -> Result<File, LoadError> {
    // What it is comes before whether it is whole, so that a file of another kind gets the message that helps.
    let head: Head = serde_json::from_slice(text).map_err(LoadError::Malformed)?;
    if head.schema.as_deref() != Some(SCHEMA) {
        return Err(LoadError::Schema(head.schema));
    }
    if let Some(group) = head.group.filter(|group| !group.starts_with("hyp_")) {
        return Err(LoadError::Group(group));
    }
    let body: Body = serde_json::from_slice(text).map_err(LoadError::Malformed)?;
    let granule = Granule::from_bytes(body.granule).ok_or(LoadError::Granule(body.granule))?;
    let version = Version::from_name(&body.version).ok_or(LoadError::Version(body.version))?;
    if body.scenarios.len() as u64 != body.count {
        return Err(LoadError::Count { header: body.count, found: body.scenarios.len() });
    }
    let Hex(arena_base) = body.arena_base;
    if arena_base % body.granule != 0 || arena_base >= 1 << 47 {
        return Err(LoadError::Arena(arena_base));
    }
    Ok(File { group: body.group, version, granule, arena_base, scenarios: body.scenarios })
}

impl Scenario {
    /// What it was recorded on.
    ///
    /// # Errors
    /// [`Unsupported`] for a configuration that does not exist, or that is not known.
    pub fn setup(&self, file: &File) -> Result<Setup, Unsupported> {
        let mut setup = Setup::plain(file.version, file.granule);
        let v6_12 = file.version >= Version::V6_12;
        for (key, value) in &self.cfg {
            match (key.as_str(), value) {
                ("page_count", Value::Bool(present)) => setup.page_count = *present,
                ("pa_bits", value) if value.as_u64() == Some(48) => {}
                ("pa_bits", value) if value.as_u64() == Some(52) && file.granule == Granule::K64 => {
                    setup.long_outputs = true;
                }
                ("lpa2", Value::Bool(true)) if v6_12 && file.granule != Granule::K64 => {
                    setup.long_outputs = true
                }
                ("hvhe", Value::Bool(true)) if v6_12 => setup.hvhe = true,
                ("bti", Value::Bool(true)) if v6_12 => setup.bti = true,
                // The hypervisor's stage 1 does not use them.
                ("tlb_range", Value::Bool(true)) if v6_12 => {}
                ("tlb_range" | "lpa2" | "hvhe" | "bti", Value::Bool(false)) => {}
                // These concern stage 2 alone.
                ("fwb" | "s2_nofwb" | "s2_idmap" | "force_pte" | "cmo", Value::Bool(_)) => {}
                _ => return Err(Unsupported(format!("cfg {key} = {value} is not supported"))),
            }
        }
        Ok(setup)
    }
}
