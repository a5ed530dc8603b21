//! `setspec doctor`: the preflight of a run alone. Nothing is judged, and no report is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::ArgMatches;

use super::console::{self, Failure, line};
use super::run::{Target, interruptible};
use super::{block_on, runtime};
use crate::report::{Terminal, TerminalOptions};
use crate::run::event::{Emitter, Event};
use crate::run::outcome::ExitCode;

pub(super) fn main(target: Target, given: &ArgMatches) -> Result<ExitCode, Failure> {
    let config = target.config()?;
    let quiet = target.common().quiet(&config);
    if !quiet {
        line(&format!("setspec {}", env!("CARGO_PKG_VERSION")));
    }
    let work = target.resolve(&config, given)?;
    block_on(runtime()?, async {
        let engine = work.prepare().await?;
        let colour = console::is_coloured();
        let options = TerminalOptions { colour, quiet, ..TerminalOptions::default() };
        let terminal = Mutex::new(Terminal::new(anstream::stdout(), options));
        let (good, bad) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (fine, wrong) = (good.clone(), bad.clone());
        // Of a run that judges nothing, only the preflight says something.
        let emitter = Emitter::new(move |event| {
            if let Event::Preflight(line) = &event {
                if line.ok { &fine } else { &wrong }.fetch_add(1, Ordering::Relaxed);
            }
            if matches!(event, Event::Preflight(_) | Event::Waiting(_)) {
                let _ = terminal.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
            }
        });
        let finished = interruptible(async |stop| engine.examine(&emitter, stop).await).await;
        let Some(finished) = finished.filter(|finished| !finished.interrupted) else {
            return Ok(ExitCode::Interrupted);
        };
        if let Some(error) = finished.internal_errors.first() {
            return Err(Failure::internal(error.clone()));
        }
        let healthy = bad.load(Ordering::Relaxed) == 0 && good.load(Ordering::Relaxed) > 0;
        Ok(if healthy { ExitCode::Conformant } else { ExitCode::Inconclusive })
    })
}
