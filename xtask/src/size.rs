//! Bytes of code of the operations for one format: what `examples/no-panic` has, which is nothing else.

use crate::budgets;
use crate::context::Context;
use crate::no_panic;
use std::fmt::Write;

/// Sums the symbols of the probe; the remark lists them by name.
pub(crate) fn run(context: &Context) -> Result<String, String> {
    let library = no_panic::build(context, "")?;
    let mut nm = context.program("nm", "--demangle --print-size --size-sort");
    nm.arg(&library);
    let symbols = parse(&context.run(nm)?);
    let total: u64 = symbols.iter().map(|symbol| symbol.bytes).sum();
    if total == 0 {
        return Err("examples/no-panic has no code: nothing was measured".to_owned());
    }
    let mut text = format!("{total} bytes (limit {})", budgets::CODE_BYTES);
    for (name, bytes, count) in by_name(&symbols) {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n    {bytes:>6}  {name}{}",
            if count > 1 { format!(", {count} times") } else { String::new() }
        );
    }
    if total <= budgets::CODE_BYTES { Ok(text) } else { Err(format!("{text}\nover the limit")) }
}

struct Symbol {
    name: String,
    bytes: u64,
}

/// The functions in the output of `nm --print-size`: `address size kind name`.
fn parse(text: &str) -> Vec<Symbol> {
    let parse_line = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let (_, bytes, kind, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let bytes = u64::from_str_radix(bytes, 16).ok()?;
        matches!(kind, "t" | "T").then(|| Symbol { name: short(name), bytes })
    };
    text.lines().filter_map(parse_line).collect()
}

/// A function's path without its type arguments.
fn short(name: &str) -> String {
    let mut depth = 0_usize;
    let mut short = String::new();
    for letter in name.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => short.push(letter),
            _ => {}
        }
    }
    short.rsplit("::").next().unwrap_or(name).to_owned()
}

/// Functions of one name together, the largest first: name, bytes, how many.
fn by_name(symbols: &[Symbol]) -> Vec<(&str, u64, usize)> {
    let mut found: Vec<(&str, u64, usize)> = Vec::new();
    for symbol in symbols {
        match found.iter_mut().find(|entry| entry.0 == symbol.name) {
            Some(entry) => {
                entry.1 += symbol.bytes;
                entry.2 += 1;
            }
            None => found.push((&symbol.name, symbol.bytes, 1)),
        }
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.1));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_counted_and_data_is_not() {
        let text = "0000000000007d60 0000000000000001 b completed.0\n\
            0000000000001f10 000000000000004c t ptdsl::map::Map<F,W,U>::grow\n\
            0000000000001f80 0000000000000010 t ptdsl::map::Map<F,W,U>::grow\n\
            0000000000005690 00000000000001e8 T probe_translate\n";
        let symbols = parse(text);
        assert_eq!(by_name(&symbols), [("probe_translate", 0x1e8, 1), ("grow", 0x5c, 2)]);
    }
}
