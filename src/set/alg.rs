//! The JWS algorithms that setspec can sign with and verify (RFC 7518 section 3, RFC 8037).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A JWS signature algorithm. Text and serde form are the exact JOSE name (`RS256`, `EdDSA`), case-sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512.
    #[serde(rename = "PS512")]
    Ps512,
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA with P-384 and SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// EdDSA with Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// HMAC with SHA-256: a shared secret, no public key.
    #[serde(rename = "HS256")]
    Hs256,
}

/// The kind of key that an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// An RSA key.
    Rsa,
    /// An elliptic curve key on P-256.
    P256,
    /// An elliptic curve key on P-384.
    P384,
    /// An Edwards curve key, Ed25519.
    Ed25519,
    /// A shared secret.
    Secret,
}

/// A name that is none of [`Alg::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("algorithm: expected one of {}, got {found:?}", expected_names())]
pub struct UnknownAlg {
    /// The name that was given.
    pub found: String,
}

fn expected_names() -> String {
    Alg::ALL.map(Alg::name).join(", ")
}

impl Alg {
    /// Every algorithm, in the order of the enum.
    pub const ALL: [Alg; 10] = [
        Alg::Rs256,
        Alg::Rs384,
        Alg::Rs512,
        Alg::Ps256,
        Alg::Ps384,
        Alg::Ps512,
        Alg::Es256,
        Alg::Es384,
        Alg::EdDsa,
        Alg::Hs256,
    ];

    /// The JOSE name.
    pub const fn name(self) -> &'static str {
        match self {
            Alg::Rs256 => "RS256",
            Alg::Rs384 => "RS384",
            Alg::Rs512 => "RS512",
            Alg::Ps256 => "PS256",
            Alg::Ps384 => "PS384",
            Alg::Ps512 => "PS512",
            Alg::Es256 => "ES256",
            Alg::Es384 => "ES384",
            Alg::EdDsa => "EdDSA",
            Alg::Hs256 => "HS256",
        }
    }

    /// The algorithm that an `alg` member of a header or JWK names.
    ///
    /// Besides the ten names it knows `Ed25519`, which RFC 9864 registers for what `EdDSA` means with that curve.
    pub fn of_member(name: &str) -> Option<Alg> {
        match name {
            "Ed25519" => Some(Alg::EdDsa),
            _ => name.parse().ok(),
        }
    }

    /// The kind of key that this algorithm needs.
    pub const fn family(self) -> Family {
        match self {
            Alg::Rs256 | Alg::Rs384 | Alg::Rs512 | Alg::Ps256 | Alg::Ps384 | Alg::Ps512 => Family::Rsa,
            Alg::Es256 => Family::P256,
            Alg::Es384 => Family::P384,
            Alg::EdDsa => Family::Ed25519,
            Alg::Hs256 => Family::Secret,
        }
    }

    pub(crate) const fn to_jsonwebtoken(self) -> jsonwebtoken::Algorithm {
        use jsonwebtoken::Algorithm;
        match self {
            Alg::Rs256 => Algorithm::RS256,
            Alg::Rs384 => Algorithm::RS384,
            Alg::Rs512 => Algorithm::RS512,
            Alg::Ps256 => Algorithm::PS256,
            Alg::Ps384 => Algorithm::PS384,
            Alg::Ps512 => Algorithm::PS512,
            Alg::Es256 => Algorithm::ES256,
            Alg::Es384 => Algorithm::ES384,
            Alg::EdDsa => Algorithm::EdDSA,
            Alg::Hs256 => Algorithm::HS256,
        }
    }
}

impl Family {
    /// What the key is called in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Rsa => "an RSA key",
            Family::P256 => "an EC key on P-256",
            Family::P384 => "an EC key on P-384",
            Family::Ed25519 => "an Ed25519 key",
            Family::Secret => "a shared secret",
        }
    }

    /// The algorithm to assume for a key that names none.
    pub const fn default_alg(self) -> Alg {
        match self {
            Family::Rsa => Alg::Rs256,
            Family::P256 => Alg::Es256,
            Family::P384 => Alg::Es384,
            Family::Ed25519 => Alg::EdDsa,
            Family::Secret => Alg::Hs256,
        }
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Alg {
    type Err = UnknownAlg;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Alg::ALL.into_iter().find(|alg| alg.name() == name).ok_or_else(|| UnknownAlg { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_serde_agree_for_every_algorithm() {
        for alg in Alg::ALL {
            assert_eq!(alg.to_string().parse(), Ok(alg));
            assert_eq!(serde_json::to_value(alg).unwrap(), alg.name());
            assert_eq!(alg.family().default_alg().family(), alg.family());
            assert_eq!(format!("{:?}", alg.to_jsonwebtoken()), alg.name());
        }
    }

    #[test]
    fn names_are_case_sensitive() {
        for name in ["es256", "none", "HS384", "ES512", "eddsa", "Ed25519", ""] {
            assert!(name.parse::<Alg>().is_err(), "{name}");
        }
        assert_eq!(Alg::of_member("Ed25519"), Some(Alg::EdDsa));
    }
}
