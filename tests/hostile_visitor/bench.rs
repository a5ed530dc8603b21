//! A receiver that lives as a test says, and a run in which it visits.

use std::future::Future;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use setspec::http::Roots;
use setspec::run::event::{CaseResult, Emitter, Event, Finished, PreflightLine, Verdict};
use setspec::run::plan::Selection;
use setspec::run::proof::built_in_catalogue;
use setspec::run::settings::{InteropRevision, Timeouts};
use setspec::run::visiting::VisitingRun;
use setspec::run::visiting::control::{Control, LocalReceiver, Told};
use setspec::run::visiting::settings::VisitingSettings;
use setspec::set::{Alg, SigningKey};
use setspec::suite::Catalogue;
use setspec::suite::model::case::{Asked, Method};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// No run of these tests may take longer.
const BOUND: Duration = Duration::from_secs(30);

/// Cases that give and ask: enough to meet whatever misbehaves.
const SOME: [&str; 5] = ["rfc8417/", "rfc8936/2/", "rfc8936/2.4", "ssf/4.", "ssf/8.1.4"];

static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| built_in_catalogue().unwrap_or_else(|faults| panic!("{faults}")));

type Key = Arc<SigningKey>;

/// Made once: a test is no better for keys of its own.
static KEYS: LazyLock<(Key, Key)> = LazyLock::new(|| {
    setspec::install_crypto();
    let make = |kid| Arc::new(SigningKey::generate(Alg::Es256, kid).expect("a key"));
    (make("good"), make("other"))
});

type Life = dyn Fn(Told) -> BoxFuture<'static, ()> + Send + Sync;

/// A receiver whose life is a future.
struct Guest {
    life: Box<Life>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Guest {
    fn end(&self) {
        if let Some(task) = self.task.lock().expect("nobody panics").take() {
            task.abort();
        }
    }
}

impl LocalReceiver for Guest {
    fn start<'a>(&'a self, told: &'a Told) -> BoxFuture<'a, Result<(), String>> {
        self.end();
        *self.task.lock().expect("nobody panics") = Some(tokio::spawn((self.life)(told.clone())));
        Box::pin(async { Ok(()) })
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        self.end();
        Box::pin(async {})
    }

    fn failure(&self) -> Option<String> {
        None
    }

    fn ask<'a>(&'a self, _: Asked, _: &'a Value) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(async { Err("it does nothing that it is asked for".to_owned()) })
    }
}

/// What a run came to.
pub struct Seen {
    pub finished: Finished,
    pub lines: Vec<PreflightLine>,
    pub cases: Vec<CaseResult>,
    /// The longest body that an exchange was told with.
    pub longest: usize,
}

/// Lines of the preflight, cases, and the longest body.
type Heard = (Vec<PreflightLine>, Vec<CaseResult>, usize);

/// A run in which a receiver with this life visits, to its end, which has to come in time.
pub async fn visited_by<L: Future<Output = ()> + Send + 'static>(
    life: impl Fn(Told) -> L + Send + Sync + 'static,
) -> Seen {
    let guest = Guest { life: Box::new(move |told| Box::pin(life(told))), task: Mutex::default() };
    let heard: Arc<Mutex<Heard>> = Arc::default();
    let hear = heard.clone();
    let emitter = Emitter::new(move |event| {
        let mut heard = hear.lock().expect("nobody panics");
        match event {
            Event::Preflight(line) => heard.0.push(line),
            Event::CaseFinished(case) => heard.1.push(case),
            Event::Exchange(exchange) => heard.2 = heard.2.max(exchange.request.body.len()),
            _ => {}
        }
    });
    let (_stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let run = VisitingRun::prepare(settings(guest)).await.expect("the run starts");
    let finished = tokio::time::timeout(BOUND, run.run(&emitter, stopped)).await.expect("the run ends in time");
    // What computes without a pause is not cut off by a timeout.
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());
    assert_eq!(finished.internal_errors, [""; 0]);
    let (lines, cases, longest) = std::mem::take(&mut *heard.lock().expect("nobody panics"));
    Seen { finished, lines, cases, longest }
}

