//! What a CI service is told beside the files of a report: why a run came to nothing, annotations, the summary of a step.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::common::CommonArgs;
use crate::cli::config::Config;
use crate::cli::console::{Failure, line, print};
use crate::report::write::put_named;
use crate::report::{Report, ReportError, github, junit, words};
use crate::run::outcome::ExitCode;

/// Where it is told.
pub(super) struct Ci {
    junit: Option<PathBuf>,
    github: bool,
}

impl Ci {
    pub fn new(args: &CommonArgs) -> Self {
        let junit = args.junit.clone().or_else(|| Config::junit_of(args.config.as_deref()));
        Self { junit, github: on_github() }
    }

    /// Says why no run began: otherwise a result of yesterday is read as that of today.
    pub fn failed(&self, failure: &Failure) {
        self.tell(kind(failure.code), &failure.message, failure.advice.as_deref());
    }

    fn tell(&self, kind: &str, message: &str, advice: Option<&str>) {
        if let Some(path) = &self.junit {
            // The failure itself is said on standard error; that it cannot be written down as well changes nothing.
            let _ = junit::failed(kind, message, advice).and_then(|xml| put_named(path, &xml));
        }
        if self.github {
            print(&github::failed(kind, message, advice));
        }
    }
}

/// Says that the command line of a run was refused. It is not repeated: a misplaced word in it may be a secret.
pub(in crate::cli) fn refused(args: impl Iterator<Item = OsString>, error: &clap::Error) {
    let words: Vec<String> = args.skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if words.first().map(String::as_str) != Some("run") {
        return;
    }
    let junit = words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix("--junit") {
        Some("") => words.get(index + 1).cloned(),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    });
    let message = format!("the command line: {}", error.kind());
    let ci = Ci { junit: junit.map(PathBuf::from), github: on_github() };
    ci.tell(kind(ExitCode::Usage), &message, Some("standard error says which word it is"));
}

fn kind(code: ExitCode) -> &'static str {
    match code {
        ExitCode::Usage => "configuration",
        ExitCode::NothingSelected => "nothing selected",
        ExitCode::Interrupted => "interrupted",
        ExitCode::Inconclusive => "inconclusive",
        ExitCode::Internal | ExitCode::Conformant | ExitCode::Nonconformant => "internal",
    }
}

fn on_github() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Keeps GitHub from taking what is printed for commands: a target decides what stands in it.
pub(super) struct Muted(Option<String>);

impl Muted {
    pub fn begin() -> Self {
        let token = on_github().then(|| uuid::Uuid::new_v4().to_string());
        if let Some(token) = &token {
            line(&format!("::stop-commands::{token}"));
        }
        Self(token)
    }
}

impl Drop for Muted {
    fn drop(&mut self) {
        if let Some(token) = &self.0 {
            line(&format!("::{token}::"));
        }
    }
}

/// Annotations, and the summary of the step.
pub(super) fn tell(report: &Report) -> Result<(), ReportError> {
    if !on_github() {
        return Ok(());
    }
    print(&github::annotations(report));
    match std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        Some(path) => append_summary(report, Path::new(&path)),
        None => Ok(()),
    }
}

/// All commands of a step write to the same file, which has a bound.
fn append_summary(report: &Report, path: &Path) -> Result<(), ReportError> {
    let taken = std::fs::metadata(path).map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX));
    let text = github::summary(report, github::SUMMARY.saturating_sub(taken));
    let io = |error| ReportError::Io { path: path.to_owned(), action: "write the summary of the step", error };
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)
}

/// Where in the repository the command runs, if a CI service says where the repository is, and it is not at its root.
pub(super) fn directory() -> Option<String> {
    let root = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].iter().find_map(std::env::var_os)?;
    let root = std::fs::canonicalize(root).ok()?;
    let here = std::fs::canonicalize(std::env::current_dir().ok()?).ok()?;
    let inside = here.strip_prefix(root).ok()?;
    Some(words::with_slashes(inside)).filter(|inside| !inside.is_empty())
}
