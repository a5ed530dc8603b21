//! Keys and drafts that the tests of this module share; RSA keys are slow to make.

use std::sync::OnceLock;

use serde_json::json;

use super::{Alg, Draft, Jwks, Signature, SigningKey, Token, sign, verify};

fn keys(prefix: &'static str, cell: &'static OnceLock<Vec<SigningKey>>) -> &'static [SigningKey] {
    cell.get_or_init(|| {
        Alg::ALL.iter().map(|alg| SigningKey::generate(*alg, &format!("{prefix}-{alg}")).unwrap()).collect()
    })
}

fn position(alg: Alg) -> usize {
    Alg::ALL.iter().position(|one| *one == alg).unwrap()
}

/// The good key of an algorithm.
pub(crate) fn key(alg: Alg) -> &'static SigningKey {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    &keys("good", &KEYS)[position(alg)]
}

/// The attacker's key of the same algorithm.
pub(crate) fn other(alg: Alg) -> &'static SigningKey {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    &keys("other", &KEYS)[position(alg)]
}

/// A small SET.
pub(crate) fn draft() -> Draft {
    let claims = json!({
        "iss": "https://tx.example", "jti": "1", "iat": 1_700_000_000, "aud": "https://rx.example",
        "sub_id": {"format": "opaque", "id": "s"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {"reason_admin": {"en": "x"}}}
    });
    Draft::new(claims.as_object().cloned().unwrap())
}

/// Whether what `signer` signs is valid for someone who trusts `trusted`.
pub(crate) fn verifies(signer: &SigningKey, trusted: &SigningKey) -> bool {
    let token = Token::parse(&sign(&draft(), signer).unwrap());
    let set = Jwks::for_keys(&[&trusted.with_kid(signer.kid())]).unwrap();
    assert_eq!(token.defects, []);
    matches!(verify(&token, &set), Signature::Valid { alg, .. } if alg == signer.alg())
}
