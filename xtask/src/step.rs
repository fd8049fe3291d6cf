//! A step: one thing that is run, timed and reported on one line.

use crate::context::Context;
use crate::tools::{self, Tool};
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

/// One thing that a task does.
pub(crate) struct Step {
    /// What `--only` takes.
    pub(crate) name: &'static str,
    /// What it shows when it passes.
    pub(crate) purpose: &'static str,
    /// What must be installed for it.
    pub(crate) tools: &'static [Tool],
    /// Runs it. `Ok` carries a remark for its line, such as the number of tests; `Err` the whole reason.
    pub(crate) run: fn(&Context) -> Result<String, String>,
}

/// Prints names and purposes.
pub(crate) fn list(steps: &[Step]) {
    for step in steps {
        println!("{:<16} {}", step.name, step.purpose);
    }
}

/// The steps that are named, in the task's order; all of them if none is.
///
/// # Errors
/// A name that no step has.
pub(crate) fn select<'a>(steps: &'a [Step], only: &[String]) -> Result<Vec<&'a Step>, String> {
    if let Some(unknown) = only.iter().find(|name| steps.iter().all(|step| step.name != name.as_str())) {
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        return Err(format!("there is no step `{unknown}`; the steps are {}", names.join(", ")));
    }
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    Ok(steps.iter().filter(wanted).collect())
}

/// Installs what is missing, runs every step even after one failed, and closes with `N passed, M failed`.
pub(crate) fn run_all(context: &Context, steps: &[&Step]) -> ExitCode {
    let mut wanted: Vec<Tool> = steps.iter().flat_map(|step| step.tools).copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let missing = tools::install_missing(context, &wanted);

    let mut failed = Vec::new();
    let start = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        announce(context, index + 1, steps.len(), step);
        let begin = Instant::now();
        let result = match missing.iter().find(|(tool, _)| step.tools.contains(tool)) {
            Some((_, reason)) => Err(reason.clone()),
            None => (step.run)(context),
        };
        let seconds = begin.elapsed().as_secs_f64();
        match result {
            Ok(remark) => println!("ok     {seconds:>6.1} s  {remark}"),
            Err(reason) => {
                println!("FAILED {seconds:>6.1} s");
                let shown = if context.verbose() { last_line(&reason) } else { reason.trim_end() };
                println!("{shown}");
                failed.push(step.name);
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    if !failed.is_empty() {
        println!("failed: {} (again: --only {})", failed.join(", "), failed.join(" --only "));
    }
    println!("{} passed, {} failed in {seconds:.1} s", steps.len() - failed.len(), failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The first half of a step's line, shown while it runs.
fn announce(context: &Context, number: usize, total: usize, step: &Step) {
    print!("[{number:>2}/{total}] {:<16} ", step.name);
    if context.verbose() {
        println!("{}", step.purpose);
    }
    // Without a line end the terminal would show it only when the step is over; failing to is harmless.
    let _ = std::io::stdout().flush();
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().next_back().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(name: &'static str) -> Step {
        Step { name, purpose: "", tools: &[], run: |_| Ok(String::new()) }
    }
    const STEPS: &[Step] = &[step("one"), step("two"), step("three")];

    fn names(only: &[&str]) -> Result<Vec<&'static str>, String> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        Ok(select(STEPS, &only)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn a_selection_keeps_the_order_of_the_task() {
        assert_eq!(names(&[]), Ok(vec!["one", "two", "three"]));
        assert_eq!(names(&["three", "one"]), Ok(vec!["one", "three"]));
    }

    #[test]
    fn an_unknown_step_is_an_error() {
        assert_eq!(
            names(&["four"]),
            Err("there is no step `four`; the steps are one, two, three".to_owned())
        );
    }

    #[test]
    fn the_names_of_a_task_are_unique() {
        for steps in [crate::test::STEPS, crate::ci::STEPS, crate::bench::STEPS, crate::qemu::STEPS] {
            for (index, step) in steps.iter().enumerate() {
                assert!(steps[..index].iter().all(|other| other.name != step.name), "{}", step.name);
            }
        }
    }
}
