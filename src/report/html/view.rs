//! What the template shows: only texts and numbers, every text made harmless.

use std::collections::HashSet;

use serde::Serialize;

use super::message::{ExchangeView, time};
use crate::report::record::{Report, Summary};
use crate::report::{text, words};
use crate::run::event::{CaseStatus, Finding, RequirementResult, Status};

/// How many different findings of a requirement are shown.
const SHOWN: usize = 5;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    verdict: &'static str,
    meaning: String,
    role: &'static str,
    url: String,
    profile: String,
    run: String,
    started_at: String,
    duration: String,
    version: String,
    interrupted: bool,
    counts: Vec<Count>,
    preflight: Vec<Line>,
    preflight_failed: bool,
    internal_errors: Vec<String>,
    notes: Vec<String>,
    violated: Vec<Requirement>,
    warned: Vec<Requirement>,
    accepted: Vec<Accepted>,
    untested: Vec<Reason>,
    specs: Vec<Spec>,
    cases: Vec<Case>,
    exchanges: Vec<(String, String)>,
    exchanges_left_out: usize,
}

/// How many exchanges the list at the end holds.
const LISTED: usize = 500;

#[derive(Serialize)]
struct Count {
    class: &'static str,
    words: &'static str,
    number: usize,
}

#[derive(Serialize)]
struct Line {
    ok: bool,
    name: String,
    message: String,
    advice: Option<String>,
}

#[derive(Serialize)]
struct Requirement {
    id: String,
    spec: String,
    section: String,
    link: Option<String>,
    level: String,
    party: String,
    text: String,
    class: &'static str,
    words: &'static str,
    reason: Option<String>,
    observations: usize,
    findings: Vec<FindingView>,
    more: usize,
}

#[derive(Serialize)]
struct FindingView {
    source: String,
    times: usize,
    expected: String,
    actual: String,
    reproduce: Option<String>,
    exchange: Option<String>,
    /// The exchange, where it is shown for the first time.
    evidence: Option<ExchangeView>,
}

#[derive(Serialize)]
struct Accepted {
    requirement: Requirement,
    times: usize,
    because: String,
    expected: String,
    actual: String,
    exchange: Option<String>,
    evidence: Option<ExchangeView>,
}

#[derive(Serialize)]
struct Reason {
    reason: String,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
struct Spec {
    name: String,
    counts: Vec<Count>,
    sections: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    number: String,
    title: String,
    link: Option<String>,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
struct Case {
    id: String,
    title: String,
    class: &'static str,
    reason: Option<String>,
    duration_ms: String,
}

impl Page {
    pub fn of(report: &Report) -> Self {
        let mut evidence = Evidence { report, shown: HashSet::new() };
        let lines = |texts: &[String]| texts.iter().map(|text| line(text)).collect();
        let violated = report.with_status(Status::Violated).map(|r| evidence.requirement(r)).collect();
        let warned = report.with_status(Status::Warned).map(|r| evidence.requirement(r)).collect();
        let accepted = report.requirements.iter().flat_map(|r| evidence.accepted(r)).collect();
        let untested = report.with_status(Status::Untested).map(|r| (r.reason.as_deref(), r));
        let untested: Vec<Reason> = words::by_reason(untested)
            .into_iter()
            .map(|(reason, requirements)| Reason {
                reason: line(reason),
                requirements: requirements.into_iter().map(|r| evidence.requirement(r)).collect(),
            })
            .collect();
        Self {
            title: line(&format!("{}: {}", report.verdict.name(), report.target.url)),
            verdict: report.verdict.name(),
            meaning: report.meaning(),
            role: report.target.role.name(),
            url: line(&report.target.url),
            profile: line(&report.profile),
            run: line(&report.run.id),
            started_at: time(report.run.started_at),
            duration: format!("{:.1} s", report.run.duration_ms / 1e3),
            version: line(&report.tool.version),
            interrupted: report.run.interrupted,
            counts: counts(&report.summary),
            preflight: report
                .preflight
                .iter()
                .map(|checked| Line {
                    ok: checked.ok,
                    name: line(&checked.name),
                    message: line(&checked.message),
                    advice: checked.advice.as_deref().map(line),
                })
                .collect(),
            preflight_failed: report.preflight_failed(),
            internal_errors: lines(&report.internal_errors),
            notes: lines(&report.notes),
            violated,
            warned,
            accepted,
            untested,
            specs: specs(report),
            cases: report
                .cases
                .iter()
                .map(|case| Case {
                    id: line(&case.id),
                    title: line(&case.title),
                    class: match case.status {
                        CaseStatus::Passed => "passed",
                        CaseStatus::Failed => "failed",
                        CaseStatus::Skipped => "skipped",
                        CaseStatus::Inconclusive => "inconclusive",
                    },
                    reason: case.reason.as_deref().map(line),
                    duration_ms: format!("{:.0}", case.duration_ms),
                })
                .collect(),
            exchanges: report.exchanges.iter().take(LISTED).map(|x| (line(&x.id), x.line())).collect(),
            exchanges_left_out: report.exchanges.len().saturating_sub(LISTED),
        }
    }
}

/// Shows each exchange once, at the first thing that refers to it.
struct Evidence<'a> {
    report: &'a Report,
    shown: HashSet<&'a str>,
}

impl<'a> Evidence<'a> {
    fn of(&mut self, id: Option<&'a str>) -> Option<ExchangeView> {
        let exchange = self.report.exchange(id?)?;
        self.shown.insert(id?).then(|| ExchangeView::of(exchange))
    }

