//! What is usable, what is not and why, and the order of candidates.

use super::*;
use crate::set::testing::key;

fn one(entry: Value) -> Option<String> {
    let set = Jwks::from_value(&json!({ "keys": [entry] })).unwrap();
    set.keys()[0].unusable().map(str::to_owned)
}

fn changed(alg: Alg, member: &str, value: Value) -> Value {
    let mut jwk = key(alg).public_jwk().unwrap();
    jwk[member] = value;
    jwk
}

#[test]
fn unknown_entries_are_kept_with_their_reason() {
    for (entry, word) in [
        (json!("text"), "not an object"),
        (json!({"kid": "a"}), "kty"),
        (json!({"kty": "LWE"}), "LWE"),
        (json!({"kty": "oct", "k": "AAAA"}), "published"),
        (changed(Alg::Es256, "crv", json!("P-521")), "P-521"),
        (changed(Alg::Es256, "alg", json!("ES512")), "ES512"),
        (changed(Alg::Es256, "x", json!("AAAA")), "3 bytes"),
        (changed(Alg::Es256, "x", key(Alg::Es256).public_jwk().unwrap()["y"].clone()), "invalid"),
        (changed(Alg::Es256, "use", json!("enc")), "encryption"),
        (changed(Alg::Es256, "key_ops", json!(["sign"])), "key_ops"),
        (changed(Alg::EdDsa, "x", json!("AAAA")), "invalid"),
        (changed(Alg::Rs256, "n", json!("_____________w")), "bits"),
        (changed(Alg::Rs256, "e", json!(5)), "a number"),
    ] {
        let reason = one(entry.clone()).unwrap_or_else(|| panic!("{entry} was taken"));
        assert!(reason.contains(word), "{entry}: {reason}");
    }
}

#[test]
fn usable_entries_are_taken() {
    for alg in Alg::ALL.into_iter().filter(|alg| *alg != Alg::Hs256) {
        assert_eq!(one(key(alg).public_jwk().unwrap()), None, "{alg}");
    }
    assert_eq!(one(changed(Alg::EdDsa, "alg", json!("Ed25519"))), None);
    assert_eq!(one(changed(Alg::Es256, "x5c", json!([1]))), None);
}

#[test]
fn what_is_no_key_set_is_an_error_with_its_place() {
    for (text, word) in [("<html>", "not JSON"), ("[]", "an array"), ("{}", "nothing"), (r#"{"keys":{}}"#, "an object")]
    {
        let error = Jwks::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("JWK Set") && error.contains(word), "{error}");
    }
}

#[test]
fn candidates_come_in_order_of_preference() {
    let unnamed = key(Alg::Es256).with_kid(None);
    let a = key(Alg::Es256).with_kid(Some("a"));
    let rsa = key(Alg::Rs256).with_kid(Some("r"));
    let set = Jwks::for_keys(&[&unnamed, &a, &rsa]).unwrap();
    let kids = |kid, alg| -> Vec<Option<&str>> { set.candidates(kid, alg).into_iter().map(VerifyKey::kid).collect() };
    assert_eq!(kids(Some("a"), Alg::Es256), [Some("a"), None]);
    assert_eq!(kids(None, Alg::Es256), [None, Some("a")]);
    assert_eq!(kids(Some("r"), Alg::Rs256), [Some("r")]);
    assert!(kids(Some("r"), Alg::Ps256).is_empty());
    assert!(kids(Some("r"), Alg::Hs256).is_empty());
    assert!(kids(Some("other"), Alg::Rs256).is_empty());
    assert!(set.has("a") && !set.has("other"));
}

#[test]
fn a_published_document_leaves_secrets_out() {
    let document = Jwks::from_keys(&[key(Alg::Hs256), key(Alg::Es256)]);
    assert_eq!(document["keys"].as_array().unwrap().len(), 1);
    assert_eq!(document["keys"][0]["use"], "sig");
}
