//! The baseline: violations that are known, each with a reason, an owner and a day on which it has to be looked at again.
//!
//! - [`file`](mod@file): the file and its faults.
//! - [`judge`]: what it says of the requirements of a run; [`gate`]: the same in the stream of events.
//! - [`outcome`]: what comes of it, and goes into the record.
//! - [`update`]: the file that fits a record, and the entries to paste.

pub mod file;
pub mod gate;
pub mod judge;
pub mod outcome;
pub mod update;

#[cfg(test)]
mod tests;

pub use file::{Baseline, BaselineError};
pub use gate::Gate;
pub use outcome::{BaselineEntry, BaselineOutcome, NewViolation, UnseenEntry};
