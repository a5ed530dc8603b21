//! Reading requests: bodies, members, parameters.

use axum::http::{HeaderMap, Method, Uri};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::RequestFacts;
use super::refusal::Refusal;
use crate::set::json;

/// Takes a request apart.
pub(super) fn facts(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> RequestFacts {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let json = json::parse(&body).ok().filter(|parsed| parsed.duplicates.is_empty()).map(|parsed| parsed.value);
    let of_body = json.as_ref().and_then(|value| value.get("stream_id")).and_then(Value::as_str).map(str::to_owned);
    let of_query = query.iter().find(|(name, _)| name == "stream_id").map(|(_, value)| value.clone());
    let stream_id = of_query.or(of_body);
    RequestFacts {
        method,
        path: uri.path().to_owned(),
        query,
        headers,
        body,
        json,
        receiver: None,
        stream_id,
        endpoint: "unknown",
        exchange: String::new(),
    }
}

/// The body as a JSON object. A request without a media type is taken at its word: the examples of SSF section 8 have none.
pub(super) fn object(facts: &RequestFacts) -> Result<&Map<String, Value>, Refusal> {
    if let Some(written) = facts.headers.get("content-type") {
        let written = String::from_utf8_lossy(written.as_bytes());
        let essence = written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
            return Err(Refusal::MediaType(written.into_owned()));
        }
    }
    match &facts.json {
        Some(Value::Object(members)) => Ok(members),
        Some(other) => Err(Refusal::of_type("body", "a JSON object", Some(other))),
        None => Err(Refusal::invalid("body", "a JSON object without duplicate members", "something else")),
    }
}

/// The member `stream_id`, which has to be there.
pub(super) fn stream_id(body: &Map<String, Value>) -> Result<&str, Refusal> {
    member_text(body, "stream_id")?.ok_or_else(|| Refusal::of_type("stream_id", "a string", None))
}

/// The parameter `stream_id`, which has to be there.
pub(super) fn stream_parameter(facts: &RequestFacts) -> Result<&str, Refusal> {
    let found = facts.query.iter().find(|(name, _)| name == "stream_id");
    found.map(|(_, value)| value.as_str()).ok_or_else(|| Refusal::of_type("stream_id", "a query parameter", None))
}

pub(super) fn member_text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Refusal::of_type(name, "a string", Some(other))),
    }
}

pub(super) fn member_bool(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(Refusal::of_type(name, "true or false", Some(other))),
    }
}

pub(super) fn texts(value: &Value, place: &str) -> Result<Vec<String>, Refusal> {
    let items = value.as_array().ok_or_else(|| Refusal::of_type(place, "an array of strings", Some(value)))?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect::<Option<Vec<String>>>()
        .ok_or_else(|| Refusal::invalid(place, "an array of strings", "an array with something else"))
}
