//! `setspec completions`: for the shell to complete commands and options.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Cli;
use super::console::{Failure, print};
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// For which shell.
    shell: Shell,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "setspec", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::Conformant)
}
