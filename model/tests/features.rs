//! What a table's options leave out is not needed on a PE that has the feature, and is needed on one that has not.

// What `formats.rs` uses of it is more.
#[allow(dead_code)]
mod drive;

use ptdsl::{Config, Format};
use ptdsl_generated::{arm64_el1_low, arm64_hyp, arm64_hyp_64k, arm64_stage2};
use ptdsl_model::arch::arm64::{self, Features};
use ptdsl_model::port::{Family, Meaning};
use ptdsl_model::{Regime, Rule};

const EL2: (Regime, Meaning) = (Regime::El2, Meaning::Arm64Stage1 { tagged: false, lpa2: false });
const EL1: (Regime, Meaning) = (Regime::Os, Meaning::Arm64Stage1 { tagged: true, lpa2: false });
const STAGE2: (Regime, Meaning) = (Regime::Stage2, Meaning::Arm64Stage2 { lpa2: false });

/// Random operations on a table with these options, on PEs with these features.
fn verdict<F: Format>(
    (regime, meaning): (Regime, Meaning),
    options: F::Options,
    features: Features,
) -> drive::Verdict {
    let config = Config { options, ..Config::default() };
    let hardware = (Family::Arm64, meaning, arm64::rules(regime, features));
    drive::one::<F>(hardware, (&config, &drive::attributes::<F>(meaning)), (2, 1, 40), None)
}

/// The `isb` after a store that maps something: no need of it with FEAT_ETS2, else the new mapping is not certain.
fn context_synchronisation<F: Format>(place: (Regime, Meaning), ets2: F::Options) {
    let with = Features { ets2: true, ..Features::default() };
    assert!(verdict::<F>(place, F::Options::default(), Features::default()).is_ok());
    verdict::<F>(place, ets2, with).unwrap_or_else(|violation| panic!("{violation}"));
    let violation = verdict::<F>(place, ets2, Features::default()).expect_err("a fault may be kept");
    assert_eq!(violation.rule, Rule::NotVisible, "{violation}");
}

/// Level hints: taken with FEAT_TTL; a PE without it invalidates something else, or nothing.
fn level_hints<F: Format>(place: (Regime, Meaning), ttl: F::Options) {
    let with = Features { ttl: true, ..Features::default() };
    verdict::<F>(place, ttl, with).unwrap_or_else(|violation| panic!("{violation}"));
    let violation = verdict::<F>(place, ttl, Features::default()).expect_err("hints are not for this PE");
    assert_eq!(violation.rule, Rule::Operand, "{violation}");
}

macro_rules! formats {
    ($($module:ident: $marker:ident, $place:expr;)*) => {
        #[test]
        fn ets2() {
            $(context_synchronisation::<$module::$marker>($place, $module::Options { ets2: true, ..Default::default() });)*
        }

        #[test]
        fn ttl() {
            $(level_hints::<$module::$marker>($place, $module::Options { ttl: true, ..Default::default() });)*
        }
    };
}

formats! {
    arm64_hyp: Arm64Hyp, EL2;
    arm64_hyp_64k: Arm64Hyp64k, EL2;
    arm64_el1_low: Arm64El1Low, EL1;
    arm64_stage2: Arm64Stage2, STAGE2;
}
