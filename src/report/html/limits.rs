//! How much a page shows: a full run stays under 2 MB, whatever the target sent. The record holds the rest.

use serde::Serialize;

use super::requirement::Requirement;
use crate::report::record::Report;
use crate::report::text;
use crate::run::event::{RequirementResult, Status};

/// How many different findings of a requirement are shown.
pub(super) const FINDINGS: usize = 5;

/// How many exchanges the list at the end holds.
pub(super) const LISTED: usize = 500;

/// The longest body, in characters.
pub(super) const BODY: usize = 4_000;

/// The longest value of a header field, in characters.
pub(super) const FIELD: usize = 400;

/// How many header fields of a message are shown.
pub(super) const FIELDS: usize = 40;

/// How many lines of a decoded SET are shown, and how long one may be.
pub(super) const LINES: usize = 150;
pub(super) const LINE: usize = 1_000;

/// The longest expected or actual value, in characters; and where no more than a glance at it is shown.
pub(super) const VALUE: usize = 1_500;
pub(super) const GLANCE: usize = 80;

/// The longest text of our own, such as a reason, which may name what the target sent.
pub(super) const WORDS: usize = 600;

/// What a page may come to, in bytes, with something to spare for its frame.
const PAGE: usize = 1_850_000;

/// What evidence may come to at least, however much there is besides.
const LEAST: usize = 50_000;

/// About what the markup of a requirement, a case or a listed exchange adds to its texts.
const MARKUP: usize = 250;

/// What is left for evidence.
pub(super) struct Budget {
    exchanges: usize,
    findings: usize,
}

impl Budget {
    /// What a page of this report leaves after everything that it shows in any case.
    pub fn of(report: &Report) -> Self {
        let requirement = |result: &RequirementResult| {
            let row = weight(&Requirement::row(result)) + MARKUP;
            match result.status {
                Status::Violated | Status::Warned => 3 * row,
                Status::Untested => 2 * row,
                _ => row,
            }
        };
        let cases = report.cases.iter().map(|case| weight(case) + MARKUP);
        let exchanges = report.exchanges.iter().take(LISTED).map(|exchange| weight(&exchange.line()) + MARKUP);
        let taken: usize = report.requirements.iter().map(requirement).chain(cases).chain(exchanges).sum();
        let left = PAGE.saturating_sub(taken).max(LEAST);
        Self { exchanges: left / 10 * 7, findings: left / 10 * 3 }
    }

    /// Whether there is room for this exchange, which is taken then.
    pub fn exchange(&mut self, shown: &impl Serialize) -> bool {
        take(&mut self.exchanges, weight(shown))
    }

    /// Whether there is room for this finding, which is taken then. Its values are shown twice.
    pub fn finding(&mut self, shown: &impl Serialize) -> bool {
        take(&mut self.findings, 2 * weight(shown) + MARKUP)
    }
}

fn take(left: &mut usize, weight: usize) -> bool {
    let fits = weight <= *left;
    if fits {
        *left -= weight;
    }
    fits
}

/// About what something comes to as HTML: its names stand for the markup, and escapes are longer than what they escape.
fn weight(shown: &impl Serialize) -> usize {
    let text = serde_json::to_string(shown).unwrap_or_default();
    let escaped = text.bytes().filter(|byte| b"<>&\"'/".contains(byte)).count();
    text.len() + 5 * escaped
}

/// One line of at most about `max` characters.
pub(super) fn line(text: &str, max: usize) -> String {
    text::short(text, max)
}

/// Several lines of at most about `max` characters.
pub(super) fn block(text: &str, max: usize) -> String {
    text::block(&text::cut(text, max)).into_owned()
}
