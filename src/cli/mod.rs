//! The commands, one file each. Only this module prints.

mod arguments;
mod artefact;
mod badge;
mod baseline;
mod catalogue;
mod check;
mod completions;
mod config;
mod console;
mod diff;
mod doctor;
mod explain;
mod init;
mod keys;
mod lint;
mod list;
mod man;
mod matrix;
mod mock;
mod report;
mod run;
mod schema;
mod selftest;
mod signals;

use std::process::ExitCode as ProcessExit;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::run::outcome::ExitCode;
use console::Failure;

/// Conformance harness and mock peer for Security Event Tokens.
#[derive(Debug, Parser)]
#[command(name = "setspec", version, propagate_version = true, max_term_width = 120)]
#[command(after_help = "Exit codes: 0 conformant, 1 nonconformant, 2 usage or configuration, 3 inconclusive, \
    4 nothing selected, 5 internal, 130 interrupted.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    color: colorchoice_clap::Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge an implementation.
    #[command(subcommand)]
    Run(run::Target),
    /// Look whether a run can work: name, TLS, clock, keys, credentials.
    #[command(subcommand)]
    Doctor(run::Target),
    /// Write a setspec.toml: from the options of a run, from answers, or from settings of the OpenID conformance suite.
    Init(init::Args),
    /// The configuration file, setspec.toml.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Be a peer to develop against.
    #[command(subcommand)]
    Mock(mock::Peer),
    /// Apply the rules to SETs and claims from files or standard input.
    Check(check::Args),
    /// Keep the file of known violations.
    #[command(subcommand)]
    Baseline(baseline::Command),
    /// Print what there is.
    List(list::Args),
    /// Explain a requirement, a case, a mutant, a variation or the features.
    Explain(explain::Args),
    /// Check suite files: located errors, missing halves.
    Lint(lint::Args),
    /// Make a report of a run in another format: HTML, JUnit, ...
    Report(report::Args),
    /// Say what changed from one run to another.
    Diff(diff::Args),
    /// Put several targets side by side: requirements by targets.
    Matrix(matrix::Args),
    /// Draw a badge of a run: the claim and the verdict, as SVG.
    Badge(badge::Args),
    /// Print a JSON Schema.
    Schema(schema::Args),
    /// Prove that the verdicts are right.
    Selftest(selftest::Args),
    /// Print a script with which a shell completes commands and options.
    Completions(completions::Args),
    /// Print or write the manual pages.
    Man(man::Args),
}

/// Parses the command line, runs the command, and gives the exit code.
pub fn main() -> ProcessExit {
    crate::install_crypto();
    let parsed = Cli::command()
        .try_get_matches_from(arguments::with_role(std::env::args_os()))
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // A closed pipe while printing help is no failure.
            let _ = error.print();
            if error.use_stderr() {
                run::refused(std::env::args_os(), &error);
            }
            return ProcessExit::from(if error.use_stderr() { ExitCode::Usage.code() } else { 0 });
        }
    };
    cli.color.write_global();
    let given = innermost(&matches);
    let outcome = match cli.command {
        Command::Run(target) => run::main(target, given),
        Command::Doctor(target) => doctor::main(target, given),
        Command::Init(args) => init::main(args, given),
        Command::Config(command) => config::main(command, given),
        Command::Mock(peer) => mock::main(peer),
        Command::Check(args) => check::main(args),
        Command::Baseline(command) => baseline::main(command),
        Command::List(args) => list::main(args),
        Command::Explain(args) => explain::main(args),
        Command::Lint(args) => lint::main(args),
        Command::Report(args) => report::main(args),
        Command::Diff(args) => diff::main(args),
        Command::Matrix(args) => matrix::main(args),
        Command::Badge(args) => badge::main(args),
        Command::Schema(args) => schema::main(args),
        Command::Selftest(args) => selftest::main(args),
        Command::Completions(args) => completions::main(args),
        Command::Man(args) => man::main(args),
    };
    let code = match outcome {
        Ok(code) => code,
        Err(failure) => {
            console::report(&failure);
            failure.code
        }
    };
    ProcessExit::from(code.code())
}

/// What was given to the command itself.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| innermost(below))
}

/// A runtime for the commands that talk to others.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("the asynchronous runtime does not start: {error}")))
}

/// Runs to the result. What still works in the background then, such as a key that is being made, is not waited for.
fn block_on<T>(runtime: tokio::runtime::Runtime, work: impl Future<Output = T>) -> T {
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}
