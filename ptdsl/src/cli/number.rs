//! Numbers on the command line: decimal, `0x` or `0b`, with `_` between digits.

/// The number that a word is. `None` if it is none or needs more than 64 bits.
pub(crate) fn parse(word: &str) -> Option<u64> {
    let lower = word.to_ascii_lowercase();
    let (radix, digits) = match (lower.strip_prefix("0x"), lower.strip_prefix("0b")) {
        (Some(digits), _) => (16, digits),
        (_, Some(digits)) => (2, digits),
        _ => (10, lower.as_str()),
    };
    let digits: String = digits.chars().filter(|&c| c != '_').collect();
    // `from_str_radix` takes a sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

/// Whether a word wants to be a number: names never start with a digit.
pub(crate) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
}

/// A descriptor's word: all of its hexadecimal digits.
pub(crate) fn word(raw: u64, bits: u32) -> String {
    format!("{raw:#0width$x}", width = bits as usize / 4 + 2)
}

#[cfg(test)]
mod tests {
    use super::{is_number, parse, word};

    #[test]
    fn every_base_is_read() {
        assert_eq!(parse("0x0040_0000_DEAD"), Some(0x0040_0000_dead));
        assert_eq!(parse("0b1_01"), Some(5));
        assert_eq!(parse("1_000"), Some(1000));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let words = ["", "_", "0x", "0b2", "-1", "+1", "0x+1", "18446744073709551616", "rw", "1 2"];
        assert_eq!(words.map(parse), [None; 10]);
        assert_eq!(["0x1", "-1", "rw", ""].map(is_number), [true, true, false, false]);
    }

    #[test]
    fn words_have_all_their_digits() {
        assert_eq!(word(0x743, 64), "0x0000000000000743");
        assert_eq!(word(0x743, 32), "0x00000743");
    }
}
