//! The built-in transmitter with one thing changed, and a run against it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::Value;
use setspec::http::{Client, ClientOptions, Roots};
use setspec::peer::ssf::{
    Answer, ClientCredentials, Hooks, Operation, ReceiverAccount, RequestFacts, SetFacts, SsfOptions, SsfTransmitter,
};
use setspec::run::event::{CaseResult, Emitter, Event, Finished, PreflightLine, Status, Verdict};
use setspec::run::plan::Selection;
use setspec::run::proof::built_in_catalogue;
use setspec::run::settings::{InteropRevision, Timeouts};
use setspec::run::transmitter::TransmitterRun;
use setspec::run::transmitter::hook::Hook;
use setspec::run::transmitter::settings::{CredentialSettings, TransmitterSettings};
use setspec::set::{Alg, Draft, Forgery, SigningKey};
use setspec::suite::Catalogue;
use setspec::suite::model::case::Method;
use tokio::sync::watch;

/// No run of these tests may take longer.
pub const BOUND: Duration = Duration::from_secs(30);

/// Cases by poll and by push that read, change and delete streams: enough to meet whatever misbehaves.
pub const SOME: [&str; 9] = [
    "rfc8417/",
    "rfc9493/",
    "ssf/4.1",
    "ssf/7.1/",
    "ssf/7.2",
    "ssf/8.1.1.1/",
    "ssf/8.1.1.5/",
    "ssf/8.1.2.1/",
    "rfc8936/2.4",
];

static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| built_in_catalogue().unwrap_or_else(|faults| panic!("{faults}")));

/// Made once: a test is no better for a key of its own.
static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| {
    setspec::install_crypto();
    Arc::new(SigningKey::generate(Alg::Es256, "good").expect("a key"))
});

pub const TOKEN: &str = "token-of-the-harness";
pub const CLIENT_SECRET: &str = "secret-of-the-harness";

type ChangeAnswer = Box<dyn Fn(Operation, &RequestFacts, Answer) -> Answer + Send + Sync>;
type ChangeDraft = Box<dyn Fn(&mut Draft) + Send + Sync>;

/// What a transmitter does otherwise.
pub struct Hostile {
    answer: ChangeAnswer,
    draft: ChangeDraft,
    asked: Mutex<Vec<Operation>>,
}

impl Hostile {
    /// One whose answers are changed.
    pub fn answers(change: impl Fn(Operation, &RequestFacts, Answer) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(change), draft: Box::new(|_| ()), asked: Mutex::default() })
    }

    /// One whose answers to one kind of request are replaced.
    pub fn answers_to(
        operation: Operation,
        change: impl Fn(&RequestFacts, Answer) -> Answer + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::answers(move |asked, facts, answer| if asked == operation { change(facts, answer) } else { answer })
    }

    /// One whose JSON answers to one kind of request are changed.
    pub fn documents(operation: Operation, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Arc<Self> {
        Self::answers_to(operation, move |_, answer| {
            let Some(mut document) = answer.json() else { return answer };
            change(&mut document);
            Answer { body: document.to_string().into_bytes(), ..answer }
        })
    }

    /// One whose SETs are changed before they are signed.
    pub fn sets(change: impl Fn(&mut Draft) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(|_, _, answer| answer), draft: Box::new(change), asked: Mutex::default() })
    }

    /// How often it was asked for something.
    pub fn count(&self, operation: Operation) -> usize {
        self.asked.lock().expect("nobody panics").iter().filter(|asked| **asked == operation).count()
    }

    /// How often it was asked for anything.
    pub fn total(&self) -> usize {
        self.asked.lock().expect("nobody panics").len()
    }
}

impl Hooks for Hostile {
    fn answer(&self, operation: Operation, request: &RequestFacts, answer: Answer) -> Answer {
        self.asked.lock().expect("nobody panics").push(operation);
        (self.answer)(operation, request, answer)
    }

