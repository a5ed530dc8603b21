//! The records: what was sent, what came back, and what went wrong.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Headers, Quirk, TlsFacts};

/// One HTTP request and the answer to it, from either side.
///
/// A body is JSON text where it is UTF-8, and `{"base64": "..."}` where it is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Unique in this process: `x1`, `x2`, ... in the order in which exchanges began.
    pub id: String,
    /// When the exchange began.
    pub at: Timestamp,
    /// What was asked.
    pub request: Request,
    /// What was answered, also where it is only a part; see `failure`.
    pub response: Option<Response>,
    /// Why the exchange is not whole. Absent if it is.
    pub failure: Option<Failure>,
    /// Milliseconds from the beginning until the response, head and body, had been read (client), or
    /// had been handed to the connection (server).
    pub elapsed_ms: f64,
    /// The facts of the TLS connection, if there was one.
    pub tls: Option<TlsFacts>,
}

impl Exchange {
    /// A new id, unique in this process.
    pub fn next_id() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        format!("x{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Milliseconds, to the microsecond.
    pub fn millis(duration: Duration) -> f64 {
        (duration.as_secs_f64() * 1e6).round() / 1e3
    }

    /// How long it took, in seconds, to the microsecond.
    pub fn seconds(&self) -> f64 {
        (self.elapsed_ms * 1e3).round() / 1e6
    }

    /// The status code, if an answer came.
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(|response| response.status)
    }
}

/// A request as it was on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method as written; empty if no request line was read.
    pub method: String,
    /// The URL: the one that was asked for (client), or one made of scheme, Host and target (server).
    pub url: String,
    /// The request target as written (RFC 9112, 3.2).
    pub target: String,
    /// `HTTP/1.1`, or whatever was written there.
    pub version: String,
    /// The header fields as written.
    pub headers: Headers,
    /// The content, without chunk framing, up to the cap.
    #[serde(with = "super::body_text")]
    pub body: Vec<u8>,
    /// Whether the content was larger than what is kept in `body`.
    pub truncated: bool,
    /// What was unusual about the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<Quirk>,
}

impl Request {
    /// The content as text; bytes that are not UTF-8 become U+FFFD.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The lower-cased media type without parameters.
    pub fn media_type(&self) -> Option<String> {
        self.headers.media_type()
    }
}

/// A response as it was on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase as written, which may be empty.
    pub reason: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// The header fields as written.
    pub headers: Headers,
    /// The content, without chunk framing, up to the cap.
    #[serde(with = "super::body_text")]
    pub body: Vec<u8>,
    /// Whether the content was larger than the cap. The rest was not read.
    pub truncated: bool,
    /// Bytes after the end of the message, such as a body on a 204, up to 64 KiB.
    #[serde(with = "super::body_text")]
    pub extra: Vec<u8>,
    /// Status codes of the interim responses before this one (RFC 9110, 15.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interim: Vec<u16>,
    /// What was unusual about the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<Quirk>,
}

impl Response {
    /// The content as text; bytes that are not UTF-8 become U+FFFD.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The lower-cased media type without parameters.
    pub fn media_type(&self) -> Option<String> {
        self.headers.media_type()
    }
}

/// Why an exchange is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind, for decisions.
    pub kind: FailureKind,
    /// Place, expected and got, for people.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.message)
    }
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The host name has no address, or was not resolved in time.
    NameResolution,
    /// The connection was refused, or the address cannot be reached.
    Connect,
    /// The connection, or the TLS handshake on it, was not established in time.
    ConnectTimeout,
    /// The TLS handshake failed for a reason other than the certificate.
    Tls,
    /// The certificate was refused: by us (client), or by the peer, who said so in an alert (server).
    CertificateInvalid,
    /// No whole response within the total deadline. What came is kept.
    ResponseTimeout,
    /// No whole request within the server's limits. What came is kept.
    RequestTimeout,
    /// The connection was closed before any part of a response.
    Closed,
    /// The connection was closed within a head or a body.
    Incomplete,
    /// Not HTTP/1, or a body whose end cannot be told.
    Malformed,
    /// The head, or for a server also the body, is larger than the limit.
    TooLarge,
    /// Anything else, such as a request that cannot be sent at all.
    Other,
}
