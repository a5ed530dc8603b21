//! From a URL to a stream: name, connection, TLS; and which of the three failed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::ClientOptions;
use super::revocation::revoked;
use crate::http::{Failure, FailureKind, TlsFacts};

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The way to a server.
pub struct Way<'a> {
    pub url: &'a Url,
    pub options: &'a ClientOptions,
    pub deadline: Instant,
}

type Opened = (Box<dyn Stream>, Option<TlsFacts>);

impl Way<'_> {
    pub async fn open(&self, tls: impl FnOnce() -> Result<Arc<ClientConfig>, String>) -> Result<Opened, Failure> {
        let secure = match self.url.scheme() {
            "http" => false,
            "https" => true,
            other => {
                let message = format!("URL: expected http or https, got {other}");
                return Err(Failure::new(FailureKind::Other, message));
            }
        };
        let (Some(host), Some(port)) = (self.url.host(), self.url.port_or_known_default()) else {
            let message = format!("URL: expected a host, got {}", self.url);
            return Err(Failure::new(FailureKind::Other, message));
        };
        let config = match secure {
            true => Some(tls().map_err(|got| Failure::new(FailureKind::Tls, got))?),
            false => None,
        };
        let stream = connect(&host, port, self.bound()).await?;
        match config {
            None => Ok((Box::new(stream), None)),
            Some(config) => self.shake_hands(stream, &host, config).await,
        }
    }

    /// The end of a step that begins now, and how long that is.
    fn bound(&self) -> Bound {
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        Bound::of(left.min(self.options.connect_timeout))
    }

    async fn shake_hands(
        &self,
        stream: TcpStream,
        host: &Host<&str>,
        config: Arc<ClientConfig>,
    ) -> Result<Opened, Failure> {
        let name = server_name(host)?;
        let bound = self.bound();
        let shaking = TlsConnector::from(config).connect(name.clone(), stream);
        match timeout_at(bound.end, shaking).await {
            Ok(Ok(stream)) => {
                if self.options.checks_revocation && !self.options.insecure {
                    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                    if revoked(chain, &name, self.options, bound.end).await {
                        let message = format!(
                            "TLS handshake with {host}: expected a certificate that is good, got a revoked one"
                        );
                        return Err(Failure::new(FailureKind::CertificateInvalid, message));
                    }
                }
                let facts = TlsFacts::of(stream.get_ref().1, !self.options.insecure);
                Ok((Box::new(stream), Some(facts)))
            }
            Ok(Err(error)) => Err(tls_failure(host, &error)),
            Err(_) => {
                let message =
                    format!("TLS handshake with {host}: expected its end within {:?}, got none", bound.length);
                Err(Failure::new(FailureKind::ConnectTimeout, message))
            }
        }
    }
}

/// A length of time and when it ends.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    pub end: Instant,
    pub length: Duration,
}

impl Bound {
    pub fn of(length: Duration) -> Self {
        Self { end: Instant::now() + length, length }
    }
}

/// Opens a TCP connection, to the first address of the host that accepts one.
///
/// # Errors
/// Tells a name without an address from an address without a server, and both from silence.
pub async fn connect(host: &Host<&str>, port: u16, bound: Bound) -> Result<TcpStream, Failure> {
    let addresses = resolve(host, port, bound).await?;
    let mut last = None;
    for (at, address) in addresses.iter().enumerate() {
        // The time that is left is shared out, so that one mute address does not use up all of it.
        let share = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        let left = bound.end.saturating_duration_since(Instant::now());
        let end = Instant::now() + left / share;
        last = Some(match timeout_at(end, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are written whole; without this a small one can wait for an answer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => Failure::new(
                match error.kind() {
                    io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
                    _ => FailureKind::Connect,
                },
                format!("{host}: expected a connection to {address}, got {error}"),
            ),
            Err(_) => Failure::new(
                FailureKind::ConnectTimeout,
                format!("{host}: expected a connection to {address} within {:?}, got none", bound.length),
            ),
        });
    }
    Err(last.unwrap_or_else(|| no_name(host, "no address")))
}

async fn resolve(host: &Host<&str>, port: u16, bound: Bound) -> Result<Vec<SocketAddr>, Failure> {
    let ip = |ip: IpAddr| SocketAddr::new(ip, port);
    let name = match *host {
        Host::Ipv4(address) => return Ok(vec![ip(address.into())]),
        Host::Ipv6(address) => return Ok(vec![ip(address.into())]),
        // Not left to the system, which may know only the bare name (RFC 6761, 6.3).
        Host::Domain(name) if is_localhost(name) => {
            return Ok(vec![ip(Ipv4Addr::LOCALHOST.into()), ip(Ipv6Addr::LOCALHOST.into())]);
        }
        Host::Domain(name) => name,
    };
    match timeout_at(bound.end, lookup_host((name, port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => Err(no_name(host, &error.to_string())),
        Err(_) => Err(no_name(host, &format!("none within {:?}", bound.length))),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn no_name(host: &Host<&str>, got: &str) -> Failure {
    let message = format!("{host}: expected an address, got {got}");
    Failure::new(FailureKind::NameResolution, message)
}

fn server_name(host: &Host<&str>) -> Result<ServerName<'static>, Failure> {
    match *host {
        Host::Ipv4(address) => Ok(ServerName::from(IpAddr::from(address))),
        Host::Ipv6(address) => Ok(ServerName::from(IpAddr::from(address))),
        Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|error| {
            let message = format!("{name}: expected a name for TLS, got {error}");
            Failure::new(FailureKind::Tls, message)
        }),
    }
}

fn tls_failure(host: &Host<&str>, error: &io::Error) -> Failure {
    let cause = error.get_ref().and_then(|e| e.downcast_ref());
    let (kind, expected) = match cause {
        Some(rustls::Error::InvalidCertificate(_)) => {
            (FailureKind::CertificateInvalid, "a certificate that is trusted, valid now and made for this name")
        }
        _ => (FailureKind::Tls, "a TLS 1.2 or 1.3 handshake"),
    };
    let message = format!("TLS handshake with {host}: expected {expected}, got {error}");
    Failure::new(kind, message)
}