    fn draft(&self, draft: &mut Draft, _: &SetFacts<'_>) -> Option<Forgery> {
        (self.draft)(draft);
        None
    }
}

/// Starts the built-in transmitter with these hooks.
pub async fn start(hooks: Arc<dyn Hooks>, change: impl FnOnce(&mut SsfOptions)) -> SsfTransmitter {
    let account = ReceiverAccount {
        name: "harness".to_owned(),
        tokens: vec![SecretString::from(TOKEN)],
        client: Some(ClientCredentials {
            id: "harness".to_owned(),
            secret: SecretString::from(CLIENT_SECRET),
            keys: None,
        }),
        audience: vec!["https://harness.example.com".to_owned()],
        ..ReceiverAccount::default()
    };
    let key = KEY.clone();
    let client = Client::new(ClientOptions { response_timeout: Duration::from_secs(5), ..ClientOptions::default() });
    let mut options = SsfOptions::new(vec![account], key, client.expect("a client"));
    options.hooks = hooks;
    options.timing.long_poll = Duration::from_millis(300);
    options.timing.retry_delay = Duration::from_millis(50);
    change(&mut options);
    SsfTransmitter::start(options).await.expect("it starts")
}

/// Settings for a run against an issuer: short waits, and the cases of [`SOME`].
pub fn settings(issuer: &str) -> TransmitterSettings {
    setspec::install_crypto();
    TransmitterSettings {
        catalogue: CATALOGUE.clone(),
        profile: "ssf-transmitter".to_owned(),
        issuer: issuer.to_owned(),
        metadata_url: None,
        credential: Some(CredentialSettings::Token(SecretString::from(TOKEN))),
        second: None,
        limited: Default::default(),
        delivery: vec![Method::Push, Method::Poll],
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        jwks: None,
        scim: None,
        hook: Hook::None,
        events: Vec::new(),
        subjects: Vec::new(),
        take_over: false,
        roots: Roots::System,
        insecure: false,
        deployed: false,
        timeouts: Timeouts {
            response: Duration::from_secs(1),
            prompt: Duration::from_millis(500),
            delivery: Duration::from_secs(1),
            quiet: Duration::from_millis(50),
        },
        long_poll: None,
        jobs: 8,
        strict: false,
        interop: InteropRevision::default(),
        selection: Selection { only: SOME.map(str::to_owned).to_vec(), skip: Vec::new() },
        command: "setspec run transmitter".to_owned(),
    }
}

/// What a run came to.
pub struct Seen {
    pub finished: Finished,
    pub lines: Vec<PreflightLine>,
    pub cases: Vec<CaseResult>,
    pub exchanges: usize,
    /// The longest body that an exchange was told with.
    pub longest: usize,
    pub took: Duration,
}

/// Runs with these settings to the end, which has to come in time.
pub async fn run(settings: TransmitterSettings) -> Seen {
    let (_stop, stopped) = watch::channel(false);
    run_until(settings, stopped).await
}

