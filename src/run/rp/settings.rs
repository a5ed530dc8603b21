//! What the operator wants of a run against a relying party.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::http::Roots;
use crate::run::browser::FormStep;
use crate::run::plan::Selection;
use crate::run::settings::{LogoutRevision, Timeouts, is_loopback};
use crate::set::SigningKey;
use crate::set::jwe::{Agreed, EncryptionKey};
use crate::suite::Catalogue;

/// The relying party as the OpenID provider that it is itself.
#[derive(Clone)]
pub struct DownstreamSettings {
    /// Its issuer.
    pub issuer: String,
    /// The client identifier that our relying party is registered under there; it registers itself unless given.
    pub client_id: Option<String>,
    /// Its client secret there.
    pub client_secret: Option<SecretString>,
    /// Where our relying party listens.
    pub listen: SocketAddr,
    /// Under which address others reach it; where it listens unless given.
    pub public_url: Option<Url>,
}

/// A run against a relying party.
#[derive(Clone)]
pub struct RpSettings {
    /// The suites that the profile is taken from.
    pub catalogue: Arc<Catalogue>,
    /// The name of the profile.
    pub profile: String,
    /// Where a login begins: the page sends browsers to our provider.
    pub login: Url,
    /// The logout URI, as it is registered (Back-Channel Logout section 2.2).
    pub logout: String,
    /// A page that only those who are logged in see; where a login ends unless given.
    pub protected: Option<Url>,
    /// A text that the page has for those alone who are logged in, where it opens for others too.
    pub logged_in_text: Option<String>,
    /// The forms on the way of a login that our browser fills in.
    pub login_forms: Vec<FormStep>,
    /// Whether the relying party was configured to need a session identifier in every logout token.
    pub session_required: bool,
    /// The key that ID Tokens for the relying party are encrypted by, if they are, and how.
    pub encryption: Option<(EncryptionKey, Agreed)>,
    /// The relying party as a provider, if it is one.
    pub downstream: Option<DownstreamSettings>,
    /// The text of the specification that the relying party goes by.
    pub revision: LogoutRevision,
    /// The client identifier that the relying party was given.
    pub client_id: String,
    /// Its client secret; any is taken unless given.
    pub client_secret: Option<SecretString>,
    /// Where our provider sends browsers back to; wherever it is asked to unless given.
    pub redirect_uris: Vec<String>,
    /// Users that the relying party knows; new ones for each case unless given.
    pub subjects: Vec<String>,
    /// How long the relying party may take until a first login succeeds.
    pub wait: Duration,
    /// The key that our provider signs with.
    pub key: Arc<SigningKey>,
    /// Another key of the same algorithm, which nobody trusts.
    pub other_key: Arc<SigningKey>,
    /// Where our provider listens.
    pub listen: SocketAddr,
    /// Under which address others reach it; where it listens unless given.
    pub public_url: Option<Url>,
    /// Whose certificates are trusted on https.
    pub roots: Roots,
    /// Whether any certificate is accepted; a note in the report says so.
    pub insecure: bool,
    /// Whether plain http on a loopback address is judged like a deployed endpoint.
    pub deployed: bool,
    /// How long requests and waits may take.
    pub timeouts: Timeouts,
    /// How many cases run side by side.
    pub jobs: usize,
    /// Whether warnings count for the verdict.
    pub strict: bool,
    /// What of the profile is tested.
    pub selection: Selection,
    /// The command that repeats this run, without its selection and without secrets.
    pub command: String,
}

impl RpSettings {
    /// The logout endpoint as a URL.
    ///
    /// # Errors
    /// In words, if it is none.
    pub fn endpoint(&self) -> Result<Url, String> {
        Url::parse(&self.logout).map_err(|error| format!("the logout URI {:?} is no URL: {error}", self.logout))
    }

    /// Whether the logout endpoint is plain http on a loopback address.
    pub fn is_development(&self) -> bool {
        !self.deployed && self.endpoint().is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
    }

    /// The features that cases may need.
    pub fn features(&self) -> BTreeSet<&'static str> {
        let mut features = BTreeSet::new();
        if !self.is_development() {
            features.insert("deployed");
        }
        if self.key.public_jwk().is_some() {
            features.insert("asymmetric");
        }
        features.insert(self.revision.feature());
        features
    }

    /// Why a feature is absent, in words.
    pub fn absence(&self, feature: &str) -> String {
        match feature {
            "deployed" => "plain http on a loopback address: a development set-up".to_owned(),
            "registers" => "the relying party did not register itself at our provider".to_owned(),
            "encrypted" => "no encryption of ID Tokens was registered or given (--encryption)".to_owned(),
            "downstream" => "the relying party is not said to be a provider itself (--downstream)".to_owned(),
            "sub-alone" => "the relying party needs a session identifier in every logout token".to_owned(),
            "asymmetric" => "our provider signs with a shared secret".to_owned(),
            other => format!("the feature `{other}` was not declared"),
        }
    }

    /// How many cases may run side by side: those of one user would end each other's sessions.
    pub fn side_by_side(&self) -> usize {
        if self.subjects.is_empty() { self.jobs.max(1) } else { 1 }
    }
}
