//! Running suites: plan, preflight, engine, judge; one typed stream of events comes out.
//!
//! - [`settings`]: what the operator wants.
//! - [`plan`]: which requirements and cases that means.
//! - [`judge`]: rules applied to messages.
//! - [`receiver`]: a run against a push receiver: preflight and cases.
//! - [`observe`]: the observation of a bare pushing transmitter, for the proof.
//! - [`transmitter`]: a run against a Shared Signals transmitter: preflight, visits, clean-up.
//! - [`op`]: a run against an OpenID provider: our relying party, and a browser.
//! - [`rp`]: a run against a relying party: our OpenID provider, and a browser.
//! - [`browser`]: the browser of the users in both.
//! - [`visiting`]: a run in which a receiver visits us.
//! - `watch`: what a mock peer and its counterpart say to each other, judged as it happens.
//! - [`check`]: tokens at rest.
//! - [`event`]: the stream; [`ledger`]: what it adds up to; [`redact`]: what never leaves.
//! - [`baseline`]: violations that are known.
//! - [`proof`]: the harness proves itself.

pub mod baseline;
pub mod browser;
pub mod check;
mod clock;
mod command;
mod conscience;
mod course;
pub mod event;
mod evidence;
mod feed;
pub mod judge;
pub mod ledger;
mod making;
pub mod observe;
pub mod op;
pub mod outcome;
pub mod plan;
pub mod proof;
pub mod receiver;
pub mod redact;
mod request;
pub mod rp;
pub mod settings;
mod steps;
pub mod transmitter;
pub mod visiting;
pub(crate) mod watch;
