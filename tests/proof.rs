//! The harness proves itself: each thing to be proved is a trial of its own, by name.
//!
//! `cargo test --test proof rfc8935/2.2` runs those of one section; `cargo nextest run` runs each in its own process.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use mimalloc::MiMalloc;
use setspec::run::proof::{Lab, built_in_catalogue, trials};
use setspec::suite::{Catalogue, lint::lint};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The trials mostly wait, so there are more of them at a time than there are cores.
const THREADS: usize = 12;

fn main() -> ExitCode {
    setspec::install_crypto();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = match built_in_catalogue() {
        Ok(catalogue) => all(&catalogue),
        Err(faults) => vec![Trial::test("lint/the-suites-load", move || Err(faults.into()))],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn all(catalogue: &Arc<Catalogue>) -> Vec<Trial> {
    let lab = Arc::new(Lab::new(catalogue.clone()));
    let proofs = trials(catalogue).into_iter().map(|trial| {
        let lab = lab.clone();
        Trial::test(trial.name(catalogue), move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(trial.prove(&lab)).map_err(Failed::from)
        })
    });
    let suites = catalogue.clone();
    let halves = Trial::test("lint/nothing-is-missing", move || nothing_is_missing(&suites));
    proofs.chain([halves]).collect()
}

fn nothing_is_missing(catalogue: &Catalogue) -> Result<(), Failed> {
    let missing: Vec<String> = lint(catalogue)
        .into_iter()
        .map(|half| format!("{}:{}: {} {}", half.file, half.line, half.id, half.message))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n").into()) }
}
