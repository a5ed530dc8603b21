//! `setspec mock rp`: a relying party to develop an OpenID provider against.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use url::Url;

use super::deviations::DeviationArgs;
use super::op::show;
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::secret;
use crate::cli::console::{Failure, line, print, visible};
use crate::cli::keys::agreed;
use crate::cli::{keys, runtime, signals};
use crate::http::{Client, ClientOptions, Recorder, Roots};
use crate::peer::oidc::{Rp, RpOptions};
use crate::peer::tamper::Tamper;
use crate::run::outcome::ExitCode;
use crate::run::redact::Redactor;
use crate::set::jwe::{Agreed, DecryptionKey, KeyAlg};
use crate::set::{Alg, SigningKey};
use crate::suite::model::profile::Role;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RpArgs {
    /// The issuer of its OpenID provider.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8941")]
    listen: SocketAddr,
    /// Under which URL others reach it.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// Its client identifier at the provider.
    #[arg(long, value_name = "TEXT", default_value = "setspec-client")]
    client_id: String,
    /// Its client secret; a public client has none. `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Register at the provider rather than being registered there.
    #[arg(long, conflicts_with = "client_secret")]
    register: bool,
    /// The algorithm of ID Tokens that it registered.
    #[arg(long, default_value_t = Alg::Rs256)]
    alg: Alg,
    /// Have ID Tokens encrypted: `ALG` or `ALG/ENC`, such as RSA-OAEP/A256GCM. Goes with --register.
    #[arg(long, value_name = "ALG", value_parser = agreed, requires = "register")]
    encryption: Option<Agreed>,
    /// Trust these certificate authorities too (PEM).
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    deviations: DeviationArgs,
    #[command(flatten)]
    suites: SuiteArgs,
}

/// A new key for encrypted tokens.
fn encryption(args: &RpArgs) -> Result<Option<(DecryptionKey, Agreed)>, Failure> {
    let Some(agreed) = args.encryption else { return Ok(None) };
    let alg = if agreed.alg == KeyAlg::EcdhEs { Alg::Es256 } else { Alg::Rs256 };
    let key = SigningKey::generate(alg, "encryption").map_err(|error| Failure::internal(error.to_string()))?;
    let key = DecryptionKey::new(&key).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(Some((key, agreed)))
}

pub(super) fn main(args: RpArgs) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let tamper = args.deviations.tamper(&catalogue, Role::Rp)?;
    runtime()?.block_on(serve(args, tamper))
}

async fn serve(args: RpArgs, tamper: Tamper) -> Result<ExitCode, Failure> {
    let client_secret = args.client_secret.as_deref().map(|text| secret("--client-secret", text)).transpose()?;
    let mut redactor = Redactor::new();
    if let Some(secret) = &client_secret {
        redactor.add(secret.expose_secret());
    }
    let roots = match &args.ca {
        Some(path) => Roots::SystemAnd(keys::read(path, "--ca")?.into_bytes()),
        None => Roots::System,
    };
    let client = Client::new(ClientOptions { roots, ..ClientOptions::default() })
        .map_err(|error| Failure::usage(error.to_string()))?;
    let recorder = Recorder::new(64);
    let mut requests = recorder.subscribe();
    let rp = Rp::start(RpOptions {
        addr: args.listen,
        public_url: args.public_url.clone(),
        tls: None,
        issuer: args.issuer.clone(),
        client_id: args.client_id.clone(),
        client_secret,
        registers: args.register,
        alg: args.alg,
        encryption: encryption(&args)?,
        downstream: None,
        client,
        tamper,
        recorder,
    })
    .await
    .map_err(|error| Failure::usage(format!("cannot listen on {}: {error}", args.listen)))?;
    // Before the line that says that it is ready: from then on it leaves cleanly.
    let mut stop = std::pin::pin!(signals::stopped());
    print(&format!(
        "setspec mock rp is ready: {}\n  protected page  {}\n  redirect URI    {}\n  logout URI      {}\n",
        rp.login_url(),
        rp.protected_url(),
        rp.redirect_uri(),
        rp.logout_uri(),
    ));
    loop {
        tokio::select! {
            exchange = requests.next() => match exchange {
                Some(exchange) => {
                    show(&redactor, "", &exchange);
                    let refused = exchange.response.as_ref().filter(|response| response.status == 400);
                    if let Some(response) = refused {
                        line(&visible(&redactor.text(&format!("  answered: {}", response.body_text().trim_end()))));
                    }
                }
                None => break,
            },
            () = &mut stop => break,
        }
    }
    rp.shutdown().await;
    line("setspec mock rp has stopped");
    Ok(ExitCode::Conformant)
}
