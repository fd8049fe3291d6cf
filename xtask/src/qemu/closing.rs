//! What a guest says of itself: a line for each format, one for each race, and the closing line.

/// A guest's numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) seed: u64,
    pub(super) formats: u64,
    pub(super) races: u64,
    pub(super) translations: u64,
    pub(super) touches: u64,
    pub(super) changes: u64,
    pub(super) differences: u64,
}

/// A format's line, `NAME: 1 tables, 2 translations, ..`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) format: &'a str,
    pub(super) translations: u64,
    pub(super) differences: u64,
}

/// The closing line, which must be the last.
pub(super) fn closing(text: &str, guest: &str) -> Option<Closing> {
    let last = text.lines().rfind(|line| !line.trim().is_empty())?.trim();
    let (seed, rest) =
        last.strip_prefix("guest ")?.strip_prefix(guest)?.strip_prefix(": seed 0x")?.split_once(", ")?;
    let seed = u64::from_str_radix(seed, 16).ok()?;
    let number = |index: usize, name: &str| counted(rest, index, name);
    Some(Closing {
        seed,
        formats: number(0, "formats")?,
        races: number(1, "races")?,
        translations: number(2, "translations")?,
        touches: number(3, "touches")?,
        changes: number(4, "changes")?,
        differences: number(5, "differences")?,
    })
}

/// The lines of formats.
pub(super) fn formats(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter_map(|line| {
        let (format, rest) = line.trim().split_once(": ")?;
        counted(rest, 0, "tables")?;
        let (translations, differences) =
            (counted(rest, 1, "translations")?, counted(rest, 4, "differences")?);
        Some(Line { format, translations, differences })
    })
}

/// The number of the part `N NAME` at that place.
fn counted(parts: &str, index: usize, name: &str) -> Option<u64> {
    let (number, found) = parts.split(", ").nth(index)?.split_once(' ')?;
    (found == name).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "one: 2 tables, 30 translations, 4 touches, 5 changes, 0 differences\n\
        one race: 7 changes, 8 mapped, 9 refused, 1 during a change, 0 stale, 0 wrong\n\
        guest g: seed 0x1f, 1 formats, 1 races, 30 translations, 4 touches, 5 changes, 0 differences\n";

    #[test]
    fn numbers_are_read() {
        let expected = Closing {
            seed: 0x1f,
            formats: 1,
            races: 1,
            translations: 30,
            touches: 4,
            changes: 5,
            differences: 0,
        };
        assert_eq!(closing(TEXT, "g"), Some(expected));
        let lines: Vec<_> = formats(TEXT).collect();
        assert_eq!(lines, [Line { format: "one", translations: 30, differences: 0 }]);
    }

    #[test]
    fn a_closing_line_is_whole_and_the_last() {
        assert_eq!(closing(TEXT, "h"), None);
        assert_eq!(closing(&format!("{TEXT}more\n"), "g"), None);
        assert_eq!(closing(&TEXT.replace(" races", " laces"), "g"), None);
        assert_eq!(closing(&TEXT.replace(", 0 differences\n", "\n"), "g"), None);
        assert_eq!(closing("", "g"), None);
    }
}
