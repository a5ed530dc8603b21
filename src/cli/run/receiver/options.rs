//! The options of `run receiver`, and what they mean together with the configuration file.

use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use super::Work;
use crate::cli::config::{Config, secret};
use crate::cli::console::Failure;
use crate::cli::keys;
use crate::cli::run::common::{CommonArgs, web_url};
use crate::cli::run::repeat::Repeat;
use crate::cli::run::target;
use crate::cli::run::visiting::{OfReceiver, VisitingArgs};
use crate::run::receiver::GOOD_SET;
use crate::run::settings::ReceiverSettings;
use crate::set::Alg;

/// The audience unless one is given.
const AUDIENCE: &str = "https://receiver.example.com";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReceiverArgs {
    /// Where the receiver takes SETs; none for one that visits.
    #[arg(value_name = "PUSH_URL")]
    url: Option<Url>,
    /// The issuer that the receiver trusts; the address of our own discovery document unless given.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The audience that the receiver goes by.
    #[arg(long, value_name = "TEXT")]
    audience: Option<String>,
    /// The whole value of the Authorization header that the receiver expects; `@FILE` reads it from a file.
    #[arg(long, value_name = "VALUE", env = "SETSPEC_AUTHORIZATION_HEADER", hide_env_values = true)]
    authorization_header: Option<String>,
    /// A language in which the receiver describes errors; give every one, its default first.
    #[arg(long = "language", value_name = "TAG")]
    languages: Vec<String>,
    /// The claims of a SET that the receiver takes (JSON; may contain `${issuer}`, `${audience}`, `${now()}`,
    /// `${uuid()}`), in place of a CAEP session-revoked event.
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// The algorithm that SETs are signed with [default: RS256].
    #[arg(long)]
    alg: Option<Alg>,
    /// Sign with this key (PEM or JWK; for HS256 also the secret as text) rather than with a new one.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The key id of SETs.
    #[arg(long)]
    kid: Option<String>,
    #[command(flatten)]
    visiting: VisitingArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

impl ReceiverArgs {
    /// Whether the receiver is one that visits.
    pub fn visits(&self, config: &Config) -> bool {
        self.visiting.is_wanted(config)
    }

    pub fn resolve(&self, config: &Config) -> Result<target::Work, Failure> {
        let visits = self.visits(config);
        if let Some(failure) = config.failure(&config.of_the_other_kind(visits)) {
            return Err(failure);
        }
        if visits {
            let receiver = self.of_receiver(config, "ssf-receiver")?;
            let work = self.visiting.resolve(config, &self.common, receiver)?;
            return Ok(target::Work::Visiting(Box::new(work)));
        }
        Ok(target::Work::Receiver(Box::new(self.pushed(config)?)))
    }

    fn pushed(&self, config: &Config) -> Result<Work, Failure> {
        let url = self.url.as_ref().or(config.url.as_ref());
        if let Some(url) = url {
            web_url("PUSH_URL", url)?;
        }
        let authorization = match (&self.authorization_header, &config.authorization_header) {
            (Some(text), _) => Some(secret("--authorization-header", text)?),
            (None, Some(reference)) => Some(reference.resolve("authorization-header")?),
            (None, None) => None,
        };
        let OfReceiver { catalogue, audience, keys, common, languages, mut repeat } =
            self.of_receiver(config, "push-receiver")?;
        let issuer = self.issuer.clone().or(config.issuer.clone());
        repeat.word(url);
        repeat.option("issuer", issuer.as_ref());
        let credential = self.authorization_header.as_deref();
        repeat.secret("authorization-header", credential, "SETSPEC_AUTHORIZATION_HEADER");
        self.common.repeat(&mut repeat);
        let settings = ReceiverSettings {
            command: repeat.finish(),
            catalogue,
            profile: common.profile,
            url: match url {
                Some(url) => url.clone(),
                None => Url::parse("http://127.0.0.1/").map_err(|error| Failure::internal(error.to_string()))?,
            },
            issuer,
            audience,
            authorization,
            languages,
            key: keys.good,
            other_key: keys.other,
            listen: common.listen,
            public_url: common.public_url,
            roots: common.roots,
            insecure: common.insecure,
            deployed: common.deployed,
            timeouts: common.timeouts,
            jobs: common.jobs.unwrap_or(4),
            strict: common.strict,
            selection: common.selection,
        };
        Ok(Work { built_in: url.is_none(), settings, output: common.output })
    }

    /// What both kinds of receivers share.
    fn of_receiver(&self, config: &Config, profile: &str) -> Result<OfReceiver, Failure> {
        let common = self.common.resolve(config, profile)?;
        let alg = self.alg.or(config.alg).unwrap_or(Alg::Rs256);
        let key = self.key.as_ref().or(config.key.as_ref());
        let kid = self.kid.as_ref().or(config.kid.as_ref());
        let keys = keys::signing_keys(alg, key.map(PathBuf::as_path), kid.map(String::as_str))?;
        let mut catalogue = self.common.suites(config).load()?;
        if let Some(path) = self.set.as_ref().or(config.set.as_ref()) {
            let wrong = |why: String| Failure::usage(format!("--set {}: {why}", path.display()));
            let claims = serde_json::from_str(&keys::read(path, "--set")?).map_err(|error| wrong(error.to_string()))?;
            Arc::make_mut(&mut catalogue).fixtures.replace(GOOD_SET, &claims).map_err(wrong)?;
        }
        let audience = self.audience.clone().or(config.audience.clone()).unwrap_or_else(|| AUDIENCE.to_owned());
        let languages = if self.languages.is_empty() { &config.languages } else { &self.languages }.clone();
        let mut repeat = Repeat::new("setspec run receiver");
        repeat.option("audience", (audience != AUDIENCE).then_some(&audience));
        repeat.option("alg", (alg != Alg::Rs256).then_some(alg));
        repeat.option("set", self.set.as_ref().map(|path| path.display()));
        repeat.option("key", self.key.as_ref().map(|path| path.display()));
        repeat.option("kid", self.kid.as_ref());
        self.languages.iter().for_each(|language| repeat.option("language", Some(language)));
        Ok(OfReceiver { catalogue, audience, keys, common, languages, repeat })
    }
}
