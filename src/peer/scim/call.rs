//! A request, taken apart.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::peer::message::parameters;
use crate::set::json as strict_json;

/// The longest that a client may have an answer kept back.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A request as the service provider got it.
pub(super) struct Call {
    pub method: Method,
    /// The path below the base, with a slash in front.
    pub path: String,
    pub query: Map<String, Value>,
    pub headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// `base` is the path of the service provider; nothing where the request is not below it.
    pub fn read(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes, base: &str) -> Option<Self> {
        let path = uri.path().strip_prefix(base)?.to_owned();
        let query = parameters(uri.query().unwrap_or_default().as_bytes());
        Some(Self { method, path, query, headers, body })
    }

    /// The size of the body, in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).and_then(Value::as_str)
    }

    /// A header field; its lines joined by commas.
    pub fn header(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The body, which has to be a JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, Refusal> {
        match strict_json::parse(&self.body).map(|parsed| parsed.value) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(Refusal::invalid("invalidSyntax", "body: expected a JSON object, got something else")),
        }
    }

    /// What the client would rather have (RFC 7240 sections 4.1 and 4.3).
    pub fn preference(&self) -> Preference {
        let mut preference = Preference::default();
        for one in self.header("prefer").unwrap_or_default().split(',') {
            let one = one.split(';').next().unwrap_or_default();
            let (name, value) = one.split_once('=').map_or((one, ""), |(name, value)| (name, value));
            match name.trim().to_ascii_lowercase().as_str() {
                "respond-async" => preference.asynchronous = true,
                "wait" => {
                    let seconds = value.trim().trim_matches('"').parse().ok();
                    preference.wait = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
                }
                _ => {}
            }
        }
        preference
    }

    /// The request as the conditions of deviations see it.
    pub fn value(&self) -> Value {
        let mut headers: Map<String, Value> = Map::new();
        for name in self.headers.keys() {
            headers.insert(name.to_string(), json!([self.header(name.as_str())]));
        }
        json!({
            "method": self.method.as_str(),
            "path": self.path,
            "query": self.query,
            "headers": headers,
            "json": strict_json::parse(&self.body).map(|parsed| parsed.value).unwrap_or(Value::Null),
        })
    }
}

/// How a client would like to be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Preference {
    pub asynchronous: bool,
    pub wait: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preference(lines: &[&'static str]) -> Preference {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("prefer", axum::http::HeaderValue::from_static(line));
        }
        let call = Call::read(Method::PUT, &Uri::from_static("/v2/Users/1"), headers, Bytes::new(), "/v2");
        call.expect("it is below the base").preference()
    }

    #[test]
    fn preferences_are_read_as_http_has_them() {
        let wait = |seconds| Some(Duration::from_secs(seconds));
        for (lines, asynchronous, expected) in [
            (&[][..], false, None),
            (&["respond-async"], true, None),
            (&["Respond-Async, wait=10"], true, wait(10)),
            (&["wait=\"3\"", "respond-async; x=1"], true, wait(3)),
            (&["return=minimal"], false, None),
            (&["wait=soon"], false, None),
            (&["wait=99999999"], false, wait(60)),
        ] {
            assert_eq!(preference(lines), Preference { asynchronous, wait: expected }, "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_below_the_base_is_not_for_us() {
        let read = |path| Call::read(Method::GET, &Uri::from_static(path), HeaderMap::new(), Bytes::new(), "/scim/v2");
        assert!(read("/Users").is_none());
        assert_eq!(read("/scim/v2/Users?filter=x").map(|call| call.path).as_deref(), Some("/Users"));
    }
}
