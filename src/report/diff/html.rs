//! The comparison as a page.

use serde::Serialize;

use super::change::words;
use super::{Change, Diff, Kind};
use crate::report::error::ReportError;
use crate::report::html::page::{self, Card};
use crate::report::html::{Span, link, spoken};
use crate::report::text::short;

/// The longest text of a change, in characters.
const TEXT: usize = 600;

#[derive(Serialize)]
struct View {
    worse: bool,
    sum: String,
    runs: [Card; 2],
    notes: Vec<String>,
    same: usize,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    id: &'static str,
    title: &'static str,
    /// The colour of the kind.
    class: &'static str,
    changes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    place: String,
    link: Option<String>,
    level: String,
    text: String,
    old: Cell,
    new: Cell,
    known: bool,
    reason: Option<String>,
    expected: Option<Vec<Span>>,
    actual: Option<Vec<Span>>,
    reproduce: Option<String>,
}

#[derive(Serialize)]
struct Cell {
    class: &'static str,
    words: &'static str,
}

pub(super) fn render(diff: &Diff) -> Result<String, ReportError> {
    let groups = Kind::ALL.into_iter().map(|kind| Group {
        id: id(kind),
        title: kind.words(),
        class: class(kind),
        changes: diff.of_kind(kind).map(row).collect(),
    });
    let view = View {
        worse: diff.worse,
        sum: diff.sum(),
        runs: [&diff.old, &diff.new].map(Card::of),
        notes: diff.notes.clone(),
        same: diff.same,
        groups: groups.filter(|group| !group.changes.is_empty()).collect(),
    };
    let title = format!("setspec: {} and {}", short(&diff.old.run, 80), short(&diff.new.run, 80));
    page::render("diff.html", &title, &view)
}

fn row(change: &Change) -> Row {
    let text = |text: &str| short(text, TEXT);
    let cell = |status: Option<crate::run::event::Status>| Cell {
        class: status.map_or("absent", crate::run::event::Status::name),
        words: words(status),
    };
    let finding = change.finding.as_ref();
    Row {
        id: text(&change.id),
        place: text(&format!("{} section {}", change.spec, change.section)),
        link: link(&change.link),
        level: text(&change.level),
        text: text(&change.text),
        old: cell(change.old),
        new: cell(change.new),
        known: change.known,
        reason: change.reason.as_deref().map(text),
        expected: finding.map(|finding| spoken(&text(&finding.expected))),
        actual: finding.map(|finding| spoken(&text(&finding.actual))),
        reproduce: finding.and_then(|finding| finding.reproduce.as_deref().map(text)),
    }
}

const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::NewlyViolated => "violated",
        Kind::NewlyWarned => "warned",
        Kind::NewlySatisfied => "satisfied",
        Kind::NewlyUntested | Kind::Changed | Kind::Appeared | Kind::Disappeared => "untested",
    }
}

const fn id(kind: Kind) -> &'static str {
    match kind {
        Kind::NewlyViolated => "newly-violated",
        Kind::NewlyWarned => "newly-warned",
        Kind::NewlyUntested => "newly-untested",
        Kind::NewlySatisfied => "newly-satisfied",
        Kind::Changed => "changed",
        Kind::Appeared => "appeared",
        Kind::Disappeared => "disappeared",
    }
}
