//! Requirements as a page shows them: what became of them, how they were broken, and what was accepted.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::limits::{Budget, FIELD, FINDINGS, GLANCE, VALUE, WORDS, line};
use super::message::ExchangeView;
use crate::report::exchange::ExchangeRecord;
use crate::report::record::Report;
use crate::report::words;
use crate::run::baseline::BaselineEntry;
use crate::run::event::{Finding, RequirementResult};

#[derive(Serialize)]
pub(super) struct Requirement {
    id: String,
    spec: String,
    section: String,
    title: String,
    link: Option<String>,
    pub level: String,
    party: String,
    text: String,
    class: &'static str,
    words: &'static str,
    reason: Option<String>,
    observations: usize,
    /// The entries of the baseline that know of it.
    known: Vec<Known>,
    /// What was expected, and what came.
    glance: Option<(Vec<Span>, Vec<Span>)>,
    findings: Vec<FindingView>,
    /// How many findings that differ are not shown.
    more: usize,
    /// Whether its evidence stands in a list of its own.
    elsewhere: bool,
}

#[derive(Serialize)]
pub(super) struct Known {
    requirement: String,
    case: Option<String>,
    reason: String,
    owner: String,
    expires: String,
    line: usize,
}

#[derive(Serialize)]
struct FindingView {
    source: String,
    times: usize,
    expected: Vec<Span>,
    actual: Vec<Span>,
    reproduce: Option<String>,
    exchange: Option<Reference>,
}

#[derive(Serialize)]
pub(super) struct Accepted {
    pub requirement: Requirement,
    times: usize,
    because: String,
    expected: Vec<Span>,
    actual: Vec<Span>,
    exchange: Option<Reference>,
}

/// A part of what was expected or came: code, or words about it.
#[derive(Serialize, Debug, PartialEq, Eq)]
pub(in crate::report) struct Span {
    code: bool,
    text: String,
}

/// Explanations set code apart by backquotes; where they have none, all is a value.
pub(in crate::report) fn spoken(text: &str) -> Vec<Span> {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len() < 3 || parts.len().is_multiple_of(2) {
        return vec![Span { code: true, text: text.to_owned() }];
    }
    let spans =
        parts.into_iter().enumerate().map(|(number, part)| Span { code: number % 2 == 1, text: part.to_owned() });
    spans.filter(|span| !span.text.is_empty()).collect()
}

/// What refers to an exchange; the exchange itself, where it is shown for the first time.
#[derive(Serialize)]
struct Reference {
    id: String,
    evidence: Option<ExchangeView>,
    /// Whether the page shows it, here or before.
    shown: bool,
    /// What it was, where the page does not show it.
    line: Option<String>,
}

impl Requirement {
    /// Without its findings.
    pub fn plain(result: &RequirementResult) -> Self {
        Self {
            id: line(&result.id, FIELD),
            spec: line(&result.spec, FIELD),
            section: line(&result.section, FIELD),
            title: line(&result.title, FIELD),
            link: link(&result.link),
            level: line(&result.level, FIELD),
            party: line(&result.party, FIELD),
            text: line(&result.text, WORDS),
            class: result.status.name(),
            words: result.status.words(),
            reason: result.reason.as_deref().map(|reason| line(reason, WORDS)),
            observations: result.observations,
            known: result.known_by.iter().take(FINDINGS).map(Known::of).collect(),
            glance: None,
            findings: Vec::new(),
            more: 0,
            elsewhere: false,
        }
    }

    /// A row that leads to where its evidence is shown, if it is.
    pub fn row(result: &RequirementResult) -> Self {
        Self { elsewhere: is_broken(result), ..Self::plain(result) }
    }
}

/// Whether it is among what is broken.
pub(super) fn is_broken(result: &RequirementResult) -> bool {
    use crate::run::event::Status;
    matches!(result.status, Status::Violated | Status::Warned)
}

