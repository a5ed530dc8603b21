//! What the baseline says of a run, and the entries that are ready to paste.

use std::io::{self, Write};

use super::summary::{Outcome, Printer, VALUE};
use crate::report::text;
use crate::run::baseline::BaselineOutcome;
use crate::run::baseline::update::{NewEntries, entry};

/// How many entries are printed to be pasted.
const PASTED: usize = 20;

impl<W: Write> Printer<'_, W> {
    pub(super) fn baseline(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        let Some(baseline) = outcome.baseline else { return Ok(()) };
        if !self.options.quiet {
            self.known(outcome, baseline)?;
            self.unseen(baseline)?;
        }
        self.outdated(baseline)?;
        self.ready_to_paste(outcome, baseline)
    }

    fn known(&mut self, outcome: &Outcome<'_>, baseline: &BaselineOutcome) -> io::Result<()> {
        let known: Vec<_> = outcome.requirements.iter().filter(|requirement| requirement.is_known()).collect();
        if known.is_empty() {
            return Ok(());
        }
        self.head(&format!("Known by {}: {}", text::line(&baseline.file), known.len()))?;
        for requirement in known {
            let (id, level) = (text::line(&requirement.id), text::line(&requirement.level));
            writeln!(self.out, "\n  {}  {}  {level}", self.paint.warn("KNOWN"), self.paint.bold(&id))?;
            for entry in &requirement.known_by {
                let case = entry.case.as_deref().map(|case| format!("{}: ", text::line(case))).unwrap_or_default();
                writeln!(self.out, "    {case}{}", text::short(&entry.words(), VALUE))?;
                if entry.is_placeholder() {
                    let line = entry.line;
                    let file = text::line(&baseline.file);
                    let said = format!("{file}:{line}: say why it is known, and who looks after it");
                    writeln!(self.out, "    {}", self.paint.warn(&said))?;
                }
            }
        }
        Ok(())
    }

    fn unseen(&mut self, baseline: &BaselineOutcome) -> io::Result<()> {
        if baseline.unseen.is_empty() {
            return Ok(());
        }
        self.head(&format!("Entries of which this run says nothing: {}", baseline.unseen.len()))?;
        for unseen in &baseline.unseen {
            let name = unseen.entry.name();
            writeln!(self.out, "  {}: {}", text::line(&name), text::short(&unseen.why, VALUE))?;
        }
        Ok(())
    }

    fn outdated(&mut self, baseline: &BaselineOutcome) -> io::Result<()> {
        for (entries, mark, what) in [
            (&baseline.stale, "STALE", "no longer fails: remove the entry"),
            (&baseline.expired, "EXPIRED", "still fails, and its day has passed"),
        ] {
            if entries.is_empty() {
                continue;
            }
            self.gap()?;
            for entry in entries {
                let name = self.paint.bold(&text::line(&entry.name()));
                writeln!(self.out, "{}  {name}", self.paint.bad(mark))?;
                writeln!(self.out, "  {}:{}: {what}", text::line(&baseline.file), entry.line)?;
                writeln!(self.out, "  {}", text::short(&entry.words(), VALUE))?;
            }
        }
        Ok(())
    }

    fn ready_to_paste(&mut self, outcome: &Outcome<'_>, baseline: &BaselineOutcome) -> io::Result<()> {
        if baseline.new.is_empty() {
            return Ok(());
        }
        let file = text::line(&baseline.file);
        self.head(&format!("For {file}, if they are to be known (or: setspec baseline update --baseline {file})"))?;
        let new = NewEntries::placeholders(baseline.judged_on);
        for violation in baseline.new.iter().take(PASTED) {
            let result = outcome.requirements.iter().find(|result| result.id == violation.requirement);
            let comment = result.map(|result| format!("{}: {}", result.level, result.text));
            write!(self.out, "\n{}", entry(violation, &new, comment.as_deref()))?;
        }
        if baseline.new.len() > PASTED {
            writeln!(self.out, "\nand {} more", baseline.new.len() - PASTED)?;
        }
        Ok(())
    }
}
