//! Keys and key identifiers.

use std::time::Duration;

use serde_json::json;
use setspec::peer::ssf::{Answer, Operation};
use setspec::set::Draft;

use crate::bench::{Hostile, against};

/// As many fetches as a run does because of keys that it does not know, and that of the preflight.
const MOST_FETCHES: usize = 21;

fn with_a_new_kid(draft: &mut Draft) {
    draft.header.insert("kid".to_owned(), json!(uuid::Uuid::new_v4().to_string()));
}

#[tokio::test]
async fn a_new_kid_in_every_set() {
    let hostile = Hostile::sets(with_a_new_kid);
    against(&hostile).await.blames("ssf/4.1.4/key-served");
    assert!(hostile.count(Operation::Jwks) <= MOST_FETCHES, "{} fetches", hostile.count(Operation::Jwks));
}

#[tokio::test]
async fn a_key_set_that_is_none() {
    let bodies = [
        String::new(),
        "[]".to_owned(),
        "{\"keys\":{}}".to_owned(),
        "{\"keys\":[1,null,\"x\",[],{}]}".to_owned(),
        format!("{{\"keys\":[{}{}]}}", "[".repeat(5_000), "]".repeat(5_000)),
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"kid\":\"good\"}]}".to_owned(),
    ];
    for body in bodies {
        let beginning: String = body.chars().take(40).collect();
        let hostile =
            Hostile::answers_to(Operation::Jwks, move |_, answer| Answer { body: body.clone().into(), ..answer });
        let seen = against(&hostile).await.not_conformant();
        assert!(hostile.count(Operation::Jwks) <= MOST_FETCHES, "{beginning}: {}", seen.told());
    }
}

/// A key of another kind than the SETs are signed with, with a modulus of two million bits.
#[tokio::test]
async fn a_huge_key() {
    let hostile = Hostile::documents(Operation::Jwks, |keys| {
        keys["keys"] = json!([{ "kty": "RSA", "kid": "good", "e": "AQAB", "n": "A".repeat(400_000) }]);
    });
    against(&hostile).await.not_conformant().preflight_says("none of the keys can be used");
    assert!(hostile.count(Operation::Jwks) <= MOST_FETCHES);
}

#[tokio::test]
async fn thousands_of_keys_of_one_name() {
    let key =
        json!({ "kty": "EC", "crv": "P-256", "kid": "good", "use": "sig", "x": "A".repeat(43), "y": "A".repeat(43) });
    let hostile = Hostile::documents(Operation::Jwks, move |keys| {
        keys["keys"] = json!(vec![key.clone(); 7_000]);
    });
    against(&hostile).await.not_conformant();
}

/// A run waits for keys a few times, and not for each SET anew.
#[tokio::test]
async fn keys_that_do_not_come() {
    let hostile = Hostile::answers_to(Operation::Jwks, |_, answer| Answer { delay: Duration::from_secs(60), ..answer });
    let seen = against(&hostile).await.not_conformant().preflight_says("no signature can be checked");
    assert!(hostile.count(Operation::Jwks) <= MOST_FETCHES, "{}", seen.told());
}
