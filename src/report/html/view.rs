//! What the template shows: only texts and numbers, every text made harmless.

use serde::Serialize;

use super::limits::{FIELD, LISTED, WORDS, line};
use super::requirement::{Accepted, Evidence, Known, Requirement, is_broken, link};
use super::token::date;
use crate::report::record::{Report, Summary};
use crate::report::words;
use crate::run::baseline::BaselineOutcome;
use crate::run::event::{CaseResult, CaseStatus, RequirementResult, Status, Verdict};

/// The narrowest part of the bar: one violation among hundreds is seen.
const NARROWEST: f64 = 12.0;

/// The levels in the order in which a filter offers them.
const LEVELS: [&str; 5] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"];

#[derive(Serialize)]
pub(super) struct View {
    verdict: &'static str,
    /// The sign of the verdict, as a path within 24 by 24.
    sign: &'static str,
    meaning: String,
    /// Why nothing is concluded, where nothing is.
    because: Option<String>,
    role: &'static str,
    url: String,
    profile: String,
    strict: bool,
    run: String,
    started_at: String,
    duration: String,
    version: String,
    interrupted: bool,
    repeat: Option<String>,
    bar: Vec<Part>,
    counts: Vec<Count>,
    levels: Vec<String>,
    baseline: Option<Baseline>,
    preflight: Vec<Line>,
    preflight_failed: bool,
    internal_errors: Vec<String>,
    notes: Vec<String>,
    violated: Vec<Requirement>,
    warned: Vec<Requirement>,
    known: Vec<Requirement>,
    accepted: Vec<Accepted>,
    untested: Vec<Reason>,
    untested_count: usize,
    specs: Vec<Spec>,
    requirement_count: usize,
    cases: Vec<Case>,
    case_counts: Vec<Count>,
    exchanges: Vec<Listed>,
    exchange_count: usize,
}

#[derive(Serialize)]
struct Count {
    class: &'static str,
    words: &'static str,
    number: usize,
    /// Where on the page they are.
    target: Option<&'static str>,
}

/// A part of the bar of statuses, which is 1000 wide.
#[derive(Serialize)]
struct Part {
    class: &'static str,
    from: String,
    width: String,
}

#[derive(Serialize)]
struct Baseline {
    file: String,
    holds: bool,
    stale: Vec<Known>,
    expired: Vec<Known>,
    unseen: Vec<Known>,
}

#[derive(Serialize)]
struct Line {
    ok: bool,
    name: String,
    message: String,
    advice: Option<String>,
}

#[derive(Serialize)]
struct Reason {
    reason: String,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
struct Spec {
    name: String,
    number: usize,
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
    duration: String,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    line: String,
    elapsed_ms: String,
    shown: bool,
}

impl View {
    pub fn of(report: &Report) -> Self {
        // Counted anew: a summary that comes from elsewhere may say anything.
        let summary = Summary::of(&report.requirements);
        let mut evidence = Evidence::new(report);
        let lines = |texts: &[String]| texts.iter().map(|text| line(text, 2 * WORDS)).collect();
        let mut broken = |wanted: &dyn Fn(&RequirementResult) -> bool| -> Vec<Requirement> {
            report.requirements.iter().filter(|r| is_broken(r) && wanted(r)).map(|r| evidence.requirement(r)).collect()
        };
        let violated = broken(&|r| r.status == Status::Violated && !r.is_known());
        let warned = broken(&|r| r.status == Status::Warned && !r.is_known());
        let known = broken(&RequirementResult::is_known);
        let accepted = report.requirements.iter().flat_map(|r| evidence.accepted(r)).collect();
        let untested = untested(report, &mut evidence);
        Self {
            verdict: report.verdict.name(),
            sign: match report.verdict {
                Verdict::Conformant => "M7 12.6l3.3 3.3L17 9",
                Verdict::Nonconformant => "M8.2 8.2l7.6 7.6M15.8 8.2l-7.6 7.6",
                Verdict::Inconclusive => "M12 6.8v6.4M12 17v.1",
            },
            meaning: report.meaning(),
            because: because(report),
            role: report.target.role.name(),
            url: line(&report.target.url, WORDS),
            profile: line(&report.profile, FIELD),
            strict: report.run.strict,
            run: line(&report.run.id, FIELD),
            started_at: date(report.run.started_at),
            duration: duration(report.run.duration_ms),
            version: line(&report.tool.version, FIELD),
            interrupted: report.run.interrupted,
            repeat: report.run.command.as_deref().map(|command| line(command, 2 * WORDS)),
            bar: bar(&summary),
            counts: counts(&summary).into_iter().map(|count| count.leading(report)).collect(),
            levels: LEVELS
                .into_iter()
                .filter(|level| report.requirements.iter().any(|r| r.level == *level))
                .map(str::to_owned)
                .collect(),
            baseline: report.baseline.as_ref().map(Baseline::of),
            preflight: report
                .preflight
                .iter()
                .map(|checked| Line {
                    ok: checked.ok,
                    name: line(&checked.name, FIELD),
                    message: line(&checked.message, 2 * WORDS),
                    advice: checked.advice.as_deref().map(|advice| line(advice, 2 * WORDS)),
                })
                .collect(),
            preflight_failed: report.preflight_failed(),
            internal_errors: lines(&report.internal_errors),
            notes: lines(&report.notes),
            violated,
            warned,
            known,
            accepted,
            untested,
            untested_count: report.with_status(Status::Untested).count(),
            specs: specs(report),
            requirement_count: report.requirements.len(),
            cases: report.cases.iter().map(Case::of).collect(),
            case_counts: case_counts(&report.cases),
            exchanges: report
                .exchanges
                .iter()
                .take(LISTED)
                .map(|exchange| Listed {
                    id: line(&exchange.id, FIELD),
                    line: exchange.line(),
                    elapsed_ms: format!("{:.1}", exchange.elapsed_ms),
                    shown: evidence.shows(&exchange.id),
                })
                .collect(),
            exchange_count: report.exchanges.len(),
        }
    }
}

impl Count {
    /// With where on the page they are.
    fn leading(self, report: &Report) -> Self {
        let is_new = |status| report.with_status(status).any(|r| !r.is_known());
        let target = match self.class {
            _ if self.number == 0 => None,
            "violated" if is_new(Status::Violated) => Some("violations"),
            "warned" if is_new(Status::Warned) => Some("warnings"),
            "violated" | "warned" => Some("known"),
            "untested" => Some("untested"),
            _ => Some("requirements"),
        };
        Self { target, ..self }
    }
}

impl Baseline {
    fn of(outcome: &BaselineOutcome) -> Self {
        Self {
            file: line(&outcome.file, FIELD),
            holds: outcome.holds,
            stale: outcome.stale.iter().map(Known::of).collect(),
            expired: outcome.expired.iter().map(Known::of).collect(),
            unseen: outcome.unseen.iter().map(|unseen| Known::of(&unseen.entry)).collect(),
        }
    }
}

impl Case {
    fn of(case: &CaseResult) -> Self {
        Self {
            id: line(&case.id, FIELD),
            title: line(&case.title, WORDS),
            class: class(case.status),
            reason: case.reason.as_deref().map(|reason| line(reason, WORDS)),
            duration: duration(case.duration_ms),
        }
    }
}

const fn class(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Passed => "passed",
        CaseStatus::Failed => "failed",
        CaseStatus::Skipped => "skipped",
        CaseStatus::Inconclusive => "inconclusive",
    }
}

