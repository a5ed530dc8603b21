//! The tampering layer: what makes mutants and variations of the built-in peers.
//!
//! `visit` is the part for a receiver that acts by itself: it changes what such a receiver asks for. A `switch` changes the
//! deviations of a peer that runs.

mod switch;
mod visit;

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::message::{object_or_null, set_value};
use super::receiver::Verdict;
use crate::expr::{Expression, Scope, Template};
use crate::set::draft::merge;
use crate::set::{Draft, Forgery, Signature, Token};
use crate::suite::catalogue::{Deviation, RespondPlan};
use crate::suite::model::deviation::{Check, Retry, Stage, TlsDeviation};
pub use switch::Switch;
pub use visit::OutgoingRequest;

/// The deviations of a peer; none for the reference.
#[derive(Debug, Clone, Default)]
pub struct Tamper {
    deviations: Vec<Deviation>,
}

/// A push as a receiver got it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The method of the request.
    pub method: &'a Method,
    /// Its header fields, by lower-case name.
    pub headers: &'a HeaderMap,
    /// Its body, whole.
    pub body: &'a [u8],
    /// The body taken apart as a token, with its defects.
    pub token: &'a Token,
    /// Whether the same body came before.
    pub repeated: bool,
}

/// A push request before it is sent.
#[derive(Debug, Clone)]
pub struct OutgoingPush {
    /// The method; `POST` before a deviation changes it.
    pub method: String,
    /// Names and values, in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The compact token, or what a deviation makes of it.
    pub body: Vec<u8>,
}

impl Tamper {
    /// A layer of these deviations, which are applied in this order.
    pub fn new(deviations: impl IntoIterator<Item = Deviation>) -> Self {
        Self { deviations: deviations.into_iter().collect() }
    }

    /// Whether it is the reference.
    pub fn is_empty(&self) -> bool {
        self.deviations.is_empty()
    }

    /// Those deviations that a SCIM service provider acts out, and all others.
    pub fn divided(self) -> (Self, Self) {
        let (scim, others) = self.deviations.into_iter().partition(Deviation::is_of_scim);
        (Self { deviations: scim }, Self { deviations: others })
    }

    /// What differs on the TLS layer, by the first deviation that says so.
    pub(crate) fn tls(&self) -> Option<&TlsDeviation> {
        self.deviations.iter().find_map(|deviation| deviation.tls.as_ref())
    }

    /// Whether the TLS layer differs for a stream that a transmitter is asked to create; `base` holds `request`.
    pub(crate) fn tls_applies(&self, base: &Scope) -> bool {
        let deviation = self.deviations.iter().find(|deviation| deviation.tls.is_some());
        deviation.is_some_and(|deviation| applies(deviation.when.as_ref(), || base.clone()))
    }

    /// How a transmitter repeats itself, by the first deviation that says so.
    pub(crate) fn retry(&self) -> Option<Retry> {
        self.deviations.iter().find_map(|deviation| deviation.retry)
    }

    /// The languages of a receiver's descriptions, by the first deviation that names some.
    pub(crate) fn languages(&self) -> Option<&Vec<String>> {
        self.deviations.iter().find_map(|deviation| deviation.languages.as_ref())
    }

    /// Whether a receiver leaves a check out for this message.
    pub fn ignores(&self, check: Check, message: &Incoming<'_>) -> bool {
        self.deviations.iter().any(|deviation| {
            deviation.ignore == Some(check)
                && deviation.on != Some(Stage::Poll)
                && applies(deviation.when.as_ref(), || incoming(message, None))
        })
    }

    /// What a receiver answers in the end.
    pub fn answer(&self, mut answer: Answer, message: &Incoming<'_>, verdict: &Verdict) -> Answer {
        for deviation in &self.deviations {
            let Some(respond) = &deviation.respond else { continue };
            let scope = incoming(message, Some((verdict, &answer)));
            if deviation.when.as_ref().is_some_and(|when| !scope.enter(|entered| when.holds(entered))) {
                continue;
            }
            if respond.plain.accept {
                answer = Answer { delay: answer.delay, ..Answer::accepted() };
            }
            change(&mut answer, respond, &scope);
        }
        answer
    }

    /// What a transmitter answers in the end to a request for this operation; `base` holds `request` and `stream_id`.
    pub fn reply(&self, operation: &str, mut answer: Answer, base: &Scope) -> Answer {
        for deviation in &self.deviations {
            let Some(respond) = &deviation.respond else { continue };
            if !deviation.on.is_some_and(|stage| is_on(stage, operation)) {
                continue;
            }
            let scope = base
                .clone()
                .with("operation", json!(operation))
                .with("response", answer_value(&answer))
                .with("nonce", json!(uuid::Uuid::new_v4().to_string()));
            if deviation.when.as_ref().is_none_or(|when| scope.enter(|entered| when.holds(entered))) {
                change(&mut answer, respond, &scope);
            }
        }
        answer
    }

    /// What a Shared Signals transmitter does otherwise, by name.
    pub(crate) fn behaviours(&self) -> impl Iterator<Item = &str> {
        self.deviations.iter().filter_map(|deviation| deviation.behave.as_deref())
    }

    /// What else the peer is like, by name.
    pub(crate) fn toggles(&self) -> impl Iterator<Item = &str> {
        self.deviations.iter().flat_map(|deviation| deviation.given.iter().map(String::as_str))
    }

