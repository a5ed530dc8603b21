//! `setspec schema`: JSON Schemas of suite files, reports and the configuration file.

use clap::ValueEnum;

use super::console::{Failure, line};
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// A section file of a suite.
    Suite,
    /// report.json.
    Report,
    /// setspec.toml.
    Config,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let schema = match args.what {
        What::Suite => crate::suite::schema::section_schema(),
        What::Report => crate::report::schema::report_schema(),
        What::Config => super::config::config_schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::internal(error.to_string()))?;
    line(&text);
    Ok(ExitCode::Conformant)
}
