//! A server that records what its clients send, also what it refuses.
//!
//! The accept loop is our own and hyper reads the messages. Between the two lies a tap on the decrypted
//! bytes, which keeps what hyper does not tell: header case and order, and requests that it refuses.

mod answer_body;
mod connection;
mod old_tls;
mod recorder;
mod service;
mod tap;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::tls::ServerTls;
use connection::{Connection, Shared};

pub use recorder::{Recorder, Subscription};
pub use service::{ExchangeId, HangUp};
pub use tap::RawHead;

/// How long exchanges may take to end after [`Server::shutdown`]; then they are cut.
const GRACE: Duration = Duration::from_secs(1);

/// How many connections may wait to be accepted. The system drops what comes beyond, and a client tries again after a
/// second: whoever opens a thousand at once would measure that second and not us.
const BACKLOG: u32 = 1024;

/// Where and how a server listens.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The address; port 0 takes any free one.
    pub addr: SocketAddr,
    /// The certificate for https; `None` is plain http.
    pub tls: Option<ServerTls>,
    /// What clients may use up.
    pub limits: Limits,
    /// A deliberate fault, for https only: a client that offers at most TLS 1.1 gets a ServerHello.
    pub accepts_old_tls: bool,
    /// The same, and any other client gets the alert protocol_version (70).
    pub only_old_tls: bool,
    /// Whether a connection of https that the client ends before any request is recorded as well: as an exchange without a
    /// method, with the failure [`Closed`](super::FailureKind::Closed).
    pub records_silence: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            limits: Limits::default(),
            accepts_old_tls: false,
            only_old_tls: false,
            records_silence: false,
        }
    }
}

/// Bounds for every client.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request head. hyper needs at least 8 KiB.
    pub max_head: usize,
    /// Bytes of a request body; more is answered with 413.
    pub max_body: usize,
    /// The time for a TLS handshake, and for a request head, from the moment it is waited for.
    pub head_timeout: Duration,
    /// The time for a request body, from its head on; more is answered with 408.
    pub body_timeout: Duration,
    /// Connections at the same time; others wait to be accepted.
    pub max_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_head: 64 * 1024,
            max_body: 4 * 1024 * 1024,
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            max_connections: 256,
        }
    }
}

/// A running server. Dropped, it stops at once; see [`Server::shutdown`] for the gentle way.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    secure: bool,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens, and serves with the router until it is stopped.
    ///
    /// Handlers get whole requests alone, and find [`Arc<RawHead>`](RawHead), [`ExchangeId`] and
    /// `ConnectInfo<SocketAddr>` among the extensions. Every request ends up in the recorder, before the
    /// client can have read the end of its answer.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn bind(options: ServerOptions, service: Router, recorder: Recorder) -> io::Result<Self> {
        let listener = listen(options.addr)?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let secure = options.tls.is_some();
        let shared = Arc::new(Shared {
            // The limit is ours alone: that of axum would answer before the recorder sees why.
            router: service.layer(DefaultBodyLimit::disable()),
            options,
            recorder,
        });
        let task = tokio::spawn(accept(listener, shared, stopped));
        Ok(Self { addr, secure, stop, task })
    }

    /// The address on which it listens, with the port that it got.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Scheme and address, such as `http://127.0.0.1:8080`, without a slash at the end.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Accepts no more, lets exchanges end for at most one second, and cuts the rest.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        // The loop bounds itself; the outer bound is for a runtime that starves it.
        let _ = timeout(GRACE * 2, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The loop owns its connections, so they end with it.
        self.task.abort();
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was in use a moment ago can be had again. On Windows the option would give away one that is in use now.
    if cfg!(not(windows)) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(shared.options.limits.max_connections));
    let watched = stopped.clone();
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection = Connection { shared: shared.clone(), peer, stopped: watched.clone() };
                    connections.spawn(async move {
                        connection.serve(stream).await;
                        drop(place);
                    });
                }
                // Out of file descriptors, or a client that left again: neither ends the server.
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stopped.wait_for(|&stop| stop) => {}
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(GRACE, ended).await;
}
