//! Where suites and fixtures come from: the binary itself, or folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::error::{SourceText, SuiteError};

static SUITES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/suites");
static FIXTURES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// The deepest folder that is looked into.
const DEEPEST: usize = 8;

/// The files of a house of suites, by path: `suites/rfc8935/2.2-success-response.yaml`, `fixtures/sets/...`.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: BTreeMap<String, SourceText>,
}

impl Sources {
    /// What the binary carries.
    pub fn embedded() -> Self {
        let mut sources = Self::default();
        sources.take(&SUITES, "suites");
        sources.take(&FIXTURES, "fixtures");
        sources
    }

    /// The suites of a folder in place of the embedded ones. A folder `fixtures` beside or in it is added to the
    /// embedded fixtures.
    pub fn replaced_by(dir: &Path) -> Result<Self, SuiteError> {
        let mut sources = Self::default();
        sources.take(&FIXTURES, "fixtures");
        sources.overlay(dir)?;
        Ok(sources)
    }

    /// Adds the files of a folder beside those that are there. A file of the same path replaces the earlier one.
    pub fn overlay(&mut self, dir: &Path) -> Result<(), SuiteError> {
        let inner = dir.join("suites");
        let root = if inner.is_dir() { inner } else { dir.to_path_buf() };
        let beside = root.parent().map(|parent| parent.join("fixtures"));
        for fixtures in [Some(root.join("fixtures")), beside].into_iter().flatten().filter(|path| path.is_dir()) {
            self.read(&fixtures, "fixtures", &[], 0)?;
        }
        self.read(&root, "suites", &["fixtures"], 0)
    }

    fn take(&mut self, dir: &Dir<'static>, prefix: &str) {
        for file in dir.files() {
            if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                let name = format!("{prefix}/{path}");
                self.files.insert(name.clone(), SourceText { name, text: text.into() });
            }
        }
        for inner in dir.dirs() {
            self.take(inner, prefix);
        }
    }

    fn read(&mut self, dir: &Path, prefix: &str, except: &[&str], depth: usize) -> Result<(), SuiteError> {
        let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
            let file = SourceText { name: path.display().to_string(), text: "".into() };
            SuiteError::new(&file, None, format!("cannot be read: {error}"))
        };
        if depth > DEEPEST {
            return Err(unreadable(dir, &format!("more than {DEEPEST} folders deep")));
        }
        let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|error| unreadable(dir, &error))?;
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if name.starts_with('.') || except.contains(&name.as_str()) {
                continue;
            }
            let inner = format!("{prefix}/{name}");
            if path.is_dir() {
                self.read(&path, &inner, &[], depth + 1)?;
            } else if is_text(&name) {
                let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                self.files.insert(inner, SourceText { name: path.display().to_string(), text: text.into() });
            }
        }
        Ok(())
    }

    /// The files below `prefix` whose names end with `.ending`, by path.
    pub(crate) fn below<'a>(
        &'a self,
        prefix: &'a str,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a SourceText)> {
        self.files
            .iter()
            .filter(move |(path, _)| {
                path.starts_with(prefix) && Path::new(path).extension().is_some_and(|e| e == ending)
            })
            .map(|(path, file)| (path.as_str(), file))
    }
}

fn is_text(name: &str) -> bool {
    [".yaml", ".json", ".jwt", ".txt", ".pem"].iter().any(|ending| name.ends_with(ending))
}
