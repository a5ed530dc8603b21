//! `setspec diff`: what changed from one run to another.

use std::path::PathBuf;

use clap::ValueEnum;

use super::artefact::ArtefactArgs;
use super::console::Failure;
use crate::report::Diff;
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing is newly violated, 1 something is (or newly warned, where the new run \
    is strict), 2 a run cannot be read.")]
pub(super) struct Args {
    /// The run to compare with: its folder, its report.json, its id, or `latest`.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The run to compare.
    #[arg(value_name = "NEW", default_value = "latest")]
    new: PathBuf,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
    #[command(flatten)]
    artefact: ArtefactArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    /// Lines for people.
    Text,
    /// One object for machines.
    Json,
    /// One page for people.
    Html,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let (old, new) = (args.artefact.read(&args.old)?, args.artefact.read(&args.new)?);
    let diff = Diff::of(&old, &new);
    args.artefact.give(match args.format {
        Shape::Text => Ok(diff.to_text()),
        Shape::Json => diff.to_json(),
        Shape::Html => diff.to_html(),
    })?;
    Ok(if diff.worse { ExitCode::Nonconformant } else { ExitCode::Conformant })
}
