//! The table in Markdown.

use super::{Matrix, Row};
use crate::report::text::short;
use crate::run::event::Status;

/// The longest text of a cell, in characters.
const TEXT: usize = 200;

pub(super) fn render(matrix: &Matrix) -> String {
    let names: Vec<String> = matrix.columns.iter().map(|side| cell(&side.name)).collect();
    let mut lines = vec![row(&["".to_owned()], &names), rule(1 + names.len())];
    let facts = |what: &str, fact: &dyn Fn(&super::Side) -> String| {
        row(&[what.to_owned()], &matrix.columns.iter().map(fact).collect::<Vec<_>>())
    };
    lines.push(facts("target", &|side| format!("{} {}", side.role.name(), cell(&side.url))));
    lines.push(facts("profile", &|side| cell(&side.profile)));
    lines.push(facts("verdict", &|side| format!("**{}**", side.verdict.name())));
    for status in Status::ALL {
        lines.push(facts(status.words(), &|side| side.summary.get(status).to_string()));
    }
    for spec in &matrix.specs {
        lines.push(format!("\n### {}\n", cell(&spec.name)));
        lines.push(row(&["requirement".to_owned(), "level".to_owned()], &names));
        lines.push(rule(2 + names.len()));
        lines.extend(spec.rows.iter().map(requirement));
    }
    lines.join("\n") + "\n"
}

fn requirement(requirement: &Row) -> String {
    let what = format!("{} <br>{}", cell(&requirement.text), cell(&requirement.id));
    let statuses: Vec<String> = requirement.cells.iter().map(|status| said(*status).to_owned()).collect();
    row(&[what, cell(&requirement.level)], &statuses)
}

const fn said(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Satisfied) => "✓ satisfied",
        Some(Status::Violated) => "**✕ violated**",
        Some(Status::Warned) => "! warned",
        Some(Status::NotApplicable) => "not applicable",
        Some(Status::Untested) => "? untested",
        Some(Status::Unobservable) => "unobservable",
        None => "",
    }
}

fn row(first: &[String], rest: &[String]) -> String {
    format!("| {} |", first.iter().chain(rest).map(String::as_str).collect::<Vec<_>>().join(" | "))
}

fn rule(columns: usize) -> String {
    "|---".repeat(columns) + "|"
}

/// Text from elsewhere as text: nothing in it is markup, a link or the end of a cell.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in short(text, TEXT).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // Not a mention, and not a link that is made of a bare address.
            '@' => safe.push_str("&#64;"),
            ':' => safe.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '|' | '~' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
    }
    safe
}
