//! The built-in Shared Signals receiver, against the built-in transmitter.

mod behaviour;
mod binary;
mod pair;
#[path = "../support/mod.rs"]
mod support;
mod visiting;

use std::time::Duration;

use pair::{AUDIENCE, Pair, REVOKED, Setup, TOKEN, UPDATED, VERIFICATION, key, until};
use serde_json::{Value, json};
use setspec::peer::ssf::{Answer, EventRequest, Operation, Status};
use setspec::peer::ssf_receiver::{Notice, SetVerdict, apply};
use setspec::suite::model::case::{Asked, Method};

fn revoked() -> EventRequest {
    EventRequest { event: Some("caep/session-revoked".to_owned()), ..EventRequest::default() }
}

/// An answer with other members.
fn changed(answer: &Answer, changes: Value) -> Answer {
    let mut document = answer.json().unwrap_or_default();
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    Answer::of_json(answer.status, &document)
}

#[tokio::test]
async fn it_gets_itself_a_verified_stream_and_takes_events_by_poll() {
    let pair = Pair::ready(|_| {}).await;
    until(|| pair.receiver.state()["verified"] == true).await;
    assert_eq!(pair.operations(), ["metadata", "create", "read", "read-status", "verify", "jwks"]);
    let created = &pair.asked(Operation::Create)[0].json;
    assert_eq!(created["delivery"], json!({ "method": "urn:ietf:rfc:8936" }));
    assert!(created["events_requested"].as_array().unwrap().contains(&json!(REVOKED)));
    let stream_id = pair.stream_id();
    assert_eq!(pair.asked(Operation::Read)[0].query, [("stream_id".to_owned(), stream_id.clone())]);
    assert_eq!(pair.receiver.state()["stream_id"], stream_id);
    assert_eq!(pair.receiver.state()["status"], "enabled");

    let jti = pair.transmitter.emit(&revoked()).unwrap().sent[0].jti.clone();
    until(|| pair.said(&jti).is_some()).await;
    assert_eq!(pair.said(&jti).as_deref(), Some("ack"));
    assert!(pair.is_applied(&jti));
    let first = &pair.polls()[0];
    assert_eq!(*first, json!({ "maxEvents": 100 }));

    let Pair { transmitter, receiver, .. } = pair;
    receiver.shutdown().await;
    assert!(transmitter.configurations().is_empty());
}

#[tokio::test]
async fn it_takes_events_by_push() {
    let pair = Pair::ready(|options| options.delivery = Method::Push).await;
    until(|| pair.receiver.state()["verified"] == true).await;
    let created = &pair.asked(Operation::Create)[0].json["delivery"];
    assert_eq!(created["endpoint_url"].as_str(), pair.receiver.push_url());
    assert_eq!(created["authorization_header"], "Basic of-the-push-endpoint");
    let jti = pair.transmitter.emit(&revoked()).unwrap().sent[0].jti.clone();
    until(|| pair.is_applied(&jti)).await;
    let bad = pair.offer(json!({ "aud": "https://stranger.example" }));
    until(|| pair.receiver.state()["refused"] == json!([bad])).await;
    assert!(pair.told(|notice| matches!(
        notice,
        Notice::Received { by: Method::Push, verdict: SetVerdict::Refused { err, .. }, .. } if err == "invalid_audience"
    )));
    assert!(pair.polls().is_empty());
    let Pair { transmitter, receiver, .. } = pair;
    receiver.shutdown().await;
    assert!(transmitter.configurations().is_empty());
}

#[tokio::test]
async fn it_gets_tokens_by_client_credentials() {
    let pair = Pair::ready(|options| assert!(apply(options, "client-credentials"))).await;
    until(|| pair.receiver.state()["verified"] == true).await;
    let first = ["metadata", "protected-resource", "authorization-server", "token", "create"];
    assert_eq!(pair.operations()[..5], first);
    assert_eq!(pair.asked(Operation::Token).len(), 1);
    // A token that is refused once is replaced.
    let fixed = format!("Bearer {TOKEN}");
    let refusing = std::sync::atomic::AtomicBool::new(true);
    pair.serve(move |operation, request, answer| {
        assert_ne!(request.headers.get("authorization").map(|value| value.as_bytes()), Some(fixed.as_bytes()));
        let refuses = operation == Operation::Read && refusing.swap(false, std::sync::atomic::Ordering::SeqCst);
        if refuses { Answer::empty(401) } else { answer }
    });
    pair.receiver.ask(Asked::Read, &Value::Null).await.unwrap();
    assert_eq!(pair.asked(Operation::Token).len(), 2);
}

