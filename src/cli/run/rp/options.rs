//! The options of `run rp`, and what they mean together with the configuration file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Work;
use crate::cli::config::{Config, form_steps, secret};
use crate::cli::console::Failure;
use crate::cli::keys;
use crate::cli::run::common::{CommonArgs, seconds, web_url};
use crate::cli::run::repeat::Repeat;
use crate::run::rp::settings::{DownstreamSettings, RpSettings};
use crate::run::settings::LogoutRevision;
use crate::set::Alg;
use crate::set::jwe::{Agreed, EncryptionKey};

/// The client identifier unless one is given.
const CLIENT: &str = "setspec-client";

/// Where the built-in relying party will be known to be once it is started.
const NOT_YET: &str = "http://127.0.0.1/";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RpArgs {
    /// The page of the relying party that sends browsers to our provider to log in.
    #[arg(long, value_name = "URL", requires = "logout")]
    login: Option<Url>,
    /// The logout URI of the relying party, as it is registered (`backchannel_logout_uri`).
    #[arg(long, value_name = "URL", requires = "login")]
    logout: Option<String>,
    /// A page that only those who are logged in see; where a login ends unless given.
    #[arg(long, value_name = "URL")]
    protected: Option<Url>,
    /// A text that the protected page has for those alone who are logged in, where it opens for others too.
    #[arg(long, value_name = "TEXT")]
    logged_in_text: Option<String>,
    /// The relying party was registered with `backchannel_logout_session_required`.
    #[arg(long)]
    session_required: bool,
    /// How ID Tokens for the relying party are encrypted: `ALG` or `ALG/ENC`, such as RSA-OAEP/A256GCM. One that registers itself says so.
    #[arg(long, value_name = "ALG", value_parser = keys::agreed)]
    encryption: Option<Agreed>,
    /// Its public key for that: a JWK or a JWK Set.
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// The issuer of the relying party, where it is an OpenID provider itself: a relying party of ours logs in there.
    #[arg(long, value_name = "ISSUER")]
    downstream: Option<String>,
    /// The client identifier of our relying party there; it registers itself unless given.
    #[arg(long, value_name = "TEXT")]
    downstream_client_id: Option<String>,
    /// Its client secret there; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_DOWNSTREAM_CLIENT_SECRET", hide_env_values = true)]
    downstream_client_secret: Option<String>,
    /// Where our relying party listens for its logout requests [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDR")]
    downstream_listen: Option<SocketAddr>,
    /// Under which URL others reach that address.
    #[arg(long, value_name = "URL")]
    downstream_public_url: Option<Url>,
    /// The text of Back-Channel Logout that the relying party goes by [default: errata-1].
    #[arg(long, value_enum, value_name = "REVISION")]
    revision: Option<LogoutRevision>,
    /// The client identifier that the relying party uses with our provider [default: setspec-client].
    #[arg(long, value_name = "TEXT")]
    client_id: Option<String>,
    /// Its client secret, any unless given; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Where our provider may send browsers back to; anywhere unless given.
    #[arg(long = "redirect-uri", value_name = "URL")]
    redirect_uris: Vec<String>,
    /// A user that the relying party knows, by the claim sub; new ones for each case unless given.
    #[arg(long = "subject", value_name = "SUB")]
    subjects: Vec<String>,
    /// Seconds to wait until a first login and a first logout succeed, for a relying party that is started once our provider is
    /// there, or that still has keys of an earlier one.
    #[arg(long, value_name = "SECONDS")]
    wait: Option<f64>,
    /// The algorithm that tokens are signed with [default: RS256].
    #[arg(long)]
    alg: Option<Alg>,
    /// Sign with this key (PEM or JWK) rather than with a new one, for a relying party that keeps our keys between runs.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The key id of tokens.
    #[arg(long)]
    kid: Option<String>,
    #[command(flatten)]
    pub common: CommonArgs,
}

