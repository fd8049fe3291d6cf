//! The `ptdsl` command: its arguments, and one module for each subcommand.

mod check;
mod decode;
mod doc;
mod encode;
mod explain;
mod fmt;
mod formats;
mod generate;
mod number;
mod parallel;
mod patch;
mod report;
mod spec;
mod standalone;
mod write;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use report::Failure;

/// Page-table formats from a specification.
///
/// A SPEC is the path of a `.pt` file or the name of a format of the built-in library (`ptdsl formats` lists it).
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 on success, 1 if something was found wrong with a spec or a generated file, 2 if the command cannot do \
what it was asked. Results go to standard output, everything else to standard error.";

#[derive(Subcommand)]
enum Command {
    /// Write the Rust module of each format
    #[command(after_help = generate::EXAMPLES)]
    Gen(generate::Arguments),
    /// Report everything that is wrong with specs
    #[command(after_help = check::EXAMPLES)]
    Check(check::Arguments),
    /// Say what a descriptor's raw word means
    #[command(after_help = decode::EXAMPLES)]
    Decode(decode::Arguments),
    /// Make a descriptor's raw word from names and values
    #[command(after_help = encode::EXAMPLES)]
    Encode(encode::Arguments),
    /// Write a page about each format: bit diagrams, attributes, maintenance, examples
    #[command(after_help = doc::EXAMPLES)]
    Doc(doc::Arguments),
    /// Rewrite specs in the one layout that all specs have
    #[command(after_help = fmt::EXAMPLES)]
    Fmt(fmt::Arguments),
    /// Explain a code of `ptdsl check`
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Arguments),
    /// List the built-in library of formats
    #[command(after_help = formats::EXAMPLES)]
    Formats(formats::Arguments),
}

/// Runs the command that the process was started with.
pub(crate) fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Gen(arguments) => generate::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Encode(arguments) => encode::run(&arguments),
        Command::Doc(arguments) => doc::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Formats(arguments) => formats::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Findings) => ExitCode::from(1),
        Err(Failure::Usage { message, help }) => {
            report::usage(&message, &help);
            ExitCode::from(2)
        }
    }
}
