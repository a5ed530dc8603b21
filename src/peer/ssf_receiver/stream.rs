//! A stream as the transmitter configures it (SSF section 8.1.1).

use serde_json::{Map, Value, json};
use url::Url;

use super::metadata::web_url;
use super::options::SsfReceiverOptions;
use crate::peer::ssf::{Operation, POLL, PUSH};
use crate::suite::model::case::Method;

/// The longest identifier that is taken, in bytes.
const LONGEST_ID: usize = 1024;

/// Members that SSF section 8.1.1 defines.
const MEMBERS: [&str; 10] = [
    "stream_id",
    "iss",
    "aud",
    "events_supported",
    "events_requested",
    "events_delivered",
    "delivery",
    "min_verification_interval",
    "description",
    "inactivity_timeout",
];

/// A configuration that has been validated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stream {
    pub id: String,
    pub method: Method,
    /// Where it is polled, if it is.
    pub endpoint: Option<Url>,
    /// The names by which its SETs mean us.
    pub audience: Vec<String>,
    pub configuration: Map<String, Value>,
}

impl Stream {
    /// Validates the answer to an operation; `known` is the stream that it has to be, if there is one.
    ///
    /// # Errors
    /// What is wrong; nothing of the configuration may be used then (SSF section 7.2.4).
    pub fn validated(
        options: &SsfReceiverOptions,
        operation: Operation,
        members: Map<String, Value>,
        known: Option<&str>,
    ) -> Result<Self, String> {
        let behaviour = options.behaviour();
        let id = match members.get("stream_id") {
            Some(Value::String(id)) if !id.is_empty() && id.len() <= LONGEST_ID => id.clone(),
            other => return Err(wrong("stream_id", "a string", other)),
        };
        if let Some(known) = known.filter(|known| **known != id) {
            return Err(format!("stream_id: expected {known:?}, got {id:?}"));
        }
        let skips_iss = match operation {
            Operation::Create => behaviour.skips_created_iss,
            Operation::Update => behaviour.skips_updated_iss,
            Operation::Replace => behaviour.skips_replaced_iss,
            _ => behaviour.skips_read_iss,
        };
        if !skips_iss && members.get("iss").and_then(Value::as_str) != Some(&options.issuer) {
            return Err(wrong("iss", &format!("{:?}", options.issuer), members.get("iss")));
        }
        let audience = audience(members.get("aud"));
        if !behaviour.skips_stream_audience {
            match &options.audience {
                Some(us) if !audience.contains(us) => {
                    return Err(wrong("aud", &format!("{us:?}"), members.get("aud")));
                }
                _ if audience.is_empty() => return Err(wrong("aud", "a string, or several", members.get("aud"))),
                _ => {}
            }
        }
        if behaviour.refuses_unknown_stream_members
            && let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str()))
        {
            return Err(format!("expected members that are known, got {unknown:?}"));
        }
        let (method, endpoint) = delivery(options, members.get("delivery"))?;
        Ok(Self { id, method, endpoint, audience, configuration: members })
    }

    /// The configuration without the secret of the push endpoint.
    pub fn value(&self) -> Value {
        without_secrets(Value::Object(self.configuration.clone()))
    }
}

/// How SETs are delivered (SSF section 6.1).
fn delivery(options: &SsfReceiverOptions, delivery: Option<&Value>) -> Result<(Method, Option<Url>), String> {
    let member = |name: &str| delivery.and_then(|delivery| delivery.get(name));
    match member("method").and_then(Value::as_str) {
        Some(POLL) => {
            let Some(Value::String(endpoint)) = member("endpoint_url") else {
                return Err(wrong("delivery.endpoint_url", "a URL", member("endpoint_url")));
            };
            let endpoint = web_url(endpoint, &options.issuer).map_err(|why| format!("delivery.endpoint_url: {why}"))?;
            Ok((Method::Poll, Some(endpoint)))
        }
        Some(PUSH) => Ok((Method::Push, None)),
        _ => Err(wrong("delivery.method", &format!("{PUSH} or {POLL}"), member("method"))),
    }
}

fn audience(aud: Option<&Value>) -> Vec<String> {
    match aud {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn wrong(place: &str, expected: &str, got: Option<&Value>) -> String {
    let got = got.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let shown: String = got.chars().take(200).collect();
    format!("{place}: expected {expected}, got {shown}")
}

/// A configuration, or several of them, for others to see.
pub(super) fn without_secrets(mut value: Value) -> Value {
    match &mut value {
        Value::Array(all) => all.iter_mut().for_each(|one| *one = without_secrets(one.take())),
        one => {
            if let Some(header) = one.pointer_mut("/delivery/authorization_header") {
                *header = json!("[redacted]");
            }
        }
    }
    value
}
