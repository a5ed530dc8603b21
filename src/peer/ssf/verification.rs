//! Verification (SSF section 8.1.4).

use std::time::Duration;

use serde_json::{Map, json};
use tokio::time::Instant;

use super::events::VERIFICATION;
use super::mint::{Making, mint};
use super::refusal::{Outcome, Refusal};
use super::request::{member_text, object, stream_id};
use super::state::{Caller, Shared};
use super::stream::{Status, Stream, own_subject};
use super::{Answer, Happening, RequestFacts};

/// The longest state that is taken.
const STATE: usize = 16 * 1024;

/// An empty 204, and an event that echoes the state (SSF section 8.1.4.2).
///
/// On a paused stream the event waits with the others; a disabled one never delivers, so the request is invalid there.
pub(super) fn request(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let body = object(facts)?;
    let stream = shared.find(caller, stream_id(body)?)?;
    let mut state = member_text(body, "state")?.map(str::to_owned);
    if state.as_ref().is_some_and(|state| state.len() > STATE) {
        return Err(Refusal::invalid("state", format!("at most {STATE} bytes"), "more"));
    }
    {
        let mut inner = stream.lock();
        if inner.status == Status::Disabled && !shared.options.behaviour().delivers_while_disabled {
            return Err(Refusal::invalid("stream_id", "a stream that delivers", "a disabled one"));
        }
        let now = Instant::now();
        if let (Some(interval), Some(last)) = (shared.options.timing.min_verification_interval, inner.verified) {
            let left = (last + Duration::from_secs(interval)).saturating_duration_since(now);
            if !left.is_zero() {
                return Err(Refusal::TooSoon { interval, wait: left.as_secs_f64().ceil() as u64 });
            }
        }
        inner.verified = Some(now);
        if shared.options.behaviour().merges_states {
            std::mem::swap(&mut inner.verified_state, &mut state);
        }
    }
    if !shared.options.behaviour().never_verifies {
        send(shared, &stream, state)?;
    }
    Ok(Answer::empty(204))
}

/// Sends a verification event that nobody asked for, so without a state (SSF section 8.1.4.1).
pub(super) fn send_unasked(shared: &Shared, stream: &Stream) -> Result<(), Refusal> {
    let state = shared.options.behaviour().unsolicited_state.then(some_id);
    send(shared, stream, state)
}

fn send(shared: &Shared, stream: &Stream, state: Option<String>) -> Result<(), Refusal> {
    let mut payload = Map::new();
    if let Some(state) = state {
        payload.insert("state".to_owned(), json!(state));
    }
    let foreign = shared.options.behaviour().delivers_foreign_verification;
    let subject = if foreign { own_subject(&some_id()) } else { own_subject(&stream.id) };
    let making = Making::event(VERIFICATION, subject, payload);
    let entry = mint(shared, stream, making).map_err(|error| Refusal::Internal(error.to_string()))?;
    let jti = entry.jti.to_string();
    stream.enqueue(entry, &shared.options).map_err(|why| Refusal::Forbidden(why.to_owned()))?;
    let event = VERIFICATION.to_owned();
    shared.journal.tell(Happening::Queued { stream_id: stream.id.clone(), jti, event });
    Ok(())
}

fn some_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
