//! The options of `run receiver`, and what they mean together with the configuration file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::{Config, secret};
use crate::cli::console::Failure;
use crate::cli::keys;
use crate::http::Roots;
use crate::run::plan::Selection;
use crate::run::receiver::GOOD_SET;
use crate::run::settings::{ReceiverSettings, Timeouts};
use crate::set::Alg;
use crate::suite::Catalogue;
use crate::suite::model::profile::Role;

/// The audience unless one is given.
const AUDIENCE: &str = "https://receiver.example.com";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReceiverArgs {
    /// Where the receiver takes SETs.
    #[arg(value_name = "PUSH_URL")]
    pub url: Option<Url>,
    /// A file with these options as keys; setspec.toml is found by itself.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The profile to judge by.
    #[arg(long)]
    pub profile: Option<String>,
    /// Only requirements and cases whose id matches: a part of it, or `*` for any text.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// Leave out requirements and cases whose id matches.
    #[arg(long, value_name = "PATTERN")]
    pub skip: Vec<String>,
    /// Print the requirements and cases that would run, and stop.
    #[arg(long)]
    pub list: bool,
    /// The issuer that the receiver trusts; the address of our own discovery document unless given.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// The audience that the receiver goes by.
    #[arg(long, value_name = "TEXT")]
    pub audience: Option<String>,
    /// The whole value of the Authorization header that the receiver expects; `@FILE` reads it from a file.
    #[arg(long, value_name = "VALUE", env = "SETSPEC_AUTHORIZATION_HEADER", hide_env_values = true)]
    pub authorization_header: Option<String>,
    /// A language in which the receiver describes errors; give every one, its default first.
    #[arg(long = "language", value_name = "TAG")]
    pub languages: Vec<String>,
    /// The claims of a SET that the receiver takes (JSON; may contain `${issuer}`, `${audience}`, `${now()}`,
    /// `${uuid()}`), in place of a CAEP session-revoked event.
    #[arg(long, value_name = "FILE")]
    pub set: Option<PathBuf>,
    /// The algorithm that SETs are signed with [default: RS256].
    #[arg(long)]
    pub alg: Option<Alg>,
    /// Sign with this key (PEM or JWK; for HS256 also the secret as text) rather than with a new one.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The key id of SETs.
    #[arg(long)]
    pub kid: Option<String>,
    /// Where our discovery document and our keys are served [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Under which URL the receiver reaches that address.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Trust these certificate authorities too (PEM).
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Do not check certificates.
    #[arg(long)]
    pub insecure: bool,
    /// Judge plain http on a loopback address like a deployed endpoint.
    #[arg(long)]
    pub deployed: bool,
    /// How many cases run side by side [default: 4].
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Seconds that an answer may take [default: 10].
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<f64>,
    /// Warnings count as violations.
    #[arg(long)]
    pub strict: bool,
    /// Where reports are written [default: reports].
    #[arg(long, value_name = "DIR")]
    pub reports: Option<PathBuf>,
    /// Write the JUnit report to this file too.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Say more: every case and its exchanges.
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say only what is wrong, and the verdict.
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub suites: SuiteArgs,
}

/// What the options and the file come to.
pub(in crate::cli) struct Resolved {
    pub settings: ReceiverSettings,
    /// Whether the built-in receiver is judged.
    pub built_in: bool,
    pub reports: PathBuf,
    pub junit: Option<PathBuf>,
}

