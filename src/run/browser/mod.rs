//! The browser of the users: cookies, redirects, and forms that the configuration describes. It runs no scripts.
//!
//! - [`visit`]: a visit, with its redirects.
//! - [`html`]: the forms of a page.
//! - [`form`]: how a form is filled in and submitted.

mod form;
mod html;
mod visit;

pub use form::{FieldValue, FormStep};
pub(crate) use visit::{Browser, End, Visit, shown};
