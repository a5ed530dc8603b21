//! The legal variants of the transmitter, by name.

use serde_json::{Value, json};
use setspec::http::RequestSpec;
use setspec::peer::ssf::{TOGGLES, apply};

use crate::pair::{Pair, json_of, revoked};

/// What a receiver sees of a transmitter: its documents, and what becomes of two creations.
async fn look(toggle: Option<&str>) -> Value {
    let pair = Pair::new(|options| assert!(toggle.is_none_or(|toggle| apply(options, toggle)), "{toggle:?}")).await;
    let (issuer, path) = (pair.metadata["issuer"].as_str().unwrap(), pair.transmitter.metadata_url());
    let path = path.strip_prefix(&format!("http://{}", pair.transmitter.addr())).unwrap().to_owned();
    let server = format!("{issuer}/.well-known/oauth-authorization-server");
    let server = pair.client.send(RequestSpec::new("GET", server.parse().unwrap())).await.status();
    let resource = format!("{issuer}/.well-known/oauth-protected-resource");
    let resource = pair.client.send(RequestSpec::new("GET", resource.parse().unwrap())).await.status();
    let mut body = revoked();
    if pair.metadata["delivery_methods_supported"] == json!(["urn:ietf:rfc:8935"]) {
        body["delivery"] = json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": "http://127.0.0.1:9/events" });
    }
    let endpoint = pair.endpoint("configuration_endpoint");
    let stream = pair.create(body.clone()).await;
    assert_eq!(json_of(&pair.raw("GET", &endpoint, Some("Bearer token-of-one"), "").await), json!([stream]));
    json!({
        "metadata": pair.metadata,
        "stream": stream,
        "path": path,
        "authorization_server": server,
        "protected_resource": resource,
        "second": pair.ask("POST", &endpoint, body).await.0,
        "sent": pair.emit("a"),
        "polled": polled_twice(&pair, &stream).await,
    })
}

/// How many SETs two polls return one after the other, without an acknowledgement.
async fn polled_twice(pair: &Pair, stream: &Value) -> Value {
    if stream["delivery"]["method"] != json!("urn:ietf:rfc:8936") {
        return Value::Null;
    }
    json!([pair.peek(stream).await.len(), pair.peek(stream).await.len()])
}

#[tokio::test]
async fn each_toggle_shows() {
    let well_known = "/.well-known/ssf-configuration";
    // The place in what `look` gives, the value without the toggle, and with it; an absent one is null.
    let table = [
        (
            "push-only",
            "/metadata/delivery_methods_supported",
            json!(["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]),
            json!(["urn:ietf:rfc:8935"]),
        ),
        (
            "poll-only",
            "/metadata/delivery_methods_supported",
            json!(["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]),
            json!(["urn:ietf:rfc:8936"]),
        ),
        ("one-stream", "/second", json!(201), json!(409)),
        ("no-subjects", "/metadata/add_subject_endpoint", json!("/ssf/subjects/add"), Value::Null),
        ("no-status", "/metadata/status_endpoint", json!("/ssf/status"), Value::Null),
        ("no-verification", "/metadata/verification_endpoint", json!("/ssf/verification"), Value::Null),
        ("default-subjects-none", "/metadata/default_subjects", json!("ALL"), json!("NONE")),
        ("default-subjects-none", "/sent", json!(2), json!(0)),
        ("default-subjects-absent", "/metadata/default_subjects", json!("ALL"), Value::Null),
        ("default-subjects-absent", "/sent", json!(2), json!(2)),
        ("min-verification-interval", "/stream/min_verification_interval", Value::Null, json!(1)),
        ("inactivity-timeout", "/stream/inactivity_timeout", Value::Null, json!(2)),
        ("redelivers-later", "/polled", json!([1, 1]), json!([1, 0])),
        ("issuer-path", "/path", json!(well_known), json!(format!("{well_known}/tenant"))),
        ("issuer-path", "/metadata/jwks_uri", json!("/jwks.json"), json!("/tenant/jwks.json")),
        ("no-token-endpoint", "/authorization_server", json!(200), json!(404)),
        ("no-resource-metadata", "/protected_resource", json!(200), json!(404)),
        ("critical-members", "/metadata/critical_subject_members", Value::Null, json!(["user"])),
        (
            "several-audiences",
            "/stream/aud",
            json!("https://one.example.com"),
            json!(["https://one.example.com", "https://one.example.com/second"]),
        ),
    ];
    for (name, about) in TOGGLES {
        assert!(table.iter().any(|(toggle, ..)| toggle == name), "{name} is not tested");
        assert!(!about.is_empty(), "{name}");
    }
    let plain = look(None).await;
    for (toggle, place, before, after) in table {
        let seen = |document: &Value| {
            let value = document.pointer(place).cloned().unwrap_or_default();
            // The address differs from one to the other.
            match value.as_str().and_then(|text| text.strip_prefix("http://")?.split_once('/')) {
                Some((_, path)) => json!(format!("/{path}")),
                None => value,
            }
        };
        assert_eq!(seen(&plain), before, "without {toggle}");
        assert_eq!(seen(&look(Some(toggle)).await), after, "with {toggle}");
    }
}
