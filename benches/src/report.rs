//! What was measured, as a table for people and as JSON for programs.

use crate::growth::{Curve, SIZES};
use crate::measure::{Outcome, Rung};
use serde_json::{Value, json};
use std::fmt::Write;

/// A row and what came of it.
pub struct Result {
    /// The row.
    pub rung: Rung,
    /// One for each of its contenders.
    pub outcomes: Vec<Outcome>,
}

/// What each contender is and compares with: name, about, baseline.
pub struct Contender {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: String,
    /// The hand-written walker for the same work.
    pub baseline: &'static str,
    /// Somebody else's crate: its name and version.
    pub package: Option<(&'static str, &'static str)>,
}

impl Result {
    /// The outcome of a contender.
    pub fn of(&self, contender: &str) -> Option<&Outcome> {
        self.rung
            .cases
            .iter()
            .zip(&self.outcomes)
            .find(|(case, _)| case.contender == contender)
            .map(|(_, o)| o)
    }

    /// Median over that of the hand-written walker.
    pub fn ratio(&self, contender: &Contender) -> Option<f64> {
        Some(self.of(contender.name)?.median()? / self.of(contender.baseline)?.median()?)
    }
}

/// One row for the terminal.
pub fn text(result: &Result, contenders: &[Contender]) -> String {
    let mut out = String::new();
    let Rung { name, title, unit, .. } = result.rung;
    let _ =
        writeln!(out, "\n{name}: {title}; ns per {unit}, median (min to max), times the hand-written walker");
    for contender in contenders {
        let name = contender.name;
        let _ = match result.of(name) {
            Some(Outcome::Measured { median, min, max }) => {
                let ratio = result.ratio(contender).map_or_else(String::new, |ratio| format!("{ratio:6.2}"));
                writeln!(out, "  {name:<20} {median:>8.2}  ({min:>7.2} to {max:>7.2}) {ratio}")
            }
            Some(Outcome::Lacks(reason)) => writeln!(out, "  {name:<20}        -  {reason}"),
            Some(Outcome::Wrong(what)) => writeln!(out, "  {name:<20}    WRONG  {what}"),
            None => Ok(()),
        };
    }
    out
}

/// The columns of the README's table: contender, heading. A peer's heading is its package with its version.
const COLUMNS: &[(&str, &str)] = &[
    ("limit", "limit"),
    ("hand", "by hand"),
    ("ptdsl", "ptdsl"),
    ("ptdsl-live", "live"),
    ("ptdsl-counts", "with counts"),
    ("ptdsl-x86", "x86-64"),
    ("aarch64-paging", ""),
    ("multiarch", ""),
    ("generic", ""),
    ("x86_64", ""),
];

/// The table of the README: a line for each row, nanoseconds and, in brackets, times the hand-written walker.
pub fn markdown(results: &[Result], contenders: &[Contender]) -> String {
    let shown: Vec<(&Contender, &str)> = COLUMNS
        .iter()
        .filter_map(|(name, heading)| Some((contenders.iter().find(|c| c.name == *name)?, *heading)))
        .collect();
    let mut out = String::from("| ns per unit (times by hand) |");
    for (contender, heading) in &shown {
        let package = contender.package.map(|(name, version)| format!("{name} {version}"));
        let _ = write!(out, " {} |", package.as_deref().unwrap_or(heading));
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(shown.len()));
    for result in results {
        let _ = write!(out, "\n| {} |", result.rung.title);
        for (contender, _) in &shown {
            let alone = contender.name == contender.baseline || contender.name == "limit";
            let _ = match (result.of(contender.name), result.ratio(contender).filter(|_| !alone)) {
                (Some(Outcome::Measured { median, .. }), Some(ratio)) => {
                    write!(out, " {median:.2} ({ratio:.1}) |")
                }
                (Some(Outcome::Measured { median, .. }), None) => write!(out, " {median:.2} |"),
                (Some(Outcome::Wrong(_)), _) => write!(out, " wrong |"),
                _ => write!(out, " - |"),
            };
        }
    }
    out.push('\n');
    out
}

/// Before the table in a page, and behind it.
const FRAME: (&str, &str) =
    ("<!-- table: cargo xtask bench --markdown README.md -->\n", "<!-- end of table -->\n");

/// A page with the table between the lines of [`FRAME`]; the table alone if the page has no such lines.
pub fn into_page(page: &str, table: &str) -> String {
    let frame = page.split_once(FRAME.0).and_then(|(before, rest)| Some((before, rest.split_once(FRAME.1)?)));
    match frame {
        Some((before, (_, after))) => format!("{before}{}{table}{}{after}", FRAME.0, FRAME.1),
        None => table.to_owned(),
    }
}

/// Growth for the terminal.
pub fn growth(curves: &[Curve]) -> String {
    let mut out =
        String::from("\ngrowth: map pages in one call, ns per page (median) by log2 of the bytes mapped\n");
    let _ = write!(out, "  {:<20}", "");
    for log in SIZES {
        let _ = write!(out, "{log:>7}");
    }
    for curve in curves {
        let _ = write!(out, "\n  {:<20}", curve.contender);
        for point in &curve.points {
            let _ = match point {
                Outcome::Measured { median, .. } => write!(out, "{median:>7.2}"),
                Outcome::Lacks(_) => write!(out, "      -"),
                Outcome::Wrong(_) => write!(out, "  WRONG"),
            };
        }
    }
    out.push('\n');
    for (curve, point) in curves.iter().flat_map(|curve| curve.points.iter().map(move |p| (curve, p))) {
        if let Outcome::Wrong(what) = point {
            let _ = writeln!(out, "  {}: WRONG: {what}", curve.contender);
        }
    }
    out
}

fn value(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Measured { median, min, max } => json!({ "median": median, "min": min, "max": max }),
        Outcome::Lacks(reason) => json!({ "lacks": reason }),
        Outcome::Wrong(what) => json!({ "wrong": what }),
    }
}

/// All of it.
pub fn json(
    machine: &str,
    rounds: usize,
    results: &[Result],
    contenders: &[Contender],
    curves: &[Curve],
) -> Value {
    let about: Vec<Value> = contenders
        .iter()
        .map(|c| json!({ "name": c.name, "about": c.about, "baseline": c.baseline, "peer": c.package.is_some() }))
        .collect();
    let rows: Vec<Value> = results
        .iter()
        .map(|result| {
            let outcomes: serde_json::Map<String, Value> = result
                .rung
                .cases
                .iter()
                .zip(&result.outcomes)
                .map(|(case, outcome)| (case.contender.to_owned(), value(outcome)))
                .collect();
            let Rung { name, title, unit, units, .. } = result.rung;
            json!({ "name": name, "title": title, "unit": unit, "units": units, "nanoseconds": outcomes })
        })
        .collect();
    let growth: Vec<Value> = curves
        .iter()
        .map(|curve| {
            let points: Vec<Value> = curve.points.iter().map(value).collect();
            json!({ "contender": curve.contender, "points": points })
        })
        .collect();
    json!({
        "machine": machine,
        "rounds": rounds,
        "contenders": about,
        "rows": rows,
        "growth": { "log2_bytes": SIZES, "curves": growth },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last() {
        let page = format!("a\n{}old\nold\n{}b\n", FRAME.0, FRAME.1);
        let mended = into_page(&page, "new\n");
        assert_eq!(mended, format!("a\n{}new\n{}b\n", FRAME.0, FRAME.1));
        assert_eq!(into_page("a\n", "new\n"), "new\n");
    }
}
