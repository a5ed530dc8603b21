//! What the parts of the receiver share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::credential::Credential;
use super::keys::Keys;
use super::metadata::Metadata;
use super::notice::Notice;
use super::options::SsfReceiverOptions;
use super::stream::Stream;
use crate::expr::Scope;
use crate::http::Client;

/// How many identifiers of SETs are remembered, the latest ones.
const SETS: usize = 10_000;

/// How many of them are told.
const TOLD: usize = 1_000;

/// How many states of verification requests are remembered.
const STATES: usize = 64;

/// How many removed subjects are remembered.
const SUBJECTS: usize = 1_000;

/// How far the receiver has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Discovering,
    Creating,
    Verifying,
    Running,
    GaveUp,
    Stopped,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Discovering => "discovering",
            Self::Creating => "creating",
            Self::Verifying => "verifying",
            Self::Running => "running",
            Self::GaveUp => "gave-up",
            Self::Stopped => "stopped",
        }
    }
}

/// Everything that does not change, and the state.
pub(super) struct Shared {
    pub options: SsfReceiverOptions,
    /// For everything but polls.
    pub client: Client,
    /// For polls, which may wait.
    pub polls: Client,
    pub credential: Credential,
    pub keys: Keys,
    /// Where it takes pushes, once it does.
    pub push_url: std::sync::OnceLock<String>,
    /// Whoever was asked for something, one at a time.
    pub asking: tokio::sync::Mutex<()>,
    inner: Mutex<State>,
    changed: watch::Sender<()>,
}

/// The part that changes.
pub(super) struct State {
    pub stage: Stage,
    pub failure: Option<String>,
    pub metadata: Option<Arc<Metadata>>,
    /// The stream that SETs come by.
    pub stream: Option<Arc<Stream>>,
    /// The streams that it has to delete.
    pub own: Vec<String>,
    pub status: Option<String>,
    pub verified: bool,
    pub requests: VecDeque<VerificationRequest>,
    /// When a verification was last asked for.
    pub asked: Option<Instant>,
    /// Subjects that were removed from the stream.
    pub removed: VecDeque<Value>,
    /// The `jti` of good SETs.
    pub taken: VecDeque<String>,
    pub applied: VecDeque<String>,
    pub refused: VecDeque<String>,
}

/// A verification that was asked for.
#[derive(Debug, Clone)]
pub(super) struct VerificationRequest {
    pub state: String,
    pub at: Instant,
    /// How many SETs have come since.
    pub others: usize,
}

impl Shared {
    pub fn new(options: SsfReceiverOptions, client: Client, polls: Client) -> Self {
        Self {
            credential: Credential::new(&options),
            options,
            client,
            polls,
            keys: Keys::default(),
            push_url: std::sync::OnceLock::new(),
            asking: tokio::sync::Mutex::default(),
            inner: Mutex::new(State {
                stage: Stage::Discovering,
                failure: None,
                metadata: None,
                stream: None,
                own: Vec::new(),
                status: None,
                verified: false,
                requests: VecDeque::new(),
                asked: None,
                removed: VecDeque::new(),
                taken: VecDeque::new(),
                applied: VecDeque::new(),
                refused: VecDeque::new(),
            }),
            changed: watch::channel(()).0,
        }
    }

    /// Looks; whoever changes something uses [`Shared::change`].
    pub fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before anything can fail.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes those who wait for that.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_replace(());
        result
    }

    /// Waits until something can be found in the state.
    pub async fn until<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(found) = look(&self.lock()) {
                return found;
            }
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }

    pub fn tell(&self, notice: Notice) {
        (self.options.observer)(&notice);
    }

    pub fn enter(&self, stage: Stage) {
        self.change(|state| state.stage = stage);
    }

    /// It cannot go on.
    pub fn give_up(&self, why: String) {
        self.change(|state| {
            state.stage = Stage::GaveUp;
            state.failure = Some(why.clone());
        });
        self.tell(Notice::GaveUp { why });
    }

    pub fn stream(&self) -> Option<Arc<Stream>> {
        self.lock().stream.clone()
    }

    pub fn metadata(&self) -> Option<Arc<Metadata>> {
        self.lock().metadata.clone()
    }

    pub fn set_status(&self, status: &str) {
        let before = self.change(|state| state.status.replace(status.to_owned()));
        if before.as_deref() != Some(status) {
            self.tell(Notice::Status { status: status.to_owned() });
        }
    }

    /// What the conditions and values of deviations see beside the message.
    pub fn scope(&self, stream_id: Option<&str>) -> Scope {
        Scope::new()
            .with("issuer", json!(self.options.issuer))
            .with("audience", json!(self.options.audience))
            .with("stream_id", json!(stream_id))
    }
}

impl State {
    /// What outsiders may know.
    pub fn value(&self, issuer: &str) -> Value {
        let latest = |all: &VecDeque<String>| all.iter().rev().take(TOLD).rev().cloned().collect::<Vec<_>>();
        json!({
            "issuer": issuer,
            "stream_id": self.stream.as_ref().map(|stream| &stream.id),
            "status": self.status,
            "stage": self.stage.name(),
            "verified": self.verified,
            "failure": self.failure,
            "applied": latest(&self.applied),
            "refused": latest(&self.refused),
        })
    }

    pub fn expect_verification(&mut self, state: &str) {
        let request = VerificationRequest { state: state.to_owned(), at: Instant::now(), others: 0 };
        remember(&mut self.requests, request, STATES);
    }

    pub fn remove_subject(&mut self, subject: Value) {
        remember(&mut self.removed, subject, SUBJECTS);
    }

    pub fn take(&mut self, jti: &str) {
        remember(&mut self.taken, jti.to_owned(), SETS);
    }

    pub fn apply(&mut self, jti: &str) {
        remember(&mut self.applied, jti.to_owned(), SETS);
    }

    pub fn refuse(&mut self, jti: &str) {
        remember(&mut self.refused, jti.to_owned(), SETS);
    }
}

fn remember<T>(all: &mut VecDeque<T>, one: T, most: usize) {
    if all.len() >= most {
        all.pop_front();
    }
    all.push_back(one);
}

/// Growing pauses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
    patience: Duration,
}

impl Pauses {
    pub fn new(options: &SsfReceiverOptions) -> Self {
        let retry = options.retry;
        Self { next: retry.first.min(retry.longest), longest: retry.longest, patience: retry.patience }
    }

    /// The next pause, at least as long as was asked for; none if that is too long.
    pub fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let pause = self.next.max(asked.unwrap_or_default());
        self.next = (self.next * 2).min(self.longest);
        (asked.unwrap_or_default() <= self.patience).then_some(pause)
    }
}
