//! Exchanges as a report holds them: bodies and heads bounded, SETs taken apart.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{text, words};
use crate::http::{Exchange, Headers, Quirk, Request, Response, TlsFacts};
use crate::set::Token;

/// How much of a body is kept, in bytes.
pub const BODY_CAP: usize = 16 * 1024;

/// How much of the header fields of a message is kept, in bytes.
pub const HEAD_CAP: usize = 16 * 1024;

/// How much of a URL or of another short text is kept, in bytes.
const TEXT_CAP: usize = 4 * 1024;

/// Media types that announce a compact JWT.
const TOKEN_TYPES: &[&str] = &["application/secevent+jwt", "application/jwt", "application/logout+jwt"];

/// One HTTP request and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeRecord {
    /// `x12`.
    pub id: String,
    /// When it began, in UTC (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// What was asked.
    pub request: RequestRecord,
    /// What was answered, also where it is only a part; see `failure`.
    pub response: Option<ResponseRecord>,
    /// Why the exchange is not whole.
    pub failure: Option<FailureRecord>,
    /// Milliseconds from the beginning until the answer had been read (we asked) or handed over (we were asked).
    pub elapsed_ms: f64,
    /// The TLS connection; absent on plain http, and where no handshake succeeded.
    pub tls: Option<TlsRecord>,
}

/// A request as it was on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRecord {
    /// The method as written; empty if no request line was read.
    pub method: String,
    /// The one that was asked for, or one made of scheme, Host and target; 4 KiB of it at most.
    pub url: String,
    /// The request target as written.
    pub target: String,
    /// `HTTP/1.1`, or whatever was written there.
    pub version: String,
    /// Header fields and body.
    #[serde(flatten)]
    pub message: MessageRecord,
}

/// A response as it was on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseRecord {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase as written, which may be empty.
    pub reason: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// Header fields and body.
    #[serde(flatten)]
    pub message: MessageRecord,
    /// Bytes after the end of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Body>,
    /// Status codes of the interim responses before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interim: Vec<u16>,
}

/// What requests and responses have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRecord {
    /// Name and value of every field as written, in order.
    #[schemars(with = "Vec<(String, String)>")]
    pub headers: Headers,
    /// The content without chunk framing, at most 16 KiB of it.
    pub body: Body,
    /// Whether the body was longer than what is kept here.
    pub truncated: bool,
    /// What was left out of this record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was unusual about the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub quirks: Vec<Quirk>,
    /// The body taken apart, where it is a compact JWT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<SetView>,
}

/// A body: text where it is UTF-8, base64 where it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Body {
    /// The content, where it is UTF-8.
    Text(String),
    /// The content, where it is not.
    Binary {
        /// The bytes in base64 with padding (RFC 4648 section 4).
        base64: String,
    },
}

/// A compact JWT taken apart. Nothing is said about its signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetView {
    /// The JOSE header; absent if it cannot be decoded.
    pub header: Option<Value>,
    /// The claims set; absent if it cannot be decoded.
    pub claims: Option<Value>,
    /// What is wrong with its form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<String>,
}

/// Why an exchange is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureRecord {
    /// `connect`, `response-timeout`, ...
    pub kind: String,
    /// The place, what was expected and what came, for people.
    pub message: String,
}

/// What was agreed in the TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsRecord {
    /// `1.2` or `1.3`.
    pub version: String,
    /// The name in the registry of IANA: `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The application protocol that was agreed, if any: `http/1.1`.
    pub alpn: Option<String>,
    /// Whether the certificate was checked.
    pub verified: bool,
    /// The certificate that a server showed; clients are not asked for one.
    pub certificate: Option<CertificateRecord>,
}

/// The certificate of the peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateRecord {
    /// The DNS names and IP addresses of subjectAltName.
    pub names: Vec<String>,
    /// The beginning of the validity as the certificate writes it: `20260101000000Z`.
    pub not_before: Option<String>,
    /// The end of the validity, in the same form.
    pub not_after: Option<String>,
    /// The SHA-256 digest of the DER encoding, in lower-case hexadecimal.
    pub sha256: String,
}

impl ExchangeRecord {
    /// `POST https://rx.example/events -> 202 Accepted`, harmless and short.
    pub fn line(&self) -> String {
        let answer = self.response.as_ref().map(|response| (response.status, response.reason.as_str()));
        let failure = self.failure.as_ref().map(|failure| failure.message.as_str());
        words::exchange_line(&self.request.method, &self.request.url, answer, failure)
    }
}

