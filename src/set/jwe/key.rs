//! Key management (RFC 7518 section 4): RSA-OAEP, and ECDH-ES in its direct form.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, PrivateKey, UnparsedPublicKey, agree, agree_ephemeral};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{Agreed, JweError};
use crate::set::alg::Family;
use crate::set::encode::{base64url, from_base64url};
use crate::set::{SigningKey, jwk, pem};

/// How the content encryption key gets across (`alg`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlg {
    /// Encrypted with RSA, OAEP with SHA-1.
    RsaOaep,
    /// Encrypted with RSA, OAEP with SHA-256.
    RsaOaep256,
    /// Agreed upon by ephemeral-static Diffie-Hellman on P-256.
    EcdhEs,
}

impl KeyAlg {
    /// Every algorithm that is spoken.
    pub const ALL: [Self; 3] = [Self::EcdhEs, Self::RsaOaep256, Self::RsaOaep];

    /// The value of `alg`: `RSA-OAEP`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
        }
    }

    /// The algorithm of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.name() == name)
    }

    fn oaep(self) -> Option<&'static OaepAlgorithm> {
        match self {
            Self::RsaOaep => Some(&OAEP_SHA1_MGF1SHA1),
            Self::RsaOaep256 => Some(&OAEP_SHA256_MGF1SHA256),
            Self::EcdhEs => None,
        }
    }
}

/// The public key of somebody who is to decrypt.
#[derive(Clone)]
pub struct EncryptionKey {
    kid: Option<String>,
    public: Public,
}

#[derive(Clone)]
enum Public {
    Rsa(PublicEncryptingKey),
    /// An uncompressed point of P-256.
    Ec(Vec<u8>),
}

/// A content encryption key and how it gets across.
pub(super) struct SealedKey {
    pub key: Vec<u8>,
    /// Empty where it is agreed upon.
    pub encrypted: Vec<u8>,
    /// The ephemeral public key.
    pub epk: Option<Value>,
}

impl EncryptionKey {
    /// A key from a public JWK: RSA or EC P-256.
    ///
    /// # Errors
    /// If it is another one, or broken.
    pub fn from_jwk(value: &Value) -> Result<Self, JweError> {
        let members = value.as_object().ok_or_else(|| JweError::new("expected a JWK, which is an object"))?;
        let wrong = |error: crate::set::KeyError| JweError::new(error.to_string());
        let public = match jwk::family(members).map_err(wrong)? {
            Family::Rsa => {
                let components = RsaPublicKeyComponents {
                    n: jwk::integer(members, "n").map_err(wrong)?,
                    e: jwk::integer(members, "e").map_err(wrong)?,
                };
                let key: Result<PublicEncryptingKey, _> = components.try_into();
                Public::Rsa(key.map_err(|_| JweError::new("the RSA key of the JWK is not one that can be used"))?)
            }
            Family::P256 => Public::Ec(jwk::point(members, Family::P256).map_err(wrong)?),
            _ => return Err(JweError::new("the JWK is neither an RSA key nor one on P-256")),
        };
        Ok(Self { kid: members.get("kid").and_then(Value::as_str).map(str::to_owned), public })
    }

    /// The key of a JWK Set to encrypt with by this algorithm; one that says `use: sig` is left out.
    pub fn of_set(set: &Value, alg: KeyAlg) -> Option<Self> {
        let kty = if alg == KeyAlg::EcdhEs { "EC" } else { "RSA" };
        let fits = |jwk: &&Value| {
            let is = |name: &str, value: &str| jwk.get(name).is_none_or(|known| known == value);
            is("use", "enc") && is("alg", alg.name()) && jwk["kty"] == kty
        };
        set["keys"].as_array()?.iter().filter(fits).find_map(|jwk| Self::from_jwk(jwk).ok())
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn seal(&self, agreed: Agreed) -> Result<SealedKey, JweError> {
        let failed = |_| JweError::new("the content encryption key cannot be made");
        match (&self.public, agreed.alg.oaep()) {
            (Public::Rsa(public), Some(oaep)) => {
                let mut key = vec![0; agreed.enc.key_len()];
                rand::fill(&mut key).map_err(failed)?;
                let encrypting = OaepPublicEncryptingKey::new(public.clone()).map_err(failed)?;
                let mut encrypted = vec![0; encrypting.ciphertext_size()];
                let len = encrypting.encrypt(oaep, &key, &mut encrypted, None).map_err(failed)?.len();
                encrypted.truncate(len);
                Ok(SealedKey { key, encrypted, epk: None })
            }
            (Public::Ec(point), None) => {
                let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(failed)?;
                let public = ours.compute_public_key().map_err(failed)?;
                let (x, y) = public.as_ref().get(1..).unwrap_or_default().split_at(32);
                let epk = json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) });
                let theirs = UnparsedPublicKey::new(&ECDH_P256, point);
                let refused = JweError::new("the EC key of the JWK is no point on P-256");
                let (name, len) = (agreed.enc.name(), agreed.enc.key_len());
                let key = agree_ephemeral(ours, theirs, refused, |shared| Ok(concat_kdf(shared, name, len, b"", b"")))?;
                Ok(SealedKey { key, encrypted: Vec::new(), epk: Some(epk) })
            }
            _ => Err(JweError::new(format!("the key is not one for {}", agreed.alg.name()))),
        }
    }
}

