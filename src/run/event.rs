//! The stream of events that a run emits. Reporters consume it; nothing else comes out of a run.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::{BaselineEntry, BaselineOutcome};
use crate::http::Exchange;
use crate::suite::model::profile::Role;

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins: always the first event.
    Started(Started),
    /// Something was looked at before the first case.
    Preflight(PreflightLine),
    /// What is waited for, and what of it is still missing.
    Waiting(String),
    /// A case begins. Cases run side by side, so several may have begun before the first one ends.
    CaseStarted {
        /// `rfc8935/2.2/accepts-a-valid-set`.
        id: String,
        /// What happens in it, in a few words.
        title: String,
        /// Its place in the plan, from 1.
        number: usize,
        /// How many cases the run has.
        of: usize,
    },
    /// A request and its answer, without secrets; it comes before the findings that refer to it.
    Exchange(Arc<Exchange>),
    /// A broken expectation, as soon as it is known.
    Broken {
        /// The id of the requirement: `rfc8935/2.2/status-202`.
        requirement: String,
        /// What was seen.
        finding: Finding,
    },
    /// A case has ended, or was left out.
    CaseFinished(CaseResult),
    /// What the baseline says, where there is one; it comes before the end.
    Baseline(Box<BaselineOutcome>),
    /// The run has ended, also when it was interrupted: always the last event.
    Finished(Box<Finished>),
}

/// The head of a run.
#[derive(Debug, Clone)]
pub struct Started {
    /// Sorts by time, and is unique: `20260101T120000Z-1f2e3d`.
    pub id: String,
    /// When the run began.
    pub at: jiff::Timestamp,
    /// What the target is tested as.
    pub role: Role,
    /// Where the target is, without secrets.
    pub url: String,
    /// The name of the profile: `push-receiver`.
    pub profile: String,
    /// The command that repeats the run, without secrets and without what was selected of it.
    pub command: String,
    /// How many requirements are selected.
    pub requirements: usize,
    /// How many cases are selected, those included that will be skipped.
    pub cases: usize,
}

/// One line of the preflight.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct PreflightLine {
    /// What was looked at: `connection`, `credential`, `good SET`, ...
    pub name: String,
    /// Whether it is as it has to be. If one line is not, nothing that needs pushes is tested.
    pub ok: bool,
    /// What was found, in words.
    pub message: String,
    /// What to do about it, where something is to be done.
    pub advice: Option<String>,
}

/// The end of a case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct CaseResult {
    /// `rfc8935/2.2/accepts-a-valid-set`.
    pub id: String,
    /// What happens in it, in a few words.
    pub title: String,
    /// How it ended.
    pub status: CaseStatus,
    /// Why it was skipped or came to nothing.
    pub reason: Option<String>,
    /// Milliseconds from its first step to its last; 0 if it did not begin.
    pub duration_ms: f64,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// Every expectation of its own holds.
    Passed,
    /// An expectation of its own is broken, whatever its level.
    Failed,
    /// The target lacks a feature that it needs, or our key cannot make what it sends.
    Skipped,
    /// Nothing can be concluded from it: its control was not accepted, or an assumption did not hold.
    Inconclusive,
}

/// One broken expectation: what was expected, what was there, and how to see it again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Finding {
    /// The case or rule that found it.
    pub source: String,
    /// The requirement, in one sentence.
    pub message: String,
    /// What should have been there: `` `response.status` to be 202``.
    pub expected: String,
    /// What was there: `200`.
    pub actual: String,
    /// The id of the exchange that shows it.
    pub exchange: Option<String>,
    /// A command that reproduces it.
    pub reproduce: Option<String>,
    /// How often it was seen like this; the exchange is that of the first time.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: usize,
}

fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_once(times: &usize) -> bool {
    *times == 1
}

