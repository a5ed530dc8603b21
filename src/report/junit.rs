//! `junit.xml`: a testcase per requirement, and the run itself as testcases.
//!
//! Parsers read the child elements, not the counters: `failure` is a breach, `error` is what could not be judged,
//! `skipped` is what does not apply, could not be seen, or is known by the baseline. GitLab, Jenkins and the reporters of
//! GitHub agree on names that are unique and on dots that stand between packages only; the elements and attributes are
//! those of the schema by which the xUnit plugin of Jenkins validates.

use std::collections::HashSet;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::error::ReportError;
use super::record::Report;
use super::{text, words};
use crate::run::baseline::{BaselineEntry, BaselineOutcome};
use crate::run::event::{CaseStatus, RequirementResult, Status, Verdict};

/// The classname of what is about the run and not about a requirement.
const RUN: &str = "setspec.run";

/// The classname of what is about the baseline.
const BASELINE: &str = "setspec.baseline";

/// The longest name of a testcase, in characters.
const NAME: usize = 300;

/// The longest attribute, in characters.
const MESSAGE: usize = 500;

/// The longest value in a description, in characters: a target may answer with anything.
const VALUE: usize = 2_000;

/// How many different findings of a requirement are described.
const FINDINGS: usize = 5;

/// The report as JUnit XML; `strict` makes warnings fail.
pub fn render(report: &Report, strict: bool) -> Result<String, ReportError> {
    let mut junit = quick_junit::Report::new("setspec");
    junit.set_time(Duration::try_from_secs_f64(report.run.duration_ms / 1e3).unwrap_or_default());
    junit.add_test_suite(run_suite(report));
    for suite in report.baseline.iter().map(|baseline| baseline_suite(report, baseline)) {
        junit.add_test_suite(suite);
    }
    for (spec, requirements) in words::by_reason(report.requirements.iter().map(|r| (Some(r.spec.as_str()), r))) {
        let mut suite = suite(report, spec);
        for requirement in requirements {
            suite.add_test_case(testcase(report, requirement, strict));
        }
        junit.add_test_suite(suite);
    }
    written(junit)
}

/// The JUnit XML of a run that came to nothing before it began: one testcase, with the reason.
///
/// `kind` is a word for the kind of failure, `message` says what is wrong and `advice` what helps.
pub fn failed(kind: &str, message: &str, advice: Option<&str>) -> Result<String, ReportError> {
    let mut junit = quick_junit::Report::new("setspec");
    let mut suite = TestSuite::new("setspec run");
    let description = format!("{message}\n{}", advice.unwrap_or_default());
    suite.add_test_case(run_case("run", error(kind, message, description.trim_end())));
    junit.add_test_suite(suite);
    written(junit)
}

fn written(mut junit: quick_junit::Report) -> Result<String, ReportError> {
    let mut names = HashSet::new();
    for case in junit.test_suites.iter_mut().flat_map(|suite| &mut suite.test_cases) {
        let name = case.name.to_string();
        let mut number = 1;
        while !names.insert(case.name.to_string()) {
            number += 1;
            case.name = format!("{name} ({number})").into();
        }
    }
    let xml = junit.to_string().map_err(|error| ReportError::render("JUnit", error))?;
    // The schema knows this counter at a suite only. The first one stands at the root, behind a name that is ours.
    Ok(xml.replacen(&format!(" skipped=\"{}\"", junit.skipped), "", 1))
}

fn suite(report: &Report, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(text::short(name, NAME));
    suite.timestamp = report.run.started_at.to_string().parse().ok();
    suite
}

/// The run itself: whether it came to a verdict, and what stood in the way.
fn run_suite(report: &Report) -> TestSuite {
    let mut suite = suite(report, "setspec run");
    for (name, value) in [
        ("target", report.target.url.as_str()),
        ("role", report.target.role.name()),
        ("profile", &report.profile),
        ("verdict", report.verdict.name()),
        ("run", &report.run.id),
        ("setspec", &report.tool.version),
    ] {
        suite.add_property((name, text::short(value, MESSAGE).as_str()));
    }
    let open = report.run.inconclusive || report.run.interrupted || report.verdict == Verdict::Inconclusive;
    let status = if open { error("inconclusive", &report.meaning(), "") } else { TestCaseStatus::success() };
    let mut verdict = run_case("the run comes to a verdict", status);
    verdict.set_system_out(text::line(&format!("{}: {}", report.verdict.name(), report.meaning())));
    suite.add_test_case(verdict);
    for line in report.preflight.iter().filter(|line| !line.ok) {
        let status = error("preflight", &line.message, line.advice.as_deref().unwrap_or_default());
        suite.add_test_case(run_case(&format!("preflight: {}", line.name), status));
    }
    for case in report.cases.iter().filter(|case| case.status == CaseStatus::Inconclusive) {
        let reason = case.reason.as_deref().unwrap_or("the case came to nothing");
        let status = error("inconclusive", reason, &case.title);
        suite.add_test_case(run_case(&format!("case: {}", case.id), status));
    }
    for (number, message) in report.internal_errors.iter().enumerate() {
        let status = error("internal", message, "The fault is in setspec, not in the target.");
        suite.add_test_case(run_case(&format!("internal error {}", number + 1), status));
    }
    suite
}

