//! `setspec mock receiver`: a strict push receiver that explains, or one that visits a transmitter.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::deviations::DeviationArgs;
use super::explain::Explainer;
use super::ui::of_receiver::{self, ReceiverDesk};
use super::ui::{Deviations, Part, Teller, Ui, UiArgs};
use super::visitor::{self, VisitorArgs};
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::secret;
use crate::cli::console::{Failure, line};
use crate::cli::{keys, runtime, signals};
use crate::http::{Recorder, ServerTls};
use crate::peer::receiver::{PATH, Receiver, ReceiverOptions};
use crate::peer::tamper::{Switch, Tamper};
use crate::run::outcome::ExitCode;
use crate::run::redact::Redactor;
use crate::run::watch::Bench;
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReceiverArgs {
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8935")]
    pub(super) listen: SocketAddr,
    /// Under which URL others reach it.
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<Url>,
    /// The issuer that it takes SETs from.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The keys of the issuer: a file with a JWK Set.
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// The keys of the issuer: a URL. Unless given, it is looked up in the discovery document of the issuer.
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<Url>,
    /// The audience that it goes by.
    #[arg(long, value_name = "TEXT")]
    pub(super) audience: Option<String>,
    /// The whole value of the Authorization header that callers must present; `@FILE` reads it from a file.
    #[arg(long, value_name = "VALUE", env = "SETSPEC_AUTHORIZATION_HEADER", hide_env_values = true)]
    pub(super) authorization_header: Option<String>,
    /// A language of its error descriptions; the first one is the default.
    #[arg(long = "language", value_name = "TAG", default_value = "en")]
    pub(super) languages: Vec<String>,
    /// Serve https with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub(super) visitor: VisitorArgs,
    #[command(flatten)]
    pub(super) ui: UiArgs,
    #[command(flatten)]
    pub(super) deviations: DeviationArgs,
    /// Name every requirement that holds too.
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(args: ReceiverArgs) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let deviations = args.deviations.chosen(&catalogue, Role::Receiver)?;
    if args.visitor.is_wanted()? {
        let foreign = [
            (args.issuer.is_some(), "--issuer"),
            (args.jwks.is_some(), "--jwks"),
            (args.jwks_uri.is_some(), "--jwks-uri"),
        ];
        if let Some((_, option)) = foreign.iter().find(|(given, _)| *given) {
            return Err(Failure::usage(format!("{option}: the metadata of the --transmitter say that")));
        }
        return visitor::main(args, catalogue, deviations);
    }
    runtime()?.block_on(serve(args, catalogue, deviations))
}

impl ReceiverArgs {
    /// What the endpoint shows to its callers, where it serves https.
    pub fn certificate(&self) -> Result<Option<ServerTls>, Failure> {
        let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let (cert, key) = (keys::read(cert, "--tls-cert")?, keys::read(key, "--tls-key")?);
        let tls = ServerTls::from_pem(cert.as_bytes(), key.as_bytes());
        tls.map(Some).map_err(|error| Failure::usage(error.to_string()))
    }

    /// What callers have to come with.
    pub fn authorization(&self) -> Result<Option<SecretString>, Failure> {
        self.authorization_header.as_deref().map(|text| secret("--authorization-header", text)).transpose()
    }
}

