//! What a baseline says of a run.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run::event::Status;

/// What a baseline says of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineOutcome {
    /// The file, as the operator named it.
    pub file: String,
    /// The day that decided which entries are current.
    #[schemars(with = "String", extend("format" = "date"))]
    pub judged_on: Date,
    /// Whether nothing is new, stale or expired: then what is violated does not fail the run.
    pub holds: bool,
    /// The entries that cover something that was broken in this run.
    pub known: Vec<BaselineEntry>,
    /// What was broken and no current entry covers.
    pub new: Vec<NewViolation>,
    /// The entries whose requirement was tested and is not broken any more: they fail the run until they are removed.
    pub stale: Vec<BaselineEntry>,
    /// The entries whose day has passed, and whose requirement is still broken: they cover nothing any more.
    pub expired: Vec<BaselineEntry>,
    /// The entries of which this run says nothing: neither stale nor a failure.
    pub unseen: Vec<UnseenEntry>,
}

/// An entry of a baseline: one known violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineEntry {
    /// The id of the requirement: `rfc8935/2.2/status-202`.
    pub requirement: String,
    /// The case or rule whose findings alone it covers; all of them if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Why it is known and not fixed.
    pub reason: String,
    /// Who looks after it.
    pub owner: String,
    /// The last day on which it is covered.
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
    /// The line of the entry in the file, from 1.
    pub line: usize,
}

/// How a reason or an owner begins that nobody has filled in yet.
pub const PLACEHOLDER: &str = "TODO";

impl BaselineEntry {
    /// The id of the requirement, and of the case if it is bound to one: `rfc8935/2.2/status-202 in rfc8935/2.2/accepts`.
    pub fn name(&self) -> String {
        name(&self.requirement, self.case.as_deref())
    }

    /// Whether nobody has said yet why it is known, or who looks after it.
    pub fn is_placeholder(&self) -> bool {
        self.reason.starts_with(PLACEHOLDER) || self.owner.starts_with(PLACEHOLDER)
    }

    /// `the token endpoint is being replaced (owner: identity team, until 2026-12-31)`.
    pub fn words(&self) -> String {
        format!("{} (owner: {}, until {})", self.reason, self.owner, self.expires)
    }
}

impl NewViolation {
    /// The id of the requirement, and of the case where only its findings are new.
    pub fn name(&self) -> String {
        name(&self.requirement, self.case.as_deref())
    }
}

fn name(requirement: &str, case: Option<&str>) -> String {
    case.map_or_else(|| requirement.to_owned(), |case| format!("{requirement} in {case}"))
}

impl BaselineOutcome {
    /// What it comes to, in a sentence: `baseline.toml knows 3 of them; 1 is new.`
    pub fn sentence(&self) -> String {
        let is_are = |number: usize| if number == 1 { "is" } else { "are" };
        let faults: Vec<String> =
            [(self.new.len(), "new"), (self.stale.len(), "stale"), (self.expired.len(), "expired")]
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, what)| format!("{number} {} {what}", is_are(number)))
                .collect();
        let known = match self.known.len() {
            1 => "1 entry covers what is known".to_owned(),
            several => format!("{several} entries cover what is known"),
        };
        match (faults.as_slice(), self.known.is_empty()) {
            ([], true) => format!("Baseline {}: nothing that it knows was broken.", self.file),
            ([], false) => format!("Baseline {}: {known}, and nothing else is broken.", self.file),
            (faults, true) => format!("Baseline {}: {}.", self.file, faults.join(", ")),
            (faults, false) => format!("Baseline {}: {known}; {}.", self.file, faults.join(", ")),
        }
    }
}

/// Something broken that no current entry of the baseline covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewViolation {
    /// The id of the requirement.
    pub requirement: String,
    /// The case or rule that found it, where other findings of the requirement are covered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// `violated`; in a strict run also `warned`.
    pub status: Status,
}

/// An entry of which a run says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnseenEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: BaselineEntry,
    /// Why the run says nothing of it.
    pub why: String,
}
