//! `setspec init`: writes a setspec.toml, from the options of a run, from answers, or from the settings that a vendor has for
//! the OpenID conformance suite.
//!
//! - `draft`: what is to be written, whoever said it.
//! - `flags`, `ask` (through `prompt`), `suite`: who says it.
//! - `render`: the text of the file; `secrets`: the file of secrets beside it.

mod ask;
mod draft;
mod flags;
mod prompt;
mod render;
mod secrets;
mod suite;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::catalogue::SuiteArgs;
use super::config::{self, FILE};
use super::console::{Failure, line, visible};
use super::run::Target;
use crate::run::outcome::ExitCode;
use draft::Draft;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whom the file is for, with the options of `run` that it shall have. Without it, the terminal is asked.
    #[command(subcommand)]
    target: Option<Target>,
    /// Take over the settings of an SSF test of the OpenID conformance suite (JSON).
    #[arg(long, value_name = "FILE", global = true)]
    from: Option<PathBuf>,
    /// Write the secrets that were given to this file, which git is told to ignore; they have to be exported otherwise.
    #[arg(long, value_name = "FILE", global = true)]
    secrets_to: Option<PathBuf>,
    /// Where the configuration is written [default: setspec.toml].
    #[arg(long, value_name = "FILE", global = true)]
    output: Option<PathBuf>,
    /// Replace files that are there already.
    #[arg(long, global = true)]
    force: bool,
}

pub(super) fn main(args: Args, given: &ArgMatches) -> Result<ExitCode, Failure> {
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(FILE));
    for path in [Some(&path), args.secrets_to.as_ref()].into_iter().flatten() {
        free(path, args.force)?;
    }
    let draft = draft(&args, given)?;
    let text = render::render(&draft);
    if let Some(faults) = config::faults(&text, draft.role) {
        return Err(Failure::usage(format!("nothing was written: {faults}")));
    }
    write(&path, &text)?;
    line(&format!("{} is written, for {}.", path.display(), config::described(draft.role)));
    secrets::deliver(&draft, args.secrets_to.as_deref())?;
    for note in &draft.notes {
        line(&visible(note));
    }
    let named = if path == Path::new(FILE) { String::new() } else { format!(" --config {}", path.display()) };
    line(&format!("`setspec config check{named}` says what it means, `setspec run{named}` goes by it."));
    Ok(ExitCode::Conformant)
}

/// What to write: the options win over the settings of the conformance suite; who gives neither is asked.
fn draft(args: &Args, given: &ArgMatches) -> Result<Draft, Failure> {
    let role = args.target.as_ref().map(Target::role);
    if args.target.as_ref().is_some_and(|target| target.common().config.is_some()) {
        return Err(Failure::usage("--config: a file is written here; --output says where"));
    }
    let mut draft = match (&args.from, role) {
        (Some(file), role) => suite::read(file, role)?,
        (None, Some(role)) => Draft::new(role),
        (None, None) if std::io::stdin().is_terminal() => {
            return ask::ask(&mut prompt::Terminal, SuiteArgs::default().load()?.as_ref());
        }
        (None, None) => {
            return Err(Failure::usage("expected whom the file is for, or a terminal to ask on")
                .with_advice("setspec init transmitter|receiver|rp|op, with the options of `setspec run`"));
        }
    };
    if role.is_some() {
        flags::take(&mut draft, given)?;
    }
    suite::complete(&mut draft, args.from.as_deref())?;
    Ok(draft)
}

fn free(path: &Path, force: bool) -> Result<(), Failure> {
    if !force && path.exists() {
        return Err(Failure::usage(format!("{} is there already", path.display())).with_advice("--force replaces it"));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::usage(format!("{}: cannot be written: {error}", path.display())))
}
