//! Reports of a run: consumers of the stream of events.
//!
//! `report.json` is the record; every other format is made from it, also later.
//!
//! | module | what it holds |
//! |---|---|
//! | [`record`] | [`Report`], the record and its parts; [`exchange`] its exchanges |
//! | [`recorder`] | [`Recorder`]: folds events into a [`Report`] |
//! | [`json`], [`schema`] | `report.json` and its JSON Schema |
//! | [`junit`] | `junit.xml`: a testcase per requirement |
//! | [`html`] | `report.html`: one file for people, nothing loaded from elsewhere |
//! | [`terminal`] | events as lines for people, and the summary at the end |
//! | [`mod@write`] | the folder of a run, and `latest` |
//! | [`text`], [`words`] | text from elsewhere made harmless; wording that formats share |
//!
//! Adding a format is one file here and one line in [`write::write_all`].

pub mod error;
pub mod exchange;
pub mod html;
pub mod json;
pub mod junit;
pub mod record;
pub mod recorder;
pub mod schema;
pub mod terminal;
pub mod text;
pub mod words;
pub mod write;

#[cfg(test)]
mod testing;

pub use error::ReportError;
pub use record::Report;
pub use recorder::Recorder;
pub use terminal::{Progress, Terminal, TerminalOptions};
pub use write::{WriteOptions, Written, probe, write_all};
