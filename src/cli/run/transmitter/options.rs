//! The options of `run transmitter`, and what they mean together with the configuration file.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Work;
use super::credentials::CredentialArgs;
use super::scim::ScimArgs;
use super::trigger::TriggerArgs;
use crate::cli::config::{Config, Delivery};
use crate::cli::console::Failure;
use crate::cli::keys;
use crate::cli::run::common::{Common, CommonArgs, seconds, web_url};
use crate::cli::run::repeat::Repeat;
use crate::run::settings::Timeouts;
use crate::run::transmitter::settings::TransmitterSettings;
use crate::set::Alg;
use crate::suite::model::case::Method;

/// How long nothing has to come from the built-in transmitter: it shares our processor and delays nothing.
const BUILT_IN_QUIET: Duration = Duration::from_millis(150);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TransmitterArgs {
    /// The issuer of the transmitter, as its metadata have to name it.
    #[arg(value_name = "ISSUER")]
    issuer: Option<String>,
    /// Where its metadata are, if not at the well-known place of the issuer.
    #[arg(long, value_name = "URL")]
    metadata_url: Option<Url>,
    /// By which methods it delivers, of those that it offers [default: each].
    #[arg(long, value_enum)]
    delivery: Option<Delivery>,
    #[command(flatten)]
    credentials: CredentialArgs,
    /// Verify SETs by these keys (a JWK Set) rather than by those that the metadata name.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    #[command(flatten)]
    scim: ScimArgs,
    #[command(flatten)]
    trigger: TriggerArgs,
    /// Seconds without anything that count as nothing [default: 2].
    #[arg(long, value_name = "SECONDS")]
    patience: Option<f64>,
    /// Seconds that a delivery may take [default: 30].
    #[arg(long, value_name = "SECONDS")]
    delivery_timeout: Option<f64>,
    /// Seconds that the transmitter is said to hold a poll open.
    #[arg(long, value_name = "SECONDS")]
    long_poll: Option<f64>,
    /// Delete a stream that is there already, where the transmitter allows one only.
    #[arg(long)]
    take_over: bool,
    /// The algorithm that the built-in transmitter signs with [default: RS256].
    #[arg(long)]
    alg: Option<Alg>,
    #[command(flatten)]
    pub common: CommonArgs,
}

impl TransmitterArgs {
    pub fn resolve(&self, config: &Config) -> Result<Work, Failure> {
        let issuer = self.issuer.clone().or(config.issuer.clone());
        if let Some(issuer) = &issuer {
            check_issuer(issuer)?;
        }
        let metadata_url = self.metadata_url.clone().or(config.metadata_url.clone());
        metadata_url.as_ref().map_or(Ok(()), |url| web_url("--metadata-url", url))?;
        let alg = self.alg.or(config.alg);
        let scim = self.scim.resolve(config, issuer.is_none())?;
        let is_built_in = issuer.is_none() && scim.is_none();
        if !is_built_in && alg.is_some() {
            return Err(Failure::usage("--alg is for the built-in transmitter; another one signs as it likes"));
        }
        let usual = if scim.is_some() { "scim-transmitter" } else { "ssf-transmitter" };
        let common = self.common.resolve(config, usual)?;
        let timeouts = self.timeouts(config, &common, is_built_in)?;
        let credentials = self.credentials.resolve(config)?;
        let trigger = self.trigger.resolve(config, &common)?;
        let jwks = self.jwks.as_ref().or(config.jwks.as_ref()).map(|path| keys::jwks(path)).transpose()?;
        let long_poll = seconds("--long-poll", self.long_poll.or(config.long_poll))?;
        let Common {
            profile,
            interop,
            selection,
            listen,
            public_url,
            roots,
            insecure,
            deployed,
            jobs,
            strict,
            output,
            ..
        } = common;
        let built_in = is_built_in.then(|| alg.unwrap_or(Alg::Rs256));
        let settings = TransmitterSettings {
            command: self.command(issuer.as_deref()),
            catalogue: self.common.suites(config).load()?,
            profile,
            interop,
            // That of the built-in transmitter is known when it listens.
            issuer: issuer.or(scim.as_ref().map(|scim| scim.url.to_string())).unwrap_or_default(),
            metadata_url,
            credential: credentials.first,
            second: credentials.second,
            limited: credentials.limited,
            delivery: match self.delivery.or(config.delivery) {
                Some(Delivery::Push) => vec![Method::Push],
                Some(Delivery::Poll) => vec![Method::Poll],
                Some(Delivery::Each) | None => vec![Method::Push, Method::Poll],
            },
            listen,
            public_url,
            jwks,
            scim,
            hook: trigger.hook,
            events: trigger.events,
            subjects: trigger.subjects,
            take_over: self.take_over || config.take_over.unwrap_or(false),
            roots,
            insecure,
            deployed,
            timeouts,
            long_poll,
            jobs: jobs.unwrap_or(if built_in.is_some() { 8 } else { 4 }),
            strict,
            selection,
        };
        Ok(Work { settings, built_in, output, quiet: self.common.quiet || self.common.list })
    }

    fn timeouts(&self, config: &Config, common: &Common, built_in: bool) -> Result<Timeouts, Failure> {
        let quiet = seconds("--patience", self.patience.or(config.patience))?;
        let delivery = seconds("--delivery-timeout", self.delivery_timeout.or(config.delivery_timeout))?;
        let usual = if built_in { BUILT_IN_QUIET } else { common.timeouts.quiet };
        Ok(Timeouts {
            quiet: quiet.unwrap_or(usual),
            delivery: delivery.unwrap_or(common.timeouts.delivery),
            ..common.timeouts
        })
    }

    /// The command that repeats the run; what the file says is found there again.
    fn command(&self, issuer: Option<&str>) -> String {
        let mut repeat = Repeat::new("setspec run transmitter");
        repeat.word(issuer);
        repeat.option("metadata-url", self.metadata_url.as_ref());
        self.credentials.repeat(&mut repeat);
        repeat.option("jwks", self.jwks.as_ref().map(|path| path.display()));
        self.scim.repeat(&mut repeat);
        self.trigger.repeat(&mut repeat);
        repeat.option("patience", self.patience);
        repeat.option("delivery-timeout", self.delivery_timeout);
        repeat.option("long-poll", self.long_poll);
        repeat.flag("take-over", self.take_over);
        repeat.option("alg", self.alg);
        self.common.repeat(&mut repeat);
        repeat.finish()
    }
}

/// An issuer is compared as text, so it is taken as it was written.
fn check_issuer(issuer: &str) -> Result<(), Failure> {
    let url = Url::parse(issuer)
        .map_err(|error| Failure::usage(format!("ISSUER {issuer:?}: expected an http or https URL ({error})")))?;
    web_url("ISSUER", &url)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Failure::usage(format!(
            "ISSUER {issuer:?}: expected a URL without query and fragment (SSF section 7.1)"
        )));
    }
    Ok(())
}
