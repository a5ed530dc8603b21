//! Access tokens, and the ways in which clients prove who they are.

use base64::Engine as _;
use serde_json::{Map, Value, json};
use setspec::http::RequestSpec;
use setspec::set::{Alg, Draft, SigningKey, sign};

use crate::pair::{CLIENT_KEY, Pair, json_of, key};

#[tokio::test]
async fn the_token_endpoint_grants_by_basic_and_by_post() {
    let pair = Pair::new(|_| {}).await;
    let url: url::Url = pair.transmitter.token_endpoint().parse().unwrap();
    let basic = base64::engine::general_purpose::STANDARD.encode("one:a+secret");
    let form = |body: &str| {
        RequestSpec::new("POST", url.clone()).header("Content-Type", "application/x-www-form-urlencoded").body(body)
    };
    let config = pair.endpoint("configuration_endpoint");
    for spec in [
        form("grant_type=client_credentials").header("Authorization", format!("Basic {basic}")),
        form("grant_type=client_credentials&client_id=one&client_secret=a+secret"),
    ] {
        let granted = json_of(&pair.client.send(spec).await);
        let token = granted["access_token"].as_str().unwrap();
        assert_eq!(pair.ask_as(token, "GET", &config, Value::Null).await.0, 200);
    }
    let reading = form("grant_type=client_credentials&client_id=one&client_secret=a+secret&scope=ssf.read");
    let granted = json_of(&pair.client.send(reading).await);
    assert_eq!(pair.ask_as(granted["access_token"].as_str().unwrap(), "POST", &config, json!({})).await.0, 403);
    for (body, expected) in [
        ("grant_type=client_credentials&client_id=one&client_secret=wrong", 401),
        ("grant_type=client_credentials", 401),
        ("grant_type=password&client_id=one&client_secret=a+secret", 400),
        ("grant_type=client_credentials&client_id=one&client_secret=a+secret&client_assertion=x", 400),
        ("grant_type=client_credentials&client_id=one&client_id=one&client_secret=a+secret", 400),
    ] {
        assert_eq!(pair.client.send(form(body)).await.status(), Some(expected), "{body}");
    }
}

/// Asks for a token with an assertion of these claims, which are added to those of a good one.
async fn assert_identity(pair: &Pair, key: &SigningKey, changes: Value, more: &str) -> u16 {
    let now = jiff::Timestamp::now().as_second();
    let good = json!({
        "iss": "one",
        "sub": "one",
        "aud": pair.transmitter.token_endpoint(),
        "exp": now + 60,
        "jti": uuid::Uuid::new_v4().to_string(),
    });
    let mut draft = Draft::new(good.as_object().cloned().unwrap());
    draft.merge_claims(changes.as_object().unwrap_or(&Map::new()));
    draft.merge_header(json!({ "typ": "JWT" }).as_object().unwrap());
    let assertion = sign(&draft, key).unwrap();
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let body = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}{more}");
    let url = pair.transmitter.token_endpoint().parse().unwrap();
    let spec = RequestSpec::new("POST", url).header("Content-Type", "application/x-www-form-urlencoded").body(body);
    let exchange = pair.client.send(spec).await;
    if exchange.status() == Some(200) {
        let token = json_of(&exchange)["access_token"].as_str().unwrap().to_owned();
        let seen = pair.ask_as(&token, "GET", &pair.endpoint("configuration_endpoint"), Value::Null).await;
        assert_eq!(seen.0, 200);
    }
    exchange.status().unwrap()
}

#[tokio::test]
async fn a_client_can_sign_who_it_is() {
    let pair = Pair::new(|_| {}).await;
    let now = jiff::Timestamp::now().as_second();
    let issuer = pair.transmitter.issuer();
    for good in [
        json!({}),
        json!({ "aud": issuer }),
        json!({ "aud": ["https://elsewhere.example.com", issuer] }),
        json!({ "jti": null }),
        json!({ "nbf": now, "iat": now, "exp": now as f64 + 30.5 }),
    ] {
        assert_eq!(assert_identity(&pair, &CLIENT_KEY, good.clone(), "").await, 200, "{good}");
    }
    assert_eq!(assert_identity(&pair, &CLIENT_KEY, json!({}), "&client_id=one").await, 200);
    assert_eq!(assert_identity(&pair, &CLIENT_KEY, json!({}), "&client_id=two").await, 401);
    assert_eq!(assert_identity(&pair, &CLIENT_KEY, json!({}), "&client_id=one&client_secret=a+secret").await, 400);
    for bad in [
        json!({ "iss": "two", "sub": "two" }),
        json!({ "iss": "nobody", "sub": "nobody" }),
        json!({ "sub": "two" }),
        json!({ "sub": null }),
        json!({ "aud": "https://elsewhere.example.com" }),
        json!({ "aud": null }),
        json!({ "exp": now - 1 }),
        json!({ "exp": null }),
        json!({ "exp": "soon" }),
        json!({ "exp": now + 86_400 }),
        json!({ "nbf": now + 600 }),
        json!({ "jti": 1 }),
    ] {
        assert_eq!(assert_identity(&pair, &CLIENT_KEY, bad.clone(), "").await, 401, "{bad}");
    }
    let again = json!({ "jti": "the same" });
    assert_eq!(assert_identity(&pair, &CLIENT_KEY, again.clone(), "").await, 200);
    assert_eq!(assert_identity(&pair, &CLIENT_KEY, again, "").await, 401);
    // Of the same name, but not the key that is registered; and the secret, which is no key.
    assert_eq!(assert_identity(&pair, &key("client"), json!({}), "").await, 401);
    let secret = SigningKey::generate(Alg::Hs256, "client").unwrap();
    assert_eq!(assert_identity(&pair, &secret, json!({}), "").await, 401);
}

