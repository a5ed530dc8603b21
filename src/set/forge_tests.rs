//! Each forgery is what its description says: judged by `verify` and the defects of `Token`, for every algorithm.

use super::*;
use crate::set::testing::{draft, key, other};
use crate::set::{Jwks, Signature, Token, verify};

/// What `verify` says of a forgery of an ES256 token, and the codes of its defects.
fn expected(forgery: Forgery) -> (&'static str, &'static [&'static str]) {
    match forgery {
        Forgery::AlgNone => ("unsecured", &[]),
        Forgery::AlgNoneMixedCase
        | Forgery::AlgNoneKeepsSignature
        | Forgery::OtherKey
        | Forgery::HmacWithPublicKey
        | Forgery::BrokenSignature
        | Forgery::EmptySignature
        | Forgery::TruncatedSignature
        | Forgery::AlteredPayload
        | Forgery::AlteredHeader
        | Forgery::UnknownCrit
        | Forgery::CritEmpty
        | Forgery::DerSignature => ("invalid", &[]),
        Forgery::UnknownKid | Forgery::EmbeddedJwk | Forgery::ForeignJku => ("no-key", &[]),
        Forgery::OnePart
        | Forgery::TwoParts
        | Forgery::FourParts
        | Forgery::FivePartsGarbage
        | Forgery::TruncatedToken
        | Forgery::NotAJwt
        | Forgery::JsonClaims
        | Forgery::JsonSerialization => ("invalid", &["not-three-parts"]),
        Forgery::BadBase64urlHeader => ("invalid", &["header-not-base64url"]),
        Forgery::BadBase64urlPayload | Forgery::StandardBase64 => ("valid", &["payload-not-base64url"]),
        Forgery::PaddedBase64url => ("valid", &["padded-base64", "padded-base64", "padded-base64"]),
        Forgery::HeaderNotJson => ("invalid", &["header-not-json"]),
        Forgery::HeaderNotObject => ("invalid", &["header-not-object"]),
        Forgery::PayloadNotJson | Forgery::DeeplyNested => ("valid", &["payload-not-json"]),
        Forgery::PayloadNotObject => ("valid", &["payload-not-object"]),
        Forgery::PayloadNotUtf8 => ("valid", &["payload-not-utf8"]),
        Forgery::DuplicateClaim | Forgery::DuplicateEvents | Forgery::DuplicateEventIdentifier => {
            ("valid", &["duplicate-claim"])
        }
        Forgery::DuplicateHeaderMember => ("valid", &["duplicate-header-member"]),
        Forgery::TrailingNewline => ("valid", &["surrounding-whitespace"]),
        Forgery::Oversize => ("valid", &[]),
        Forgery::Empty => ("invalid", &["empty"]),
        Forgery::Whitespace => ("invalid", &["surrounding-whitespace", "empty"]),
    }
}

fn made(alg: Alg, forgery: Forgery) -> Result<Vec<u8>, KeyError> {
    forge(&draft(), forgery, &ForgeKeys::new(key(alg), other(alg)))
}

fn judged(alg: Alg, bytes: &[u8]) -> (Token, Signature) {
    let token = Token::from_bytes(bytes);
    let signature = verify(&token, &Jwks::for_keys(&[key(alg)]).unwrap());
    (token, signature)
}

#[test]
fn each_forgery_is_broken_as_described_and_in_no_other_way() {
    for forgery in Forgery::ALL {
        let (token, signature) = judged(Alg::Es256, &made(Alg::Es256, forgery).unwrap());
        let codes: Vec<&str> = token.defects.iter().map(|defect| defect.code()).collect();
        assert_eq!((signature.name(), codes.as_slice()), expected(forgery), "{forgery}: {signature:?}");
        assert_eq!(forgery.is_validly_signed(), signature.is_valid(), "{forgery}");
    }
}

#[test]
fn only_what_is_validly_signed_verifies_with_any_algorithm() {
    for alg in Alg::ALL {
        for forgery in Forgery::ALL {
            match made(alg, forgery) {
                Ok(bytes) => {
                    let (_, signature) = judged(alg, &bytes);
                    let valid = signature.is_valid();
                    assert_eq!(valid, forgery.is_validly_signed(), "{alg} {forgery}: {signature:?}");
                }
                Err(error) => {
                    assert!(matches!(error, KeyError::Unsupported { .. }), "{alg} {forgery}");
                    let secret =
                        alg == Alg::Hs256 && matches!(forgery, Forgery::HmacWithPublicKey | Forgery::EmbeddedJwk);
                    assert!(secret || forgery == Forgery::DerSignature, "{alg} {forgery}: {error}");
                }
            }
        }
    }
}

#[test]
fn the_control_without_forgery_verifies() {
    for alg in Alg::ALL {
        let token = sign(&draft(), key(alg)).unwrap();
        let (token, signature) = judged(alg, token.as_bytes());
        assert!(signature.is_valid() && token.defects.is_empty(), "{alg}");
    }
}

#[test]
fn attacks_would_work_on_whoever_falls_for_them() {
    let alg = Alg::Es256;
    let text = |forgery| String::from_utf8(made(alg, forgery).unwrap()).unwrap();
    // Whoever trusts the embedded key accepts the token.
    let token = Token::parse(&text(Forgery::EmbeddedJwk));
    let embedded = json!({"keys": [token.header.as_ref().unwrap()["jwk"]]});
    assert!(verify(&token, &Jwks::from_value(&embedded).unwrap()).is_valid());
    // So does whoever fetches the foreign set, or knows the other key.
    let token = Token::parse(&text(Forgery::ForeignJku));
    assert_eq!(token.header.as_ref().unwrap()["jku"], DEFAULT_JKU);
    assert!(verify(&token, &Jwks::for_keys(&[other(alg)]).unwrap()).is_valid());
    // So does whoever takes the public key for a secret.
    let token = Token::parse(&text(Forgery::HmacWithPublicKey));
    let mut confused = Jwks::default();
    confused.add_secret(key(alg).public_pem().unwrap().as_bytes(), token.kid());
    assert!(verify(&token, &confused).is_valid());
    // The DER signature is as long as its own first bytes say, and a DER verifier takes it.
    let token = Token::parse(&text(Forgery::DerSignature));
    let signature = token.signature.clone().unwrap();
    assert_eq!(signature[..2], [0x30, signature.len() as u8 - 2]);
    let point = key(alg).public_jwk().unwrap();
    let point = crate::set::jwk::point(point.as_object().unwrap(), Family::P256).unwrap();
    aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1, point)
        .verify(token.signing_input().unwrap().as_bytes(), &signature)
        .unwrap();
}

