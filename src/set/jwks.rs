//! Verification keys: a JWK Set (RFC 7517 section 5), and secrets agreed elsewhere.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value, json};

use super::alg::{Alg, Family};
use super::error::KeyError;
use super::key::SigningKey;
use super::{json as strict_json, jwk};

/// A set of verification keys. Cloning is cheap.
///
/// Reading is tolerant, as RFC 7517 section 5 asks: an entry that cannot be used is kept with the reason, so that a
/// token that names it gets that reason rather than "no key".
#[derive(Clone, Debug, Default)]
pub struct Jwks {
    keys: Arc<Vec<VerifyKey>>,
}

/// One entry of a key set.
#[derive(Clone)]
pub struct VerifyKey {
    kid: Option<String>,
    alg: Option<Alg>,
    state: State,
}

#[derive(Clone)]
enum State {
    Usable { family: Family, key: DecodingKey },
    Unusable { reason: String },
}

impl Jwks {
    /// Reads a JWK Set.
    ///
    /// Symmetric (`oct`) entries are unusable here: a secret that is published is none. Give it to
    /// [`Jwks::add_secret`].
    ///
    /// # Errors
    ///
    /// [`KeyError::Json`] if the text is not JSON, [`KeyError::Member`] if it is not an object with an array `keys`.
    pub fn parse(text: &str) -> Result<Jwks, KeyError> {
        let parsed =
            strict_json::parse(text.as_bytes()).map_err(|source| KeyError::Json { what: "JWK Set", source })?;
        Self::from_value(&parsed.value)
    }

    /// The same from a JSON value.
    ///
    /// # Errors
    ///
    /// [`KeyError::Member`] if it is not an object with an array `keys`.
    pub fn from_value(document: &Value) -> Result<Jwks, KeyError> {
        let found = match document.as_object().map(|set| set.get("keys")) {
            None => strict_json::kind(document),
            Some(None) => "nothing",
            Some(Some(Value::Array(entries))) => {
                let keys = entries.iter().map(VerifyKey::read).collect();
                return Ok(Jwks { keys: Arc::new(keys) });
            }
            Some(Some(other)) => strict_json::kind(other),
        };
        Err(KeyError::Member {
            what: "JWK Set",
            member: "keys",
            expected: "an object with an array of keys",
            found: found.to_owned(),
        })
    }

    /// The JWK Set document that publishes these keys. HS256 keys, which have no public part, are left out.
    pub fn from_keys(keys: &[&SigningKey]) -> Value {
        let keys: Vec<Value> = keys.iter().filter_map(|key| key.public_jwk()).collect();
        json!({ "keys": keys })
    }

    /// What a peer needs to verify all these keys: the public keys, and the secrets of HS256.
    ///
    /// # Errors
    ///
    /// None that can be provoked; those of [`Jwks::from_value`].
    pub fn for_keys(keys: &[&SigningKey]) -> Result<Jwks, KeyError> {
        let mut set = Self::from_value(&Self::from_keys(keys))?;
        for key in keys {
            if let Some(secret) = key.secret() {
                set.add_secret(secret, key.kid());
            }
        }
        Ok(set)
    }

    /// Adds an HS256 secret that was agreed elsewhere.
    pub fn add_secret(&mut self, secret: &[u8], kid: Option<&str>) {
        Arc::make_mut(&mut self.keys).push(VerifyKey {
            kid: kid.map(str::to_owned),
            alg: Some(Alg::Hs256),
            state: State::Usable { family: Family::Secret, key: DecodingKey::from_secret(secret) },
        });
    }

    /// Every entry, in the order of the document, secrets last.
    pub fn keys(&self) -> &[VerifyKey] {
        &self.keys
    }

    /// Whether some entry has this identifier.
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid))
    }

    /// The keys to try for a token, best first: those with its `kid`, then those without an identifier, which it may
    /// mean as well; for a token without `kid` every key. Only keys that fit `alg` are given: of its type, not for
    /// encryption, and not reserved for another algorithm.
    pub fn candidates(&self, kid: Option<&str>, alg: Alg) -> Vec<&VerifyKey> {
        let fits = |key: &&VerifyKey| key.unfit(alg).is_none();
        let Some(kid) = kid else {
            return self.keys.iter().filter(fits).collect();
        };
        let exact = self.keys.iter().filter(|key| key.kid() == Some(kid));
        let unnamed = self.keys.iter().filter(|key| key.kid().is_none());
        exact.chain(unnamed).filter(fits).collect()
    }
}

