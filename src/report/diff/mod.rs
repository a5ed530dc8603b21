//! What changed from one run to another.
//!
//! | module | what it holds |
//! |---|---|
//! | [`change`] | one requirement, then and now |
//! | [`text`], [`html`] | the comparison for people; its serialization is the one for machines |

pub mod change;
mod html;
mod text;

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::error::ReportError;
use super::record::Report;
use super::side::Side;
pub use change::{Change, Kind};

/// The format that this version writes.
pub const FORMAT: &str = "setspec-diff/1";

/// What changed from an old run to a new one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The format and its version.
    pub format: &'static str,
    /// The run that came first.
    pub old: Side,
    /// The run that is compared with it.
    pub new: Side,
    /// Whether something is newly violated; in a strict new run also, whether something is newly warned.
    pub worse: bool,
    /// How many requirements are as they were.
    pub same: usize,
    /// What is to be known before the runs are compared.
    pub notes: Vec<String>,
    /// What changed, the worst first.
    pub changes: Vec<Change>,
}

impl Diff {
    /// Compares two runs.
    pub fn of(old: &Report, new: &Report) -> Self {
        let before: HashMap<&str, _> = old.requirements.iter().rev().map(|r| (r.id.as_str(), r)).collect();
        let after: HashSet<&str> = new.requirements.iter().map(|r| r.id.as_str()).collect();
        let mut same = 0;
        let mut changes = Vec::new();
        for now in &new.requirements {
            match Change::of(before.get(now.id.as_str()).copied(), now) {
                Some(change) => changes.push(change),
                None => same += 1,
            }
        }
        changes.extend(old.requirements.iter().filter(|r| !after.contains(r.id.as_str())).map(Change::gone));
        // Stable: within a kind they stay in the order of the catalogue.
        changes.sort_by_key(|change| change.kind);
        let counts = |kind| changes.iter().any(|change: &Change| change.kind == kind);
        Self {
            format: FORMAT,
            old: Side::of("old", old),
            new: Side::of("new", new),
            worse: counts(Kind::NewlyViolated) || (new.run.strict && counts(Kind::NewlyWarned)),
            same,
            notes: notes(old, new),
            changes,
        }
    }

    /// The changes of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.kind == kind)
    }

    /// The comparison as text.
    pub fn to_text(&self) -> String {
        text::render(self)
    }

    /// The comparison as a page.
    pub fn to_html(&self) -> Result<String, ReportError> {
        html::render(self)
    }

    /// The comparison as JSON.
    pub fn to_json(&self) -> Result<String, ReportError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| ReportError::render("JSON", error))?;
        Ok(text + "\n")
    }

    /// `2 newly violated, 1 newly satisfied, 40 the same`.
    pub fn sum(&self) -> String {
        let counts = Kind::ALL.into_iter().filter_map(|kind| match self.of_kind(kind).count() {
            0 => None,
            number => Some(format!("{number} {}", kind.words())),
        });
        counts.chain([format!("{} the same", self.same)]).collect::<Vec<_>>().join(", ")
    }
}

fn notes(old: &Report, new: &Report) -> Vec<String> {
    let differ = |what: &str, old: &str, new: &str, so: &str| {
        (old != new).then(|| format!("The runs are of different {what}, {old} and {new}{so}."))
    };
    let of = super::text::line;
    let mut notes: Vec<String> = [
        differ("roles", old.target.role.name(), new.target.role.name(), ""),
        differ("profiles", &of(&old.profile), &of(&new.profile), ": what one leaves out appears or disappears"),
        differ("versions of setspec", &of(&old.tool.version), &of(&new.tool.version), ": the rules may have changed"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if new.run.started_at < old.run.started_at {
        notes.push("The new run began before the old one.".to_owned());
    }
    for (name, run) in [("old", &old.run), ("new", &new.run)] {
        if run.interrupted {
            notes.push(format!("The {name} run was interrupted."));
        }
    }
    notes
}