impl Known {
    pub fn of(entry: &BaselineEntry) -> Self {
        Self {
            requirement: line(&entry.requirement, FIELD),
            case: entry.case.as_deref().map(|case| line(case, FIELD)),
            reason: line(&entry.reason, WORDS),
            owner: line(&entry.owner, FIELD),
            expires: entry.expires.to_string(),
            line: entry.line,
        }
    }
}

/// Shows each exchange once, at the first thing that refers to it, as long as there is room.
pub(super) struct Evidence<'a> {
    exchanges: HashMap<&'a str, &'a ExchangeRecord>,
    began: Timestamp,
    shown: HashSet<&'a str>,
    budget: Budget,
}

impl<'a> Evidence<'a> {
    pub fn new(report: &'a Report) -> Self {
        Self {
            exchanges: report.exchanges.iter().rev().map(|exchange| (exchange.id.as_str(), exchange)).collect(),
            began: report.run.started_at,
            shown: HashSet::new(),
            budget: Budget::of(report),
        }
    }

    /// Whether the exchange with this id is on the page.
    pub fn shows(&self, id: &str) -> bool {
        self.shown.contains(id)
    }

    pub fn requirement(&mut self, result: &'a RequirementResult) -> Requirement {
        let groups = words::grouped(&result.findings);
        let mut findings = Vec::new();
        for (finding, times) in groups.iter().take(FINDINGS) {
            let whole = self.finding(finding, *times);
            if !self.budget.finding(&whole) {
                break;
            }
            findings.push(FindingView { exchange: self.reference(finding.exchange.as_deref()), ..whole });
        }
        let glance = groups.first().map(|(first, _)| {
            let short = |text: &str| spoken(&line(text, GLANCE));
            (short(&first.expected), short(&first.actual))
        });
        let more = groups.len() - findings.len();
        Requirement { glance, findings, more, ..Requirement::plain(result) }
    }

    /// Without the exchange.
    fn finding(&self, finding: &Finding, times: usize) -> FindingView {
        FindingView {
            source: line(&finding.source, FIELD),
            times,
            expected: spoken(&line(&finding.expected, VALUE)),
            actual: spoken(&line(&finding.actual, VALUE)),
            reproduce: finding.reproduce.as_deref().map(|command| line(command, WORDS)),
            exchange: None,
        }
    }

    pub fn accepted(&mut self, result: &'a RequirementResult) -> Vec<Accepted> {
        words::grouped_leniencies(&result.accepted)
            .into_iter()
            .take(FINDINGS)
            .map(|(leniency, times)| Accepted {
                requirement: Requirement::plain(result),
                times,
                because: line(&leniency.because, WORDS),
                expected: spoken(&line(&leniency.expected, WORDS)),
                actual: spoken(&line(&leniency.actual, WORDS)),
                exchange: self.reference(leniency.exchange.as_deref()),
            })
            .collect()
    }

    fn reference(&mut self, id: Option<&'a str>) -> Option<Reference> {
        let id = id?;
        let name = line(id, FIELD);
        if self.shows(id) {
            return Some(Reference { id: name, evidence: None, shown: true, line: None });
        }
        let exchange = self.exchanges.get(id);
        let view = exchange.map(|exchange| ExchangeView::of(exchange, self.began));
        let evidence = view.filter(|view| self.budget.exchange(view));
        let shown = evidence.is_some();
        if shown {
            self.shown.insert(id);
        }
        let said = exchange.filter(|_| !shown).map(|exchange| exchange.line());
        Some(Reference { id: name, evidence, shown, line: said })
    }
}

/// A link, if it leads to the web and nowhere else.
pub(in crate::report) fn link(link: &str) -> Option<String> {
    let url = url::Url::parse(link).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backquotes_set_code_apart() {
        let shown = |text: &str| -> Vec<(bool, String)> {
            spoken(text).into_iter().map(|span| (span.code, span.text)).collect()
        };
        let span = |code: bool, text: &str| (code, text.to_owned());
        assert_eq!(shown("`a.b` to be 202"), [span(true, "a.b"), span(false, " to be 202")]);
        assert_eq!(shown("409"), [span(true, "409")]);
        assert_eq!(shown("an odd ` in a value"), [span(true, "an odd ` in a value")]);
    }
}
