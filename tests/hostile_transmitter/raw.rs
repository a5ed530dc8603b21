//! A transmitter of a few lines, which answers byte by byte what a test says where it misbehaves.

use std::net::TcpStream;

use serde_json::json;

use crate::support::target::{Asked, Target, respond, serve};

/// What is done with a connection.
pub type Misdeed = fn(&Asked, &mut TcpStream) -> std::io::Result<()>;

/// Serves streams by poll that stay empty; requests whose method and path begin with `place` meet the misdeed.
pub fn transmitter(place: &'static str, misdeed: Misdeed) -> (Target, String) {
    let target = serve(move |asked, stream| {
        let line = asked.head.lines().next().unwrap_or_default();
        if line.starts_with(place) { misdeed(asked, stream) } else { behave(asked, line, stream) }
    });
    let issuer = target.url.trim_end_matches("/events").to_owned();
    (target, issuer)
}

fn behave(asked: &Asked, line: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    let here = format!("http://{}", asked.header("host").unwrap_or_default());
    let mut json = |status, document: serde_json::Value| {
        let fields = [("Content-Type", "application/json"), ("Cache-Control", "no-store")];
        respond(stream, status, &fields, document.to_string().as_bytes())
    };
    let stream_id = format!("stream-{}", asked.number);
    match line.split(['?', ' ']).take(2).collect::<Vec<_>>().as_slice() {
        ["GET", "/.well-known/ssf-configuration"] => json(
            "200 OK",
            json!({
                "spec_version": "1_0",
                "issuer": here,
                "jwks_uri": format!("{here}/jwks"),
                "delivery_methods_supported": ["urn:ietf:rfc:8936"],
                "configuration_endpoint": format!("{here}/streams"),
                "verification_endpoint": format!("{here}/verification"),
                "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6750" }],
            }),
        ),
        ["GET", "/jwks"] => json("200 OK", json!({ "keys": [] })),
        ["POST", "/streams"] => json(
            "201 Created",
            json!({
                "stream_id": stream_id,
                "iss": here,
                "aud": "https://harness.example.com",
                "events_supported": [],
                "events_requested": [],
                "events_delivered": [],
                "delivery": { "method": "urn:ietf:rfc:8936", "endpoint_url": format!("{here}/poll/{stream_id}") },
            }),
        ),
        ["GET", "/streams"] => json("200 OK", json!([])),
        ["POST", path] if path.starts_with("/poll/") => json("200 OK", json!({ "sets": {} })),
        _ => respond(stream, "204 No Content", &[], b""),
    }
}
