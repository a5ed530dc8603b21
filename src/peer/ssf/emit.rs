//! Events on demand.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::events;
use super::mint::{Making, MintError, mint};
use super::state::Shared;
use super::stream::Stream;
use super::subjects::valid_subject;
use super::{Happening, Refusal, opt_out};
use crate::expr::Scope;

/// An event that is to be sent to every stream that wants it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRequest {
    /// Its type: a URI, or `caep/...` and `risc/...` for short. Left out where a fixture says it.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The fixture that it is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixture: Option<String>,
    /// Whom it is about; `user@example.com` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Value>,
    /// Members of the event's payload; null removes one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// Claims of the SET itself; null removes one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// The only stream that it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<String>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emission {
    /// The URI of the event type.
    #[serde(rename = "type")]
    pub event: String,
    /// The SETs that were queued, one a stream.
    pub sent: Vec<Sent>,
    /// The streams that did not get one.
    pub skipped: Vec<Skipped>,
}

/// A SET that was queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The stream that it waits in.
    pub stream_id: String,
    /// The identifier of the SET.
    pub jti: String,
}

/// A stream that did not get the event, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The stream that was left out.
    pub stream_id: String,
    /// Why, in words: `the subject is not one of the stream`.
    pub reason: String,
}

/// Why an event could not be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// Neither `type` nor `fixture` is given.
    #[error("type: expected an event type or a fixture, got neither")]
    NoType,
    /// The event type is not among [`Features::events_supported`](super::Features::events_supported).
    #[error("type: expected one of the supported event types, got {0:?}")]
    Unsupported(String),
    /// There is no such fixture, it cannot be filled in, or it is one of another type.
    #[error("fixture: {0}")]
    Fixture(String),
    /// The subject is no subject identifier (RFC 9493).
    #[error(transparent)]
    Subject(#[from] Refusal),
    /// There is no stream of this identifier.
    #[error("stream_id: expected a stream of this transmitter, got {0:?}")]
    NoStream(String),
    /// The stream takes nothing now.
    #[error("stream {0}: {1}")]
    NotQueued(String, &'static str),
    /// The SET could not be made.
    #[error(transparent)]
    Mint(#[from] MintError),
}

/// Something that has happened, with all that is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// The URI of the event type.
    pub event: String,
    /// The subject identifier (RFC 9493).
    pub subject: Value,
    /// The payload of the event.
    pub payload: Map<String, Value>,
    /// What it came of: the claim `txn`.
    pub txn: String,
}

impl Announcement {
    pub(super) fn making(&self) -> Making {
        let plain = Making::event(&self.event, self.subject.clone(), self.payload.clone());
        Making { txn: self.txn.clone(), ..plain }
    }
}

/// Sends an event to every stream that asked for its type and whose subjects match.
pub(super) fn emit(shared: &Shared, request: &EventRequest) -> Result<Emission, EmitError> {
    let making = making(shared, request)?;
    if !shared.options.features.events_supported.contains(&making.event) {
        return Err(EmitError::Unsupported(making.event));
    }
    let streams = match &request.stream_id {
        Some(id) => vec![shared.get(id).ok_or_else(|| EmitError::NoStream(id.clone()))?],
        None => shared.list(None),
    };
    Ok(spread(shared, &making, streams)?)
}

/// Makes a SET of an event for each of these streams that wants it.
pub(super) fn spread(shared: &Shared, making: &Making, streams: Vec<Arc<Stream>>) -> Result<Emission, MintError> {
    let mut emission = Emission { event: making.event.clone(), sent: Vec::new(), skipped: Vec::new() };
    let subject = making.claims.get("sub_id").cloned().unwrap_or_default();
    let behaviour = shared.options.behaviour();
    let admitted = shared.opted_out.admits(&making.event, &subject) || behaviour.ignores_opt_out;
    let told = !(behaviour.changes_opt_out_silently && opt_out::tells_of_it(&making.event));
    for stream in streams {
        let wanted = {
            let inner = stream.lock();
            let ignores = behaviour.ignores_subjects;
            if !inner.delivers(&making.event, &shared.options) {
                Err("the event type is not among events_delivered")
            } else if !ignores && !inner.subjects.want(&subject, shared.options.default_subjects()) {
                Err("the subject is not one of the stream")
            } else if !admitted {
                Err("the account has left the exchange of RISC events")
            } else if !told {
                Err("changes of the opt-out state are kept silent")
            } else {
                Ok(())
            }
        };
        let outcome = match wanted {
            Ok(()) => {
                let entry = mint(shared, &stream, making.clone())?;
                let jti = entry.jti.to_string();
                stream.enqueue(entry, &shared.options).map(|()| jti)
            }
            Err(why) => Err(why),
        };
        let stream_id = stream.id.clone();
        match outcome {
            Ok(jti) => {
                let event = making.event.clone();
                shared.journal.tell(Happening::Queued { stream_id: stream_id.clone(), jti: jti.clone(), event });
                emission.sent.push(Sent { stream_id, jti });
            }
            Err(reason) => emission.skipped.push(Skipped { stream_id, reason: reason.to_owned() }),
        }
    }
    Ok(emission)
}

fn making(shared: &Shared, request: &EventRequest) -> Result<Making, EmitError> {
    let subject = request.subject.as_ref().map(|subject| valid_subject(Some(subject))).transpose()?;
    let mut making = match (&request.fixture, &request.event) {
        (Some(fixture), _) => from_fixture(shared, fixture)?,
        (None, Some(name)) => {
            let uri = events::uri(name);
            let fixtures = shared.options.catalogue.as_ref().map(|catalogue| &catalogue.fixtures);
            let claims = events::plain(&uri, fixtures, &scope(shared));
            let txn = uuid::Uuid::new_v4().to_string();
            Making { event: uri, fixture: None, claims, txn, replaced: Map::new() }
        }
        (None, None) => return Err(EmitError::NoType),
    };
    if let Some(event) = &request.event
        && events::uri(event) != making.event
    {
        return Err(EmitError::Fixture(format!("expected one of type {event:?}, got one of {:?}", making.event)));
    }
    if let Some(subject) = subject {
        making.claims.insert("sub_id".to_owned(), subject);
    }
    let payload = making.claims.get_mut("events").and_then(|events| events.get_mut(&making.event));
    if let Some(Value::Object(payload)) = payload {
        for (name, value) in &request.claims {
            if value.is_null() {
                payload.shift_remove(name);
            } else {
                payload.insert(name.clone(), value.clone());
            }
        }
    }
    making.replaced = request.set.clone();
    Ok(making)
}

fn from_fixture(shared: &Shared, name: &str) -> Result<Making, EmitError> {
    let catalogue = shared.options.catalogue.as_ref();
    let fixtures = catalogue.map(|catalogue| &catalogue.fixtures);
    let fixtures = fixtures.ok_or_else(|| EmitError::Fixture("expected a catalogue, got none".to_owned()))?;
    let draft = scope(shared).enter(|entered| fixtures.draft(name, entered)).map_err(EmitError::Fixture)?;
    let events = draft.claims.get("events").and_then(Value::as_object);
    let event = events.and_then(|events| events.keys().next()).cloned();
    let event = event.ok_or_else(|| EmitError::Fixture(format!("expected an event in `{name}`, got none")))?;
    let txn = uuid::Uuid::new_v4().to_string();
    Ok(Making { event, fixture: Some(name.to_owned()), claims: draft.claims, txn, replaced: Map::new() })
}

/// What fixtures see.
fn scope(shared: &Shared) -> Scope {
    Scope::new()
        .with("issuer", json!(shared.addresses().issuer))
        .with("audience", shared.audience(0))
        .with("nonce", json!(uuid::Uuid::new_v4().to_string()))
}