#[tokio::test]
async fn remembered_assertions_are_bounded() {
    let pair = Pair::new(|options| options.limits.assertions = 2).await;
    for jti in ["a", "b", "c"] {
        assert_eq!(assert_identity(&pair, &CLIENT_KEY, json!({ "jti": jti }), "").await, 200);
    }
    assert_eq!(assert_identity(&pair, &CLIENT_KEY, json!({ "jti": "c" }), "").await, 401);
}

#[tokio::test]
async fn the_metadata_say_how_clients_prove_who_they_are() {
    let pair = Pair::new(|_| {}).await;
    let url = format!("{}/.well-known/oauth-authorization-server", pair.transmitter.issuer());
    let metadata = json_of(&pair.client.send(RequestSpec::new("GET", url.parse().unwrap())).await);
    let methods = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], methods);
    let algorithms = metadata["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&json!("RS256")) && algorithms.contains(&json!("ES256")));
    // RFC 8414 section 2: the value none must not be used; and no secret is ever shared as a key.
    assert!(!algorithms.contains(&json!("none")) && !algorithms.contains(&json!("HS256")));
}

#[tokio::test]
async fn a_token_is_over_when_its_client_revokes_it() {
    let pair = Pair::new(|_| {}).await;
    let config = pair.endpoint("configuration_endpoint");
    let form = |path: &str, more: &str| {
        let url = format!("{}{path}", pair.transmitter.issuer()).parse().unwrap();
        let body = format!("client_id=one&client_secret=a+secret&{more}");
        RequestSpec::new("POST", url).header("Content-Type", "application/x-www-form-urlencoded").body(body)
    };
    let granted = json_of(&pair.client.send(form("/oauth/token", "grant_type=client_credentials")).await);
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(pair.ask_as(token, "GET", &config, Value::Null).await.0, 200);
    // A token that nobody knows is as good as revoked (RFC 7009 section 2.2); one has to be named.
    for (more, expected) in [("token=nobody", 200), ("", 400), (&format!("token={token}"), 200)] {
        assert_eq!(pair.client.send(form("/oauth/revoke", more)).await.status(), Some(expected), "{more}");
    }
    assert_eq!(pair.ask_as(token, "GET", &config, Value::Null).await.0, 401);
    let stranger = form("/oauth/revoke", "token=x").body("client_id=one&client_secret=wrong&token=x");
    assert_eq!(pair.client.send(stranger).await.status(), Some(401));
}

#[tokio::test]
async fn a_challenge_names_the_metadata_of_the_resource() {
    let pair = Pair::new(|_| {}).await;
    let config = pair.endpoint("configuration_endpoint");
    let refused = pair.raw("GET", &config, None, "").await;
    let challenge = refused.response.as_ref().unwrap().headers.get("www-authenticate").unwrap().to_owned();
    let url = challenge.split('"').find(|part| part.contains("oauth-protected-resource")).unwrap();
    let metadata = json_of(&pair.client.send(RequestSpec::new("GET", url.parse().unwrap())).await);
    assert_eq!(metadata["resource"], json!(config));
    assert_eq!(metadata["authorization_servers"], json!([pair.transmitter.issuer()]));
    assert_eq!(metadata["scopes_supported"], json!(["ssf.read", "ssf.manage"]));
    assert_eq!(metadata["bearer_methods_supported"], json!(["header"]));
    // A token anywhere else is none.
    assert_eq!(pair.raw("GET", &format!("{config}?access_token=token-of-one"), None, "").await.status(), Some(401));
    let without = Pair::new(|options| options.features.resource_metadata = false).await;
    let refused = without.raw("GET", &without.endpoint("configuration_endpoint"), None, "").await;
    assert!(!refused.response.unwrap().headers.get("www-authenticate").unwrap().contains("resource_metadata"));
}
