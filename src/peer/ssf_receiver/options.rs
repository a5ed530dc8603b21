//! How the receiver is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::notice::{Observer, Witness};
use super::{Behaviour, toggles};
use crate::http::{Client, Recorder, ServerTls};
use crate::peer::tamper::{Switch, Tamper};
use crate::suite::model::case::Method;

/// How the receiver is set up.
#[derive(Clone)]
pub struct SsfReceiverOptions {
    /// The issuer whose metadata it reads, and whose SETs it takes.
    pub issuer: String,
    /// Where the metadata are, if not where SSF section 7.2.1 puts them.
    pub metadata_url: Option<Url>,
    /// A bearer token (RFC 6750).
    pub token: Option<SecretString>,
    /// What it gets a token for (RFC 6749 section 4.4); used where there is no token, or [`prefers_client`](Self::prefers_client).
    pub oauth: Option<OAuthClient>,
    /// Whether it gets itself a token though it was given one.
    pub prefers_client: bool,
    /// How SETs are to be delivered.
    pub delivery: Method,
    /// The event types that it asks for; all that it knows, of those that the transmitter says it supports, unless given.
    pub events: Vec<String>,
    /// What it goes by in `aud`; whatever the stream says unless given.
    pub audience: Option<String>,
    /// The description of its stream (SSF section 8.1.1).
    pub description: Option<String>,
    /// Whether it takes over a stream that is there already.
    pub adopts: bool,
    /// Whether its stream outlives it.
    pub keeps_stream: bool,
    /// Whether it deletes a stream whose configuration it turns down.
    pub deletes_turned_down: bool,
    /// Whether it asks for another stream where it turns one down.
    pub creates_again: bool,
    /// Whether it asks for a verification by itself (SSF section 8.1.4).
    pub verifies: bool,
    /// Whether it makes no request but those without which there would be no SETs.
    pub quiet: bool,
    /// Its push endpoint, which is there where SETs are delivered by push.
    pub push: PushOptions,
    /// How it polls.
    pub poll: PollOptions,
    /// How it tries again.
    pub retry: RetryOptions,
    /// What it sends its requests with. Polls may wait longer than its other requests.
    pub client: Client,
    /// What it does otherwise than it should, beside what the tampering says.
    pub behaviour: Behaviour,
    /// How its requests and its push endpoint deviate.
    pub tamper: Switch,
    /// Who is told of everything that happens.
    pub observer: Observer,
    /// Who sees its requests, if anybody does.
    pub witness: Option<Witness>,
}

/// What is presented to a token endpoint.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: SecretString,
    /// Where tokens are had; by the metadata of the authorization server (RFC 8414) unless given.
    pub token_endpoint: Option<Url>,
    /// The scope that is asked for.
    pub scope: Option<String>,
}

/// A push endpoint.
#[derive(Clone)]
pub struct PushOptions {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Under which address the transmitter reaches it; where it listens unless given.
    pub public_url: Option<Url>,
    /// Its certificate and key; plain http unless given.
    pub tls: Option<ServerTls>,
    /// The whole value of the Authorization header that pushes have to come with.
    pub authorization: Option<SecretString>,
    /// The languages of its descriptions, the first one being the default.
    pub languages: Vec<String>,
    /// Where pushes are recorded.
    pub recorder: Recorder,
}

/// How it polls.
#[derive(Debug, Clone)]
pub struct PollOptions {
    /// `maxEvents` (RFC 8936 section 2.2).
    pub max_events: Option<u64>,
    /// Whether it never waits for SETs: `returnImmediately`.
    pub immediately: bool,
    /// The pause after an answer that came at once and brought nothing new.
    pub pause: Duration,
    /// How long a poll may take.
    pub longest: Duration,
    /// Whether what is to be said of SETs goes in requests of its own.
    pub acknowledges_apart: bool,
    /// Whether errors go in a request of their own.
    pub errors_apart: bool,
}

/// How it tries again what can pass: no answer, 202, 429, 5xx.
#[derive(Debug, Clone, Copy)]
pub struct RetryOptions {
    /// The first pause; each later one is twice as long.
    pub first: Duration,
    /// The longest pause that it chooses itself.
    pub longest: Duration,
    /// The longest pause that it makes because it is asked to (`Retry-After`); a request that has to wait longer is not repeated.
    pub patience: Duration,
    /// How often a request of the management API is made at the most. Polls go on for ever.
    pub attempts: u32,
}

impl SsfReceiverOptions {
    /// A receiver that polls and does not deviate.
    pub fn new(issuer: impl Into<String>, client: Client) -> Self {
        Self {
            issuer: issuer.into(),
            metadata_url: None,
            token: None,
            oauth: None,
            prefers_client: false,
            delivery: Method::Poll,
            events: Vec::new(),
            audience: None,
            description: Some("setspec".to_owned()),
            adopts: false,
            keeps_stream: false,
            deletes_turned_down: false,
            creates_again: false,
            verifies: true,
            quiet: false,
            push: PushOptions {
                addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                public_url: None,
                tls: None,
                authorization: None,
                languages: vec!["en".to_owned()],
                recorder: Recorder::new(64),
            },
            poll: PollOptions {
                max_events: Some(100),
                immediately: false,
                pause: Duration::from_millis(100),
                longest: Duration::from_secs(120),
                acknowledges_apart: false,
                errors_apart: false,
            },
            retry: RetryOptions {
                first: Duration::from_millis(100),
                longest: Duration::from_secs(5),
                patience: Duration::from_secs(30),
                attempts: 8,
            },
            client,
            behaviour: Behaviour::default(),
            tamper: Switch::default(),
            observer: Arc::new(|_| {}),
            witness: None,
        }
    }

    /// Deviates as `tamper` says, with its behaviours and toggles. Called last: toggles change what the options say.
    ///
    /// # Errors
    /// In words, if a deviation cannot be acted out by this receiver.
    pub fn deviate(&mut self, tamper: Tamper) -> Result<(), String> {
        acted_out(&tamper)?;
        for name in tamper.toggles() {
            if !toggles::apply(self, name) {
                return Err(format!("there is no toggle `{name}` of a receiver"));
            }
        }
        self.tamper = tamper.into();
        Ok(())
    }

    /// What it does otherwise at this moment.
    pub(super) fn behaviour(&self) -> Behaviour {
        let mut behaviour = self.behaviour;
        for name in self.tamper.now().behaviours() {
            // Whoever switched it has seen to it that there is one of this name.
            let _ = behaviour.set(name);
        }
        behaviour
    }
}

/// Whether a receiver can behave like this.
///
/// # Errors
/// In words, if there is no such behaviour.
pub(crate) fn acted_out(tamper: &Tamper) -> Result<(), String> {
    let unknown = |name: &&str| !Behaviour::default().set(name);
    match tamper.behaviours().find(unknown) {
        Some(name) => Err(format!("there is no behaviour `{name}` of a receiver")),
        None => Ok(()),
    }
}
