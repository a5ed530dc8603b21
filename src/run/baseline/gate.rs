//! The baseline in the stream of events.

use jiff::civil::Date;

use super::file::Baseline;
use super::judge::Circumstances;
use super::outcome::BaselineOutcome;
use crate::run::event::{CaseResult, Event};

/// Watches a run, and says before its end what the baseline makes of it.
#[derive(Debug)]
pub struct Gate {
    baseline: Baseline,
    strict: bool,
    today: Date,
    cases: Vec<CaseResult>,
}

impl Gate {
    /// A gate for one run; `strict` makes warnings count, `today` decides which entries are current.
    pub fn new(baseline: Baseline, strict: bool, today: Date) -> Self {
        Self { baseline, strict, today, cases: Vec::new() }
    }

    /// Looks at an event before the reporters do. At the end of the run its requirements say what is known of them, and
    /// there is an outcome, which comes before that event.
    pub fn look(&mut self, event: &mut Event) -> Option<BaselineOutcome> {
        match event {
            Event::CaseFinished(case) => {
                self.cases.push(case.clone());
                None
            }
            Event::Finished(finished) => {
                let Self { strict, today, .. } = *self;
                let circumstances =
                    Circumstances { cases: &self.cases, strict, interrupted: finished.interrupted, today };
                Some(self.baseline.judge(&mut finished.requirements, circumstances))
            }
            _ => None,
        }
    }
}
