//! Secrets: by reference in the file, as text or as a file on the command line.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::cli::console::Failure;
use crate::cli::keys::read;

/// The longest credential, in bytes: what a header field can hold with most servers.
const LONGEST_SECRET: usize = 8192;

/// Says what a reference looks like without repeating what stands there, which may be the secret itself.
const NO_REFERENCE: &str = "a secret does not stand in this file: expected { env = \"NAME\" } or { file = \"PATH\" }";

/// Where a secret stands: never in the file itself.
#[derive(Debug, JsonSchema)]
pub(in crate::cli) struct SecretReference {
    /// The name of an environment variable.
    env: Option<String>,
    /// The path of a file.
    file: Option<PathBuf>,
}

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

impl SecretReference {
    /// Where it stands, and how long it is: `from env TX_TOKEN, 16 characters`.
    pub fn describe(&self) -> String {
        let place = match (&self.env, &self.file) {
            (Some(name), _) if is_name(name) => format!("from env {name}"),
            (None, Some(path)) => format!("from file {}", path.display()),
            _ => return "not a reference".to_owned(),
        };
        match self.resolve("secret") {
            Ok(secret) => format!("{place}, {}", length(secret.expose_secret())),
            Err(_) => format!("{place}, where it is not"),
        }
    }

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
pub(in crate::cli) fn secret(option: &str, text: &str) -> Result<SecretString, Failure> {
    match text.strip_prefix('@') {
        Some(path) => one_line(option, read(Path::new(path), option)?.trim().to_owned()),
        None => one_line(option, text.to_owned()),
    }
}

/// What is no name of a variable may be the secret itself, and is not repeated.
fn unset(option: &str, name: &str) -> Failure {
    if is_name(name) {
        Failure::usage(format!("{option}: the environment variable {name} is not set"))
    } else {
        Failure::usage(format!("{option}: `env` is the name of an environment variable"))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// All that is said of a secret.
pub(super) fn length(secret: &str) -> String {
    match secret.chars().count() {
        1 => "1 character".to_owned(),
        several => format!("{several} characters"),
    }
}

/// What can stand in a header field.
fn one_line(option: &str, value: String) -> Result<SecretString, Failure> {
    if value.is_empty() || value.len() > LONGEST_SECRET || value.contains(['\r', '\n']) {
        return Err(Failure::usage(format!("{option}: expected one line of text, of {LONGEST_SECRET} bytes at most")));
    }
    Ok(SecretString::from(value))
}
