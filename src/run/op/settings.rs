//! What the operator wants of a run against an OpenID provider.

use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use crate::http::Roots;
use crate::run::browser::FormStep;
use crate::run::plan::Selection;
use crate::run::settings::{LogoutRevision, Timeouts};
use crate::set::jwe::DecryptionKey;
use crate::suite::Catalogue;

/// A run against an OpenID provider.
#[derive(Clone)]
pub struct OpSettings {
    /// The suites that the profile is taken from.
    pub catalogue: Arc<Catalogue>,
    /// The name of the profile.
    pub profile: String,
    /// The issuer of the provider.
    pub issuer: String,
    /// The client identifier that our relying party is registered under; it registers itself unless given.
    pub client_id: Option<String>,
    /// Its client secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// A command that logs in and ends sessions in place of our browser: a program and its arguments.
    pub hook: Option<Vec<String>>,
    /// The forms on the way of a login that our browser fills in.
    pub login_forms: Vec<FormStep>,
    /// The forms on the way of a logout.
    pub logout_forms: Vec<FormStep>,
    /// Our key, where our relying party was registered with encrypted ID Tokens.
    pub encryption_key: Option<DecryptionKey>,
    /// The text of the specification that the provider goes by.
    pub revision: LogoutRevision,
    /// Where our relying party listens.
    pub listen: SocketAddr,
    /// Under which address others reach it; where it listens unless given.
    pub public_url: Option<Url>,
    /// Whose certificates are trusted on https.
    pub roots: Roots,
    /// Whether any certificate is accepted; a note in the report says so.
    pub insecure: bool,
    /// How long requests and waits may take.
    pub timeouts: Timeouts,
    /// Whether warnings count for the verdict.
    pub strict: bool,
    /// What of the profile is tested.
    pub selection: Selection,
    /// The command that repeats this run, without its selection and without secrets.
    pub command: String,
}
