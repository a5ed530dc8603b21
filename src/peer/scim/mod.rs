//! A small SCIM 2.0 service provider (RFC 7643, RFC 7644) that tells of every change by events (RFC 9967).
//!
//! Requests come in at `dispatch`, which reads the [`Call`](call::Call) and finds out who asks. `operation` creates, replaces, modifies
//! and deletes what is in the `store`; `patch` and `path` are for PATCH and filters, `bulk` takes several operations at a time.
//! `deferred` answers first and works later (RFC 9967 section 2.5.1), `results` keeps what came of it. `events` says what has
//! happened, by way of the Shared Signals transmitter of the options. `configuration` is what the provider says of itself.
//! [`BEHAVIOURS`] is what it can do otherwise, [`TOGGLES`] how it becomes another conformant provider.

mod behaviour;
mod bulk;
mod call;
mod configuration;
mod deferred;
mod dispatch;
mod events;
mod operation;
mod options;
mod patch;
mod path;
mod provider;
mod refusal;
mod resource;
mod results;
mod store;
mod toggles;

pub use behaviour::BEHAVIOURS;
pub(crate) use events::EVENTS;
pub use options::{AsyncRequest, Detail, ScimOptions};
pub use provider::{ScimProvider, StartError};
pub use toggles::TOGGLES;
