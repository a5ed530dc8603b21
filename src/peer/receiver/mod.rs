//! The built-in push receiver: strict, conformant, and able to misbehave on purpose.

mod answer;
mod validate;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::any;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::answer::Answer;
use super::tamper::{Incoming, Switch};
use crate::http::{Recorder, Server, ServerOptions, ServerTls};
use crate::set::{JwksSource, Token};
use crate::suite::model::case::TlsVersion;
use crate::suite::model::deviation::Check;

pub(crate) use validate::check;
pub use validate::{Refusal, Verdict};

/// Where the built-in receiver takes pushes.
pub const PATH: &str = "/events";

/// How many bodies are remembered before it starts anew.
const REMEMBERED: usize = 10_000;

/// What the receiver is told to trust, and how it behaves.
pub struct ReceiverOptions {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Its certificate and key; plain http unless given.
    pub tls: Option<ServerTls>,
    /// The issuer that it takes SETs from; any unless given.
    pub issuer: Option<String>,
    /// The audience that it goes by; not checked unless given.
    pub audience: Option<String>,
    /// The keys of the issuer; without them no signature can be verified and no signed SET is taken.
    pub keys: JwksSource,
    /// The whole value of the Authorization header that callers have to present.
    pub authorization: Option<SecretString>,
    /// The languages of its descriptions, the first one being the default.
    pub languages: Vec<String>,
    /// How it deviates; on the TLS layer as it is when it starts.
    pub tamper: Switch,
    /// Where its exchanges are recorded.
    pub recorder: Recorder,
}

/// Decides on the SETs of a push endpoint in place of the endpoint itself, which still sees to the request.
pub(crate) trait Inspector: Send + Sync {
    /// Decides; a check for which `skips` is true is not made.
    fn inspect<'a>(&'a self, token: &'a Token, skips: &'a (dyn Fn(Check) -> bool + Sync)) -> BoxFuture<'a, Verdict>;
}

/// A running receiver.
pub struct Receiver {
    server: Server,
}

struct Shared {
    options: ReceiverOptions,
    inspector: Option<Arc<dyn Inspector>>,
    /// Digests of the bodies that came, for deviations that treat repetitions otherwise.
    seen: Mutex<HashSet<u64>>,
}

impl Receiver {
    /// Takes pushes at [`PATH`] until the value is dropped or shut down.
    ///
    /// # Errors
    /// If the address cannot be listened on, or the TLS versions of a deviation do not fit together.
    pub async fn start(options: ReceiverOptions) -> io::Result<Self> {
        Self::serve(options, None).await
    }

    /// The same where somebody else decides on SETs: of the options, issuer, audience and keys mean nothing then.
    pub(crate) async fn inspected(options: ReceiverOptions, inspector: Arc<dyn Inspector>) -> io::Result<Self> {
        Self::serve(options, Some(inspector)).await
    }

    async fn serve(options: ReceiverOptions, inspector: Option<Arc<dyn Inspector>>) -> io::Result<Self> {
        let mut server_options =
            ServerOptions { addr: options.addr, tls: options.tls.clone(), ..ServerOptions::default() };
        if let Some(tls) = options.tamper.now().tls() {
            let old = |version: TlsVersion| matches!(version, TlsVersion::Tls10 | TlsVersion::Tls11);
            server_options.accepts_old_tls = tls.also_accepts.is_some_and(old);
            server_options.only_old_tls = tls.newest.is_some_and(old);
            server_options.tls = match server_options.tls {
                Some(config) => Some(narrowed(config, tls.oldest, tls.newest)?),
                None => None,
            };
        }
        let recorder = options.recorder.clone();
        let shared = Shared { options, inspector, seen: Mutex::default() };
        let router = Router::new().route(PATH, any(handle)).with_state(Arc::new(shared));
        Ok(Self { server: Server::bind(server_options, router, recorder).await? })
    }

    /// Where it listens, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The URL that SETs are pushed to.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.server.url())
    }

    /// Accepts no more, lets exchanges end for at most one second, and cuts the rest.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl Shared {
    /// Whether the same body came before. A reference receiver does not care (RFC 8935 section 2).
    fn repeated(&self, body: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let mut seen = self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        !seen.insert(hasher.finish())
    }
}

fn narrowed(config: ServerTls, oldest: Option<TlsVersion>, newest: Option<TlsVersion>) -> io::Result<ServerTls> {
    use crate::http::TlsVersion as Wire;
    let min = if oldest == Some(TlsVersion::Tls13) { Wire::V1_3 } else { Wire::V1_2 };
    let max = if newest == Some(TlsVersion::Tls12) { Wire::V1_2 } else { Wire::V1_3 };
    config.with_versions(min, max).map_err(io::Error::other)
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: axum::http::Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let options = &shared.options;
    let token = Token::from_bytes(&body);
    let incoming =
        Incoming { method: &method, headers: &headers, body: &body, token: &token, repeated: shared.repeated(&body) };
    let tamper = options.tamper.now();
    let verdict = validate::decide(options, &tamper, shared.inspector.as_deref(), &incoming).await;
    let languages = tamper.languages().unwrap_or(&options.languages);
    let answer = Answer::to(&verdict, answer::language(languages, headers.get("accept-language")));
    tamper.answer(answer, &incoming, &verdict).into_response().await
}

/// Whether a presented Authorization value is the expected one; a missing expectation is met by anything.
fn credential_fits(expected: Option<&SecretString>, presented: Option<&axum::http::HeaderValue>) -> bool {
    match expected {
        None => true,
        Some(expected) => presented.is_some_and(|value| value.as_bytes() == expected.expose_secret().as_bytes()),
    }
}
