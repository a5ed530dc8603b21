//! A complete, conformant Shared Signals receiver (SSF 1.0, RFC 8935, RFC 8936), able to misbehave on purpose.
//!
//! It lives as `life` has it: it reads the `metadata`, gets a `credential`, has itself a `stream` by the operations of `manage`,
//! and takes SETs by `poll` or by `push`. `examine` decides on each of them, with the `keys` of the transmitter and what `subject`
//! understands. Every `request` passes the tampering layer. `ask` is for whoever wants something done; [`Notice`]s tell of
//! everything. [`Behaviour`] is what it does otherwise, and [`apply`] how it becomes another conformant receiver.
//!
//! Its sibling is the transmitter, [`ssf`](super::ssf).

mod ask;
mod behaviour;
mod credential;
mod examine;
mod keys;
mod life;
mod manage;
mod metadata;
mod notice;
mod options;
mod poll;
mod push;
mod receiver;
mod request;
mod state;
mod stream;
mod subject;
mod toggles;

pub use behaviour::{BEHAVIOURS, Behaviour};
pub use notice::{Notice, Observer, SetVerdict, Witness, Witnessed};
pub(crate) use options::acted_out;
pub use options::{OAuthClient, PollOptions, PushOptions, RetryOptions, SsfReceiverOptions};
pub use receiver::{SsfReceiver, StartError};
pub use toggles::{TOGGLES, apply};
