//! `setspec mock receiver --transmitter`: a receiver that visits a transmitter, and tells what it sees.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use clap::ValueEnum;
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use url::Url;

use super::explain::Explainer;
use super::receiver::ReceiverArgs;
use super::ui::of_visitor::{self, Visit, VisitorDesk};
use super::ui::{Deviations, Part, Teller, Ui};
use crate::cli::config::secret;
use crate::cli::console::{Failure, line, visible};
use crate::cli::run::web_url;
use crate::cli::{keys, runtime, signals};
use crate::http::{Client, ClientOptions, Recorder, Roots};
use crate::peer::ssf::events;
use crate::peer::ssf_receiver::{Notice, OAuthClient, SsfReceiver, SsfReceiverOptions, StartError};
use crate::peer::tamper::Tamper;
use crate::run::judge::Origin;
use crate::run::outcome::ExitCode;
use crate::run::redact::Redactor;
use crate::run::watch::Bench;
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::case::Method;
use crate::suite::model::profile::Role;

/// How long the transmitter may take to answer, apart from polls.
const RESPONSE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Visiting a transmitter")]
pub(super) struct VisitorArgs {
    /// Visit the transmitter with this issuer: read its metadata, create a stream, take its SETs.
    #[arg(long, value_name = "ISSUER")]
    transmitter: Option<String>,
    /// Where the metadata of the transmitter are, if not where its issuer has them.
    #[arg(long, value_name = "URL")]
    metadata_url: Option<Url>,
    /// The bearer token for the transmitter; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Get tokens by OAuth client credentials: the client id.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The client secret; `@FILE` reads it from a file.
    #[arg(long, value_name = "SECRET", env = "SETSPEC_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Where tokens are had; by the metadata of the issuer (RFC 8414) unless given.
    #[arg(long, value_name = "URL")]
    token_endpoint: Option<Url>,
    /// The scope to ask for.
    #[arg(long)]
    scope: Option<String>,
    /// How SETs are to be delivered [default: poll].
    #[arg(long, value_enum)]
    delivery: Option<Delivery>,
    /// An event type to ask for: a URI, or caep/... and risc/... for short; all that are known unless given.
    #[arg(long = "event", value_name = "TYPE")]
    events: Vec<String>,
    /// Take over a stream that is there already.
    #[arg(long)]
    adopt: bool,
    /// Leave the stream behind at the end.
    #[arg(long)]
    keep_stream: bool,
    /// Trust these certificate authorities too (PEM).
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Do not check certificates.
    #[arg(long)]
    insecure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Delivery {
    Push,
    Poll,
}

impl VisitorArgs {
    /// Whether there is a transmitter to be visited. The other options mean nothing without one.
    pub fn is_wanted(&self) -> Result<bool, Failure> {
        if self.transmitter.is_some() {
            return Ok(true);
        }
        let others = [
            (self.metadata_url.is_some(), "--metadata-url"),
            (self.client_id.is_some(), "--client-id"),
            (self.token_endpoint.is_some(), "--token-endpoint"),
            (self.scope.is_some(), "--scope"),
            (self.delivery.is_some(), "--delivery"),
            (!self.events.is_empty(), "--event"),
            (self.adopt, "--adopt"),
            (self.keep_stream, "--keep-stream"),
            (self.ca.is_some(), "--ca"),
            (self.insecure, "--insecure"),
        ];
        match others.iter().find(|(given, _)| *given) {
            Some((_, option)) => Err(Failure::usage(format!("{option} needs --transmitter"))),
            None => Ok(false),
        }
    }

    fn client(&self) -> Result<Client, Failure> {
        let roots = match &self.ca {
            Some(path) => Roots::SystemAnd(keys::read(path, "--ca")?.into_bytes()),
            None => Roots::System,
        };
        let options =
            ClientOptions { roots, insecure: self.insecure, response_timeout: RESPONSE, ..ClientOptions::default() };
        Client::new(options).map_err(|error| Failure::usage(format!("--ca: {error}")))
    }

