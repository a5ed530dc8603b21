//! The table as a page.

use serde::Serialize;

use super::Matrix;
use crate::report::error::ReportError;
use crate::report::html::link;
use crate::report::html::page::{self, Card};
use crate::report::text::short;
use crate::run::event::Status;

/// The longest text of a cell, in characters.
const TEXT: usize = 400;

#[derive(Serialize)]
struct View {
    columns: Vec<Card>,
    count: usize,
    different: usize,
    specs: Vec<Spec>,
}

#[derive(Serialize)]
struct Spec {
    name: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    section: String,
    link: Option<String>,
    level: String,
    text: String,
    differs: bool,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    class: &'static str,
    words: &'static str,
}

pub(super) fn render(matrix: &Matrix) -> Result<String, ReportError> {
    let rows = || matrix.specs.iter().flat_map(|spec| &spec.rows);
    let specs = matrix
        .specs
        .iter()
        .map(|spec| Spec { name: short(&spec.name, TEXT), rows: spec.rows.iter().map(row).collect() });
    let view = View {
        columns: matrix.columns.iter().map(Card::of).collect(),
        count: rows().count(),
        different: rows().filter(|row| row.differs()).count(),
        specs: specs.collect(),
    };
    page::render("matrix.html", &format!("setspec: {} targets", matrix.columns.len()), &view)
}

fn row(row: &super::Row) -> Row {
    Row {
        id: short(&row.id, TEXT),
        section: short(&row.section, TEXT),
        link: link(&row.link),
        level: short(&row.level, TEXT),
        text: short(&row.text, TEXT),
        differs: row.differs(),
        cells: row
            .cells
            .iter()
            .map(|status| Cell {
                class: status.map_or("absent", Status::name),
                words: status.map_or("not in this run", Status::words),
            })
            .collect(),
    }
}
