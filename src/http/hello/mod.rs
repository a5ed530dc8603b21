//! Asks a server which TLS versions it agrees to, with a ClientHello made by hand.
//!
//! rustls speaks 1.2 and 1.3 alone. Whether a server refuses 1.0 and 1.1, as RFC 8996 wants it to, can only
//! be seen by offering them. Nothing is encrypted: the first answer of the server tells enough.

pub(super) mod message;
pub(super) mod reply;

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use url::Host;

use super::FailureKind;
use super::client::{Bound, connect};
use reply::Reply;

/// The most that is read before the answer must be understood.
const MAX_REPLY: usize = 64 * 1024;

/// The one version that a hello offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Offer {
    /// TLS 1.0 (RFC 2246).
    Tls10,
    /// TLS 1.1 (RFC 4346).
    Tls11,
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl Offer {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// The version as people write it: `1.0` to `1.3`.
    pub fn version(self) -> &'static str {
        match self {
            Self::Tls10 => "1.0",
            Self::Tls11 => "1.1",
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HelloOutcome {
    /// The server agreed to a version.
    ServerHello,
    /// The server refused with an alert.
    Alert,
    /// The server closed the connection without a word.
    Closed,
    /// The server said nothing in time.
    Timeout,
    /// What the server said is not TLS.
    NotTls,
    /// There was no connection.
    Unreachable,
}

/// The answer to one offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloFacts {
    /// The version that was offered: `1.0` to `1.3`.
    pub offered: String,
    /// What became of it.
    pub outcome: HelloOutcome,
    /// The version that the server chose, if it sent a ServerHello or a HelloRetryRequest.
    pub version: Option<String>,
    /// The alert description, if it sent one (RFC 8446, 6): 70 is protocol_version.
    pub alert: Option<u8>,
    /// Place, expected and got, for people.
    pub message: String,
}

impl HelloFacts {
    /// Whether the server agreed to the version that was offered.
    pub fn agreed(&self) -> bool {
        self.version.as_deref() == Some(self.offered.as_str())
    }
}

/// Offers one version to a server. `timeout` is for everything, the connection included.
///
/// Never errs: whatever happens is an outcome. The host is a name, an IPv4 address, or an IPv6 address with
/// or without brackets.
pub async fn probe(host: &str, port: u16, offer: Offer, timeout: Duration) -> HelloFacts {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let host = match bare.parse() {
        Ok(IpAddr::V4(address)) => Host::Ipv4(address),
        Ok(IpAddr::V6(address)) => Host::Ipv6(address),
        Err(_) => Host::Domain(bare),
    };
    let bound = Bound::of(timeout);
    let ask = async {
        match connect(&host, port, bound).await {
            Ok(stream) => ask(stream, &host, offer).await,
            Err(failure) if failure.kind == FailureKind::ConnectTimeout => {
                (HelloOutcome::Timeout, None, None, failure.message)
            }
            Err(failure) => (HelloOutcome::Unreachable, None, None, failure.message),
        }
    };
    let outcome = timeout_at(bound.end, ask).await;
    let (outcome, version, alert, got) = outcome.unwrap_or_else(|_| {
        let got = format!("nothing within {timeout:?}");
        (HelloOutcome::Timeout, None, None, got)
    });
    let offered = offer.version().to_owned();
    HelloFacts { message: format!("{bare}:{port}: offered TLS {offered}, got {got}"), offered, outcome, version, alert }
}

type Answer = (HelloOutcome, Option<String>, Option<u8>, String);

async fn ask(mut stream: TcpStream, host: &Host<&str>, offer: Offer) -> Answer {
    let name = match *host {
        Host::Domain(name) => Some(name.trim_end_matches('.')),
        // SNI carries names alone (RFC 6066, 3).
        _ => None,
    };
    // A server may refuse before it has read everything, so that a failed write says less than a read.
    let written = stream.write_all(&message::client_hello(offer, name)).await;
    let mut read = Vec::new();
    let mut buffer = vec![0; 4096];
    loop {
        let how = match stream.read(&mut buffer).await {
            Ok(0) => "the connection closed".to_owned(),
            Ok(count) => {
                read.extend_from_slice(&buffer[..count]);
                match reply::read(&read) {
                    Reply::More if read.len() < MAX_REPLY => continue,
                    reply => return understood(reply, &read),
                }
            }
            Err(error) => error.to_string(),
        };
        let how = match written {
            Ok(()) => how,
            Err(error) => format!("{how} (while writing: {error})"),
        };
        return (HelloOutcome::Closed, None, None, how);
    }
}

fn understood(reply: Reply, read: &[u8]) -> Answer {
    match reply {
        Reply::ServerHello(version) => {
            let got = format!("a ServerHello of TLS {version}");
            (HelloOutcome::ServerHello, Some(version), None, got)
        }
        Reply::Alert(code) => {
            let got = format!("alert {code} ({})", alert_name(code));
            (HelloOutcome::Alert, None, Some(code), got)
        }
        Reply::More | Reply::NotTls => {
            let got = super::wire::excerpt(read);
            (HelloOutcome::NotTls, None, None, got)
        }
    }
}

/// The alerts that a hello can meet.
fn alert_name(code: u8) -> &'static str {
    match code {
        0 => "close_notify",
        10 => "unexpected_message",
        22 => "record_overflow",
        40 => "handshake_failure",
        47 => "illegal_parameter",
        50 => "decode_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        109 => "missing_extension",
        112 => "unrecognized_name",
        120 => "no_application_protocol",
        _ => "see the TLS alert registry",
    }
}
