//! How the service provider is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::http::Recorder;
use crate::peer::ssf::SsfTransmitter;
use crate::peer::tamper::Switch;

/// How the service provider is set up.
pub struct ScimOptions {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Under which address clients reach it, without the path of its base; where it listens unless given.
    pub public_url: Option<Url>,
    /// The bearer tokens (RFC 6750) of its clients; it asks for none if there are none.
    pub tokens: Vec<SecretString>,
    /// What its events go by.
    pub transmitter: Arc<SsfTransmitter>,
    /// When it answers asynchronously.
    pub async_request: AsyncRequest,
    /// Whether its events carry data or the names of attributes.
    pub detail: Detail,
    /// How long a request takes whose client would rather have an asynchronous answer.
    pub takes: Duration,
    /// Whether an asynchronous answer says where the SET can be got, rather than the resource.
    pub offers_results: bool,
    /// Whether the locations of asynchronous answers are relative to the base of the service provider.
    pub relative_locations: bool,
    /// Whether it takes bulk requests (RFC 7644 section 3.7).
    pub bulk: bool,
    /// Whether it says anything of events in its configuration.
    pub announces_events: bool,
    /// How it deviates.
    pub tamper: Switch,
    /// Where the requests of clients are recorded.
    pub requests: Recorder,
}

impl ScimOptions {
    /// A provider on a free loopback port that answers asynchronously when it is asked to.
    pub fn new(transmitter: Arc<SsfTransmitter>, tokens: Vec<SecretString>) -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            tokens,
            transmitter,
            async_request: AsyncRequest::Request,
            detail: Detail::Full,
            takes: Duration::ZERO,
            offers_results: false,
            relative_locations: false,
            bulk: true,
            announces_events: true,
            tamper: Switch::default(),
            requests: Recorder::new(64),
        }
    }
}

/// When requests are answered asynchronously (RFC 9967 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsyncRequest {
    /// Never.
    None,
    /// When they take long, and the client asks for it.
    Long,
    /// When the client asks for it.
    Request,
}

impl AsyncRequest {
    /// The value of the attribute `asyncRequest`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Long => "long",
            Self::Request => "request",
        }
    }
}

/// What events say of a change (RFC 9967 section 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The names of the attributes.
    Notice,
    /// The data.
    Full,
}

impl Detail {
    /// How the URIs of such events end.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Full => "full",
        }
    }
}
