//! The end of a run for people: what is broken first, then what is worth a look, then the numbers.

use std::io::{self, Write};

use super::TerminalOptions;
use super::paint::Paint;
use crate::report::record::{Report, Summary};
use crate::report::{text, words};
use crate::run::baseline::BaselineOutcome;
use crate::run::event::{Finding, Finished, RequirementResult, Status, Verdict};
use crate::run::ledger::UNSEEN;

/// How many different findings of a requirement are shown.
const SHOWN: usize = 3;

/// How many requirements are named for a reason, unless all are wanted.
const NAMED: usize = 5;

/// The longest `expected` or `got`, in characters.
pub(super) const VALUE: usize = 500;

/// What a run came to.
pub(super) struct Outcome<'a> {
    verdict: Verdict,
    inconclusive: bool,
    interrupted: bool,
    summary: Summary,
    pub requirements: &'a [RequirementResult],
    notes: &'a [String],
    internal_errors: &'a [String],
    pub baseline: Option<&'a BaselineOutcome>,
}

impl<'a> Outcome<'a> {
    pub fn of_run(finished: &'a Finished, baseline: Option<&'a BaselineOutcome>) -> Self {
        Self {
            verdict: finished.verdict,
            inconclusive: finished.inconclusive,
            interrupted: finished.interrupted,
            summary: Summary::of(&finished.requirements),
            requirements: &finished.requirements,
            notes: &finished.notes,
            internal_errors: &finished.internal_errors,
            baseline,
        }
    }

    pub fn of_report(report: &'a Report) -> Self {
        Self {
            verdict: report.verdict,
            inconclusive: report.run.inconclusive,
            interrupted: report.run.interrupted,
            summary: report.summary,
            requirements: &report.requirements,
            notes: &report.notes,
            internal_errors: &report.internal_errors,
            baseline: report.baseline.as_ref(),
        }
    }

    fn with(&self, status: Status) -> impl Iterator<Item = &'a RequirementResult> {
        self.requirements.iter().filter(move |requirement| requirement.status == status)
    }

    /// What is broken so and not known.
    fn unknown(&self, status: Status) -> impl Iterator<Item = &'a RequirementResult> {
        self.with(status).filter(|requirement| !requirement.is_known())
    }
}

/// Writes the summary; `exchange` gives the line of an exchange by its id.
pub(super) fn write(
    out: &mut impl Write,
    outcome: &Outcome<'_>,
    exchange: &dyn Fn(&str) -> Option<String>,
    paint: Paint,
    options: TerminalOptions,
) -> io::Result<()> {
    // A quiet run has written nothing yet that an empty line would set apart.
    let apart = !options.quiet;
    let mut printer = Printer { out, exchange, paint, options, apart };
    printer.breaches("Violations", &paint.bad("VIOLATED"), outcome.unknown(Status::Violated))?;
    if !options.quiet || options.strict {
        let what = if options.strict { "Warnings, which count in a strict run" } else { "Warnings" };
        printer.breaches(what, &paint.warn("WARNED"), outcome.unknown(Status::Warned))?;
    }
    if !options.quiet {
        let unjudged = outcome.with(Status::Untested).filter(|requirement| !requirement.findings.is_empty());
        printer.breaches("Seen broken, not judged", &paint.warn("NOT JUDGED"), unjudged)?;
        printer.accepted(outcome)?;
        printer.untested(outcome)?;
        printer.notes(outcome)?;
    }
    printer.baseline(outcome)?;
    printer.internal_errors(outcome)?;
    if !options.quiet {
        printer.table(outcome)?;
    }
    printer.verdict(outcome)
}

pub(super) struct Printer<'a, W> {
    pub out: &'a mut W,
    exchange: &'a dyn Fn(&str) -> Option<String>,
    pub paint: Paint,
    pub options: TerminalOptions,
    /// Whether an empty line sets the next section apart.
    apart: bool,
}

