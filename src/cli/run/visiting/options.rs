//! The options of a run in which a receiver visits us, and what they mean together with the configuration file.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::Work;
use super::hook::HookArgs;
use crate::cli::config::{Config, Delivery, SecretReference, secret};
use crate::cli::console::Failure;
use crate::cli::keys::Keys;
use crate::cli::mock::chosen;
use crate::cli::run::common::{Common, CommonArgs, seconds};
use crate::cli::run::repeat::Repeat;
use crate::peer::ssf::ClientCredentials;
use crate::run::settings::Timeouts;
use crate::run::visiting::control::Control;
use crate::run::visiting::settings::VisitingSettings;
use crate::suite::Catalogue;
use crate::suite::model::case::Method;
use crate::suite::model::deviation::Stage;
use crate::suite::model::profile::Role;

/// How long a receiver is waited for.
const WAIT: Duration = Duration::from_secs(300);

/// How long one that a command has started is waited for.
const WAIT_FOR_STARTED: Duration = Duration::from_secs(60);

/// How long a poll is held.
const LONG_POLL: Duration = Duration::from_secs(10);

/// How long nothing has to come from the built-in receiver: it shares our processor and delays nothing.
const BUILT_IN_QUIET: Duration = Duration::from_millis(120);

/// How long the built-in receiver may take.
const BUILT_IN_DELIVERY: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct VisitingArgs {
    /// Judge a receiver that comes to us: we are the transmitter. With neither --listen nor --public-url nor --start, the
    /// built-in receiver is started and judged.
    #[arg(long, conflicts_with_all = ["url", "issuer", "authorization_header"])]
    visiting: bool,
    #[command(flatten)]
    hook: HookArgs,
    /// How a receiver that is started takes SETs [default: poll].
    #[arg(long, value_enum, requires = "visiting")]
    delivery: Option<Delivery>,
    /// The bearer token that the receiver comes with, rather than a new one; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The client id that the receiver may get tokens with.
    #[arg(long, value_name = "ID", requires = "visiting")]
    client_id: Option<String>,
    /// The client secret; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Serve https, by an authority that is made for the run; its certificate (PEM), which the receiver has to trust, is
    /// written to this file.
    #[arg(long, value_name = "FILE", requires = "visiting")]
    tls_ca: Option<PathBuf>,
    /// Be odd in a legal way, for a receiver that takes nothing else: a variation of transmitters that changes answers or SETs.
    #[arg(long = "variation", value_name = "NAME", requires = "visiting")]
    variations: Vec<String>,
    /// Seconds that the receiver is waited for [default: 300; 60 with --start].
    #[arg(long, value_name = "SECONDS", requires = "visiting")]
    wait: Option<f64>,
    /// Seconds without anything that count as nothing [default: 2].
    #[arg(long, value_name = "SECONDS", requires = "visiting")]
    patience: Option<f64>,
    /// Seconds that the receiver may take to settle a SET [default: 30].
    #[arg(long, value_name = "SECONDS", requires = "visiting")]
    delivery_timeout: Option<f64>,
    /// Seconds that we hold a poll open [default: 10].
    #[arg(long, value_name = "SECONDS", requires = "visiting")]
    long_poll: Option<f64>,
}

/// What the options of every receiver come to.
pub(in crate::cli::run) struct OfReceiver {
    pub catalogue: std::sync::Arc<Catalogue>,
    pub audience: String,
    pub keys: Keys,
    pub common: Common,
    pub languages: Vec<String>,
    /// The command that repeats the run, so far.
    pub repeat: Repeat,
}

impl VisitingArgs {
    /// Whether the receiver is one that visits.
    pub fn is_wanted(&self, config: &Config) -> bool {
        self.visiting || config.visiting == Some(true)
    }

