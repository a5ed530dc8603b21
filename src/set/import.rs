//! Signing keys read from PEM, JWK or a shared secret.

use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Map, Value};

use super::alg::{Alg, Family};
use super::error::KeyError;
use super::key::{Pair, SigningKey, ecdsa, secret};
use super::{json, jwk, pem};

impl SigningKey {
    /// A key from PEM: PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`), unencrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pem`] if there is no such block, [`KeyError::Rejected`] if its content is no key for `alg`,
    /// [`KeyError::Unsupported`] for HS256, whose secrets have no PEM form.
    pub fn from_pem(text: &str, alg: Alg, kid: Option<&str>) -> Result<SigningKey, KeyError> {
        let block = pem::private_key(text)?;
        let der = block.der.as_slice();
        let pair = match alg.family() {
            Family::Rsa if block.label == "RSA PRIVATE KEY" => RsaKeyPair::from_der(der)
                .map(Pair::Rsa)
                .map_err(|error| KeyError::rejected("the key, read as an RSA key,", error))?,
            Family::Rsa => RsaKeyPair::from_pkcs8(der)
                .map(Pair::Rsa)
                .map_err(|error| KeyError::rejected("the key, read as an RSA key,", error))?,
            Family::P256 | Family::P384 => EcdsaKeyPair::from_private_key_der(ecdsa(alg), der)
                .map(Pair::Ec)
                .map_err(|error| KeyError::rejected(ec_pem(alg), error))?,
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(der)
                .map(Pair::Ed)
                .map_err(|error| KeyError::rejected("the key, read as an Ed25519 key,", error))?,
            Family::Secret => {
                return Err(KeyError::Unsupported {
                    what: "reading PEM".into(),
                    alg,
                    reason: "a shared secret is no PEM",
                });
            }
        };
        Ok(Self::new(alg, kid, pair))
    }

    /// A key from a private JWK: RSA (with its prime factors), EC P-256 or P-384, OKP Ed25519, or oct.
    ///
    /// `alg` and `kid` win over the members of the same name; with neither, the algorithm is the plainest one of the
    /// key type (RS256, ES256, ES384, EdDSA, HS256).
    ///
    /// # Errors
    ///
    /// [`KeyError::Json`], [`KeyError::Member`] naming the member, [`KeyError::Mismatch`] if `alg` is none for this key
    /// type, [`KeyError::Rejected`] if the parts do not belong together.
    pub fn from_jwk(text: &str, alg: Option<Alg>, kid: Option<&str>) -> Result<SigningKey, KeyError> {
        let parsed = json::parse(text.as_bytes()).map_err(|source| KeyError::Json { what: "JWK", source })?;
        let Value::Object(jwk) = &parsed.value else {
            return Err(jwk::bad("kty", "an object that has it", json::kind(&parsed.value)));
        };
        let family = jwk::family(jwk)?;
        let alg = match (alg, jwk::optional_text(jwk, "alg")?) {
            (Some(alg), _) => alg,
            (None, Some(name)) => Alg::of_member(name)
                .ok_or_else(|| jwk::bad("alg", "an algorithm that setspec signs with", format!("{name:?}")))?,
            (None, None) => family.default_alg(),
        };
        if alg.family() != family {
            return Err(KeyError::Mismatch { alg, found: family });
        }
        let pair = match family {
            Family::Rsa => Pair::Rsa(rsa_from_jwk(jwk)?),
            Family::P256 | Family::P384 => EcdsaKeyPair::from_private_key_and_public_key(
                ecdsa(alg),
                &jwk::bytes(jwk, "d")?,
                &jwk::point(jwk, family)?,
            )
            .map(Pair::Ec)
            .map_err(|error| KeyError::rejected("the EC key", error))?,
            Family::Ed25519 => Ed25519KeyPair::from_seed_and_public_key(&jwk::bytes(jwk, "d")?, &jwk::bytes(jwk, "x")?)
                .map(Pair::Ed)
                .map_err(|error| KeyError::rejected("the Ed25519 key", error))?,
            Family::Secret => {
                return Self::from_secret(&jwk::bytes(jwk, "k")?, kid.or(jwk::optional_text(jwk, "kid")?));
            }
        };
        Ok(Self::new(alg, kid.or(jwk::optional_text(jwk, "kid")?), pair))
    }

    /// An HS256 key. Secrets shorter than the 32 bytes of RFC 7518 section 3.2 are taken: they exist.
    ///
    /// # Errors
    ///
    /// [`KeyError::Rejected`] if the secret is empty.
    pub fn from_secret(secret_bytes: &[u8], kid: Option<&str>) -> Result<SigningKey, KeyError> {
        if secret_bytes.is_empty() {
            return Err(KeyError::rejected("the shared secret", "it is empty"));
        }
        Ok(Self::new(Alg::Hs256, kid, secret(secret_bytes.to_vec())))
    }
}

const fn ec_pem(alg: Alg) -> &'static str {
    match alg {
        Alg::Es384 => "the key, read as an EC key on P-384,",
        _ => "the key, read as an EC key on P-256,",
    }
}

fn rsa_from_jwk(members: &Map<String, Value>) -> Result<RsaKeyPair, KeyError> {
    if members.contains_key("oth") {
        return Err(jwk::bad("oth", "a key of two primes", "a key of more"));
    }
    RsaKeyPair::from_components(&KeyPairComponents {
        public_key: RsaPublicKeyComponents { n: jwk::integer(members, "n")?, e: jwk::integer(members, "e")? },
        d: jwk::integer(members, "d")?,
        p: jwk::integer(members, "p")?,
        q: jwk::integer(members, "q")?,
        dP: jwk::integer(members, "dp")?,
        dQ: jwk::integer(members, "dq")?,
        qInv: jwk::integer(members, "qi")?,
    })
    .map_err(|error| KeyError::rejected("the RSA key", error))
}