#[test]
fn the_payload_is_the_good_one_where_only_the_signature_is_wrong() {
    for forgery in [Forgery::AlgNone, Forgery::OtherKey, Forgery::BrokenSignature] {
        let (token, _) = judged(Alg::Es256, &made(Alg::Es256, forgery).unwrap());
        assert_eq!(token.claims, Some(Value::Object(draft().claims)), "{forgery}");
    }
    let (token, _) = judged(Alg::Es256, &made(Alg::Es256, Forgery::AlteredPayload).unwrap());
    let mut claims = token.claims.unwrap();
    assert_ne!(claims["jti"], "1");
    claims["jti"] = json!("1");
    assert_eq!(claims, Value::Object(draft().claims));
}

#[test]
fn duplicates_end_with_the_good_value() {
    for (forgery, pointer) in [
        (Forgery::DuplicateClaim, "/iss".to_owned()),
        (Forgery::DuplicateEvents, "/events".to_owned()),
        (Forgery::DuplicateEventIdentifier, format!("/events/{}", event().replace('/', "~1"))),
    ] {
        let (token, _) = judged(Alg::Es256, &made(Alg::Es256, forgery).unwrap());
        assert_eq!(token.defects, [crate::set::Defect::DuplicateClaim(pointer)]);
        assert_eq!(token.claims, Some(Value::Object(draft().claims)), "{forgery}");
    }
}

fn event() -> String {
    draft().claims["events"].as_object().unwrap().keys().next().unwrap().clone()
}

#[test]
fn oversize_is_as_large_as_asked_for() {
    for size in [1, 10_000, DEFAULT_OVERSIZE] {
        let keys = ForgeKeys { oversize: size, ..ForgeKeys::new(key(Alg::EdDsa), other(Alg::EdDsa)) };
        let bytes = forge(&draft(), Forgery::Oversize, &keys).unwrap();
        assert!((size..size + 1000).contains(&bytes.len()), "{size}: {}", bytes.len());
    }
}

#[test]
fn standard_base64_really_differs() {
    for padding in 0..3 {
        let mut draft = draft();
        draft.claims.insert("pad".into(), json!("x".repeat(padding)));
        let keys = ForgeKeys::new(key(Alg::Es256), other(Alg::Es256));
        let bytes = forge(&draft, Forgery::StandardBase64, &keys).unwrap();
        assert!(bytes.contains(&b'+') && bytes.contains(&b'/'), "{padding}");
    }
}

#[test]
fn a_draft_that_lacks_what_is_broken_is_an_error() {
    let keys = ForgeKeys::new(key(Alg::Es256), other(Alg::Es256));
    for (forgery, draft) in [
        (Forgery::DuplicateClaim, Draft::default()),
        (Forgery::DuplicateEvents, Draft::default()),
        (Forgery::DuplicateEventIdentifier, Draft::default()),
        (Forgery::AlteredPayload, Draft { payload_text: Some("[]".into()), ..Draft::default() }),
        (Forgery::Oversize, Draft { payload_text: Some("{".into()), ..Draft::default() }),
    ] {
        let error = forge(&draft, forgery, &keys).unwrap_err();
        assert!(error.to_string().starts_with(&format!("forgery {forgery}: the draft needs")));
    }
    let mixed = ForgeKeys::new(key(Alg::Es256), other(Alg::Rs256));
    assert!(forge(&draft(), Forgery::OtherKey, &mixed).is_err());
    // Without claims the text surgery still gives JSON.
    let bytes = forge(&Draft::default(), Forgery::DeeplyNested, &keys).unwrap();
    let text = Token::from_bytes(&bytes).payload_text.unwrap();
    assert!(text.starts_with("{\"nested\":[[["));
}
