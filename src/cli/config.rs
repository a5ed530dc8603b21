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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretReference {
    /// The name of an environment variable.
    pub env: Option<String>,
    /// The path of a file.
    pub file: Option<PathBuf>,
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
            let at = error.span().map_or(String::new(), |span| {
                let before = &text[..span.start.min(text.len())];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
                format!(":{line}:{column}")
            });
            Failure::usage(format!("{}{at}: {}", path.display(), error.to_string().trim_end()))
        })
    }
}

impl SecretReference {
    /// Fetches the secret.
    pub fn resolve(&self, option: &str) -> Result<SecretString, Failure> {
        match (&self.env, &self.file) {
            (Some(name), None) => std::env::var(name)
                .map(SecretString::from)
                .map_err(|_| Failure::usage(format!("{option}: the environment variable {name} is not set"))),
            (None, Some(path)) => read(path, option).map(|text| SecretString::from(text.trim().to_owned())),
            _ => Err(Failure::usage(format!("{option}: either `env` or `file`"))),
        }
    }
}

/// A secret of the command line: `@FILE` is read, anything else is the secret.
pub(super) fn secret(option: &str, text: &str) -> Result<SecretString, Failure> {
    let value = match text.strip_prefix('@') {
        Some(path) => read(Path::new(path), option)?.trim().to_owned(),
        None => text.to_owned(),
    };
    if value.is_empty() || value.contains(['\r', '\n']) {
        return Err(Failure::usage(format!("{option}: expected one line of text")));
    }
    Ok(SecretString::from(value))
}