/// What kept most cases of an inconclusive run from showing anything, or the line of the preflight that failed.
fn because(report: &Report) -> Option<String> {
    if report.verdict != Verdict::Inconclusive {
        return None;
    }
    if let Some(failed) = report.preflight.iter().find(|line| !line.ok) {
        return Some(line(&format!("{}: {}", failed.name, failed.message), WORDS));
    }
    let inconclusive = report.cases.iter().filter(|case| case.status == CaseStatus::Inconclusive);
    let reasons = words::by_reason(inconclusive.map(|case| (case.reason.as_deref(), case)));
    let (reason, cases) = reasons.into_iter().max_by_key(|(_, cases)| cases.len())?;
    Some(line(&format!("{}: {reason}", words::count(cases.len(), "case")), WORDS))
}

fn untested<'a>(report: &'a Report, evidence: &mut Evidence<'a>) -> Vec<Reason> {
    let untested = report.with_status(Status::Untested).map(|r| (r.reason.as_deref(), r));
    words::by_reason(untested)
        .into_iter()
        .map(|(reason, requirements)| Reason {
            reason: line(reason, 2 * WORDS),
            requirements: requirements.into_iter().map(|r| evidence.requirement(r)).collect(),
        })
        .collect()
}

fn specs(report: &Report) -> Vec<Spec> {
    let by_spec = words::by_reason(report.requirements.iter().map(|r| (Some(r.spec.as_str()), r)));
    by_spec
        .into_iter()
        .map(|(name, requirements)| Spec {
            name: line(name, FIELD),
            number: requirements.len(),
            counts: counts(&Summary::of(requirements.iter().copied())),
            sections: words::by_reason(requirements.into_iter().map(|r| (Some(r.section.as_str()), r)))
                .into_iter()
                .map(|(number, requirements)| Section {
                    number: line(number, FIELD),
                    title: requirements.first().map(|first| line(&first.title, FIELD)).unwrap_or_default(),
                    link: requirements.first().and_then(|first| link(&first.link)),
                    requirements: requirements.into_iter().map(Requirement::row).collect(),
                })
                .collect(),
        })
        .collect()
}

fn counts(summary: &Summary) -> Vec<Count> {
    let count = |status: Status| {
        let number = summary.get(status);
        Count { class: status.name(), words: status.words(), number, target: None }
    };
    Status::ALL.map(count).into()
}

fn case_counts(cases: &[CaseResult]) -> Vec<Count> {
    use CaseStatus::{Failed, Inconclusive, Passed, Skipped};
    let count = |status: CaseStatus| {
        let number = cases.iter().filter(|case| case.status == status).count();
        Count { class: class(status), words: class(status), number, target: None }
    };
    [Failed, Inconclusive, Passed, Skipped].map(count).into()
}

#[expect(clippy::cast_precision_loss, reason = "it is a picture")]
fn bar(summary: &Summary) -> Vec<Part> {
    let all: f64 = Status::ALL.iter().map(|status| summary.get(*status) as f64).sum();
    let mut from = 0.0;
    let mut parts = Vec::new();
    for status in [Status::Violated, Status::Warned, Status::Satisfied] {
        let number = summary.get(status) as f64;
        let width = if number > 0.0 { (1000.0 * number / all).max(NARROWEST).min(1000.0 - from) } else { 0.0 };
        if width > 0.0 {
            parts.push(Part { class: status.name(), from: format!("{from:.2}"), width: format!("{width:.2}") });
        }
        from += width;
    }
    parts
}

/// `3 ms`, `1.2 s`.
fn duration(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1e3) }
}
