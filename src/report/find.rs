//! Runs by what people call them: a folder, a file, an id, or `latest`.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReportError;
use super::record::Report;
use super::write::LATEST;
use super::{json, text};

/// The record of a run: `run` is a folder or a `report.json`, or, below the folder `reports`, the id of a run or `latest`.
pub fn read_run(run: &Path, reports: &Path) -> Result<Report, ReportError> {
    json::read(&find(run, reports)?)
}

fn find(run: &Path, reports: &Path) -> Result<PathBuf, ReportError> {
    let of_folder = |folder: &Path| folder.join("report.json");
    if run.is_dir() {
        return Ok(of_folder(run));
    }
    // Where there are no links, `latest` is a file that holds the id.
    let pointed = pointer(run).or_else(|| pointer(&reports.join(run)));
    if let Some(folder) = pointed {
        return Ok(of_folder(&folder));
    }
    if run.is_file() {
        return Ok(run.to_owned());
    }
    let named = reports.join(run);
    if run.components().count() == 1 && named.is_dir() {
        return Ok(of_folder(&named));
    }
    Err(ReportError::NotAReport {
        path: run.to_owned(),
        expected: format!(
            "a folder of a run, a report.json, or the id of a run in {} (or `{LATEST}`)",
            reports.display()
        ),
        got: "nothing of that name".to_owned(),
    })
}

/// The folder to which a file named `latest` points.
fn pointer(path: &Path) -> Option<PathBuf> {
    if path.file_name()? != LATEST || !path.is_file() {
        return None;
    }
    let id = fs::read_to_string(path).ok()?;
    Some(path.with_file_name(text::prefix(id.trim(), 200)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{WriteOptions, testing, write_all};

    #[test]
    fn every_name_of_a_run_leads_to_its_record() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("reports");
        let options = WriteOptions { dir: dir.clone(), ..WriteOptions::default() };
        let report = testing::report();
        let written = write_all(&report, &options).expect("written");
        let id = Path::new(&report.run.id);
        for run in [&written.folder, &written.folder.join("report.json"), &dir.join(LATEST), Path::new(LATEST), id] {
            assert_eq!(read_run(run, &dir).expect("found"), report, "{}", run.display());
        }
        fs::remove_file(dir.join(LATEST)).expect("removed");
        fs::write(dir.join(LATEST), format!("{}\n", report.run.id)).expect("a pointer without links");
        for run in [Path::new(LATEST), &dir.join(LATEST)] {
            assert_eq!(read_run(run, &dir).expect("found"), report, "{}", run.display());
        }
        for none in ["nowhere", "../reports/nowhere", ""] {
            let error = read_run(Path::new(none), &dir).expect_err("nothing there").to_string();
            assert!(error.contains("got nothing of that name"), "{none}: {error}");
        }
    }
}