impl From<&Exchange> for ExchangeRecord {
    fn from(exchange: &Exchange) -> Self {
        Self {
            id: exchange.id.clone(),
            at: exchange.at,
            request: (&exchange.request).into(),
            response: exchange.response.as_ref().map(ResponseRecord::from),
            failure: exchange.failure.as_ref().map(|failure| FailureRecord {
                kind: kebab(&failure.kind),
                message: text::prefix(&failure.message, TEXT_CAP).to_owned(),
            }),
            elapsed_ms: exchange.elapsed_ms,
            tls: exchange.tls.as_ref().map(TlsRecord::from),
        }
    }
}

impl From<&Request> for RequestRecord {
    fn from(request: &Request) -> Self {
        Self {
            method: text::prefix(&request.method, TEXT_CAP).to_owned(),
            url: text::prefix(&request.url, TEXT_CAP).to_owned(),
            target: text::prefix(&request.target, TEXT_CAP).to_owned(),
            version: text::prefix(&request.version, TEXT_CAP).to_owned(),
            message: MessageRecord::new(&request.headers, &request.body, request.truncated, &request.quirks),
        }
    }
}

impl From<&Response> for ResponseRecord {
    fn from(response: &Response) -> Self {
        Self {
            status: response.status,
            reason: text::prefix(&response.reason, TEXT_CAP).to_owned(),
            version: text::prefix(&response.version, TEXT_CAP).to_owned(),
            message: MessageRecord::new(&response.headers, &response.body, response.truncated, &response.quirks),
            extra: (!response.extra.is_empty()).then(|| Body::of(&response.extra)),
            interim: response.interim.clone(),
        }
    }
}

impl MessageRecord {
    fn new(headers: &Headers, body: &[u8], truncated: bool, quirks: &[Quirk]) -> Self {
        let mut notes = Vec::new();
        let headers = bounded(headers, &mut notes);
        let cut = body.len() > BODY_CAP;
        if cut {
            notes.push(format!("{BODY_CAP} of {} bytes of the body are kept here.", body.len()));
        }
        let set = if cut || truncated { None } else { SetView::of(body, headers.media_type().as_deref()) };
        Self { body: Body::of(body), truncated: truncated || cut, notes, quirks: quirks.to_vec(), set, headers }
    }
}

/// The header fields up to the cap.
fn bounded(headers: &Headers, notes: &mut Vec<String>) -> Headers {
    let mut left = HEAD_CAP;
    let mut kept = Headers::default();
    for (name, value) in headers.iter() {
        if name.len() + value.len() > left {
            let missing = headers.len() - kept.len();
            notes.push(format!("{missing} of {} header fields are left out here.", headers.len()));
            break;
        }
        left -= name.len() + value.len();
        kept.push(name, value);
    }
    kept
}

impl Body {
    /// The bytes up to the cap.
    pub fn of(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(BODY_CAP)];
        let cut = kept.len() < bytes.len();
        match std::str::from_utf8(kept) {
            Ok(text) => Self::Text(text.to_owned()),
            // The cap may fall within a character: then the text ends before it.
            Err(error) if cut && error.error_len().is_none() => {
                Self::Text(String::from_utf8_lossy(&kept[..error.valid_up_to()]).into_owned())
            }
            Err(_) => Self::Binary { base64: STANDARD.encode(kept) },
        }
    }

    /// Whether there is not one byte.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Binary { base64 } => base64.is_empty(),
        }
    }
}

impl SetView {
    /// A view of the body if it is a compact JWT, or is announced as one.
    fn of(body: &[u8], media_type: Option<&str>) -> Option<Self> {
        if body.is_empty() {
            return None;
        }
        let announced = media_type.is_some_and(|media_type| TOKEN_TYPES.contains(&media_type));
        let token = Token::from_bytes(body);
        let recognized = token.parts > 1 && token.header_members().is_some();
        (announced || recognized).then(|| Self {
            defects: token.defects.iter().map(ToString::to_string).collect(),
            header: token.header,
            claims: token.claims,
        })
    }
}

impl From<&TlsFacts> for TlsRecord {
    fn from(facts: &TlsFacts) -> Self {
        Self {
            version: facts.version.clone(),
            cipher_suite: facts.cipher_suite.clone(),
            alpn: facts.alpn.clone(),
            verified: facts.verified,
            certificate: facts.certificate.as_ref().map(|certificate| CertificateRecord {
                names: certificate.names.clone(),
                not_before: certificate.not_before.clone(),
                not_after: certificate.not_after.clone(),
                sha256: certificate.sha256.clone(),
            }),
        }
    }
}

/// The name under which a unit variant is serialized.
pub(super) fn kebab(variant: &impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(Value::String(name)) => name,
        _ => "other".to_owned(),
    }
}
