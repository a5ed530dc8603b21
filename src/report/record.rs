//! The record of a run: what `report.json` holds. Every other format is made from it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::ExchangeRecord;
use super::words;
use crate::run::event::{CaseResult, PreflightLine, RequirementResult, Status, Verdict};
use crate::suite::model::profile::Role;

pub use super::recorder::Recorder;

/// The format that this version writes and reads.
pub const FORMAT: &str = "setspec-report/1";

/// The record of a run of setspec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The format and its version.
    #[schemars(extend("const" = "setspec-report/1"))]
    pub format: String,
    /// What wrote this.
    pub tool: Tool,
    pub run: Run,
    pub target: Target,
    /// The claim that was tested.
    pub profile: String,
    pub verdict: Verdict,
    /// How many requirements have which status.
    pub summary: Summary,
    /// What was looked at before the first case.
    #[serde(default)]
    pub preflight: Vec<PreflightLine>,
    pub requirements: Vec<RequirementResult>,
    pub cases: Vec<CaseResult>,
    pub exchanges: Vec<ExchangeRecord>,
    /// What is worth knowing and is no verdict.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the harness itself did wrong: never a verdict on the target.
    #[serde(default)]
    pub internal_errors: Vec<String>,
}

/// What wrote a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// When and how the run was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Sorts by time, and names the folder of the report.
    pub id: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    pub duration_ms: f64,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Whether something that applies could not be tested, whatever the verdict.
    #[serde(default)]
    pub inconclusive: bool,
}

/// The implementation under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    pub role: Role,
    pub url: String,
}

/// How many requirements have which status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub satisfied: usize,
    pub violated: usize,
    pub warned: usize,
    pub not_applicable: usize,
    pub untested: usize,
    pub unobservable: usize,
}

impl Summary {
    pub fn of<'a>(requirements: impl IntoIterator<Item = &'a RequirementResult>) -> Self {
        let mut summary = Self::default();
        for requirement in requirements {
            *summary.slot(requirement.status) += 1;
        }
        summary
    }

    pub fn get(mut self, status: Status) -> usize {
        *self.slot(status)
    }

    fn slot(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Satisfied => &mut self.satisfied,
            Status::Violated => &mut self.violated,
            Status::Warned => &mut self.warned,
            Status::NotApplicable => &mut self.not_applicable,
            Status::Untested => &mut self.untested,
            Status::Unobservable => &mut self.unobservable,
        }
    }
}

impl Report {
    /// The requirements with this status, in order.
    pub fn with_status(&self, status: Status) -> impl Iterator<Item = &RequirementResult> {
        self.requirements.iter().filter(move |requirement| requirement.status == status)
    }

    /// The exchange with this id.
    pub fn exchange(&self, id: &str) -> Option<&ExchangeRecord> {
        self.exchanges.iter().find(|exchange| exchange.id == id)
    }

    /// Whether something in the preflight failed.
    pub fn preflight_failed(&self) -> bool {
        self.preflight.iter().any(|line| !line.ok)
    }

    /// What the verdict means.
    pub fn meaning(&self) -> String {
        let Run { inconclusive, interrupted, .. } = self.run;
        words::meaning(self.verdict, inconclusive, interrupted, &self.summary)
    }
}
