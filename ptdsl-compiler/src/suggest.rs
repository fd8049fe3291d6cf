//! Finds the name that was probably meant.

/// The candidate nearest to `word`, if it is near enough to be a slip of the fingers.
///
/// Case does not count, a neighbouring pair in the wrong order counts once, and a third of the word's letters may be
/// wrong. Of equally near candidates the first wins.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.to_lowercase().chars().collect();
    let allowed = (wanted.len() / 3).max(1);
    let distances = candidates.into_iter().map(|candidate| {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        (distance(&wanted, &letters), letters.len(), candidate)
    });
    // A single letter may not turn into any other single letter: that is no slip.
    let near = distances.filter(|&(d, length, _)| d <= allowed && d < wanted.len().max(length));
    near.min_by_key(|&(d, ..)| d).map(|(.., candidate)| candidate)
}

/// Edits from `a` to `b`: insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    fn edits(a: &str, b: &str) -> usize {
        distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
    }

    #[test]
    fn counts_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "acb"), 1);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn suggests_only_what_is_near() {
        let names = ["AttrIndx", "AF", "AP2", "XN", "Contiguous"];
        assert_eq!(closest("AttrIdnx", names), Some("AttrIndx"));
        assert_eq!(closest("attrindx", names), Some("AttrIndx"));
        assert_eq!(closest("XM", names), Some("XN"));
        assert_eq!(closest("Q", names), None);
        assert_eq!(closest("Shareability", names), None);
        assert_eq!(closest("", names), None);
    }
}
