//! What the operator wants of a run.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::plan::Selection;
use crate::http::Roots;
use crate::set::SigningKey;
use crate::suite::Catalogue;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From the beginning of a request to the last byte of its answer.
    pub response: Duration,
    /// What still counts as an immediate acknowledgement.
    pub prompt: Duration,
    /// How long a delivery is waited for.
    pub delivery: Duration,
    /// How long nothing has to come before it counts as nothing.
    pub quiet: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            response: Duration::from_secs(10),
            prompt: Duration::from_secs(5),
            delivery: Duration::from_secs(30),
            quiet: Duration::from_secs(2),
        }
    }
}

impl Timeouts {
    /// The variable `timeouts`, in seconds.
    pub fn value(&self) -> serde_json::Value {
        serde_json::json!({
            "response": self.response.as_secs_f64(),
            "prompt": self.prompt.as_secs_f64(),
            "delivery": self.delivery.as_secs_f64(),
            "quiet": self.quiet.as_secs_f64(),
        })
    }
}

/// The revision of the CAEP Interoperability Profile that profiles with it go by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InteropRevision {
    /// Draft 02 as published: two use cases, and a status endpoint.
    #[serde(rename = "draft-02")]
    Draft02,
    /// Draft 02 and the use case of device compliance, which certification goes by.
    #[default]
    Certified,
    /// The drafts since, which ask for no status endpoint.
    Later,
}

impl InteropRevision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 3] = [Self::Draft02, Self::Certified, Self::Later];

    /// The revision as the command line names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft02 => "draft-02",
            Self::Certified => "certified",
            Self::Later => "later",
        }
    }

    /// What differs between revisions, as features of the target.
    pub(crate) const fn features(self) -> &'static [&'static str] {
        match self {
            Self::Draft02 => &["iop-status-endpoint"],
            Self::Certified => &["iop-status-endpoint", "iop-device-compliance"],
            Self::Later => &["iop-device-compliance"],
        }
    }
}

/// The text of OpenID Connect Back-Channel Logout 1.0 that a target goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogoutRevision {
    /// The final text of September 2022, in which logout tokens have no `exp`.
    #[serde(rename = "final-2022")]
    Final2022,
    /// Errata set 1 of December 2023.
    #[default]
    #[serde(rename = "errata-1")]
    Errata1,
}

impl LogoutRevision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 2] = [Self::Final2022, Self::Errata1];

    /// The revision as the command line names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Final2022 => "final-2022",
            Self::Errata1 => "errata-1",
        }
    }

    /// The revision as a feature of the target.
    pub(crate) const fn feature(self) -> &'static str {
        match self {
            Self::Final2022 => "logout-final-2022",
            Self::Errata1 => "logout-errata-1",
        }
    }
}

/// A run against a push receiver.
#[derive(Clone)]
pub struct ReceiverSettings {
    /// The suites that the profile is taken from.
    pub catalogue: Arc<Catalogue>,
    /// The name of the profile.
    pub profile: String,
    /// Where SETs are pushed to.
    pub url: Url,
    /// The issuer that the receiver trusts; the address of our identity server unless given.
    pub issuer: Option<String>,
    /// The audience that the receiver goes by.
    pub audience: String,
    /// The whole value of the Authorization header that the receiver expects.
    pub authorization: Option<SecretString>,
    /// The languages in which the receiver is said to describe errors.
    pub languages: Vec<String>,
    /// The key that we sign with, and whose public half our issuer identity serves.
    pub key: Arc<SigningKey>,
    /// Another key of the same algorithm, which nobody trusts.
    pub other_key: Arc<SigningKey>,
    /// Where our issuer identity listens.
    pub listen: SocketAddr,
    /// Under which address the receiver reaches it; where it listens unless given.
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

impl ReceiverSettings {
    /// The features that cases may need.
    pub fn features(&self) -> BTreeSet<&'static str> {
        let mut features = BTreeSet::from(["by-push"]);
        if self.url.scheme() == "https" {
            features.insert("tls");
        }
        if self.deployed || self.url.scheme() == "https" || !is_loopback(&self.url) {
            features.insert("deployed");
        }
        if self.authorization.is_some() {
            features.insert("authorization");
        } else {
            features.insert("anonymous");
        }
        if self.languages.len() > 1 {
            features.insert("languages");
        }
        if self.key.public_jwk().is_some() {
            features.insert("asymmetric");
        }
        if self.key.alg().to_string().starts_with("ES") {
            features.insert("ecdsa");
        }
        features
    }

    /// Why a feature is absent, in words.
    pub fn absence(&self, feature: &str) -> String {
        match feature {
            "tls" | "deployed" if is_loopback(&self.url) => {
                "plain http on a loopback address: a development set-up".to_owned()
            }
            "tls" => "the target is not reached over https".to_owned(),
            "authorization" => "no Authorization header was declared (--authorization-header)".to_owned(),
            "anonymous" => "callers present a credential (--authorization-header)".to_owned(),
            "languages" => "no second language was declared (--language)".to_owned(),
            "asymmetric" => "the harness signs with a shared secret".to_owned(),
            "oauth-client" => {
                "SETs are pushed in this run; a receiver that visits gets its token from us (--visiting)".to_owned()
            }
            "by-poll" => "SETs are pushed in this run; --visiting shows the other method".to_owned(),
            "ecdsa" => "the harness does not sign with ECDSA (--alg ES256)".to_owned(),
            other => format!("the feature `{other}` was not declared"),
        }
    }
}

/// Whether a URL names a loopback address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
