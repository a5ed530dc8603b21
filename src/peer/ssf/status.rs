//! The status of a stream (SSF sections 8.1.2 and 8.1.5).

use serde_json::{Map, Value, json};

use super::events::STREAM_UPDATED;
use super::mint::{Making, MintError, mint};
use super::refusal::{Outcome, Refusal};
use super::request::{member_text, object, stream_id, stream_parameter};
use super::state::{Caller, Shared};
use super::stream::{Inner, Status, Stream, own_subject};
use super::{Answer, Happening, RequestFacts};

/// 200 with the status (SSF section 8.1.2.1).
pub(super) fn read(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let stream = shared.find(caller, stream_parameter(facts)?)?;
    Ok(Answer::of_json(200, &document(&stream)))
}

/// 200 with the new status (SSF section 8.1.2.2). No event follows: the receiver knows.
pub(super) fn update(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let body = object(facts)?;
    let stream = shared.find(caller, stream_id(body)?)?;
    let text = member_text(body, "status")?.ok_or_else(|| Refusal::of_type("status", "a string", None))?;
    let status: Status =
        text.parse().map_err(|_| Refusal::invalid("status", "enabled, paused or disabled", format!("{text:?}")))?;
    let reason = member_text(body, "reason")?.map(str::to_owned);
    if shared.options.behaviour.ignores_status_updates {
        let mut answer = document(&stream);
        answer["status"] = json!(status.name());
        return Ok(Answer::of_json(200, &answer));
    }
    turn(shared, &mut stream.lock(), status, reason);
    stream.changed.notify_waiters();
    Ok(Answer::of_json(200, &document(&stream)))
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
    let mut payload = Map::from_iter([("status".to_owned(), json!(status.name()))]);
    if let Some(reason) = &reason {
        payload.insert("reason".to_owned(), json!(reason));
    }
    let making = Making::event(STREAM_UPDATED, own_subject(&stream.id), payload);
    let mut entry = mint(shared, stream, making)?;
    entry.notice = true;
    turn(shared, &mut stream.lock(), status, reason);
    if !shared.options.behaviour.changes_status_silently {
        // Only a deleted stream takes no notices.
        let _ = stream.enqueue(entry, &shared.options);
    }
    stream.changed.notify_waiters();
    shared.journal.tell(Happening::StatusChanged { stream_id: stream.id.clone(), status });
    Ok(())
}

/// What is not delivered yet is held while paused, and forgotten when disabled (SSF section 8.1.2.1).
fn turn(shared: &Shared, inner: &mut Inner, status: Status, reason: Option<String>) {
    let behaviour = &shared.options.behaviour;
    match status {
        Status::Enabled => inner.queue.release(behaviour.drops_held, behaviour.reorders_held),
        Status::Paused => inner.queue.hold_all(),
        Status::Disabled if behaviour.delivers_while_disabled => {}
        Status::Disabled => inner.queue.clear(),
    }
    inner.status = status;
    inner.reason = reason;
}
