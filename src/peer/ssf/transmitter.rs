//! The transmitter as a whole.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use serde_json::Value;

use super::addresses::{Addresses, TOKEN};
use super::control::{self, Control};
use super::emit::{Announcement, Emission, EmitError, EventRequest, emit, spread};
use super::journal::Watch;
use super::mint::{MintError, seal};
use super::options::SsfOptions;
use super::queue::Entry;
use super::refusal::Refusal;
use super::state::Shared;
use super::{Status, apart, discovery, dispatch, status, verification};
use crate::http::{Limits, Recorder, Server, ServerOptions, TlsError};
use crate::set::Jwks;

/// Why the transmitter does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, or is not ours.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The control interface has no credentials, so it stays on this machine.
    #[error("the control interface: expected a loopback address, got {0}")]
    ControlIsPublic(SocketAddr),
    /// The public URL cannot be an issuer (SSF section 7.1).
    #[error("public URL: expected an http or https URL without query and fragment, got {0}")]
    PublicUrl(String),
    /// The path cannot stand in an issuer (SSF section 7.1).
    #[error("issuer path: expected none, or one that begins with a slash, without query and fragment, got {0:?}")]
    IssuerPath(String),
    /// Both delivery methods are switched off.
    #[error("delivery: expected push, poll or both, got neither")]
    NoDelivery,
    /// The poll endpoints deviate in TLS, and there is no certificate.
    #[error("poll endpoints that deviate in TLS: expected a certificate, got none")]
    NoCertificate,
    /// The poll endpoints are left without a TLS version.
    #[error("poll endpoints that deviate in TLS: {0}")]
    Versions(#[from] TlsError),
}

/// A running transmitter. Dropped, it stops at once; see [`SsfTransmitter::shutdown`] for the gentle way.
pub struct SsfTransmitter {
    shared: Arc<Shared>,
    server: Server,
    /// For poll endpoints that have a port of their own.
    polls: Option<Server>,
    control: Option<Server>,
    _guard: Guard,
}

/// Ends the tasks with the transmitter, which they would keep alive otherwise.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn serve_control(shared: &Arc<Shared>, options: ServerOptions) -> io::Result<Server> {
    let addr = Arc::new(OnceLock::new());
    let state = Control { shared: shared.clone(), addr: addr.clone() };
    let router = Router::new().fallback(control::serve).with_state(state);
    let server = Server::bind(options, router, Recorder::new(1)).await?;
    addr.get_or_init(|| server.addr());
    Ok(server)
}

impl SsfTransmitter {
    /// Listens, and answers until the value is dropped or shut down.
    ///
    /// # Errors
    /// If an address cannot be listened on, or the options contradict each other.
    pub async fn start(options: SsfOptions) -> Result<Self, StartError> {
        if !options.features.push && !options.features.poll {
            return Err(StartError::NoDelivery);
        }
        if let Some(url) = &options.public_url
            && (!matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some())
        {
            return Err(StartError::PublicUrl(url.to_string()));
        }
        let path = options.issuer_path.clone();
        if !(path.is_empty() || path.starts_with('/')) || path.contains(['?', '#']) {
            return Err(StartError::IssuerPath(path));
        }
        if let Some(addr) = options.control.filter(|addr| !addr.ip().is_loopback()) {
            return Err(StartError::ControlIsPublic(addr));
        }
        if options.tls.is_none() && options.poll_tls.as_ref().is_some_and(|deviation| !deviation.plain) {
            return Err(StartError::NoCertificate);
        }
        let (addr, control) = (options.addr, options.control);
        let limits =
            Limits { max_body: options.limits.body, max_connections: options.limits.connections, ..Limits::default() };
        let requests = options.requests.clone();
        let public = options.public_url.clone();
        let shared = Arc::new(Shared::new(options));
        let router = Router::new().fallback(dispatch::serve).with_state(shared.clone());
        let tls = shared.options.tls.clone();
        let records_silence = shared.options.records_silence;
        let at = |addr| ServerOptions { addr, limits, records_silence, ..ServerOptions::default() };
        let failed = |addr| move |source| StartError::Listen { addr, source };
        let usual = |addr| ServerOptions { tls: tls.clone(), ..at(addr) };
        let polls = match &shared.options.poll_tls {
            Some(deviation) => {
                let any_port = SocketAddr::new(addr.ip(), 0);
                let apart = apart::deviating(usual(any_port), deviation)?;
                Some(Server::bind(apart, router.clone(), requests.clone()).await.map_err(failed(any_port))?)
            }
            None => None,
        };
        let server = Server::bind(usual(addr), router, requests).await.map_err(failed(addr))?;
        let mut addresses = Addresses::new(&public.map_or_else(|| server.url(), String::from), &path);
        if let Some(polls) = &polls {
            let scheme = if polls.url().starts_with("https:") { "https" } else { "http" };
            addresses = addresses.with_polls_at(polls.addr().port(), scheme);
        }
        shared.settle(addresses);
        let control = match control {
            Some(addr) => Some(serve_control(&shared, at(addr)).await.map_err(failed(addr))?),
            None => None,
        };
        let guard = Guard(shared.clone());
        Ok(Self { shared, server, polls, control, _guard: guard })
    }

