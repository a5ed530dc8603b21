//! Why a report could not be written or read.

use std::io;
use std::path::{Path, PathBuf};

/// Why a report could not be written or read, with the place.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system refused.
    #[error("{}: cannot {action}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, completing "cannot ...".
        action: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// A file that should be a report is none.
    #[error("{}: expected {expected}, got {got}", path.display())]
    NotAReport {
        /// The file.
        path: PathBuf,
        /// What a report has there.
        expected: String,
        /// What was found instead.
        got: String,
    },
    /// A run id that is no name for a folder.
    #[error("run id: expected letters, digits, `-`, `_` and `.` only, got {got:?}")]
    RunId {
        /// The id.
        got: String,
    },
    /// A format could not be made; the fault is ours.
    #[error("{format}: expected a report that can be shown in this format, got {got}")]
    Render {
        /// `JSON`, `JUnit` or `HTML`.
        format: &'static str,
        /// What the library says.
        got: String,
    },
}

impl ReportError {
    /// Makes an error of the file system say where, and what was tried.
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, action, error }
    }

    pub(super) fn render(format: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Render { format, got: error.to_string() }
    }
}
