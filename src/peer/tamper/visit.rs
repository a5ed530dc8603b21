//! Requests of a visiting receiver, and the checks that it leaves out for polled SETs.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Tamper, applies, is_on, object, text};
use crate::expr::Scope;
use crate::peer::message::{object_or_null, set_value};
use crate::set::draft::merge;
use crate::set::{Signature, Token};
use crate::suite::catalogue::RequestPlan;
use crate::suite::model::deviation::{Check, Stage};

/// A request of a visiting receiver before it is sent.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// The method as the specifications have it before a deviation changes it.
    pub method: String,
    /// Where it goes.
    pub url: Url,
    /// Names and values, in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The content; empty for none.
    pub body: Vec<u8>,
}

impl Tamper {
    /// What a visiting receiver makes of a request for this operation (`create`, `poll`, `jwks`, ...); `base` holds `stream_id`.
    pub fn visit(&self, request: &mut OutgoingRequest, operation: &str, base: &Scope) {
        for deviation in &self.deviations {
            let Some(plan) = &deviation.request else { continue };
            if !deviation.on.is_some_and(|stage| is_on(stage, operation)) {
                continue;
            }
            let scope = seen(request, operation, base);
            if applies(deviation.when.as_ref(), || scope.clone()) {
                change(request, plan, &scope);
            }
        }
    }

    /// Whether a receiver leaves a check out for a SET that it polled.
    pub(crate) fn ignores_polled(&self, check: Check, token: &Token) -> bool {
        let scope = || {
            Scope::new()
                .with("set", set_value(token, &Signature::NotChecked))
                .with("header", object_or_null(token.header.as_ref()))
                .with("claims", object_or_null(token.claims.as_ref()))
                .with("body", json!(token.raw))
                .with("fixture", json!(""))
        };
        self.deviations.iter().any(|deviation| {
            deviation.ignore == Some(check)
                && deviation.on == Some(Stage::Poll)
                && applies(deviation.when.as_ref(), scope)
        })
    }
}

/// What conditions and values see.
fn seen(request: &OutgoingRequest, operation: &str, base: &Scope) -> Scope {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &request.headers {
        let entry = headers.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
        if let Value::Array(values) = entry {
            values.push(json!(value));
        }
    }
    let query: Map<String, Value> =
        request.url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect();
    let json: Option<Value> = serde_json::from_slice(&request.body).ok();
    base.clone()
        .with("operation", json!(operation))
        .with("body", json!(String::from_utf8_lossy(&request.body)))
        .with("nonce", json!(uuid::Uuid::new_v4().to_string()))
        .with(
            "request",
            json!({
                "method": request.method,
                "path": request.url.path(),
                "query": query,
                "headers": headers,
                "json": json,
            }),
        )
}

fn change(request: &mut OutgoingRequest, plan: &RequestPlan, scope: &Scope) {
    if let Some(method) = &plan.plain.method {
        request.method.clone_from(method);
    }
    // A URL that is none leaves the request where it was: it could not be sent at all.
    if let Some(url) = plan.url.as_ref().and_then(|url| text(url, scope)).and_then(|url| request.url.join(&url).ok()) {
        request.url = url;
    }
    let changes = object(&plan.query, scope).unwrap_or_default();
    if !changes.is_empty() {
        replace_query(&mut request.url, &changes);
    }
    if let Some(changes) = plan.json.as_ref().and_then(|json| object(json, scope)) {
        let mut members = serde_json::from_slice(&request.body).unwrap_or_default();
        merge(&mut members, &changes);
        request.body = Value::Object(members).to_string().into_bytes();
    }
    if let Some(text) = plan.body.as_ref().and_then(|body| text(body, scope)) {
        request.body = text.into_bytes();
    }
    for (name, value) in object(&plan.headers, scope).unwrap_or_default() {
        request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        if let Some(value) = value.as_str() {
            request.headers.push((name, value.to_owned()));
        }
    }
}

