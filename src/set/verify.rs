//! Whether a signature is good.
//!
//! The primitives of `jsonwebtoken` are applied to the raw signing input. Its `decode` is not used: it accepts critical
//! extensions that it does not know, and demands claims that a SET does not have.

use serde::Serialize;
use serde_json::{Map, Value};

use super::alg::{Alg, Family};
use super::encode::base64url;
use super::jwks::Jwks;
use super::token::Token;

/// What is known of the signature of a token.
///
/// Serializes as an object whose member `result` is [`Signature::name`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Signature {
    /// The signature is good.
    Valid {
        /// The identifier of the key that verified it, if that key has one.
        kid: Option<String>,
        /// The algorithm.
        alg: Alg,
    },
    /// The token cannot be trusted, whatever keys there are or will be.
    Invalid {
        /// Why.
        reason: String,
    },
    /// No key is known that could verify it.
    NoKey {
        /// Which key is missing.
        reason: String,
    },
    /// `alg` is `none` and the signature is empty: nothing to verify (RFC 7515 appendix A.5).
    Unsecured,
    /// Legal, perhaps good, but beyond this harness.
    Unsupported {
        /// What would be needed.
        reason: String,
    },
    /// Nobody looked. [`verify`] never says so.
    NotChecked,
}

impl Signature {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Signature::Valid { .. } => "valid",
            Signature::Invalid { .. } => "invalid",
            Signature::NoKey { .. } => "no-key",
            Signature::Unsecured => "unsecured",
            Signature::Unsupported { .. } => "unsupported",
            Signature::NotChecked => "not-checked",
        }
    }

    /// Why, if there is something to say.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Signature::Invalid { reason } | Signature::NoKey { reason } | Signature::Unsupported { reason } => {
                Some(reason)
            }
            _ => None,
        }
    }

    /// Whether the signature is good.
    pub fn is_valid(&self) -> bool {
        matches!(self, Signature::Valid { .. })
    }
}

/// Verifies a token (RFC 7515 section 5.2). Only `keys` are trusted: `jwk`, `jku`, `x5u` and `x5c` of the header are
/// not looked at. Never panics.
///
/// A token whose `kid` names a key of another type is invalid rather than without key: it was made to be confused.
pub fn verify(token: &Token, keys: &Jwks) -> Signature {
    checked(token, keys).unwrap_or_else(|refusal| refusal)
}

fn checked(token: &Token, keys: &Jwks) -> Result<Signature, Signature> {
    if token.is_encrypted() {
        return Err(unsupported("the token is encrypted (JWE)".into()));
    }
    let input = token.signing_input().ok_or_else(|| invalid(format!("expected three parts, got {}", token.parts)))?;
    let header = token.header_members().ok_or_else(|| invalid("the header cannot be read".into()))?;
    let name = match header.get("alg") {
        Some(Value::String(name)) => name.as_str(),
        Some(_) => return Err(invalid("alg is not text".into())),
        None => return Err(invalid("the header has no alg".into())),
    };
    critical(header)?;
    if name == "none" {
        return match token.is_unsecured() {
            true => Ok(Signature::Unsecured),
            false => Err(invalid("alg is none, but there is a signature".into())),
        };
    }
    if name.eq_ignore_ascii_case("none") {
        return Err(invalid(format!("alg {name:?} is no algorithm: names are case-sensitive")));
    }
    let alg =
        Alg::of_member(name).ok_or_else(|| unsupported(format!("alg {name:?} is not one that setspec verifies")))?;
    let signature = token.signature.as_deref().ok_or_else(|| invalid("the signature is not base64url".into()))?;
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.as_str()),
        Some(_) => return Err(invalid("kid is not text".into())),
    };
    try_keys(keys, kid, alg, input, signature)
}

/// No extension is implemented, so every critical one makes the token unacceptable (RFC 7515 section 4.1.11).
fn critical(header: &Map<String, Value>) -> Result<(), Signature> {
    if header.get("b64") == Some(&Value::Bool(false)) {
        return Err(invalid("b64 is false, which RFC 7797 section 7 forbids in a JWT".into()));
    }
    match header.get("crit") {
        None => Ok(()),
        Some(Value::Array(names)) if !names.is_empty() => {
            let names: Vec<String> = names.iter().map(Value::to_string).collect();
            Err(invalid(format!("critical header extensions not known here: {}", names.join(", "))))
        }
        Some(_) => Err(invalid("crit is not a list of names, or an empty one".into())),
    }
}

fn try_keys(keys: &Jwks, kid: Option<&str>, alg: Alg, input: &str, signature: &[u8]) -> Result<Signature, Signature> {
    super::install_crypto();
    let candidates = keys.candidates(kid, alg);
    let encoded = base64url(signature);
    for key in &candidates {
        let Some(decoding_key) = key.decoding_key() else {
            continue;
        };
        let algorithm = alg.to_jsonwebtoken();
        let good = jsonwebtoken::crypto::verify(&encoded, input.as_bytes(), decoding_key, algorithm);
        if matches!(good, Ok(true)) {
            return Ok(Signature::Valid { kid: key.kid().map(str::to_owned), alg });
        }
    }
    if candidates.is_empty() {
        return Err(without_key(keys, kid, alg));
    }
    let names: Vec<String> = candidates
        .iter()
        .map(|key| key.kid().map_or("a key without kid".into(), |kid| format!("key {kid:?}")))
        .collect();
    let length = wrong_length(alg, signature.len()).unwrap_or_default();
    Err(invalid(format!("the {alg} signature does not verify with {}{length}", names.join(", "))))
}

fn without_key(keys: &Jwks, kid: Option<&str>, alg: Alg) -> Signature {
    let Some(kid) = kid else {
        return no_key(format!("no key fits {alg}, and the token names none"));
    };
    match keys.keys().iter().find(|key| key.kid() == Some(kid)) {
        None => no_key(format!("no key is called {kid:?}")),
        Some(key) => {
            let reason = key.unfit(alg).unwrap_or_default();
            let reason = format!("key {kid:?} cannot be used: {reason}");
            if key.unusable().is_some() { unsupported(reason) } else { invalid(reason) }
        }
    }
}

fn wrong_length(alg: Alg, found: usize) -> Option<String> {
    let expected = match alg.family() {
        Family::P256 | Family::Ed25519 => 64,
        Family::P384 => 96,
        Family::Secret => 32,
        Family::Rsa if found == 0 => return Some(": it is empty".into()),
        Family::Rsa => return None,
    };
    match found {
        0 => Some(": it is empty".into()),
        _ if found != expected => Some(format!(": expected {expected} bytes, got {found}")),
        _ => None,
    }
}

fn invalid(reason: String) -> Signature {
    Signature::Invalid { reason }
}

fn no_key(reason: String) -> Signature {
    Signature::NoKey { reason }
}

fn unsupported(reason: String) -> Signature {
    Signature::Unsupported { reason }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
