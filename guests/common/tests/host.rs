//! The comparison on a host: against a machine that translates as the manual says, and against machines that do not.

mod machine;

use guest_common::{Complaint, Fault, Pool, Race, Random, Report, Task, compare, race};
use machine::{Flaw, Host};
use ptdsl::TableLayout;
use ptdsl::memory::Frames;
use ptdsl_generated::arm64_hyp::Arm64Hyp;
use std::thread;

const TASK: Task = Task { seed: 5, count: 20_000, fault: None };

/// What the guest writes, and its exit code.
fn run(task: Task, flaw: Option<Flaw>) -> (String, u32) {
    let (mut machine, mut world) = Host::new(flaw);
    let (mut text, mut report) = (String::new(), Report::new("host", task.seed));
    compare::<Arm64Hyp, Host>(&mut machine, &mut world, &task, &mut report, &mut text)
        .expect("a string takes all");
    let code = report.close(&mut text);
    (text, code)
}

/// The number before a word in a line.
fn number(line: &str, word: &str) -> u64 {
    let part = line.split(", ").find(|part| part.ends_with(word)).expect("the line has that number");
    let digits =
        part.trim_end_matches(word).trim().rsplit(' ').next().expect("split gives one part at least");
    digits.parse().expect("it is a number")
}

#[test]
fn a_machine_that_does_as_the_manual_says_agrees() {
    let (text, code) = run(TASK, None);
    assert_eq!(code, 0, "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("arm64_hyp: ") && lines[0].ends_with(", 0 differences"), "{text}");
    assert!(lines[1].starts_with("guest host: seed 0x5, 1 formats, 0 races, "), "{text}");
    assert!(number(lines[0], "translations") >= TASK.count);
    assert!(number(lines[0], "touches") > TASK.count / 4 && number(lines[0], "changes") > 100, "{text}");
}

#[test]
fn the_seed_decides_all() {
    let short = |seed| run(Task { seed, count: 2000, ..TASK }, None).0;
    assert_eq!(short(5), short(5));
    let middle = |text: String| text.lines().next().map(str::to_owned);
    assert_ne!(middle(short(5)), middle(short(6)));
}

/// The first difference of a run that must have some.
fn difference(task: Task, flaw: Option<Flaw>) -> String {
    let (text, code) = run(task, flaw);
    assert_eq!(code, 1, "{text}");
    assert!(number(text.lines().last().unwrap_or_default(), "differences") > 0, "{text}");
    assert!(text.starts_with("DIFFERENCE seed 0x5, arm64_hyp, table "), "{text}");
    text
}

#[test]
fn what_the_guest_does_wrong_on_purpose_is_found() {
    let of = |fault| difference(Task { fault: Some(fault), ..TASK }, None);
    assert!(of(Fault::ShiftOutput).contains("Load at 0x"));
    let text = of(Fault::DropXn);
    assert!(text.lines().next().is_some_and(|line| line.contains(": Fetch at 0x")), "{text}");
    // Only an access that is performed sees what a TLB has kept.
    let text = difference(TASK, Some(Flaw::KeepsTlb));
    assert!(text.lines().next().is_some_and(|line| !line.contains("asked")), "{text}");
}

#[test]
fn a_difference_shows_both_sides_and_each_descriptor() {
    let text = difference(TASK, Some(Flaw::Level));
    let block: Vec<_> = text.lines().take_while(|line| !line.starts_with("arm64_hyp: ")).collect();
    assert!(block[1].starts_with("  machine: Translation fault, level "), "{text}");
    assert_eq!(block[2], "    of the host");
    assert!(block[3].starts_with("  translate: Translation fault, level "), "{text}");
    assert!(block[4].starts_with("  as mapped: "), "{text}");
    assert!(block[5].contains("width: ") && block[5].contains("root: "), "{text}");
    // Every step, from the root down: table, entry, word, and the entry's kind and fields.
    let steps: Vec<_> = block[6..].iter().take_while(|line| line.starts_with("    level ")).collect();
    let (last, tables) = steps.split_last().expect("a step at least");
    for step in tables {
        assert!(step.contains(": table at 0x") && step.contains(" Table(Table { next: 0x"), "{text}");
    }
    let of = |step: &&str| step.split(' ').nth(5).map(|level| level.trim_end_matches(':').to_owned());
    assert!(steps.windows(2).all(|two| of(two[0]) < of(two[1])), "{text}");
    assert!(!last.contains(" Table(") && last.contains(", entry 0x") && last.contains("("), "{text}");
}

#[test]
fn each_kind_of_wrong_answer_is_found() {
    assert!(difference(TASK, Some(Flaw::Memory)).contains("asked: "));
    assert!(difference(TASK, Some(Flaw::Hierarchy)).contains("Permission fault"));
    assert!(difference(TASK, Some(Flaw::Marks)).contains("the leaf is not as such an access leaves it"));
    assert!(difference(TASK, Some(Flaw::Leaks)).contains("pages hold tables after the table is gone"));
}

#[test]
fn two_threads_race_and_a_stale_translation_is_found() {
    for (flaw, found) in [(None, false), (Some(Flaw::KeepsTlb), true)] {
        let (mut machine, mut world) = Host::new(flaw);
        let (mut text, mut report) = (String::new(), Report::new("host", 5));
        let shared = Race::new();
        thread::scope(|scope| {
            let mut other = None;
            let start = |machine: &mut Host, _: &_| {
                let mut second = machine.second();
                let shared = &shared;
                other = Some(scope.spawn(move || while shared.look(|va| second.load(va)) {}));
            };
            let written = race::<Arm64Hyp, Host>(
                &mut machine,
                &mut world,
                &TASK,
                (&shared, 200),
                start,
                |_| {},
                &mut report,
                &mut text,
            );
            written.expect("a string takes all");
        });
        assert_eq!(report.close(&mut text), u32::from(found), "{text}");
        let line = text.lines().next().unwrap_or_default();
        assert_eq!(number(line, "stale") > 0, found, "{text}");
        // What a TLB keeps for longer than one change is wrong too.
        assert!(found || number(line, "wrong") == 0 && line.contains(" 200 changes"), "{text}");
    }
}

#[test]
fn a_task_is_two_numbers() {
    let task = |text| Task::parse(text, false);
    assert_eq!(task("seed=7 count=100"), Ok(Task { seed: 7, count: 100, fault: None }));
    assert_eq!(
        task(" count=0x10  seed=0xfFfFfFfFfFfFfFfF "),
        Ok(Task { seed: u64::MAX, count: 16, fault: None })
    );
    assert_eq!(task(""), Err(Complaint::Missing("seed")));
    assert_eq!(task("seed=1"), Err(Complaint::Missing("count")));
    for wrong in [
        "seed",
        "seed=",
        "seed=x",
        "seed=+1",
        "seed=0x",
        "seed=0x-1",
        "seed=18446744073709551616",
        "sed=1",
        "7",
    ] {
        assert_eq!(task(wrong), Err(Complaint::Unknown(wrong)));
    }
    let said = Complaint::Unknown("sed=1").to_string();
    assert!(
        said.contains("`sed=1`") && said.contains("seed=N count=N") && said.contains("cargo xtask qemu"),
        "{said}"
    );
}

#[test]
fn faults_are_for_builds_that_have_them() {
    let text = "seed=1 count=2 fault=no-tlbi";
    assert_eq!(Task::parse(text, true).map(|task| task.fault), Ok(Some(Fault::NoTlbi)));
    assert_eq!(Task::parse(text, false), Err(Complaint::Sound("fault=no-tlbi")));
    assert_eq!(Task::parse("seed=1 count=2 fault=x", true), Err(Complaint::Unknown("fault=x")));
    assert!(Complaint::Sound("fault=no-tlbi").to_string().contains("feature `faults`"));
}

#[test]
fn random_numbers_stay_within_their_bounds() {
    let mut random = Random::named(1, "a");
    assert_ne!(random.bits(), Random::named(1, "b").bits());
    let drawn: Vec<_> = (0..1000).map(|_| random.between(3, 6)).collect();
    assert!((3..=6).all(|n| drawn.contains(&n)) && drawn.iter().all(|n| (3..=6).contains(n)));
    assert_eq!((random.below(0), random.between(9, 4)), (0, 9));
    let halves: Vec<_> = (0..64).map(|_| random.between(0, u64::MAX) >> 63).collect();
    assert!(halves.contains(&0) && halves.contains(&1));
}

#[test]
fn the_pool_aligns_and_takes_back() {
    let mut pool = Pool::new(0x4000_1000, 64 * 4096);
    let mut take = |bytes: u64| {
        pool.allocate(TableLayout { bytes, alignment: bytes.max(64) }).map(|fresh| fresh.address)
    };
    let small = take(64).expect("there is room");
    let large = take(16 * 4096).expect("there is room");
    assert_eq!((small.0, large.0 % (16 * 4096)), (0x4000_1000, 0));
    assert_eq!(take(64 * 4096), None);
    assert_eq!(pool.used(), 17);
    pool.free(large, TableLayout { bytes: 16 * 4096, alignment: 16 * 4096 });
    pool.free(small, TableLayout { bytes: 64, alignment: 64 });
    assert_eq!(pool.used(), 0);
}
