//! Delivery by poll (RFC 8936).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::examine::{Finding, error, examine};
use super::notice::Notice;
use super::request::{Answer, Call, Unanswered};
use super::state::{Pauses, Shared, Stage};
use super::stream::Stream;
use crate::peer::ssf::Operation;
use crate::set::Token;
use crate::suite::model::case::Method;

/// An answer that comes within this time did not wait for a SET.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The pause between polls of a stream that is paused or disabled.
const STOPPED: Duration = Duration::from_millis(500);

/// How many acknowledgements are repeated by a receiver that repeats them.
const REPEATED: usize = 1_000;

/// What is to be said of SETs by their names in the answers (RFC 8936 section 2.2).
#[derive(Debug, Clone, Default)]
struct Due {
    ack: Vec<String>,
    errors: Map<String, Value>,
}

impl Due {
    fn is_empty(&self) -> bool {
        self.ack.is_empty() && self.errors.is_empty()
    }
}

/// The SETs that an answer brought, by name.
type Batch = Vec<(String, Value)>;

/// How it went.
enum Polled {
    /// SETs came that had not come before: there may be more of them.
    Something,
    /// Nothing new came, within this time.
    Nothing(Duration),
    /// No answer counts: why, and the pause that was asked for.
    Failed(String, Option<Duration>),
}

/// Polls the stream, whichever it is, for ever.
pub(super) async fn run(shared: &Arc<Shared>) {
    loop {
        let stream = shared.until(|state| pollable(state.stage, state.stream.as_ref())).await;
        // Streams come and go, and with them what is to be said of their SETs.
        let mut polls = Polls {
            shared,
            stream: stream.clone(),
            due: Due::default(),
            before: Vec::new(),
            reported: HashSet::new(),
            pauses: Pauses::new(&shared.options),
            background: JoinSet::new(),
        };
        let replaced = shared.until(|state| {
            let now = pollable(state.stage, state.stream.as_ref());
            let same = now.is_some_and(|now| now.id == stream.id && now.endpoint == stream.endpoint);
            (!same).then_some(())
        });
        tokio::select! {
            () = polls.run() => {}
            () = replaced => {}
        }
    }
}

/// The stream, if it is to be polled.
fn pollable(stage: Stage, stream: Option<&Arc<Stream>>) -> Option<Arc<Stream>> {
    let runs = matches!(stage, Stage::Verifying | Stage::Running);
    stream.filter(|stream| runs && stream.method == Method::Poll && stream.endpoint.is_some()).cloned()
}

/// The polls of one stream.
struct Polls<'a> {
    shared: &'a Arc<Shared>,
    stream: Arc<Stream>,
    due: Due,
    /// What was acknowledged before, for a receiver that repeats it.
    before: Vec<String>,
    /// In what errors were reported.
    reported: HashSet<String>,
    pauses: Pauses,
    /// Requests whose answers nobody waits for.
    background: JoinSet<()>,
}