/// What is to be done about the baseline: entries that are stale. What is new or expired shows at its requirement.
fn baseline_suite(report: &Report, baseline: &BaselineOutcome) -> TestSuite {
    let mut suite = suite(report, "setspec baseline");
    let held = if baseline.holds {
        TestCaseStatus::success()
    } else {
        ended(NonSuccessKind::Failure, "baseline", &baseline.sentence(), "")
    };
    let mut case = testcase_of(BASELINE, "the baseline holds", held);
    let unseen = baseline.unseen.iter().map(|unseen| format!("{}: {}\n", unseen.entry.name(), unseen.why));
    let out: String = std::iter::once(format!("{}\n", baseline.sentence())).chain(unseen).collect();
    case.set_system_out(text::block(&out));
    suite.add_test_case(case);
    for entry in &baseline.stale {
        let message = format!("line {} of {}: it no longer fails; remove the entry", entry.line, baseline.file);
        let status = ended(NonSuccessKind::Failure, "stale", &message, &text::line(&entry.words()));
        suite.add_test_case(testcase_of(BASELINE, &format!("stale: {}", entry.name()), status));
    }
    suite
}

fn run_case(name: &str, status: TestCaseStatus) -> TestCase {
    testcase_of(RUN, name, status)
}

fn testcase_of(classname: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(text::short(name, NAME), status);
    case.set_classname(classname);
    // Some reporters take a missing time for an error; none of these has a time of its own.
    case.set_time(Duration::ZERO);
    case
}

fn testcase(report: &Report, requirement: &RequirementResult, strict: bool) -> TestCase {
    let reason = requirement.reason.as_deref().unwrap_or_default();
    let status = match requirement.status {
        Status::Satisfied => TestCaseStatus::success(),
        Status::Warned if !strict => TestCaseStatus::success(),
        Status::Violated | Status::Warned if requirement.is_known() => {
            let words: Vec<String> = requirement.known_by.iter().map(BaselineEntry::words).collect();
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_type("known").set_message(text::short(&format!("known: {}", words.join("; ")), MESSAGE));
            skipped.set_description(breach(report, requirement));
            skipped
        }
        Status::Violated | Status::Warned => {
            let first = requirement.findings.first();
            let message = first.map_or_else(
                || requirement.text.clone(),
                |finding| format!("expected {}, got {}", finding.expected, finding.actual),
            );
            ended(NonSuccessKind::Failure, &requirement.level, &message, &breach(report, requirement))
        }
        Status::Untested if stands_open(report, requirement) => error("inconclusive", reason, &requirement.text),
        Status::Untested | Status::NotApplicable | Status::Unobservable => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(text::short(&format!("{}: {reason}", requirement.status.words()), MESSAGE));
            skipped
        }
    };
    let mut case = testcase_of(&classname(requirement), &name(requirement), status);
    let mut out = String::new();
    if requirement.status == Status::Warned && !strict {
        out.push_str(&format!("warning: {}", breach(report, requirement)));
    }
    for (leniency, times) in words::grouped_leniencies(&requirement.accepted) {
        out.push_str(&format!(
            "accepted, not ideal ({}): expected {}, got {}: {}\n",
            words::count(times, "time"),
            text::short(&leniency.expected, VALUE),
            text::short(&leniency.actual, VALUE),
            text::short(&leniency.because, VALUE)
        ));
    }
    if !out.is_empty() {
        case.set_system_out(out);
    }
    case
}

/// Whether a requirement is untested because the run, or a case, came to nothing.
fn stands_open(report: &Report, requirement: &RequirementResult) -> bool {
    let of_a_case =
        report.cases.iter().any(|case| case.status == CaseStatus::Inconclusive && case.reason == requirement.reason);
    report.preflight_failed() || report.run.interrupted || of_a_case
}