fn settings(guest: Guest) -> VisitingSettings {
    let (key, other_key) = KEYS.clone();
    VisitingSettings {
        catalogue: CATALOGUE.clone(),
        profile: "ssf-receiver".to_owned(),
        delivery: Method::Poll,
        token: SecretString::from("token-of-the-guest"),
        client: None,
        audience: "https://guest.example.com".to_owned(),
        key,
        other_key,
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        tls: None,
        roots: Roots::System,
        insecure: false,
        deployed: false,
        languages: Vec::new(),
        oddities: Vec::new(),
        control: Control::Local(Arc::new(guest)),
        wait: Duration::from_secs(3),
        timeouts: Timeouts {
            response: Duration::from_secs(1),
            prompt: Duration::from_millis(500),
            delivery: Duration::from_millis(700),
            quiet: Duration::from_millis(50),
        },
        long_poll: Duration::from_millis(300),
        strict: false,
        interop: InteropRevision::default(),
        selection: Selection { only: SOME.map(str::to_owned).to_vec(), skip: Vec::new() },
        command: "setspec run receiver --visiting".to_owned(),
    }
}

impl Seen {
    /// Neither conformant nor blamed for anything.
    #[track_caller]
    pub fn inconclusive(self) -> Self {
        assert_eq!(self.finished.verdict, Verdict::Inconclusive, "{}", self.told());
        self
    }

    /// A line of the preflight, good or bad, has this text.
    #[track_caller]
    pub fn preflight_says(self, text: &str) -> Self {
        let says = |line: &PreflightLine| {
            line.message.contains(text) || line.advice.as_ref().is_some_and(|advice| advice.contains(text))
        };
        assert!(self.lines.iter().any(says), "expected {text:?} in\n{}", self.told());
        self
    }

    /// The preflight was passed.
    #[track_caller]
    pub fn ready(self) -> Self {
        assert!(!self.lines.is_empty() && self.lines.iter().all(|line| line.ok), "{}", self.told());
        self
    }

    pub fn told(&self) -> String {
        let lines = self.lines.iter().map(|line| format!("{} {}: {}", line.ok, line.name, line.message));
        let cases = self
            .cases
            .iter()
            .map(|case| format!("{:?} {}: {}", case.status, case.id, case.reason.as_deref().unwrap_or_default()));
        let flagged = self.finished.requirements.iter().filter(|result| !result.findings.is_empty());
        let flagged = flagged.map(|result| format!("{} {}: {:?}", result.status.name(), result.id, result.findings));
        lines.chain(cases).chain(flagged).collect::<Vec<_>>().join("\n")
    }
}

/// A client of our transmitter.
#[derive(Clone)]
pub struct Caller {
    client: reqwest::Client,
    token: String,
    pub issuer: String,
}

impl Caller {
    pub fn new(told: &Told) -> Self {
        Self {
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            token: told.token.expose_secret().to_owned(),
            issuer: told.issuer.clone(),
        }
    }

    pub async fn get(&self, url: &str) -> Option<Value> {
        self.client.get(url).bearer_auth(&self.token).send().await.ok()?.json().await.ok()
    }

    pub async fn post(&self, url: &str, body: &Value) -> Option<Value> {
        self.client.post(url).bearer_auth(&self.token).json(body).send().await.ok()?.json().await.ok()
    }

    /// Posts bytes; gives the status.
    pub async fn post_bytes(&self, url: &str, body: Vec<u8>) -> Option<u16> {
        let request = self.client.post(url).bearer_auth(&self.token).header("content-type", "application/json");
        Some(request.body(body).send().await.ok()?.status().as_u16())
    }

    /// Reads the metadata and creates a stream that is polled; gives the URL to poll.
    pub async fn settle_in(&self) -> Option<String> {
        let metadata = self.get(&format!("{}/.well-known/ssf-configuration", self.issuer)).await?;
        let event = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
        let stream = json!({ "events_requested": [event], "delivery": { "method": "urn:ietf:rfc:8936" } });
        let stream = self.post(metadata["configuration_endpoint"].as_str()?, &stream).await?;
        stream["delivery"]["endpoint_url"].as_str().map(str::to_owned)
    }

    /// Polls once, and says of every SET that it is good; what came is acknowledged by the next poll.
    pub async fn poll(&self, url: &str, acknowledged: &mut Vec<String>) -> Option<()> {
        let answer = self.post(url, &json!({ "ack": acknowledged })).await?;
        *acknowledged = answer["sets"].as_object()?.keys().cloned().collect();
        Some(())
    }

    /// Polls until the transmitter is gone.
    pub async fn poll_for_ever(&self, url: &str) {
        let mut acknowledged = Vec::new();
        while self.poll(url, &mut acknowledged).await.is_some() {}
    }
}
