//! `setspec mock receiver`: a strict push receiver that explains.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::deviations::DeviationArgs;
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::secret;
use crate::cli::console::{Failure, line, visible};
use crate::cli::{keys, runtime, signals};
use crate::http::{Exchange, Recorder, ServerTls};
use crate::peer::receiver::{PATH, Receiver, ReceiverOptions};
use crate::peer::tamper::Tamper;
use crate::run::judge::{Judge, Observed};
use crate::run::observe::judge_push;
use crate::run::outcome::ExitCode;
use crate::run::redact::Redactor;
use crate::run::settings::Timeouts;
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};
use crate::suite::Catalogue;
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReceiverArgs {
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8935")]
    listen: SocketAddr,
    /// Under which URL others reach it, for the line that says so.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
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
    audience: Option<String>,
    /// The whole value of the Authorization header that callers must present; `@FILE` reads it from a file.
    #[arg(long, value_name = "VALUE", env = "SETSPEC_AUTHORIZATION_HEADER", hide_env_values = true)]
    authorization_header: Option<String>,
    /// A language of its error descriptions; the first one is the default.
    #[arg(long = "language", value_name = "TAG", default_value = "en")]
    languages: Vec<String>,
    /// Serve https with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    deviations: DeviationArgs,
    /// Name every requirement that holds too.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(args: ReceiverArgs) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let tamper = args.deviations.tamper(&catalogue, Role::Receiver)?;
    runtime()?.block_on(serve(args, catalogue, tamper))
}

async fn serve(args: ReceiverArgs, catalogue: Arc<Catalogue>, tamper: Tamper) -> Result<ExitCode, Failure> {
    let authorization =
        args.authorization_header.as_deref().map(|text| secret("--authorization-header", text)).transpose()?;
    let mut redactor = Redactor::new();
    if let Some(secret) = &authorization {
        redactor.add(secret.expose_secret());
    }
    let (source, explaining_keys) = key_source(&args).await?;
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => {
            let (cert, key) = (keys::read(cert, "--tls-cert")?, keys::read(key, "--tls-key")?);
            Some(
                ServerTls::from_pem(cert.as_bytes(), key.as_bytes())
                    .map_err(|error| Failure::usage(error.to_string()))?,
            )
        }
        _ => None,
    };
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
        tamper,
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
    line(&format!("setspec mock receiver is ready: push SETs to {url}"));
    let explainer = Explainer::new(catalogue, explaining_keys, redactor, args.verbose);
    loop {
        tokio::select! {
            exchange = pushes.next() => match exchange {
                Some(exchange) => explainer.explain(&exchange).await,
                None => break,
            },
            () = &mut stop => break,
        }
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

/// Says of every push what is right and wrong with it.
struct Explainer {
    judge: Judge,
    keys: JwksSource,
    redactor: Redactor,
    verbose: bool,
}

impl Explainer {
    fn new(catalogue: Arc<Catalogue>, keys: JwksSource, redactor: Redactor, verbose: bool) -> Self {
        let requirements = catalogue.profiles.get("push-transmitter").map(|profile| catalogue.of_profile(profile));
        let judge = Judge::new(catalogue, requirements.unwrap_or_default(), &[Party::Issuer, Party::Transmitter]);
        Self { judge, keys, redactor, verbose }
    }

    async fn explain(&self, exchange: &Exchange) {
        let status = exchange.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let request = &exchange.request;
        line(&self.safe(&format!("{} {} {} -> {status}", exchange.id, request.method, request.target)));
        if let Some(failure) = &exchange.failure {
            line(&self.safe(&format!("  {}", failure.message)));
            return;
        }
        if let Some(answer) =
            exchange.response.as_ref().map(crate::http::Response::body_text).filter(|text| !text.is_empty())
        {
            line(&self.safe(&format!("  answered: {answer}")));
        }
        if request.target != PATH || request.method == "GET" {
            return;
        }
        let keys = self.keys.keys_for(None).await.unwrap_or_else(|_| Jwks::default());
        let (scope, seen) = judge_push(&self.judge, exchange, &keys, &Timeouts::default());
        if let Some(claims) = scope.get("set").and_then(|set| set.get("claims")).filter(|claims| claims.is_object()) {
            line(&self.safe(&format!("  claims: {claims}")));
        }
        let signature = scope.get("set").and_then(|set| set.get("signature")).and_then(Value::as_str);
        line(&format!("  signature: {}", signature.unwrap_or("-")));
        let held = seen.iter().filter(|seen| !matches!(seen.result, Observed::Broken(_))).count();
        line(&format!("  right: {held} expectations hold"));
        if self.verbose {
            let held = seen.iter().filter(|seen| matches!(seen.result, Observed::Held));
            let ids: BTreeSet<&str> =
                held.map(|seen| self.judge.catalogue().requirements[seen.requirement].id.as_str()).collect();
            ids.iter().for_each(|id| line(&format!("    {id}")));
        }
        for observation in &seen {
            let Observed::Broken(explanation) = &observation.result else { continue };
            let requirement = &self.judge.catalogue().requirements[observation.requirement];
            if requirement.level == crate::suite::model::section::Level::May {
                continue;
            }
            let word = if requirement.breach_is_violation() { "WRONG" } else { "doubtful" };
            line(&format!("  {word}: {} ({}): {}", requirement.id, requirement.level.name(), requirement.text));
            line(&self.safe(&format!("    expected: {}", explanation.expected)));
            line(&self.safe(&format!("    got:      {}", explanation.actual)));
            line(&format!("    {}", requirement.link));
        }
    }

    /// Without secrets and control characters.
    fn safe(&self, text: &str) -> String {
        visible(&self.redactor.text(text))
    }
}
