//! What the operator wants of a run in which a receiver visits us.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::control::Control;
use crate::http::{Authority, Roots};
use crate::peer::ssf::ClientCredentials;
use crate::run::plan::Selection;
use crate::run::settings::{InteropRevision, Timeouts};
use crate::set::SigningKey;
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::case::Method;

/// A run in which a receiver visits the transmitter that we are.
#[derive(Clone)]
pub struct VisitingSettings {
    /// The suites that the profile is taken from.
    pub catalogue: Arc<Catalogue>,
    /// The name of the profile: `ssf-receiver`.
    pub profile: String,
    /// The delivery method that a receiver which is started by the hook is asked to use. What counts is what its stream says.
    pub delivery: Method,
    /// The bearer token that the receiver may come with (RFC 6750).
    pub token: SecretString,
    /// What it may get a token for at our token endpoint (RFC 6749 section 4.4).
    pub client: Option<ClientCredentials>,
    /// The `aud` of its streams and SETs.
    pub audience: String,
    /// The key that SETs are signed with.
    pub key: Arc<SigningKey>,
    /// Another key of the same algorithm, which nobody trusts.
    pub other_key: Arc<SigningKey>,
    /// Where our transmitter listens.
    pub listen: SocketAddr,
    /// Our issuer, if the receiver reaches us under another address than the one we listen on.
    pub public_url: Option<Url>,
    /// With which certificates our transmitter serves https; plain http unless given.
    pub tls: Option<VisitTls>,
    /// Whose certificates are trusted where SETs are pushed to https.
    pub roots: Roots,
    /// Whether any certificate is accepted; a note in the report says so.
    pub insecure: bool,
    /// Whether a push endpoint of plain http on a loopback address is judged like a deployed one.
    pub deployed: bool,
    /// The languages in which the receiver is said to describe errors.
    pub languages: Vec<String>,
    /// Legal oddities that our transmitter has throughout, for a receiver that takes nothing else: changes of its answers and SETs.
    pub oddities: Vec<Deviation>,
    /// How the receiver is started, stopped and asked.
    pub control: Control,
    /// How long the receiver is waited for at the beginning.
    pub wait: Duration,
    /// How long requests and waits may take.
    pub timeouts: Timeouts,
    /// How long a poll is held while there is no SET.
    pub long_poll: Duration,
    /// Whether warnings count for the verdict.
    pub strict: bool,
    /// The revision of the CAEP Interoperability Profile, where that is part of the profile.
    pub interop: InteropRevision,
    /// What of the profile is tested.
    pub selection: Selection,
    /// The command that repeats this run, without its selection and without secrets.
    pub command: String,
}

/// Certificates of our transmitter.
#[derive(Clone)]
pub struct VisitTls {
    /// The authority that was made for the run, and that the receiver has to trust.
    pub authority: Arc<Authority>,
    /// Where its certificate stands, for a receiver in another process.
    pub file: Option<PathBuf>,
    /// The names that the receiver reaches us by.
    pub names: Vec<String>,
}

impl VisitTls {
    pub(super) fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}
