//! A complete, conformant Shared Signals transmitter (SSF 1.0, RFC 8935, RFC 8936), able to misbehave on purpose.
//!
//! Requests come in at `dispatch`, which finds the [`Operation`] and who asks (`auth`), and sends every [`Answer`] through the
//! [`Hooks`]. `manage`, `status`, `subjects`, `verification`, `poll`, `token` (for which `client_auth` and `assertion` tell
//! who asks) and `discovery` answer one kind of request each. SETs are made by `mint`, wait in the `queue` of their `stream`, and leave it by `poll` or `push`. `emit` and `control`
//! are for events on demand. [`Behaviour`] is what it does otherwise, [`apply`] how it becomes another conformant transmitter,
//! and `apart` how its poll endpoints deviate in TLS.

mod addresses;
mod answer;
mod apart;
mod assertion;
mod auth;
mod behaviour;
mod client_auth;
mod config;
mod control;
mod discovery;
mod dispatch;
mod emit;
pub mod events;
mod hooks;
mod inactivity;
mod journal;
mod keys;
mod manage;
mod matching;
mod mint;
mod opt_out;
mod options;
mod poll;
mod push;
mod queue;
mod refusal;
mod request;
mod state;
mod status;
mod stream;
mod subjects;
mod tampered;
mod toggles;
mod token;
mod transmitter;
mod verification;

pub use answer::Answer;
pub use behaviour::Behaviour;
pub use emit::{Announcement, Emission, EmitError, EventRequest, Sent, Skipped};
pub use hooks::{Faithful, Hooks, Operation, PushFacts, RequestFacts, SetFacts};
pub use journal::{Happening, Watch};
pub use matching::{covers, matches};
pub use mint::MintError;
pub use options::{
    ClientCredentials, DefaultSubjects, Features, InactivityAction, ReceiverAccount, SsfLimits, SsfOptions, Timing,
};
pub use refusal::Refusal;
pub use stream::{POLL, PUSH, Status};
pub use tampered::Tampered;
pub(crate) use tampered::asked_value;
pub use toggles::{TOGGLES, apply};
pub use transmitter::{SsfTransmitter, StartError};
