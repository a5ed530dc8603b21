//! The expression language of suites: CEL, with the functions that conformance statements need.
//!
//! Everything that knows the `cel` crate is in this module, so that it can be replaced in one place.
//!
//! - [`Expression`]: a boolean expression, checked when it is compiled.
//! - [`Template`]: a JSON value with `${...}` in its strings.
//! - [`Scope`]: the variables of one message.
//! - [`Vocabulary`]: the names that a place in a suite may use.
//! - [`Explanation`]: why an expression is false, expected and actual apart.
//! - [`formats`]: syntax checks of the formats that the specifications refer to.

mod ast;
mod clock;
mod explain;
pub mod formats;
mod functions;
mod pattern;
mod program;
mod scope;
mod template;
mod value;
mod vocabulary;

pub use explain::Explanation;
pub use functions::{CONSTANTS, FUNCTIONS, FunctionDoc};
pub use program::{CompileError, Expression, Outcome};
pub use scope::{Entered, Scope};
pub use template::Template;
pub use vocabulary::Vocabulary;
pub(crate) use vocabulary::nearest;
