//! One request: collect it, hand it to the router, record both sides.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::answer_body::AnswerBody;
use super::connection::Shared;
use super::tap::{Arrival, RawHead, SharedTap};
use crate::http::{Exchange, Failure, FailureKind, Headers, Request, Response, TlsFacts};

/// The id under which an exchange will be recorded. Among the extensions of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeId(pub String);

/// As an extension of a response: close the connection instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HangUp;

/// Makes hyper close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the handler hung up")]
pub struct HungUp;

/// An exchange under way. It is recorded when it is dropped, so that none is lost.
#[derive(Debug)]
pub struct Pending {
    pub exchange: Exchange,
    began: Instant,
    shared: Arc<Shared>,
}

impl Pending {
    pub fn new(arrival: Arrival, connection: &Facts, shared: Arc<Shared>) -> Self {
        let Arrival { head, at, began } = arrival;
        let scheme = match connection.tls {
            Some(_) => "https",
            None => "http",
        };
        let host = head.headers.get("host").unwrap_or_default();
        let url = match head.target.starts_with('/') {
            true => format!("{scheme}://{host}{}", head.target),
            false => head.target.clone(),
        };
        let failure =
            Failure::new(FailureKind::Closed, "connection: expected it to stay open until the answer, got a close");
        Self {
            exchange: Exchange {
                id: Exchange::next_id(),
                at,
                request: Request {
                    method: head.method,
                    url,
                    target: head.target,
                    version: head.version,
                    headers: head.headers,
                    body: Vec::new(),
                    truncated: false,
                    quirks: head.quirks,
                },
                response: None,
                failure: Some(failure),
                elapsed_ms: 0.0,
                tls: connection.tls.clone(),
            },
            began,
            shared,
        }
    }

    pub fn fail(&mut self, kind: FailureKind, message: impl Into<String>) {
        self.exchange.failure = Some(Failure::new(kind, message));
    }

    /// The exchange is whole.
    pub fn succeed(&mut self) {
        self.exchange.failure = None;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.fail(FailureKind::Other, "handler: expected an answer, got a panic");
        }
        let empty = Exchange {
            id: String::new(),
            at: self.exchange.at,
            request: Request::default(),
            response: None,
            failure: None,
            elapsed_ms: 0.0,
            tls: None,
        };
        let mut exchange = std::mem::replace(&mut self.exchange, empty);
        exchange.elapsed_ms = Exchange::millis(self.began.elapsed());
        self.shared.recorder.record(exchange);
    }
}

/// What holds for all requests of a connection.
#[derive(Debug, Clone)]
pub struct Facts {
    pub peer: SocketAddr,
    pub tls: Option<TlsFacts>,
}

/// The service of one connection.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub shared: Arc<Shared>,
    pub facts: Facts,
    pub tap: SharedTap,
}

impl Recorded {
    pub async fn answer(self, request: hyper::Request<Incoming>) -> Result<hyper::Response<AnswerBody>, HungUp> {
        let (mut parts, body) = request.into_parts();
        let arrival = self.tap.lock().take().unwrap_or_else(|| as_hyper(&parts));
        let head = Arc::new(arrival.head.clone());
        let mut pending = Pending::new(arrival, &self.facts, self.shared.clone());
        let answer = match self.collect(body, &mut pending).await {
            Err((status, failure)) => {
                let answer = refusal(status, &failure.message);
                record_head(&answer, &mut pending);
                pending.exchange.failure = Some(failure);
                // Whatever becomes of the answer, the fault of the request is what is recorded.
                return Ok(answer.map(|body| AnswerBody::settled(body, pending)));
            }
            Ok(bytes) => {
                let id = ExchangeId(pending.exchange.id.clone());
                parts.extensions.insert(id);
                parts.extensions.insert(head);
                parts.extensions.insert(ConnectInfo(self.facts.peer));
                let request = hyper::Request::from_parts(parts, Body::from(bytes));
                let mut router = self.shared.router.clone();
                match router.call(request).await {
                    Ok(answer) => answer,
                    Err(never) => match never {},
                }
            }
        };
        if answer.extensions().get::<HangUp>().is_some() {
            pending.fail(FailureKind::Closed, "connection: closed by our side without an answer, as it was told to");
            return Err(HungUp);
        }
        record_head(&answer, &mut pending);
        let (parts, body) = answer.into_parts();
        let cap = self.shared.options.limits.max_body;
        let body = AnswerBody::new(body, pending, &parts, cap);
        Ok(hyper::Response::from_parts(parts, body))
    }

    /// Reads the body within the limits; what came of it is recorded also where it breaks off.
    async fn collect(&self, mut body: Incoming, pending: &mut Pending) -> Result<Bytes, (u16, Failure)> {
        let limits = &self.shared.options.limits;
        let too_large = || {
            let message = format!("request body: expected at most {} bytes, got more", limits.max_body);
            (413, Failure::new(FailureKind::TooLarge, message))
        };
        if body.size_hint().lower() > limits.max_body as u64 {
            pending.exchange.request.truncated = true;
            return Err(too_large());
        }
        let deadline = Instant::now() + limits.body_timeout;
        let mut read = Vec::new();
        let refused = loop {
            let frame = match timeout_at(deadline, body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => break None,
                Ok(Some(Err(error))) => break Some(broken(&error)),
                Err(_) => {
                    let message = format!(
                        "request body: expected its end within {:?}, got {} bytes",
                        limits.body_timeout,
                        read.len()
                    );
                    break Some((408, Failure::new(FailureKind::RequestTimeout, message)));
                }
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let room = limits.max_body - read.len();
            read.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                pending.exchange.request.truncated = true;
                break Some(too_large());
            }
        };
        pending.exchange.request.body.clone_from(&read);
        match refused {
            Some(refused) => Err(refused),
            None => Ok(Bytes::from(read)),
        }
    }
}

/// What hyper made of a head that the tap did not understand.
fn as_hyper(parts: &::http::request::Parts) -> Arrival {
    Arrival {
        head: RawHead {
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            version: format!("{:?}", parts.version),
            headers: Headers::from(&parts.headers),
            quirks: Vec::new(),
        },
        at: Timestamp::now(),
        began: Instant::now(),
    }
}

fn record_head(answer: &hyper::Response<Body>, pending: &mut Pending) {
    let status = answer.status();
    let reason = match answer.extensions().get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        None => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    pending.exchange.response = Some(Response {
        status: status.as_u16(),
        reason,
        version: "HTTP/1.1".to_owned(),
        headers: Headers::from(answer.headers()),
        ..Response::default()
    });
}

fn refusal(status: u16, why: &str) -> hyper::Response<Body> {
    let mut answer = hyper::Response::new(Body::from(format!("{why}\n")));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_REQUEST);
    let headers = answer.headers_mut();
    let text = ::http::HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(::http::header::CONTENT_TYPE, text);
    let close = ::http::HeaderValue::from_static("close");
    headers.insert(::http::header::CONNECTION, close);
    answer
}

fn broken(error: &hyper::Error) -> (u16, Failure) {
    let mut source = error.source();
    let mut cut = error.is_incomplete_message();
    while let Some(cause) = source {
        let io = cause.downcast_ref::<std::io::Error>();
        cut |= io.is_some_and(|io| {
            use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
            matches!(io.kind(), ConnectionReset | UnexpectedEof)
        });
        source = cause.source();
    }
    let kind = match cut {
        true => FailureKind::Incomplete,
        false => FailureKind::Malformed,
    };
    let message = format!("request body: expected it whole and well framed, got {}", chain(error));
    (400, Failure::new(kind, message))
}

/// An error with its causes.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
