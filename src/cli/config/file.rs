//! The file: how it is found, and its keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::fault::{Fault, Place};
use super::forms::{OpForms, RpForms};
use super::reading::{self, Entry, Reading};
use super::roles::{self, described};
use super::{SecretReference, TriggerConfig, VisitorConfig};
use crate::cli::console::Failure;
use crate::cli::keys::read;
use crate::report::record::ConfigPlace;
use crate::run::settings::{InteropRevision, LogoutRevision};
use crate::set::Alg;
use crate::suite::model::profile::Role;

/// The file that is found by itself.
pub(in crate::cli) const FILE: &str = "setspec.toml";

/// The keys of the file are the long names of the options.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::cli) struct Config {
    /// What the target is; a file for one role is not used for another.
    pub role: Option<Role>,

    // For every role.
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
    pub sarif: Option<PathBuf>,
    pub markdown: Option<PathBuf>,
    /// Known violations; the path is relative to this file.
    pub baseline: Option<PathBuf>,
    pub verbose: Option<bool>,
    pub quiet: Option<bool>,
    pub suites: Option<PathBuf>,
    #[serde(default)]
    pub extra_suites: Vec<PathBuf>,

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
    pub encryption_key: Option<PathBuf>,

    // For a relying party.
    pub login: Option<Url>,
    pub logout: Option<String>,
    pub protected: Option<Url>,
    pub rp: Option<RpForms>,
    pub logged_in_text: Option<String>,
    pub downstream: Option<String>,
    pub downstream_client_id: Option<String>,
    pub downstream_client_secret: Option<SecretReference>,
    pub downstream_listen: Option<SocketAddr>,
    pub downstream_public_url: Option<Url>,
    pub session_required: Option<bool>,
    pub encryption: Option<String>,
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
    pub read_only_token: Option<SecretReference>,
    pub manage_only_token: Option<SecretReference>,
    pub expired_token: Option<SecretReference>,
    pub take_over: Option<bool>,
    pub trigger: Option<TriggerConfig>,
    pub scim: Option<Url>,
    pub scim_token: Option<SecretReference>,

    /// Where it was read from.
    #[serde(skip)]
    pub file: Option<File>,
}

/// The file, and where its values stand.
#[derive(Debug)]
pub(in crate::cli) struct File {
    pub path: PathBuf,
    pub entries: Vec<Entry>,
}

/// By which methods SETs are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize, JsonSchema)]
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
        let (config, faults) = Self::read(named, role)?;
        config.sound(faults)
    }

    /// The same with its faults. What is faulty is left out.
    pub fn read(named: Option<&Path>, role: Role) -> Result<(Self, Vec<Fault>), Failure> {
        let Some(path) = chosen(named) else { return Ok((Self::default(), Vec::new())) };
        let text = read(path, "--config")?;
        let Reading { mut config, entries, mut faults } = reading::read(&text);
        match config.role.filter(|known| *known != role) {
            Some(other) => {
                let at = entries
                    .iter()
                    .find(|entry| entry.key == "role")
                    .map_or(Place { line: 1, column: 1 }, |entry| entry.at);
                faults.push(Fault { at, message: format!("the configuration file is for {}", described(other)) });
            }
            None => faults.extend(roles::foreign(&entries, role)),
        }
        config.file = Some(File { path: path.to_owned(), entries });
        Ok((config, faults))
    }

    /// The role that the file is for, if it says so and can be read.
    pub fn role_of(named: Option<&Path>) -> Option<Role> {
        let text = std::fs::read_to_string(chosen(named)?).ok()?;
        reading::read(&text).config.role
    }

    /// Keys for receivers that visit us, or for those that are pushed to, in a file for the others.
    pub fn of_the_other_kind(&self, visits: bool) -> Vec<Fault> {
        self.file.as_ref().map(|file| roles::of_the_other_kind(&file.entries, visits)).unwrap_or_default()
    }

    /// The file, unless there is something wrong with it.
    pub fn sound(self, faults: Vec<Fault>) -> Result<Self, Failure> {
        match self.failure(&faults) {
            Some(failure) => Err(failure),
            None => Ok(self),
        }
    }

    /// Faults as the reason why nothing is run.
    pub fn failure(&self, faults: &[Fault]) -> Option<Failure> {
        let path = self.file.as_ref().map(|file| file.path.display().to_string()).unwrap_or_default();
        let lines: Vec<String> = faults.iter().map(|fault| format!("{path}:{}: {}", fault.at, fault.message)).collect();
        (!lines.is_empty()).then(|| Failure::usage(lines.join("\n")))
    }

    /// Where JUnit is wanted, as far as the file says so, also where it is at fault otherwise.
    pub fn junit_of(named: Option<&Path>) -> Option<PathBuf> {
        let text = std::fs::read_to_string(chosen(named)?).ok()?;
        let document = toml_edit::Document::parse(text).ok()?;
        document.get("junit")?.as_str().map(PathBuf::from)
    }

    /// A path that is relative to the file.
    pub fn beside(&self, path: &Path) -> PathBuf {
        let folder = self.file.as_ref().and_then(|file| file.path.parent());
        folder.map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// Where the target is configured: the line that names it, or the first one.
    pub fn place_of_target(&self) -> Option<ConfigPlace> {
        let file = self.file.as_ref()?;
        let keys = ["url", "login", "logout", "issuer", "metadata-url", "visiting"];
        let named = keys.iter().find_map(|key| file.entries.iter().find(|entry| entry.key == *key));
        Some(ConfigPlace { file: file.path.display().to_string(), line: named.map_or(1, |entry| entry.at.line) })
    }
}

/// What is wrong with a text as the file for this role, if something is.
pub(in crate::cli) fn faults(text: &str, role: Role) -> Option<String> {
    let Reading { config, entries, mut faults } = reading::read(text);
    faults.extend(roles::foreign(&entries, role));
    if role == Role::Receiver {
        faults.extend(roles::of_the_other_kind(&entries, config.visiting == Some(true)));
    }
    let lines: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.at, fault.message)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The path of the file, if there is one.
fn chosen(named: Option<&Path>) -> Option<&Path> {
    named.or_else(|| Some(Path::new(FILE)).filter(|path| path.is_file()))
}
