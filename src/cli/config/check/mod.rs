//! `setspec config check`: what the file means, value by value, and where each comes from.

mod settings;
mod shown;

use clap::{ArgMatches, Subcommand};

use super::Config;
use super::roles::described;
use crate::cli::console::{Failure, line, visible};
use crate::cli::run::{Target, Work};
use crate::run::outcome::ExitCode;
use settings::{Setting, Source, settings};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// Say what a run would go by, value by value, and where each comes from; no secret is shown, and nothing is sent. Takes
    /// what `run` takes.
    #[command(subcommand)]
    Check(Target),
}

pub(in crate::cli) fn main(command: ConfigCommand, given: &ArgMatches) -> Result<ExitCode, Failure> {
    let ConfigCommand::Check(target) = command;
    let role = target.role();
    let (config, mut faults) = Config::read(target.common().config.as_deref(), role)?;
    faults.extend(target.faults(&config));
    let work = match config.failure(&faults) {
        Some(failure) => Err(failure),
        None => target.resolve(&config, given),
    };
    let from = config.file.as_ref().map_or_else(|| "no file".to_owned(), |file| file.path.display().to_string());
    line(&format!("{from}: {}", described(role)));
    let profile = work.as_ref().ok().map(Work::profile);
    print(&settings(role, &config, given, profile));
    work?;
    line(&format!("\nNothing is wrong. `setspec run {}` goes by this.", role.name()));
    Ok(ExitCode::Conformant)
}

fn print(all: &[Setting]) {
    let (absent, present): (Vec<_>, Vec<_>) = all.iter().partition(|setting| matches!(setting.source, Source::Nowhere));
    let (defaults, given): (Vec<_>, Vec<_>) =
        present.into_iter().partition(|setting| matches!(setting.source, Source::Default));
    for (head, settings) in [("given", given), ("default", defaults)] {
        if settings.is_empty() {
            continue;
        }
        line(&format!("\n{head}"));
        let keys = settings.iter().map(|setting| setting.key.chars().count()).max().unwrap_or(0);
        let values = settings.iter().map(|setting| setting.value.chars().count()).max().unwrap_or(0).min(50);
        for Setting { key, value, source } in settings {
            let row = format!("  {key:keys$}  {:values$}  {source}", visible(value));
            line(row.trim_end());
        }
    }
    let absent: Vec<&str> = absent.iter().map(|setting| setting.key.as_str()).collect();
    line(&format!("\nnot given: {}", absent.join(", ")));
}
