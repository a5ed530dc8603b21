//! Every algorithm, every header that decides something, and arbitrary tokens.

use super::*;
use crate::set::testing::{draft, key, other, verifies};
use crate::set::{Draft, sign};
use proptest::prelude::*;
use serde_json::json;

fn with_header(alg: Alg, header: Value) -> Signature {
    let mut draft = draft();
    draft.merge_header(header.as_object().unwrap());
    let token = Token::parse(&sign(&draft, key(alg)).unwrap());
    verify(&token, &Jwks::for_keys(&[key(alg)]).unwrap())
}

#[test]
fn each_algorithm_verifies_its_own_key_and_no_other() {
    for alg in Alg::ALL {
        assert!(verifies(key(alg), key(alg)), "{alg}");
        assert!(!verifies(key(alg), other(alg)), "{alg}");
    }
}

#[test]
fn tokens_of_rfc_7515_verify() {
    let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]});
    let a3 = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = Token::parse(a3);
    assert_eq!(token.claims.as_ref().unwrap()["iss"], "joe");
    let signature = verify(&token, &Jwks::from_value(&set).unwrap());
    assert_eq!(signature, Signature::Valid { kid: None, alg: Alg::Es256 });
    let a5 = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    assert_eq!(verify(&Token::parse(a5), &Jwks::default()), Signature::Unsecured);
}

#[test]
fn the_header_decides_as_the_rfc_says() {
    for (header, name) in [
        (json!({}), "valid"),
        (json!({"kid": null}), "valid"),
        (json!({"typ": null, "cty": "x", "b64": true}), "valid"),
        (json!({"kid": "elsewhere"}), "no-key"),
        (json!({"kid": 7}), "invalid"),
        (json!({"alg": null}), "invalid"),
        (json!({"alg": 5}), "invalid"),
        (json!({"alg": "none"}), "invalid"),
        (json!({"alg": "NONE"}), "invalid"),
        (json!({"alg": "ES512"}), "unsupported"),
        (json!({"alg": "es256"}), "unsupported"),
        (json!({"alg": "HS256"}), "invalid"),
        (json!({"alg": "ES384"}), "invalid"),
        (json!({"alg": "HS256", "kid": null}), "no-key"),
        (json!({"crit": ["exp"], "exp": 1}), "invalid"),
        (json!({"crit": []}), "invalid"),
        (json!({"crit": "b64"}), "invalid"),
        (json!({"b64": false, "crit": ["b64"]}), "invalid"),
    ] {
        let signature = with_header(Alg::Es256, header.clone());
        assert_eq!(signature.name(), name, "{header}: {signature:?}");
        assert_eq!(signature.reason().is_none(), signature.is_valid(), "{header}");
    }
}

#[test]
fn keys_with_the_same_name_are_all_tried() {
    let twin = other(Alg::Es256).with_kid(key(Alg::Es256).kid());
    let set = Jwks::for_keys(&[&twin, key(Alg::Es256)]).unwrap();
    let token = Token::parse(&sign(&draft(), key(Alg::Es256)).unwrap());
    assert!(verify(&token, &set).is_valid());
}

#[test]
fn an_unusable_key_is_told_apart_from_none() {
    let token = Token::parse(&sign(&draft(), &key(Alg::Es256).with_kid(Some("k"))).unwrap());
    let set = Jwks::parse(r#"{"keys":[{"kty":"EC","crv":"P-521","kid":"k"}]}"#).unwrap();
    assert_eq!(verify(&token, &set).name(), "unsupported");
    assert_eq!(verify(&token, &Jwks::default()).name(), "no-key");
}

#[test]
fn a_secret_without_name_fits_any_token() {
    let mut set = Jwks::default();
    set.add_secret(key(Alg::Hs256).secret().unwrap(), None);
    let token = Token::parse(&sign(&Draft::default(), key(Alg::Hs256)).unwrap());
    assert_eq!(verify(&token, &set), Signature::Valid { kid: None, alg: Alg::Hs256 });
}

#[test]
fn it_serializes_under_its_name() {
    let valid = Signature::Valid { kid: Some("k".into()), alg: Alg::EdDsa };
    let value = serde_json::to_value(&valid).unwrap();
    assert_eq!(value, json!({"result": "valid", "kid": "k", "alg": "EdDSA"}));
    for signature in [Signature::Unsecured, Signature::NotChecked, no_key("x".into())] {
        assert_eq!(serde_json::to_value(&signature).unwrap()["result"], signature.name());
    }
}

proptest! {
    #[test]
    fn any_token_gets_an_answer(alg in "[A-Za-z0-9]{0,6}", payload: Vec<u8>, signature: Vec<u8>, raw: String) {
        let header = json!({"alg": alg}).to_string();
        let input = crate::set::encode::signing_input(&header, &payload);
        let set = Jwks::for_keys(&[key(Alg::Es256), key(Alg::Rs256), key(Alg::EdDsa)]).unwrap();
        let token = Token::parse(&format!("{input}.{}", base64url(&signature)));
        prop_assert!(!verify(&token, &set).is_valid());
        prop_assert!(!verify(&Token::parse(&raw), &set).is_valid());
    }

    #[test]
    fn any_signature_bytes_get_an_answer(index in 0usize..10, signature: Vec<u8>) {
        let alg = Alg::ALL[index];
        let set = Jwks::for_keys(&[key(alg)]).unwrap();
        let input = crate::set::encode::signing_input(&json!({"alg": alg}).to_string(), b"{}");
        let token = Token::parse(&format!("{input}.{}", base64url(&signature)));
        prop_assert_eq!(verify(&token, &set).name(), "invalid");
    }
}
