//! What the operator wants of a run against a transmitter.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::hook::Hook;
use crate::http::Roots;
use crate::run::plan::Selection;
use crate::run::settings::{InteropRevision, Timeouts};
use crate::set::{Jwks, SigningKey};
use crate::suite::Catalogue;
use crate::suite::model::case::Method;

/// A run against a Shared Signals transmitter: the harness is the receiver.
#[derive(Clone)]
pub struct TransmitterSettings {
    /// The suites that the profile is taken from.
    pub catalogue: Arc<Catalogue>,
    /// The name of the profile.
    pub profile: String,
    /// The issuer, as the operator wrote it: what its metadata have to say (SSF section 7.2.4).
    pub issuer: String,
    /// Where its metadata are, if not where section 7.2.1 puts them.
    pub metadata_url: Option<Url>,
    /// How we show who we are; none for a transmitter that asks for nothing.
    pub credential: Option<CredentialSettings>,
    /// The credential of another receiver, for what one must not see of the other.
    pub second: Option<CredentialSettings>,
    /// Tokens of the first receiver that are good for less than everything.
    pub limited: LimitedTokens,
    /// The delivery methods that are tested, of those that the transmitter offers.
    pub delivery: Vec<Method>,
    /// Where our push endpoints listen.
    pub listen: SocketAddr,
    /// Under which address the transmitter reaches them; where they listen unless given.
    pub public_url: Option<Url>,
    /// Keys of the transmitter in place of those that its metadata name: shared secrets, for example.
    pub jwks: Option<Jwks>,
    /// The SCIM service provider whose changes the SETs tell of, where RFC 9967 is part of the profile.
    pub scim: Option<ScimSettings>,
    /// How the transmitter is asked for events.
    pub hook: Hook,
    /// Event types that the hook can cause, by URI; those that the transmitter supports unless given.
    pub events: Vec<String>,
    /// Subjects that the hook can cause events about; it takes any unless given.
    pub subjects: Vec<Value>,
    /// Whether a stream that is there already may be deleted, where the transmitter allows one only.
    pub take_over: bool,
    /// Whose certificates are trusted on https.
    pub roots: Roots,
    /// Whether any certificate is accepted; a note in the report says so.
    pub insecure: bool,
    /// Whether plain http on a loopback address is judged like a deployed endpoint.
    pub deployed: bool,
    /// How long requests and waits may take.
    pub timeouts: Timeouts,
    /// How long the transmitter is said to hold a poll (RFC 8936 section 2.2).
    pub long_poll: Option<Duration>,
    /// How many cases run side by side.
    pub jobs: usize,
    /// Whether warnings count for the verdict.
    pub strict: bool,
    /// The revision of the CAEP Interoperability Profile, where that is part of the profile.
    pub interop: InteropRevision,
    /// What of the profile is tested.
    pub selection: Selection,
    /// The command that repeats this run, without its selection and without secrets.
    pub command: String,
}

/// A SCIM service provider (RFC 7644).
#[derive(Clone)]
pub struct ScimSettings {
    /// Its base URL (section 1.3).
    pub url: Url,
    /// How we show who we are; the credential for the transmitter unless given.
    pub credential: Option<CredentialSettings>,
    /// Whether its SETs are pushed to our listener because the operator has set it up so: there are no streams then, and the
    /// issuer of the settings is the base URL.
    pub pushes: bool,
}

/// How a receiver shows who it is (SSF section 7.1.1).
#[derive(Clone)]
pub enum CredentialSettings {
    /// A bearer token (RFC 6750), without the word `Bearer`.
    Token(SecretString),
    /// OAuth client credentials (RFC 6749 section 4.4).
    Client(ClientSettings),
}

/// Tokens that the operator has got for the harness, without the word `Bearer`. An OAuth client may get itself such as are not given.
#[derive(Clone, Default)]
pub struct LimitedTokens {
    /// May read, and nothing else: its scope is `ssf.read`.
    pub read_only: Option<SecretString>,
    /// Has the scope `ssf.manage` alone.
    pub manage_only: Option<SecretString>,
    /// Has expired, or was revoked.
    pub expired: Option<SecretString>,
}

/// An OAuth client.
#[derive(Clone)]
pub struct ClientSettings {
    /// The `client_id`.
    pub id: String,
    /// How it authenticates to the token endpoint.
    pub authentication: ClientAuthentication,
    /// Where it gets tokens; by the metadata of the issuer (RFC 8414) unless given.
    pub token_endpoint: Option<Url>,
    /// The `scope` asked for.
    pub scope: Option<String>,
}

/// How an OAuth client authenticates.
#[derive(Clone)]
pub enum ClientAuthentication {
    /// `client_secret_basic` (RFC 6749 section 2.3.1).
    Basic(SecretString),
    /// `client_secret_post` (RFC 6749 section 2.3.1).
    Post(SecretString),
    /// `private_key_jwt` (RFC 7523 section 2.2).
    PrivateKey(Arc<SigningKey>),
}
