//! The formats that can be made of a record, also long after the run.

use clap::ValueEnum;

use super::error::ReportError;
use super::record::Report;
use super::terminal::{TerminalOptions, summarize};
use super::{badge, github, html, json, junit, markdown, sarif};

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One page for people.
    Html,
    /// The record itself.
    Json,
    /// A testcase per requirement.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A comment on a pull request.
    Markdown,
    /// The annotations of GitHub Actions.
    Github,
    /// The summary that a run prints.
    Text,
    /// The claim and the verdict in one line, as SVG.
    Badge,
}

impl Format {
    /// The report in this format. It depends on the record alone.
    pub fn render(self, report: &Report) -> Result<String, ReportError> {
        match self {
            Self::Html => html::render(report),
            Self::Json => json::to_text(report),
            Self::Junit => junit::render(report, report.run.strict),
            Self::Sarif => sarif::render(report),
            Self::Markdown => Ok(markdown::render(report, markdown::COMMENT)),
            Self::Github => Ok(github::annotations(report)),
            Self::Text => text(report),
            Self::Badge => Ok(badge::render(report)),
        }
    }
}

fn text(report: &Report) -> Result<String, ReportError> {
    let options = TerminalOptions { strict: report.run.strict, ..TerminalOptions::default() };
    let mut out = Vec::new();
    summarize(&mut out, report, options).map_err(|error| ReportError::render("text", error))?;
    String::from_utf8(out).map_err(|error| ReportError::render("text", error))
}