/// Our own key, by which tokens for us are decrypted. Cheap to clone; `Debug` does not show it.
#[derive(Clone)]
pub struct DecryptionKey {
    private: Arc<Private>,
    jwk: Value,
}

enum Private {
    Rsa(OaepPrivateDecryptingKey),
    Ec(PrivateKey),
}

impl DecryptionKey {
    /// A key from one of RSA or P-256 that could sign as well.
    ///
    /// # Errors
    /// If it is another one.
    pub fn new(key: &SigningKey) -> Result<Self, JweError> {
        let other = || JweError::new("expected an RSA key or one on P-256");
        let text = key.private_pem().map_err(|_| other())?;
        let der = pem::private_key(text.expose_secret()).map_err(|_| other())?.der;
        let private = match key.alg().family() {
            Family::Rsa => PrivateDecryptingKey::from_pkcs8(&der)
                .ok()
                .and_then(|key| OaepPrivateDecryptingKey::new(key).ok())
                .map(Private::Rsa),
            Family::P256 => PrivateKey::from_private_key_der(&ECDH_P256, &der).ok().map(Private::Ec),
            _ => None,
        };
        let jwk = key.public_jwk().ok_or_else(other)?;
        Ok(Self { private: Arc::new(private.ok_or_else(other)?), jwk })
    }

    /// Whether it decrypts what was encrypted by this algorithm.
    pub fn fits(&self, alg: KeyAlg) -> bool {
        matches!(*self.private, Private::Ec(_)) == (alg == KeyAlg::EcdhEs)
    }

    /// The public half, as the key to encrypt with by this algorithm.
    pub fn public_jwk(&self, alg: KeyAlg) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["alg"] = json!(alg.name());
        jwk["use"] = json!("enc");
        jwk
    }

    /// The content encryption key.
    pub(super) fn open(
        &self,
        agreed: Agreed,
        header: &Map<String, Value>,
        encrypted: &[u8],
    ) -> Result<Vec<u8>, JweError> {
        match (&*self.private, agreed.alg.oaep()) {
            (Private::Rsa(private), Some(oaep)) => {
                let mut key = vec![0; private.min_output_size()];
                let opened = private.decrypt(oaep, encrypted, &mut key, None);
                let opened = opened.map_err(|_| JweError::new("the content encryption key is not for our key"))?;
                Ok(opened.to_vec())
            }
            (Private::Ec(private), None) => {
                let epk = header.get("epk").and_then(Value::as_object);
                let epk = epk.ok_or_else(|| JweError::new("the header of the JWE has no epk"))?;
                let point = jwk::family(epk).and_then(|family| jwk::point(epk, family));
                let point = point.map_err(|error| JweError::new(format!("epk: {error}")))?;
                let party = |name: &str| {
                    let text = header.get(name).and_then(Value::as_str).unwrap_or_default();
                    from_base64url(text).map_err(|_| JweError::new(format!("{name} is not base64url")))
                };
                let (apu, apv) = (party("apu")?, party("apv")?);
                let (name, len) = (agreed.enc.name(), agreed.enc.key_len());
                let refused = JweError::new("epk is no point on P-256");
                let theirs = UnparsedPublicKey::new(&ECDH_P256, point);
                agree(private, theirs, refused, |shared| Ok(concat_kdf(shared, name, len, &apu, &apv)))
            }
            _ => Err(JweError::new(format!("our key is not one for {}", agreed.alg.name()))),
        }
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey")
    }
}

/// The key derivation of ECDH-ES (RFC 7518 section 4.6.2) for a key of so many bytes.
pub(super) fn concat_kdf(shared: &[u8], algorithm: &str, len: usize, apu: &[u8], apv: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    for round in 1u32.. {
        let mut context = Context::new(&SHA256);
        context.update(&round.to_be_bytes());
        context.update(shared);
        for part in [algorithm.as_bytes(), apu, apv] {
            context.update(&(part.len() as u32).to_be_bytes());
            context.update(part);
        }
        context.update(&(len as u32 * 8).to_be_bytes());
        key.extend(context.finish().as_ref());
        if key.len() >= len {
            break;
        }
    }
    key.truncate(len);
    key
}