    /// What an issuer makes of a token before it is signed; the forgery, if any, by which it is signed.
    pub fn draft(&self, draft: &mut Draft, fixture: &str, base: &Scope) -> Option<Forgery> {
        let mut forgery = None;
        for deviation in &self.deviations {
            let scope = outgoing(draft, fixture, base);
            if deviation.when.as_ref().is_some_and(|when| !scope.enter(|entered| when.holds(entered))) {
                continue;
            }
            if let Some(changes) = deviation.claims.as_ref().and_then(|claims| object(claims, &scope)) {
                draft.merge_claims(&changes);
            }
            if let Some(changes) = deviation.header.as_ref().and_then(|header| object(header, &scope)) {
                draft.merge_header(&changes);
            }
            if let Some(payload) = deviation.payload.as_ref().and_then(|payload| text(payload, &scope)) {
                draft.payload_text = Some(payload);
            }
            forgery = forgery.or(deviation.forge);
        }
        forgery
    }

    /// What a transmitter makes of a push request.
    pub fn request(&self, push: &mut OutgoingPush, fixture: &str, base: &Scope) {
        for deviation in &self.deviations {
            let Some(request) = &deviation.request else { continue };
            let body = String::from_utf8_lossy(&push.body).into_owned();
            let mut fields: Map<String, Value> = Map::new();
            for (name, value) in &push.headers {
                let entry = fields.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
                if let Value::Array(values) = entry {
                    values.push(json!(value));
                }
            }
            let scope = base
                .clone()
                .with("fixture", json!(fixture))
                .with("body", json!(body))
                .with("request", json!({ "method": push.method, "headers": fields }));
            if deviation.when.as_ref().is_some_and(|when| !scope.enter(|entered| when.holds(entered))) {
                continue;
            }
            if let Some(method) = &request.plain.method {
                push.method.clone_from(method);
            }
            for (name, value) in object(&request.headers, &scope).unwrap_or_default() {
                push.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
                if let Some(value) = value.as_str() {
                    push.headers.push((name, value.to_owned()));
                }
            }
            if let Some(text) = request.body.as_ref().and_then(|body| text(body, &scope)) {
                push.body = text.into_bytes();
            }
        }
    }
}

/// Whether an answer to this operation is meant.
fn is_on(stage: Stage, operation: &str) -> bool {
    let outside = [
        "metadata",
        "authorization-server",
        "protected-resource",
        "jwks",
        "token",
        "revoke",
        "poll",
        "scim",
        "unknown",
    ];
    match stage {
        Stage::Management => !outside.contains(&operation),
        stage => stage.is_answer() && stage.name() == operation,
    }
}

fn answer_value(answer: &Answer) -> Value {
    let headers: Map<String, Value> =
        answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!([value]))).collect();
    json!({
        "status": answer.status,
        "headers": headers,
        "body": String::from_utf8_lossy(&answer.body),
        "json": answer.json(),
    })
}

/// Changes an answer as a deviation says.
fn change(answer: &mut Answer, respond: &RespondPlan, scope: &Scope) {
    if let Some(delay) = respond.plain.delay {
        answer.delay = Duration::try_from_secs_f64(delay).unwrap_or_default();
    }
    if let Some(status) = respond.plain.status {
        answer.status = status;
    }
    answer.close |= respond.plain.close;
    if let Some(changes) = respond.json.as_ref().and_then(|json| object(json, scope)) {
        let mut members = match answer.json() {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        merge(&mut members, &changes);
        answer.body = Value::Object(members).to_string().into_bytes();
    }
    if let Some(whole) = respond.whole.as_ref().and_then(|whole| scope.enter(|entered| whole.render(entered)).ok()) {
        answer.body = whole.to_string().into_bytes();
    }
    if let Some(text) = respond.body.as_ref().and_then(|body| text(body, scope)) {
        answer.body = text.into_bytes();
    }
    for (name, value) in object(&respond.headers, scope).unwrap_or_default() {
        answer.set_header(&name, value.as_str());
    }
}

fn applies(when: Option<&Expression>, scope: impl FnOnce() -> Scope) -> bool {
    when.is_none_or(|when| scope().enter(|entered| when.holds(entered)))
}

/// What the condition of a receiver's deviation sees.
fn incoming(message: &Incoming<'_>, decided: Option<(&Verdict, &Answer)>) -> Scope {
    let Incoming { method, headers, body, token, repeated } = message;
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in *headers {
        let entry = fields.entry(name.as_str()).or_insert_with(|| json!([]));
        if let Value::Array(values) = entry {
            values.push(json!(String::from_utf8_lossy(value.as_bytes())));
        }
    }
    let fault = match decided {
        Some((Verdict::Refused(refusal), _)) => refusal.check(),
        _ => "",
    };
    let response = decided.map_or(
        Value::Null,
        |(_, answer)| json!({ "status": answer.status, "body": String::from_utf8_lossy(&answer.body) }),
    );
    Scope::new()
        .with("request", json!({ "method": method.as_str(), "headers": fields, "size": body.len() }))
        .with("response", response)
        .with("body", json!(String::from_utf8_lossy(body)))
        .with("set", set_value(token, &Signature::NotChecked))
        .with("header", object_or_null(token.header.as_ref()))
        .with("claims", object_or_null(token.claims.as_ref()))
        .with("fault", json!(fault))
        .with("history", json!({ "repeated": repeated }))
}

/// What the condition of an issuer's deviation sees.
fn outgoing(draft: &Draft, fixture: &str, base: &Scope) -> Scope {
    base.clone()
        .with("fixture", json!(fixture))
        .with("claims", Value::Object(draft.claims.clone()))
        .with("header", Value::Object(draft.header.clone()))
}

fn object(template: &Template, scope: &Scope) -> Option<Map<String, Value>> {
    match scope.enter(|entered| template.render(entered)) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

fn text(template: &Template, scope: &Scope) -> Option<String> {
    scope.enter(|entered| template.render_text(entered)).ok()
}