#[tokio::test]
async fn bad_sets_are_reported_with_the_code_of_what_is_wrong() {
    let pair = Pair::ready(|_| {}).await;
    let other = key("setspec-1");
    let unknown = key("unknown");
    let verification = |state: &str| json!({ VERIFICATION: { "state": state } });
    let table = [
        (pair.offer(json!({ "iss": "https://stranger.example" })), "invalid_issuer"),
        (pair.offer(json!({ "aud": "https://stranger.example" })), "invalid_audience"),
        (pair.offer(json!({ "exp": 1_000_000_000 })), "invalid_request"),
        (pair.offer(json!({ "events": [] })), "invalid_request"),
        (pair.offer_signed(json!({}), &other), "invalid_key"),
        (pair.offer_signed(json!({}), &unknown), "invalid_key"),
        (pair.offer(json!({ "events": verification("never asked for") })), "invalid_state"),
        (pair.offer(json!({ "events": { VERIFICATION: {} } })), "ack"),
        (pair.offer(json!({ "events": { "urn:example:unknown": {} } })), "ack"),
        (pair.offer(json!({ "colour": "red" })), "ack"),
        (pair.offer(json!({ "aud": ["https://stranger.example", AUDIENCE] })), "ack"),
    ];
    pair.queue("no-token", b"no token".to_vec());
    let unsecured = "eyJhbGciOiJub25lIn0.e30.";
    pair.queue("unsecured", unsecured.into());
    for (name, expected) in &table {
        assert_eq!(pair.outcome(name).await, *expected, "{name}");
    }
    assert_eq!(pair.outcome("no-token").await, "invalid_request");
    assert_eq!(pair.outcome("unsecured").await, "invalid_request");
    for asked in pair.asked(Operation::Poll) {
        let reports = asked.json.get("setErrs").is_some();
        assert_eq!(asked.headers.contains_key("content-language"), reports, "{}", asked.json);
    }
}

#[tokio::test]
async fn keys_are_fetched_again_after_a_rotation_and_not_for_every_forgery() {
    let pair = Pair::ready(|_| {}).await;
    until(|| pair.receiver.state()["verified"] == true).await;
    pair.transmitter.rotate_key().await.unwrap();
    let jti = pair.transmitter.emit(&revoked()).unwrap().sent[0].jti.clone();
    until(|| pair.said(&jti).is_some()).await;
    assert_eq!(pair.said(&jti).as_deref(), Some("ack"));
    assert_eq!(pair.asked(Operation::Jwks).len(), 2);
    let unknown = key("unknown");
    let names: Vec<String> = (0..20).map(|_| pair.offer_signed(json!({}), &unknown)).collect();
    for name in &names {
        assert_eq!(pair.outcome(name).await, "invalid_key");
    }
    assert_eq!(pair.asked(Operation::Jwks).len(), 3);
}

#[tokio::test]
async fn metadata_of_another_issuer_are_not_used() {
    let serve: fn(Operation, &_, Answer) -> Answer = |operation, _, answer| match operation {
        Operation::Metadata => changed(&answer, json!({ "issuer": "https://stranger.example" })),
        _ => answer,
    };
    let pair = Pair::set_up(Setup { serve: Some(Box::new(serve)), ..Setup::default() }).await;
    let why = pair.receiver.ready().await.unwrap_err();
    assert!(why.contains("issuer") && why.contains("https://stranger.example"), "{why}");
    assert_eq!(pair.receiver.failure(), Some(why));
    assert!(pair.receiver.ask(Asked::Create, &Value::Null).await.is_err());
    assert_eq!(pair.operations(), ["metadata"]);
}

