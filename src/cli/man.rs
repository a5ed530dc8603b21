//! `setspec man`: manual pages, one a command.

use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::{Man, generate_to};

use super::Cli;
use super::console::{Failure, line, print};
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write the page of every command into this folder (setspec.1, setspec-run.1, ...); the first one is printed otherwise.
    dir: Option<PathBuf>,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let command = Cli::command();
    let Some(dir) = args.dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(|error| Failure::internal(error.to_string()))?;
        print(&String::from_utf8_lossy(&page));
        return Ok(ExitCode::Conformant);
    };
    let unwritable = |error: std::io::Error| Failure::usage(format!("{}: cannot be written: {error}", dir.display()));
    std::fs::create_dir_all(&dir).map_err(unwritable)?;
    // A page about `help` helps nobody.
    generate_to(command.disable_help_subcommand(true), &dir).map_err(unwritable)?;
    let pages = std::fs::read_dir(&dir).map_err(unwritable)?.count();
    line(&format!("{pages} pages in {}", dir.display()));
    Ok(ExitCode::Conformant)
}
