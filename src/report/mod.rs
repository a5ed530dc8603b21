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
//! | [`sarif`] | SARIF 2.1.0, for code scanning |
//! | [`markdown`] | a comment on a pull request |
//! | [`github`] | annotations and the step summary of GitHub Actions |
//! | [`html`] | `report.html`: one file for people, nothing loaded from elsewhere |
//! | [`terminal`] | events as lines for people, and the summary at the end |
//! | [`badge`] | the claim and the verdict in one line, as SVG |
//! | [`diff`], [`matrix`] | two runs compared, several targets side by side; [`side`] the head of each |
//! | [`format`] | the formats that can be made of a record, by name |
//! | [`find`] | a run by its folder, its file, its id, or `latest` |
//! | [`mod@write`] | the folder of a run, and `latest` |
//! | [`text`], [`words`] | text from elsewhere made harmless; wording that formats share |
//!
//! Each format is a pure function of the record. Adding one is one file here, one line in [`format`], and one in
//! [`write::write_all`] if every run leaves it.

pub mod badge;
pub mod diff;
pub mod error;
pub mod exchange;
pub mod find;
pub mod format;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod matrix;
pub mod record;
pub mod recorder;
pub mod sarif;
pub mod schema;
pub mod side;
pub mod terminal;
pub mod text;
pub mod words;
pub mod write;

#[cfg(test)]
pub(crate) mod testing;

pub use diff::Diff;
pub use error::ReportError;
pub use find::read_run;
pub use format::Format;
pub use matrix::Matrix;
pub use record::Report;
pub use recorder::Recorder;
pub use terminal::{Progress, Terminal, TerminalOptions};
pub use write::{WriteOptions, Written, probe, write_all, write_copies};