    /// Where it listens, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The public URL, or the address where it listens: the `iss` of its SETs.
    pub fn issuer(&self) -> &str {
        &self.shared.addresses().issuer
    }

    /// Where the transmitter configuration is (SSF section 7.2).
    pub fn metadata_url(&self) -> String {
        self.shared.addresses().well_known("ssf-configuration")
    }

    /// The transmitter configuration (SSF section 7.1).
    pub fn metadata(&self) -> Value {
        discovery::metadata(&self.shared)
    }

    /// The metadata of the protected resource that the issuer is (RFC 9728 section 2).
    pub fn protected_resource(&self) -> Value {
        discovery::protected_resource(&self.shared, self.issuer())
    }

    /// Where access tokens can be had (RFC 6749 section 4.4), if the feature is on.
    pub fn token_endpoint(&self) -> String {
        self.shared.addresses().url(TOKEN)
    }

    /// Scheme and address of the control interface, if there is one.
    pub fn control_url(&self) -> Option<String> {
        self.control.as_ref().map(Server::url)
    }

    /// Sends an event to every stream that asked for its type and whose subjects match.
    pub fn emit(&self, event: &EventRequest) -> Result<Emission, EmitError> {
        emit(&self.shared, event)
    }

    /// Sends what has happened to every stream that asked for such events and whose subjects match.
    ///
    /// # Errors
    /// If the SET cannot be signed.
    pub fn announce(&self, announcement: &Announcement) -> Result<Emission, MintError> {
        spread(&self.shared, &announcement.making(), self.shared.list(None))
    }

    /// The same as a SET for the first receiver that goes by no stream.
    ///
    /// # Errors
    /// If the SET cannot be signed.
    pub fn seal(&self, announcement: &Announcement) -> Result<Vec<u8>, MintError> {
        seal(&self.shared, "", 0, announcement.making()).map(|(_, set)| set)
    }

    /// Changes the status of a stream as the transmitter's own decision, which it tells the receiver (SSF section 8.1.5).
    pub fn set_status(&self, stream_id: &str, status: Status, reason: Option<String>) -> Result<(), EmitError> {
        let stream = self.shared.get(stream_id).ok_or_else(|| EmitError::NoStream(stream_id.to_owned()))?;
        Ok(status::change(&self.shared, &stream, status, reason)?)
    }

    /// Queues a token as it is, under this name, whatever it holds.
    ///
    /// # Errors
    /// If there is no such stream, or it takes nothing now.
    pub fn offer(&self, stream_id: &str, jti: &str, set: Vec<u8>) -> Result<(), EmitError> {
        let stream = self.shared.get(stream_id).ok_or_else(|| EmitError::NoStream(stream_id.to_owned()))?;
        stream
            .enqueue(Entry::new(jti, set, ""), &self.shared.options)
            .map_err(|why| EmitError::NotQueued(stream_id.to_owned(), why))
    }

    /// Takes a SET out of the queue of a stream, if it is still there.
    pub fn withdraw(&self, stream_id: &str, jti: &str) {
        if let Some(stream) = self.shared.get(stream_id) {
            stream.lock().queue.settle(jti);
        }
    }

    /// The configurations of all streams as their receivers may read them, secrets included, oldest first.
    pub fn configurations(&self) -> Vec<Value> {
        self.shared.list(None).iter().map(|stream| stream.configuration(&self.shared)).collect()
    }

    /// Forgets all streams: their polls and pushes end.
    pub fn clear(&self) {
        self.shared.list(None).iter().for_each(|stream| self.shared.remove(stream));
    }

    /// Sends a verification event that nobody asked for, so without a state (SSF section 8.1.4).
    pub fn verify(&self, stream_id: &str) -> Result<(), Refusal> {
        let stream = self.shared.get(stream_id).ok_or_else(|| Refusal::NoStream(stream_id.to_owned()))?;
        verification::send_unasked(&self.shared, &stream)
    }

    /// Signs with a new key from now on; the old one stays in the key set for a while. Gives the new identifier.
    pub async fn rotate_key(&self) -> Result<String, Refusal> {
        control::rotate(&self.shared).await.map_err(Refusal::Internal)
    }

    /// The keys with which its SETs can be verified at this moment.
    pub fn keys(&self) -> Jwks {
        // Our own key set is one.
        Jwks::from_value(&self.shared.keys.public()).unwrap_or_default()
    }

    /// Every stream as the control interface shows it: without secrets.
    pub fn streams(&self) -> Vec<Value> {
        control::streams(&self.shared)
    }

    /// What happens from now on.
    pub fn watch(&self) -> Watch {
        self.shared.journal.watch()
    }

    /// Ends what waits, lets answers get out, and stops.
    pub async fn shutdown(self) {
        self.shared.close();
        if let Some(control) = self.control {
            control.shutdown().await;
        }
        if let Some(polls) = self.polls {
            polls.shutdown().await;
        }
        self.server.shutdown().await;
    }
}
