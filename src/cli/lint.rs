//! `setspec lint`: suite files, their faults and their missing halves.

use std::path::PathBuf;

use super::catalogue::SuiteArgs;
use super::console::{Failure, line};
use crate::run::outcome::ExitCode;
use crate::suite::lint::lint;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the suites; the built-in ones unless given.
    dir: Option<PathBuf>,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let suites = SuiteArgs { suites: args.dir.or(args.suites.suites), ..args.suites };
    let catalogue = suites.load()?;
    let missing = lint(&catalogue);
    for half in &missing {
        line(&format!("{}:{}: {} {}", half.file, half.line, half.id, half.message));
    }
    if !missing.is_empty() {
        return Err(Failure::usage(match missing.len() {
            1 => "1 half is missing".to_owned(),
            several => format!("{several} halves are missing"),
        }));
    }
    line(&format!(
        "{} requirements, {} rules, {} cases, {} mutants, {} variations: nothing is missing",
        catalogue.requirements.len(),
        catalogue.rules.len(),
        catalogue.cases.len(),
        catalogue.mutants.len(),
        catalogue.variations.len()
    ));
    Ok(ExitCode::Conformant)
}
