//! What goes in and out of our transmitter while a receiver visits it, as it happens.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::deliveries::Deliveries;
use crate::expr::Scope;
use crate::peer::ssf::{Answer, Hooks, Operation, PushFacts, RequestFacts, SetFacts, Tampered, asked_value};
use crate::peer::tamper::{OutgoingPush, Tamper};
use crate::run::redact::Redactor;
use crate::set::{Draft, Forgery};
use crate::suite::catalogue::Deviation;

/// How many requests are remembered until their answers are judged. A receiver that floods us is judged by some of them.
const MOST: usize = 4096;

/// How many operations `history.operations` names, the latest ones.
const OPERATIONS: usize = 200;

/// A request of the receiver, from the moment it is there.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The id of its exchange.
    pub exchange: String,
    pub operation: &'static str,
    pub endpoint: &'static str,
    pub stream_id: Option<String>,
    /// The variable `request`.
    pub request: Value,
    /// The variable `history`.
    pub history: Value,
    pub at: Instant,
    /// Whether it has been answered.
    pub answered: bool,
    /// Whether a step has taken it up.
    pub taken: bool,
}

/// How many secrets of the receiver are kept in mind. A good one has a few.
const SECRETS: usize = 100;

/// The hooks of our transmitter: they see everything, and act out what a case serves.
pub(crate) struct Visits {
    inner: Mutex<Inner>,
    /// Secrets of this run; those that the receiver brings along, and tokens that it is given, are added.
    pub redactor: Arc<RwLock<Redactor>>,
    /// What it does throughout.
    oddities: Vec<Deviation>,
    /// Something came or went.
    pub changed: Notify,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub arrivals: VecDeque<Arrival>,
    pub deliveries: Deliveries,
    /// The `jti` of SETs that were changed because a case says so.
    pub oddities: BTreeSet<String>,
    /// Requests since the receiver was started, one by one.
    operations: VecDeque<&'static str>,
    /// The streams that were polled.
    polled: BTreeSet<String>,
    /// The configuration of each stream as it was last told.
    told: BTreeMap<String, Value>,
    /// What the case serves.
    serving: Option<Tampered>,
    /// When each endpoint was first asked; kept for those who wait.
    pub asked: BTreeMap<&'static str, u64>,
    /// How many requests came.
    pub requests: u64,
    /// How many requests were refused for want of a good credential.
    pub unauthorized: u64,
    /// How many secrets of the receiver are kept in mind.
    secrets: usize,
    /// How many requests came too fast to be remembered.
    pub overlooked: u64,
}

impl Visits {
    pub fn new(redactor: Arc<RwLock<Redactor>>, oddities: Vec<Deviation>) -> Self {
        let visits = Self { inner: Mutex::default(), redactor, oddities, changed: Notify::new() };
        visits.serve(&[], Scope::new());
        visits
    }

