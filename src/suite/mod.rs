//! Suites: the specifications as data.
//!
//! - [`model`]: suite files as they are written.
//! - [`source`]: where they come from.
//! - `parse`, `load`, `compile`: files to catalogue, with located faults.
//! - [`catalogue`]: what a run works with.
//! - [`fixture`]: what the harness sends.
//! - [`lint`]: what is missing.
//! - [`schema`]: for editors.
//! - `words`: the variables that expressions may use, by place.

mod at;
pub mod catalogue;
mod compile;
mod error;
pub mod fixture;
pub mod lint;
mod load;
pub mod model;
mod ordered;
mod parse;
pub mod schema;
pub mod source;
pub(crate) mod words;

pub use at::{At, Position};
pub use catalogue::Catalogue;
pub(crate) use compile::FEATURES;
pub use error::{SourceText, SuiteError};
pub use load::load;
pub use source::Sources;
