//! Why a request is refused, and the answer that says so.

use serde_json::{Value, json};

use super::{Answer, Status};
use crate::set::json::kind;

/// What came of a request.
pub(super) type Outcome = Result<Answer, Refusal>;

/// A refused request. The text names the place, what was expected, and what came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: it cannot be parsed, or is otherwise invalid.
    #[error("{place}: expected {expected}, got {got}")]
    Invalid {
        /// The member, parameter or part of the request: `delivery.method`.
        place: String,
        /// What should have been there.
        expected: String,
        /// What was there.
        got: String,
    },
    /// 401: the authorization failed or is missing.
    #[error("Authorization: expected a bearer token that this transmitter knows, got {got}")]
    Unauthenticated {
        /// What was there instead, without the credential: `nothing`, `another scheme`.
        got: &'static str,
    },
    /// 403: known, but not allowed to.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// 403: the token covers less than what is asked for (RFC 6750 section 3.1).
    #[error("not allowed: this token lets its bearer read, and change nothing")]
    InsufficientScope,
    /// 404: there is no such stream for this receiver.
    #[error("stream_id: expected a stream of this receiver, got {0:?}")]
    NoStream(String),
    /// 404: there is no such endpoint.
    #[error("path: expected an endpoint of the transmitter configuration, got {0:?}")]
    NoEndpoint(String),
    /// 405, with the methods that are allowed.
    #[error("method: expected one of {allowed}, got {got}")]
    Method {
        /// The methods of the endpoint, as in the field Allow.
        allowed: &'static str,
        /// The method of the request.
        got: String,
    },
    /// 409: there is a stream, and may be no second one.
    #[error("this transmitter allows one stream per receiver, and there is one")]
    OneStream,
    /// 409: the stream is paused or disabled.
    #[error("stream: expected an enabled one, got one that is {0}")]
    Stopped(Status),
    /// 415: not JSON.
    #[error("Content-Type: expected application/json, got {0:?}")]
    MediaType(String),
    /// 429: too soon.
    #[error("expected {interval} s between two verification requests, got less; try again in {wait} s")]
    TooSoon {
        /// The seconds that have to lie between two requests.
        interval: u64,
        /// The seconds until the next one is allowed, as in the field Retry-After.
        wait: u64,
    },
    /// 500: the fault is ours.
    #[error("the transmitter failed: {0}")]
    Internal(String),
}

impl Refusal {
    pub(super) fn invalid(place: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), expected: expected.into(), got: got.into() }
    }

    /// A member of the wrong type.
    pub(super) fn of_type(place: &str, expected: &str, got: Option<&Value>) -> Self {
        Self::invalid(place, expected, got.map_or("nothing", |value| kind(value)))
    }

    /// The status code that the tables of SSF section 8 give it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid { .. } => 400,
            Self::Unauthenticated { .. } => 401,
            Self::Forbidden(_) | Self::InsufficientScope => 403,
            Self::NoStream(_) | Self::NoEndpoint(_) => 404,
            Self::Method { .. } => 405,
            Self::OneStream | Self::Stopped(_) => 409,
            Self::MediaType(_) => 415,
            Self::TooSoon { .. } => 429,
            Self::Internal(_) => 500,
        }
    }

    fn code(&self) -> &'static str {
        match self.status() {
            401 => "authentication_failed",
            403 => "access_denied",
            404 => "not_found",
            409 => "conflict",
            429 => "too_many_requests",
            500 => "internal_error",
            _ => "invalid_request",
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let document = json!({ "err": refusal.code(), "description": refusal.to_string() });
        let answer = Answer::of_json(refusal.status(), &document);
        match &refusal {
            // RFC 6750 section 3.1: no error code where no credential was presented.
            Refusal::Unauthenticated { got: "nothing" } => answer.with("WWW-Authenticate", r#"Bearer realm="setspec""#),
            Refusal::Unauthenticated { .. } => {
                answer.with("WWW-Authenticate", r#"Bearer realm="setspec", error="invalid_token""#)
            }
            Refusal::InsufficientScope => answer
                .with("WWW-Authenticate", r#"Bearer realm="setspec", error="insufficient_scope", scope="ssf.manage""#),
            Refusal::Method { allowed, .. } => answer.with("Allow", allowed),
            Refusal::TooSoon { wait, .. } => answer.with("Retry-After", &wait.to_string()),
            _ => answer,
        }
    }
}
