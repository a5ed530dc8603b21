//! `setspec selftest`: the proof, as a table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;

use super::catalogue::SuiteArgs;
use super::console::{self, Failure, line};
use super::runtime;
use crate::run::outcome::ExitCode;
use crate::run::plan::Selection;
use crate::run::proof::{Lab, trials};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only trials whose name contains this text.
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Print every trial and how long it took, not only those that fail.
    #[arg(short, long)]
    verbose: bool,
    /// How many trials run side by side.
    #[arg(long, default_value_t = 8)]
    jobs: usize,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let selection = Selection { only: args.only, skip: Vec::new() };
    let chosen: Vec<_> =
        trials(&catalogue).into_iter().filter(|trial| selection.takes(&trial.name(&catalogue))).collect();
    if chosen.is_empty() {
        return Err(Failure { code: ExitCode::NothingSelected, message: "no trial matches".to_owned(), advice: None });
    }
    let began = Instant::now();
    let lab = Arc::new(Lab::new(catalogue.clone()));
    let total = chosen.len();
    let mut table: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    let mut failed = 0;
    let mut progress = console::progress();
    let mut done = 0;
    runtime()?.block_on(async {
        let mut results = futures_util::stream::iter(chosen)
            .map(|trial| {
                let lab = lab.clone();
                // A task of its own, so that the cores share the work.
                tokio::spawn(async move {
                    let began = Instant::now();
                    let result = trial.prove(&lab).await;
                    (trial, result, began.elapsed().as_secs_f64())
                })
            })
            .buffered(args.jobs.max(1));
        while let Some(joined) = results.next().await {
            // Where progress cannot be shown, nobody misses it.
            let _ = progress.clear();
            done += 1;
            let Ok((trial, result, seconds)) = joined else {
                failed += 1;
                line("FAILED  a trial panicked");
                continue;
            };
            let row = table.entry(trial.kind()).or_default();
            row.1 += 1;
            match result {
                Ok(()) => {
                    row.0 += 1;
                    if args.verbose {
                        line(&format!("ok {seconds:>7.2} s  {}", trial.name(&catalogue)));
                    }
                }
                Err(why) => {
                    failed += 1;
                    line(&format!("FAILED  {}\n  {}", trial.name(&catalogue), why.replace('\n', "\n  ")));
                }
            }
            let _ = progress.show(done, total, "trials are done");
        }
    });
    let _ = progress.clear();
    line(&format!("{:<14} {:>7} {:>7}", "proof", "proved", "of"));
    for (kind, (proved, of)) in &table {
        line(&format!("{kind:<14} {proved:>7} {of:>7}"));
    }
    line(&format!("{} of {total} proved in {:.1} s", total - failed, began.elapsed().as_secs_f64()));
    // A proof that fails is a fault of the harness, not of any target.
    Ok(if failed == 0 { ExitCode::Conformant } else { ExitCode::Internal })
}