fn replace_query(url: &mut Url, changes: &Map<String, Value>) {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.retain(|(name, _)| !changes.contains_key(name));
    for (name, value) in changes {
        match value {
            Value::Null => {}
            Value::String(text) => pairs.push((name.clone(), text.clone())),
            other => pairs.push((name.clone(), other.to_string())),
        }
    }
    if pairs.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expression, Template, Vocabulary};
    use crate::suite::catalogue::Deviation;
    use crate::suite::model::deviation::Request;
    use crate::suite::model::profile::Role;

    fn deviation(on: Stage, when: Option<&str>, plain: Request) -> Deviation {
        let vocabulary = Vocabulary::of(["operation", "stream_id", "body", "request", "nonce"]);
        let template = |value: Value| Template::compile(&value, &vocabulary).expect("a template");
        Deviation {
            id: "test/1/one".to_owned(),
            breaks: None,
            also: Vec::new(),
            about: None,
            role: Role::Receiver,
            on: Some(on),
            behave: None,
            given: Vec::new(),
            when: when.map(|when| Expression::compile(when, &vocabulary).expect("an expression")),
            respond: None,
            ignore: None,
            languages: None,
            request: Some(RequestPlan {
                headers: template(Value::Object(plain.headers.clone())),
                body: plain.body.clone().map(|body| template(json!(body))),
                json: plain.json.clone().map(|json| template(Value::Object(json))),
                query: template(Value::Object(plain.query.clone())),
                url: plain.url.clone().map(|url| template(json!(url))),
                plain,
            }),
            claims: None,
            header: None,
            payload: None,
            forge: None,
            tls: None,
            retry: None,
            file: String::new(),
        }
    }

    fn members(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    /// What becomes of a poll of the stream `s`.
    fn changed(deviation: Deviation, operation: &str) -> OutgoingRequest {
        let mut request = OutgoingRequest {
            method: "POST".to_owned(),
            url: "https://tx.example.com/poll?stream_id=s&x=1".parse().expect("a URL"),
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            body: br#"{"maxEvents":1,"ack":[]}"#.to_vec(),
        };
        Tamper::new([deviation]).visit(&mut request, operation, &Scope::new().with("stream_id", json!("s")));
        request
    }

    #[test]
    fn every_part_of_a_request_can_be_changed() {
        let plain = Request {
            method: Some("GET".to_owned()),
            url: Some("/elsewhere?stream_id=s".to_owned()),
            query: members(json!({ "stream_id": null, "more": "${stream_id}" })),
            headers: members(json!({ "accept": null, "X-Of": "${operation}" })),
            json: Some(members(json!({ "ack": null, "maxEvents": 2 }))),
            body: None,
        };
        let request = changed(deviation(Stage::Poll, None, plain), "poll");
        assert_eq!(request.method, "GET");
        assert_eq!(request.url.as_str(), "https://tx.example.com/elsewhere?more=s");
        assert_eq!(request.headers, [("X-Of".to_owned(), "poll".to_owned())]);
        assert_eq!(request.body, br#"{"maxEvents":2}"#);
    }

    #[test]
    fn the_text_of_a_body_can_hold_the_original() {
        let plain = Request { body: Some("${body} ".to_owned()), ..Request::default() };
        let request = changed(deviation(Stage::Poll, None, plain), "poll");
        assert_eq!(request.body, br#"{"maxEvents":1,"ack":[]} "#);
    }

    #[test]
    fn a_query_that_loses_its_last_parameter_is_none() {
        let plain = Request { query: members(json!({ "stream_id": null, "x": null })), ..Request::default() };
        let request = changed(deviation(Stage::Poll, None, plain), "poll");
        assert_eq!(request.url.as_str(), "https://tx.example.com/poll");
    }

    #[test]
    fn only_the_operation_that_is_meant_is_changed() {
        let put = || Request { method: Some("PUT".to_owned()), ..Request::default() };
        let table = [
            (Stage::Poll, "poll", true),
            (Stage::Poll, "create", false),
            (Stage::Management, "create", true),
            (Stage::Management, "verify", true),
            (Stage::Management, "poll", false),
            (Stage::Management, "token", false),
            (Stage::Jwks, "jwks", true),
        ];
        for (stage, operation, meant) in table {
            let method = changed(deviation(stage, None, put()), operation).method;
            assert_eq!(method == "PUT", meant, "{} and {operation}", stage.name());
        }
    }

    #[test]
    fn a_condition_sees_the_request() {
        let put = || Request { method: Some("PUT".to_owned()), ..Request::default() };
        for (when, meant) in [
            ("request.method == 'POST' && request.path == '/poll'", true),
            ("request.query.stream_id == stream_id", true),
            ("request.json.maxEvents == 1 && 'accept' in request.headers", true),
            ("body == ''", false),
            ("request.json.absent == 1", false),
        ] {
            let method = changed(deviation(Stage::Poll, Some(when), put()), "poll").method;
            assert_eq!(method == "PUT", meant, "{when}");
        }
    }
}
