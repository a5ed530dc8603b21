//! The options that say how we show a transmitter who we are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use super::limited::LimitedArgs;
use crate::cli::config::{ClientAuth, Config, SecretReference, secret};
use crate::cli::console::Failure;
use crate::cli::keys::read;
use crate::cli::run::common::web_url;
use crate::cli::run::repeat::Repeat;
use crate::run::transmitter::settings::{ClientAuthentication, ClientSettings, CredentialSettings, LimitedTokens};
use crate::set::{Alg, SigningKey};

#[derive(Debug, clap::Args)]
pub(super) struct CredentialArgs {
    /// The bearer token of the receiver that we are; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Get tokens by OAuth client credentials: the client id.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The client secret; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// The private key of the client in place of a secret (JWK, whose `kid` is sent, or PEM).
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// How the client authenticates [default: basic with a secret, private-key-jwt with a key].
    #[arg(long, value_enum, value_name = "HOW")]
    client_auth: Option<ClientAuth>,
    /// Where tokens are had; by the metadata of the issuer (RFC 8414) unless given.
    #[arg(long, value_name = "URL")]
    token_endpoint: Option<Url>,
    /// The scope to ask for.
    #[arg(long)]
    scope: Option<String>,
    /// The token of another receiver, to test what one must not see of the other; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_SECOND_TOKEN", hide_env_values = true)]
    second_token: Option<String>,
    /// The client id of another receiver.
    #[arg(long, value_name = "ID")]
    second_client_id: Option<String>,
    /// The client secret of another receiver; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_SECOND_CLIENT_SECRET", hide_env_values = true)]
    second_client_secret: Option<String>,
    #[command(flatten)]
    limited: LimitedArgs,
}

/// The credentials of the two receivers that we are.
pub(super) struct Credentials {
    pub first: Option<CredentialSettings>,
    pub second: Option<CredentialSettings>,
    pub limited: LimitedTokens,
}

/// How a receiver identifies itself, before its secret is looked for.
enum Identity {
    Token(SecretString),
    Client(String),
    Nobody,
}

impl CredentialArgs {
    /// Options win over the file.
    pub fn resolve(&self, config: &Config) -> Result<Credentials, Failure> {
        let endpoint = self.token_endpoint.as_ref().or(config.token_endpoint.as_ref());
        endpoint.map_or(Ok(()), |url| web_url("--token-endpoint", url))?;
        let client = |id: String, authentication: ClientAuthentication| {
            let scope = self.scope.clone().or(config.scope.clone());
            CredentialSettings::Client(ClientSettings { id, authentication, token_endpoint: endpoint.cloned(), scope })
        };
        let of_options = identity("token", "client-id", self.token.as_deref(), self.client_id.as_ref(), None)?;
        let first = match of_options {
            Identity::Nobody => identity("token", "client-id", None, config.client_id.as_ref(), config.token.as_ref())?,
            given => given,
        };
        let first = match first {
            Identity::Token(token) => Some(CredentialSettings::Token(token)),
            Identity::Client(id) => Some(client(id, self.authentication(config)?)),
            Identity::Nobody if self.has_proof(config) => {
                return Err(Failure::usage("--client-secret and --client-key need the --client-id that they are of"));
            }
            Identity::Nobody => None,
        };
        let names = ("second-token", "second-client-id");
        let of_options =
            identity(names.0, names.1, self.second_token.as_deref(), self.second_client_id.as_ref(), None)?;
        let second = match of_options {
            Identity::Nobody => {
                identity(names.0, names.1, None, config.second_client_id.as_ref(), config.second_token.as_ref())?
            }
            given => given,
        };
        let second = match second {
            Identity::Token(token) => Some(CredentialSettings::Token(token)),
            Identity::Client(id) => {
                let (ours, theirs) = (self.second_client_secret.as_deref(), config.second_client_secret.as_ref());
                let secret = proof("second-client-secret", ours, theirs)?;
                let secret = secret.ok_or_else(|| Failure::usage("--second-client-id needs --second-client-secret"))?;
                let post = self.client_auth.or(config.client_auth) == Some(ClientAuth::Post);
                let how = if post { ClientAuthentication::Post } else { ClientAuthentication::Basic };
                Some(client(id, how(secret)))
            }
            Identity::Nobody => None,
        };
        Ok(Credentials { first, second, limited: self.limited.resolve(config)? })
    }

    fn has_proof(&self, config: &Config) -> bool {
        self.client_secret.is_some()
            || self.client_key.is_some()
            || config.client_secret.is_some()
            || config.client_key.is_some()
    }

