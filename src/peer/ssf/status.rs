//! The status of a stream (SSF sections 8.1.2 and 8.1.5).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::events::STREAM_UPDATED;
use super::mint::{Making, MintError, mint};
use super::queue::Entry;
use super::refusal::{Outcome, Refusal};
use super::request::{member_text, object, stream_id, stream_parameter};
use super::state::{Caller, Shared};
use super::stream::{Inner, Status, Stream, own_subject};
use super::{Answer, Happening, RequestFacts};

/// 200 with the status (SSF section 8.1.2.1).
pub(super) fn read(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let stream = shared.find_to_read(caller, stream_parameter(facts)?)?;
    Ok(Answer::of_json(200, &document(&stream)))
}

/// 200 with the new status (SSF section 8.1.2.2). The reference sends no event: the receiver knows.
pub(super) fn update(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let body = object(facts)?;
    let stream = shared.find(caller, stream_id(body)?)?;
    let text = member_text(body, "status")?.ok_or_else(|| Refusal::of_type("status", "a string", None))?;
    let status: Status =
        text.parse().map_err(|_| Refusal::invalid("status", "enabled, paused or disabled", format!("{text:?}")))?;
    let reason = member_text(body, "reason")?.map(str::to_owned);
    if shared.options.behaviour().ignores_status_updates {
        let mut answer = document(&stream);
        answer["status"] = json!(status.name());
        return Ok(Answer::of_json(200, &answer));
    }
    // Streams that nobody gave a reason for are left alone, so that what breaks can be told apart.
    let goes_along = |other: &Arc<Stream>| {
        let inner = other.lock();
        inner.status == Status::Enabled && inner.reason.is_some()
    };
    let every = shared.options.behaviour().pauses_every_stream && status == Status::Paused;
    let mut meant = vec![stream.clone()];
    if every {
        let others = shared.list(Some(stream.receiver));
        meant.extend(others.into_iter().filter(|other| other.id != stream.id && goes_along(other)));
    }
    for stream in &meant {
        change_as_asked(shared, stream, status, reason.clone())
            .map_err(|error| Refusal::Internal(error.to_string()))?;
    }
    Ok(Answer::of_json(200, &document(&stream)))
}

/// The receiver changes the status.
fn change_as_asked(shared: &Shared, stream: &Stream, status: Status, reason: Option<String>) -> Result<(), MintError> {
    let changes = stream.lock().status != status;
    let announced = shared.options.behaviour().announces_requested_changes && changes;
    let notice = if announced { Some(notice(shared, stream, status, reason.as_deref())?) } else { None };
    turn(shared, &mut stream.lock(), status, reason);
    if let Some(notice) = notice {
        // Only a deleted stream takes no notices.
        let _ = stream.enqueue(notice, &shared.options);
    }
    stream.changed.notify_waiters();
    Ok(())
}

fn document(stream: &Stream) -> Value {
    let inner = stream.lock();
    let mut document = json!({ "stream_id": stream.id, "status": inner.status.name() });
    if let Some(reason) = &inner.reason {
        document["reason"] = json!(reason);
    }
    document
}

/// The transmitter changes the status by itself, and says so: before it stops, and first of all when it starts again (SSF
/// section 8.1.5).
pub(super) fn change(
    shared: &Shared,
    stream: &Stream,
    status: Status,
    reason: Option<String>,
) -> Result<(), MintError> {
    if stream.lock().status == status {
        return Ok(());
    }
    let notice = notice(shared, stream, status, reason.as_deref())?;
    turn(shared, &mut stream.lock(), status, reason);
    if !shared.options.behaviour().changes_status_silently {
        // Only a deleted stream takes no notices.
        let _ = stream.enqueue(notice, &shared.options);
    }
    stream.changed.notify_waiters();
    shared.journal.tell(Happening::StatusChanged { stream_id: stream.id.clone(), status });
    Ok(())
}

/// A stream-updated event that says what the status is.
fn notice(shared: &Shared, stream: &Stream, status: Status, reason: Option<&str>) -> Result<Entry, MintError> {
    let mut payload = Map::from_iter([("status".to_owned(), json!(status.name()))]);
    if let Some(reason) = reason {
        payload.insert("reason".to_owned(), json!(reason));
    }
    let making = Making::event(STREAM_UPDATED, own_subject(&stream.id), payload);
    Ok(Entry { notice: true, ..mint(shared, stream, making)? })
}

/// What is not delivered yet is held while paused, and forgotten when disabled (SSF section 8.1.2.1).
fn turn(shared: &Shared, inner: &mut Inner, status: Status, reason: Option<String>) {
    let behaviour = shared.options.behaviour();
    match status {
        Status::Enabled => inner.queue.release(behaviour.drops_held, behaviour.reorders_held),
        Status::Paused => inner.queue.hold_all(),
        Status::Disabled if behaviour.delivers_while_disabled => {}
        Status::Disabled => inner.queue.clear(),
    }
    inner.status = status;
    inner.reason = reason;
}
