//! Events as lines for people.
//!
//! Whatever comes from the target is shown with its control characters escaped, so that it cannot write to the screen.

mod baseline;
mod paint;
mod progress;
mod summary;

use std::collections::HashMap;
use std::io::{self, Write};

use super::exchange::ExchangeRecord;
use super::record::Report;
use super::{text, words};
use crate::http::Exchange;
use crate::run::baseline::BaselineOutcome;
use crate::run::event::{CaseResult, CaseStatus, Event, PreflightLine, Started};
use paint::Paint;
pub use progress::Progress;
use summary::Outcome;

/// How many exchanges are remembered for the summary.
const REMEMBERED: usize = 20_000;

/// How to show a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Whether escape sequences for colours are written.
    pub colour: bool,
    /// A line for every case and exchange, and every requirement by name.
    pub verbose: bool,
    /// Violations and the verdict only.
    pub quiet: bool,
    /// Warnings count.
    pub strict: bool,
}

/// Shows a run while it happens, and sums it up at the end.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    options: TerminalOptions,
    paint: Paint,
    /// One line for each exchange, by id.
    exchanges: HashMap<String, String>,
    of: usize,
    done: usize,
    in_preflight: bool,
    progress: Progress,
    baseline: Option<BaselineOutcome>,
}

impl<W: Write> Terminal<W> {
    /// Shows one run on `out`; nothing is written before the first event.
    pub fn new(out: W, options: TerminalOptions) -> Self {
        Self {
            out,
            options,
            paint: Paint::new(options.colour),
            exchanges: HashMap::new(),
            of: 0,
            done: 0,
            in_preflight: false,
            progress: Progress::default(),
            baseline: None,
        }
    }

    /// Says how far the run is, apart from what else is written.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Shows what happened. What it writes is flushed.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(started) => self.started(started)?,
            Event::Preflight(line) => self.preflight(line)?,
            Event::Waiting(what) => self.waiting(what)?,
            Event::CaseStarted { title, of, .. } => {
                self.of = *of;
                self.progress.show(self.done, self.of, &text::line(title))?;
            }
            Event::Exchange(exchange) => {
                if self.exchanges.len() < REMEMBERED {
                    self.exchanges.insert(exchange.id.clone(), exchange_line(exchange));
                }
                self.exchange(exchange)?;
            }
            Event::Broken { .. } => {}
            Event::Baseline(outcome) => self.baseline = Some(outcome.as_ref().clone()),
            Event::CaseFinished(case) => self.case(case)?,
            Event::Finished(finished) => {
                self.progress.clear()?;
                let outcome = Outcome::of_run(finished, self.baseline.as_ref());
                let find = |id: &str| self.exchanges.get(id).cloned();
                summary::write(&mut self.out, &outcome, &find, self.paint, self.options)?;
            }
        }
        self.out.flush()
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn started(&mut self, started: &Started) -> io::Result<()> {
        self.of = started.cases;
        if self.options.quiet {
            return Ok(());
        }
        let what = format!("{} {}", started.role.name(), text::short(&started.url, 200));
        writeln!(
            self.out,
            "setspec: {}, profile {} ({}, {})",
            self.paint.bold(&what),
            text::line(&started.profile),
            words::count(started.requirements, "requirement"),
            words::count(started.cases, "case"),
        )
    }

    fn preflight(&mut self, line: &PreflightLine) -> io::Result<()> {
        if self.options.quiet && line.ok {
            return Ok(());
        }
        if !self.in_preflight {
            self.in_preflight = true;
            writeln!(self.out, "\npreflight")?;
        }
        let mark = if line.ok { self.paint.good("ok    ") } else { self.paint.bad("FAILED") };
        writeln!(self.out, "  {mark}  {}: {}", text::line(&line.name), text::short(&line.message, 400))?;
        if let Some(advice) = &line.advice {
            writeln!(self.out, "          advice: {}", text::short(advice, 400))?;
        }
        Ok(())
    }

    fn waiting(&mut self, what: &str) -> io::Result<()> {
        if self.options.quiet {
            return Ok(());
        }
        self.progress.clear()?;
        writeln!(self.out, "waiting {}", text::short(what, 400))
    }

    fn case(&mut self, case: &CaseResult) -> io::Result<()> {
        self.done += 1;
        let failed = case.status == CaseStatus::Failed;
        if self.options.quiet || !(failed || self.options.verbose) {
            return Ok(());
        }
        self.progress.clear()?;
        if self.in_preflight {
            self.in_preflight = false;
            writeln!(self.out)?;
        }
        let mark = match case.status {
            CaseStatus::Passed => self.paint.good("passed      "),
            CaseStatus::Failed => self.paint.bad("FAILED      "),
            CaseStatus::Skipped => self.paint.dim("skipped     "),
            CaseStatus::Inconclusive => self.paint.warn("inconclusive"),
        };
        let reason = case.reason.as_deref().map(|reason| format!(" ({})", text::short(reason, 200)));
        writeln!(
            self.out,
            "[{}/{}] {mark}  {}: {}{}",
            self.done,
            self.of,
            text::line(&case.id),
            text::short(&case.title, 120),
            reason.unwrap_or_default(),
        )
    }

    /// Cases run side by side, so an exchange has a line of its own, with the id by which findings name it.
    fn exchange(&mut self, exchange: &Exchange) -> io::Result<()> {
        if !self.options.verbose || self.options.quiet {
            return Ok(());
        }
        self.progress.clear()?;
        let line = format!("{:>8}  {}", exchange.id, text::short(&exchange_line(exchange), 400));
        writeln!(self.out, "{}", self.paint.dim(&line))
    }
}

fn exchange_line(exchange: &Exchange) -> String {
    let Exchange { request, response, failure, .. } = exchange;
    let answer = response.as_ref().map(|response| (response.status, response.reason.as_str()));
    let failure = failure.as_ref().map(|failure| failure.message.as_str());
    words::exchange_line(&request.method, &request.url, answer, failure)
}

/// The summary alone, of a report that exists already.
pub fn summarize(out: &mut impl Write, report: &Report, options: TerminalOptions) -> io::Result<()> {
    let find = |id: &str| report.exchange(id).map(ExchangeRecord::line);
    summary::write(out, &Outcome::of_report(report), &find, Paint::new(options.colour), options)?;
    out.flush()
}

#[cfg(test)]
mod tests;
