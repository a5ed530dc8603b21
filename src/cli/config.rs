//! `setspec.toml`: every option of `run` as a key, secrets by reference.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::console::Failure;
use super::keys::read;
use crate::set::Alg;
use crate::suite::model::profile::Role;

/// The longest credential, in bytes: what a header field can hold with most servers.
const LONGEST_SECRET: usize = 8192;

/// The file that is found by itself.
pub(super) const FILE: &str = "setspec.toml";

/// The keys of the file are the long names of the options.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    /// What the target is; a file for one role is not used for another.
    pub role: Option<Role>,
    pub url: Option<Url>,
    pub profile: Option<String>,
    #[serde(default)]
    pub only: Vec<String>,
    #[serde(default)]
    pub skip: Vec<String>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub authorization_header: Option<SecretReference>,
    #[serde(default)]
    pub languages: Vec<String>,
    pub set: Option<PathBuf>,
    pub alg: Option<Alg>,
    pub key: Option<PathBuf>,
    pub kid: Option<String>,
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
}

/// Where a secret stands: never in the file itself.
#[derive(Debug)]
pub(super) struct SecretReference {
    /// The name of an environment variable.
    pub env: Option<String>,
    /// The path of a file.
    pub file: Option<PathBuf>,
}

/// Says what a reference looks like without repeating what stands there, which may be the secret itself.
const NO_REFERENCE: &str = "a secret does not stand in this file: expected { env = \"NAME\" } or { file = \"PATH\" }";

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Reference {
            env: Option<String>,
            file: Option<PathBuf>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Reference(Reference),
            Other(serde::de::IgnoredAny),
        }
        match Written::deserialize(deserializer)? {
            Written::Reference(Reference { env, file }) => Ok(Self { env, file }),
            Written::Other(_) => Err(serde::de::Error::custom(NO_REFERENCE)),
        }
    }
}

impl Config {
    /// The file that was named, or the one that is there, or nothing.
    pub fn find(named: Option<&Path>) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => path,
            None if Path::new(FILE).is_file() => Path::new(FILE),
            None => return Ok(Self::default()),
        };
        let text = read(path, "--config")?;
        toml::from_str(&text).map_err(|error| {
            let before = error.span().map(|span| &text[..span.start.min(text.len())]);
            let at = before.map_or(String::new(), |before| {
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
                format!(":{line}:{column}")
            });
            // The excerpt of a line with a secret would print it.
            let line = before.and_then(|before| text[before.rfind('\n').map_or(0, |at| at + 1)..].lines().next());
            let secret = error.message() == NO_REFERENCE || line.is_some_and(|line| line.contains("authorization"));
            let why = if secret { error.message().to_owned() } else { error.to_string() };
            Failure::usage(format!("{}{at}: {}", path.display(), why.trim_end()))
        })
    }
}

impl SecretReference {
    /// Fetches the secret.
    pub fn resolve(&self, option: &str) -> Result<SecretString, Failure> {
        let value = match (&self.env, &self.file) {
            (Some(name), None) => std::env::var(name).map_err(|_| unset(option, name))?,
            (None, Some(path)) => read(path, option)?.trim().to_owned(),
            _ => return Err(Failure::usage(format!("{option}: either `env` or `file`"))),
        };
        one_line(option, value)
    }
}

/// A secret of the command line: `@FILE` is read, anything else is the secret.
pub(super) fn secret(option: &str, text: &str) -> Result<SecretString, Failure> {
    match text.strip_prefix('@') {
        Some(path) => one_line(option, read(Path::new(path), option)?.trim().to_owned()),
        None => one_line(option, text.to_owned()),
    }
}

/// What is no name of a variable may be the secret itself, and is not repeated.
fn unset(option: &str, name: &str) -> Failure {
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Failure::usage(format!("{option}: the environment variable {name} is not set"))
    } else {
        Failure::usage(format!("{option}: `env` is the name of an environment variable"))
    }
}

/// What can stand in a header field.
fn one_line(option: &str, value: String) -> Result<SecretString, Failure> {
    if value.is_empty() || value.len() > LONGEST_SECRET || value.contains(['\r', '\n']) {
        return Err(Failure::usage(format!("{option}: expected one line of text, of {LONGEST_SECRET} bytes at most")));
    }
    Ok(SecretString::from(value))
}
