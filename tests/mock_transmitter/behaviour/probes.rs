//! What can be seen of a transmitter from outside, one question each.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use setspec::peer::ssf::{DefaultSubjects, EventRequest, SsfOptions, Status};

use super::sink::Sink;
use crate::pair::{Pair, REVOKED, UPDATED, VERIFICATION, claims, email, revoked, until, users};

/// After which silence a stream is paused.
const TIMEOUT: Duration = Duration::from_millis(300);

/// A question to a transmitter, and the answer of the reference.
pub struct Probe {
    pub name: &'static str,
    pub set_up: fn(&mut SsfOptions),
    pub act: fn(Pair) -> Pin<Box<dyn Future<Output = Value> + Send>>,
    pub faithful: Value,
}

pub fn probes() -> Vec<Probe> {
    macro_rules! probe {
        ($act:ident, $faithful:expr) => {
            probe!($act, |_| {}, $faithful)
        };
        ($act:ident, $set_up:expr, $faithful:expr) => {
            Probe { name: stringify!($act), set_up: $set_up, act: |pair| Box::pin($act(pair)), faithful: $faithful }
        };
    }
    vec![
        probe!(acknowledged, json!([2, 0, 0, 0])),
        probe!(unacknowledged, json!([["a"], ["a"]])),
        probe!(paused, json!([[], ["a", "b"]])),
        probe!(disabled, json!([0, [], []])),
        probe!(foreign, json!([0, 404, 404, 404, 404, 404, 404, 404, 404])),
        probe!(bounded, json!([1, true])),
        probe!(immediate, |options| options.timing.long_poll = Duration::from_secs(10), json!(0)),
        probe!(waiting, |options| options.timing.long_poll = Duration::from_secs(10), json!(1)),
        probe!(two_streams, json!([2, "two ids", "two endpoints"])),
        probe!(second_of_one, |options| options.features.several_streams = false, json!([201, 409, "no id"])),
        probe!(one_push, json!([true])),
        probe!(failed_push, json!([true, true])),
        probe!(refused_push, |options| options.timing.attempts = 3, json!(1)),
        probe!(delayed_push, |options| options.timing.retry_delay = Duration::from_secs(60), json!(1)),
        probe!(unknown_caller, json!([401, 401, 401])),
        probe!(lesser_tokens, json!([401, 401, 403])),
        probe!(
            added_subject,
            |options| options.features.default_subjects = Some(DefaultSubjects::None),
            json!([0, 1, 0])
        ),
        probe!(removed_subject, json!([1, 0, 1])),
        probe!(opted_out, json!([1, 0, 1, 1])),
        probe!(not_requested, json!([1, 0])),
        probe!(wrong_members, json!([400, 400, "its own issuer"])),
        probe!(patched, json!(["e", true])),
        probe!(put, json!([false, false])),
        probe!(deleted, json!([204, 404, 0])),
        probe!(deleted_without_id, json!([400, "some left"])),
        probe!(unknown_stream, json!([404, null, 404, null])),
        probe!(updated_status, json!([200, "paused", "paused"])),
        probe!(neighbour, json!("enabled")),
        probe!(told, json!([])),
        probe!(own_decision, json!([1, "paused"])),
        probe!(verified, json!([["s1", "its own"], ["s2", "its own"]])),
        probe!(unasked, json!([["no state", "its own"]])),
        probe!(active, |options| options.timing.inactivity_timeout = Some(TIMEOUT), json!("enabled")),
        probe!(risc, |options| options.issuer_path = "/tenant".to_owned(), json!([404, "nothing"])),
    ]
}

fn sets(answer: &Value) -> usize {
    answer["sets"].as_object().unwrap().len()
}

/// How many SETs are in a poll, in the one that acknowledges them, and in the two after that.
async fn acknowledged(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.emit("a");
    pair.emit("b");
    let now = json!({ "returnImmediately": true });
    let first = pair.poll(&stream, now.clone()).await;
    let jtis: Vec<&String> = first["sets"].as_object().unwrap().keys().collect();
    let acknowledging = pair.poll(&stream, json!({ "returnImmediately": true, "ack": jtis })).await;
    let later = pair.poll(&stream, now.clone()).await;
    let later_still = pair.poll(&stream, now).await;
    json!([sets(&first), sets(&acknowledging), sets(&later), sets(&later_still)])
}

