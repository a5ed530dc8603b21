//! The record of a run: what `report.json` holds. Every other format is made from it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::ExchangeRecord;
use super::words;
use crate::run::baseline::BaselineOutcome;
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
    /// When and how the run was.
    pub run: Run,
    /// The implementation under test.
    pub target: Target,
    /// The claim that was tested.
    pub profile: String,
    /// What the run came to.
    pub verdict: Verdict,
    /// How many requirements have which status.
    pub summary: Summary,
    /// What the baseline of known violations says of this run; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineOutcome>,
    /// What was looked at before the first case.
    #[serde(default)]
    pub preflight: Vec<PreflightLine>,
    /// What became of each selected requirement; of a run that was cut off, those that were seen to be broken.
    pub requirements: Vec<RequirementResult>,
    /// The cases that came to an end or were left out, in the order of the plan.
    pub cases: Vec<CaseResult>,
    /// The evidence in the order in which it came: what findings refer to, and at most 2,000 others.
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
    /// `setspec`.
    pub name: String,
    /// The version of the program: `0.1.0`.
    pub version: String,
}

/// When and how the run was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Sorts by time, and names the folder of the report.
    pub id: String,
    /// When the run began, in UTC (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// Milliseconds from the beginning to the end, to the microsecond.
    pub duration_ms: f64,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Whether something that applies could not be tested, whatever the verdict.
    #[serde(default)]
    pub inconclusive: bool,
    /// Whether warnings count as violations.
    #[serde(default)]
    pub strict: bool,
    /// Where in its repository the run was started; absent at the root, and where no CI service says where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The command that repeats the run, without what was selected of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where the operator configured the target; absent if all was on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigPlace>,
}

/// A place in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigPlace {
    /// The file, as the operator named it or as it was found.
    pub file: String,
    /// The line that names the target, from 1; the first one if none does.
    pub line: usize,
}

/// The implementation under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// What the target was tested as.
    pub role: Role,
    /// Where SETs were pushed to, or where the target was found.
    pub url: String,
}

/// How many requirements have which status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Seen at least once, never broken.
    pub satisfied: usize,
    /// A MUST or MUST NOT was broken.
    pub violated: usize,
    /// A SHOULD or SHOULD NOT was broken, or something ambiguous.
    pub warned: usize,
    /// The target does not declare what they are about.
    pub not_applicable: usize,
    /// They could not be seen in this run.
    pub untested: usize,
    /// No harness can see them.
    pub unobservable: usize,
}

impl Summary {
    /// Counts these results.
    pub fn of<'a>(requirements: impl IntoIterator<Item = &'a RequirementResult>) -> Self {
        let mut summary = Self::default();
        for requirement in requirements {
            *summary.slot(requirement.status) += 1;
        }
        summary
    }

    /// How many requirements have this status.
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

    /// What the verdict means, and what the baseline makes of it.
    pub fn meaning(&self) -> String {
        let Run { inconclusive, interrupted, .. } = self.run;
        words::meaning(self.verdict, inconclusive, interrupted, &self.summary, self.baseline.as_ref())
    }

    /// What is broken and makes the run nonconformant: new, or without a baseline all of it.
    pub fn failing(&self) -> impl Iterator<Item = &RequirementResult> {
        let counts = |status| status == Status::Violated || (self.run.strict && status == Status::Warned);
        self.requirements.iter().filter(move |requirement| counts(requirement.status) && !requirement.is_known())
    }

    /// What is broken and does not count, because it is a recommendation, or ambiguous.
    pub fn warnings(&self) -> impl Iterator<Item = &RequirementResult> {
        let wanted = |result: &&RequirementResult| result.status == Status::Warned && !result.is_known();
        self.requirements.iter().filter(wanted).filter(|_| !self.run.strict)
    }

    /// What is broken, and known by the baseline.
    pub fn known(&self) -> impl Iterator<Item = &RequirementResult> {
        self.requirements.iter().filter(|requirement| requirement.is_known())
    }

    /// The path and line of the configuration file, for formats that point at a file.
    pub fn place(&self) -> Option<(String, usize)> {
        self.run.config.as_ref().map(|place| (self.in_repository(&place.file), place.line))
    }

    /// A path that was relative to where the run was started, relative to the root of the repository.
    pub fn in_repository(&self, file: &str) -> String {
        match &self.run.directory {
            Some(directory) if std::path::Path::new(file).is_relative() => format!("{directory}/{file}"),
            _ => file.to_owned(),
        }
    }
}
