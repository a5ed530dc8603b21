//! `junit.xml`: a testcase per requirement, and the run itself as testcases.
//!
//! Parsers read the child elements, not the counters: `failure` is a breach, `error` is what could not be judged,
//! `skipped` is what does not apply or could not be seen.

use std::collections::HashSet;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::error::ReportError;
use super::record::Report;
use super::{text, words};
use crate::run::event::{CaseStatus, RequirementResult, Status, Verdict};

/// The classname of what is about the run and not about a requirement.
const RUN: &str = "setspec.run";

/// The report as JUnit XML; `strict` makes warnings fail.
pub fn render(report: &Report, strict: bool) -> Result<String, ReportError> {
    let mut junit = quick_junit::Report::new("setspec");
    let started = report.run.started_at.to_string();
    junit.timestamp = started.parse().ok();
    junit.set_time(Duration::try_from_secs_f64(report.run.duration_ms / 1e3).unwrap_or_default());
    junit.add_test_suite(run_suite(report));
    let mut names = HashSet::new();
    for (spec, requirements) in words::by_reason(report.requirements.iter().map(|r| (Some(r.spec.as_str()), r))) {
        let mut suite = TestSuite::new(text::line(spec));
        suite.timestamp = junit.timestamp;
        for requirement in requirements {
            let mut case = testcase(report, requirement, strict);
            let mut number = 1;
            while !names.insert(case.name.to_string()) {
                number += 1;
                case.name = format!("{} ({number})", name(requirement)).into();
            }
            suite.add_test_case(case);
        }
        junit.add_test_suite(suite);
    }
    junit.to_string().map_err(|error| ReportError::render("JUnit", error))
}

/// The run itself: whether it came to a verdict, and what stood in the way.
fn run_suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("setspec run");
    suite.timestamp = report.run.started_at.to_string().parse().ok();
    for (name, value) in [
        ("target", report.target.url.as_str()),
        ("role", report.target.role.name()),
        ("profile", &report.profile),
        ("verdict", report.verdict.name()),
        ("run", &report.run.id),
        ("setspec", &report.tool.version),
    ] {
        suite.add_property((name, text::line(value).as_ref()));
    }
    let open = report.run.inconclusive || report.run.interrupted || report.verdict == Verdict::Inconclusive;
    let status = if open { error("inconclusive", &report.meaning(), "") } else { TestCaseStatus::success() };
    let mut verdict = run_case("the run comes to a verdict", status);
    verdict.set_system_out(format!("{}: {}", report.verdict.name(), report.meaning()));
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

fn run_case(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(text::line(name), status);
    case.set_classname(RUN);
    case
}

fn testcase(report: &Report, requirement: &RequirementResult, strict: bool) -> TestCase {
    let reason = requirement.reason.as_deref().unwrap_or_default();
    let status = match requirement.status {
        Status::Satisfied => TestCaseStatus::success(),
        Status::Warned if !strict => TestCaseStatus::success(),
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
            skipped.set_message(format!("{}: {}", requirement.status.words(), text::line(reason)));
            skipped
        }
    };
    let mut case = TestCase::new(name(requirement), status);
    case.set_classname(classname(requirement));
    let mut out = String::new();
    if requirement.status == Status::Warned && !strict {
        out.push_str(&format!("warning: {}", breach(report, requirement)));
    }
    for (leniency, times) in words::grouped_leniencies(&requirement.accepted) {
        out.push_str(&format!(
            "accepted, not ideal ({}): expected {}, got {}: {}\n",
            words::count(times, "time"),
            text::line(&leniency.expected),
            text::line(&leniency.actual),
            text::line(&leniency.because)
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
    for (finding, times) in words::grouped(&requirement.findings) {
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
    lines.iter().map(|line| format!("{}\n", text::line(line).trim_end())).collect()
}

fn name(requirement: &RequirementResult) -> String {
    text::line(&format!("{}: {}", requirement.id, requirement.text)).into_owned()
}

/// `setspec.rfc8935.s2_2`: dots stand between packages only.
fn classname(requirement: &RequirementResult) -> String {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let folder = requirement.id.split('/').next().unwrap_or_default();
    format!("setspec.{}.s{}", plain(folder), plain(&requirement.section))
}

fn error(kind: &str, message: &str, description: &str) -> TestCaseStatus {
    ended(NonSuccessKind::Error, kind, message, &text::block(description))
}

fn ended(kind: NonSuccessKind, ty: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(text::line(ty)).set_message(text::short(message, 500));
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
