//! A client that asks once and records everything.

mod connect;
mod request;
mod revocation;
mod round_trip;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConfig;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use url::Url;

pub(super) use connect::{Bound, connect};

use super::tls::{Roots, TlsError, client_config};
use super::wire::answer::AnswerReader;
use super::{Exchange, Failure, Request};

/// The pause between two looks whether a server is still there.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How a [`Client`] works.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Whom it trusts on https.
    pub roots: Roots,
    /// Whether it accepts any certificate. The records say so.
    pub insecure: bool,
    /// Whether it refuses a certificate that the list which it names revokes, as far as the list is signed by an authority of the
    /// bundle.
    pub checks_revocation: bool,
    /// The time for the name, the connection and the TLS handshake, each.
    pub connect_timeout: Duration,
    /// The time for everything, from the name to the last byte of the body. It is a total, so that a
    /// server that sends a byte a second is bounded too.
    pub response_timeout: Duration,
    /// How many bytes of a body are read; then the connection is closed.
    pub max_body: usize,
    /// How many bytes a head may have, interim responses included.
    pub max_head: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            roots: Roots::System,
            insecure: false,
            checks_revocation: false,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(30),
            max_body: 4 * 1024 * 1024,
            max_head: 64 * 1024,
        }
    }
}

/// A client cannot be made from these options.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The CA bundle is of no use.
    #[error(transparent)]
    Roots(#[from] TlsError),
}

/// What is to be asked.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    /// The method, sent as it is.
    pub method: String,
    /// An http or https URL. Its user, password and fragment are not sent.
    pub url: Url,
    /// Fields, sent in this order and case, after Host.
    pub headers: Vec<(String, String)>,
    /// The content, sent as it is: a caller that sets Transfer-Encoding writes the chunks itself.
    pub body: Vec<u8>,
}

impl RequestSpec {
    /// A request without fields and content.
    pub fn new(method: impl Into<String>, url: Url) -> Self {
        Self { method: method.into(), url, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one more field.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with this content.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// Sends requests, each on a fresh connection: no redirects, no proxy, no retries, HTTP/1.1 only.
///
/// Cheap to clone. A fresh connection keeps each record alone with its TLS facts and its timing, and a
/// server that breaks one connection breaks one exchange.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: ClientOptions,
    /// Made at the first https request: reading the roots of the system takes time, and where it has
    /// none, plain http still has to work.
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Client {
    /// A client with these options.
    ///
    /// # Errors
    /// If the CA bundle holds no certificate.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        options.roots.bundle()?;
        Ok(Self(Arc::new(Inner { options, tls: OnceLock::new() })))
    }

    /// The options of this client.
    pub fn options(&self) -> &ClientOptions {
        &self.0.options
    }

    /// Sends a request and returns the record. Never errs: what fails is in the record.
    ///
    /// Adds Host, `User-Agent: setspec/VERSION`, `Connection: close`, and Content-Length where there is a
    /// body or the method is POST, PUT or PATCH; each only if it is not given. The connection is asked to
    /// close so that what follows the message is seen: a close, or bytes that do not belong there.
    pub async fn send(&self, spec: RequestSpec) -> Exchange {
        self.exchange(spec, None).await
    }

    /// Whether anybody takes a connection there, whatever comes of it then. A server that ended a connection without an
    /// answer may be gone, or may have answered so. It looks twice: who is about to end may take one more.
    pub async fn finds_somebody(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return false };
        let look = || connect::connect(&host, port, connect::Bound::of(self.0.options.connect_timeout));
        if look().await.is_err() {
            return false;
        }
        sleep(BETWEEN_LOOKS).await;
        look().await.is_ok()
    }

    /// Sends a request like [`send`](Self::send), and tells `written` when the whole request has been written, or when it cannot be any more: for a
    /// request whose answer is waited for while other things go on.
    pub async fn send_and_tell(&self, spec: RequestSpec, written: &Notify) -> Exchange {
        let exchange = self.exchange(spec, Some(written)).await;
        written.notify_one();
        exchange
    }

    async fn exchange(&self, spec: RequestSpec, written: Option<&Notify>) -> Exchange {
        let id = Exchange::next_id();
        let at = Timestamp::now();
        let began = Instant::now();
        let options = &self.0.options;
        let fields = request::fields(&spec);
        let mut exchange = Exchange {
            id,
            at,
            request: Request {
                method: spec.method.clone(),
                url: spec.url.to_string(),
                target: request::target(&spec.url),
                version: "HTTP/1.1".to_owned(),
                headers: fields,
                body: spec.body[..spec.body.len().min(options.max_body)].to_vec(),
                truncated: spec.body.len() > options.max_body,
                quirks: Vec::new(),
            },
            response: None,
            failure: None,
            elapsed_ms: 0.0,
            tls: None,
        };
        let outcome = self.attempt(&spec, began, &mut exchange, written).await;
        let ended = outcome.unwrap_or_else(|failure| {
            exchange.failure = Some(failure);
            Instant::now()
        });
        exchange.elapsed_ms = Exchange::millis(ended.duration_since(began));
        exchange
    }

    /// Fills in the exchange and says when the message had been read.
    async fn attempt(
        &self,
        spec: &RequestSpec,
        began: Instant,
        exchange: &mut Exchange,
        written: Option<&Notify>,
    ) -> Result<Instant, Failure> {
        let options = &self.0.options;
        let bytes = request::bytes(&exchange.request, &spec.body)?;
        let deadline = began + options.response_timeout;
        let way = connect::Way { url: &spec.url, options, deadline };
        let (stream, tls) = way.open(|| self.tls()).await?;
        exchange.tls = tls;
        let mut reader = AnswerReader::new(&spec.method, options.max_head, options.max_body);
        let trip = round_trip::RoundTrip { request: &bytes, deadline, allowed: options.response_timeout, written };
        let (end, ended) = trip.run(stream, &mut reader).await;
        (exchange.response, exchange.failure) = reader.finish(end);
        Ok(ended)
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        let options = &self.0.options;
        let make = || client_config(&options.roots, options.insecure).map(Arc::new);
        self.0.tls.get_or_init(make).clone()
    }
}
