//! The deletion experiment on the sequences that the spec generates: each step, at its place in the generated code, is left out, and
//! weakened; the model must notice each.

// What `formats.rs` uses of it is more.
#[allow(dead_code)]
mod drive;

use std::collections::BTreeMap;

use ptdsl::{Config, Format};
use ptdsl_model::Regime;
use ptdsl_model::arch::{Rules, arm64, riscv, x86};
use ptdsl_model::port::{Family, How, Meaning, Mutation};

type Hardware = (Family, Meaning, Rules);

/// Every site reached by these runs, dropped and weakened: the sites at which nothing was noticed.
fn survivors<F: Format>(hardware: Hardware) -> (usize, Vec<String>) {
    let config = Config::<F>::default();
    let attributes = drive::attributes::<F>(hardware.1);
    let runs = [(2, 1, 30), (2, 2, 30), (2, 3, 30)];
    let run = |which, mutation| drive::one::<F>(hardware, (&config, &attributes), which, mutation);
    let mut sites = BTreeMap::new();
    for which in runs {
        let (_, reached) = run(which, None).unwrap_or_else(|violation| panic!("{violation}"));
        sites.extend(reached.into_iter().filter(|(_, name)| *name != "store"));
    }
    let mut tried = 0;
    let mut left = Vec::new();
    for (site, name) in sites {
        for how in [How::Drop, How::Weaken] {
            // An `isb` has no weaker form.
            if how == How::Weaken && name == "isb" {
                continue;
            }
            // A plain store loses a flag only where hardware still sets one: other leaves are mapped with all of them set.
            if how == How::Weaken && name.ends_with("exchange") && !hardware.2.updates {
                continue;
            }
            tried += 1;
            let mutation = Some(Mutation { site, how });
            if runs.into_iter().all(|which| run(which, mutation).is_ok()) {
                left.push(format!("{how:?} {name} at {site}"));
            }
        }
    }
    (tried, left)
}

fn all_die<F: Format>(hardware: Hardware, least: usize) {
    let (tried, left) = survivors::<F>(hardware);
    assert!(tried >= least, "{tried} mutants");
    assert!(left.is_empty(), "{tried} mutants, not noticed: {left:#?}");
}

fn arm(regime: Regime) -> Rules {
    arm64::rules(regime, arm64::Features { ttl: true, ..arm64::Features::default() })
}

#[test]
fn arm64_hyp() {
    let meaning = Meaning::Arm64Stage1 { tagged: false, lpa2: false };
    all_die::<ptdsl_generated::arm64_hyp::Arm64Hyp>((Family::Arm64, meaning, arm(Regime::El2)), 18);
}

#[test]
fn arm64_el1_low() {
    let meaning = Meaning::Arm64Stage1 { tagged: true, lpa2: false };
    all_die::<ptdsl_generated::arm64_el1_low::Arm64El1Low>((Family::Arm64, meaning, arm(Regime::Os)), 18);
}

#[test]
fn arm64_stage2() {
    let hardware = (Family::Arm64, Meaning::Arm64Stage2 { lpa2: false }, arm(Regime::Stage2));
    all_die::<ptdsl_generated::arm64_stage2::Arm64Stage2>(hardware, 24);
}

#[test]
fn x86_64() {
    all_die::<ptdsl_generated::x86_64::X8664>((Family::X86, Meaning::X86, x86::rules(true)), 2);
}

#[test]
fn sv39() {
    all_die::<ptdsl_generated::sv39::Sv39>((Family::RiscV, Meaning::RiscV, riscv::rules(false)), 6);
}
