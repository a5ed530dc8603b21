//! Our push endpoints: one server, one unguessable path for each stream.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

use crate::http::{Exchange, Limits, Recorder, Server, ServerOptions};
use crate::suite::model::case::Answer;

/// The largest push that is read: as many as there may be connections are read at a time.
const MAX_BODY: usize = 256 * 1024;

/// How long a push may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections may be open at the same time.
const CONNECTIONS: usize = 256;

/// How many pushes to one endpoint wait to be looked at; those beyond are dropped.
const BACKLOG: usize = 1000;

/// How many bytes of pushes wait to be looked at, at all endpoints together; those beyond are dropped.
const MOST_WAITING: usize = 32 * 1024 * 1024;

/// The name of the standing endpoint.
const STANDING: &str = "events";

/// The listener of a run.
pub(crate) struct Listener {
    server: Server,
    shared: Arc<Shared>,
    base: String,
    dispatcher: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    places: Mutex<HashMap<String, Place>>,
    strangers: AtomicU64,
    /// The bytes of pushes that nobody has looked at.
    waiting: AtomicUsize,
}

/// What stands behind a path.
struct Place {
    script: Script,
    /// Whether it also hears of what comes to the standing endpoint.
    standing: bool,
    /// Gone once the case has ended: what comes late is acknowledged and passed over.
    pushes: Option<mpsc::Sender<Arc<Exchange>>>,
}

/// How pushes are answered now, and how many more of them are answered so.
#[derive(Default)]
struct Script {
    answer: Answer,
    left: Option<u32>,
}

impl Shared {
    fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One push endpoint, as long as a case needs it.
pub(crate) struct Endpoint {
    pub url: String,
    key: String,
    shared: Arc<Shared>,
    pushes: mpsc::Receiver<Arc<Exchange>>,
}

impl Listener {
    /// Listens at `addr`; the transmitter reaches it under `public` if that is given.
    pub async fn start(addr: SocketAddr, public: Option<&Url>) -> std::io::Result<Self> {
        let recorder = Recorder::new(1);
        let mut pushes = recorder.subscribe();
        let shared: Arc<Shared> = Arc::default();
        let limits = Limits {
            max_body: MAX_BODY,
            body_timeout: BODY_TIMEOUT,
            max_connections: CONNECTIONS,
            ..Limits::default()
        };
        let options = ServerOptions { addr, limits, ..ServerOptions::default() };
        let router = Router::new().fallback(any(answer)).with_state(shared.clone());
        let server = Server::bind(options, router, recorder).await?;
        let base = public.map_or_else(|| server.url(), |url| url.as_str().trim_end_matches('/').to_owned());
        let known = shared.clone();
        let dispatcher = tokio::spawn(async move {
            while let Some(exchange) = pushes.next().await {
                known.dispatch(exchange);
            }
        });
        Ok(Self { server, shared, base, dispatcher })
    }

    /// Where it listens, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// A new endpoint, which acknowledges every push until it is told otherwise.
    pub fn open(&self) -> Endpoint {
        self.place(false)
    }

    /// The same, which also hears of everything that comes to the standing endpoint.
    pub fn open_standing(&self) -> Endpoint {
        self.place(true)
    }

    /// Where a transmitter pushes that is told so by its operator, rather than by us. Every push is acknowledged.
    pub fn standing_url(&self) -> String {
        format!("{}/push/{STANDING}", self.base)
    }

    fn place(&self, standing: bool) -> Endpoint {
        let key = Uuid::new_v4().simple().to_string();
        let (sender, pushes) = mpsc::channel(BACKLOG);
        let place = Place { script: Script::default(), standing, pushes: Some(sender) };
        self.shared.places().insert(key.clone(), place);
        Endpoint { url: format!("{}/push/{key}", self.base), key, shared: self.shared.clone(), pushes }
    }

    /// How many requests came to paths that we never gave out.
    pub fn strangers(&self) -> u64 {
        self.shared.strangers.load(Ordering::Relaxed)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.dispatcher.abort();
    }
}

impl Place {
    /// A transmitter that floods us loses what nobody has looked at.
    fn take(&self, exchange: Arc<Exchange>, waiting: &AtomicUsize) {
        let Some(pushes) = &self.pushes else { return };
        let size = exchange.request.body.len();
        if waiting.load(Ordering::Relaxed) + size <= MOST_WAITING && pushes.try_send(exchange).is_ok() {
            waiting.fetch_add(size, Ordering::Relaxed);
        }
    }
}

impl Shared {
    fn dispatch(&self, exchange: Arc<Exchange>) {
        let places = self.places();
        let key = key_of(&exchange.request.target);
        if key == STANDING {
            places
                .values()
                .filter(|place| place.standing)
                .for_each(|place| place.take(exchange.clone(), &self.waiting));
            return;
        }
        match places.get(key) {
            Some(place) => place.take(exchange, &self.waiting),
            None => {
                self.strangers.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// The last part of a path: a proxy in between may have changed what stands before it.
fn key_of(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let answer = {
        let mut places = shared.places();
        let key = key_of(uri.path());
        if key == STANDING && places.values().any(|place| place.standing) {
            return StatusCode::ACCEPTED.into_response();
        }
        let Some(place) = places.get_mut(key) else { return StatusCode::NOT_FOUND.into_response() };
        match &mut place.script.left {
            Some(0) => Answer::default(),
            Some(left) => {
                *left -= 1;
                place.script.answer.clone()
            }
            None => place.script.answer.clone(),
        }
    };
    let status = StatusCode::from_u16(answer.status.unwrap_or(202)).unwrap_or(StatusCode::ACCEPTED);
    match answer.json {
        Some(body) => {
            let fields = [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_LANGUAGE, "en")];
            (status, fields, body.to_string()).into_response()
        }
        None => status.into_response(),
    }
}

impl Endpoint {
    /// Whether a URL that a transmitter repeats is this endpoint.
    pub fn is_at(&self, url: &str) -> bool {
        key_of(url) == self.key
    }

    /// Says how pushes are answered from now on.
    pub fn answer(&self, answer: Answer) {
        if let Some(place) = self.shared.places().get_mut(&self.key) {
            place.script = Script { left: answer.times, answer };
        }
    }

    /// The next push. May be cancelled without losing one.
    pub async fn next(&mut self) -> Option<Arc<Exchange>> {
        let next = self.pushes.recv().await;
        self.taken(next)
    }

    /// The next push if it is there already.
    pub fn try_next(&mut self) -> Option<Arc<Exchange>> {
        let next = self.pushes.try_recv().ok();
        self.taken(next)
    }

    fn taken(&self, next: Option<Arc<Exchange>>) -> Option<Arc<Exchange>> {
        let size = next.as_ref().map_or(0, |exchange| exchange.request.body.len());
        self.shared.waiting.fetch_sub(size, Ordering::Relaxed);
        next
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(place) = self.shared.places().get_mut(&self.key) {
            *place = Place { script: Script::default(), standing: place.standing, pushes: None };
        }
        while self.try_next().is_some() {}
    }
}
