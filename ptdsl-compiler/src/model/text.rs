//! Bits and numbers as messages write them.

use crate::cubes::ones;

/// `[hi:lo]` or `[bit]`.
pub(crate) fn range(hi: u32, lo: u32) -> String {
    if hi == lo { format!("[{hi}]") } else { format!("[{hi}:{lo}]") }
}

/// The runs of 1 bits in a mask, most significant first, as `(hi, lo)`.
pub(crate) fn runs(mut mask: u64) -> Vec<(u32, u32)> {
    let mut runs = Vec::new();
    while mask != 0 {
        let hi = 63 - mask.leading_zeros();
        let length = (mask << (63 - hi)).leading_ones();
        let lo = hi + 1 - length;
        runs.push((hi, lo));
        mask &= !(ones(length) << lo);
    }
    runs
}

/// The runs of 1 bits as messages write them: `[63], [2:1]`.
pub(crate) fn ranges(mask: u64) -> String {
    runs(mask).into_iter().map(|(hi, lo)| range(hi, lo)).collect::<Vec<_>>().join(", ")
}

/// `bit [3]`, `bits [3], [1:0]`
pub(crate) fn bits(mask: u64) -> String {
    format!("{} {}", if mask.is_power_of_two() { "bit" } else { "bits" }, ranges(mask))
}

/// `1 bit`, `2 bits`
pub(crate) fn count(number: impl Into<u64>, what: &str) -> String {
    match number.into() {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_maximal_and_descend() {
        assert_eq!(runs(0), []);
        assert_eq!(runs(u64::MAX), [(63, 0)]);
        assert_eq!(runs(0b1011_0001), [(7, 7), (5, 4), (0, 0)]);
        assert_eq!(bits(1 << 63 | 0b110), "bits [63], [2:1]");
        assert_eq!(bits(1), "bit [0]");
        assert_eq!([count(1u32, "bit"), count(0u32, "bit")], ["1 bit", "0 bits"]);
    }
}