    fn requirement(&mut self, result: &'a RequirementResult) -> Requirement {
        let groups = words::grouped(&result.findings);
        let findings = groups.iter().take(SHOWN).map(|(finding, times)| self.finding(finding, *times)).collect();
        Requirement { findings, more: groups.len().saturating_sub(SHOWN), ..Requirement::plain(result) }
    }

    fn finding(&mut self, finding: &'a Finding, times: usize) -> FindingView {
        FindingView {
            source: line(&finding.source),
            times,
            expected: line(&finding.expected),
            actual: line(&finding.actual),
            reproduce: finding.reproduce.as_deref().map(line),
            exchange: finding.exchange.as_deref().map(line),
            evidence: self.of(finding.exchange.as_deref()),
        }
    }

    fn accepted(&mut self, result: &'a RequirementResult) -> Vec<Accepted> {
        words::grouped_leniencies(&result.accepted)
            .into_iter()
            .map(|(leniency, times)| Accepted {
                requirement: Requirement::plain(result),
                times,
                because: line(&leniency.because),
                expected: line(&leniency.expected),
                actual: line(&leniency.actual),
                exchange: leniency.exchange.as_deref().map(line),
                evidence: self.of(leniency.exchange.as_deref()),
            })
            .collect()
    }
}

impl Requirement {
    /// Without its findings.
    fn plain(result: &RequirementResult) -> Self {
        Self {
            id: line(&result.id),
            spec: line(&result.spec),
            section: line(&result.section),
            link: link(&result.link),
            level: line(&result.level),
            party: line(&result.party),
            text: line(&result.text),
            class: result.status.name(),
            words: result.status.words(),
            reason: result.reason.as_deref().map(line),
            observations: result.observations,
            findings: Vec::new(),
            more: 0,
        }
    }
}

fn specs(report: &Report) -> Vec<Spec> {
    let by_spec = words::by_reason(report.requirements.iter().map(|r| (Some(r.spec.as_str()), r)));
    by_spec
        .into_iter()
        .map(|(name, requirements)| Spec {
            name: line(name),
            counts: counts(&Summary::of(requirements.iter().copied())),
            sections: words::by_reason(requirements.into_iter().map(|r| (Some(r.section.as_str()), r)))
                .into_iter()
                .map(|(number, requirements)| Section {
                    number: line(number),
                    title: requirements.first().map(|first| line(&first.title)).unwrap_or_default(),
                    link: requirements.first().and_then(|first| link(&first.link)),
                    requirements: requirements.into_iter().map(Requirement::plain).collect(),
                })
                .collect(),
        })
        .collect()
}

fn counts(summary: &Summary) -> Vec<Count> {
    let count = |status: Status| Count { class: status.name(), words: status.words(), number: summary.get(status) };
    Status::ALL.map(count).into()
}

fn line(text: &str) -> String {
    text::line(text).into_owned()
}

/// A link, if it leads to the web and nowhere else.
fn link(link: &str) -> Option<String> {
    let url = url::Url::parse(link).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}
