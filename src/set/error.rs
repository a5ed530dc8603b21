//! The error of keys, key sets and signing.

use super::alg::{Alg, Family};
use super::json::JsonError;

/// Why a key could not be made, read, fetched or used. It never holds key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A text is no PEM of a kind that can be read.
    #[error("PEM: expected {expected}, got {found}")]
    Pem {
        /// What would be right.
        expected: &'static str,
        /// What was there instead.
        found: String,
    },
    /// A JWK or JWK Set is not JSON.
    #[error("{what}: {source}")]
    Json {
        /// What should have been JSON.
        what: &'static str,
        /// Where it is not.
        source: JsonError,
    },
    /// A member of a JWK or JWK Set is missing or wrong.
    #[error("{what}, member {member:?}: expected {expected}, got {found}")]
    Member {
        /// The document.
        what: &'static str,
        /// The name of the member.
        member: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What was there instead, described rather than quoted.
        found: String,
    },
    /// The bytes look like a key, but the cryptography refuses them.
    #[error("{what} was refused: {reason}")]
    Rejected {
        /// The kind of key.
        what: &'static str,
        /// The word of the library.
        reason: String,
    },
    /// The key and the algorithm do not belong together.
    #[error("algorithm {alg} needs {}, got {}", alg.family(), found)]
    Mismatch {
        /// The algorithm.
        alg: Alg,
        /// The kind of key that was given.
        found: Family,
    },
    /// The operation has no meaning with this key.
    #[error("{what} is not possible with {alg}: {reason}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// The algorithm of the key.
        alg: Alg,
        /// Why not.
        reason: &'static str,
    },
    /// A forgery needs something that the draft does not hold.
    #[error("forgery {forgery}: the draft needs {needs}")]
    Draft {
        /// The name of the forgery.
        forgery: &'static str,
        /// What the draft should hold.
        needs: &'static str,
    },
    /// The cryptography failed where it should not.
    #[error("{what} failed with {alg}")]
    Crypto {
        /// What was attempted.
        what: &'static str,
        /// The algorithm.
        alg: Alg,
    },
    /// A key set could not be read or fetched.
    #[error("keys from {place}: {reason}")]
    Source {
        /// The file or URL.
        place: String,
        /// What went wrong.
        reason: String,
    },
}

impl KeyError {
    pub(crate) fn rejected(what: &'static str, reason: impl std::fmt::Display) -> Self {
        KeyError::Rejected { what, reason: reason.to_string() }
    }

    pub(crate) fn source(place: impl ToString, reason: impl ToString) -> Self {
        KeyError::Source { place: place.to_string(), reason: reason.to_string() }
    }
}
