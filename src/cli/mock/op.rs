//! `setspec mock op`: an OpenID provider to develop a relying party against.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret;
use url::Url;

use super::deviations::DeviationArgs;
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::secret;
use crate::cli::console::{Failure, line, print, visible};
use crate::cli::{keys, runtime, signals};
use crate::http::{Client, ClientOptions, Exchange, Recorder, Roots};
use crate::peer::oidc::{Op, OpOptions, RegisteredClient};
use crate::peer::tamper::Tamper;
use crate::run::outcome::ExitCode;
use crate::run::redact::Redactor;
use crate::set::Alg;
use crate::suite::model::profile::Role;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct OpArgs {
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8940")]
    listen: SocketAddr,
    /// Under which URL others reach it, and its issuer.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// The client identifier of the relying party.
    #[arg(long, value_name = "TEXT", default_value = "setspec-client")]
    client_id: String,
    /// Its client secret, any unless given; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Where browsers may be sent back to; anywhere unless given.
    #[arg(long = "redirect-uri", value_name = "URL")]
    redirect_uris: Vec<String>,
    /// The logout URI of the relying party (`backchannel_logout_uri`).
    #[arg(long, value_name = "URL")]
    logout: Option<Url>,
    /// The user who logs in, unless the relying party sends a login_hint.
    #[arg(long, value_name = "SUB", default_value = "user")]
    user: String,
    /// The algorithm that tokens are signed with.
    #[arg(long, default_value_t = Alg::Rs256)]
    alg: Alg,
    /// Sign with this key (PEM or JWK) rather than with a new one.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The key id of tokens.
    #[arg(long)]
    kid: Option<String>,
    /// Trust these certificate authorities too (PEM).
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    deviations: DeviationArgs,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(args: OpArgs) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let tamper = args.deviations.tamper(&catalogue, Role::Op)?;
    runtime()?.block_on(serve(args, tamper))
}

async fn serve(args: OpArgs, tamper: Tamper) -> Result<ExitCode, Failure> {
    let client_secret = args.client_secret.as_deref().map(|text| secret("--client-secret", text)).transpose()?;
    let mut redactor = Redactor::new();
    if let Some(secret) = &client_secret {
        redactor.add(secret.expose_secret());
    }
    let keys = keys::signing_keys(args.alg, args.key.as_deref(), args.kid.as_deref())?;
    let roots = match &args.ca {
        Some(path) => Roots::SystemAnd(keys::read(path, "--ca")?.into_bytes()),
        None => Roots::System,
    };
    let client = Client::new(ClientOptions { roots, ..ClientOptions::default() })
        .map_err(|error| Failure::usage(error.to_string()))?;
    let (recorder, logouts) = (Recorder::new(64), Recorder::new(64));
    let (mut requests, mut told) = (recorder.subscribe(), logouts.subscribe());
    let op = Op::start(OpOptions {
        addr: args.listen,
        public_url: args.public_url.clone(),
        key: keys.good,
        other_key: keys.other,
        clients: vec![RegisteredClient {
            id: args.client_id.clone(),
            secret: client_secret,
            redirect_uris: args.redirect_uris.clone(),
            logout_uri: args.logout.clone(),
            encryption: None,
            refreshes: true,
        }],
        user: args.user.clone(),
        client,
        tamper,
        recorder,
        logouts,
    })
    .await
    .map_err(|error| Failure::usage(format!("cannot listen on {}: {error}", args.listen)))?;
    // Before the line that says that it is ready: from then on it leaves cleanly.
    let mut stop = std::pin::pin!(signals::stopped());
    let issuer = op.issuer();
    print(&format!(
        "setspec mock op is ready: {issuer}\n  issuer          {issuer}\n  configuration   {}\n  client id       {}\n  end a session   {}\n",
        op.metadata_url(),
        args.client_id,
        op.end_session_endpoint(),
    ));
    loop {
        tokio::select! {
            exchange = requests.next() => match exchange {
                Some(exchange) => show(&redactor, "", &exchange),
                None => break,
            },
            exchange = told.next() => match exchange {
                Some(exchange) => show(&redactor, "logout request: ", &exchange),
                None => break,
            },
            () = &mut stop => break,
        }
    }
    op.shutdown().await;
    line("setspec mock op has stopped");
    Ok(ExitCode::Conformant)
}

/// One line an exchange. Queries hold codes, and are not shown.
pub(super) fn show(redactor: &Redactor, what: &str, exchange: &Arc<Exchange>) {
    let status = exchange.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let request = &exchange.request;
    let target = request.target.split('?').next().unwrap_or_default();
    line(&visible(&redactor.text(&format!("{} {what}{} {target} -> {status}", exchange.id, request.method))));
    if let Some(failure) = &exchange.failure {
        line(&visible(&redactor.text(&format!("  {}", failure.message))));
    }
}
