//! The built-in peers.
//!
//! - [`answer`]: what a peer answers, before it is sent.
//! - [`behaviours`]: switches by which a peer misbehaves.
//! - [`identity`]: an issuer's discovery document and keys.
//! - [`message`]: exchanges and tokens as expressions see them.
//! - [`oidc`]: an OpenID provider and a relying party with back-channel logout.
//! - [`receiver`]: a strict, conformant push receiver.
//! - [`scim`]: a SCIM service provider that sends events.
//! - [`ssf`]: a complete Shared Signals transmitter.
//! - [`ssf_receiver`]: a complete Shared Signals receiver.
//! - [`transmitter`]: a push transmitter.
//! - [`tamper`]: the layer that makes mutants and variations of them.

pub mod answer;
pub mod behaviours;
pub mod identity;
pub mod message;
pub mod oidc;
pub mod receiver;
pub mod scim;
pub mod ssf;
pub mod ssf_receiver;
pub mod tamper;
pub mod transmitter;
