//! What receivers may say about the configuration of a stream (SSF section 8.1.1).

use axum::http::HeaderValue;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::refusal::Refusal;
use super::request::{member_text, texts};
use super::state::Shared;
use super::stream::{Delivery, Inner, POLL, PUSH};

/// Longer descriptions are cut (SSF section 8.1.1).
const DESCRIPTION: usize = 1_000;
/// How many event types a receiver may ask for.
const EVENTS: usize = 1_000;

/// The receiver-supplied members of a request.
#[derive(Debug)]
pub(super) struct Supplied {
    pub events_requested: Option<Vec<String>>,
    pub delivery: Option<Delivery>,
    pub description: Option<String>,
}

impl Supplied {
    /// Reads them. `poll_url` is that of the stream, where there is one already.
    pub fn read(body: &Map<String, Value>, shared: &Shared, poll_url: Option<&str>) -> Result<Self, Refusal> {
        let events_requested = body.get("events_requested").map(events).transpose()?;
        let delivery = body.get("delivery").map(|value| delivery(value, shared, poll_url)).transpose()?;
        let description =
            member_text(body, "description")?.map(|text| text.chars().take(DESCRIPTION).collect::<String>());
        Ok(Self { events_requested, delivery, description })
    }

    /// Changes what is mentioned (SSF section 8.1.1.3).
    pub fn update(self, inner: &mut Inner) {
        if self.events_requested.is_some() {
            inner.events_requested = self.events_requested;
        }
        if let Some(delivery) = self.delivery {
            inner.delivery = delivery;
        }
        if self.description.is_some() {
            inner.description = self.description;
        }
    }

    /// Changes everything: what is not mentioned is gone, and the delivery is then by poll (SSF sections 8.1.1.1 and
    /// 8.1.1.4).
    pub fn replace(self, inner: &mut Inner, shared: &Shared) -> Result<(), Refusal> {
        inner.delivery = self.delivery.map_or_else(|| default_delivery(shared), Ok)?;
        inner.events_requested = self.events_requested;
        inner.description = self.description;
        Ok(())
    }
}

/// Poll, where it is offered (SSF section 8.1.1.1).
pub(super) fn default_delivery(shared: &Shared) -> Result<Delivery, Refusal> {
    if shared.options.features.poll {
        return Ok(Delivery::Poll);
    }
    Err(Refusal::invalid("delivery.method", PUSH, format!("nothing, which means {POLL}")))
}

/// A set: what is said twice counts once. Unknown event types stay, and are never delivered.
fn events(value: &Value) -> Result<Vec<String>, Refusal> {
    let mut events: Vec<String> = Vec::new();
    for event in texts(value, "events_requested")? {
        if !events.contains(&event) {
            events.push(event);
        }
        if events.len() > EVENTS {
            return Err(Refusal::invalid("events_requested", format!("at most {EVENTS} event types"), "more"));
        }
    }
    Ok(events)
}

fn delivery(value: &Value, shared: &Shared, poll_url: Option<&str>) -> Result<Delivery, Refusal> {
    let members = value.as_object().ok_or_else(|| Refusal::of_type("delivery", "an object", Some(value)))?;
    let offered = super::discovery::methods(shared).join(" or ");
    let features = &shared.options.features;
    match member_text(members, "method")? {
        Some(PUSH) if features.push => push(members),
        Some(POLL) if features.poll => {
            // Supplied by the transmitter: it may be repeated, and not changed.
            let given = member_text(members, "endpoint_url")?;
            match (given, poll_url) {
                (Some(given), Some(known)) if given != known && !shared.options.behaviour().accepts_wrong_members => {
                    Err(Refusal::invalid("delivery.endpoint_url", known, given))
                }
                _ => Ok(Delivery::Poll),
            }
        }
        other => Err(Refusal::invalid("delivery.method", offered, other.unwrap_or("nothing"))),
    }
}

fn push(members: &Map<String, Value>) -> Result<Delivery, Refusal> {
    let written = member_text(members, "endpoint_url")?.unwrap_or_default();
    let refused = || Refusal::invalid("delivery.endpoint_url", "an http or https URL", format!("{written:?}"));
    let endpoint = Url::parse(written).map_err(|_| refused())?;
    if !matches!(endpoint.scheme(), "http" | "https") || !endpoint.has_host() {
        return Err(refused());
    }
    let authorization = member_text(members, "authorization_header")?;
    if let Some(text) = authorization
        && (text.is_empty() || HeaderValue::from_str(text).is_err())
    {
        // The value is not shown: it is a credential.
        return Err(Refusal::invalid("delivery.authorization_header", "the value of a header field", "something else"));
    }
    let authorization = authorization.map(|text| SecretString::from(text.to_owned()));
    Ok(Delivery::Push { endpoint, written: written.to_owned(), authorization })
}

/// The transmitter-supplied members of a request have to be as they are (SSF sections 8.1.1.3 and 8.1.1.4).
pub(super) fn check_supplied(body: &Map<String, Value>, current: &Value) -> Result<(), Refusal> {
    for name in ["iss", "aud", "min_verification_interval", "inactivity_timeout"] {
        let Some(given) = body.get(name) else { continue };
        let expected = current.get(name);
        let same = expected.is_some_and(|expected| as_set(given) == as_set(expected));
        if !same {
            return Err(wrong(name, expected, given));
        }
    }
    for name in ["events_supported", "events_delivered"] {
        let Some(given) = body.get(name) else { continue };
        texts(given, name)?;
        if current.get(name).is_none_or(|expected| as_set(given) != as_set(expected)) {
            return Err(wrong(name, current.get(name), given));
        }
    }
    Ok(())
}

fn wrong(name: &str, expected: Option<&Value>, given: &Value) -> Refusal {
    let expected = expected.map_or("that it is absent".to_owned(), Value::to_string);
    Refusal::invalid(name, expected, given.to_string())
}

/// The order of a list says nothing, and one element is like the list of it.
fn as_set(value: &Value) -> std::collections::BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(Value::to_string).collect(),
        one => std::iter::once(one.to_string()).collect(),
    }
}
