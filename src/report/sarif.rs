//! SARIF 2.1.0, for code scanning: a result per broken requirement, at the line of the configuration that names the target.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::error::ReportError;
use super::record::Report;
use super::{text, words};
use crate::run::baseline::BaselineEntry;
use crate::run::event::{RequirementResult, Status};

/// Where results stand if all was on the command line: GitHub refuses those without a place.
const NO_CONFIG: (&str, usize) = ("setspec.toml", 1);

/// The longest text, in characters: GitHub takes 1,024 in a description of a rule.
const TEXT: usize = 1_000;

/// The longest value in a message, in characters.
const VALUE: usize = 400;

/// The rules on the baseline itself: id and what it says.
const STALE: (&str, &str) =
    ("setspec/baseline/stale", "An entry of the baseline no longer fails and has to be removed.");
const EXPIRED: (&str, &str) = ("setspec/baseline/expired", "The day of an entry of the baseline has passed.");

/// The report as SARIF.
pub fn render(report: &Report) -> Result<String, ReportError> {
    let broken = |result: &&RequirementResult| matches!(result.status, Status::Violated | Status::Warned);
    let broken: Vec<&RequirementResult> = report.requirements.iter().filter(broken).collect();
    let baseline = report.baseline.as_ref();
    let stale = baseline.into_iter().flat_map(|baseline| &baseline.stale).map(|entry| (STALE, entry));
    let expired = baseline.into_iter().flat_map(|baseline| &baseline.expired).map(|entry| (EXPIRED, entry));
    let entries: Vec<((&str, &str), &BaselineEntry)> = stale.chain(expired).collect();
    let mut rules: Vec<Value> = broken.iter().map(|requirement| rule(report, requirement)).collect();
    let mut results: Vec<Value> =
        broken.iter().enumerate().map(|(index, requirement)| result(report, requirement, index)).collect();
    for (id, said) in [STALE, EXPIRED] {
        let of_it: Vec<&BaselineEntry> =
            entries.iter().filter(|(rule, _)| rule.0 == id).map(|(_, entry)| *entry).collect();
        if of_it.is_empty() {
            continue;
        }
        let index = rules.len();
        rules.push(json!({
            "id": id,
            "shortDescription": { "text": said },
            "fullDescription": { "text": said },
            "help": { "text": said },
            "defaultConfiguration": { "level": "error" },
        }));
        let file = baseline.map_or_else(|| NO_CONFIG.0.to_owned(), |baseline| report.in_repository(&baseline.file));
        results.extend(of_it.into_iter().map(|entry| {
            let message = format!("{} {}: {}", said, entry.name(), entry.words());
            json!({
                "ruleId": id,
                "ruleIndex": index,
                "level": "error",
                "message": { "text": message_text(&message) },
                "locations": [location(&file, entry.line)],
                "partialFingerprints": { "primaryLocationLineHash": fingerprint(&[id, &entry.name()]) },
            })
        }));
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "setspec",
                "version": text::short(&report.tool.version, 100),
                "rules": rules,
            }},
            // Runs against several targets of one repository do not replace each other.
            "automationDetails": { "id": format!("setspec/{}/{}/", report.target.role.name(), text::short(&report.profile, 100)) },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(report)],
            "results": results,
            "properties": { "verdict": report.verdict.name(), "target": text::short(&report.target.url, TEXT) },
        }],
    });
    let shown = serde_json::to_string_pretty(&log).map_err(|error| ReportError::render("SARIF", error))?;
    Ok(shown + "\n")
}

fn rule(report: &Report, requirement: &RequirementResult) -> Value {
    let said = text::short(&requirement.text, TEXT);
    let place = format!("{} section {} {}", requirement.spec, requirement.section, requirement.title);
    let mut rule = json!({
        "id": text::short(&requirement.id, 255),
        "shortDescription": { "text": said },
        "fullDescription": { "text": said },
        "help": { "text": text::short(&format!("{}: {} ({place})", requirement.level, requirement.text), TEXT) },
        "defaultConfiguration": { "level": level(report, requirement) },
        "properties": {
            "tags": [text::short(&requirement.spec, 100), text::short(&requirement.level, 100), text::short(&requirement.party, 100)],
            "precision": "very-high",
            "problem.severity": level(report, requirement),
        },
    });
    if let Some(link) = words::web_link(&requirement.link) {
        rule["helpUri"] = json!(link);
    }
    rule
}

