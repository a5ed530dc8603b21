//! Printing, and what goes wrong before anything could be judged.

use std::io::{IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;

use crate::report::Progress;
use crate::run::outcome::ExitCode;
use crate::suite::SuiteError;

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    pub code: ExitCode,
    pub message: String,
    pub advice: Option<String>,
}

impl Failure {
    /// The command line, the configuration or a suite file is wrong; nothing was sent.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: ExitCode::Usage, message: message.into(), advice: None }
    }

    /// The fault is ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: ExitCode::Internal, message: message.into(), advice: None }
    }

    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The faults of suite files, each with its excerpt.
    pub fn suites(errors: &[SuiteError]) -> Self {
        let colour = !matches!(AutoStream::choice(&std::io::stderr()), ColorChoice::Never);
        let shown: Vec<String> = errors.iter().map(|error| error.render(colour)).collect();
        let count = match errors.len() {
            1 => "1 fault in the suite files".to_owned(),
            several => format!("{several} faults in the suite files"),
        };
        Self::usage(format!("{}\n\n{count}", shown.join("\n\n")))
    }
}

/// Says on standard error what went wrong.
pub(super) fn report(failure: &Failure) {
    let mut stderr = anstream::stderr();
    let mut text = if failure.message.starts_with("error") || failure.message.starts_with('\u{1b}') {
        failure.message.clone()
    } else {
        let style = AnsiColor::Red.on_default().bold();
        format!("{style}error:{style:#} {}", failure.message)
    };
    if let Some(advice) = &failure.advice {
        text.push_str(&format!("\n  {advice}"));
    }
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(stderr, "{text}");
}

/// Whether standard output takes colours: `--color`, `NO_COLOR`, `CLICOLOR_FORCE` and what it is decide.
pub(super) fn is_coloured() -> bool {
    !matches!(AutoStream::choice(&std::io::stdout()), ColorChoice::Never)
}

/// Progress on standard error, if somebody looks at it: not in a pipe, and not in CI.
pub(super) fn progress() -> Progress {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let stderr = std::io::stderr();
    if stderr.is_terminal() && !is_dumb && !is_set("CI") { Progress::on(stderr) } else { Progress::default() }
}

/// Prints a text to standard output. A closed pipe ends the command quietly: the reader has seen enough.
pub(super) fn print(text: &str) {
    let mut stdout = anstream::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// A line of its own.
pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Text from elsewhere, with control characters made visible.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let shown: Vec<char> = if c.is_control() { c.escape_default().collect() } else { vec![c] };
            shown
        })
        .collect()
}
