//! Several targets side by side: requirements by targets, the table of an interoperability event.
//!
//! | module | what it holds |
//! |---|---|
//! | [`markdown`], [`html`] | the table for a wiki or a pull request, and as a page |

mod html;
mod markdown;

use std::collections::HashMap;

use super::error::ReportError;
use super::record::Report;
use super::side::Side;
use super::words;
use crate::run::event::{RequirementResult, Status};

/// Requirements by targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// A target each, in the order given.
    pub columns: Vec<Side>,
    /// The requirements of all, by specification.
    pub specs: Vec<Spec>,
}

/// The requirements of one specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// `RFC 8935`.
    pub name: String,
    /// Section by section.
    pub rows: Vec<Row>,
}

/// A requirement, and what became of it at each target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `rfc8935/2.2/status-202`.
    pub id: String,
    /// The number of the section: `2.2`.
    pub section: String,
    /// Where the section can be read.
    pub link: String,
    /// `MUST`, `MUST NOT`, `SHOULD`, `SHOULD NOT` or `MAY`.
    pub level: String,
    /// The requirement in one sentence.
    pub text: String,
    /// A status for each column; none where the run did not have the requirement.
    pub cells: Vec<Option<Status>>,
}

impl Row {
    /// Whether it is not the same everywhere.
    pub fn differs(&self) -> bool {
        self.cells.windows(2).any(|pair| pair[0] != pair[1])
    }
}

impl Matrix {
    /// The table of these runs, each under its name.
    pub fn of(runs: &[(String, Report)]) -> Self {
        let results: Vec<HashMap<&str, &RequirementResult>> = runs
            .iter()
            .map(|(_, report)| report.requirements.iter().rev().map(|r| (r.id.as_str(), r)).collect())
            .collect();
        let mut seen = std::collections::HashSet::new();
        let all = runs.iter().flat_map(|(_, report)| &report.requirements).filter(|r| seen.insert(r.id.as_str()));
        let specs = words::by_reason(all.map(|r| (Some(r.spec.as_str()), r))).into_iter().map(|(name, of_spec)| {
            let sections = words::by_reason(of_spec.into_iter().map(|r| (Some(r.section.as_str()), r)));
            let rows = sections.into_iter().flat_map(|(_, of_section)| of_section).map(|r| Row {
                id: r.id.clone(),
                section: r.section.clone(),
                link: r.link.clone(),
                level: r.level.clone(),
                text: r.text.clone(),
                cells: results.iter().map(|of_run| of_run.get(r.id.as_str()).map(|r| r.status)).collect(),
            });
            Spec { name: name.to_owned(), rows: rows.collect() }
        });
        Self { columns: runs.iter().map(|(name, report)| Side::of(name, report)).collect(), specs: specs.collect() }
    }

    /// Without the requirements that are the same everywhere.
    pub fn differences(mut self) -> Self {
        self.specs.iter_mut().for_each(|spec| spec.rows.retain(Row::differs));
        self.specs.retain(|spec| !spec.rows.is_empty());
        self
    }

    /// The table in Markdown, as GitHub and GitLab understand it.
    pub fn to_markdown(&self) -> String {
        markdown::render(self)
    }

    /// The table as a page.
    pub fn to_html(&self) -> Result<String, ReportError> {
        html::render(self)
    }
}