#[tokio::test]
async fn a_configuration_of_another_issuer_is_turned_down() {
    let pair = Pair::ready(|_| {}).await;
    let before = pair.receiver.state()["stream_id"].clone();
    pair.serve(|operation, _, answer| match operation {
        Operation::Poll | Operation::Jwks => answer,
        _ => changed(&answer, json!({ "iss": "https://stranger.example", "delivery": { "method": "urn:ietf:rfc:8936", "endpoint_url": "http://127.0.0.1:1/" } })),
    });
    for what in [Asked::Read, Asked::Update, Asked::Replace, Asked::Create] {
        let why = pair.receiver.ask(what, &json!({ "description": "x" })).await.unwrap_err();
        assert!(why.contains("iss: expected"), "{why}");
    }
    assert_eq!(pair.receiver.state()["stream_id"], before);
    // It goes on with what it has.
    pair.serve(|_, _, answer| answer);
    let taken = pair.draft(json!({ "jti": "after" }));
    let set = setspec::set::sign(&taken, &pair::KEY).unwrap();
    pair.transmitter.offer(before.as_str().unwrap(), "after", set.into_bytes()).unwrap();
    until(|| pair.said("after").is_some()).await;
}

#[tokio::test]
async fn everything_can_be_asked_while_a_poll_waits() {
    let pair = Pair::ready(|_| {}).await;
    until(|| pair.receiver.state()["verified"] == true).await;
    let ask = async |what, arguments: Value| pair.receiver.ask(what, &arguments).await;
    let id = pair.stream_id();
    assert_eq!(ask(Asked::Read, json!({})).await.unwrap()["stream_id"], id);
    assert_eq!(ask(Asked::List, json!({})).await.unwrap().as_array().unwrap().len(), 1);
    assert_eq!(ask(Asked::Update, json!({ "description": "new" })).await.unwrap()["description"], "new");
    let replaced = ask(Asked::Replace, json!({ "description": "newer" })).await.unwrap();
    assert_eq!(replaced["description"], "newer");
    assert!(replaced["events_requested"].is_array());
    assert_eq!(ask(Asked::ReadStatus, json!({})).await.unwrap()["status"], "enabled");
    let paused = ask(Asked::UpdateStatus, json!({ "status": "paused", "reason": "a rest" })).await.unwrap();
    assert_eq!(paused["status"], "paused");
    assert_eq!(ask(Asked::State, json!({})).await.unwrap()["status"], "paused");
    ask(Asked::UpdateStatus, json!({ "status": "enabled" })).await.unwrap();
    let subject = json!({ "format": "email", "email": "user@example.com" });
    ask(Asked::RemoveSubject, json!({ "subject": subject })).await.unwrap();
    let late = pair.offer(json!({}));
    until(|| pair.said(&late).is_some()).await;
    assert_eq!((pair.said(&late).as_deref(), pair.is_applied(&late)), (Some("ack"), false));
    ask(Asked::AddSubject, json!({ "subject": subject, "verified": true })).await.unwrap();
    let wanted = pair.offer(json!({}));
    until(|| pair.is_applied(&wanted)).await;
    let state = ask(Asked::Verify, json!({ "state": "mine" })).await.unwrap();
    assert_eq!(state, json!({ "state": "mine" }));
    assert!(ask(Asked::UpdateStatus, json!({})).await.is_err());
    assert!(ask(Asked::AddSubject, json!({})).await.is_err());

    ask(Asked::Delete, json!({})).await.unwrap();
    assert!(pair.transmitter.configurations().is_empty());
    assert!(ask(Asked::Read, json!({})).await.is_err());
    let polls = pair.polls().len();
    ask(Asked::Create, json!({})).await.unwrap();
    until(|| pair.polls().len() > polls).await;
    let again = pair.offer(json!({}));
    until(|| pair.is_applied(&again)).await;
}

