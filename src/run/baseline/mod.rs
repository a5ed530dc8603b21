//! The baseline: violations that are known, each with a reason, an owner and a day on which it has to be looked at again.
//!
//! - [`outcome`]: what a baseline says of a run; it goes into the record.

pub mod outcome;

pub use outcome::{BaselineEntry, BaselineOutcome, NewViolation, UnseenEntry};