    fn authentication(&self, config: &Config) -> Result<ClientAuthentication, Failure> {
        let secret = || proof("client-secret", self.client_secret.as_deref(), config.client_secret.as_ref());
        let key = || self.client_key.as_ref().or(config.client_key.as_ref()).map(|path| client_key(path)).transpose();
        let missing = |what: &str| Failure::usage(format!("--client-id needs {what}"));
        let how = match self.client_auth.or(config.client_auth) {
            Some(how) => how,
            None => match (secret()?.is_some(), key()?.is_some()) {
                (true, false) => ClientAuth::Basic,
                (false, true) => ClientAuth::PrivateKeyJwt,
                (false, false) => return Err(missing("--client-secret or --client-key")),
                (true, true) => {
                    return Err(Failure::usage(
                        "--client-secret and --client-key: expected one of them, or --client-auth",
                    ));
                }
            },
        };
        Ok(match how {
            ClientAuth::Basic => ClientAuthentication::Basic(secret()?.ok_or_else(|| missing("--client-secret"))?),
            ClientAuth::Post => ClientAuthentication::Post(secret()?.ok_or_else(|| missing("--client-secret"))?),
            ClientAuth::PrivateKeyJwt => {
                ClientAuthentication::PrivateKey(Arc::new(key()?.ok_or_else(|| missing("--client-key"))?))
            }
        })
    }

    /// The same for a repeated run; secrets come from the environment there.
    pub fn repeat(&self, repeat: &mut Repeat) {
        repeat.secret("token", self.token.as_deref(), "SETSPEC_TOKEN");
        repeat.option("client-id", self.client_id.as_ref());
        repeat.secret("client-secret", self.client_secret.as_deref(), "SETSPEC_CLIENT_SECRET");
        repeat.option("client-key", self.client_key.as_ref().map(|path| path.display()));
        repeat.value("client-auth", self.client_auth);
        repeat.option("token-endpoint", self.token_endpoint.as_ref());
        repeat.option("scope", self.scope.as_ref());
        repeat.secret("second-token", self.second_token.as_deref(), "SETSPEC_SECOND_TOKEN");
        repeat.option("second-client-id", self.second_client_id.as_ref());
        repeat.secret("second-client-secret", self.second_client_secret.as_deref(), "SETSPEC_SECOND_CLIENT_SECRET");
        self.limited.repeat(repeat);
    }
}

fn identity(
    token_name: &str,
    client_name: &str,
    token: Option<&str>,
    client: Option<&String>,
    reference: Option<&SecretReference>,
) -> Result<Identity, Failure> {
    match (proof(token_name, token, reference)?, client) {
        (Some(_), Some(_)) => {
            let variable = token_name.to_ascii_uppercase().replace('-', "_");
            Err(Failure::usage(format!(
                "--{token_name} (or SETSPEC_{variable}) and --{client_name}: expected one of the two"
            )))
        }
        (Some(token), None) => Ok(Identity::Token(token)),
        (None, Some(id)) => Ok(Identity::Client(id.clone())),
        (None, None) => Ok(Identity::Nobody),
    }
}

/// A secret by option or, failing that, by reference.
pub(super) fn proof(
    name: &str,
    option: Option<&str>,
    reference: Option<&SecretReference>,
) -> Result<Option<SecretString>, Failure> {
    match (option, reference) {
        (Some(text), _) => secret(&format!("--{name}"), text).map(Some),
        (None, Some(reference)) => reference.resolve(name).map(Some),
        (None, None) => Ok(None),
    }
}

/// The key of a client. PEM does not say for which algorithm it is, so the first one that takes it is used.
fn client_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = read(path, "--client-key")?;
    let wrong = |why: &str| Failure::usage(format!("--client-key {}: {why}", path.display()));
    let key = if text.trim_start().starts_with('{') {
        SigningKey::from_jwk(&text, None, None).map_err(|error| wrong(&error.to_string()))?
    } else {
        let mut algs = [Alg::Rs256, Alg::Es256, Alg::Es384, Alg::EdDsa].into_iter();
        let found = algs.find_map(|alg| SigningKey::from_pem(&text, alg, None).ok());
        found.ok_or_else(|| wrong("expected a private key (RSA, P-256, P-384, Ed25519) as JWK or unencrypted PEM"))?
    };
    match key.public_jwk() {
        Some(_) => Ok(key),
        None => Err(wrong("expected a private key, got a shared secret")),
    }
}
