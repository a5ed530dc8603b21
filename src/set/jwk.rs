//! Members of a JWK (RFC 7517, RFC 7518 section 6), read with errors that describe and never quote them.

use serde_json::{Map, Value};

use super::alg::Family;
use super::encode::from_base64url;
use super::error::KeyError;
use super::json;

const WHAT: &str = "JWK";

/// A text member, if it is there.
pub(crate) fn optional_text<'a>(
    jwk: &'a Map<String, Value>,
    member: &'static str,
) -> Result<Option<&'a str>, KeyError> {
    match jwk.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(bad(member, "a string", json::kind(other))),
    }
}

/// A text member.
pub(crate) fn text<'a>(jwk: &'a Map<String, Value>, member: &'static str) -> Result<&'a str, KeyError> {
    optional_text(jwk, member)?.ok_or_else(|| bad(member, "a string", "nothing"))
}

/// A binary member, base64url.
pub(crate) fn bytes(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, KeyError> {
    // The position of a wrong symbol is told, the symbol's surroundings are not: this may be private key material.
    from_base64url(text(jwk, member)?).map_err(|_| bad(member, "base64url without padding", "text that is not"))
}

/// A positive integer (`Base64urlUInt`); leading zero bytes, which are wrong but harmless, are dropped.
pub(crate) fn integer(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(jwk, member)?;
    let start = bytes.iter().position(|byte| *byte != 0);
    match start {
        Some(start) => Ok(bytes[start..].to_vec()),
        None => Err(bad(member, "a positive integer", "zero")),
    }
}

/// The kind of key that `kty` and `crv` name.
pub(crate) fn family(jwk: &Map<String, Value>) -> Result<Family, KeyError> {
    match text(jwk, "kty")? {
        "RSA" => Ok(Family::Rsa),
        "oct" => Ok(Family::Secret),
        "EC" => match text(jwk, "crv")? {
            "P-256" => Ok(Family::P256),
            "P-384" => Ok(Family::P384),
            other => Err(bad("crv", "P-256 or P-384", format!("{other:?}"))),
        },
        "OKP" => match text(jwk, "crv")? {
            "Ed25519" => Ok(Family::Ed25519),
            other => Err(bad("crv", "Ed25519", format!("{other:?}"))),
        },
        other => Err(bad("kty", "RSA, EC, OKP or oct", format!("{other:?}"))),
    }
}

/// The uncompressed point of an EC key: `04 x y`, both coordinates at full length (RFC 7518 section 6.2.1.2).
pub(crate) fn point(jwk: &Map<String, Value>, family: Family) -> Result<Vec<u8>, KeyError> {
    let (size, expected) = match family {
        Family::P384 => (48, "48 bytes"),
        _ => (32, "32 bytes"),
    };
    let mut point = vec![4];
    for member in ["x", "y"] {
        let coordinate = bytes(jwk, member)?;
        if coordinate.len() != size {
            return Err(bad(member, expected, format!("{} bytes", coordinate.len())));
        }
        point.extend(coordinate);
    }
    Ok(point)
}

pub(crate) fn bad(member: &'static str, expected: &'static str, found: impl Into<String>) -> KeyError {
    KeyError::Member { what: WHAT, member, expected, found: found.into() }
}
