//! `report.json`: the record.

use std::fs;
use std::path::Path;

use super::error::ReportError;
use super::record::{FORMAT, Report};

/// The report as text of `report.json`.
pub fn to_text(report: &Report) -> Result<String, ReportError> {
    let text = serde_json::to_string_pretty(report).map_err(|error| ReportError::render("JSON", error))?;
    Ok(text + "\n")
}

/// Writes `report.json`.
pub fn write(report: &Report, path: &Path) -> Result<(), ReportError> {
    fs::write(path, to_text(report)?).map_err(ReportError::io(path, "write the report"))
}

/// Reads a `report.json`.
pub fn read(path: &Path) -> Result<Report, ReportError> {
    let text = fs::read(path).map_err(ReportError::io(path, "read the report"))?;
    let refused = |expected: &str, got: String| ReportError::NotAReport {
        path: path.to_owned(),
        expected: expected.to_owned(),
        got,
    };
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| refused("JSON", error.to_string()))?;
    // The format comes first: of another version nothing else has to fit.
    match value.get("format").and_then(serde_json::Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => return Err(refused(&format!("format {FORMAT:?}"), format!("{other:?}"))),
        None => return Err(refused(&format!("format {FORMAT:?}"), "none".to_owned())),
    }
    serde_json::from_value(value).map_err(|error| refused("the fields of a report", error.to_string()))
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
            ("[]", r#"expected format "setspec-report/1", got none"#),
            ("{", "expected JSON, got EOF"),
            (r#"{"format": "setspec-report/1"}"#, "expected the fields of a report, got missing field"),
        ] {
            fs::write(&path, text).expect("written");
            let error = read(&path).expect_err("no report").to_string();
            assert!(error.contains(said) && error.contains("report.json"), "{error}");
        }
    }
}
