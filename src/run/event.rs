//! The stream of events that a run emits. Reporters consume it; nothing else comes out of a run.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::Exchange;
use crate::suite::model::profile::Role;

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Event {
    Started(Started),
    Preflight(PreflightLine),
    CaseStarted {
        id: String,
        title: String,
        number: usize,
        of: usize,
    },
    Exchange(Arc<Exchange>),
    /// A broken expectation, as soon as it is known.
    Broken {
        requirement: String,
        finding: Finding,
    },
    CaseFinished(CaseResult),
    Finished(Box<Finished>),
}

/// The head of a run.
#[derive(Debug, Clone)]
pub struct Started {
    pub id: String,
    pub at: jiff::Timestamp,
    pub role: Role,
    pub url: String,
    pub profile: String,
    pub requirements: usize,
    pub cases: usize,
}

/// One line of the preflight.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct PreflightLine {
    /// What was looked at: `connection`, `credential`, `good SET`, ...
    pub name: String,
    pub ok: bool,
    pub message: String,
    /// What to do about it, where something is to be done.
    pub advice: Option<String>,
}

/// The end of a case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct CaseResult {
    /// `rfc8935/2.2/accepts-a-valid-set`.
    pub id: String,
    pub title: String,
    pub status: CaseStatus,
    /// Why it was skipped or came to nothing.
    pub reason: Option<String>,
    pub duration_ms: f64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    Passed,
    Failed,
    Skipped,
    Inconclusive,
}

/// One broken expectation: what was expected, what was there, and how to see it again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Finding {
    /// The case or rule that found it.
    pub source: String,
    pub message: String,
    pub expected: String,
    pub actual: String,
    /// The id of the exchange that shows it.
    pub exchange: Option<String>,
    /// A command that reproduces it.
    pub reproduce: Option<String>,
}

/// Something accepted though not ideal, and why it is accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Leniency {
    pub source: String,
    pub because: String,
    pub expected: String,
    pub actual: String,
    pub exchange: Option<String>,
}

/// What became of one requirement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct RequirementResult {
    /// `rfc8935/2.2/status-202`.
    pub id: String,
    /// `RFC 8935`.
    pub spec: String,
    pub section: String,
    pub title: String,
    pub link: String,
    pub level: String,
    pub party: String,
    pub text: String,
    pub status: Status,
    /// Why it is untested, not applicable, unobservable, or a warning only.
    pub reason: Option<String>,
    /// How often it was seen.
    pub observations: usize,
    pub findings: Vec<Finding>,
    /// Accepted, not ideal.
    pub accepted: Vec<Leniency>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Satisfied,
    Violated,
    Warned,
    NotApplicable,
    Untested,
    Unobservable,
}

impl Status {
    pub const ALL: [Self; 6] =
        [Self::Satisfied, Self::Violated, Self::Warned, Self::NotApplicable, Self::Untested, Self::Unobservable];

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

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Conformant,
    Nonconformant,
    Inconclusive,
}

impl Verdict {
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
    pub verdict: Verdict,
    /// Whether a declared feature could not be tested or the target could not be reached.
    pub inconclusive: bool,
    pub interrupted: bool,
    pub duration_ms: f64,
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
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Events go nowhere.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    pub fn emit(&self, event: Event) {
        (self.0)(event);
    }
}