async fn serve(args: ReceiverArgs, catalogue: Arc<Catalogue>, deviations: Vec<Deviation>) -> Result<ExitCode, Failure> {
    let authorization = args.authorization()?;
    let mut redactor = Redactor::new();
    if let Some(secret) = &authorization {
        redactor.add(secret.expose_secret());
    }
    let (source, explaining_keys) = key_source(&args).await?;
    let tls = args.certificate()?;
    let switch = Switch::from(Tamper::new(deviations.iter().cloned()));
    let recorder = Recorder::new(64);
    let mut pushes = recorder.subscribe();
    let receiver = Receiver::start(ReceiverOptions {
        addr: args.listen,
        tls,
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        keys: source,
        authorization,
        languages: args.languages.clone(),
        tamper: switch.clone(),
        recorder,
    })
    .await
    .map_err(|error| Failure::usage(format!("cannot listen on {}: {error}", args.listen)))?;
    // Before the line that says that it is ready: from then on it leaves cleanly.
    let mut stop = std::pin::pin!(signals::stopped());
    let url = match &args.public_url {
        Some(url) => format!("{}{PATH}", url.as_str().trim_end_matches('/')),
        None => receiver.url(),
    };
    let page = match args.ui.ui {
        Some(addr) => {
            let redactor = Arc::new(RwLock::new(redactor.clone()));
            let fits = of_receiver::fits;
            let deviations =
                Deviations::new(catalogue.clone(), Role::Receiver, vec![Part { fits, switch }], deviations);
            let teller = Arc::new(Teller::new(catalogue.clone(), redactor, Arc::new(deviations)));
            let (issuer, audience) = (args.issuer.clone(), args.audience.clone());
            let desk = Arc::new(ReceiverDesk { url: url.clone(), issuer, audience });
            Some((Ui::start(addr, desk, teller.clone()).await?, teller))
        }
        None => None,
    };
    line(&format!("setspec mock receiver is ready: push SETs to {url}"));
    if let Some((ui, _)) = &page {
        line(&ui.line());
    }
    let bench = Bench::new(&catalogue, &["push-transmitter", "set"]);
    let issuer = args.issuer.as_deref().unwrap_or_default();
    let explainer = Explainer::new(catalogue, "push-transmitter", redactor, args.verbose);
    loop {
        tokio::select! {
            exchange = pushes.next() => match exchange {
                Some(exchange) => {
                    let keys = explaining_keys.keys_for(None).await.unwrap_or_else(|_| Jwks::default());
                    explainer.push(&exchange, &keys);
                    if let Some((_, teller)) = &page {
                        of_receiver::pushed(&bench, teller, issuer, &keys, &exchange);
                    }
                }
                None => break,
            },
            () = &mut stop => break,
        }
    }
    if let Some((ui, _)) = page {
        ui.shutdown().await;
    }
    receiver.shutdown().await;
    line("setspec mock receiver has stopped");
    Ok(ExitCode::Conformant)
}

/// The keys that the receiver verifies with, and the same once more for the explanations.
async fn key_source(args: &ReceiverArgs) -> Result<(JwksSource, JwksSource), Failure> {
    if let Some(path) = &args.jwks {
        keys::jwks(path)?;
        return Ok((JwksSource::File(path.clone()), JwksSource::File(path.clone())));
    }
    let url = match (&args.jwks_uri, &args.issuer) {
        (Some(url), _) => url.clone(),
        (None, Some(issuer)) => discover(issuer).await?,
        (None, None) => {
            return Err(Failure::usage("nobody's keys are known")
                .with_advice("give --jwks-uri URL, --jwks FILE, or an --issuer with a discovery document"));
        }
    };
    let remote = |url: Url| {
        RemoteJwks::with_default_client(url).map(JwksSource::remote).map_err(|error| Failure::usage(error.to_string()))
    };
    Ok((remote(url.clone())?, remote(url)?))
}

/// Looks up the key set in the discovery document of an issuer (SSF section 7.2.1).
async fn discover(issuer: &str) -> Result<Url, Failure> {
    let unreachable = |why: String| Failure {
        code: ExitCode::Inconclusive,
        message: format!("the keys of {issuer} cannot be discovered: {why}"),
        advice: Some("give --jwks-uri URL or --jwks FILE".to_owned()),
    };
    let mut url = Url::parse(issuer).map_err(|error| unreachable(error.to_string()))?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/ssf-configuration{path}"));
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .map_err(|error| unreachable(error.to_string()))?;
    let answer = client.get(url.clone()).send().await.map_err(|error| unreachable(error.to_string()))?;
    let document: Value = answer.json().await.map_err(|error| unreachable(format!("{url}: {error}")))?;
    let jwks_uri = document.get("jwks_uri").and_then(Value::as_str);
    jwks_uri.and_then(|uri| Url::parse(uri).ok()).ok_or_else(|| unreachable(format!("{url} has no jwks_uri")))
}
