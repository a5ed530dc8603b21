//! The file that fits a record: entries that no longer fail go, new ones come, and everything else stays as it is written.

use jiff::civil::Date;
use toml_edit::{ArrayOfTables, Date as TomlDate, Datetime, DocumentMut, Item, Table, value};

use super::file::{Baseline, BaselineError, ENTRIES};
use super::judge::{Circumstances, sources};
use super::outcome::{BaselineEntry, BaselineOutcome, NewViolation, PLACEHOLDER};
use crate::run::event::RequirementResult;

/// How long a new entry is good for unless another day is given, in days.
pub const USUAL_DAYS: i64 = 90;

/// What stands at the beginning of a new file.
const HEAD: &str = "\
# Known violations. A run with this baseline passes as long as nothing else is broken. An entry that no longer fails is
# stale and fails the run until it is removed; one whose day has passed covers nothing any more.
# `setspec baseline update` removes and adds entries, and leaves the others as they are.
";

/// What new entries say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntries {
    /// Why they are known.
    pub reason: String,
    /// Who looks after them.
    pub owner: String,
    /// The last day on which they cover anything.
    pub expires: Date,
    /// Whether each case has an entry of its own.
    pub per_case: bool,
}

impl NewEntries {
    /// Entries whose reason and owner have still to be filled in.
    pub fn placeholders(today: Date) -> Self {
        Self {
            reason: format!("{PLACEHOLDER}: why is this known and not fixed?"),
            owner: format!("{PLACEHOLDER}: who looks after it?"),
            expires: usual_day(today),
            per_case: false,
        }
    }
}

/// The day on which new entries expire unless another is given.
pub fn usual_day(today: Date) -> Date {
    today.checked_add(jiff::Span::new().days(USUAL_DAYS)).unwrap_or(Date::MAX)
}

/// A new text of the file, and what is different in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The text.
    pub text: String,
    /// What it knows now.
    pub added: Vec<NewViolation>,
    /// What was removed because it no longer fails.
    pub removed: Vec<BaselineEntry>,
    /// What the old text says of the record; its expired entries are left as they are.
    pub outcome: BaselineOutcome,
}

/// The baseline with which a run like this one passes, except for expired entries: their day is for people to change.
///
/// # Errors
/// A fault of the old text.
pub fn update(
    old: &Baseline,
    text: &str,
    results: &[RequirementResult],
    run: Circumstances<'_>,
    new: &NewEntries,
) -> Result<Updated, BaselineError> {
    let mut results = results.to_vec();
    let outcome = old.judge(&mut results, run);
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| BaselineError {
        file: old.file.clone(),
        line: 1,
        column: 1,
        message: error.message().to_owned(),
        help: None,
    })?;
    if text.trim().is_empty() {
        document.set_trailing(HEAD);
    }
    let is_stale = |index: usize| old.entries.get(index).is_some_and(|entry| outcome.stale.contains(entry));
    remove(&mut document, is_stale);
    let added = wanted(&outcome, &results, new.per_case);
    for violation in &added {
        let text = results
            .iter()
            .find(|result| result.id == violation.requirement)
            .map(|result| format!("{}: {}", result.level, result.text));
        push(&mut document, table(violation, new, text.as_deref()));
    }
    Ok(Updated { text: document.to_string(), added, removed: outcome.stale.clone(), outcome })
}

/// One entry for each requirement, or one for each case that broke it.
fn wanted(outcome: &BaselineOutcome, results: &[RequirementResult], per_case: bool) -> Vec<NewViolation> {
    let of = |violation: &NewViolation| -> Vec<NewViolation> {
        let result = results.iter().find(|result| result.id == violation.requirement);
        match result.filter(|_| per_case && violation.case.is_none()) {
            None => vec![violation.clone()],
            Some(result) => {
                let bound = |source: &str| NewViolation { case: Some(source.to_owned()), ..violation.clone() };
                sources(result).into_iter().map(bound).collect()
            }
        }
    };
    outcome.new.iter().flat_map(of).collect()
}

/// The entry of a new violation, ready to paste; `text` is a comment above it.
pub fn entry(violation: &NewViolation, new: &NewEntries, text: Option<&str>) -> String {
    let mut document = DocumentMut::new();
    push(&mut document, table(violation, new, text));
    document.to_string().trim_start().to_owned()
}

fn table(violation: &NewViolation, new: &NewEntries, text: Option<&str>) -> Table {
    let mut table = Table::new();
    // A comment is one line, whatever stands in the record.
    let comment = text.map(|text| {
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("# {}\n", plain.trim())
    });
    table.decor_mut().set_prefix(format!("\n{}", comment.unwrap_or_default()));
    table.insert("requirement", value(violation.requirement.as_str()));
    if let Some(case) = &violation.case {
        table.insert("case", value(case.as_str()));
    }
    table.insert("reason", value(new.reason.as_str()));
    table.insert("owner", value(new.owner.as_str()));
    let (year, month, day) = (new.expires.year(), new.expires.month(), new.expires.day());
    let date = TomlDate { year: year.unsigned_abs(), month: month.unsigned_abs(), day: day.unsigned_abs() };
    table.insert("expires", value(Datetime { date: Some(date), time: None, offset: None }));
    table
}

fn push(document: &mut DocumentMut, mut table: Table) {
    // What stands after the last entry, such as the head of a file without entries, stays before the new one.
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    if !trailing.trim().is_empty() {
        let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
        table.decor_mut().set_prefix(format!("{trailing}{prefix}"));
        document.set_trailing("");
    }
    let item = document.as_table_mut().entry(ENTRIES).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if item.as_array_of_tables().is_none() {
        *item = Item::ArrayOfTables(ArrayOfTables::new());
    }
    if let Some(tables) = item.as_array_of_tables_mut() {
        tables.push(table);
    }
}

/// Removes entries with the comment that stands directly above each; what an empty line sets apart from it stays.
fn remove(document: &mut DocumentMut, is_stale: impl Fn(usize) -> bool) {
    let Some(tables) = document.as_table_mut().get_mut(ENTRIES).and_then(Item::as_array_of_tables_mut) else { return };
    let mut carried = String::new();
    let mut kept = ArrayOfTables::new();
    for (index, table) in tables.iter().enumerate() {
        let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        if is_stale(index) {
            carried.push_str(prefix.rfind("\n\n").map_or("", |end| &prefix[..end + 1]));
            continue;
        }
        let mut table = table.clone();
        if !carried.is_empty() {
            table.decor_mut().set_prefix(format!(
                "{}{}{prefix}",
                carried,
                if prefix.starts_with('\n') { "" } else { "\n" }
            ));
            carried.clear();
        }
        kept.push(table);
    }
    if kept.is_empty() {
        document.as_table_mut().remove(ENTRIES);
    } else {
        *tables = kept;
    }
    if !carried.is_empty() {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(format!("{carried}{trailing}"));
    }
}
