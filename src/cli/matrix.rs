//! `setspec matrix`: several targets side by side.

use std::path::PathBuf;

use clap::ValueEnum;

use super::artefact::ArtefactArgs;
use super::console::Failure;
use crate::report::{Matrix, Report};
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The runs, a target each: folders, report.json files, ids, or `latest`.
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// What a target is called in the table, in the order of the runs [default: its host].
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Only the requirements that are not the same everywhere.
    #[arg(long)]
    differences: bool,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Shape::Markdown)]
    format: Shape,
    #[command(flatten)]
    artefact: ArtefactArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    /// A table for a wiki or a pull request.
    Markdown,
    /// One page for people.
    Html,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    if args.names.len() > args.runs.len() {
        let (names, runs) = (args.names.len(), args.runs.len());
        return Err(Failure::usage(format!("--name: expected at most one for each of {runs} runs, got {names}")));
    }
    let mut runs = Vec::new();
    for (number, run) in args.runs.iter().enumerate() {
        let report = args.artefact.read(run)?;
        let name = args.names.get(number).cloned().unwrap_or_else(|| host(&report));
        runs.push((name, report));
    }
    let matrix = Matrix::of(&runs);
    let matrix = if args.differences { matrix.differences() } else { matrix };
    args.artefact.give(match args.format {
        Shape::Markdown => Ok(matrix.to_markdown()),
        Shape::Html => matrix.to_html(),
    })?;
    Ok(ExitCode::Conformant)
}

/// The host of the target with its port, or all of a URL that has none.
fn host(report: &Report) -> String {
    let url = url::Url::parse(&report.target.url).ok();
    let host = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_else(|| report.target.url.clone())
}
