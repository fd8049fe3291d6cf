//! One operation's inputs: every key is used, or the operation is not supported.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parse_hex;
use crate::engine::{Call, Flags, Stop, Unsupported};

/// The inputs that are not used yet.
struct Inputs<'a> {
    op: &'a str,
    rest: BTreeMap<String, Value>,
}

impl Inputs<'_> {
    fn take(&mut self, key: &str) -> Result<Value, String> {
        self.rest.remove(key).ok_or_else(|| format!("op {:?} lacks `{key}`", self.op))
    }

    fn hex(&mut self, key: &str) -> Result<u64, String> {
        let value = self.take(key)?;
        let number = value.as_str().and_then(parse_hex);
        number.ok_or_else(|| format!("op {:?}: `{key}` is {value}, no hex number (\"0x...\")", self.op))
    }

    fn integer<T: TryFrom<i64>>(&mut self, key: &str) -> Result<T, String> {
        let value = self.take(key)?;
        let number = value.as_i64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("op {:?}: `{key}` is {value}, no number in its range", self.op))
    }
}

/// The operation: `Err` if it is malformed, `Ok(Err)` if it is well-formed but cannot be replayed.
pub(super) fn parse(op: &str, inputs: BTreeMap<String, Value>) -> Result<Result<Call, Unsupported>, String> {
    let mut inputs = Inputs { op, rest: inputs };
    let call = match op {
        "init" => Call::Init { va_bits: inputs.integer("va_bits")? },
        "map" => Call::Map {
            addr: inputs.hex("addr")?,
            size: inputs.hex("size")?,
            phys: inputs.hex("phys")?,
            prot: inputs.hex("prot")?,
        },
        "unmap" => Call::Unmap { addr: inputs.hex("addr")?, size: inputs.hex("size")? },
        "get" => Call::Get { addr: inputs.hex("addr")? },
        "pte_prot" => {
            let (stage, raw) = (inputs.integer("stage")?, inputs.hex("raw")?);
            if !(1..=2).contains(&stage) {
                return Ok(Err(Unsupported(format!("op pte_prot: stage {stage} is not supported"))));
            }
            Call::PteProt { stage, raw }
        }
        "walk" => {
            let (addr, size, word) = (inputs.hex("addr")?, inputs.hex("size")?, inputs.hex("flags")?);
            let stop = match inputs.rest.contains_key("stop_at") {
                true => Some(Stop { at: inputs.integer("stop_at")?, ret: inputs.integer("stop_ret")? }),
                false => None,
            };
            let Some(flags) = Flags::from_word(word) else {
                return Ok(Err(Unsupported(format!("op walk: flags {word:#x} are not supported"))));
            };
            Call::Walk { addr, size, flags, stop }
        }
        "destroy" => Call::Destroy,
        "alloc_budget" => match inputs.integer::<i64>("n")? {
            -1 => Call::AllocBudget(None),
            n => match u64::try_from(n) {
                Ok(n) => Call::AllocBudget(Some(n)),
                Err(_) => {
                    return Ok(Err(Unsupported(format!("op alloc_budget: n = {n} is not supported"))));
                }
            },
        },
        _ => return Ok(Err(Unsupported(format!("op {op} is not supported")))),
    };
    Ok(match inputs.rest.keys().next() {
        None => Ok(call),
        Some(key) => Err(Unsupported(format!("op {op}: input `{key}` is not supported"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Result<Result<Call, Unsupported>, String> {
        let mut inputs: BTreeMap<String, Value> = serde_json::from_str(text).expect("test input");
        let op = inputs.remove("op").expect("test input");
        parse(op.as_str().unwrap_or(""), inputs)
    }

    #[test]
    fn every_input_is_used_or_refused() {
        let call = from(r#"{"op":"unmap","addr":"0x1000","size":"0x2000"}"#);
        assert_eq!(call, Ok(Ok(Call::Unmap { addr: 0x1000, size: 0x2000 })));
        let flags = from(r#"{"op":"unmap","addr":"0x1000","size":"0x2000","flags":8}"#);
        assert_eq!(flags, Ok(Err(Unsupported("op unmap: input `flags` is not supported".into()))));
        let other = from(r#"{"op":"s2_map","addr":"0x1000"}"#);
        assert_eq!(other, Ok(Err(Unsupported("op s2_map is not supported".into()))));
    }

    #[test]
    fn malformed_inputs_are_named() {
        assert_eq!(from(r#"{"op":"get"}"#), Err(r#"op "get" lacks `addr`"#.into()));
        let decimal = from(r#"{"op":"get","addr":12}"#);
        assert_eq!(decimal, Err(r#"op "get": `addr` is 12, no hex number ("0x...")"#.into()));
        let sign = from(r#"{"op":"get","addr":"0x+1"}"#);
        assert_eq!(sign, Err(r#"op "get": `addr` is "0x+1", no hex number ("0x...")"#.into()));
        let negative = from(r#"{"op":"init","va_bits":-1}"#);
        assert_eq!(negative, Err(r#"op "init": `va_bits` is -1, no number in its range"#.into()));
    }
}