async fn unacknowledged(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.emit("a");
    let (first, second) = (pair.peek(&stream).await, pair.peek(&stream).await);
    json!([users(&first), users(&second)])
}

async fn paused(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.status(&stream, "paused").await;
    pair.emit("a");
    pair.emit("b");
    let meanwhile = polled(&pair, &stream).await;
    pair.status(&stream, "enabled").await;
    json!([meanwhile, polled(&pair, &stream).await])
}

async fn disabled(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.status(&stream, "disabled").await;
    let sent = pair.emit("a");
    let meanwhile = polled(&pair, &stream).await;
    pair.status(&stream, "enabled").await;
    json!([sent, meanwhile, polled(&pair, &stream).await])
}

/// The users of what a poll returns, or the status code of its refusal.
async fn polled(pair: &Pair, stream: &Value) -> Value {
    let endpoint = stream["delivery"]["endpoint_url"].as_str().unwrap();
    let (status, answer) = pair.ask("POST", endpoint, json!({ "returnImmediately": true })).await;
    match answer.get("sets").and_then(Value::as_object) {
        Some(sets) => json!(users(&sets.values().map(claims).collect::<Vec<_>>())),
        None => json!(status),
    }
}

/// How many streams a second receiver sees, and what it is answered when it meddles with the one of the first receiver.
async fn foreign(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let endpoint = pair.endpoint("configuration_endpoint");
    let (_, list) = pair.ask_as("token-of-two", "GET", &endpoint, Value::Null).await;
    let mut seen = vec![json!(list.as_array().unwrap().len())];
    let status = pair.endpoint("status_endpoint");
    let verification = pair.endpoint("verification_endpoint");
    let poll = stream["delivery"]["endpoint_url"].as_str().unwrap().to_owned();
    let id = &stream["stream_id"];
    for (method, url, body) in [
        ("GET", one(&endpoint, &stream), Value::Null),
        ("PATCH", endpoint.clone(), json!({ "stream_id": id, "description": "mine" })),
        ("GET", one(&status, &stream), Value::Null),
        ("POST", status, json!({ "stream_id": id, "status": "enabled" })),
        ("POST", verification, json!({ "stream_id": id })),
        ("POST", pair.endpoint("remove_subject_endpoint"), json!({ "stream_id": id, "subject": email("a") })),
        ("POST", poll, json!({ "returnImmediately": true })),
        ("DELETE", one(&endpoint, &stream), Value::Null),
    ] {
        seen.push(json!(pair.ask_as("token-of-two", method, &url, body).await.0));
    }
    json!(seen)
}

fn one(endpoint: &str, stream: &Value) -> String {
    format!("{endpoint}?stream_id={}", stream["stream_id"].as_str().unwrap())
}

async fn bounded(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    for user in ["a", "b", "c"] {
        pair.emit(user);
    }
    let answer = pair.poll(&stream, json!({ "maxEvents": 1, "returnImmediately": true })).await;
    json!([sets(&answer), answer["moreAvailable"]])
}

async fn immediate(pair: Pair) -> Value {
    sets_of_a_late_event(pair, json!({ "returnImmediately": true })).await
}

async fn waiting(pair: Pair) -> Value {
    sets_of_a_late_event(pair, json!({})).await
}

/// How many SETs a poll returns when the event comes after it: none if it did not wait.
async fn sets_of_a_late_event(pair: Pair, body: Value) -> Value {
    let stream = pair.create(revoked()).await;
    let ended = AtomicBool::new(false);
    let polling = async {
        let answer = pair.poll(&stream, body).await;
        ended.store(true, Ordering::SeqCst);
        sets(&answer)
    };
    let emitting = async {
        until(|| pair.count("polls") == 1 || ended.load(Ordering::SeqCst)).await;
        pair.emit("a");
    };
    json!(tokio::join!(polling, emitting).0)
}

async fn two_streams(pair: Pair) -> Value {
    let (first, second) = (pair.create(revoked()).await, pair.create(revoked()).await);
    let (_, list) = pair.ask("GET", &pair.endpoint("configuration_endpoint"), Value::Null).await;
    let same = |place: &str| first.pointer(place) == second.pointer(place);
    json!([
        list.as_array().unwrap().len(),
        if same("/stream_id") { "the same id" } else { "two ids" },
        if same("/delivery/endpoint_url") { "the same endpoint" } else { "two endpoints" },
    ])
}