    pub(in crate::cli::run) fn resolve(
        &self,
        config: &Config,
        args: &CommonArgs,
        receiver: OfReceiver,
    ) -> Result<Work, Failure> {
        let OfReceiver { catalogue, audience, keys, common, languages, mut repeat } = receiver;
        if keys.good.public_jwk().is_none() {
            let alg = keys.good.alg();
            return Err(Failure::usage(format!(
                "--alg {alg}: a receiver that visits reads our public key, so it needs a pair"
            )));
        }
        let control = self.hook.resolve(config)?;
        let addressed = args.listen.or(config.listen).is_some() || common.public_url.is_some();
        let built_in = matches!(control, Control::None) && !addressed;
        let delivery = match self.delivery.or(config.delivery) {
            Some(Delivery::Push) => Method::Push,
            Some(Delivery::Poll) | None => Method::Poll,
            Some(Delivery::Each) => {
                return Err(Failure::usage(
                    "--delivery each: expected push or poll: a receiver has one stream at a time",
                ));
            }
        };
        let given = optional_secret("--token", self.token.as_deref(), config.token.as_ref())?;
        let made = given.is_none().then(|| uuid::Uuid::new_v4().simple().to_string());
        let token = given.unwrap_or_else(|| SecretString::from(made.clone().unwrap_or_default()));
        let tls = match self.tls_ca.as_ref().or(config.tls_ca.as_ref()) {
            Some(file) => Some(super::certificates::made(file, common.public_url.as_ref())?),
            None => None,
        };
        let variations = if self.variations.is_empty() { &config.variations } else { &self.variations };
        let oddities = chosen(variations, &catalogue.variations, "variation", Role::Transmitter)?;
        if let Some(other) = oddities.iter().find(|oddity| oddity.respond.is_none() && oddity.on != Some(Stage::Set)) {
            return Err(Failure::usage(format!("--variation: {} changes neither answers nor SETs", other.id)));
        }
        let usual_wait = if control.restarts() { WAIT_FOR_STARTED } else { WAIT };
        let timeouts = self.timeouts(config, &common, built_in)?;
        self.repeat(&mut repeat);
        args.repeat(&mut repeat);
        let settings = VisitingSettings {
            catalogue,
            profile: common.profile,
            interop: common.interop,
            delivery,
            token,
            client: self.client(config)?,
            audience,
            key: keys.good,
            other_key: keys.other,
            listen: common.listen,
            public_url: common.public_url,
            tls,
            roots: common.roots,
            insecure: common.insecure,
            deployed: common.deployed,
            languages,
            oddities,
            control,
            wait: seconds("--wait", self.wait.or(config.wait))?.unwrap_or(usual_wait),
            timeouts,
            long_poll: seconds("--long-poll", self.long_poll.or(config.long_poll))?.unwrap_or(LONG_POLL),
            strict: common.strict,
            selection: common.selection,
            command: repeat.finish(),
        };
        Ok(Work { settings, built_in, token: made, output: common.output, quiet: args.quiet(config) })
    }

    fn client(&self, config: &Config) -> Result<Option<ClientCredentials>, Failure> {
        let id = self.client_id.as_ref().or(config.client_id.as_ref());
        let secret = optional_secret("--client-secret", self.client_secret.as_deref(), config.client_secret.as_ref())?;
        match (id, secret) {
            (Some(id), Some(secret)) => Ok(Some(ClientCredentials { id: id.clone(), secret, keys: None })),
            (Some(_), None) => Err(Failure::usage("--client-id: expected its --client-secret, got none")),
            (None, Some(_)) => Err(Failure::usage("--client-secret: expected the --client-id that it is of, got none")),
            (None, None) => Ok(None),
        }
    }

    fn timeouts(&self, config: &Config, common: &Common, built_in: bool) -> Result<Timeouts, Failure> {
        let quiet = seconds("--patience", self.patience.or(config.patience))?;
        let delivery = seconds("--delivery-timeout", self.delivery_timeout.or(config.delivery_timeout))?;
        let usual = match built_in {
            true => (BUILT_IN_QUIET, BUILT_IN_DELIVERY),
            false => (common.timeouts.quiet, common.timeouts.delivery),
        };
        Ok(Timeouts { quiet: quiet.unwrap_or(usual.0), delivery: delivery.unwrap_or(usual.1), ..common.timeouts })
    }

    /// The same for a repeated run; secrets come from the environment there.
    fn repeat(&self, repeat: &mut Repeat) {
        repeat.flag("visiting", self.visiting);
        self.hook.repeat(repeat);
        repeat.value("delivery", self.delivery);
        repeat.secret("token", self.token.as_deref(), "SETSPEC_TOKEN");
        repeat.option("client-id", self.client_id.as_ref());
        repeat.secret("client-secret", self.client_secret.as_deref(), "SETSPEC_CLIENT_SECRET");
        self.variations.iter().for_each(|name| repeat.option("variation", Some(name)));
        repeat.option("tls-ca", self.tls_ca.as_ref().map(|path| path.display()));
        repeat.option("wait", self.wait);
        repeat.option("patience", self.patience);
        repeat.option("delivery-timeout", self.delivery_timeout);
        repeat.option("long-poll", self.long_poll);
    }
}

/// A secret by option or, failing that, by reference.
fn optional_secret(
    name: &str,
    option: Option<&str>,
    reference: Option<&SecretReference>,
) -> Result<Option<SecretString>, Failure> {
    match (option, reference) {
        (Some(text), _) => secret(name, text).map(Some),
        (None, Some(reference)) => reference.resolve(name.trim_start_matches('-')).map(Some),
        (None, None) => Ok(None),
    }
}