impl<W: Write> Printer<'_, W> {
    pub fn gap(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.apart, true) { writeln!(self.out) } else { Ok(()) }
    }

    pub fn head(&mut self, text: &str) -> io::Result<()> {
        self.gap()?;
        writeln!(self.out, "{}", self.paint.bold(text))
    }

    fn breaches<'r>(
        &mut self,
        head: &str,
        mark: &str,
        broken: impl Iterator<Item = &'r RequirementResult>,
    ) -> io::Result<()> {
        let broken: Vec<_> = broken.collect();
        if broken.is_empty() {
            return Ok(());
        }
        self.head(&format!("{head}: {}", broken.len()))?;
        for requirement in broken {
            self.breach(requirement, mark)?;
        }
        Ok(())
    }

    fn breach(&mut self, requirement: &RequirementResult, mark: &str) -> io::Result<()> {
        let id = text::line(&requirement.id);
        writeln!(self.out, "\n  {mark}  {}  {}", self.paint.bold(&id), text::line(&requirement.level))?;
        writeln!(self.out, "    {}", text::line(&requirement.text))?;
        let (spec, section) = (text::line(&requirement.spec), text::line(&requirement.section));
        let link = text::line(&requirement.link);
        writeln!(self.out, "    {}", self.paint.dim(&format!("{spec} section {section}  {link}")))?;
        if let Some(reason) = &requirement.reason {
            writeln!(self.out, "    note: {}", text::short(reason, VALUE))?;
        }
        let groups = words::grouped(&requirement.findings);
        for (number, (finding, times)) in groups.iter().take(SHOWN).enumerate() {
            if number > 0 {
                writeln!(self.out)?;
            }
            self.finding(finding, *times)?;
        }
        if groups.len() > SHOWN {
            writeln!(self.out, "    and {} more", groups.len() - SHOWN)?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding, times: usize) -> io::Result<()> {
        let often = if times > 1 { format!(" ({times} times)") } else { String::new() };
        writeln!(self.out, "    found by:  {}{often}", text::line(&finding.source))?;
        writeln!(self.out, "    expected:  {}", text::short(&finding.expected, VALUE))?;
        writeln!(self.out, "    got:       {}", text::short(&finding.actual, VALUE))?;
        self.exchange(finding.exchange.as_deref())?;
        if let Some(command) = &finding.reproduce {
            writeln!(self.out, "    reproduce: {}", text::line(command))?;
        }
        Ok(())
    }

    fn exchange(&mut self, id: Option<&str>) -> io::Result<()> {
        let Some(id) = id else { return Ok(()) };
        let line = (self.exchange)(id).unwrap_or_default();
        writeln!(self.out, "    exchange:  {}", format!("{}  {line}", text::line(id)).trim_end())
    }

    fn accepted(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        let lenient: Vec<_> = outcome.requirements.iter().filter(|r| !r.accepted.is_empty()).collect();
        if lenient.is_empty() {
            return Ok(());
        }
        self.head("Accepted, not ideal")?;
        for requirement in lenient {
            let id = text::line(&requirement.id);
            writeln!(self.out, "\n  {}  {}", self.paint.bold(&id), text::line(&requirement.level))?;
            for (leniency, times) in words::grouped_leniencies(&requirement.accepted) {
                let often = if times > 1 { format!(" ({times} times)") } else { String::new() };
                writeln!(self.out, "    expected:  {}", text::short(&leniency.expected, VALUE))?;
                writeln!(self.out, "    got:       {}{often}", text::short(&leniency.actual, VALUE))?;
                writeln!(self.out, "    because:   {}", text::short(&leniency.because, VALUE))?;
                self.exchange(leniency.exchange.as_deref())?;
            }
        }
        Ok(())
    }

    fn untested(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        if outcome.summary.untested == 0 {
            return Ok(());
        }
        self.head(&format!("Untested: {}", outcome.summary.untested))?;
        // What the target had no occasion to show is long to tell and seldom asked for.
        let is_brief = |r: &&RequirementResult| {
            !self.options.verbose && r.reason.as_deref().is_some_and(|reason| reason.starts_with(UNSEEN))
        };
        let unseen = outcome.with(Status::Untested).filter(is_brief).count();
        let untested = outcome.with(Status::Untested).filter(|r| !is_brief(r));
        for (reason, ids) in words::by_reason(untested.map(|r| (r.reason.as_deref(), r.id.as_str()))) {
            writeln!(self.out, "  {}: {}", ids.len(), text::short(reason, VALUE))?;
            let named = if self.options.verbose { ids.len() } else { NAMED };
            for id in ids.iter().take(named) {
                writeln!(self.out, "      {}", self.paint.dim(&text::line(id)))?;
            }
            if ids.len() > named {
                writeln!(self.out, "      and {} more", ids.len() - named)?;
            }
        }
        if unseen > 0 {
            writeln!(
                self.out,
                "  {unseen}: nothing in this run showed them; the report says what would (or --verbose)"
            )?;
        }
        Ok(())
    }

    fn notes(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        if outcome.notes.is_empty() {
            return Ok(());
        }
        self.head("Notes")?;
        for note in outcome.notes {
            writeln!(self.out, "  {}", text::short(note, 2 * VALUE))?;
        }
        Ok(())
    }

    fn internal_errors(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        if outcome.internal_errors.is_empty() {
            return Ok(());
        }
        let number = words::count(outcome.internal_errors.len(), "INTERNAL ERROR");
        let head = format!("{number}: the fault is in setspec, not in the target");
        self.gap()?;
        writeln!(self.out, "{}", self.paint.bad(&head))?;
        for error in outcome.internal_errors {
            writeln!(self.out, "  {}", text::short(error, 2 * VALUE))?;
        }
        writeln!(self.out, "  The verdicts that depend on this are not to be trusted; please report it.")
    }

    fn table(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        if outcome.requirements.is_empty() {
            return Ok(());
        }
        let specs = words::by_reason(outcome.requirements.iter().map(|r| (Some(r.spec.as_str()), r)));
        let mut rows: Vec<(String, Summary)> =
            specs.into_iter().map(|(spec, of)| (text::short(spec, 40), Summary::of(of))).collect();
        if rows.len() > 1 {
            rows.push(("all".to_owned(), outcome.summary));
        }
        let width = rows.iter().map(|(spec, _)| spec.chars().count()).max().unwrap_or_default();
        let titles = Status::ALL.map(Status::words).join("  ");
        self.gap()?;
        writeln!(self.out, "{:width$}  {}", "", self.paint.dim(&titles))?;
        for (spec, summary) in rows {
            write!(self.out, "{spec:width$}")?;
            for status in Status::ALL {
                let cell = format!("{:>1$}", summary.get(status), status.words().len());
                let cell = match status {
                    Status::Violated if summary.violated > 0 => self.paint.bad(&cell),
                    Status::Warned if summary.warned > 0 => self.paint.warn(&cell),
                    _ => cell,
                };
                write!(self.out, "  {cell}")?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn verdict(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        let name = outcome.verdict.name().to_uppercase();
        let name = match outcome.verdict {
            Verdict::Conformant => self.paint.good(&name),
            Verdict::Nonconformant if outcome.baseline.is_some_and(|baseline| baseline.holds) => self.paint.warn(&name),
            Verdict::Nonconformant => self.paint.bad(&name),
            Verdict::Inconclusive => self.paint.warn(&name),
        };
        let Outcome { verdict, inconclusive, interrupted, summary, baseline, .. } = outcome;
        self.gap()?;
        writeln!(self.out, "{name}: {}", words::meaning(*verdict, *inconclusive, *interrupted, summary, *baseline))
    }
}