/// Something accepted though not ideal, and why it is accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Leniency {
    /// The case or rule that saw it.
    pub source: String,
    /// Why it is accepted.
    pub because: String,
    /// What would have been ideal.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// The id of the exchange that shows it.
    pub exchange: Option<String>,
    /// How often it was seen like this; the exchange is that of the first time.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: usize,
}

/// What became of one requirement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct RequirementResult {
    /// `rfc8935/2.2/status-202`.
    pub id: String,
    /// `RFC 8935`.
    pub spec: String,
    /// The number of the section: `2.2`.
    pub section: String,
    /// The title of the section; empty if the run was cut off.
    pub title: String,
    /// Where the section can be read; empty if the run was cut off.
    pub link: String,
    /// `MUST`, `MUST NOT`, `SHOULD`, `SHOULD NOT` or `MAY`; `unknown` if the run was cut off.
    pub level: String,
    /// Whom it binds: `receiver`, `transmitter`, `issuer` or `author`; `unknown` if the run was cut off.
    pub party: String,
    /// The requirement in one sentence.
    pub text: String,
    /// What became of it.
    pub status: Status,
    /// Why it is untested, not applicable, unobservable, or a warning only.
    pub reason: Option<String>,
    /// How often it was seen.
    pub observations: usize,
    /// How it was broken, at most 20 times; empty for a MAY.
    pub findings: Vec<Finding>,
    /// Every case and rule that found it broken, also where its findings are too many to be kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_by: Vec<String>,
    /// The entries of the baseline that together cover every breach of it; empty where it is new, or not broken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_by: Vec<BaselineEntry>,
    /// Accepted, not ideal.
    pub accepted: Vec<Leniency>,
}

impl RequirementResult {
    /// Whether it is broken, and the baseline knows every breach of it.
    pub fn is_known(&self) -> bool {
        !self.known_by.is_empty()
    }
}

/// What became of a requirement.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Seen at least once, never broken.
    Satisfied,
    /// A MUST or MUST NOT is broken.
    Violated,
    /// A SHOULD or SHOULD NOT is broken, or a requirement that is ambiguous.
    Warned,
    /// The target does not declare what it is about, or does not offer what it may offer.
    NotApplicable,
    /// It could not be seen in this run.
    Untested,
    /// No harness can see it.
    Unobservable,
}

impl Status {
    /// Every status, in the order of summaries.
    pub const ALL: [Self; 6] =
        [Self::Satisfied, Self::Violated, Self::Warned, Self::NotApplicable, Self::Untested, Self::Unobservable];

    /// The status as reports write it: `not_applicable`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Violated => "violated",
            Self::Warned => "warned",
            Self::NotApplicable => "not_applicable",
            Self::Untested => "untested",
            Self::Unobservable => "unobservable",
        }
    }

    /// The status in words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            other => other.name(),
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is violated, and everything that applies was tested.
    Conformant,
    /// Something is violated; when warnings count, also when something is warned.
    Nonconformant,
    /// Nothing is violated, but not everything that applies could be tested.
    Inconclusive,
}

impl Verdict {
    /// The verdict as reports write it: `nonconformant`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conformant => "conformant",
            Self::Nonconformant => "nonconformant",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What the run came to.
    pub verdict: Verdict,
    /// Whether a declared feature could not be tested or the target could not be reached.
    pub inconclusive: bool,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Milliseconds from the beginning to the end.
    pub duration_ms: f64,
    /// What became of each selected requirement, in the order of the catalogue.
    pub requirements: Vec<RequirementResult>,
    /// What is worth knowing and is no verdict.
    pub notes: Vec<String>,
    /// What the harness itself did wrong: never a verdict on the target.
    pub internal_errors: Vec<String>,
}

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub struct Emitter(Arc<dyn Fn(Event) + Send + Sync>);

impl Emitter {
    /// Gives every event to `sink`, which holds up the run while it works.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Events go nowhere.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Hands an event on, as it is: what emits it has taken out the secrets.
    pub fn emit(&self, event: Event) {
        (self.0)(event);
    }
}
