//! `setspec mock transmitter`: a Shared Signals transmitter to develop a receiver against.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::deviations::DeviationArgs;
use super::ui::of_transmitter::{self, Scene, TransmitterDesk};
use super::ui::{Deviations, Part, Teller, Ui, UiArgs};
use super::welcome::{self, Guest};
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config::secret;
use crate::cli::console::{Failure, line, print, visible};
use crate::cli::{keys, runtime, signals};
use crate::http::{Client, ClientOptions, Exchange, Recorder, ServerTls};
use crate::peer::scim::{ScimOptions, ScimProvider};
use crate::peer::ssf::{
    ClientCredentials, DefaultSubjects, Happening, ReceiverAccount, SsfOptions, SsfTransmitter, StartError, Tampered,
    events,
};
use crate::peer::tamper::{Switch, Tamper};
use crate::run::outcome::ExitCode;
use crate::run::redact::Redactor;
use crate::run::watch::{Bench, Eyes};
use crate::set::{Alg, Jwks};
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

/// The audience unless one is given.
const AUDIENCE: &str = "https://receiver.example.com";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TransmitterArgs {
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8936")]
    listen: SocketAddr,
    /// Under which URL others reach it: its issuer, and the start of every URL that it gives out.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// The bearer token of the receiver, rather than a random one; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The audience of the receiver.
    #[arg(long, value_name = "TEXT", default_value = AUDIENCE)]
    audience: String,
    /// One more receiver. Its client id is the name and its client secret the token.
    #[arg(long = "receiver", value_name = "NAME:TOKEN:AUDIENCE")]
    receivers: Vec<String>,
    /// The public keys of the receiver (a JWK Set), with which it may sign assertions for the token endpoint.
    #[arg(long, value_name = "FILE")]
    client_jwks: Option<PathBuf>,
    /// Serve https with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How it delivers.
    #[arg(long, value_enum, default_value = "both")]
    delivery: Delivery,
    /// Allow a receiver one stream only.
    #[arg(long)]
    one_stream: bool,
    /// Have no endpoints for subjects.
    #[arg(long)]
    no_subjects: bool,
    /// Whether new streams cover all subjects, or those that are added.
    #[arg(long, value_enum, default_value = "ALL")]
    default_subjects: Subjects,
    /// How many seconds have to pass between two verification requests.
    #[arg(long, value_name = "SECONDS")]
    min_verification_interval: Option<u64>,
    /// Pause a stream whose receiver is silent for so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    inactivity_timeout: Option<u64>,
    /// The algorithm that SETs are signed with.
    #[arg(long, default_value = "RS256")]
    alg: Alg,
    /// Sign with this key (PEM or JWK) rather than with a new one.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where the control interface listens, a loopback address.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Be a SCIM service provider too, which listens here and whose changes are sent as events (RFC 9967); it takes the tokens
    /// of the receivers.
    #[arg(long, value_name = "ADDR")]
    scim: Option<SocketAddr>,
    /// How many seconds a poll waits for a SET.
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    long_poll_timeout: u64,
    #[command(flatten)]
    ui: UiArgs,
    #[command(flatten)]
    deviations: DeviationArgs,
    #[command(flatten)]
    suites: SuiteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Delivery {
    Push,
    Poll,
    Both,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subjects {
    #[value(name = "ALL", alias = "all")]
    All,
    #[value(name = "NONE", alias = "none")]
    None,
}

pub(super) fn main(args: TransmitterArgs) -> Result<ExitCode, Failure> {
    let (accounts, guests) = receivers(&args)?;
    let tls = certificate(&args)?;
    let mut redactor = Redactor::new();
    accounts.iter().flat_map(|account| &account.tokens).for_each(|token| redactor.add(token.expose_secret()));
    let keys = keys::signing_keys(args.alg, args.key.as_deref(), None)?;
    let client = ClientOptions { response_timeout: Duration::from_secs(10), ..ClientOptions::default() };
    let client = Client::new(client).map_err(|error| Failure::internal(error.to_string()))?;
    let mut options = SsfOptions::new(accounts, keys.good, client);
    options.other_key = Some(keys.other);
    let catalogue = args.suites.load()?;
    let chosen = args.deviations.chosen(&catalogue, Role::Transmitter)?;
    let (of_scim, mut deviations): (Vec<_>, Vec<_>) = chosen.into_iter().partition(Deviation::is_of_scim);
    if args.scim.is_none() && !of_scim.is_empty() {
        return Err(Failure::usage("--mutant and --variation: those of a SCIM service provider need --scim"));
    }
    options.catalogue = Some(catalogue.clone());
    options.addr = args.listen;
    options.public_url = args.public_url;
    options.tls = tls;
    options.control = Some(args.control);
    options.features.events_supported = events::all().map(str::to_owned).collect();
    options.features.push = args.delivery != Delivery::Poll;
    options.features.poll = args.delivery != Delivery::Push;
    options.features.several_streams = !args.one_stream;
    options.features.subjects = !args.no_subjects;
    options.features.default_subjects = Some(match args.default_subjects {
        Subjects::All => DefaultSubjects::All,
        Subjects::None => DefaultSubjects::None,
    });
    options.timing.long_poll = Duration::from_secs(args.long_poll_timeout);
    options.timing.min_verification_interval = args.min_verification_interval;
    options.timing.inactivity_timeout = args.inactivity_timeout.map(Duration::from_secs);
    let tamper = Tamper::new(deviations.iter().cloned());
    let scim = args.scim.map(|addr| (addr, Switch::from(Tamper::new(of_scim.iter().cloned()))));
    let live = match args.ui.ui {
        None => {
            // Last, as a variation may change what the options above say.
            Tampered::new(tamper).install(&mut options).map_err(Failure::usage)?;
            None
        }
        Some(addr) => {
            let switch = Switch::from(tamper);
            let redactor = Arc::new(RwLock::new(redactor.clone()));
            let eyes = Eyes::install(&mut options, switch.clone(), redactor.clone()).map_err(Failure::usage)?;
            let mut parts = vec![Part { fits: of_transmitter::fits, switch }];
            if let Some((_, switch)) = &scim {
                parts.push(Part { fits: Deviation::is_of_scim, switch: switch.clone() });
                deviations.extend(of_scim);
            }
            let deviations = Deviations::new(catalogue.clone(), Role::Transmitter, parts, deviations);
            Some(Live { addr, eyes, teller: Arc::new(Teller::new(catalogue, redactor, Arc::new(deviations))) })
        }
    };
    runtime()?.block_on(serve(options, scim, &guests, &redactor, live))
}

/// Starts the service provider, for clients that have the token of a receiver.
async fn provider(
    transmitter: &Arc<SsfTransmitter>,
    tokens: Vec<SecretString>,
    addr: SocketAddr,
    tamper: Switch,
    requests: Recorder,
) -> Result<ScimProvider, Failure> {
    let options = ScimOptions { addr, tamper, requests, ..ScimOptions::new(transmitter.clone(), tokens) };
    ScimProvider::start(options).await.map_err(|error| Failure::usage(error.to_string()))
}

/// What the live page needs, if there is to be one.
struct Live {
    addr: SocketAddr,
    eyes: Arc<Eyes>,
    teller: Arc<Teller>,
}

/// What it shows to its clients, where it serves https.
fn certificate(args: &TransmitterArgs) -> Result<Option<ServerTls>, Failure> {
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else { return Ok(None) };
    let (cert, key) = (keys::read(cert, "--tls-cert")?, keys::read(key, "--tls-key")?);
    let tls = ServerTls::from_pem(cert.as_bytes(), key.as_bytes());
    tls.map(Some).map_err(|error| Failure::usage(error.to_string()))
}

/// The public keys of the receiver's client.
fn client_keys(path: &Path) -> Result<Jwks, Failure> {
    let text = keys::read(path, "--client-jwks")?;
    Jwks::parse(&text).map_err(|error| Failure::usage(format!("--client-jwks {}: {error}", path.display())))
}

/// The accounts, and what the start-up text says of them.
fn receivers(args: &TransmitterArgs) -> Result<(Vec<ReceiverAccount>, Vec<Guest>), Failure> {
    let mut accounts = Vec::new();
    let mut guests = Vec::new();
    if args.token.is_some() || args.receivers.is_empty() {
        let made = args.token.is_none().then(|| uuid::Uuid::new_v4().simple().to_string());
        let token = match (&args.token, &made) {
            (Some(text), _) => secret("--token", text)?,
            (None, made) => SecretString::from(made.clone().unwrap_or_default()),
        };
        let mut account = account("receiver", token, &args.audience);
        if let (Some(path), Some(client)) = (&args.client_jwks, &mut account.client) {
            client.keys = Some(client_keys(path)?);
        }
        accounts.push(account);
        guests.push(Guest { name: "receiver".to_owned(), token: made });
    }
    if args.client_jwks.is_some() && accounts.is_empty() {
        return Err(Failure::usage("--client-jwks: expected the receiver of --token, got those of --receiver alone"));
    }
    for text in &args.receivers {
        let mut parts = text.splitn(3, ':');
        let (Some(name), Some(token), Some(audience)) = (parts.next(), parts.next(), parts.next()) else {
            // The text is not shown: it has a token in it.
            return Err(Failure::usage("--receiver: expected NAME:TOKEN:AUDIENCE, got fewer parts"));
        };
        if name.is_empty() || audience.is_empty() || accounts.iter().any(|known| known.name == name) {
            return Err(Failure::usage(format!("--receiver: expected a new name and an audience, got {name:?}")));
        }
        accounts.push(account(name, secret("--receiver", token)?, audience));
        guests.push(Guest { name: name.to_owned(), token: None });
    }
    Ok((accounts, guests))
}

fn account(name: &str, token: SecretString, audience: &str) -> ReceiverAccount {
    ReceiverAccount {
        name: name.to_owned(),
        tokens: vec![token.clone()],
        client: Some(ClientCredentials { id: name.to_owned(), secret: token, keys: None }),
        audience: vec![audience.to_owned()],
        ..ReceiverAccount::default()
    }
}

async fn serve(
    mut options: SsfOptions,
    scim: Option<(SocketAddr, Switch)>,
    guests: &[Guest],
    redactor: &Redactor,
    live: Option<Live>,
) -> Result<ExitCode, Failure> {
    let (recorder, pushes) = (Recorder::new(16), Recorder::new(16));
    let mut requests = recorder.subscribe();
    options.requests = recorder.clone();
    options.pushes = pushes.clone();
    let catalogue = options.catalogue.clone();
    let tokens = options.receivers.iter().flat_map(|account| account.tokens.clone()).collect();
    let transmitter =
        SsfTransmitter::start(options).await.map_err(|error: StartError| Failure::usage(error.to_string()))?;
    let transmitter = Arc::new(transmitter);
    let provider = match scim {
        Some((addr, tamper)) => Some(provider(&transmitter, tokens, addr, tamper, recorder.clone()).await?),
        None => None,
    };
    let mut happenings = transmitter.watch();
    let mut stop = pin!(signals::stopped());
    // Whoever reads the ready line may send a signal at once.
    listen_now(stop.as_mut()).await;
    let page = match (live, catalogue) {
        (Some(Live { addr, eyes, teller }), Some(catalogue)) => {
            let receivers = guests.iter().map(|guest| guest.name.clone()).collect();
            let scene = Scene {
                transmitter: transmitter.clone(),
                eyes,
                bench: Bench::new(&catalogue, &["ssf-transmitter", "set"]),
                teller: teller.clone(),
                requests: recorder.subscribe(),
                pushes: pushes.subscribe(),
                happenings: transmitter.watch(),
            };
            let desk = Arc::new(TransmitterDesk { transmitter: transmitter.clone(), receivers });
            Some((Ui::start(addr, desk, teller).await?, tokio::spawn(scene.play())))
        }
        _ => None,
    };
    print(&welcome::text(&transmitter, provider.as_ref(), guests));
    if let Some((ui, _)) = &page {
        line(&ui.line());
    }
    let say = |text: String| line(&visible(&redactor.text(&text)));
    loop {
        tokio::select! {
            Some(exchange) = requests.next() => say(of_request(&exchange)),
            Some(happening) = happenings.next() => say(of_happening(&happening)),
            () = &mut stop => break,
        }
    }
    if let Some((ui, playing)) = page {
        ui.shutdown().await;
        playing.abort();
        // Aborted, it lets go of the transmitter.
        let _ = playing.await;
    }
    if let Some(provider) = provider {
        provider.shutdown().await;
    }
    // A request that is still worked on may hold it, too.
    if let Some(transmitter) = Arc::into_inner(transmitter) {
        transmitter.shutdown().await;
    }
    line("setspec mock transmitter has stopped");
    Ok(ExitCode::Conformant)
}

/// Begins to wait for signals, so that they are caught from here on.
async fn listen_now(mut stop: Pin<&mut impl Future<Output = ()>>) {
    std::future::poll_fn(|cx| {
        let _ = stop.as_mut().poll(cx);
        std::task::Poll::Ready(())
    })
    .await;
}

fn of_request(exchange: &Arc<Exchange>) -> String {
    let status = exchange.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let mut text = format!("{} {} {} -> {status}", exchange.id, exchange.request.method, exchange.request.target);
    let refusal = exchange.response.as_ref().filter(|response| response.status >= 400);
    let why = refusal.and_then(|response| serde_json::from_slice::<serde_json::Value>(&response.body).ok());
    if let Some(why) = why.as_ref().and_then(|why| why.get("description")).and_then(serde_json::Value::as_str) {
        text.push_str(&format!(": {why}"));
    }
    if let Some(failure) = &exchange.failure {
        text.push_str(&format!(" ({failure})"));
    }
    text
}

fn of_happening(happening: &Happening) -> String {
    match happening {
        Happening::Queued { stream_id, jti, event } => format!("stream {stream_id}: queued {jti} ({event})"),
        Happening::Pushed { stream_id, jti, attempt, status, failure } => {
            let answer = match (status, failure) {
                (_, Some(failure)) => failure.clone(),
                (Some(status), None) => status.to_string(),
                (None, None) => "no answer".to_owned(),
            };
            format!("stream {stream_id}: pushed {jti} (attempt {attempt}) -> {answer}")
        }
        Happening::GaveUp { stream_id, jti, attempts } => {
            format!("stream {stream_id}: gave up {jti} after attempt {attempts}")
        }
        Happening::Polled { stream_id, sets, acknowledged, refused } => {
            format!("stream {stream_id}: polled, {sets} SETs, {acknowledged} acknowledged, {refused} refused")
        }
        Happening::StatusChanged { stream_id, status } => format!("stream {stream_id}: is {status} now"),
        Happening::Expired { stream_id } => format!("stream {stream_id}: deleted for want of activity"),
        Happening::Rotated { kid } => format!("signs with {kid} now"),
    }
}
