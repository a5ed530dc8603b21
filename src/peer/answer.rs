//! An answer of a built-in peer before it is sent, so that a deviation can still change it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response as HttpResponse, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::http::HangUp;

/// The longest that an answer is kept back.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// What a peer answers to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code; one below 100 or above 999 is sent as 500.
    pub status: u16,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long it is kept back, a minute at the most.
    pub delay: Duration,
    /// Whether the connection is closed instead.
    pub close: bool,
}

impl Answer {
    /// Replaces a header field, or removes it.
    pub fn set_header(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if let Some(value) = value {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The body as JSON, where it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(super) async fn into_response(self) -> Response {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay.min(LONGEST_DELAY)).await;
        }
        let mut response = HttpResponse::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        if self.close {
            response.extensions_mut().insert(HangUp);
        }
        response
    }
}
