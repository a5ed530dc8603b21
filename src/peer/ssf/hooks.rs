//! Where a tampering layer takes hold of the transmitter.

use std::fmt;

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::Value;

use super::{Answer, Behaviour};
use crate::peer::tamper::OutgoingPush;
use crate::set::{Draft, Forgery};

/// What a request asks for: one of these for every answer that the transmitter gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// The transmitter configuration (SSF section 7.2).
    Metadata,
    /// The metadata of the authorization server (RFC 8414), which name the token endpoint.
    AuthorizationServer,
    /// The metadata of the protected resource (RFC 9728), which name the authorization server and the scopes.
    ProtectedResource,
    /// The key set (RFC 7517 section 5).
    Jwks,
    /// An access token (RFC 6749 section 4.4).
    Token,
    /// The end of an access token before its time (RFC 7009).
    Revoke,
    /// SSF section 8.1.1.1.
    Create,
    /// One stream configuration (SSF section 8.1.1.2).
    Read,
    /// All stream configurations (SSF section 8.1.1.2).
    List,
    /// SSF section 8.1.1.3.
    Update,
    /// SSF section 8.1.1.4.
    Replace,
    /// SSF section 8.1.1.5.
    Delete,
    /// SSF section 8.1.2.1.
    ReadStatus,
    /// SSF section 8.1.2.2.
    UpdateStatus,
    /// SSF section 8.1.3.2.
    AddSubject,
    /// SSF section 8.1.3.3.
    RemoveSubject,
    /// SSF section 8.1.4.2.
    Verify,
    /// RFC 8936 section 2.
    Poll,
    /// No endpoint, or none for this method.
    Unknown,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 19] = [
        Self::Metadata,
        Self::AuthorizationServer,
        Self::ProtectedResource,
        Self::Jwks,
        Self::Token,
        Self::Revoke,
        Self::Create,
        Self::Read,
        Self::List,
        Self::Update,
        Self::Replace,
        Self::Delete,
        Self::ReadStatus,
        Self::UpdateStatus,
        Self::AddSubject,
        Self::RemoveSubject,
        Self::Verify,
        Self::Poll,
        Self::Unknown,
    ];

    /// The name for suite files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::AuthorizationServer => "authorization-server",
            Self::ProtectedResource => "protected-resource",
            Self::Jwks => "jwks",
            Self::Token => "token",
            Self::Revoke => "revoke",
            Self::Create => "create",
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::ReadStatus => "read-status",
            Self::UpdateStatus => "update-status",
            Self::AddSubject => "add-subject",
            Self::RemoveSubject => "remove-subject",
            Self::Verify => "verify",
            Self::Poll => "poll",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it only looks.
    pub(super) fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::ReadStatus | Self::Poll)
    }
}

/// A request as the transmitter got it. `Debug` leaves header values and the body out: they hold credentials.
#[derive(Clone)]
pub struct RequestFacts {
    /// The method as it was sent.
    pub method: Method,
    /// The path of the URL as it was sent, without the query.
    pub path: String,
    /// The decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The header fields by lower-case name, credentials included.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
    /// The body as JSON, where it is strict JSON.
    pub json: Option<Value>,
    /// Who asks, once that is known.
    pub receiver: Option<String>,
    /// The stream that the request names, whether there is one or not.
    pub stream_id: Option<String>,
    /// What stands at this path, whatever the method: `configuration`, `status`, `poll`, ..., `unknown`.
    pub endpoint: &'static str,
    /// The id under which the exchange will be recorded.
    pub exchange: String,
}

impl fmt::Debug for RequestFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFacts")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("receiver", &self.receiver)
            .field("stream_id", &self.stream_id)
            .finish_non_exhaustive()
    }
}

/// What a SET is made for.
#[derive(Debug, Clone, Copy)]
pub struct SetFacts<'a> {
    /// The type of its event.
    pub event: &'a str,
    /// The fixture that it was made from.
    pub fixture: Option<&'a str>,
    /// The stream that it is for.
    pub stream_id: &'a str,
    /// The name of the receiver that the stream belongs to.
    pub receiver: &'a str,
}

/// What a push request is made for.
#[derive(Debug, Clone, Copy)]
pub struct PushFacts<'a> {
    /// The type of the event.
    pub event: &'a str,
    /// The stream that the SET is from.
    pub stream_id: &'a str,
    /// The identifier of the SET.
    pub jti: &'a str,
    /// 1 for the first one of a SET.
    pub attempt: u32,
}

/// Everything that comes and everything that leaves passes one of these. The defaults change nothing.
pub trait Hooks: Send + Sync {
    /// What the transmitter does otherwise at this moment, beside what its options say.
    fn behaviour(&self, usual: Behaviour) -> Behaviour {
        usual
    }

    /// A request, before it is looked at. Who asks is not known yet.
    fn asked(&self, operation: Operation, request: &RequestFacts) {
        let _ = (operation, request);
    }

    /// A poll that the transmitter takes, before it looks for SETs: what it acknowledges and reports is settled now.
    fn polled(&self, request: &RequestFacts) {
        let _ = request;
    }

    /// An answer, before it is sent.
    fn answer(&self, operation: Operation, request: &RequestFacts, answer: Answer) -> Answer {
        let _ = (operation, request);
        answer
    }

    /// Whether a stream that this request creates is one of those whose poll endpoint deviates as
    /// [`SsfOptions::poll_tls`](super::SsfOptions::poll_tls) says.
    fn polls_apart(&self, request: &RequestFacts) -> bool {
        let _ = request;
        true
    }

    /// A SET, before it is signed; the forgery, if any, by which it is signed.
    fn draft(&self, draft: &mut Draft, about: &SetFacts<'_>) -> Option<Forgery> {
        let _ = (draft, about);
        None
    }

    /// A push request, before it is sent.
    fn push(&self, push: &mut OutgoingPush, about: &PushFacts<'_>) {
        let _ = (push, about);
    }
}

/// Changes nothing: the reference.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faithful;

impl Hooks for Faithful {}
