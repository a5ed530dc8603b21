//! The options of `run op`, and what they mean together with the configuration file.

use std::path::PathBuf;

use url::Url;

use super::Work;
use crate::cli::config::{Config, form_steps, secret};
use crate::cli::console::Failure;
use crate::cli::keys;
use crate::cli::run::common::{CommonArgs, seconds, web_url};
use crate::cli::run::repeat::Repeat;
use crate::run::op::settings::OpSettings;
use crate::run::settings::{LogoutRevision, Timeouts};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct OpArgs {
    /// The issuer of the provider.
    #[arg(value_name = "ISSUER")]
    issuer: Option<String>,
    /// The client identifier that our relying party is registered under; it registers itself unless given.
    #[arg(long, value_name = "TEXT")]
    client_id: Option<String>,
    /// Its client secret; a public client has none. `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// A command that opens SETSPEC_URL with a browser: to log in where SETSPEC_ASK is `login`, to log out where it is `end`.
    #[arg(long, value_name = "COMMAND")]
    hook: Option<String>,
    /// Seconds to wait for a logout request, and for the command [default: 30].
    #[arg(long, value_name = "SECONDS")]
    delivery_timeout: Option<f64>,
    /// Seconds in which nothing has to come before it counts as nothing [default: 2].
    #[arg(long, value_name = "SECONDS")]
    patience: Option<f64>,
    /// Our key (private, PEM or JWK), where our relying party was registered with encrypted ID Tokens.
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// The text of Back-Channel Logout that the provider goes by [default: errata-1].
    #[arg(long, value_enum, value_name = "REVISION")]
    revision: Option<LogoutRevision>,
    #[command(flatten)]
    pub common: CommonArgs,
}

impl OpArgs {
    pub fn resolve(&self, config: &Config) -> Result<Work, Failure> {
        let issuer = self.issuer.as_ref().or(config.issuer.as_ref());
        if let Some(issuer) = issuer {
            let url = Url::parse(issuer).map_err(|error| Failure::usage(format!("ISSUER {issuer}: {error}")))?;
            web_url("ISSUER", &url)?;
        }
        let common = self.common.resolve(config, "backchannel-logout-op")?;
        let client_secret = match (&self.client_secret, &config.client_secret) {
            (Some(text), _) => Some(secret("--client-secret", text)?),
            (None, Some(reference)) => Some(reference.resolve("client-secret")?),
            (None, None) => None,
        };
        let hook = match (&self.hook, &config.hook) {
            (Some(text), _) => {
                let unclosed = || Failure::usage("--hook: expected words, got a quote that is not closed");
                Some(shlex::split(text).filter(|words| !words.is_empty()).ok_or_else(unclosed)?)
            }
            (None, words) => words.clone().filter(|words| !words.is_empty()),
        };
        let (login, logout) = config.op.as_ref().map_or((&[][..], &[][..]), |op| (&op.login, &op.logout));
        let encryption_key = self.encryption_key.as_ref().or(config.encryption_key.as_ref());
        if encryption_key.is_some() && self.client_id.is_none() && config.client_id.is_none() {
            return Err(Failure::usage("--encryption-key is that of a relying party that was registered: --client-id"));
        }
        let usual = Timeouts::default();
        let delivery = seconds("--delivery-timeout", self.delivery_timeout.or(config.delivery_timeout))?;
        let quiet = seconds("--patience", self.patience.or(config.patience))?;
        let settings = OpSettings {
            command: self.command(),
            catalogue: self.common.suites(config).load()?,
            profile: common.profile,
            issuer: issuer.cloned().unwrap_or_default(),
            client_id: self.client_id.clone().or(config.client_id.clone()),
            client_secret,
            hook,
            login_forms: form_steps("[[op.login]]", login)?,
            logout_forms: form_steps("[[op.logout]]", logout)?,
            encryption_key: encryption_key.map(|path| keys::decryption_key(path)).transpose()?,
            revision: self.revision.or(config.revision).unwrap_or_default(),
            listen: common.listen,
            public_url: common.public_url,
            roots: common.roots,
            insecure: common.insecure,
            timeouts: Timeouts {
                delivery: delivery.unwrap_or(usual.delivery),
                quiet: quiet.unwrap_or(usual.quiet),
                ..common.timeouts
            },
            strict: common.strict,
            selection: common.selection,
        };
        let quiet = self.common.quiet(config) || self.common.list;
        Ok(Work { built_in: issuer.is_none(), settings, output: common.output, quiet })
    }

    fn command(&self) -> String {
        let mut repeat = Repeat::new("setspec run op");
        repeat.word(self.issuer.as_ref());
        repeat.option("client-id", self.client_id.as_ref());
        repeat.secret("client-secret", self.client_secret.as_deref(), "SETSPEC_CLIENT_SECRET");
        // Its arguments may be credentials.
        repeat.variable("hook", self.hook.is_some(), "HOOK");
        repeat.option("delivery-timeout", self.delivery_timeout);
        repeat.option("patience", self.patience);
        repeat.option("encryption-key", self.encryption_key.as_ref().map(|path| path.display()));
        repeat.value("revision", self.revision);
        self.common.repeat(&mut repeat);
        repeat.finish()
    }
}
