//! The file of known violations: commented TOML, one `[[known]]` for each.

use std::ops::Range;

use jiff::civil::Date;
use toml_edit::{Document, Item, Table, Value};

use super::outcome::BaselineEntry;
use crate::expr::nearest;
use crate::suite::Catalogue;

/// The name of the array of entries.
pub(super) const ENTRIES: &str = "known";

/// The keys of an entry.
const KEYS: [&str; 5] = ["requirement", "case", "reason", "owner", "expires"];

/// Known violations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file, as the operator named it.
    pub file: String,
    /// The entries in the order of the file.
    pub entries: Vec<BaselineEntry>,
}

/// What is wrong with a baseline, and where: `baseline.toml:3:15: there is no requirement ...`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct BaselineError {
    /// The file, as the operator named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was expected, and what is there.
    pub message: String,
    /// What to do about it: ``did you mean `rfc8935/2.2/status-202`?``.
    pub help: Option<String>,
}

impl Baseline {
    /// Reads the text of a baseline. The ids of its entries are those of this catalogue.
    ///
    /// # Errors
    /// The first fault of the file: no TOML, an unknown key or id, a missing or empty value, an entry that stands there twice.
    pub fn parse(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, BaselineError> {
        let reader = Reader { file, text, catalogue };
        let document =
            Document::parse(text).map_err(|error| reader.error(error.span(), error.message().trim_end().to_owned()))?;
        let mut entries: Vec<BaselineEntry> = Vec::new();
        for (key, item) in document.as_table() {
            if key != ENTRIES {
                let span = document.as_table().key(key).and_then(toml_edit::Key::span);
                return Err(reader.unknown(span, "key", key, [ENTRIES].into_iter()));
            }
            for table in reader.tables(item)? {
                let entry = reader.entry(table)?;
                let is_same =
                    |other: &&BaselineEntry| other.requirement == entry.requirement && other.case == entry.case;
                if let Some(first) = entries.iter().find(is_same) {
                    let said = format!("{} has an entry already, in line {}", entry.name(), first.line);
                    return Err(reader.error(table.span(), said));
                }
                entries.push(entry);
            }
        }
        Ok(Self { file: file.to_owned(), entries })
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    catalogue: &'a Catalogue,
}

impl Reader<'_> {
    fn tables<'i>(&self, item: &'i Item) -> Result<Vec<&'i Table>, BaselineError> {
        match item {
            Item::ArrayOfTables(tables) => Ok(tables.iter().collect()),
            Item::Value(Value::Array(array)) if array.is_empty() => Ok(Vec::new()),
            other => Err(self.error(other.span(), format!("expected [[{ENTRIES}]], got {}", other.type_name()))),
        }
    }

    fn entry(&self, table: &Table) -> Result<BaselineEntry, BaselineError> {
        for (key, _) in table {
            if !KEYS.contains(&key) {
                let span = table.key(key).and_then(toml_edit::Key::span);
                return Err(self.unknown(span, "key", key, KEYS.into_iter()));
            }
        }
        let written = self.text_of(table, "requirement")?;
        let index = self.catalogue.index_of(written).ok_or_else(|| {
            let known = self.catalogue.requirements.iter().map(|requirement| requirement.id.as_str());
            self.unknown(table["requirement"].span(), "requirement", written, known)
        })?;
        let case = table.contains_key("case").then(|| self.case_of(table)).transpose()?;
        Ok(BaselineEntry {
            // A renamed requirement keeps its old id as an alias; results have the new one.
            requirement: self.catalogue.requirements[index].id.clone(),
            case,
            reason: self.text_of(table, "reason")?.to_owned(),
            owner: self.text_of(table, "owner")?.to_owned(),
            expires: self.date_of(table, "expires")?,
            line: self.place(table.span()).0,
        })
    }

    fn case_of(&self, table: &Table) -> Result<String, BaselineError> {
        let written = self.text_of(table, "case")?;
        let cases = || self.catalogue.cases.iter().map(|case| case.id.as_str());
        let rules = || self.catalogue.rules.iter().map(|rule| rule.id.as_str());
        if cases().chain(rules()).any(|id| id == written) {
            return Ok(written.to_owned());
        }
        Err(self.unknown(table["case"].span(), "case or rule", written, cases().chain(rules())))
    }

    fn text_of<'t>(&self, table: &'t Table, key: &str) -> Result<&'t str, BaselineError> {
        let item = self.item(table, key)?;
        match item.as_str().map(str::trim) {
            Some("") => Err(self.error(item.span(), format!("`{key}` is empty"))),
            Some(text) => Ok(text),
            None => Err(self.error(item.span(), format!("`{key}`: expected a string, got {}", item.type_name()))),
        }
    }

    fn date_of(&self, table: &Table, key: &str) -> Result<Date, BaselineError> {
        let item = self.item(table, key)?;
        let written = item.as_datetime().filter(|written| written.time.is_none()).and_then(|written| written.date);
        let date = match (written, item.as_str()) {
            (Some(date), _) => Date::new(date.year as i16, date.month as i8, date.day as i8).ok(),
            (None, Some(text)) => text.trim().parse().ok(),
            (None, None) => None,
        };
        date.ok_or_else(|| self.error(item.span(), format!("`{key}`: expected a day such as 2026-12-31")))
    }

    fn item<'t>(&self, table: &'t Table, key: &str) -> Result<&'t Item, BaselineError> {
        table.get(key).ok_or_else(|| {
            let span = table.span();
            self.error(
                span,
                format!(
                    "`{key}` is missing: an entry has a requirement, a reason, an owner and the day on which it expires"
                ),
            )
        })
    }

    fn unknown<'k>(
        &self,
        span: Option<Range<usize>>,
        what: &str,
        written: &str,
        known: impl Iterator<Item = &'k str>,
    ) -> BaselineError {
        let help = nearest(written, known).map(|near| format!("did you mean `{near}`?"));
        BaselineError { help, ..self.error(span, format!("there is no {what} `{}`", written.escape_debug())) }
    }

    fn error(&self, span: Option<Range<usize>>, message: String) -> BaselineError {
        let (line, column) = self.place(span);
        BaselineError { file: self.file.to_owned(), line, column, message, help: None }
    }

    fn place(&self, span: Option<Range<usize>>) -> (usize, usize) {
        place(self.text, span.map_or(0, |span| span.start))
    }
}

/// Line and column, both from 1.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}