async fn second_of_one(pair: Pair) -> Value {
    let endpoint = pair.endpoint("configuration_endpoint");
    let (created, first) = pair.ask("POST", &endpoint, revoked()).await;
    let (again, second) = pair.ask("POST", &endpoint, revoked()).await;
    let id = match second.get("stream_id") {
        None => "no id",
        Some(id) if *id == first["stream_id"] => "the same id",
        Some(_) => "another id",
    };
    json!([created, again, id])
}

/// A stream that pushes to a sink, and one event.
async fn push_to(pair: &Pair, sink: &Sink) {
    let delivery = json!({
        "method": "urn:ietf:rfc:8935",
        "endpoint_url": sink.server.url(),
        "authorization_header": "Basic secret",
    });
    pair.create(json!({ "events_requested": [REVOKED], "delivery": delivery })).await;
    pair.emit("a");
}

async fn one_push(pair: Pair) -> Value {
    let sink = Sink::new(&[202]).await;
    push_to(&pair, &sink).await;
    until(|| pair.count("waiting") == 0).await;
    json!(sink.authorized())
}

async fn failed_push(pair: Pair) -> Value {
    let sink = Sink::new(&[503, 202]).await;
    push_to(&pair, &sink).await;
    until(|| pair.count("waiting") == 0).await;
    json!(sink.authorized())
}

async fn refused_push(pair: Pair) -> Value {
    let sink = Sink::new(&[400]).await;
    push_to(&pair, &sink).await;
    until(|| pair.count("waiting") == 0).await;
    json!(sink.authorized().len())
}

/// How many pushes there are long before the delay is over.
async fn delayed_push(pair: Pair) -> Value {
    let sink = Sink::new(&[503, 202]).await;
    push_to(&pair, &sink).await;
    until(|| !sink.authorized().is_empty()).await;
    let repeated = until(|| sink.authorized().len() == 2);
    let _ = tokio::time::timeout(Duration::from_millis(250), repeated).await;
    json!(sink.authorized().len())
}

async fn unknown_caller(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let poll = stream["delivery"]["endpoint_url"].as_str().unwrap();
    let now = r#"{"returnImmediately":true}"#;
    json!([
        pair.raw("GET", &pair.endpoint("configuration_endpoint"), None, "").await.status(),
        pair.raw("POST", poll, None, now).await.status(),
        pair.raw("POST", poll, Some("Bearer nobody"), now).await.status(),
    ])
}

/// What is answered to a good token in the query, to one that has expired, and to one for reading that creates a stream.
async fn lesser_tokens(pair: Pair) -> Value {
    let endpoint = pair.endpoint("configuration_endpoint");
    json!([
        pair.raw("GET", &format!("{endpoint}?access_token=token-of-one"), None, "").await.status(),
        pair.raw("GET", &endpoint, Some("Bearer expired-of-one"), "").await.status(),
        pair.raw("POST", &endpoint, Some("Bearer reading-of-one"), &revoked().to_string()).await.status(),
    ])
}

/// How many streams get an event before its subject is added, with it, and when it is removed again.
async fn added_subject(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let never = pair.emit("a");
    subject(&pair, &stream, "add_subject_endpoint", 200).await;
    let added = pair.emit("a");
    subject(&pair, &stream, "remove_subject_endpoint", 204).await;
    json!([never, added, pair.emit("a")])
}

/// The same the other way round.
async fn removed_subject(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let at_first = pair.emit("a");
    subject(&pair, &stream, "remove_subject_endpoint", 204).await;
    let removed = pair.emit("a");
    subject(&pair, &stream, "add_subject_endpoint", 200).await;
    json!([at_first, removed, pair.emit("a")])
}

async fn subject(pair: &Pair, stream: &Value, endpoint: &str, expected: u16) {
    let body = json!({ "stream_id": stream["stream_id"], "subject": email("a") });
    assert_eq!(pair.ask("POST", &pair.endpoint(endpoint), body).await.0, expected);
}