/// Runs with these settings to the end, or until it is stopped.
pub async fn run_until(settings: TransmitterSettings, stopped: watch::Receiver<bool>) -> Seen {
    let heard: Arc<Mutex<(Vec<PreflightLine>, Vec<CaseResult>)>> = Arc::default();
    let (exchanges, longest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (hear, count, longer) = (heard.clone(), exchanges.clone(), longest.clone());
    let emitter = Emitter::new(move |event| match event {
        Event::Preflight(line) => hear.lock().expect("nobody panics").0.push(line),
        Event::CaseFinished(case) => hear.lock().expect("nobody panics").1.push(case),
        Event::Exchange(exchange) => {
            count.fetch_add(1, Ordering::Relaxed);
            let body = exchange.response.as_ref().map_or(0, |response| response.body.len());
            longer.fetch_max(body.max(exchange.request.body.len()), Ordering::Relaxed);
        }
        _ => {}
    });
    let began = Instant::now();
    let run = TransmitterRun::prepare(settings).await.expect("the run starts");
    let finished = tokio::time::timeout(BOUND, run.run(&emitter, stopped)).await.expect("the run ends in time");
    let took = began.elapsed();
    // What computes without a pause is not cut off by a timeout.
    assert!(took < BOUND, "it took {took:?}");
    assert_eq!(finished.internal_errors, [""; 0]);
    let (lines, cases) = std::mem::take(&mut *heard.lock().expect("nobody panics"));
    let (exchanges, longest) = (exchanges.load(Ordering::Relaxed), longest.load(Ordering::Relaxed));
    Seen { finished, lines, cases, exchanges, longest, took }
}

/// Runs against the built-in transmitter with these hooks.
pub async fn against(hostile: &Arc<Hostile>) -> Seen {
    let transmitter = start(hostile.clone(), |_| ()).await;
    run(settings(transmitter.issuer())).await
}

impl Seen {
    /// Neither conformant nor blamed for anything.
    #[track_caller]
    pub fn inconclusive(self) -> Self {
        assert_eq!(self.finished.verdict, Verdict::Inconclusive, "{}", self.told());
        self
    }

    #[track_caller]
    pub fn nonconformant(self) -> Self {
        assert_eq!(self.finished.verdict, Verdict::Nonconformant, "{}", self.told());
        self
    }

    #[track_caller]
    pub fn not_conformant(self) -> Self {
        assert_ne!(self.finished.verdict, Verdict::Conformant, "{}", self.told());
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

    /// A finding about a requirement whose id contains `id`.
    #[track_caller]
    pub fn blames(self, id: &str) -> Self {
        assert!(self.flagged().any(|flagged| flagged.contains(id)), "expected {id} in\n{}", self.told());
        self
    }

    /// A note of the run has this text.
    #[track_caller]
    pub fn notes(self, text: &str) -> Self {
        assert!(self.finished.notes.iter().any(|note| note.contains(text)), "expected {text:?} in\n{}", self.told());
        self
    }

    pub fn flagged(&self) -> impl Iterator<Item = &str> {
        let is_flagged = |status| matches!(status, Status::Violated | Status::Warned);
        let results = self.finished.requirements.iter();
        results.filter(move |result| is_flagged(result.status)).map(|result| result.id.as_str())
    }

    /// Everything that explains what happened.
    pub fn told(&self) -> String {
        let lines =
            self.lines.iter().map(|line| format!("{} {}: {} ({:?})", line.ok, line.name, line.message, line.advice));
        let flagged = self.finished.requirements.iter().filter_map(|result| {
            let finding = result.findings.first()?;
            Some(format!(
                "{} {}: expected {}, got {}",
                result.status.name(),
                result.id,
                finding.expected,
                finding.actual
            ))
        });
        let cases = self.cases.iter().filter(|case| case.reason.is_some());
        let cases = cases.map(|case| format!("{:?} {}: {:?}", case.status, case.id, case.reason));
        let notes = self.finished.notes.iter().cloned();
        let numbers = format!("{} exchanges, longest {}, {:?}", self.exchanges, self.longest, self.took);
        [format!("{:?}", self.finished.verdict), numbers]
            .into_iter()
            .chain(lines)
            .chain(flagged)
            .chain(cases)
            .chain(notes)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The reference: without misdeeds the run of these tests says that all is well, so that they show what the misdeed did.
#[tokio::test]
async fn without_a_misdeed_all_is_well() {
    let hostile = Hostile::answers(|_, _, answer| answer);
    let transmitter = start(hostile.clone(), |_| ()).await;
    let seen = run(settings(transmitter.issuer())).await;
    assert_eq!(seen.flagged().next(), None, "{}", seen.told());
    assert_eq!(seen.finished.verdict, Verdict::Conformant, "{}", seen.told());
    assert_eq!(transmitter.streams(), [Value::Null; 0]);
    assert!(hostile.total() > 0);
}
