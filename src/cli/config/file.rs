//! The file: how it is found, and its keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;
use url::Url;

use super::forms::{OpForms, RpForms};
use super::{SecretReference, TriggerConfig, VisitorConfig};
use crate::cli::console::Failure;
use crate::cli::keys::read;
use crate::run::settings::{InteropRevision, LogoutRevision};
use crate::set::Alg;
use crate::suite::model::profile::Role;

/// The file that is found by itself.
const FILE: &str = "setspec.toml";

/// The keys of the file are the long names of the options.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::cli) struct Config {
    /// What the target is; a file for one role is not used for another.
    pub role: Option<Role>,

    // For both roles.
    pub profile: Option<String>,
    pub interop: Option<InteropRevision>,
    #[serde(default)]
    pub only: Vec<String>,
    #[serde(default)]
    pub skip: Vec<String>,
    /// The issuer that we are (receiver), or the one that is judged (transmitter).
    pub issuer: Option<String>,
    pub alg: Option<Alg>,
    pub listen: Option<SocketAddr>,
    pub public_url: Option<Url>,
    pub ca: Option<PathBuf>,
    pub insecure: Option<bool>,
    pub deployed: Option<bool>,
    pub jobs: Option<usize>,
    pub timeout: Option<f64>,
    pub strict: Option<bool>,
    pub reports: Option<PathBuf>,
    pub junit: Option<PathBuf>,

    // For a receiver.
    pub url: Option<Url>,
    pub audience: Option<String>,
    pub authorization_header: Option<SecretReference>,
    #[serde(default)]
    pub languages: Vec<String>,
    pub set: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub kid: Option<String>,

    // For an OpenID provider.
    pub hook: Option<Vec<String>>,
    pub op: Option<OpForms>,

    // For both parties of a logout.
    pub revision: Option<LogoutRevision>,

    // For a relying party.
    pub login: Option<Url>,
    pub logout: Option<String>,
    pub protected: Option<Url>,
    pub rp: Option<RpForms>,
    pub logged_in_text: Option<String>,
    pub session_required: Option<bool>,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub subjects: Vec<String>,

    // For a receiver that visits us.
    pub visiting: Option<bool>,
    pub wait: Option<f64>,
    pub tls_ca: Option<PathBuf>,
    #[serde(default)]
    pub variations: Vec<String>,
    pub receiver: Option<VisitorConfig>,

    // For a receiver that visits us, and for a transmitter.
    pub delivery: Option<Delivery>,
    pub token: Option<SecretReference>,
    pub client_id: Option<String>,
    pub client_secret: Option<SecretReference>,
    pub patience: Option<f64>,
    pub delivery_timeout: Option<f64>,
    pub long_poll: Option<f64>,

    // For a transmitter.
    pub metadata_url: Option<Url>,
    pub jwks: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub client_auth: Option<ClientAuth>,
    pub token_endpoint: Option<Url>,
    pub scope: Option<String>,
    pub second_token: Option<SecretReference>,
    pub second_client_id: Option<String>,
    pub second_client_secret: Option<SecretReference>,
    pub take_over: Option<bool>,
    pub trigger: Option<TriggerConfig>,
}

/// By which methods SETs are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Delivery {
    /// By push alone (RFC 8935).
    Push,
    /// By poll alone (RFC 8936).
    Poll,
    /// By each of the two that the transmitter offers.
    Each,
}

/// How an OAuth client shows the token endpoint who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum ClientAuth {
    /// The secret in the Authorization header.
    Basic,
    /// The secret in the form.
    Post,
    /// An assertion that is signed with a key.
    PrivateKeyJwt,
}

impl Config {
    /// The file that was named, or the one that is there, or nothing.
    pub fn find(named: Option<&Path>, role: Role) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => path,
            None if Path::new(FILE).is_file() => Path::new(FILE),
            None => return Ok(Self::default()),
        };
        let text = read(path, "--config")?;
        let config: Self = toml::from_str(&text).map_err(|error| {
            let before = error.span().map(|span| &text[..span.start.min(text.len())]);
            let at = before.map_or(String::new(), |before| {
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
                format!(":{line}:{column}")
            });
            // Without the excerpt: the line may hold a secret, also where its key is misspelt.
            Failure::usage(format!("{}{at}: {}", path.display(), error.message().trim_end()))
        })?;
        config.is_for(role).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
        Ok(config)
    }
}
