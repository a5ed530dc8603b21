//! How the transmitter is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::events;
use super::{Behaviour, Faithful, Hooks};
use crate::http::{Client, Recorder, ServerTls};
use crate::set::{Jwks, SigningKey};
use crate::suite::Catalogue;
use crate::suite::model::deviation::TlsDeviation;

/// How the transmitter is set up.
pub struct SsfOptions {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its issuer, and the start of every URL that it gives out; where it listens unless given.
    pub public_url: Option<Url>,
    /// A path that is added to the issuer, such as `/tenant`; empty for none.
    pub issuer_path: String,
    /// The certificate for https; plain http unless given. The control interface is never encrypted.
    pub tls: Option<ServerTls>,
    /// How its poll endpoints deviate on the TLS layer; they have a port of their own then. The hooks say which ones do.
    pub poll_tls: Option<TlsDeviation>,
    /// Where the control interface listens, if there is to be one: a loopback address.
    pub control: Option<SocketAddr>,
    /// Who may use it.
    pub receivers: Vec<ReceiverAccount>,
    /// The key that it signs with until it is rotated.
    pub key: Arc<SigningKey>,
    /// For forgeries.
    pub other_key: Option<Arc<SigningKey>>,
    /// The fixtures that events on demand can be made from.
    pub catalogue: Option<Arc<Catalogue>>,
    /// What it pushes with.
    pub client: Client,
    /// What it offers.
    pub features: Features,
    /// How long things take.
    pub timing: Timing,
    /// What receivers may use up.
    pub limits: SsfLimits,
    /// What takes hold of everything before it leaves.
    pub hooks: Arc<dyn Hooks>,
    /// What it does otherwise than it should, whatever the hooks add to that.
    pub behaviour: Behaviour,
    /// Where the requests of receivers are recorded.
    pub requests: Recorder,
    /// Whether connections that receivers end before any request are recorded as well, as [`ServerOptions`] says.
    ///
    /// [`ServerOptions`]: crate::http::ServerOptions#structfield.records_silence
    pub records_silence: bool,
    /// Where its pushes are recorded.
    pub pushes: Recorder,
}

impl SsfOptions {
    /// A transmitter on a free loopback port with every feature and no deviation.
    pub fn new(receivers: Vec<ReceiverAccount>, key: Arc<SigningKey>, client: Client) -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            issuer_path: String::new(),
            tls: None,
            poll_tls: None,
            control: None,
            receivers,
            key,
            other_key: None,
            catalogue: None,
            client,
            features: Features::default(),
            timing: Timing::default(),
            limits: SsfLimits::default(),
            hooks: Arc::new(Faithful),
            behaviour: Behaviour::default(),
            requests: Recorder::new(64),
            records_silence: false,
            pushes: Recorder::new(64),
        }
    }

    /// What the transmitter does otherwise at this moment.
    pub(super) fn behaviour(&self) -> Behaviour {
        self.hooks.behaviour(self.behaviour)
    }

    /// What holds for subjects that a receiver has not mentioned.
    pub(super) fn default_subjects(&self) -> DefaultSubjects {
        // Nobody could ever add one where there is no endpoint.
        if self.features.subjects { self.features.default_subjects.unwrap_or_default() } else { DefaultSubjects::All }
    }
}

/// A receiver that is known to the transmitter.
#[derive(Debug, Clone, Default)]
pub struct ReceiverAccount {
    /// The name for watchers and the control interface.
    pub name: String,
    /// Fixed bearer tokens (RFC 6750).
    pub tokens: Vec<SecretString>,
    /// Credentials for the token endpoint (RFC 6749 section 4.4).
    pub client: Option<ClientCredentials>,
    /// The `aud` of its streams and SETs.
    pub audience: Vec<String>,
    /// Whether it may read, and nothing else: 403 otherwise.
    pub read_only: bool,
    /// Fixed bearer tokens that let their bearer read, and nothing else, as the scope `ssf.read` does.
    pub reading: Vec<SecretString>,
    /// Fixed bearer tokens that were good once.
    pub expired: Vec<SecretString>,
}

/// What a receiver presents to the token endpoint.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: SecretString,
    /// The public keys of a client that signs assertions instead: `private_key_jwt` (RFC 7523 section 2.2).
    pub keys: Option<Jwks>,
}

