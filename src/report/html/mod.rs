//! `report.html`: the report for people, in one file.
//!
//! It loads nothing, runs nothing, and shows what the target sent as text: the template escapes every value, and a
//! content security policy forbids the rest.

mod message;
mod view;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::error::ReportError;
use super::record::Report;

const TEMPLATE: &str = include_str!("../templates/report.html");

/// The report as one HTML page.
pub fn render(report: &Report) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    // Stated and not left to the file name: on this hangs the safety of the page.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let refused = |error: minijinja::Error| ReportError::render("HTML", format!("{error:#}"));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(refused)?;
    environment.set_syntax(syntax);
    let page = Serde(view::Page::of(report));
    environment.render_named_str("report.html", TEMPLATE, page).map_err(refused)
}

#[cfg(test)]
mod tests;
