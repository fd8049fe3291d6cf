//! What the operations may cost. A change that costs more fails; one that costs less should lower the number here.

/// Instructions of one operation, as callgrind counts them in a release build for x86-64.
pub(crate) struct Budget {
    /// The case of `examples/instruction-counts`.
    pub(crate) case: &'static str,
    /// What one operation is.
    pub(crate) what: &'static str,
    /// The last number that was accepted; [`TOLERANCE`] above it fails.
    pub(crate) accepted: f64,
    /// What the project promises; `accepted` is never above it.
    pub(crate) promised: f64,
}

/// How far above the accepted number a count may lie. Compilers differ by that much.
pub(crate) const TOLERANCE: f64 = 0.03;

/// One row per case.
pub(crate) const INSTRUCTIONS: &[Budget] = &[
    Budget {
        case: "map-fresh",
        what: "page, 1 GiB in one call into fresh tables",
        accepted: 2.87,
        promised: 3.0,
    },
    Budget {
        case: "map-existing",
        what: "page, 1 GiB in one call into tables that exist",
        accepted: 4.93,
        promised: 5.0,
    },
    Budget { case: "unmap", what: "page, 1 GiB in one call", accepted: 15.2, promised: 20.0 },
    Budget { case: "map-single", what: "page, one call each, ascending", accepted: 50.7, promised: 52.0 },
    Budget { case: "unmap-single", what: "page, one call each, ascending", accepted: 62.9, promised: 64.0 },
    Budget {
        case: "map-cursor",
        what: "page, one call each, ascending, through a cursor",
        accepted: 24.9,
        promised: 26.0,
    },
    Budget {
        case: "unmap-cursor",
        what: "page, one call each, ascending, through a cursor",
        accepted: 27.1,
        promised: 28.0,
    },
    Budget {
        case: "blocks",
        what: "block, 16 GiB as blocks of 2 MiB in one call",
        accepted: 2.96,
        promised: 4.0,
    },
    Budget { case: "lookup", what: "translation of one address", accepted: 46.0, promised: 50.0 },
];

/// `gen` of one format, after start-up: milliseconds.
pub(crate) const GEN_MILLISECONDS: f64 = 20.0;
/// `gen --all`, from start to end: milliseconds.
pub(crate) const GEN_ALL_MILLISECONDS: f64 = 500.0;
/// A crate with the checked-in code of all formats, built from nothing: CPU seconds.
pub(crate) const GENERATED_SECONDS: f64 = 20.0;
/// Expansion of the macro for one format: milliseconds.
pub(crate) const EXPANSION_MILLISECONDS: f64 = 50.0;
/// A user's crate with the macro, built from nothing: CPU seconds.
pub(crate) const COLD_BUILD_SECONDS: f64 = 15.0;
/// A user's crate with checked-in code, built from nothing: CPU seconds.
pub(crate) const CHECKED_IN_SECONDS: f64 = 1.5;
/// Code of create, map, unmap and translate for one format: bytes.
pub(crate) const CODE_BYTES: u64 = 18_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_keeps_the_promise() {
        for budget in INSTRUCTIONS {
            assert!(budget.accepted > 0.0 && budget.accepted <= budget.promised, "{}", budget.case);
        }
    }
}