/// What the transmitter offers. What is switched off leaves its members out of the metadata, and answers 404.
#[derive(Debug, Clone)]
pub struct Features {
    /// Delivery by push (RFC 8935, SSF section 6.1.1).
    pub push: bool,
    /// Delivery by poll (RFC 8936, SSF section 6.1.2).
    pub poll: bool,
    /// The status endpoint (SSF section 8.1.2).
    pub status: bool,
    /// The endpoints that add and remove subjects (SSF section 8.1.3).
    pub subjects: bool,
    /// The verification endpoint (SSF section 8.1.4).
    pub verification: bool,
    /// The token endpoint (RFC 6749 section 4.4), its metadata (RFC 8414), and the end of a token before its time (RFC 7009).
    pub token_endpoint: bool,
    /// The metadata of a protected resource (RFC 9728).
    pub resource_metadata: bool,
    /// Whether a receiver may have more than one stream; 409 otherwise (SSF section 8.1.1.1).
    pub several_streams: bool,
    /// What holds for subjects that nobody mentioned; `ALL`, and not announced, unless given (SSF section 7.1).
    pub default_subjects: Option<DefaultSubjects>,
    /// SSF section 3.6.
    pub critical_subject_members: Vec<String>,
    /// The event types that it can send.
    pub events_supported: Vec<String>,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            push: true,
            poll: true,
            status: true,
            subjects: true,
            verification: true,
            token_endpoint: true,
            resource_metadata: true,
            several_streams: true,
            default_subjects: Some(DefaultSubjects::All),
            critical_subject_members: Vec::new(),
            events_supported: events::known().map(str::to_owned).collect(),
        }
    }
}

/// SSF section 7.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DefaultSubjects {
    /// They are covered: a stream is about every subject until one is removed.
    #[default]
    All,
    /// They are not: a stream is about no subject until one is added.
    None,
}

impl DefaultSubjects {
    /// The value of the member `default_subjects`: `ALL`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::None => "NONE",
        }
    }
}

/// What becomes of a stream whose receiver shows no sign of life (SSF section 8.1.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InactivityAction {
    /// Its SETs are held.
    #[default]
    Pause,
    /// Its SETs are dropped.
    Disable,
    /// It is gone, without notice to the receiver.
    Delete,
}

/// Times and intervals.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a poll waits for a SET (RFC 8936 section 2.5).
    pub long_poll: Duration,
    /// How long a SET that was returned by a poll is left out of later ones while it is not acknowledged.
    pub redeliver_after: Duration,
    /// The delay before the first retry of a push; each later one waits twice as long, a minute at the most.
    pub retry_delay: Duration,
    /// How often a SET is pushed at the most.
    pub attempts: u32,
    /// SSF section 8.1.1; in seconds, not announced unless given.
    pub min_verification_interval: Option<u64>,
    /// SSF section 8.1.1; announced in whole seconds.
    pub inactivity_timeout: Option<Duration>,
    /// What becomes of the stream then.
    pub inactivity_action: InactivityAction,
    /// How long a token of the token endpoint lasts.
    pub token_lifetime: Duration,
    /// How long an old key stays in the key set after a rotation.
    pub key_overlap: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            long_poll: Duration::from_secs(30),
            redeliver_after: Duration::ZERO,
            retry_delay: Duration::from_millis(500),
            attempts: 6,
            min_verification_interval: None,
            inactivity_timeout: None,
            inactivity_action: InactivityAction::default(),
            token_lifetime: Duration::from_secs(3600),
            key_overlap: Duration::from_secs(600),
        }
    }
}

/// What receivers may use up.
#[derive(Debug, Clone, Copy)]
pub struct SsfLimits {
    /// Streams of one receiver; 403 for more.
    pub streams_per_receiver: usize,
    /// Subjects added to or removed from one stream; 403 for more.
    pub subjects_per_stream: usize,
    /// SETs that wait in one stream.
    pub queue: usize,
    /// SETs in one poll answer, whatever `maxEvents` allows.
    pub poll_batch: usize,
    /// Bytes of a request body.
    pub body: usize,
    /// Connections at the same time; others wait to be accepted.
    pub connections: usize,
    /// Tokens of one receiver that are valid at the same time.
    pub tokens: usize,
    /// Client assertions of one receiver that are remembered, so that each counts once.
    pub assertions: usize,
}

impl Default for SsfLimits {
    fn default() -> Self {
        Self {
            streams_per_receiver: 2_000,
            subjects_per_stream: 10_000,
            queue: 100_000,
            poll_batch: 1_000,
            body: 4 * 1024 * 1024,
            connections: 4_096,
            tokens: 100,
            assertions: 1_000,
        }
    }
}
