//! The configuration endpoint (SSF section 8.1.1).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::config::{Supplied, check_supplied, default_delivery};
use super::options::InactivityAction;
use super::refusal::{Outcome, Refusal};
use super::request::{object, stream_id, stream_parameter};
use super::state::{Caller, Shared};
use super::stream::{Delivery, Inner, Status, Stream};
use super::{Answer, RequestFacts, inactivity, push};

/// 201 with the configuration (SSF section 8.1.1.1).
pub(super) fn create(shared: &Arc<Shared>, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let nothing = Map::new();
    // Every member is optional, so a request without a body asks for the defaults.
    let body = if facts.body.is_empty() { &nothing } else { object(facts)? };
    let supplied = Supplied::read(body, shared, None)?;
    let mut inner = Inner::new(default_delivery(shared).or_else(|refusal| supplied.delivery.clone().ok_or(refusal))?);
    supplied.update(&mut inner);
    inner.polls_apart = shared.options.hooks.polls_apart(facts);
    let added = shared.add(caller.receiver, |id, order| Stream::new(id, caller.receiver, order, inner));
    if matches!(added, Err(Refusal::OneStream))
        && shared.options.behaviour().creates_second_silently
        && let Some(first) = shared.list(Some(caller.receiver)).first()
    {
        return Ok(Answer::of_json(201, &first.configuration(shared)));
    }
    let stream = added?;
    start_worker(shared, &stream);
    if shared.options.timing.inactivity_timeout.is_some() {
        shared.spawn(inactivity::watch(shared.clone(), stream.clone()));
    }
    Ok(Answer::of_json(201, &stream.configuration(shared)))
}

/// 200 with one configuration (SSF section 8.1.1.2).
pub(super) fn read(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let stream = shared.find_to_read(caller, stream_parameter(facts)?)?;
    Ok(Answer::of_json(200, &stream.configuration(shared)))
}

/// 200 with the list of all configurations, which may be empty (SSF section 8.1.1.2).
pub(super) fn list(shared: &Shared, caller: &Caller) -> Outcome {
    let whose = Some(caller.receiver).filter(|_| !shared.options.behaviour().shows_foreign_streams);
    let streams: Vec<Value> = shared.list(whose).iter().map(|stream| stream.configuration(shared)).collect();
    Ok(Answer::of_json(200, &json!(streams)))
}

/// 200 with the whole configuration, of which only what is mentioned has changed (SSF section 8.1.1.3).
pub(super) fn update(shared: &Arc<Shared>, caller: &Caller, facts: &RequestFacts) -> Outcome {
    change(shared, caller, facts, shared.options.behaviour().patches_like_put)
}

/// 200 with the new configuration; what is not mentioned is gone (SSF section 8.1.1.4).
pub(super) fn replace(shared: &Arc<Shared>, caller: &Caller, facts: &RequestFacts) -> Outcome {
    change(shared, caller, facts, !shared.options.behaviour().puts_like_patch)
}

fn change(shared: &Arc<Shared>, caller: &Caller, facts: &RequestFacts, whole: bool) -> Outcome {
    let body = object(facts)?;
    let stream = shared.find(caller, stream_id(body)?)?;
    if !shared.options.behaviour().accepts_wrong_members {
        // Before any update is applied.
        check_supplied(body, &stream.configuration(shared))?;
    }
    let supplied = Supplied::read(body, shared, Some(&shared.poll_url(&stream)))?;
    {
        let mut inner = stream.lock();
        if whole {
            supplied.replace(&mut inner, shared)?;
        } else {
            supplied.update(&mut inner);
        }
    }
    stream.changed.notify_waiters();
    start_worker(shared, &stream);
    Ok(Answer::of_json(200, &stream.configuration(shared)))
}

/// An empty 204 (SSF section 8.1.1.5).
pub(super) fn delete(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let behaviour = shared.options.behaviour();
    let doomed = match stream_parameter(facts) {
        Err(_) if behaviour.deletes_on_any_missing_id => shared.list(Some(caller.receiver)),
        named => vec![shared.find(caller, named?)?],
    };
    if !behaviour.keeps_deleted {
        doomed.iter().for_each(|stream| shared.remove(stream));
    }
    Ok(Answer::empty(204))
}

/// A stream that was ever one for pushes has one task that pushes.
fn start_worker(shared: &Arc<Shared>, stream: &Arc<Stream>) {
    let mut inner = stream.lock();
    if matches!(inner.delivery, Delivery::Push { .. }) && !inner.has_worker {
        inner.has_worker = true;
        drop(inner);
        shared.spawn(push::work(shared.clone(), stream.clone()));
    }
}

/// What becomes of a stream without activity.
pub(super) fn expire(shared: &Shared, stream: &Stream) {
    let reason = Some("No activity from the receiver within the inactivity timeout.".to_owned());
    match shared.options.timing.inactivity_action {
        InactivityAction::Pause => super::status::change(shared, stream, Status::Paused, reason),
        InactivityAction::Disable => super::status::change(shared, stream, Status::Disabled, reason),
        InactivityAction::Delete => {
            shared.remove(stream);
            shared.journal.tell(super::Happening::Expired { stream_id: stream.id.clone() });
            Ok(())
        }
    }
    // A stream-updated event that cannot be signed must not keep the stream alive.
    .unwrap_or_default();
}