impl Polls<'_> {
    async fn run(&mut self) {
        loop {
            let pause = match self.round().await {
                Polled::Something => {
                    self.pauses = Pauses::new(&self.shared.options);
                    continue;
                }
                Polled::Nothing(elapsed) => {
                    self.pauses = Pauses::new(&self.shared.options);
                    let status = self.shared.lock().status.clone();
                    match status.as_deref() {
                        // What is to be said of SETs is not kept back.
                        Some("paused" | "disabled") if self.due.is_empty() => STOPPED,
                        _ if elapsed < AT_ONCE => self.shared.options.poll.pause,
                        _ => Duration::ZERO,
                    }
                }
                Polled::Failed(why, asked) => {
                    if self.shared.options.behaviour().gives_up_on_errors {
                        return std::future::pending().await;
                    }
                    let patience = self.shared.options.retry.patience;
                    let pause = self.pauses.next(asked).unwrap_or(patience);
                    self.shared.tell(Notice::Retrying { operation: "poll", why, pause });
                    pause
                }
            };
            self.rest(pause).await;
        }
    }

    /// A pause, which is over when the stream is enabled again.
    async fn rest(&self, pause: Duration) {
        let was = self.shared.lock().status.clone();
        let changed = self.shared.until(|state| (state.status != was).then_some(()));
        tokio::select! {
            () = sleep(pause) => {}
            () = changed => {}
        }
    }

    /// Says what is due, and polls.
    async fn round(&mut self) -> Polled {
        let options = &self.shared.options;
        let behaviour = options.behaviour();
        let mut due = std::mem::take(&mut self.due);
        if options.poll.errors_apart && !due.errors.is_empty() {
            let errors = Due { errors: std::mem::take(&mut due.errors), ack: Vec::new() };
            if let Err(failed) = self.say(errors).await {
                self.due.ack.extend(due.ack);
                return failed;
            }
        }
        let apart = options.poll.acknowledges_apart
            || behaviour.waits_after_acknowledging
            || behaviour.hangs_up_after_acknowledging;
        if apart
            && !due.is_empty()
            && let Err(failed) = self.say(std::mem::take(&mut due)).await
        {
            return failed;
        }
        if behaviour.acknowledges_again {
            self.before.append(&mut due.ack);
            let excess = self.before.len().saturating_sub(REPEATED);
            self.before.drain(..excess);
            due.ack.clone_from(&self.before);
        }
        let mut body = said(&due);
        if let Some(most) = options.poll.max_events {
            body.insert("maxEvents".to_owned(), json!(most));
        }
        if options.poll.immediately {
            body.insert("returnImmediately".to_owned(), json!(true));
        }
        let began = Instant::now();
        let batch = match self.request(body, due).await {
            Ok(batch) => batch,
            Err(failed) => return failed,
        };
        let elapsed = began.elapsed();
        // One that returns the same SETs for ever is not followed at once, whatever it says of more of them.
        if self.take(batch).await { Polled::Something } else { Polled::Nothing(elapsed) }
    }

    /// Says something in a request that asks for no SETs (RFC 8936 section 2.4.2).
    async fn say(&mut self, due: Due) -> Result<(), Polled> {
        let mut body = said(&due);
        body.insert("maxEvents".to_owned(), json!(0));
        let behaviour = self.shared.options.behaviour();
        if behaviour.waits_after_acknowledging || behaviour.hangs_up_after_acknowledging {
            let patience =
                if behaviour.hangs_up_after_acknowledging { AT_ONCE } else { self.shared.options.poll.longest };
            let (shared, call) = (self.shared.clone(), self.call(body));
            self.background.spawn(async move {
                // Whoever does not wait for the answer does not look at it either.
                let Ok(authorization) = shared.credential.authorization(&shared).await else { return };
                let value = authorization.as_ref().map(|value| value.expose_secret());
                let _ = timeout(patience, call.send(&shared, &shared.polls, value)).await;
            });
            while self.background.try_join_next().is_some() {}
            return Ok(());
        }
        body.insert("returnImmediately".to_owned(), json!(true));
        let batch = self.request(body, due).await?;
        self.take(batch).await;
        Ok(())
    }

    fn call(&self, body: Map<String, Value>) -> Call {
        let reports = body.contains_key("setErrs");
        let endpoint = self.stream.endpoint.clone().unwrap_or_else(|| unreachable!("a stream without is not polled"));
        let mut call = Call::new(Operation::Poll, "POST", endpoint).of_stream(&self.stream.id);
        if reports {
            call.headers.push(("Content-Language".to_owned(), "en".to_owned()));
        }
        call.json(Value::Object(body))
    }

    /// Sends one poll, with another token if the first one is refused.
    ///
    /// What was said is not said again unless nobody can have heard it: a SET that the transmitter still has comes again.
    async fn request(&mut self, body: Map<String, Value>, said: Due) -> Result<Batch, Polled> {
        let shared = self.shared;
        let call = self.call(body);
        let mut renewed = false;
        loop {
            let authorization = match shared.credential.authorization(shared).await {
                Ok(value) => value,
                Err(why) => {
                    self.due = said;
                    return Err(Polled::Failed(why, None));
                }
            };
            let value = authorization.as_ref().map(|value| value.expose_secret());
            let answer = match call.send(shared, &shared.polls, value).await {
                Ok(answer) => answer,
                Err(Unanswered { why, unsent }) => {
                    if unsent {
                        self.due = said;
                    }
                    return Err(Polled::Failed(why, None));
                }
            };
            shared.credential.is_good(answer.status).await;
            if answer.status == 401
                && !std::mem::replace(&mut renewed, true)
                && let Some(refused) = authorization
                && shared.credential.expire(&refused).await
            {
                continue;
            }
            return self.read(&answer, said).await;
        }
    }

    async fn read(&mut self, answer: &Answer, said: Due) -> Result<Batch, Polled> {
        if answer.status != 200 {
            if self.shared.options.behaviour().reads_errors
                && let Ok(batch) = batch(answer)
            {
                self.take(batch).await;
            }
            if matches!(answer.status, 401 | 429) {
                self.due = said;
            }
            let why = format!("expected status 200, got {}", answer.status);
            return Err(Polled::Failed(why, answer.retry_after));
        }
        batch(answer).map_err(|why| Polled::Failed(why, None))
    }

    /// Decides on the SETs of an answer; whether one of them is new.
    async fn take(&mut self, batch: Batch) -> bool {
        let behaviour = self.shared.options.behaviour();
        let names: Vec<String> = batch.iter().map(|(name, _)| name.clone()).collect();
        if behaviour.acknowledges_before_validating && !names.is_empty() {
            let mut body = Map::from_iter([("ack".to_owned(), json!(names))]);
            body.insert("maxEvents".to_owned(), json!(0));
            body.insert("returnImmediately".to_owned(), json!(true));
            let call = self.call(body);
            if let Ok(authorization) = self.shared.credential.authorization(self.shared).await {
                let value = authorization.as_ref().map(|value| value.expose_secret());
                // What it brings comes again.
                let _ = call.send(self.shared, &self.shared.polls, value).await;
            }
        }
        let mut fresh = false;
        if self.reported.len() > REPEATED {
            self.reported.clear();
        }
        for (name, set) in batch {
            let token = Token::parse(set.as_str().unwrap_or_default());
            let tamper = self.shared.options.tamper.now();
            let skips = |check| tamper.ignores_polled(check, &token);
            match examine(self.shared, &token, Method::Poll, &skips).await {
                Finding::Acknowledged { repeated, .. } => {
                    let silent = behaviour.never_acknowledges || behaviour.acknowledges_before_validating;
                    if !silent {
                        self.due.ack.push(name);
                    }
                    fresh |= !repeated;
                }
                Finding::Refused(refusal) => {
                    let (err, description) = error(&refusal);
                    fresh |= self.reported.insert(name.clone());
                    self.due.errors.insert(name, json!({ "err": err, "description": description }));
                }
                Finding::Ignored => {}
            }
        }
        fresh
    }
}

/// The members that say what is due; left out where there is nothing to say.
fn said(due: &Due) -> Map<String, Value> {
    let mut body = Map::new();
    if !due.ack.is_empty() {
        body.insert("ack".to_owned(), json!(due.ack));
    }
    if !due.errors.is_empty() {
        body.insert("setErrs".to_owned(), Value::Object(due.errors.clone()));
    }
    body
}

/// The SETs of an answer (RFC 8936 section 2.3).
fn batch(answer: &Answer) -> Result<Batch, String> {
    let mut members = answer.object()?;
    match members.remove("sets") {
        Some(Value::Object(sets)) => Ok(sets.into_iter().collect()),
        _ => Err("sets: expected an object, got something else".to_owned()),
    }
}
