//! Delivery by poll (RFC 8936).

use std::pin::pin;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until};

use super::refusal::{Outcome, Refusal};
use super::request::{member_bool, object, texts};
use super::state::{Caller, Shared};
use super::stream::{Delivery, Status, Stream};
use super::{Answer, Happening, RequestFacts};

/// What a poll asks for (RFC 8936 section 2.2).
#[derive(Debug)]
struct Poll {
    most: Option<usize>,
    immediately: bool,
    ack: Vec<String>,
    errors: Vec<String>,
}

impl Poll {
    fn read(facts: &RequestFacts) -> Result<Self, Refusal> {
        let body = object(facts)?;
        let most = match body.get("maxEvents") {
            None => None,
            Some(value) => {
                let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
                Some(number.ok_or_else(|| Refusal::invalid("maxEvents", "an integer from 0 on", value.to_string()))?)
            }
        };
        let ack = body.get("ack").map(|value| texts(value, "ack")).transpose()?.unwrap_or_default();
        let errors = match body.get("setErrs") {
            None => Vec::new(),
            Some(Value::Object(errors)) => {
                let named = |error: &Value| error.get("err").is_some_and(Value::is_string);
                if !errors.values().all(named) {
                    return Err(Refusal::invalid("setErrs", "objects with the member err", "something else"));
                }
                errors.keys().cloned().collect()
            }
            Some(other) => return Err(Refusal::of_type("setErrs", "an object", Some(other))),
        };
        Ok(Self { most, immediately: member_bool(body, "returnImmediately")?.unwrap_or(false), ack, errors })
    }
}

/// 200 with the SETs that are there, or that come while it waits (RFC 8936 section 2.5).
pub(super) async fn answer(shared: &Shared, caller: &Caller, facts: &RequestFacts, id: &str) -> Outcome {
    let stream = shared.find_to_poll(caller, id)?;
    if !matches!(stream.lock().delivery, Delivery::Poll) {
        return Err(Refusal::NoEndpoint(facts.path.clone()));
    }
    let poll = Poll::read(facts)?;
    open(shared, &stream)?;
    settle(shared, &stream, &poll);
    shared.options.hooks.polled(facts);
    let behaviour = shared.options.behaviour();
    let long = shared.options.timing.long_poll;
    let patience = match (behaviour.never_long_polls, poll.immediately) {
        (false, false) => long,
        (false, true) if behaviour.ignores_return_immediately => 2 * long,
        _ => Duration::ZERO,
    };
    let deadline = Instant::now() + patience;
    let mut closed = pin!(shared.closed());
    let (sets, more) = loop {
        let mut changed = pin!(stream.changed.notified());
        // From here on no change is missed.
        changed.as_mut().enable();
        let (sets, more) = look(shared, &stream, &poll)?;
        if !sets.is_empty() || more || Instant::now() >= deadline {
            break (sets, more);
        }
        let due = stream.next_due(&shared.options);
        let until = due.map_or(deadline, |due| due.min(deadline));
        let _waiting = stream.waiting();
        tokio::select! {
            () = changed => {}
            () = sleep_until(until) => {}
            () = &mut closed => break (sets, more),
        }
    };
    // A poll that waited is a sign of life when it ends, too.
    shared.touch(&stream);
    shared.journal.tell(Happening::Polled {
        stream_id: stream.id.clone(),
        sets: sets.len(),
        acknowledged: poll.ack.len(),
        refused: poll.errors.len(),
    });
    Ok(Answer::of_json(200, &json!({ "sets": sets, "moreAvailable": more })))
}

/// Whether a stream that is stopped may be polled. What it has to say of its own status always may be fetched: the receiver
/// would not learn of it otherwise (SSF section 8.1.5).
fn open(shared: &Shared, stream: &Stream) -> Result<(), Refusal> {
    let inner = stream.lock();
    let refuses = shared.options.behaviour().refuses_polls_of_stopped_streams;
    if refuses && inner.status != Status::Enabled && !inner.queue.has_notice() {
        return Err(Refusal::Stopped(inner.status));
    }
    Ok(())
}

/// Forgets what was acknowledged, and what was found to be invalid: the same SET would be no better the next time.
fn settle(shared: &Shared, stream: &Stream, poll: &Poll) {
    let behaviour = shared.options.behaviour();
    if behaviour.ignores_acks {
        return;
    }
    let queue = &mut stream.lock().queue;
    queue.bring_back();
    for jti in &poll.ack {
        if behaviour.redelivers_acknowledged {
            queue.settle_for_now(jti);
        } else {
            queue.settle(jti);
        }
    }
    for jti in &poll.errors {
        queue.settle(jti);
    }
}

/// The SETs for an answer, and whether there are more.
fn look(shared: &Shared, stream: &Stream, poll: &Poll) -> Result<(Map<String, Value>, bool), Refusal> {
    let options = &shared.options;
    let mut inner = stream.lock();
    if inner.deleted {
        return Err(Refusal::NoStream(stream.id.clone()));
    }
    let gate = inner.gate(options);
    let wanted = poll.most.unwrap_or(options.limits.poll_batch).min(options.limits.poll_batch);
    let most = wanted + usize::from(options.behaviour().exceeds_max_events);
    let pause = options.timing.redeliver_after;
    let (entries, more) = inner.queue.take(gate, most, (!pause.is_zero()).then(|| gate.now + pause));
    let sets =
        entries.iter().map(|entry| (entry.jti.to_string(), json!(String::from_utf8_lossy(&entry.set)))).collect();
    Ok((sets, more))
}
