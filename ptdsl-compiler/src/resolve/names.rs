//! What a misspelt name could have meant.

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast::Name;

/// Number of insertions, deletions, replacements and swaps of neighbours that lead from one word to the other, without
/// regard to case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The candidate that `name` is most like, if any is near enough; among equals the first.
pub(crate) fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    // Comparing takes the product of the lengths; no name of that length was ever misspelt by a letter or two.
    if length > 64 {
        return None;
    }
    let near = candidates.into_iter().filter(|c| c.len() <= 64).map(|c| (distance(name, c), c));
    let (distance, found) = near.min_by_key(|&(distance, _)| distance)?;
    (distance <= length.div_ceil(3).min(3) && distance < length.max(2)).then_some(found)
}

/// "no such thing", with what was probably meant, or with what there is.
pub(crate) fn unknown<'c>(
    code: Code,
    what: &str,
    name: &Name,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Diagnostic {
    let mut known: Vec<&str> = candidates.into_iter().collect();
    let finding = Diagnostic::new(code, format!("there is no {what} `{}`", name.node), name.span, "not known");
    if let Some(meant) = closest(name, known.iter().copied()) {
        return finding.help(format!("did you mean `{meant}`?"));
    }
    known.sort_unstable();
    known.dedup();
    match known.len() {
        0 => finding.help(format!("declare it; there is no {what} at all yet")),
        1..=12 => finding.help(format!("declare it, or use one of: {}", known.join(", "))),
        _ => finding.help(format!("declare it, or use one of the {} that there are", known.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let fields = ["AttrIndx", "AP2", "XN", "Contiguous"];
        for (typed, meant) in [
            ("AttrIndex", Some("AttrIndx")),
            ("attrindx", Some("AttrIndx")),
            ("AP", Some("AP2")),
            ("NX", Some("XN")),
            ("Contigous", Some("Contiguous")),
            ("Dirty", None),
            ("Q", None),
        ] {
            assert_eq!(closest(typed, fields), meant, "{typed}");
        }
    }
}
