//! What goes on around an engine: the screen, the record, the signals, and the reports at the end.

use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::common::{CommonArgs, Output};
use super::target::Work;
use super::unwritable;
use crate::cli::config::Config;
use crate::cli::console::{self, Failure, line};
use crate::cli::signals;
use crate::report::{Progress, Recorder, Terminal, TerminalOptions, WriteOptions, write_all};
use crate::run::event::{Emitter, Finished};
use crate::run::outcome::ExitCode;

/// How a run is shown, and where its reports go.
pub(super) struct Session {
    output: Output,
    strict: bool,
    verbose: bool,
    quiet: bool,
}

impl Session {
    pub fn new(args: &CommonArgs, config: &Config, work: &Work) -> Self {
        Self {
            output: work.output().clone(),
            strict: work.strict(),
            verbose: args.verbose(config),
            quiet: args.quiet(config),
        }
    }

    pub fn reports(&self) -> &Path {
        &self.output.reports
    }

    /// Runs to the end, or to the second signal, and writes the reports of what ran.
    pub async fn hold(
        self,
        run: impl AsyncFnOnce(&Emitter, watch::Receiver<bool>) -> Finished,
    ) -> Result<ExitCode, Failure> {
        let recorder = Arc::new(Mutex::new(Recorder::new(env!("CARGO_PKG_VERSION"))));
        let options = TerminalOptions {
            colour: console::is_coloured(),
            verbose: self.verbose,
            quiet: self.quiet,
            strict: self.strict,
        };
        let progress = if self.quiet { Progress::default() } else { console::progress() };
        let terminal = Mutex::new(Terminal::new(anstream::stdout(), options).with_progress(progress));
        let record = recorder.clone();
        let emitter = Emitter::new(move |event| {
            record.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
            // A reader that has gone away does not end a run: its report is still wanted.
            let _ = terminal.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
        });
        let finished = interruptible(async |stop| run(&emitter, stop).await).await;
        let report = recorder.lock().unwrap_or_else(PoisonError::into_inner).report();
        let code = finished.as_ref().map_or(ExitCode::Interrupted, ExitCode::of_run);
        let Some(report) = report else {
            return match finished {
                Some(_) => Err(Failure::internal("the run left no record")),
                None => Ok(code),
            };
        };
        let Output { reports: dir, junit } = self.output;
        let written = write_all(&report, &WriteOptions { dir, junit, strict: self.strict }).map_err(unwritable)?;
        if !self.quiet {
            line(&format!("report: {}", written.folder.join("report.html").display()));
        }
        Ok(code)
    }
}

/// Runs to the end. The first signal asks for it, which leaves time to clean up; the second one does not wait for that,
/// and there is no result then.
pub(in crate::cli) async fn interruptible(
    run: impl AsyncFnOnce(watch::Receiver<bool>) -> Finished,
) -> Option<Finished> {
    let (stop, stopped) = watch::channel(false);
    let first = signals::stopped();
    let insisted = async move {
        first.await;
        let second = signals::stopped();
        let _ = stop.send(true);
        second.await;
    };
    let running = pin!(run(stopped));
    tokio::select! {
        finished = running => Some(finished),
        () = insisted => None,
    }
}
