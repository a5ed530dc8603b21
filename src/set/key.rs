//! Signing keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Value, json};

use super::alg::{Alg, Family};
use super::encode::base64url;
use super::error::KeyError;
use super::pem;

/// A private key (or shared secret) with the algorithm it signs for and the identifier it is published under.
///
/// Cloning is cheap. `Debug` and `Display` show algorithm and identifier, never the key. RSA keys are parsed once and
/// kept: parsing again for each signature costs more than the signature.
#[derive(Clone)]
pub struct SigningKey {
    alg: Alg,
    kid: Option<String>,
    pair: Arc<Pair>,
}

pub(super) enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Secret { key: Box<hmac::Key>, bytes: SecretSlice<u8> },
}

impl SigningKey {
    /// A fresh key: RSA of 2048 bits, the curve of the algorithm, or 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Crypto`] if the random generator fails.
    pub fn generate(alg: Alg, kid: &str) -> Result<SigningKey, KeyError> {
        let failed = |_| KeyError::Crypto { what: "key generation", alg };
        let pair = match alg.family() {
            Family::Rsa => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
            Family::P256 | Family::P384 => Pair::Ec(EcdsaKeyPair::generate(ecdsa(alg)).map_err(failed)?),
            Family::Ed25519 => Pair::Ed(Ed25519KeyPair::generate().map_err(failed)?),
            Family::Secret => {
                let mut bytes = vec![0; 32];
                aws_lc_rs::rand::fill(&mut bytes).map_err(failed)?;
                secret(bytes)
            }
        };
        Ok(Self::new(alg, Some(kid), pair))
    }

    pub(super) fn new(alg: Alg, kid: Option<&str>, pair: Pair) -> SigningKey {
        SigningKey { alg, kid: kid.map(str::to_owned), pair: Arc::new(pair) }
    }

    /// The same key under another identifier, or under none.
    pub fn with_kid(&self, kid: Option<&str>) -> SigningKey {
        SigningKey { alg: self.alg, kid: kid.map(str::to_owned), pair: self.pair.clone() }
    }

    /// The algorithm that this key signs with.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// The identifier that goes into the header and the key set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public key as a JWK with `kid`, `alg` and `use: sig`; `None` for HS256, which has no public part.
    pub fn public_jwk(&self) -> Option<Value> {
        let mut members = match &*self.pair {
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": base64url(public.n), "e": base64url(public.e)})
            }
            Pair::Ec(pair) => {
                let crv = if self.alg == Alg::Es384 { "P-384" } else { "P-256" };
                // The point is uncompressed: a byte 04 and two coordinates of one length.
                let coordinates = pair.public_key().as_ref().get(1..)?;
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                json!({"kty": "EC", "crv": crv, "x": base64url(x), "y": base64url(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key())})
            }
            Pair::Secret { .. } => return None,
        };
        if let Some(kid) = &self.kid {
            members["kid"] = json!(kid);
        }
        members["alg"] = json!(self.alg);
        members["use"] = json!("sig");
        Some(members)
    }

    /// The public key as PEM (`PUBLIC KEY`).
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for HS256.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        let der: Result<PublicKeyX509Der<'static>, _> = match &*self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair) => pair.public_key().as_der(),
            Pair::Ed(pair) => pair.public_key().as_der(),
            Pair::Secret { .. } => return Err(self.no_pem("writing the public key")),
        };
        let der = der.map_err(|_| KeyError::Crypto { what: "public key encoding", alg: self.alg })?;
        Ok(pem::write("PUBLIC KEY", der.as_ref()))
    }

    /// The private key as PEM (`PRIVATE KEY`, PKCS#8), which [`SigningKey::from_pem`] reads again.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for HS256.
    pub fn private_pem(&self) -> Result<SecretString, KeyError> {
        let failed = |_| KeyError::Crypto { what: "private key encoding", alg: self.alg };
        let text = match &*self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'static> = pair.as_der().map_err(failed)?;
                pem::write("PRIVATE KEY", der.as_ref())
            }
            Pair::Ec(pair) => pem::write("PRIVATE KEY", pair.to_pkcs8v1().map_err(failed)?.as_ref()),
            Pair::Ed(pair) => pem::write("PRIVATE KEY", pair.to_pkcs8v1().map_err(failed)?.as_ref()),
            Pair::Secret { .. } => return Err(self.no_pem("writing the private key")),
        };
        Ok(text.into())
    }

    fn no_pem(&self, what: &str) -> KeyError {
        let reason = "a shared secret is no PEM";
        KeyError::Unsupported { what: what.to_owned(), alg: self.alg, reason }
    }

    /// The raw JWS signature over `input` (RFC 7518 section 3): for ES256 and ES384 the two numbers side by side.
    ///
    /// # Errors
    ///
    /// [`KeyError::Crypto`] if the library fails.
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::Crypto { what: "signing", alg: self.alg };
        match &*self.pair {
            Pair::Rsa(pair) => {
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_encoding(self.alg), &SystemRandom::new(), input, &mut bytes).map_err(failed)?;
                Ok(bytes)
            }
            Pair::Ec(pair) => {
                let signed = pair.sign(&SystemRandom::new(), input).map_err(failed)?;
                Ok(signed.as_ref().to_vec())
            }
            Pair::Ed(pair) => Ok(pair.try_sign(input).map_err(failed)?.as_ref().to_vec()),
            Pair::Secret { key, .. } => Ok(hmac::sign(key, input).as_ref().to_vec()),
        }
    }

    /// The shared secret of an HS256 key, for the verifying side.
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        match &*self.pair {
            Pair::Secret { bytes, .. } => Some(bytes.expose_secret()),
            _ => None,
        }
    }
}

pub(super) fn secret(bytes: Vec<u8>) -> Pair {
    Pair::Secret { key: Box::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes)), bytes: bytes.into() }
}

pub(super) fn ecdsa(alg: Alg) -> &'static EcdsaSigningAlgorithm {
    match alg {
        Alg::Es384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}

fn rsa_encoding(alg: Alg) -> &'static dyn RsaEncoding {
    match alg {
        Alg::Rs384 => &signature::RSA_PKCS1_SHA384,
        Alg::Rs512 => &signature::RSA_PKCS1_SHA512,
        Alg::Ps256 => &signature::RSA_PSS_SHA256,
        Alg::Ps384 => &signature::RSA_PSS_SHA384,
        Alg::Ps512 => &signature::RSA_PSS_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("alg", &self.alg).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "{} key {kid:?}", self.alg),
            None => write!(f, "{} key without an identifier", self.alg),
        }
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
