//! What is on the wire: an HTTP/1.1 client and server that record, a TLS probe, and test certificates.
//!
//! This is the lowest floor of the house: nothing here knows of SETs, suites or verdicts.
//!
//! | module | what it holds |
//! |---|---|
//! | [`exchange`] | the records: [`Exchange`], [`Request`], [`Response`], [`Failure`] |
//! | [`headers`] | [`Headers`]: ordered, in the case in which they were written |
//! | [`wire`] | heads, quirks and body framing, taken apart byte by byte and without any trust |
//! | [`client`] | [`Client`]: one fresh connection an exchange; failures are part of the record |
//! | [`server`] | [`Server`]: an axum router whose every request, also a refused one, is recorded |
//! | [`tls`] | [`ServerTls`], [`Authority`], [`Roots`] and the facts of a handshake |
//! | [`hello`] | [`probe`]: which TLS versions a server agrees to, beyond those that rustls speaks |
//!
//! Why not an ordinary HTTP library: it hides header case and order, the reason phrase, interim
//! responses and bytes after the end of a message, and it turns a malformed answer into an error
//! without the answer. Each of those is evidence.

pub mod client;
pub mod exchange;
pub mod headers;
pub mod hello;
pub mod server;
pub mod tls;
pub mod wire;

mod body_text;

#[cfg(test)]
mod tests;

pub use client::{Client, ClientError, ClientOptions, RequestSpec};
pub use exchange::{Exchange, Failure, FailureKind, Request, Response};
pub use headers::Headers;
pub use hello::{HelloFacts, HelloOutcome, Offer, probe};
pub use server::{ExchangeId, HangUp, Limits, RawHead, Recorder, Server, ServerOptions, Subscription};
pub use tls::{Authority, CertFacts, Roots, ServerTls, TlsError, TlsFacts, TlsVersion};
pub use wire::Quirk;

/// Makes aws-lc-rs the crypto provider of everything in this process that asks rustls for its default.
///
/// Safe to call more than once; the first provider stays.
pub fn install_crypto() {
    // An error means that a provider is already installed, which is what was wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
