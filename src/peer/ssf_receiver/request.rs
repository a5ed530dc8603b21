//! Requests to the transmitter, and what came of them.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use tokio::time::sleep;
use url::Url;

use super::notice::{Notice, Witnessed};
use super::state::{Pauses, Shared};
use crate::http::{Client, Exchange, RequestSpec};
use crate::peer::ssf::Operation;
use crate::peer::tamper::OutgoingRequest;
use crate::set::json;

/// The largest answer that is read, in bytes.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// The pause of a receiver that does not wait as long as it should.
const HASTE: Duration = Duration::from_millis(20);

/// A request before anything is added to it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub operation: Operation,
    pub method: &'static str,
    pub url: Url,
    /// The content, as JSON.
    pub json: Option<Value>,
    /// Header fields beside those that every request has.
    pub headers: Vec<(String, String)>,
    /// The stream that it is about.
    pub stream_id: Option<String>,
    /// The pause before it is repeated, where the answer asks for none.
    pub interval: Option<Duration>,
    /// Whether anybody may ask for it, so that it goes without a credential.
    pub is_public: bool,
}

/// An answer that is whole.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// `Retry-After` in seconds (RFC 9110 section 10.2.3).
    pub retry_after: Option<Duration>,
}

impl Call {
    pub fn new(operation: Operation, method: &'static str, url: Url) -> Self {
        Self {
            operation,
            method,
            url,
            json: None,
            headers: Vec::new(),
            stream_id: None,
            interval: None,
            is_public: false,
        }
    }

    pub fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    pub fn json(mut self, json: Value) -> Self {
        self.json = Some(json);
        self
    }

    pub fn of_stream(mut self, stream_id: &str) -> Self {
        self.stream_id = Some(stream_id.to_owned());
        self
    }

    /// Sends it once, with this Authorization header.
    pub async fn send(
        &self,
        shared: &Shared,
        client: &Client,
        authorization: Option<&str>,
    ) -> Result<Answer, Unanswered> {
        let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        let body = match &self.json {
            Some(json) => {
                headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
                json.to_string().into_bytes()
            }
            None => Vec::new(),
        };
        headers.extend(self.headers.iter().cloned());
        if let Some(value) = authorization {
            headers.push(("Authorization".to_owned(), value.to_owned()));
        }
        let request = OutgoingRequest { method: self.method.to_owned(), url: self.url.clone(), headers, body };
        send(shared, client, self.operation, self.stream_id.as_deref(), request).await
    }

    /// Sends it with the credential, again where that helps, and gives the answer that counts.
    ///
    /// # Errors
    /// In words, if no such answer comes.
    pub async fn ask(&self, shared: &Shared) -> Result<Answer, String> {
        let mut pauses = Pauses::new(&shared.options);
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let authorization = match self.is_public {
                true => None,
                false => shared.credential.authorization(shared).await?,
            };
            let value = authorization.as_ref().map(|value| value.expose_secret());
            let outcome = self.send(shared, &shared.client, value).await;
            let (why, asked) = match outcome {
                Ok(answer) if answer.status == 401 && !renewed => {
                    renewed = true;
                    match authorization {
                        Some(refused) if shared.credential.expire(&refused).await => continue,
                        _ => return Ok(answer),
                    }
                }
                Ok(answer) => match answer.is_passing() {
                    false => {
                        shared.credential.is_good(answer.status).await;
                        return Ok(answer);
                    }
                    true => (format!("status {}", answer.status), answer.retry_after),
                },
                Err(unanswered) => (unanswered.why, None),
            };
            let operation = self.operation.name();
            if attempt >= shared.options.retry.attempts {
                return Err(format!("{operation}: {why}, {attempt} times"));
            }
            attempt += 1;
            let hasty = shared.options.behaviour().repeats_too_soon && self.operation == Operation::Verify;
            if hasty && attempt > 4 {
                return Err(format!("{operation}: {why}"));
            }
            let next = if hasty { Some(HASTE) } else { pauses.next(asked.or(self.interval)) };
            let Some(pause) = next else {
                return Err(format!("{operation}: {why}, and the pause that is asked for is too long"));
            };
            shared.tell(Notice::Retrying { operation, why, pause });
            sleep(pause).await;
        }
    }
}

/// Why no answer came.
#[derive(Debug, Clone)]
pub(super) struct Unanswered {
    pub why: String,
    /// Whether the request cannot have reached anybody.
    pub unsent: bool,
}

/// Sends a request as the deviations change it.
pub(super) async fn send(
    shared: &Shared,
    client: &Client,
    operation: Operation,
    stream_id: Option<&str>,
    mut request: OutgoingRequest,
) -> Result<Answer, Unanswered> {
    let what = operation;
    let operation = what.name();
    shared.options.tamper.now().visit(&mut request, operation, &shared.scope(stream_id));
    let OutgoingRequest { method, url, headers, body } = request;
    let exchange = client.send(RequestSpec { method: method.clone(), url: url.clone(), headers, body }).await;
    if let Some(witness) = &shared.options.witness {
        let stream_id = stream_id.map(str::to_owned);
        witness(Witnessed { operation: what, stream_id, exchange: exchange.clone() });
    }
    let outcome = Answer::of(exchange);
    let answer = outcome.as_ref().map(|answer| answer.status).map_err(|unanswered| unanswered.why.clone());
    shared.tell(Notice::Requested { operation, method, url: shown(&url), answer });
    outcome
}

impl Answer {
    fn of(exchange: Exchange) -> Result<Self, Unanswered> {
        use crate::http::FailureKind::{CertificateInvalid, Connect, ConnectTimeout, NameResolution, Other, Tls};
        if let Some(failure) = exchange.failure {
            let unsent =
                matches!(failure.kind, CertificateInvalid | Connect | ConnectTimeout | NameResolution | Other | Tls);
            return Err(Unanswered { why: failure.message, unsent });
        }
        let Some(response) = exchange.response else {
            return Err(Unanswered { why: "no answer came".to_owned(), unsent: false });
        };
        if response.truncated || response.body.len() > MAX_BODY {
            let why = format!("expected an answer of at most {MAX_BODY} bytes, got more");
            return Err(Unanswered { why, unsent: false });
        }
        let seconds = response.headers.get("retry-after").and_then(|value| value.trim().parse().ok());
        let retry_after = seconds.map(Duration::from_secs);
        Ok(Self { status: response.status, body: response.body, retry_after })
    }

    /// Whether the same request may fare better in a while.
    fn is_passing(&self) -> bool {
        matches!(self.status, 202 | 429 | 500..=599)
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The content as JSON.
    pub fn value(&self) -> Result<Value, String> {
        json::parse(&self.body).map(|parsed| parsed.value).map_err(|error| format!("expected JSON, got {error}"))
    }

    /// The content as a JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, String> {
        match self.value()? {
            Value::Object(members) => Ok(members),
            other => Err(format!("expected a JSON object, got {}", json::kind(&other))),
        }
    }
}

/// A URL for people, without what could be a credential.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only URLs without a host refuse, and those are not asked.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
