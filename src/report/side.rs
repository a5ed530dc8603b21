//! The head of a record, for documents that compare several.

use jiff::Timestamp;
use serde::Serialize;

use super::record::{Report, Summary};
use crate::run::event::Verdict;
use crate::suite::model::profile::Role;

/// A run among several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// What it is called in this comparison.
    pub name: String,
    /// The id of the run.
    pub run: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The version of setspec.
    pub version: String,
    /// What the target was tested as.
    pub role: Role,
    /// Where the target was.
    pub url: String,
    /// The claim that was tested.
    pub profile: String,
    /// What the run came to.
    pub verdict: Verdict,
    /// How many requirements have which status.
    pub summary: Summary,
}

impl Side {
    /// The head of a report, under this name.
    pub fn of(name: impl Into<String>, report: &Report) -> Self {
        Self {
            name: name.into(),
            run: report.run.id.clone(),
            started_at: report.run.started_at,
            version: report.tool.version.clone(),
            role: report.target.role,
            url: report.target.url.clone(),
            profile: report.profile.clone(),
            verdict: report.verdict,
            // Counted anew: a summary that comes from elsewhere may say anything.
            summary: Summary::of(&report.requirements),
        }
    }
}