impl VerifyKey {
    fn read(entry: &Value) -> VerifyKey {
        let Value::Object(members) = entry else {
            let reason = format!("the entry is {}, not an object", strict_json::kind(entry));
            return VerifyKey { kid: None, alg: None, state: State::Unusable { reason } };
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let alg = text("alg");
        let state = match usable(members).and_then(|()| material(members)) {
            Ok(_) if alg.is_some_and(|name| Alg::of_member(name).is_none()) => {
                State::Unusable { reason: format!("it is for algorithm {:?}", alg.unwrap_or_default()) }
            }
            Ok((family, key)) => State::Usable { family, key },
            Err(reason) => State::Unusable { reason },
        };
        VerifyKey { kid: text("kid").map(str::to_owned), alg: alg.and_then(Alg::of_member), state }
    }

    /// The identifier, if the entry has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm that the entry is reserved for, if it says so and we know it.
    pub fn alg(&self) -> Option<Alg> {
        self.alg
    }

    /// Why the entry cannot verify anything here.
    pub fn unusable(&self) -> Option<&str> {
        match &self.state {
            State::Usable { .. } => None,
            State::Unusable { reason } => Some(reason),
        }
    }

    /// Why the entry cannot verify a token of this algorithm; `None` if it can.
    pub fn unfit(&self, alg: Alg) -> Option<String> {
        match (&self.state, self.alg) {
            (State::Unusable { reason }, _) => Some(reason.clone()),
            (State::Usable { family, .. }, _) if *family != alg.family() => {
                Some(format!("it is {family}, and {alg} needs {}", alg.family()))
            }
            (_, Some(own)) if own != alg => Some(format!("it is for {own}, not for {alg}")),
            _ => None,
        }
    }

    pub(crate) fn decoding_key(&self) -> Option<&DecodingKey> {
        match &self.state {
            State::Usable { key, .. } => Some(key),
            State::Unusable { .. } => None,
        }
    }
}

/// Whether the entry is meant for verifying signatures at all (RFC 7517 sections 4.2 and 4.3).
fn usable(members: &Map<String, Value>) -> Result<(), String> {
    if members.get("use").is_some_and(|purpose| purpose == "enc") {
        return Err("it is for encryption (use: enc)".into());
    }
    match members.get("key_ops") {
        Some(Value::Array(operations)) if !operations.iter().any(|one| one == "verify") => {
            Err("its key_ops do not name verify".into())
        }
        _ => Ok(()),
    }
}

fn material(members: &Map<String, Value>) -> Result<(Family, DecodingKey), String> {
    let family = jwk::family(members).map_err(|error| error.to_string())?;
    let rejected = |error: aws_lc_rs::error::KeyRejected| format!("its key is invalid: {error}");
    let read = || match family {
        Family::Rsa => Ok((jwk::integer(members, "n")?, jwk::integer(members, "e")?)),
        Family::P256 | Family::P384 => Ok((jwk::point(members, family)?, Vec::new())),
        Family::Ed25519 => Ok((jwk::bytes(members, "x")?, Vec::new())),
        Family::Secret => Ok((Vec::new(), Vec::new())),
    };
    let (first, e) = read().map_err(|error: KeyError| error.to_string())?;
    // Each key is parsed once here, so that a point off its curve is a bad key and not a bad signature.
    let key = match family {
        Family::Rsa => {
            let bits = first.len() * 8 - first.first().map_or(0, |top| top.leading_zeros() as usize);
            if !(2048..=8192).contains(&bits) {
                return Err(format!("its modulus has {bits} bits, where RFC 7518 section 3.3 asks for 2048 or more"));
            }
            RsaPublicKeyComponents { n: &first, e: &e }
                .to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256)
                .map_err(rejected)?;
            DecodingKey::from_rsa_raw_components(&first, &e)
        }
        Family::P256 => {
            ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &first).map_err(rejected)?;
            DecodingKey::from_ec_der(&first)
        }
        Family::P384 => {
            ParsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, &first).map_err(rejected)?;
            DecodingKey::from_ec_der(&first)
        }
        Family::Ed25519 => {
            ParsedPublicKey::new(&signature::ED25519, &first).map_err(rejected)?;
            DecodingKey::from_ed_der(&first)
        }
        Family::Secret => return Err("it is a secret, and it is published".into()),
    };
    Ok((family, key))
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyKey")
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .field("unusable", &self.unusable())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
