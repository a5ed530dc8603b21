//! Wording that several formats share.

use crate::run::baseline::BaselineOutcome;
use crate::run::event::{Finding, Leniency, RequirementResult, Verdict};

/// `1 case`, `2 cases`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// What the verdict means, in a sentence or two.
pub fn meaning(
    verdict: Verdict,
    inconclusive: bool,
    interrupted: bool,
    summary: &super::record::Summary,
    baseline: Option<&BaselineOutcome>,
) -> String {
    let said = match (verdict, summary.violated, summary.warned) {
        (Verdict::Conformant, _, 0) => "Nothing that was tested is broken.".to_owned(),
        (Verdict::Conformant, _, warned) => format!(
            "Every MUST that was tested holds; {} {} worth a look.",
            count(warned, "warning"),
            if warned == 1 { "is" } else { "are" }
        ),
        (Verdict::Nonconformant, 0, warned) => {
            format!("{}, and warnings count in this run.", count(warned, "warning"))
        }
        (Verdict::Nonconformant, violated, _) => {
            let verb = if violated == 1 { "is" } else { "are" };
            format!("{} {verb} violated.", count(violated, "requirement"))
        }
        (Verdict::Inconclusive, ..) => {
            "Nothing was judged violated, but not all that applies could be tested. This is no pass.".to_owned()
        }
    };
    let also = inconclusive && verdict == Verdict::Nonconformant;
    let untested = if also { " Besides, not all that applies could be tested." } else { "" };
    let cut_short = if interrupted { " The run was interrupted; this is what ran." } else { "" };
    let known = baseline.map(|baseline| format!(" {}", baseline.sentence())).unwrap_or_default();
    format!("{said}{untested}{cut_short}{known}")
}

/// `POST https://rx.example/events -> 202 Accepted`.
pub fn exchange_line(method: &str, url: &str, answer: Option<(u16, &str)>, failure: Option<&str>) -> String {
    let request = format!("{} {}", super::text::short(method, 20), super::text::short(url, 160));
    let answered = answer.map(|(status, reason)| {
        let reason = super::text::short(reason, 40);
        format!("{status} {reason}").trim_end().to_owned()
    });
    let failed = failure.map(|message| super::text::short(message, 160));
    match (answered, failed) {
        (Some(answer), None) => format!("{request} -> {answer}"),
        (Some(answer), Some(failure)) => format!("{request} -> {answer} ({failure})"),
        (None, Some(failure)) => format!("{request} -> no answer ({failure})"),
        (None, None) => format!("{request} -> no answer"),
    }
}

/// Findings that say the same, each once with how often it was found, in the order of the first.
pub fn grouped(findings: &[Finding]) -> Vec<(&Finding, usize)> {
    group(findings, |a, b| a.expected == b.expected && a.actual == b.actual, |finding| finding.times)
}

/// Leniencies for the same reason, each once with how often it was granted.
pub fn grouped_leniencies(accepted: &[Leniency]) -> Vec<(&Leniency, usize)> {
    group(accepted, |a, b| a.because == b.because, |leniency| leniency.times)
}

fn group<T>(items: &[T], same: impl Fn(&T, &T) -> bool, times: impl Fn(&T) -> usize) -> Vec<(&T, usize)> {
    let mut groups: Vec<(&T, usize)> = Vec::new();
    for item in items {
        match groups.iter_mut().find(|(first, _)| same(first, item)) {
            Some((_, seen)) => *seen = seen.saturating_add(times(item)),
            None => groups.push((item, times(item))),
        }
    }
    groups
}

/// Groups by a reason: each reason once, in the order of the first, with what it stands for.
pub fn by_reason<'a, T>(items: impl IntoIterator<Item = (Option<&'a str>, T)>) -> Vec<(&'a str, Vec<T>)> {
    let mut groups: Vec<(&str, Vec<T>)> = Vec::new();
    for (reason, item) in items {
        let reason = reason.unwrap_or("no reason is given");
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, members)) => members.push(item),
            None => groups.push((reason, vec![item])),
        }
    }
    groups
}

/// The first finding in words: `expected 202, got 200`; the requirement itself where there is none.
pub fn first_breach(requirement: &RequirementResult, longest: usize) -> String {
    requirement.findings.first().map_or_else(
        || super::text::short(&requirement.text, longest),
        |finding| {
            let (expected, actual) = (&finding.expected, &finding.actual);
            format!("expected {}, got {}", super::text::short(expected, longest), super::text::short(actual, longest))
        },
    )
}

/// A relative path with `/` between its parts, whatever the system.
pub fn with_slashes(path: &std::path::Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A link that can be followed from a page: http or https, and nothing that ends or breaks it.
pub fn web_link(link: &str) -> Option<&str> {
    let is_web = link.starts_with("https://") || link.starts_with("http://");
    let plain = |c: char| c.is_ascii_graphic() && !"<>()[]\"'`\\|{}^".contains(c);
    (is_web && link.len() <= 500 && link.chars().all(plain)).then_some(link)
}
