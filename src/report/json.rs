//! `report.json`: the record.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::error::ReportError;
use super::record::{FORMAT, Report};
use super::text;

/// The report as text of `report.json`.
pub fn to_text(report: &Report) -> Result<String, ReportError> {
    let text = serde_json::to_string_pretty(report).map_err(|error| ReportError::render("JSON", error))?;
    Ok(text + "\n")
}

/// Writes `report.json`.
pub fn write(report: &Report, path: &Path) -> Result<(), ReportError> {
    fs::write(path, to_text(report)?).map_err(ReportError::io(path, "write the report"))
}

/// No record is larger, in bytes: what the largest run can leave in one is well below.
pub const MAX_SIZE: u64 = 256 << 20;

/// How many of a kind a record has at most. A run of all suites has some hundreds of requirements.
const MAX_REQUIREMENTS: usize = 10_000;
const MAX_FINDINGS: usize = 1_000;
const MAX_CASES: usize = 50_000;
const MAX_EXCHANGES: usize = 50_000;

/// Reads a `report.json`, which may come from elsewhere: it is bounded, and what is wrong with it is located.
pub fn read(path: &Path) -> Result<Report, ReportError> {
    let failed = ReportError::io;
    let file = fs::File::open(path).map_err(failed(path, "read the report"))?;
    let mut text = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut text).map_err(failed(path, "read the report"))?;
    from_text(&text).map_err(|Fault { expected, got }| ReportError::NotAReport { path: path.to_owned(), expected, got })
}

/// What is wrong with a text that should be a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What a report has there.
    pub expected: String,
    /// What was found instead, with the line and column where there is one.
    pub got: String,
}

/// The record that the text of a `report.json` holds.
pub fn from_text(text: &[u8]) -> Result<Report, Fault> {
    let fault = |expected: &str, got: String| Fault { expected: expected.to_owned(), got };
    if text.len() as u64 > MAX_SIZE {
        return Err(fault(&format!("at most {} MiB", MAX_SIZE >> 20), "more".to_owned()));
    }
    // The format comes first: of another version nothing else has to fit.
    let format = format!("format {FORMAT:?}");
    match format_of(text).map_err(|error| fault("JSON", error.to_string()))? {
        Some(found) if found == FORMAT => {}
        Some(found) => return Err(fault(&format, format!("{:?}{}", text::short(&found, 60), newer(&found)))),
        None => return Err(fault(&format, "none".to_owned())),
    }
    let report: Report =
        serde_json::from_slice(text).map_err(|error| fault("the fields of a report", error.to_string()))?;
    let findings = report.requirements.iter().map(|result| result.findings.len().max(result.accepted.len())).max();
    for (what, number, most) in [
        ("requirements", report.requirements.len(), MAX_REQUIREMENTS),
        ("findings of a requirement", findings.unwrap_or(0), MAX_FINDINGS),
        ("cases", report.cases.len(), MAX_CASES),
        ("exchanges", report.exchanges.len(), MAX_EXCHANGES),
    ] {
        if number > most {
            return Err(fault(&format!("at most {most} {what}"), number.to_string()));
        }
    }
    Ok(report)
}

/// What the text says its format is, if it is an object that says so.
fn format_of(text: &[u8]) -> Result<Option<String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        format: serde_json::Value,
    }
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return serde_json::from_slice::<serde::de::IgnoredAny>(text).map(|_| None);
    }
    let head: Head = serde_json::from_slice(text)?;
    Ok(head.format.as_str().map(str::to_owned))
}

/// What to do about a format that is not ours.
fn newer(found: &str) -> &'static str {
    let number = |format: &str| format.strip_prefix("setspec-report/").and_then(|number| number.parse::<u64>().ok());
    match (number(found), number(FORMAT)) {
        (Some(theirs), Some(ours)) if theirs > ours => ", which a newer setspec has written and can read",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn what_is_written_can_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        let report = testing::report();
        write(&report, &path).expect("written");
        assert_eq!(read(&path).expect("read"), report);
    }

    #[test]
    fn another_format_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        for (text, said) in [
            (r#"{"format": "setspec-report/9"}"#, r#"expected format "setspec-report/1", got "setspec-report/9""#),
            (r#"{"format": "setspec-report/9"}"#, "which a newer setspec has written and can read"),
            (r#"{"format": 1}"#, r#"expected format "setspec-report/1", got none"#),
            ("[]", r#"expected format "setspec-report/1", got none"#),
            ("{", "expected JSON, got EOF"),
            (r#"{"format": "setspec-report/1"}"#, "expected the fields of a report, got missing field"),
            ("{\n\"format\": \"setspec-report/1\",\n\"tool\": 5}", "at line 3 column 9"),
        ] {
            fs::write(&path, text).expect("written");
            let error = read(&path).expect_err("no report").to_string();
            assert!(error.contains(said) && error.contains("report.json"), "{error}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let mut value = serde_json::to_value(testing::report()).expect("JSON");
        let case = value["cases"][0].clone();
        value["cases"] = serde_json::Value::Array(vec![case; MAX_CASES + 1]);
        let fault = from_text(value.to_string().as_bytes()).expect_err("too many cases");
        assert_eq!((fault.expected.as_str(), fault.got.as_str()), ("at most 50000 cases", "50001"));
        let deep = format!(r#"{{"format": "setspec-report/1", "tool": {}"#, "[".repeat(1 << 20));
        assert_eq!(from_text(deep.as_bytes()).expect_err("too deep").expected, "JSON");
        let mut value = serde_json::to_value(testing::report()).expect("JSON");
        let deep = (0..500).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
        value["exchanges"][0]["request"]["set"] = serde_json::json!({ "claims": deep });
        let fault = from_text(value.to_string().as_bytes()).expect_err("too deep");
        assert!(fault.got.starts_with("recursion limit exceeded at line 1"), "{}", fault.got);
    }
}