fn breach(report: &Report, requirement: &RequirementResult) -> String {
    let mut lines = vec![
        format!("{} {}: {}", requirement.level, requirement.id, requirement.text),
        format!("{} section {} {}", requirement.spec, requirement.section, requirement.link),
    ];
    lines.extend(requirement.reason.iter().map(|reason| format!("note: {reason}")));
    lines.extend(expired(report, requirement));
    let groups = words::grouped(&requirement.findings);
    let more = groups.len().saturating_sub(FINDINGS);
    for (finding, times) in groups.into_iter().take(FINDINGS) {
        lines.push(String::new());
        lines.push(format!("found by {} ({})", finding.source, words::count(times, "time")));
        lines.push(format!("expected: {}", finding.expected));
        lines.push(format!("got: {}", finding.actual));
        if let Some(id) = &finding.exchange {
            let line = report.exchange(id).map(|exchange| exchange.line()).unwrap_or_default();
            lines.push(format!("exchange: {id} {line}"));
        }
        lines.extend(finding.reproduce.iter().map(|command| format!("reproduce: {command}")));
    }
    if more > 0 {
        lines.push(format!("and {more} more, in report.json"));
    }
    lines.iter().map(|line| format!("{}\n", text::short(line, VALUE).trim_end())).collect()
}

/// What the baseline knew of it until its day had passed.
fn expired(report: &Report, requirement: &RequirementResult) -> Vec<String> {
    let entries = report.baseline.iter().flat_map(|baseline| &baseline.expired);
    let of_it = entries.filter(|entry| entry.requirement == requirement.id);
    of_it.map(|entry| format!("known until {}, which has passed: {}", entry.expires, entry.reason)).collect()
}

fn name(requirement: &RequirementResult) -> String {
    text::short(&format!("{}: {}", requirement.id, requirement.text), NAME)
}

/// `setspec.rfc8935.s2_2`: dots stand between packages only.
fn classname(requirement: &RequirementResult) -> String {
    let plain = |text: &str| text::prefix(text, 60).replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let folder = requirement.id.split('/').next().unwrap_or_default();
    // A record from elsewhere may lack either; a package has a name in any case.
    let folder = if folder.is_empty() { "unknown".to_owned() } else { plain(folder) };
    format!("setspec.{folder}.s{}", plain(&requirement.section))
}

fn error(kind: &str, message: &str, description: &str) -> TestCaseStatus {
    ended(NonSuccessKind::Error, kind, message, &text::block(&text::cut(description, VALUE)))
}

fn ended(kind: NonSuccessKind, ty: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(text::line(ty)).set_message(text::short(message, MESSAGE));
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn what_xml_forbids_does_not_come_through() {
        let hostile = "]]>\0\u{8}\x1b[31m\u{b}\u{fffe}\u{ffff}\"'<&>\r\n";
        let report = testing::with_texts(&testing::report(), &|text| format!("{text}{hostile}"));
        for strict in [false, true] {
            let xml = render(&report, strict).expect("renders");
            let forbidden =
                |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
            assert!(!xml.contains(forbidden), "{xml:?}");
            assert!(!xml.contains("]]>"));
            quick_junit::Report::deserialize_from_str(&xml).expect("well-formed");
        }
    }

    #[test]
    fn names_are_unique_and_classnames_plain() {
        let mut report = testing::report();
        report.requirements.extend(report.requirements.clone());
        let xml = render(&report, false).expect("renders");
        let read = quick_junit::Report::deserialize_from_str(&xml).expect("well-formed");
        let mut names = HashSet::new();
        for case in read.test_suites.iter().flat_map(|suite| &suite.test_cases) {
            assert!(names.insert(case.name.to_string()), "{}", case.name.as_str());
            let classname = case.classname.as_ref().expect("a classname").to_string();
            assert!(classname.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_'), "{classname}");
        }
    }

    #[test]
    fn a_failed_preflight_makes_errors_of_what_it_left_untested() {
        let mut report = testing::report_of(&testing::unreachable_events());
        let why = Some("the preflight failed");
        report.requirements = vec![testing::requirement("rfc8935/3/tls", "MUST", "TLS.", Status::Untested, why)];
        let xml = render(&report, false).expect("renders");
        assert_eq!(xml.matches("<error").count(), 3, "{xml}");
    }
}
