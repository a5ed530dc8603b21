//! Transmitters that misbehave. Whatever they say, a run ends in bounded time and memory, blames nobody wrongly, leaves no
//! stream behind, and says what was the matter.
//!
//! Most of them are the built-in transmitter with one thing changed ([`bench::Hostile`]); what an HTTP library would never
//! send comes from a server of its own ([`raw`]).

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod command;
mod credential;
mod cut_short;
mod delivery;
mod keys;
mod listener;
mod metadata;
mod places;
mod raw;
mod scim;
mod streams;
mod wire;
