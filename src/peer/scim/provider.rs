//! The service provider as a whole.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;

use super::behaviour::BEHAVIOURS;
use super::dispatch;
use super::options::ScimOptions;
use super::results::Results;
use super::store::Store;
use crate::http::{Limits, Server, ServerOptions};
use crate::peer::behaviours::Behaviours;
use crate::peer::ssf::Announcement;

/// The path of the base of the service provider (RFC 7644 section 1.3).
pub(super) const BASE: &str = "/scim/v2";

/// The largest request that is read.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// Why the service provider does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or is not ours.
    #[error("the SCIM service provider cannot listen on {addr}: {source}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// A deviation is not one of this peer.
    #[error("{0}")]
    Deviation(String),
}

/// A running service provider. Dropped, it stops at once.
pub struct ScimProvider {
    server: Server,
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub options: ScimOptions,
    pub store: Store,
    pub results: Results,
    base: OnceLock<String>,
}

impl Shared {
    /// Whether a behaviour is switched on at this moment.
    pub fn has(&self, name: &str) -> bool {
        debug_assert!(BEHAVIOURS.iter().any(|(known, _)| *known == name), "{name} is a behaviour");
        self.options.tamper.now().behaviours().any(|on| on == name)
    }

    /// The base of the service provider, without a slash at the end.
    pub fn base(&self) -> &str {
        self.base.get().map_or("", String::as_str)
    }

    /// Tells that a request was completed.
    pub fn complete(&self, completion: &Announcement) {
        let transmitter = &self.options.transmitter;
        if self.options.offers_results
            && let Ok(set) = transmitter.seal(completion)
        {
            self.results.keep(&completion.txn, set);
        }
        // Nobody waits for an answer any more who could be told that the key does not sign.
        let _ = transmitter.announce(completion);
    }
}

impl ScimProvider {
    /// Listens, and answers until the value is dropped or shut down.
    ///
    /// # Errors
    /// If the address cannot be listened on, or a deviation is not one of this peer.
    pub async fn start(mut options: ScimOptions) -> Result<Self, StartError> {
        let tamper = options.tamper.now();
        Behaviours::new(&tamper, BEHAVIOURS).map_err(StartError::Deviation)?;
        let toggles: Vec<String> = tamper.toggles().map(str::to_owned).collect();
        for toggle in toggles {
            options.apply(&toggle).map_err(StartError::Deviation)?;
        }
        let (addr, requests, public) = (options.addr, options.requests.clone(), options.public_url.clone());
        let shared =
            Arc::new(Shared { options, store: Store::default(), results: Results::default(), base: OnceLock::new() });
        let router = Router::new().fallback(dispatch::serve).with_state(shared.clone());
        let limits = Limits { max_body: MAX_BODY, ..Limits::default() };
        let server = Server::bind(ServerOptions { addr, limits, ..ServerOptions::default() }, router, requests)
            .await
            .map_err(|source| StartError::Listen { addr, source })?;
        let origin = public.map_or_else(|| server.url(), |url| url.as_str().trim_end_matches('/').to_owned());
        shared.base.get_or_init(|| format!("{origin}{BASE}"));
        Ok(Self { server, shared })
    }

    /// The base URL of the service provider (RFC 7644 section 1.3), without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.shared.base()
    }

    /// Lets answers get out, and stops.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
