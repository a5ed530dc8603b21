//! Our relying party as others see it: where browsers come back to, and where logout requests go.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;
use tokio::sync::oneshot;
use url::Url;

use crate::http::{Exchange, Recorder, Server, ServerOptions, Subscription};
use crate::peer::message::parameters;

/// The path of the logout URI.
const LOGOUT: &str = "/backchannel-logout";

/// What came back from the provider: the code, or the error if it named one.
pub(super) type Returned = Result<String, Option<String>>;

/// How logout requests are answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answering {
    pub status: u16,
    /// How many more are answered so; all unless given.
    pub times: Option<u32>,
}

impl Answering {
    /// As a conformant relying party answers (Back-Channel Logout section 2.8).
    pub const USUAL: Self = Self { status: 200, times: None };
}

pub(super) struct Listener {
    server: Server,
    base: String,
    recorder: Recorder,
    shared: Arc<Shared>,
}

struct Shared {
    /// Browsers that are on their way, by `state`.
    waiting: Mutex<HashMap<String, oneshot::Sender<Returned>>>,
    answering: Mutex<Answering>,
    /// How many browsers came after a logout.
    logged_out: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    pub async fn start(addr: SocketAddr, public_url: Option<&Url>) -> io::Result<Self> {
        let recorder = Recorder::new(64);
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            answering: Mutex::new(Answering::USUAL),
            logged_out: AtomicU64::new(0),
        });
        let router = Router::new().fallback(any(handle)).with_state(shared.clone());
        let server = Server::bind(ServerOptions { addr, ..ServerOptions::default() }, router, recorder.clone()).await?;
        let base = public_url.map_or_else(|| server.url(), |url| url.as_str().trim_end_matches('/').to_owned());
        Ok(Self { server, base, recorder, shared })
    }

    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.base)
    }

    /// It has a query, which has to be kept (Back-Channel Logout section 2.2).
    pub fn logout_uri(&self) -> String {
        format!("{}{LOGOUT}?via=setspec", self.base)
    }

    pub fn post_logout_redirect_uri(&self) -> String {
        format!("{}/logged-out", self.base)
    }

    /// Expects a browser with this `state`.
    pub fn expect(&self, state: &str) -> oneshot::Receiver<Returned> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.shared.waiting).insert(state.to_owned(), sender);
        receiver
    }

    /// What comes from now on.
    pub fn requests(&self) -> Subscription {
        self.recorder.subscribe()
    }

    /// How many browsers have come back from a logout so far.
    pub fn logged_out(&self) -> u64 {
        self.shared.logged_out.load(Ordering::Relaxed)
    }

    pub fn answer(&self, answering: Answering) {
        *lock(&self.shared.answering) = answering;
    }

    /// Accepts no more.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// Whether an exchange is a logout request, whatever its method.
pub(super) fn is_logout(exchange: &Exchange) -> bool {
    exchange.request.target.split('?').next() == Some(LOGOUT)
}

async fn handle(State(shared): State<Arc<Shared>>, uri: Uri, RawQuery(query): RawQuery) -> Response {
    let no_store = [("cache-control", "no-store")];
    match uri.path() {
        "/callback" => {
            let query = parameters(query.unwrap_or_default().as_bytes());
            let get = |name: &str| query.get(name).and_then(Value::as_str);
            let waiting = get("state").and_then(|state| lock(&shared.waiting).remove(state));
            let Some(waiting) = waiting else {
                return (StatusCode::BAD_REQUEST, no_store, "Nobody is waited for.\n").into_response();
            };
            let returned = match (get("code"), get("error")) {
                (Some(code), _) => Ok(code.to_owned()),
                (None, error) => Err(error.map(str::to_owned)),
            };
            // A run that has been stopped meanwhile waits for nobody.
            let _ = waiting.send(returned);
            (no_store, "You are logged in.\n").into_response()
        }
        LOGOUT => {
            let mut answering = lock(&shared.answering);
            let status = answering.status;
            match &mut answering.times {
                Some(times) if *times <= 1 => *answering = Answering::USUAL,
                Some(times) => *times -= 1,
                None => {}
            }
            (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), no_store).into_response()
        }
        "/logged-out" => {
            shared.logged_out.fetch_add(1, Ordering::Relaxed);
            (no_store, "You are logged out.\n").into_response()
        }
        _ => (StatusCode::NOT_FOUND, "Nothing is here.\n").into_response(),
    }
}
