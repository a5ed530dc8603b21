//! A request as bytes.

use url::{Position, Url};

use super::RequestSpec;
use crate::http::{Failure, FailureKind, Headers, Request};

const USER_AGENT: &str = concat!("setspec/", env!("CARGO_PKG_VERSION"));

/// All fields in the order in which they are sent.
pub fn fields(spec: &RequestSpec) -> Headers {
    let given: Headers = spec.headers.iter().cloned().collect();
    let mut fields = Headers::default();
    if !given.contains("host") {
        fields.push("Host", host(&spec.url));
    }
    fields.0.extend(spec.headers.iter().cloned());
    if !given.contains("user-agent") {
        fields.push("User-Agent", USER_AGENT);
    }
    let wants_length = !spec.body.is_empty() || matches!(spec.method.as_str(), "POST" | "PUT" | "PATCH");
    let framed = given.contains("content-length") || given.contains("transfer-encoding");
    if wants_length && !framed {
        fields.push("Content-Length", spec.body.len().to_string());
    }
    if !given.contains("connection") {
        fields.push("Connection", "close");
    }
    fields
}

/// The origin form of the target (RFC 9112, 3.2.1).
pub fn target(url: &Url) -> String {
    match &url[Position::BeforePath..Position::AfterQuery] {
        rooted if rooted.starts_with('/') => rooted.to_owned(),
        other => format!("/{other}"),
    }
}

/// Head and body as they go on the wire.
///
/// # Errors
/// If a part of the head would break it: the harness must not send something malformed by accident.
pub fn bytes(request: &Request, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let breaks = |text: &str| text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    let refuse = |place: &str, expected: &str| {
        let message = format!("{place}: expected {expected}; nothing was sent");
        Err(Failure::new(FailureKind::Other, message))
    };
    let method = &request.method;
    if method.is_empty() || method.contains(' ') || breaks(method) {
        return refuse("method", "one word");
    }
    let mut bytes = format!("{method} {} HTTP/1.1\r\n", request.target).into_bytes();
    for (name, value) in request.headers.iter() {
        if name.is_empty() || name.contains(':') || breaks(name) {
            return refuse(&format!("header name {name:?}"), "one word");
        }
        // The value is not shown: it may be a credential.
        if breaks(value) {
            return refuse(&format!("header {name}"), "a value without line breaks");
        }
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Ok(bytes)
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