impl RpArgs {
    pub fn resolve(&self, config: &Config) -> Result<Work, Failure> {
        let login = self.login.as_ref().or(config.login.as_ref());
        let logout = self.logout.as_ref().or(config.logout.as_ref());
        let protected = self.protected.as_ref().or(config.protected.as_ref());
        match (login, logout) {
            (Some(login), Some(logout)) => {
                web_url("--login", login)?;
                let logout =
                    Url::parse(logout).map_err(|error| Failure::usage(format!("--logout {logout}: {error}")))?;
                web_url("--logout", &logout)?;
            }
            (None, None) => {}
            _ => return Err(Failure::usage("a relying party is judged by two URLs: --login and --logout")),
        }
        if let Some(protected) = protected {
            web_url("--protected", protected)?;
        }
        let common = self.common.resolve(config, "backchannel-logout-rp")?;
        let alg = self.alg.or(config.alg).unwrap_or(Alg::Rs256);
        if alg == Alg::Hs256 {
            return Err(Failure::usage("--alg: our provider publishes its keys, and HS256 has none to publish"));
        }
        let key = self.key.as_ref().or(config.key.as_ref());
        let kid = self.kid.as_ref().or(config.kid.as_ref());
        let client_secret = match (&self.client_secret, &config.client_secret) {
            (Some(text), _) => Some(secret("--client-secret", text)?),
            (None, Some(reference)) => Some(reference.resolve("client-secret")?),
            (None, None) => None,
        };
        let chosen = |ours: &Vec<String>, theirs: &Vec<String>| if ours.is_empty() { theirs } else { ours }.clone();
        let keys = keys::signing_keys(alg, key.map(PathBuf::as_path), kid.map(String::as_str))?;
        let settings = RpSettings {
            command: self.command(),
            catalogue: self.common.suites(config).load()?,
            profile: common.profile,
            login: match login {
                Some(login) => login.clone(),
                None => Url::parse(NOT_YET).map_err(|error| Failure::internal(error.to_string()))?,
            },
            logout: logout.cloned().unwrap_or_else(|| NOT_YET.to_owned()),
            protected: protected.cloned(),
            logged_in_text: self
                .logged_in_text
                .clone()
                .or(config.logged_in_text.clone())
                .filter(|text| !text.is_empty()),
            login_forms: form_steps("[[rp.login]]", config.rp.as_ref().map_or(&[][..], |rp| &rp.login))?,
            session_required: self.session_required || config.session_required.unwrap_or(false),
            encryption: self.encryption(config)?,
            downstream: self.downstream(config)?,
            revision: self.revision.or(config.revision).unwrap_or_default(),
            client_id: self.client_id.clone().or(config.client_id.clone()).unwrap_or_else(|| CLIENT.to_owned()),
            client_secret,
            redirect_uris: chosen(&self.redirect_uris, &config.redirect_uris),
            subjects: chosen(&self.subjects, &config.subjects),
            wait: seconds("--wait", self.wait.or(config.wait))?.unwrap_or(Duration::ZERO),
            key: keys.good,
            other_key: keys.other,
            listen: common.listen,
            public_url: common.public_url,
            roots: common.roots,
            insecure: common.insecure,
            deployed: common.deployed,
            timeouts: common.timeouts,
            // One after the other: a relying party that ends too many sessions is blamed for that alone.
            jobs: common.jobs.unwrap_or(1),
            strict: common.strict,
            selection: common.selection,
        };
        Ok(Work {
            built_in: login.is_none(),
            settings,
            output: common.output,
            quiet: self.common.quiet(config) || self.common.list,
        })
    }

    fn downstream(&self, config: &Config) -> Result<Option<DownstreamSettings>, Failure> {
        let Some(issuer) = self.downstream.as_ref().or(config.downstream.as_ref()) else { return Ok(None) };
        let url = Url::parse(issuer).map_err(|error| Failure::usage(format!("--downstream {issuer}: {error}")))?;
        web_url("--downstream", &url)?;
        let client_secret = match (&self.downstream_client_secret, &config.downstream_client_secret) {
            (Some(text), _) => Some(secret("--downstream-client-secret", text)?),
            (None, Some(reference)) => Some(reference.resolve("downstream-client-secret")?),
            (None, None) => None,
        };
        Ok(Some(DownstreamSettings {
            issuer: issuer.clone(),
            client_id: self.downstream_client_id.clone().or(config.downstream_client_id.clone()),
            client_secret,
            listen: self
                .downstream_listen
                .or(config.downstream_listen)
                .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into()),
            public_url: self.downstream_public_url.clone().or(config.downstream_public_url.clone()),
        }))
    }

    fn encryption(&self, config: &Config) -> Result<Option<(EncryptionKey, Agreed)>, Failure> {
        let named = config.encryption.as_deref().map(keys::agreed).transpose();
        let named = named.map_err(|why| Failure::usage(format!("encryption: {why}")))?;
        match (self.encryption.or(named), self.encryption_key.as_ref().or(config.encryption_key.as_ref())) {
            (None, None) => Ok(None),
            (Some(agreed), Some(path)) => Ok(Some((keys::encryption_key(path, agreed)?, agreed))),
            _ => Err(Failure::usage("tokens are encrypted by two things: --encryption and --encryption-key")),
        }
    }

    fn command(&self) -> String {
        let mut repeat = Repeat::new("setspec run rp");
        repeat.option("login", self.login.as_ref());
        repeat.option("logout", self.logout.as_ref());
        repeat.option("protected", self.protected.as_ref());
        repeat.option("logged-in-text", self.logged_in_text.as_ref());
        repeat.flag("session-required", self.session_required);
        let named = self.encryption.map(|agreed| format!("{}/{}", agreed.alg.name(), agreed.enc.name()));
        repeat.option("encryption", named.as_ref());
        repeat.option("encryption-key", self.encryption_key.as_ref().map(|path| path.display()));
        repeat.option("downstream", self.downstream.as_ref());
        repeat.option("downstream-client-id", self.downstream_client_id.as_ref());
        let secret = self.downstream_client_secret.as_deref();
        repeat.secret("downstream-client-secret", secret, "SETSPEC_DOWNSTREAM_CLIENT_SECRET");
        repeat.option("downstream-listen", self.downstream_listen);
        repeat.option("downstream-public-url", self.downstream_public_url.as_ref());
        repeat.value("revision", self.revision);
        repeat.option("client-id", self.client_id.as_ref());
        repeat.secret("client-secret", self.client_secret.as_deref(), "SETSPEC_CLIENT_SECRET");
        self.redirect_uris.iter().for_each(|uri| repeat.option("redirect-uri", Some(uri)));
        self.subjects.iter().for_each(|sub| repeat.option("subject", Some(sub)));
        repeat.option("wait", self.wait);
        repeat.option("alg", self.alg);
        repeat.option("key", self.key.as_ref().map(|path| path.display()));
        repeat.option("kid", self.kid.as_ref());
        self.common.repeat(&mut repeat);
        repeat.finish()
    }
}
