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