impl ReceiverArgs {
    /// Options win over the file, the file over defaults.
    pub fn resolve(&self, mut catalogue: Arc<Catalogue>) -> Result<Resolved, Failure> {
        let config = Config::find(self.config.as_deref())?;
        if let Some(path) = self.set.as_ref().or(config.set.as_ref()) {
            let wrong = |why: String| Failure::usage(format!("--set {}: {why}", path.display()));
            let claims = serde_json::from_str(&keys::read(path, "--set")?).map_err(|error| wrong(error.to_string()))?;
            Arc::make_mut(&mut catalogue).fixtures.replace(GOOD_SET, &claims).map_err(wrong)?;
        }
        if config.role.is_some_and(|role| role != Role::Receiver) {
            return Err(Failure::usage("the configuration file is for a transmitter"));
        }
        let url = self.url.clone().or(config.url);
        if let Some(url) = &url
            && (!matches!(url.scheme(), "http" | "https") || !url.has_host())
        {
            return Err(Failure::usage(format!("{url}: expected an http or https URL")));
        }
        let authorization = match (&self.authorization_header, &config.authorization_header) {
            (Some(text), _) => Some(secret("--authorization-header", text)?),
            (None, Some(reference)) => Some(reference.resolve("authorization-header")?),
            (None, None) => None,
        };
        let alg = self.alg.or(config.alg).unwrap_or(Alg::Rs256);
        let key = self.key.clone().or(config.key);
        let kid = self.kid.clone().or(config.kid);
        let keys = keys::signing_keys(alg, key.as_deref(), kid.as_deref())?;
        let profile = self.profile.clone().or(config.profile).unwrap_or_else(|| "push-receiver".to_owned());
        let audience = self.audience.clone().or(config.audience).unwrap_or_else(|| AUDIENCE.to_owned());
        let issuer = self.issuer.clone().or(config.issuer);
        let seconds = self.timeout.or(config.timeout).unwrap_or(10.0);
        if !(seconds > 0.0 && seconds <= 3600.0) {
            return Err(Failure::usage("--timeout: expected seconds, more than 0 and at most 3600"));
        }
        let response = Duration::from_secs_f64(seconds);
        let built_in = url.is_none();
        let settings = ReceiverSettings {
            command: self.command(url.as_ref(), issuer.as_deref(), &audience, alg, authorization.as_ref()),
            catalogue,
            profile,
            url: match url {
                Some(url) => url,
                None => Url::parse("http://127.0.0.1/").map_err(|error| Failure::internal(error.to_string()))?,
            },
            issuer,
            audience,
            authorization,
            languages: if self.languages.is_empty() { config.languages } else { self.languages.clone() },
            key: keys.good,
            other_key: keys.other,
            listen: self.listen.or(config.listen).unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into()),
            public_url: self.public_url.clone().or(config.public_url),
            roots: match self.ca.clone().or(config.ca) {
                Some(path) => Roots::SystemAnd(keys::read(&path, "--ca")?.into_bytes()),
                None => Roots::System,
            },
            insecure: self.insecure || config.insecure.unwrap_or(false),
            deployed: self.deployed || config.deployed.unwrap_or(false),
            timeouts: Timeouts { response, prompt: Timeouts::default().prompt.min(response), ..Timeouts::default() },
            jobs: self.jobs.or(config.jobs).unwrap_or(4).clamp(1, 64),
            strict: self.strict || config.strict.unwrap_or(false),
            selection: Selection {
                only: if self.only.is_empty() { config.only } else { self.only.clone() },
                skip: if self.skip.is_empty() { config.skip } else { self.skip.clone() },
            },
        };
        Ok(Resolved {
            settings,
            built_in,
            reports: self.reports.clone().or(config.reports).unwrap_or_else(|| PathBuf::from("reports")),
            junit: self.junit.clone().or(config.junit),
        })
    }

    /// The command that repeats the run; the credential comes from the environment there.
    fn command(
        &self,
        url: Option<&Url>,
        issuer: Option<&str>,
        audience: &str,
        alg: Alg,
        authorization: Option<&SecretString>,
    ) -> String {
        let mut words = vec!["setspec run receiver".to_owned()];
        words.extend(url.map(|url| quoted(url.as_str())));
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("--{name} {}", quoted(&value))));
        };
        option("issuer", issuer.map(str::to_owned));
        option("audience", (audience != AUDIENCE).then(|| audience.to_owned()));
        option("alg", (alg != Alg::Rs256).then(|| alg.to_string()));
        option("set", self.set.as_ref().map(|path| path.display().to_string()));
        option("key", self.key.as_ref().map(|path| path.display().to_string()));
        option("kid", self.kid.clone());
        option("listen", self.listen.map(|addr| addr.to_string()));
        option("public-url", self.public_url.as_ref().map(Url::to_string));
        option("ca", self.ca.as_ref().map(|path| path.display().to_string()));
        option("config", self.config.as_ref().map(|path| path.display().to_string()));
        for language in &self.languages {
            words.push(format!("--language {}", quoted(language)));
        }
        if authorization.is_some() && self.authorization_header.is_some() {
            words.push("--authorization-header \"$SETSPEC_AUTHORIZATION_HEADER\"".to_owned());
        }
        words.join(" ")
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
