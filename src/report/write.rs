//! The folder of a run: `<reports>/<run id>/`, and `latest`, which names the newest.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReportError;
use super::record::Report;
use super::{html, json, junit, markdown, sarif};

/// The name that stands for the newest run.
pub const LATEST: &str = "latest";

/// Where reports go.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// The folder of all runs.
    pub dir: PathBuf,
    /// A further copy of `junit.xml`.
    pub junit: Option<PathBuf>,
    /// Where SARIF is written, if it is wanted.
    pub sarif: Option<PathBuf>,
    /// Where Markdown is written, if it is wanted.
    pub markdown: Option<PathBuf>,
    /// Whether warnings fail in JUnit.
    pub strict: bool,
}

/// Where reports went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The folder of this run.
    pub folder: PathBuf,
}

/// Writes `report.json`, `junit.xml` and `report.html` to the folder of the run, and points `latest` at it; the formats
/// that are wanted elsewhere too.
///
/// The record comes first, and one format that fails does not keep the others from being written.
pub fn write_all(report: &Report, options: &WriteOptions) -> Result<Written, ReportError> {
    let written = write_folder(report, options);
    let copies = write_copies(report, options);
    written.and_then(|written| copies.map(|()| written))
}

fn write_folder(report: &Report, options: &WriteOptions) -> Result<Written, ReportError> {
    let id = checked_id(&report.run.id)?;
    let folder = options.dir.join(id);
    fs::create_dir_all(&folder).map_err(ReportError::io(&folder, "create the folder"))?;
    let formats = [
        json::write(report, &folder.join("report.json")),
        junit::render(report, options.strict).and_then(|xml| put(&folder.join("junit.xml"), &xml)),
        html::render(report).and_then(|page| put(&folder.join("report.html"), &page)),
        point(&options.dir, id),
    ];
    formats.into_iter().collect::<Result<(), _>>()?;
    Ok(Written { folder })
}

/// Writes the formats that are wanted outside the folder of the run.
pub fn write_copies(report: &Report, options: &WriteOptions) -> Result<(), ReportError> {
    let formats = [
        copy(options.junit.as_deref(), || junit::render(report, options.strict)),
        copy(options.sarif.as_deref(), || sarif::render(report)),
        copy(options.markdown.as_deref(), || Ok(markdown::render(report, markdown::COMMENT))),
    ];
    formats.into_iter().collect()
}

/// Writes a text to a file that the operator named, and the folders above it.
pub fn put_named(path: &Path, text: &str) -> Result<(), ReportError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(ReportError::io(parent, "create the folder"))?;
    }
    put(path, text)
}

fn copy(path: Option<&Path>, text: impl FnOnce() -> Result<String, ReportError>) -> Result<(), ReportError> {
    path.map_or(Ok(()), |path| put_named(path, &text()?))
}

/// Creates the folder of reports and checks that a file can be written there.
pub fn probe(dir: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(dir).map_err(ReportError::io(dir, "create the folder"))?;
    let file = dir.join(format!(".probe-{}", std::process::id()));
    fs::write(&file, b"").map_err(ReportError::io(&file, "write"))?;
    fs::remove_file(&file).map_err(ReportError::io(&file, "remove the probe"))
}

fn put(path: &Path, text: &str) -> Result<(), ReportError> {
    fs::write(path, text).map_err(ReportError::io(path, "write"))
}

/// A record can come from elsewhere, so its id is not taken for a path.
fn checked_id(id: &str) -> Result<&str, ReportError> {
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if plain && !id.is_empty() && !id.starts_with('.') && id.len() <= 200 && id != LATEST {
        Ok(id)
    } else {
        Err(ReportError::RunId { got: super::text::cut(id, 60).into_owned() })
    }
}

/// Replaces `latest` in one step, so that a reader sees the old run or the new one.
fn point(dir: &Path, id: &str) -> Result<(), ReportError> {
    let latest = dir.join(LATEST);
    let fresh = dir.join(format!(".{LATEST}-{}-{id}", std::process::id()));
    // Left behind by a process that died; where there is none there is nothing to remove.
    let _ = fs::remove_file(&fresh);
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(id, &fresh);
    #[cfg(not(unix))]
    let made = fs::write(&fresh, id);
    made.map_err(ReportError::io(&fresh, "create the pointer to the newest run"))?;
    fs::rename(&fresh, &latest).map_err(|error| {
        let _ = fs::remove_file(&fresh);
        ReportError::io(&latest, "point at the newest run")(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn options(dir: &Path) -> WriteOptions {
        WriteOptions { dir: dir.to_owned(), junit: Some(dir.join("ci/junit.xml")), ..WriteOptions::default() }
    }

    #[test]
    fn everything_is_written_and_latest_follows() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(&folder.path().join("new/reports"));
        let mut report = testing::report();
        for id in ["run-1", "run-2"] {
            report.run.id = id.to_owned();
            let written = write_all(&report, &options).expect("written");
            for name in ["report.json", "junit.xml", "report.html"] {
                assert!(written.folder.join(name).is_file(), "{name}");
            }
            #[cfg(unix)]
            assert_eq!(fs::read_link(options.dir.join(LATEST)).expect("a link"), Path::new(id));
        }
        assert!(options.dir.join("ci/junit.xml").is_file());
        let left: Vec<_> = fs::read_dir(&options.dir).expect("a folder").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left.len(), 4, "{left:?}");
    }

    #[test]
    fn an_id_from_elsewhere_is_no_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut report = testing::report();
        for id in ["../../escape", "", ".", "..", ".hidden", "latest", "a/b", "a\\b", "a\0b"] {
            report.run.id = id.to_owned();
            let error = write_all(&report, &options(folder.path())).expect_err("refused");
            assert!(error.to_string().starts_with("run id: expected letters"), "{error}");
        }
    }

    #[test]
    fn what_stands_in_the_way_is_named_and_the_record_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = options(folder.path());
        fs::create_dir(folder.path().join(LATEST)).expect("a folder in the way");
        let report = testing::report();
        let error = write_all(&report, &options).expect_err("latest is a folder").to_string();
        assert!(error.contains("latest: cannot point at the newest run: "), "{error}");
        assert!(folder.path().join(&report.run.id).join("report.html").is_file());

        let file = folder.path().join("file");
        fs::write(&file, "").expect("a file in the way");
        options.dir.clone_from(&file);
        for error in [write_all(&report, &options).map(drop), probe(&file)] {
            assert!(error.expect_err("no folder").to_string().contains("file"));
        }
    }

    #[test]
    fn a_probe_leaves_nothing_but_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("a/b");
        probe(&dir).expect("writable");
        assert_eq!(fs::read_dir(&dir).expect("a folder").count(), 0);
    }
}
