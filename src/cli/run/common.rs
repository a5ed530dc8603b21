//! The options that the runs of both roles have, and what they mean together with the configuration file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::repeat::Repeat;
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::Config;
use crate::cli::console::Failure;
use crate::cli::keys;
use crate::http::Roots;
use crate::report::record::ConfigPlace;
use crate::run::plan::Selection;
use crate::run::settings::{InteropRevision, Timeouts};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CommonArgs {
    /// A file with these options as keys; setspec.toml is found by itself.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The profile to judge by.
    #[arg(long)]
    pub profile: Option<String>,
    /// The revision of the CAEP Interoperability Profile, for profiles with it [default: certified].
    #[arg(long, value_enum, value_name = "REVISION")]
    pub interop: Option<InteropRevision>,
    /// Only requirements and cases whose id matches: a part of it, or `*` for any text.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// Leave out requirements and cases whose id matches.
    #[arg(long, value_name = "PATTERN")]
    pub skip: Vec<String>,
    /// Print the requirements and cases that would run, and stop.
    #[arg(long)]
    pub list: bool,
    /// Where we listen: with our keys for a receiver, with push endpoints for a transmitter [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Under which URL the target reaches that address.
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
    /// Write SARIF 2.1.0 to this file.
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Write a summary in Markdown to this file, short enough for a comment on a pull request.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Known violations: they pass, new ones fail, and entries that no longer fail or have expired fail too.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Say more: every case and its exchanges.
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say only what is wrong, and the verdict.
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub suites: SuiteArgs,
}

/// What these options and the file come to.
pub(super) struct Common {
    pub profile: String,
    pub interop: InteropRevision,
    pub selection: Selection,
    pub listen: SocketAddr,
    pub public_url: Option<Url>,
    pub roots: Roots,
    pub insecure: bool,
    pub deployed: bool,
    pub timeouts: Timeouts,
    pub jobs: Option<usize>,
    pub strict: bool,
    pub output: Output,
}

/// Where reports go, and what is known beforehand.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub reports: PathBuf,
    pub junit: Option<PathBuf>,
    pub sarif: Option<PathBuf>,
    pub markdown: Option<PathBuf>,
    pub baseline: Option<PathBuf>,
    /// Where the target is configured.
    pub config: Option<ConfigPlace>,
}

impl CommonArgs {
    /// Whether only what is wrong is said.
    pub fn quiet(&self, config: &Config) -> bool {
        self.quiet || (!self.verbose && config.quiet == Some(true))
    }

    /// Whether every case and exchange is said.
    pub fn verbose(&self, config: &Config) -> bool {
        self.verbose || (!self.quiet && config.verbose == Some(true))
    }

    /// The suites that are used.
    pub fn suites(&self, config: &Config) -> SuiteArgs {
        let chosen = if self.suites.extra_suites.is_empty() { &config.extra_suites } else { &self.suites.extra_suites };
        SuiteArgs { suites: self.suites.suites.clone().or(config.suites.clone()), extra_suites: chosen.clone() }
    }

    /// Options win over the file, the file over defaults.
    pub(super) fn resolve(&self, config: &Config, profile: &str) -> Result<Common, Failure> {
        if config.quiet == Some(true) && config.verbose == Some(true) {
            return Err(Failure::usage("--verbose: expected it or --quiet, got both"));
        }
        let response = seconds("--timeout", self.timeout.or(config.timeout))?.unwrap_or(Timeouts::default().response);
        let chosen = |ours: &Vec<String>, theirs: &Vec<String>| if ours.is_empty() { theirs } else { ours }.clone();
        Ok(Common {
            profile: self.profile.clone().or(config.profile.clone()).unwrap_or_else(|| profile.to_owned()),
            interop: self.interop.or(config.interop).unwrap_or_default(),
            selection: Selection { only: chosen(&self.only, &config.only), skip: chosen(&self.skip, &config.skip) },
            listen: self.listen.or(config.listen).unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into()),
            public_url: self.public_url.clone().or(config.public_url.clone()),
            roots: match self.ca.as_ref().or(config.ca.as_ref()) {
                Some(path) => Roots::SystemAnd(keys::read(path, "--ca")?.into_bytes()),
                None => Roots::System,
            },
            insecure: self.insecure || config.insecure.unwrap_or(false),
            deployed: self.deployed || config.deployed.unwrap_or(false),
            timeouts: Timeouts { response, prompt: Timeouts::default().prompt.min(response), ..Timeouts::default() },
            jobs: self.jobs.or(config.jobs).map(|jobs| jobs.clamp(1, 64)),
            strict: self.strict || config.strict.unwrap_or(false),
            output: Output {
                reports: self.reports.clone().or(config.reports.clone()).unwrap_or_else(|| PathBuf::from("reports")),
                junit: self.junit.clone().or(config.junit.clone()),
                sarif: self.sarif.clone().or(config.sarif.clone()),
                markdown: self.markdown.clone().or(config.markdown.clone()),
                baseline: self.baseline.clone().or_else(|| config.baseline.as_deref().map(|path| config.beside(path))),
                config: config.place_of_target(),
            },
        })
    }

    /// Those that a repeated run needs; the selection is added to each command.
    pub(super) fn repeat(&self, repeat: &mut Repeat) {
        repeat.option("profile", self.profile.as_ref());
        repeat.value("interop", self.interop);
        repeat.option("listen", self.listen);
        repeat.option("public-url", self.public_url.as_ref());
        repeat.option("ca", self.ca.as_ref().map(|path| path.display()));
        repeat.flag("insecure", self.insecure);
        repeat.flag("deployed", self.deployed);
        repeat.option("timeout", self.timeout);
        repeat.option("config", self.config.as_ref().map(|path| path.display()));
        repeat.option("suites", self.suites.suites.as_ref().map(|path| path.display()));
        for dir in &self.suites.extra_suites {
            repeat.option("extra-suites", Some(dir.display()));
        }
    }
}

/// A length of time, if there is one.
pub(super) fn seconds(option: &str, value: Option<f64>) -> Result<Option<Duration>, Failure> {
    match value {
        None => Ok(None),
        Some(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(Some(Duration::from_secs_f64(seconds))),
        Some(_) => Err(Failure::usage(format!("{option}: expected seconds, more than 0 and at most 3600"))),
    }
}

/// A URL that can be asked, and in which no credential stands.
pub(in crate::cli) fn web_url(what: &str, url: &Url) -> Result<(), Failure> {
    if !url.username().is_empty() || url.password().is_some() {
        // It is not repeated: a password is in it.
        return Err(Failure::usage(format!("{what}: expected a URL without user and password, which are never sent")));
    }
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Failure::usage(format!("{what}: expected an http or https URL, got {url}")));
    }
    Ok(())
}
