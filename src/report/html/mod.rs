//! `report.html`: the report for people, in one file.
//!
//! It loads nothing, and shows what the target sent as text: the template escapes every value, and a content security
//! policy forbids every script and style but our own. The script filters and copies; all can be read without it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`page`] | the frame that every page of setspec has |
//! | [`view`] | what the template shows: the head, and lists |
//! | [`requirement`] | requirements with their findings, and what was accepted |
//! | [`message`], [`token`] | exchanges, and the SETs in them |
//! | [`layout`] | JSON bodies in several lines |
//! | [`limits`] | how much of it all |

mod layout;
mod limits;
mod message;
pub(super) mod page;
mod requirement;
mod token;
mod view;

use super::error::ReportError;
use super::record::Report;
pub(crate) use page::escaping;
pub(super) use requirement::{Span, link, spoken};

/// The report as one HTML page.
pub fn render(report: &Report) -> Result<String, ReportError> {
    let title = format!("{}: {}", report.verdict.name(), super::text::short(&report.target.url, 200));
    page::render("report.html", &title, &view::View::of(report))
}

#[cfg(test)]
mod tests;