    fn keep_secret(&self, inner: &mut Inner, secret: &str) {
        let known = self.redactor.read().unwrap_or_else(PoisonError::into_inner).knows(secret);
        if !known && inner.secrets < SECRETS {
            inner.secrets += 1;
            self.redactor.write().unwrap_or_else(PoisonError::into_inner).add(secret);
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole before anything can fail.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does from now on what these deviations say, which see the variables of `base`, and nothing else beside its oddities.
    pub fn serve(&self, deviations: &[Deviation], base: Scope) {
        let all: Vec<Deviation> = self.oddities.iter().chain(deviations).cloned().collect();
        let serving = (!all.is_empty()).then(|| Tampered::within(Tamper::new(all), base));
        self.lock().serving = serving;
    }

    /// Does from now on what these hooks do, which may change.
    pub fn act_out(&self, tampered: Tampered) {
        self.lock().serving = Some(tampered);
    }

    /// The request of this exchange, which nobody asks for again.
    pub fn take_arrival(&self, exchange: &str) -> Option<Arrival> {
        let mut inner = self.lock();
        let place = inner.arrivals.iter().rposition(|known| known.exchange == exchange)?;
        inner.arrivals.remove(place)
    }

    /// Forgets what only counts until the receiver is started anew.
    pub fn begin_anew(&self) {
        let mut inner = self.lock();
        inner.operations.clear();
        inner.told.clear();
        inner.polled.clear();
    }

    fn serving(&self) -> Option<Tampered> {
        self.lock().serving.clone()
    }
}

impl Inner {
    fn history(&mut self, operation: &'static str, request: &RequestFacts) -> Value {
        let stream_id = request.stream_id.as_deref().unwrap_or_default();
        let value = if request.endpoint == "poll" {
            let first = self.polled.insert(stream_id.to_owned());
            let (given, due) = self.deliveries.history(stream_id);
            json!({ "first": first, "given": given, "due": due, "operations": self.operations })
        } else if request.endpoint == "token" {
            // What was read before the receiver was started anew, it may have kept.
            json!({ "asked": self.asked.keys().collect::<Vec<_>>(), "operations": self.operations })
        } else {
            json!({ "configuration": self.told.get(stream_id), "operations": self.operations })
        };
        self.operations.push_back(operation);
        if self.operations.len() > OPERATIONS {
            self.operations.pop_front();
        }
        // A hostile receiver names as many streams as it likes.
        if self.polled.len() > MOST {
            self.polled.clear();
        }
        value
    }

    fn tell(&mut self, operation: Operation, answer: &Answer) {
        if !(200..300).contains(&answer.status) {
            return;
        }
        let documents = match (operation, answer.json()) {
            (Operation::List, Some(Value::Array(all))) => all,
            (
                Operation::Create | Operation::Read | Operation::Update | Operation::Replace | Operation::List,
                Some(one),
            ) => {
                vec![one]
            }
            _ => Vec::new(),
        };
        for document in documents {
            if let Some(id) = document.get("stream_id").and_then(Value::as_str).map(str::to_owned) {
                self.told.insert(id, document);
            }
        }
        while self.told.len() > MOST {
            self.told.pop_first();
        }
    }
}

/// What a request has in it that nobody else may see.
fn secrets(request: &RequestFacts) -> Vec<String> {
    let mut secrets = Vec::new();
    let credential = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    secrets.extend(credential.map(str::to_owned));
    let push = request.json.as_ref().and_then(|body| body["delivery"]["authorization_header"].as_str());
    secrets.extend(push.map(str::to_owned));
    if request.endpoint == "token" {
        let form = url::form_urlencoded::parse(&request.body);
        let secret = |name: &str| matches!(name, "client_secret" | "client_assertion");
        secrets.extend(form.filter(|(name, _)| secret(name)).map(|(_, value)| value.into_owned()));
    }
    secrets
}

impl Hooks for Visits {
    fn asked(&self, operation: Operation, request: &RequestFacts) {
        let mut inner = self.lock();
        for secret in secrets(request) {
            self.keep_secret(&mut inner, &secret);
        }
        let history = inner.history(operation.name(), request);
        inner.requests += 1;
        *inner.asked.entry(request.endpoint).or_default() += 1;
        if inner.arrivals.len() >= MOST {
            inner.arrivals.pop_front();
            inner.overlooked += 1;
        }
        inner.arrivals.push_back(Arrival {
            exchange: request.exchange.clone(),
            operation: operation.name(),
            endpoint: request.endpoint,
            stream_id: request.stream_id.clone(),
            request: asked_value(request),
            history,
            at: Instant::now(),
            answered: false,
            taken: false,
        });
        drop(inner);
        self.changed.notify_waiters();
    }

    fn polled(&self, request: &RequestFacts) {
        self.lock().deliveries.settle(request);
        self.changed.notify_waiters();
    }

    fn answer(&self, operation: Operation, request: &RequestFacts, answer: Answer) -> Answer {
        let answer = match self.serving() {
            Some(serving) => serving.answer(operation, request, answer),
            None => answer,
        };
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.unauthorized += u64::from(answer.status == 401);
        inner.tell(operation, &answer);
        if operation == Operation::Token
            && let Some(token) = answer.json().as_ref().and_then(|body| body["access_token"].as_str())
        {
            self.keep_secret(inner, token);
        }
        if operation == Operation::Poll
            && let Some(Value::Object(sets)) = answer.json().and_then(|mut body| body.get_mut("sets").map(Value::take))
        {
            let stream_id = request.stream_id.as_deref().unwrap_or_default();
            let oddities = &inner.oddities;
            inner.deliveries.give(stream_id, &sets, answer.status == 200, |name| oddities.contains(name));
        }
        drop(guard);
        self.changed.notify_waiters();
        answer
    }

    fn draft(&self, draft: &mut Draft, about: &SetFacts<'_>) -> Option<Forgery> {
        let before = draft.clone();
        let forgery = self.serving().and_then(|serving| serving.draft(draft, about));
        if let Some(jti) = draft.claims.get("jti").and_then(Value::as_str) {
            let mut inner = self.lock();
            inner.deliveries.made(jti);
            if forgery.is_some() || *draft != before {
                inner.oddities.insert(jti.to_owned());
            }
        }
        forgery
    }

    fn push(&self, push: &mut OutgoingPush, about: &PushFacts<'_>) {
        if let Some(serving) = self.serving() {
            serving.push(push, about);
        }
    }
}
