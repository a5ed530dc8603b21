//! What a command makes of runs: to standard output, or to a file.

use std::path::{Path, PathBuf};

use super::console::{Failure, print};
use crate::report::{Report, ReportError, read_run};

/// Where what was made goes, and where runs are looked for.
#[derive(Debug, clap::Args)]
pub(super) struct ArtefactArgs {
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where runs have been written: `latest` and ids of runs are looked for there.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    reports: PathBuf,
}

impl ArtefactArgs {
    /// The record of a run that the command line names.
    pub fn read(&self, run: &Path) -> Result<Report, Failure> {
        read_run(run, &self.reports).map_err(|error| Failure::usage(error.to_string()))
    }

    /// Gives out what was made.
    pub fn give(&self, made: Result<String, ReportError>) -> Result<(), Failure> {
        let text = made.map_err(|error| Failure::internal(error.to_string()))?;
        match &self.output {
            None => print(&text),
            Some(path) => std::fs::write(path, text)
                .map_err(|error| Failure::internal(format!("{}: cannot write: {error}", path.display())))?,
        }
        Ok(())
    }
}