#[tokio::test]
async fn what_can_pass_is_tried_again() {
    let pair = Pair::ready(|_| {}).await;
    for (status, retries) in [(202, true), (429, true), (503, true), (404, false), (403, false)] {
        let left = std::sync::atomic::AtomicU32::new(2);
        let before = pair.asked(Operation::Update).len();
        pair.serve(move |operation, _, answer| {
            let fails = operation == Operation::Update
                && left
                    .fetch_update(std::sync::atomic::Ordering::SeqCst, std::sync::atomic::Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    })
                    .is_ok();
            if fails { Answer::empty(status).with("Retry-After", "0") } else { answer }
        });
        let outcome = pair.receiver.ask(Asked::Update, &json!({ "description": "x" })).await;
        assert_eq!(outcome.is_ok(), retries, "{status}: {outcome:?}");
        let asked = pair.asked(Operation::Update).len() - before;
        assert_eq!(asked, if retries { 3 } else { 1 }, "{status}");
    }
    // A pause that is asked for is not shortened.
    pair.serve(|operation, _, answer| match operation {
        Operation::Update => Answer::empty(429).with("Retry-After", "9999999999"),
        _ => answer,
    });
    let before = pair.asked(Operation::Update).len();
    assert!(pair.receiver.ask(Asked::Update, &json!({ "description": "x" })).await.is_err());
    assert_eq!(pair.asked(Operation::Update).len(), before + 1);
    pair.serve(|operation, _, answer| if operation == Operation::Verify { Answer::empty(503) } else { answer });
    let why = pair.receiver.ask(Asked::Verify, &json!({})).await.unwrap_err();
    assert!(why.contains("status 503, 8 times"), "{why}");
}

#[tokio::test]
async fn polls_go_on_after_errors_with_growing_pauses() {
    let pair = Pair::ready(|_| {}).await;
    until(|| pair.receiver.state()["verified"] == true).await;
    for broken in ["status", "json", "sets", "array", "close"] {
        pair.serve(move |operation, _, answer| match (operation, broken) {
            (Operation::Poll, "status") => Answer::empty(500),
            (Operation::Poll, "json") => Answer { body: b"{".to_vec(), ..answer },
            (Operation::Poll, "sets") => Answer::of_json(200, &json!({ "sets": [] })),
            (Operation::Poll, "array") => Answer::of_json(200, &json!([[[]]])),
            (Operation::Poll, _) => Answer { close: true, ..answer },
            _ => answer,
        });
        pair.notices.lock().unwrap().clear();
        let woken = pair.offer(json!({}));
        let pauses = || -> Vec<u128> {
            let notices = pair.notices.lock().unwrap();
            let pauses = notices.iter().filter_map(|notice| match notice {
                Notice::Retrying { operation: "poll", pause, .. } => Some(pause.as_millis()),
                _ => None,
            });
            pauses.collect()
        };
        until(|| pauses().len() >= 5).await;
        assert_eq!(pauses()[..5], [10, 20, 40, 80, 100], "{broken}");
        pair.serve(|_, _, answer| answer);
        let name = pair.offer(json!({}));
        until(|| pair.said(&name).is_some() && pair.said(&woken).is_some()).await;
    }
}