/// How many SETs are sent when an account leaves, about it then, when it comes back, and about it then.
async fn opted_out(pair: Pair) -> Value {
    let events = ["risc/opt-out-effective", "risc/account-enabled", "risc/opt-in", "risc/account-enabled"];
    let uris = events.map(setspec::peer::ssf::events::uri);
    pair.create(json!({ "events_requested": uris })).await;
    let sent = events.map(|event| {
        let request =
            EventRequest { event: Some(event.to_owned()), subject: Some(email("a")), ..EventRequest::default() };
        pair.transmitter.emit(&request).unwrap().sent.len()
    });
    json!(sent)
}

async fn not_requested(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let event = EventRequest { event: Some("caep/credential-change".to_owned()), ..EventRequest::default() };
    let sent = pair.transmitter.emit(&event).unwrap().sent.len();
    json!([stream["events_delivered"].as_array().unwrap().len(), sent])
}

async fn wrong_members(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let endpoint = pair.endpoint("configuration_endpoint");
    let id = &stream["stream_id"];
    let delivery = json!({ "method": "urn:ietf:rfc:8936", "endpoint_url": "https://other.example.com" });
    let other_issuer = json!({ "stream_id": id, "iss": "https://other.example.com" });
    let (issuer, _) = pair.ask("PATCH", &endpoint, other_issuer).await;
    let (delivery, _) = pair.ask("PATCH", &endpoint, json!({ "stream_id": id, "delivery": delivery })).await;
    let (_, now) = pair.ask("GET", &one(&endpoint, &stream), Value::Null).await;
    json!([issuer, delivery, if now["iss"] == stream["iss"] { "its own issuer" } else { "another issuer" }])
}

async fn patched(pair: Pair) -> Value {
    let stream = pair.create(json!({ "events_requested": [REVOKED], "description": "d" })).await;
    let body = json!({ "stream_id": stream["stream_id"], "description": "e" });
    let (_, patched) = pair.ask("PATCH", &pair.endpoint("configuration_endpoint"), body).await;
    json!([patched["description"], patched.get("events_requested").is_some()])
}

async fn put(pair: Pair) -> Value {
    let stream = pair.create(json!({ "events_requested": [REVOKED], "description": "d" })).await;
    let body = json!({ "stream_id": stream["stream_id"], "delivery": stream["delivery"] });
    let (_, put) = pair.ask("PUT", &pair.endpoint("configuration_endpoint"), body).await;
    json!([put.get("description").is_some(), put.get("events_requested").is_some()])
}

async fn deleted(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let endpoint = pair.endpoint("configuration_endpoint");
    let (deleted, _) = pair.ask("DELETE", &one(&endpoint, &stream), Value::Null).await;
    let (read, _) = pair.ask("GET", &one(&endpoint, &stream), Value::Null).await;
    let (_, list) = pair.ask("GET", &endpoint, Value::Null).await;
    json!([deleted, read, list.as_array().unwrap().len()])
}

async fn deleted_without_id(pair: Pair) -> Value {
    pair.create(revoked()).await;
    pair.create(revoked()).await;
    let endpoint = pair.endpoint("configuration_endpoint");
    let (deleted, _) = pair.ask("DELETE", &endpoint, Value::Null).await;
    let (_, list) = pair.ask("GET", &endpoint, Value::Null).await;
    json!([deleted, if list == json!([]) { "none left" } else { "some left" }])
}

async fn unknown_stream(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let mut seen = Vec::new();
    for endpoint in ["configuration_endpoint", "status_endpoint"] {
        let url = format!("{}?stream_id=nobody", pair.endpoint(endpoint));
        let (status, answer) = pair.ask("GET", &url, Value::Null).await;
        seen.push(json!(status));
        seen.push(match answer.get("stream_id") {
            Some(id) if *id == stream["stream_id"] => json!("its own"),
            other => json!(other),
        });
    }
    json!(seen)
}

async fn updated_status(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    let endpoint = pair.endpoint("status_endpoint");
    let body = json!({ "stream_id": stream["stream_id"], "status": "paused" });
    let (updated, answer) = pair.ask("POST", &endpoint, body).await;
    let (_, read) = pair.ask("GET", &one(&endpoint, &stream), Value::Null).await;
    json!([updated, answer["status"], read["status"]])
}

