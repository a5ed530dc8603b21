//! The page as a running server.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use super::desk::Desk;
use super::guard::Guard;
use super::routes::{self, Desktop};
use super::{Feed, Teller};
use crate::cli::console::Failure;
use crate::http::{Limits, Recorder, Server, ServerOptions};

/// The largest action, and as much as is kept of an answer, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A page that is served until it is shut down.
pub(in crate::cli::mock) struct Ui {
    server: Server,
    feed: Arc<Feed>,
    guard: Arc<OnceLock<Guard>>,
}

impl Ui {
    /// Serves the page of a mock.
    pub async fn start(addr: SocketAddr, desk: Arc<dyn Desk>, teller: Arc<Teller>) -> Result<Self, Failure> {
        let guard = Arc::new(OnceLock::new());
        let feed = teller.feed.clone();
        teller.state(&desk.streams());
        let router = routes::router(Desktop { desk, teller, guard: guard.clone() });
        let limits = Limits { max_body: MAX_BODY, ..Limits::default() };
        let options = ServerOptions { addr, limits, ..ServerOptions::default() };
        let server = Server::bind(options, router, Recorder::new(1))
            .await
            .map_err(|error| Failure::usage(format!("--ui: cannot listen on {addr}: {error}")))?;
        guard.get_or_init(|| Guard::new(server.addr()));
        Ok(Self { server, feed, guard })
    }

    /// What to say of it when it is ready. Elsewhere than on this machine, only whoever has this address may act.
    pub fn line(&self) -> String {
        let url = self.server.url();
        match self.guard.get().filter(|guard| !guard.is_local()) {
            Some(guard) => format!("the live page is at {url}/#{} (anybody who reaches it can watch)", guard.token()),
            None => format!("the live page is at {url}/"),
        }
    }

    /// Ends those who watch, and stops.
    pub async fn shutdown(self) {
        self.feed.close();
        self.server.shutdown().await;
    }
}