fn result(report: &Report, requirement: &RequirementResult, index: usize) -> Value {
    let message = format!("{} {}", text::short(&requirement.text, VALUE), words::first_breach(requirement, VALUE));
    let (file, line) = report.place().unwrap_or_else(|| (NO_CONFIG.0.to_owned(), NO_CONFIG.1));
    let mut result = json!({
        "ruleId": text::short(&requirement.id, 255),
        "ruleIndex": index,
        "level": level(report, requirement),
        "message": { "text": message_text(&message) },
        "locations": [location(&file, line)],
        // The same requirement of the same target is the same alert, wherever its line moves.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint(&[&requirement.id, &report.target.url]) },
        "occurrenceCount": requirement.findings.len().max(1),
    });
    if requirement.is_known() {
        let words: Vec<String> = requirement.known_by.iter().map(BaselineEntry::words).collect();
        let why = text::short(&words.join("; "), TEXT);
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    }
    result
}

fn level(report: &Report, requirement: &RequirementResult) -> &'static str {
    let counts = requirement.status == Status::Violated || report.run.strict;
    if counts { "error" } else { "warning" }
}

/// How the run went, apart from what it found.
fn invocation(report: &Report) -> Value {
    let preflight =
        report.preflight.iter().filter(|line| !line.ok).map(|line| format!("{}: {}", line.name, line.message));
    let said: Vec<Value> = report
        .internal_errors
        .iter()
        .cloned()
        .chain(preflight)
        .take(100)
        .map(|said| json!({ "level": "error", "message": { "text": message_text(&text::short(&said, TEXT)) } }))
        .collect();
    json!({ "executionSuccessful": said.is_empty() && !report.run.interrupted, "toolExecutionNotifications": said })
}

fn location(file: &str, line: usize) -> Value {
    let file = file.replace('\\', "/");
    let artifact = match file.strip_prefix('/') {
        Some(absolute) => json!({ "uri": format!("file:///{}", encoded(absolute)) }),
        None => json!({ "uri": encoded(file.trim_start_matches("./")), "uriBaseId": "%SRCROOT%" }),
    };
    json!({ "physicalLocation": { "artifactLocation": artifact, "region": { "startLine": line.max(1) } } })
}

/// A path as part of a URI (RFC 3986 section 3.3).
fn encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(byte).collect()
}

/// A message in which nothing is a link: brackets stand for themselves (SARIF 2.1.0 section 3.11.6).
fn message_text(text: &str) -> String {
    let mut shown = String::new();
    for c in text::line(text).chars() {
        if "\\[]".contains(c) {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}

fn fingerprint(parts: &[&str]) -> String {
    let hash = digest(&SHA256, parts.join("\n").as_bytes());
    let hex: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}:1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn places_are_uris() {
        let place = |file: &str| location(file, 0)["physicalLocation"].clone();
        assert_eq!(place("./ci/set spec.toml")["artifactLocation"]["uri"], "ci/set%20spec.toml");
        assert_eq!(place("ci\\a.toml")["artifactLocation"]["uri"], "ci/a.toml");
        assert_eq!(place("/etc/a.toml")["artifactLocation"]["uri"], "file:///etc/a.toml");
        assert_eq!(place("a")["region"]["startLine"], 1);
    }

    #[test]
    fn a_message_has_no_links() {
        assert_eq!(message_text("[click](https://evil.example) \\"), r"\[click\](https://evil.example) \\");
    }

    #[test]
    fn alerts_are_the_same_from_run_to_run_and_differ_by_requirement() {
        let prints = |report: &Report| -> Vec<String> {
            let log: Value = serde_json::from_str(&render(report).expect("renders")).expect("JSON");
            let results = log["runs"][0]["results"].as_array().expect("results").clone();
            results.iter().map(|result| result["partialFingerprints"].to_string()).collect()
        };
        let first = testing::report();
        let mut second = testing::report();
        second.run.id = "another".to_owned();
        assert_eq!(prints(&first), prints(&second));
        let all: std::collections::BTreeSet<String> = prints(&first).into_iter().collect();
        assert_eq!(all.len(), 2);
    }
}
