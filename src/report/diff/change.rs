//! One requirement, then and now.

use serde::Serialize;

use crate::run::event::{Finding, RequirementResult, Status};

/// A requirement that is not as it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What changed.
    pub kind: Kind,
    /// `rfc8935/2.2/status-202`.
    pub id: String,
    /// `RFC 8935`.
    pub spec: String,
    /// The number of the section: `2.2`.
    pub section: String,
    /// Where the section can be read.
    pub link: String,
    /// `MUST`, `MUST NOT`, `SHOULD`, `SHOULD NOT` or `MAY`.
    pub level: String,
    /// The requirement in one sentence.
    pub text: String,
    /// What it was in the old run; null if it was not part of it.
    pub old: Option<Status>,
    /// What it is in the new run; null if it is not part of it.
    pub new: Option<Status>,
    /// Whether the baseline of the new run knows of it.
    pub known: bool,
    /// Why it is what it is now.
    pub reason: Option<String>,
    /// The first of the findings that show it.
    pub finding: Option<Finding>,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Violated, and was not: also where the old run did not have it.
    NewlyViolated,
    /// Warned, and was not: also where it was violated.
    NewlyWarned,
    /// Could be tested, and cannot any more.
    NewlyUntested,
    /// Satisfied, and was not.
    NewlySatisfied,
    /// Of another status for a reason that is no verdict.
    Changed,
    /// Not part of the old run.
    Appeared,
    /// Not part of the new run.
    Disappeared,
}

impl Kind {
    /// Every kind, the worst first.
    pub const ALL: [Self; 7] = [
        Self::NewlyViolated,
        Self::NewlyWarned,
        Self::NewlyUntested,
        Self::NewlySatisfied,
        Self::Changed,
        Self::Appeared,
        Self::Disappeared,
    ];

    /// The kind in words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NewlyViolated => "newly violated",
            Self::NewlyWarned => "newly warned",
            Self::NewlyUntested => "newly untested",
            Self::NewlySatisfied => "newly satisfied",
            Self::Changed => "otherwise changed",
            Self::Appeared => "appeared",
            Self::Disappeared => "disappeared",
        }
    }
}

impl Change {
    /// What became of a requirement, unless it is as it was.
    pub(super) fn of(old: Option<&RequirementResult>, new: &RequirementResult) -> Option<Self> {
        let before = old.map(|result| result.status);
        let kind = match (before, new.status) {
            (Some(before), now) if before == now => return None,
            (_, Status::Violated) => Kind::NewlyViolated,
            (None, _) => Kind::Appeared,
            (_, Status::Warned) => Kind::NewlyWarned,
            (_, Status::Untested) => Kind::NewlyUntested,
            (_, Status::Satisfied) => Kind::NewlySatisfied,
            (_, Status::NotApplicable | Status::Unobservable) => Kind::Changed,
        };
        Some(Self { old: before, new: Some(new.status), ..Self::entry(kind, new) })
    }

    /// A requirement that is not part of the new run.
    pub(super) fn gone(old: &RequirementResult) -> Self {
        let entry = Self::entry(Kind::Disappeared, old);
        // What showed it then shows nothing now.
        Self { old: Some(old.status), known: false, reason: None, finding: None, ..entry }
    }

    fn entry(kind: Kind, result: &RequirementResult) -> Self {
        Self {
            kind,
            id: result.id.clone(),
            spec: result.spec.clone(),
            section: result.section.clone(),
            link: result.link.clone(),
            level: result.level.clone(),
            text: result.text.clone(),
            old: None,
            new: None,
            known: result.is_known(),
            reason: result.reason.clone(),
            finding: result.findings.first().cloned(),
        }
    }
}

/// A status in words; `absent` where the requirement was not part of the run.
pub(super) const fn words(status: Option<Status>) -> &'static str {
    match status {
        Some(status) => status.words(),
        None => "absent",
    }
}