#[tokio::test]
async fn the_same_set_for_ever_does_not_make_it_hurry() {
    const PAUSE: Duration = Duration::from_millis(40);
    let pair = Pair::ready(|options| options.poll.pause = PAUSE).await;
    let set = setspec::set::sign(&pair.draft(json!({})), &pair::KEY).unwrap();
    let bad = setspec::set::sign(&pair.draft(json!({ "aud": "nobody" })), &pair::KEY).unwrap();
    let body = json!({ "sets": { "one": set, "two": bad, "three": 3, "four": [[]] }, "moreAvailable": true });
    pair.serve(move |operation, _, answer| match operation {
        Operation::Poll => Answer::of_json(200, &body),
        _ => answer,
    });
    pair.offer(json!({}));
    until(|| pair.said("one").is_some()).await;
    let (before, began) = (pair.polls().len(), std::time::Instant::now());
    until(|| pair.polls().len() >= before + 6).await;
    assert!(began.elapsed() >= PAUSE * 4, "{:?}", began.elapsed());
    assert_eq!(pair.said("four").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn documents_that_are_none_are_turned_down_in_words() {
    let table = [
        (Vec::new(), "JSON"),
        (b"\xff\x00".to_vec(), "JSON"),
        ("[".repeat(100_000).into_bytes(), "JSON"),
        (b"[]".to_vec(), "object"),
        (vec![b' '; 2 * 1024 * 1024], "bytes"),
    ];
    for (body, expected) in table {
        for broken in [Operation::Metadata, Operation::Create] {
            let body = body.clone();
            let serve = move |operation, _: &_, answer: Answer| match operation == broken {
                true => Answer { body: body.clone(), ..answer },
                false => answer,
            };
            let setup = Setup {
                serve: Some(Box::new(serve)),
                receiver: Some(Box::new(|options| options.retry.attempts = 2)),
                ..Setup::default()
            };
            let why = Pair::set_up(setup).await.receiver.ready().await.unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }
}

#[tokio::test]
async fn a_second_stream_that_may_not_be_is_the_first_one_taken_over() {
    let transmitter: fn(&mut _) =
        |options: &mut setspec::peer::ssf::SsfOptions| options.features.several_streams = false;
    let pair = Pair::set_up(Setup { transmitter: Some(transmitter), ..Setup::default() }).await;
    pair.receiver.ready().await.unwrap();
    let first = pair.stream_id();
    let created = pair.receiver.ask(Asked::Create, &json!({})).await.unwrap();
    assert_eq!(created["stream_id"], first);
    let operations = pair.operations();
    let second = operations.iter().rposition(|name| *name == "create").unwrap();
    let managing: Vec<&str> = operations[second..].iter().copied().filter(|name| *name != "jwks").collect();
    assert_eq!(managing, ["create", "list", "update"]);
}

#[tokio::test]
async fn a_status_that_the_transmitter_announces_is_heeded() {
    let pair = Pair::ready(|_| {}).await;
    let id = pair.stream_id();
    for status in [Status::Paused, Status::Enabled] {
        pair.transmitter.set_status(&id, status, None).unwrap();
        until(|| pair.receiver.state()["status"] == status.name()).await;
    }
    let foreign = json!({ "format": "opaque", "id": "another" });
    let event = json!({ UPDATED: { "status": "disabled" } });
    let name = pair.offer(json!({ "sub_id": foreign, "events": event }));
    assert_eq!(pair.outcome(&name).await, "ack");
    assert_eq!(pair.receiver.state()["status"], "enabled");
}

#[tokio::test]
async fn a_repeated_set_is_acknowledged_again_and_applied_once() {
    let pair = Pair::ready(|_| {}).await;
    let name = pair.offer(json!({ "jti": "twice" }));
    until(|| pair.said(&name).is_some()).await;
    let set = setspec::set::sign(&pair.draft(json!({ "jti": "twice" })), &pair::KEY).unwrap();
    pair.queue("again", set.into_bytes());
    assert_eq!(pair.outcome("again").await, "ack");
    let applied = pair.receiver.state()["applied"].clone();
    assert_eq!(applied.as_array().unwrap().iter().filter(|jti| **jti == "twice").count(), 1);
}

#[tokio::test]
async fn no_notice_holds_a_secret() {
    let pair = Pair::ready(|options| {
        options.prefers_client = true;
        options.delivery = Method::Push;
    })
    .await;
    until(|| pair.receiver.state()["verified"] == true).await;
    let read = pair.receiver.ask(Asked::Read, &json!({})).await.unwrap();
    let all = format!("{:?} {read} {}", pair.notices.lock().unwrap(), pair.receiver.state());
    for secret in [TOKEN, pair::SECRET, "of-the-push-endpoint", "Bearer "] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[tokio::test]
async fn leaving_is_bounded_while_a_poll_waits_and_nobody_answers() {
    let pair = Pair::ready(|options| options.retry.longest = Duration::from_secs(60)).await;
    pair.serve(|operation, _, answer| match operation {
        Operation::Delete => Answer { delay: Duration::from_secs(50), ..answer },
        _ => answer,
    });
    let began = std::time::Instant::now();
    pair.receiver.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(8));
}