    fn oauth(&self) -> Result<Option<OAuthClient>, Failure> {
        let Some(id) = self.client_id.clone() else { return Ok(None) };
        if self.token.is_some() {
            return Err(Failure::usage("--token (or SETSPEC_TOKEN) and --client-id: expected one of the two"));
        }
        let given = self.client_secret.as_deref();
        let given = given.ok_or_else(|| Failure::usage("--client-id needs --client-secret"))?;
        self.token_endpoint.as_ref().map_or(Ok(()), |url| web_url("--token-endpoint", url))?;
        Ok(Some(OAuthClient {
            id,
            secret: secret("--client-secret", given)?,
            token_endpoint: self.token_endpoint.clone(),
            scope: self.scope.clone(),
        }))
    }
}

pub(super) fn main(
    args: ReceiverArgs,
    catalogue: Arc<Catalogue>,
    deviations: Vec<Deviation>,
) -> Result<ExitCode, Failure> {
    let visitor = &args.visitor;
    let issuer = visitor.transmitter.clone().unwrap_or_default();
    let url = Url::parse(&issuer).map_err(|error| Failure::usage(format!("--transmitter {issuer:?}: {error}")))?;
    web_url("--transmitter", &url)?;
    let mut options = SsfReceiverOptions::new(&issuer, visitor.client()?);
    options.metadata_url.clone_from(&visitor.metadata_url);
    options.token = visitor.token.as_deref().map(|text| secret("--token", text)).transpose()?;
    options.oauth = visitor.oauth()?;
    options.audience.clone_from(&args.audience);
    options.events = visitor.events.iter().map(|name| events::uri(name)).collect();
    options.adopts = visitor.adopt;
    options.keeps_stream = visitor.keep_stream;
    if visitor.delivery == Some(Delivery::Push) {
        options.delivery = Method::Push;
    }
    options.push.addr = args.listen;
    options.push.public_url.clone_from(&args.public_url);
    options.push.tls = args.certificate()?;
    options.push.authorization = args.authorization()?;
    options.push.languages.clone_from(&args.languages);
    let mut redactor = Redactor::new();
    let client = options.oauth.as_ref().map(|client| &client.secret);
    let secrets = [options.token.as_ref(), client, options.push.authorization.as_ref()];
    secrets.into_iter().flatten().for_each(|secret| redactor.add(secret.expose_secret()));
    let explainer = Explainer::new(catalogue.clone(), "ssf-transmitter", redactor.clone(), args.verbose);
    // Last, as a variation may change what the options above say.
    options.deviate(Tamper::new(deviations.iter().cloned())).map_err(Failure::usage)?;
    let live = args.ui.ui.map(|addr| {
        let switch = options.tamper.clone();
        let parts = vec![Part { fits: of_visitor::fits, switch }];
        let list = Deviations::new(catalogue.clone(), Role::Receiver, parts, deviations);
        let bench = Bench::new(&catalogue, &["ssf-transmitter", "set"]);
        let teller = Teller::new(catalogue, Arc::new(RwLock::new(redactor)), Arc::new(list));
        Live { addr, teller: Arc::new(teller), bench }
    });
    runtime()?.block_on(visit(options, explainer, live))
}

/// What the live page needs.
struct Live {
    addr: SocketAddr,
    teller: Arc<Teller>,
    bench: Bench,
}

/// How many requests may wait to be shown; what comes beyond is not shown.
const WITNESSED: usize = 1_024;

async fn visit(mut options: SsfReceiverOptions, explainer: Explainer, live: Option<Live>) -> Result<ExitCode, Failure> {
    let issuer = options.issuer.clone();
    // Whoever starts us may end us at once.
    let mut stop = pin!(signals::stopped());
    let (teller, mut notices) = mpsc::unbounded_channel();
    options.observer = Arc::new(move |notice: &Notice| {
        // Nobody listens any more once we have left.
        let _ = teller.send(notice.clone());
    });
    options.push.recorder = Recorder::new(64);
    let mut pushes = options.push.recorder.subscribe();
    let (see, mut witnessed) = mpsc::channel(WITNESSED);
    if live.is_some() {
        options.witness = Some(Arc::new(move |seen| {
            // A page that is behind misses something.
            let _ = see.try_send(seen);
        }));
    }
    let (delivery, authorization) = (options.delivery, options.push.authorization.clone());
    let receiver = SsfReceiver::start(options).await.map_err(|error| match error {
        StartError::Listen { .. } => Failure::usage(error.to_string()),
        StartError::Client(_) => Failure::internal(error.to_string()),
    })?;
    let receiver = Arc::new(receiver);
    let page = match live {
        Some(Live { addr, teller, bench }) => {
            let desk = Arc::new(VisitorDesk { receiver: receiver.clone(), issuer: issuer.clone(), delivery });
            let ui = Ui::start(addr, desk.clone(), teller.clone()).await?;
            line(&ui.line());
            Some((ui, Visit { desk, bench, teller, authorization }))
        }
        None => None,
    };
    let mut is_ready = false;
    let failure = loop {
        tokio::select! {
            biased;
            () = &mut stop => break None,
            Some(seen) = witnessed.recv() => {
                if let Some((_, visit)) = &page {
                    visit.request(&seen).await;
                }
            }
            Some(notice) = notices.recv() => {
                tell(&receiver, &explainer, &notice).await;
                if let Some((_, visit)) = &page {
                    visit.notice(&notice);
                }
            }
            Some(exchange) = pushes.next() => {
                explainer.push(&exchange, &receiver.keys().await);
                if let Some((_, visit)) = &page {
                    visit.push(&exchange).await;
                }
            }
            outcome = receiver.ready(), if !is_ready => match outcome {
                Ok(()) => {
                    is_ready = true;
                    let stream = receiver.state()["stream_id"].as_str().unwrap_or_default().to_owned();
                    line(&visible(&format!("setspec mock receiver is ready: it takes SETs of {issuer} by stream {stream}")));
                }
                Err(why) => break Some(why),
            },
        }
    };
    if let Some((ui, visit)) = page {
        ui.shutdown().await;
        drop(visit);
    }
    if let Some(receiver) = Arc::into_inner(receiver) {
        receiver.shutdown().await;
    }
    while let Ok(notice) = notices.try_recv() {
        explainer.say(&notice.to_string());
    }
    if let Some(why) = failure {
        return Err(Failure {
            code: ExitCode::Inconclusive,
            message: visible(&format!("the receiver gave up: {why}")),
            advice: Some(
                "see what was asked and answered above; --transmitter, --token and --audience have to be those of the transmitter"
                    .to_owned(),
            ),
        });
    }
    line("setspec mock receiver has stopped");
    Ok(ExitCode::Conformant)
}

async fn tell(receiver: &SsfReceiver, explainer: &Explainer, notice: &Notice) {
    explainer.say(&notice.to_string());
    // A push is explained with its request.
    if let Notice::Received { by: Method::Poll, set, .. } = notice {
        let (metadata, stream) = receiver.documents();
        explainer.set(set, &receiver.keys().await, &Origin { stream, metadata, via: Some(Method::Poll) });
    }
}
