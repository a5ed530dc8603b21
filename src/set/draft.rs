//! A token to be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::encode::{base64url, signing_input};
use super::error::KeyError;
use super::key::SigningKey;

/// The media type of a SET without `application/` (RFC 8417 section 2.3).
pub const SET_TYPE: &str = "secevent+jwt";

/// Header and claims before signing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Header members. `alg` and `kid` come from the key when the token is signed; a member here replaces them, and
    /// `null` leaves the member out.
    #[serde(default = "default_header")]
    pub header: Map<String, Value>,
    /// The claims.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// The payload, verbatim, instead of the claims: for what a JSON value cannot hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_text: Option<String>,
}

fn default_header() -> Map<String, Value> {
    Map::from_iter([("typ".to_owned(), json!(SET_TYPE))])
}

impl Default for Draft {
    /// No claims, and the `typ` of a SET.
    fn default() -> Self {
        Self::new(Map::new())
    }
}

impl Draft {
    /// A SET with these claims.
    pub fn new(claims: Map<String, Value>) -> Self {
        Draft { header: default_header(), claims, payload_text: None }
    }

    /// Replaces each named claim; `null` removes it. Shallow: a nested object is replaced as a whole. To send a claim
    /// that *is* null, use `payload_text`.
    pub fn merge_claims(&mut self, changes: &Map<String, Value>) {
        merge(&mut self.claims, changes);
    }

    /// Replaces each named header member; `null` removes it, also `alg` and `kid`, which only signing would add.
    pub fn merge_header(&mut self, changes: &Map<String, Value>) {
        for (name, value) in changes {
            self.header.insert(name.clone(), value.clone());
        }
    }

    /// The header as it will be signed by `key`.
    pub fn header_for(&self, key: &SigningKey) -> Map<String, Value> {
        let mut header = Map::new();
        header.insert("alg".into(), json!(key.alg()));
        if let Some(kid) = key.kid() {
            header.insert("kid".into(), json!(kid));
        }
        merge(&mut header, &self.header);
        header
    }

    /// The payload as it will be signed.
    pub fn payload(&self) -> String {
        match &self.payload_text {
            Some(text) => text.clone(),
            None => to_text(&self.claims),
        }
    }
}

/// Signs a draft: a compact JWS (RFC 7515 section 7.1).
///
/// # Errors
///
/// Those of [`SigningKey::sign`].
pub fn sign(draft: &Draft, key: &SigningKey) -> Result<String, KeyError> {
    compact(&to_text(&draft.header_for(key)), draft.payload().as_bytes(), key)
}

/// Signs a header text and payload bytes as they are.
pub(crate) fn compact(header: &str, payload: &[u8], key: &SigningKey) -> Result<String, KeyError> {
    let input = signing_input(header, payload);
    let signature = key.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", base64url(signature)))
}

/// The JSON text of an object.
pub(crate) fn to_text(members: &Map<String, Value>) -> String {
    Value::Object(members.clone()).to_string()
}

/// Replaces each named member; `null` removes it. Shallow.
pub(crate) fn merge(members: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            // Not `remove`, which would move the last member into the gap.
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set::testing::{draft, key};
    use crate::set::{Alg, Token};

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn signed(draft: &Draft) -> Token {
        Token::parse(&sign(draft, key(Alg::Es256)).unwrap())
    }

    #[test]
    fn claims_are_merged_shallowly_and_null_removes() {
        let mut draft = Draft::new(object(json!({"a": {"b": 1, "c": 2}, "d": 3, "e": 4, "g": 5})));
        draft.merge_claims(&object(json!({"a": {"b": 5}, "d": null, "x": null, "f": [null]})));
        assert_eq!(signed(&draft).payload_text.unwrap(), r#"{"a":{"b":5},"e":4,"g":5,"f":[null]}"#);
    }

    #[test]
    fn the_header_comes_from_the_key_unless_the_draft_says_otherwise() {
        let mut draft = draft();
        let header = |draft: &Draft| signed(draft).header_text.unwrap();
        assert_eq!(header(&draft), r#"{"alg":"ES256","kid":"good-ES256","typ":"secevent+jwt"}"#);
        draft.merge_header(&object(json!({"kid": "mine", "typ": null})));
        assert_eq!(header(&draft), r#"{"alg":"ES256","kid":"mine"}"#);
        draft.merge_header(&object(json!({"kid": null, "alg": null})));
        assert_eq!(header(&draft), "{}");
    }

    #[test]
    fn a_payload_text_is_sent_verbatim() {
        let draft = Draft { payload_text: Some("{ \"a\":null }".into()), ..draft() };
        assert_eq!(signed(&draft).payload_text.unwrap(), "{ \"a\":null }");
    }

    #[test]
    fn a_draft_is_read_with_the_typ_of_a_set() {
        let draft: Draft = serde_json::from_value(json!({"claims": {"iss": "x"}})).unwrap();
        assert_eq!(draft, Draft::new(object(json!({"iss": "x"}))));
        assert!(serde_json::from_value::<Draft>(json!({"claim": {}})).is_err());
    }
}
