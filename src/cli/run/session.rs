//! What goes on around an engine: the screen, the record, the signals, and the reports at the end.

use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::ci::{self, Muted};
use super::common::{CommonArgs, Output};
use super::target::Work;
use super::{interrupted, unwritable};
use crate::cli::baseline;
use crate::cli::config::Config;
use crate::cli::console::{self, Failure, line};
use crate::cli::signals;
use crate::report::recorder::Frame;
use crate::report::{Progress, Recorder, Report, Terminal, TerminalOptions, WriteOptions, write_all, write_copies};
use crate::run::baseline::Gate;
use crate::run::event::{Emitter, Event, Finished};
use crate::run::outcome::ExitCode;

/// How a run is shown, where its reports go, and what is known beforehand.
pub(super) struct Session {
    output: Output,
    strict: bool,
    verbose: bool,
    quiet: bool,
    gate: Option<Gate>,
}

impl Session {
    /// Reads the baseline too: what is wrong with it shows before anything is sent.
    pub fn new(args: &CommonArgs, config: &Config, work: &Work) -> Result<Self, Failure> {
        let (output, strict) = (work.output().clone(), work.strict());
        let baseline = output.baseline.as_deref().map(|path| baseline::load(path, work.catalogue())).transpose()?;
        let gate = baseline.map(|baseline| Gate::new(baseline, strict, baseline::today()));
        Ok(Self { output, strict, verbose: args.verbose(config), quiet: args.quiet(config), gate })
    }

    pub fn reports(&self) -> &Path {
        &self.output.reports
    }

    /// Runs to the end, or to the second signal, and writes the reports of what ran.
    ///
    /// # Errors
    /// The outer one if there is nothing to report, the inner one if a report could not be written.
    pub async fn hold(
        self,
        run: impl AsyncFnOnce(&Emitter, watch::Receiver<bool>) -> Finished,
    ) -> Result<Result<ExitCode, Failure>, Failure> {
        let Self { output, strict, verbose, quiet, gate } = self;
        let frame = Frame { strict, directory: ci::directory(), config: output.config.clone() };
        let recorder = Arc::new(Mutex::new(Recorder::new(env!("CARGO_PKG_VERSION")).within(frame)));
        let options = TerminalOptions { colour: console::is_coloured(), verbose, quiet, strict };
        let progress = if quiet { Progress::default() } else { console::progress() };
        let terminal = Mutex::new(Terminal::new(anstream::stdout(), options).with_progress(progress));
        let record = recorder.clone();
        let gate = Mutex::new(gate);
        let show = move |event: &Event| {
            record.lock().unwrap_or_else(PoisonError::into_inner).event(event);
            // A reader that has gone away does not end a run: its report is still wanted.
            let _ = terminal.lock().unwrap_or_else(PoisonError::into_inner).event(event);
        };
        let emitter = Emitter::new(move |mut event| {
            let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = gate.as_mut().and_then(|gate| gate.look(&mut event)) {
                show(&Event::Baseline(Box::new(outcome)));
            }
            drop(gate);
            show(&event);
        });
        let muted = Muted::begin();
        let finished = interruptible(async |stop| run(&emitter, stop).await).await;
        drop(muted);
        let report = recorder.lock().unwrap_or_else(PoisonError::into_inner).report();
        let Some(report) = report else {
            return Err(match finished {
                Some(_) => Failure::internal("the run left no record"),
                None => interrupted(),
            });
        };
        let code = finished
            .as_ref()
            .map_or(ExitCode::Interrupted, |finished| ExitCode::of_run(finished, report.baseline.as_ref()));
        Ok(publish(report, output, strict, quiet).map(|()| code))
    }
}

/// Writes the reports, and tells the CI service.
fn publish(mut report: Report, output: Output, strict: bool, quiet: bool) -> Result<(), Failure> {
    let Output { reports: dir, junit, sarif, markdown, .. } = output;
    let options = WriteOptions { dir, junit, sarif, markdown, strict };
    let written = write_all(&report, &options);
    if let Err(error) = &written {
        // What can still be written says why the run fails.
        report.internal_errors.push(error.to_string());
        let _ = write_copies(&report, &options);
    }
    let told = ci::tell(&report);
    let written = written.map_err(unwritable)?;
    if !quiet {
        line(&format!("report: {}", written.folder.join("report.html").display()));
    }
    told.map_err(unwritable)
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
