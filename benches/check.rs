//! What judging costs: `check` on 10,000 signed SETs against the bare verification of the same tokens.
//!
//! A ratio says more than times: both halves run on the same machine, on the same tokens, with the same library.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use serde_json::{Map, Value, json};
use setspec::run::check::Checker;
use setspec::run::proof::built_in_catalogue;
use setspec::set::{Alg, Draft, Jwks, SigningKey, Token, sign, verify};

const TOKENS: usize = 10_000;

fn main() {
    setspec::install_crypto();
    let catalogue = built_in_catalogue().expect("the built-in suites load");
    let profile = catalogue.profiles.get("set").expect("the profile of tokens at rest").clone();
    for alg in [Alg::Es256, Alg::Rs256] {
        let key = SigningKey::generate(alg, "bench").expect("a key");
        let jwks = Jwks::for_keys(&[&key]).expect("its public half");
        let tokens: Vec<String> = (0..TOKENS).map(|number| token(&key, number)).collect();

        let began = Instant::now();
        let valid = tokens.iter().filter(|token| verify(&Token::parse(token), &jwks).is_valid()).count();
        let bare = began.elapsed();
        assert_eq!(valid, TOKENS);

        let checker = Checker::new(catalogue.clone(), &profile, Some(jwks));
        let began = Instant::now();
        let clean = tokens.iter().filter(|token| checker.check("bench", token).findings.is_empty()).count();
        let checked = began.elapsed();
        assert_eq!(clean, TOKENS);

        println!(
            "{alg}: {TOKENS} SETs, verified in {bare:.2?}, checked in {checked:.2?}: ratio {:.1}",
            checked.as_secs_f64() / bare.as_secs_f64()
        );
    }
}

fn token(key: &SigningKey, number: usize) -> String {
    let claims: Map<String, Value> = match json!({
        "iss": "https://issuer.example.com",
        "jti": format!("bench-{number}"),
        "iat": 1_760_000_000,
        "aud": "https://receiver.example.com",
        "sub_id": { "format": "email", "email": "user@example.com" },
        "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": { "event_timestamp": 1_760_000_000 } },
    }) {
        Value::Object(claims) => claims,
        _ => Map::new(),
    };
    sign(&Draft::new(claims), key).expect("signs")
}
