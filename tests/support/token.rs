//! SETs as a good issuer makes them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use setspec::set::{Alg, Draft, Jwks, SigningKey, sign};

pub const ISSUER: &str = "https://issuer.example.com";
pub const AUDIENCE: &str = "https://receiver.example.com";

/// A key of an issuer.
pub fn key() -> SigningKey {
    setspec::install_crypto();
    SigningKey::generate(Alg::Es256, "issuer-1").expect("a key")
}

/// The key set of an issuer, as a file holds it.
pub fn jwks(key: &SigningKey) -> String {
    Jwks::from_keys(&[key]).to_string()
}

/// The claims of a good SET.
pub fn claims() -> Map<String, Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    let claims = json!({
        "iss": ISSUER,
        "iat": now,
        "jti": format!("{:x}", SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos()),
        "aud": AUDIENCE,
        "sub_id": { "format": "email", "email": "jane@example.com" },
        "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": { "event_timestamp": now } },
    });
    claims.as_object().cloned().expect("an object")
}

/// A good SET with some claims replaced; null removes one.
pub fn set(key: &SigningKey, changes: Value) -> String {
    let mut draft = Draft::new(claims());
    draft.merge_claims(changes.as_object().expect("changes are an object"));
    sign(&draft, key).expect("a token")
}
