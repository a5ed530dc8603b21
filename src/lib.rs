//! setspec: a conformance harness and mock peer for Security Event Tokens.
//!
//! It is to RFC 8417 and what is built on it what h2spec is to HTTP/2: it plays the transmitter or the receiver, runs
//! declarative suites against an implementation, and says for every requirement whether it holds, with the evidence.
//!
//! # The map of the house
//!
//! Data goes one way: suites and settings become a plan, the engine drives peers, exchanges are judged, events come out,
//! reports are made of them. A lower floor never imports a higher one.
//!
//! | floor | module | what it holds |
//! |---|---|---|
//! | 4 | [`cli`] | one file a command; the only place that prints |
//! | 3 | [`run`], [`report`] | plan, preflight, engine, judge, proof; consumers of the event stream |
//! | 2 | [`peer`] | the built-in receiver, transmitter, OpenID provider and relying party, and the tampering layer that makes mutants of them |
//! | 2 | [`suite`] | suite files: model, loader, lint, catalogue |
//! | 1 | [`expr`], [`set`], [`http`] | expressions, tokens, the wire |
//!
//! # Proving yourself in `cargo test`
//!
//! [`conformance`] turns every requirement of a profile into a libtest-mimic trial of your own test target.

pub mod cli;
pub mod conformance;
pub mod expr;
pub mod http;
pub mod peer;
pub mod report;
pub mod run;
pub mod set;
pub mod suite;

/// Makes aws-lc-rs the crypto provider of everything in this process. Safe to call more than once.
pub fn install_crypto() {
    http::install_crypto();
    set::install_crypto();
}
