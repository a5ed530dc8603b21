//! What the receiver tells of itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::http::Exchange;
use crate::peer::ssf::Operation;
use crate::suite::model::case::Method;

/// Who is told. Called in the middle of things, so it must not wait.
pub type Observer = Arc<dyn Fn(&Notice) + Send + Sync>;

/// Who sees every request with its answer, credentials included. Called in the middle of things, so it must not wait.
pub type Witness = Arc<dyn Fn(Witnessed) + Send + Sync>;

/// A request of the receiver, and what came of it.
#[derive(Debug, Clone)]
pub struct Witnessed {
    /// What it was for.
    pub operation: Operation,
    /// The stream that it was about.
    pub stream_id: Option<String>,
    /// The request and the answer as they were on the wire.
    pub exchange: Exchange,
}

/// Something that happened. No notice holds a credential.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// It takes pushes at this URL.
    Listening {
        /// The URL of the endpoint.
        url: String,
    },
    /// A request was answered, or was not.
    Requested {
        /// What it was for: `create`, `poll`, `token`.
        operation: &'static str,
        /// The method.
        method: String,
        /// The URL without its user part.
        url: String,
        /// The status code, or why there is none.
        answer: Result<u16, String>,
    },
    /// A request is made again.
    Retrying {
        /// What it is for.
        operation: &'static str,
        /// What was wrong with the answer.
        why: String,
        /// When, from now.
        pause: Duration,
    },
    /// The metadata are valid (SSF section 7.2.4).
    Discovered {
        /// The issuer that they name.
        issuer: String,
    },
    /// It has a stream that is its own from now on.
    HasStream {
        /// The identifier.
        stream_id: String,
        /// How SETs come.
        delivery: Method,
        /// Whether the stream was there before.
        adopted: bool,
    },
    /// The status of the stream (SSF section 8.1.2), read, changed or announced.
    Status {
        /// The value: `enabled`.
        status: String,
    },
    /// A verification was asked for (SSF section 8.1.4.2).
    VerificationRequested,
    /// The verification event came, with the state that was asked for.
    Verified,
    /// A SET came.
    Received {
        /// How.
        by: Method,
        /// The compact token as it came.
        set: String,
        /// What is said of it.
        verdict: SetVerdict,
    },
    /// Something that the transmitter said is not heeded.
    Disregarded {
        /// What it was an answer to.
        operation: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The stream is deleted.
    Deleted {
        /// The identifier.
        stream_id: String,
    },
    /// It cannot go on.
    GaveUp {
        /// Why.
        why: String,
    },
}

/// What is said of a SET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetVerdict {
    /// It is acknowledged.
    Acknowledged {
        /// Whether its events were acted upon: those of a repeated SET, for example, are not.
        applied: bool,
    },
    /// An error is reported.
    Refused {
        /// The error code (RFC 8935 section 2.4).
        err: String,
        /// What is wrong.
        description: String,
    },
    /// Nothing is said of it.
    Ignored,
}

impl fmt::Display for SetVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged { applied: true } => f.write_str("acknowledged and applied"),
            Self::Acknowledged { applied: false } => f.write_str("acknowledged, not applied"),
            Self::Refused { err, description } => write!(f, "refused with {err}: {description}"),
            Self::Ignored => f.write_str("nothing is said of it"),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { url } => write!(f, "takes pushes at {url}"),
            Self::Requested { operation, method, url, answer } => match answer {
                Ok(status) => write!(f, "{operation}: {method} {url} -> {status}"),
                Err(why) => write!(f, "{operation}: {method} {url} -> {why}"),
            },
            Self::Retrying { operation, why, pause } => {
                write!(f, "{operation}: {why}; again in {:.1} s", pause.as_secs_f64())
            }
            Self::Discovered { issuer } => write!(f, "the metadata of {issuer} are valid"),
            Self::HasStream { stream_id, delivery, adopted } => {
                let how = if *adopted { "takes over" } else { "has created" };
                write!(f, "{how} the stream {stream_id}, delivered by {}", delivery.name())
            }
            Self::Status { status } => write!(f, "the stream is {status}"),
            Self::VerificationRequested => f.write_str("has asked for a verification"),
            Self::Verified => f.write_str("the stream is verified"),
            Self::Received { by, verdict, .. } => write!(f, "a SET came by {}: {verdict}", by.name()),
            Self::Disregarded { operation, why } => write!(f, "{operation}: the answer is not heeded: {why}"),
            Self::Deleted { stream_id } => write!(f, "has deleted the stream {stream_id}"),
            Self::GaveUp { why } => write!(f, "gives up: {why}"),
        }
    }
}