/// What becomes of a stream that is enabled for a reason when another one of the same receiver is paused.
async fn neighbour(pair: Pair) -> Value {
    let (first, second) = (pair.create(revoked()).await, pair.create(revoked()).await);
    let body = json!({ "stream_id": second["stream_id"], "status": "enabled", "reason": "It is wanted." });
    pair.ask("POST", &pair.endpoint("status_endpoint"), body).await;
    pair.status(&first, "paused").await;
    let (_, read) = pair.ask("GET", &one(&pair.endpoint("status_endpoint"), &second), Value::Null).await;
    read["status"].clone()
}

/// The statuses in stream-updated events when the receiver pauses a stream, and enables it again.
async fn told(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.status(&stream, "paused").await;
    pair.status(&stream, "enabled").await;
    let events = pair.peek(&stream).await;
    let status = |claims: &'_ Value| claims["events"][UPDATED]["status"].as_str().map(str::to_owned);
    let mut statuses: Vec<String> = events.iter().filter_map(status).collect();
    // The members of an object are not in the order of the queue.
    statuses.sort_unstable();
    json!(statuses)
}

/// How many stream-updated events there are when the transmitter pauses a stream, and what the status is then.
async fn own_decision(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.transmitter.set_status(stream["stream_id"].as_str().unwrap(), Status::Paused, None).unwrap();
    let told = pair.peek(&stream).await.iter().filter(|claims| claims["events"].get(UPDATED).is_some()).count();
    let (_, read) = pair.ask("GET", &one(&pair.endpoint("status_endpoint"), &stream), Value::Null).await;
    json!([told, read["status"]])
}

/// State and subject of the events after two requests.
async fn verified(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    for state in ["s1", "s2"] {
        let body = json!({ "stream_id": stream["stream_id"], "state": state });
        assert_eq!(pair.ask("POST", &pair.endpoint("verification_endpoint"), body).await.0, 204);
    }
    verifications(&pair, &stream).await.into_iter().map(|(state, subject)| json!([state, subject])).collect()
}

async fn unasked(pair: Pair) -> Value {
    let stream = pair.create(revoked()).await;
    pair.transmitter.verify(stream["stream_id"].as_str().unwrap()).unwrap();
    let named = |state: Value| if state.is_null() { "no state" } else { "a state" };
    verifications(&pair, &stream).await.into_iter().map(|(state, subject)| json!([named(state), subject])).collect()
}

/// The status of a stream whose receiver has polled and called all the time.
async fn active(pair: Pair) -> Value {
    loop {
        let stream = pair.create(revoked()).await;
        pair.emit("a");
        let began = Instant::now();
        let (mut last, mut silence) = (began, Duration::ZERO);
        while began.elapsed() < 2 * TIMEOUT {
            pair.peek(&stream).await;
            pair.ask("GET", &one(&pair.endpoint("configuration_endpoint"), &stream), Value::Null).await;
            silence = silence.max(last.elapsed());
            last = Instant::now();
            tokio::time::sleep(TIMEOUT / 10).await;
        }
        let (_, read) = pair.ask("GET", &one(&pair.endpoint("status_endpoint"), &stream), Value::Null).await;
        // A machine that is too busy for our calls has proved nothing.
        if read["status"] == "enabled" || silence < TIMEOUT / 2 {
            return read["status"].clone();
        }
    }
}

/// The status code of the place where RISC transmitters had their configuration, and what is there.
async fn risc(pair: Pair) -> Value {
    let url = pair.transmitter.metadata_url().replacen("/ssf-configuration/tenant", "/risc-configuration/tenant", 1);
    assert_ne!(url, pair.transmitter.metadata_url());
    let (status, answer) = pair.ask("GET", &url, Value::Null).await;
    json!([status, if answer == pair.metadata { "the configuration" } else { "nothing" }])
}

async fn verifications(pair: &Pair, stream: &Value) -> Vec<(Value, &'static str)> {
    let own = json!({ "format": "opaque", "id": stream["stream_id"] });
    let events = pair.peek(stream).await;
    let subject = |claims: &Value| if claims["sub_id"] == own { "its own" } else { "foreign" };
    events.iter().map(|claims| (claims["events"][VERIFICATION]["state"].clone(), subject(claims))).collect()
}
