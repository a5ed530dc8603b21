//! `setspec baseline`: keep the file of known violations.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::civil::Date;

use super::catalogue::SuiteArgs;
use super::console::{Failure, line};
use super::keys::read;
use crate::report::json;
use crate::run::baseline::judge::Circumstances;
use crate::run::baseline::outcome::PLACEHOLDER;
use crate::run::baseline::update::{NewEntries, Updated, update};
use crate::run::baseline::{Baseline, BaselineError};
use crate::run::outcome::ExitCode;
use crate::suite::Catalogue;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add what is new in a run and remove what no longer fails; other entries and comments stay as they are.
    Update(Update),
}

#[derive(Debug, clap::Args)]
pub(super) struct Update {
    /// The folder of the run, or its report.json.
    #[arg(default_value = "reports/latest")]
    run: PathBuf,
    /// The file of known violations; it is made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "baseline.toml")]
    baseline: PathBuf,
    /// Why the new ones are known and not fixed [default: a placeholder, of which every run warns].
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who looks after the new ones [default: a placeholder].
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The last day on which the new ones are known [default: in 90 days].
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Option<Date>,
    /// An entry for each case that found a violation: it does not cover what other cases find later.
    #[arg(long)]
    per_case: bool,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Update(args) => args.main(),
    }
}

impl Update {
    fn main(self) -> Result<ExitCode, Failure> {
        let new = self.new_entries()?;
        let catalogue = self.suites.load()?;
        let path = if self.run.is_dir() { self.run.join("report.json") } else { self.run.clone() };
        let report = json::read(&path).map_err(|error| {
            Failure::usage(error.to_string())
                .with_advice("name the folder of a run: setspec baseline update reports/RUN")
        })?;
        let text = match self.baseline.exists() {
            true => read(&self.baseline, "--baseline")?,
            false => String::new(),
        };
        let file = self.baseline.display().to_string();
        let old = Baseline::parse(&file, &text, &catalogue).map_err(located)?;
        let circumstances = Circumstances {
            cases: &report.cases,
            strict: report.run.strict,
            interrupted: report.run.interrupted,
            today: today(),
        };
        let updated = update(&old, &text, &report.requirements, circumstances, &new).map_err(located)?;
        // What is written can be read again, whatever the record holds.
        Baseline::parse(&file, &updated.text, &catalogue).map_err(|error| {
            Failure::usage(format!("{}: it does not fit these suites: {error}", path.display()))
                .with_advice("a run with --suites or --extra-suites needs them here too")
        })?;
        if updated.text != text {
            std::fs::write(&self.baseline, &updated.text)
                .map_err(|error| Failure::internal(format!("{file}: cannot be written: {error}")))?;
        }
        say(&file, &updated, &new);
        Ok(ExitCode::Conformant)
    }

    fn new_entries(&self) -> Result<NewEntries, Failure> {
        let today = today();
        let usual = NewEntries::placeholders(today);
        for (option, text) in [("--reason", &self.reason), ("--owner", &self.owner)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                return Err(Failure::usage(format!("{option}: expected a text, got an empty one")));
            }
        }
        if let Some(day) = self.expires
            && !(today..=Date::constant(9999, 12, 31)).contains(&day)
        {
            return Err(Failure::usage(format!("--expires: expected a day to come, got {day}")));
        }
        Ok(NewEntries {
            reason: self.reason.clone().unwrap_or(usual.reason),
            owner: self.owner.clone().unwrap_or(usual.owner),
            expires: self.expires.unwrap_or(usual.expires),
            per_case: self.per_case,
        })
    }
}

fn say(file: &str, updated: &Updated, new: &NewEntries) {
    for violation in &updated.added {
        line(&format!("added    {}", violation.name()));
    }
    for entry in &updated.removed {
        line(&format!("removed  {}, which no longer fails", entry.name()));
    }
    for entry in &updated.outcome.expired {
        line(&format!("expired  {}: give it another day in line {}, or fix it", entry.name(), entry.line));
    }
    let kept = updated.outcome.known.len() + updated.outcome.unseen.len() + updated.outcome.expired.len();
    line(&format!("{file}: {} added, {} removed, {kept} kept", updated.added.len(), updated.removed.len()));
    let unexplained = new.reason.starts_with(PLACEHOLDER) || new.owner.starts_with(PLACEHOLDER);
    if unexplained && !updated.added.is_empty() {
        line("say in it why the new ones are known, and who looks after them: runs warn until then");
    }
}

/// Reads the baseline of a run.
pub(super) fn load(path: &Path, catalogue: &Catalogue) -> Result<Baseline, Failure> {
    if !path.exists() {
        return Err(Failure::usage(format!("--baseline {}: there is no such file", path.display()))
            .with_advice("`setspec baseline update` writes it after a run without it"));
    }
    let text = read(path, "--baseline")?;
    Baseline::parse(&path.display().to_string(), &text, catalogue).map_err(located)
}

/// The day by which entries are current, everywhere the same.
pub(super) fn today() -> Date {
    jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date()
}

fn located(error: BaselineError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error.help {
        Some(help) => failure.with_advice(help),
        None => failure,
    }
}
