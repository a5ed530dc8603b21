//! `setspec badge`: the claim and the verdict of a run in one line, as SVG.

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
    #[command(flatten)]
    artefact: ArtefactArgs,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let report = args.artefact.read(&args.run)?;
    args.artefact.give(Format::Badge.render(&report))?;
    Ok(ExitCode::Conformant)
}
