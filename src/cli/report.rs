//! `setspec report`: a report in any format, made from the record of a run.

use std::path::PathBuf;

use super::artefact::ArtefactArgs;
use super::console::Failure;
use crate::report::Format;
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run: its folder, its report.json, its id, or `latest`.
    #[arg(value_name = "RUN", default_value = "latest")]
    run: PathBuf,
    /// What to make of it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    artefact: ArtefactArgs,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let report = args.artefact.read(&args.run)?;
    args.artefact.give(args.format.render(&report))?;
    Ok(ExitCode::Conformant)
}
