//! Each behaviour and each toggle makes the receiver do otherwise, as its name says.

use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};
use setspec::http::{Client, ClientOptions, RequestSpec};
use setspec::peer::ssf::{Answer, Operation, SsfOptions, Status};
use setspec::peer::ssf_receiver::{BEHAVIOURS, TOGGLES, apply};
use setspec::suite::model::case::{Asked, Method};

use crate::changed;
use crate::pair::{Change, Pair, Setup, UPDATED, VERIFICATION, until};

/// A question to a receiver, and the answer of the reference.
struct Probe {
    name: &'static str,
    ask: fn(Change) -> Pin<Box<dyn Future<Output = Value> + Send>>,
    faithful: Value,
}

fn probes() -> Vec<Probe> {
    macro_rules! probe {
        ($name:ident, $faithful:expr) => {
            Probe { name: stringify!($name), ask: |change| Box::pin($name(change)), faithful: $faithful }
        };
    }
    vec![
        probe!(start, json!(["metadata", "create", "read", "read-status", "verify"])),
        probe!(polls, json!({ "maxEvents": 100 })),
        probe!(good, json!("ack")),
        probe!(bad, json!("invalid_audience")),
        probe!(unknown_event, json!("ack")),
        probe!(unknown_member, json!("ack")),
        probe!(repeated, json!("ack")),
        probe!(acknowledged, json!([1, 100, null])),
        probe!(mixed, json!("together")),
        probe!(foreign_metadata, json!("gives up")),
        probe!(slash, json!("/.well-known/ssf-configuration/tenant")),
        probe!(foreign_configurations, json!([false, false, false, false])),
        probe!(foreign_audience, json!(false)),
        probe!(odd_stream, json!([true, true])),
        probe!(turned_down, json!([1, 0])),
        probe!(other_state, json!("invalid_state")),
        probe!(late_state, json!("ack")),
        probe!(removed, json!(["ack", false])),
        probe!(critical, json!(["ack", false])),
        probe!(updated, json!("ack")),
        probe!(disabled, json!("disabled")),
        probe!(error, json!(["polls", "not read"])),
        probe!(hasty, json!(1)),
        probe!(endpoint, json!([true, 401])),
        probe!(leaving, json!(0)),
        probe!(delivery, json!("poll")),
        probe!(token, json!(1)),
    ]
}

fn deviations() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("ignores-resource-metadata", "token", json!(0)),
        ("never-acknowledges", "good", json!("")),
        ("never-acknowledges", "bad", json!("invalid_audience")),
        ("acknowledges-everything", "bad", json!("ack")),
        ("acknowledges-before-validating", "bad", json!("ack+invalid_audience")),
        ("reports-everything", "good", json!("invalid_request")),
        ("ignores-everything", "good", json!("")),
        ("ignores-everything", "bad", json!("")),
        ("reports-what-it-does-not-apply", "unknown_event", json!("invalid_request")),
        ("reports-what-it-does-not-apply", "good", json!("ack")),
        ("reports-repeats", "repeated", json!("invalid_request")),
        ("ignores-repeats", "repeated", json!("")),
        ("acknowledges-again", "acknowledged", json!(["again", 100, null])),
        ("waits-after-acknowledging", "acknowledged", json!([1, 0, null])),
        ("hangs-up-after-acknowledging", "acknowledged", json!([1, 0, null])),
        ("skips-metadata-issuer", "foreign_metadata", json!("goes on")),
        ("keeps-slash", "slash", json!("/.well-known/ssf-configuration/tenant/")),
        ("skips-created-iss", "foreign_configurations", json!([false, false, false, true])),
        ("skips-read-iss", "foreign_configurations", json!([true, false, false, false])),
        ("skips-updated-iss", "foreign_configurations", json!([false, true, false, false])),
        ("skips-replaced-iss", "foreign_configurations", json!([false, false, true, false])),
        ("skips-stream-audience", "foreign_audience", json!(true)),
        ("refuses-unknown-members", "unknown_member", json!("invalid_request")),
        ("refuses-unknown-members", "good", json!("ack")),
        ("refuses-known-stream-members-only", "odd_stream", json!([false, false])),
        ("refuses-known-stream-members-only", "start", json!(["metadata", "create", "read", "read-status", "verify"])),
        ("skips-verification-state", "other_state", json!("ack")),
        ("needs-prompt-verification", "late_state", json!("invalid_state")),
        ("reports-removed-subjects", "removed", json!(["invalid_request", false])),
        ("ignores-removed-subjects", "removed", json!(["", false])),
        ("skips-critical-members", "critical", json!(["ack", true])),
        ("ignores-stream-updated", "updated", json!("")),
        ("keeps-status", "disabled", json!("enabled")),
        ("gives-up-on-errors", "error", json!(["silent", "not read"])),
        ("reads-errors", "error", json!(["polls", "read"])),
        ("no-authorization-header", "endpoint", json!([false, 401])),
        ("repeats-too-soon", "hasty", json!(4)),
        ("push", "delivery", json!("push")),
        (
            "client-credentials",
            "start",
            json!([
                "metadata",
                "protected-resource",
                "authorization-server",
                "token",
                "create",
                "read",
                "read-status",
                "verify"
            ]),
        ),
        ("short-polling", "polls", json!({ "maxEvents": 100, "returnImmediately": true })),
        ("acknowledges-apart", "acknowledged", json!([1, 0, true])),
        ("one-at-a-time", "polls", json!({ "maxEvents": 1 })),
        ("errors-apart", "mixed", json!("apart")),
        ("adopts", "start", json!(["metadata", "list", "create", "read", "read-status", "verify"])),
        ("no-verification", "start", json!(["metadata", "create", "read", "read-status"])),
        ("no-authorization", "endpoint", json!([false, 400])),
        ("quiet-visitor", "start", json!(["metadata", "create"])),
        ("quiet-visitor", "leaving", json!(1)),
        ("keeps-stream", "leaving", json!(1)),
        ("deletes-turned-down", "turned_down", json!([1, 1])),
        ("creates-again", "turned_down", json!([3, 0])),
    ]
}

async fn start(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    until(|| !pair.polls().is_empty()).await;
    let mut operations = pair.operations();
    operations.retain(|name| *name != "jwks");
    json!(operations)
}

async fn polls(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    until(|| !pair.polls().is_empty()).await;
    pair.polls().remove(0)
}

async fn said(change: Change, claims: Value) -> Value {
    let pair = Pair::ready(change).await;
    let name = pair.offer(claims);
    pair.settled(&name).await
}

async fn good(change: Change) -> Value {
    said(change, json!({})).await
}

async fn bad(change: Change) -> Value {
    said(change, json!({ "aud": "https://stranger.example" })).await
}

async fn unknown_event(change: Change) -> Value {
    said(change, json!({ "events": { "urn:example:unknown": {} } })).await
}

async fn unknown_member(change: Change) -> Value {
    said(change, json!({ "colour": "red" })).await
}

async fn repeated(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let first = pair.offer(json!({ "jti": "twice" }));
    until(|| pair.received(&first) > 0).await;
    let set = setspec::set::sign(&pair.draft(json!({ "jti": "twice" })), &crate::pair::KEY).unwrap();
    pair.queue("again", set.into_bytes());
    pair.settled("again").await
}

/// How often a SET is acknowledged, and what else is in the request that does.
async fn acknowledged(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let name = pair.offer(json!({}));
    pair.settled(&name).await;
    let times = pair.all_said(&name).len();
    let acknowledging = |poll: &Value| poll["ack"].as_array().is_some_and(|ack| ack.iter().any(|one| *one == name));
    let poll = pair.polls().into_iter().find(acknowledging).unwrap();
    let times = if times > 1 { json!("again") } else { json!(times) };
    json!([times, poll["maxEvents"], poll["returnImmediately"]])
}

/// Whether a good and a bad SET of one answer are settled by one request.
async fn mixed(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let id = pair.stream_id();
    until(|| pair.receiver.state()["verified"] == true).await;
    pair.transmitter.set_status(&id, Status::Paused, None).unwrap();
    let good = pair.offer(json!({}));
    let bad = pair.offer(json!({ "aud": "https://stranger.example" }));
    pair.transmitter.set_status(&id, Status::Enabled, None).unwrap();
    until(|| pair.said(&good).is_some() && pair.said(&bad).is_some()).await;
    let both = |poll: &Value| poll.get("ack").is_some() && poll.get("setErrs").is_some();
    json!(if pair.polls().iter().any(both) { "together" } else { "apart" })
}

async fn serving(change: Change, serve: fn(Operation, &setspec::peer::ssf::RequestFacts, Answer) -> Answer) -> Pair {
    Pair::set_up(Setup { receiver: Some(change), serve: Some(Box::new(serve)), ..Setup::default() }).await
}

async fn foreign_metadata(change: Change) -> Value {
    let pair = serving(change, |operation, _, answer| match operation {
        Operation::Metadata => changed(&answer, json!({ "issuer": "https://stranger.example" })),
        _ => answer,
    })
    .await;
    json!(if pair.receiver.ready().await.is_ok() { "goes on" } else { "gives up" })
}

async fn slash(change: Change) -> Value {
    let transmitter: fn(&mut SsfOptions) = |options| options.issuer_path = "/tenant".to_owned();
    let setup = Setup {
        transmitter: Some(transmitter),
        receiver: Some(change),
        issuer: Some(|issuer| format!("{issuer}/")),
        serve: None,
    };
    let pair = Pair::set_up(setup).await;
    let asked = || [Operation::Metadata, Operation::Unknown].map(|operation| pair.asked(operation)).concat();
    until(|| !asked().is_empty()).await;
    json!(asked()[0].path)
}

/// Whether configurations with a foreign issuer are taken: read, updated, replaced, created.
async fn foreign_configurations(change: Change) -> Value {
    let mut taken = Vec::new();
    let pair = Pair::ready(change).await;
    for (what, operation) in [
        (Asked::Read, Operation::Read),
        (Asked::Update, Operation::Update),
        (Asked::Replace, Operation::Replace),
        (Asked::Create, Operation::Create),
    ] {
        pair.serve(move |served, _, answer| match served == operation {
            true => changed(&answer, json!({ "iss": "https://stranger.example" })),
            false => answer,
        });
        taken.push(pair.receiver.ask(what, &json!({ "description": "x" })).await.is_ok());
    }
    json!(taken)
}

async fn foreign_audience(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    pair.serve(|_, _, answer| changed(&answer, json!({ "aud": "https://stranger.example" })));
    json!(pair.receiver.ask(Asked::Create, &json!({})).await.is_ok())
}

/// Whether unknown members are put up with, in the metadata and in a stream.
async fn odd_stream(change: Change) -> Value {
    let pair = serving(change, |operation, _, answer| match operation {
        Operation::Metadata => changed(&answer, json!({ "colour": "red" })),
        _ => answer,
    })
    .await;
    let of_metadata = pair.receiver.ready().await.is_ok();
    pair.serve(|_, _, answer| changed(&answer, json!({ "colour": "red" })));
    json!([of_metadata, pair.receiver.ask(Asked::Read, &json!({})).await.is_ok()])
}

/// How often a stream is created and deleted where every new one has a foreign issuer.
async fn turned_down(change: Change) -> Value {
    let pair = serving(change, |operation, _, answer| match operation {
        Operation::Create => changed(&answer, json!({ "iss": "https://stranger.example" })),
        _ => answer,
    })
    .await;
    assert!(pair.receiver.ready().await.is_err());
    json!([pair.asked(Operation::Create).len(), pair.asked(Operation::Delete).len()])
}

async fn other_state(change: Change) -> Value {
    said(change, json!({ "events": { VERIFICATION: { "state": "never asked for" } } })).await
}

/// What is said of a state that was asked for, and that comes after other SETs.
async fn late_state(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    pair.receiver.ask(Asked::Verify, &json!({ "state": "mine" })).await.unwrap();
    let other = pair.offer(json!({}));
    until(|| pair.received(&other) > 0).await;
    let name = pair.offer(json!({ "events": { VERIFICATION: { "state": "mine" } } }));
    pair.settled(&name).await
}

async fn removed(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let subject = json!({ "format": "email", "email": "gone@example.com" });
    pair.receiver.ask(Asked::RemoveSubject, &json!({ "subject": subject })).await.unwrap();
    let name = pair.offer(json!({ "sub_id": subject }));
    json!([pair.settled(&name).await, pair.is_applied(&name)])
}

async fn critical(change: Change) -> Value {
    let transmitter: fn(&mut SsfOptions) =
        |options| options.features.critical_subject_members = vec!["planet".to_owned()];
    let setup = Setup { transmitter: Some(transmitter), receiver: Some(change), ..Setup::default() };
    let pair = Pair::set_up(setup).await;
    pair.receiver.ready().await.unwrap();
    let planet = json!({ "format": "opaque", "id": "mars" });
    let name = pair.offer(json!({ "sub_id": { "format": "complex", "planet": planet } }));
    json!([pair.settled(&name).await, pair.is_applied(&name)])
}

async fn updated(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let stream = json!({ "format": "opaque", "id": pair.stream_id() });
    let name = pair.offer(json!({ "sub_id": stream, "events": { UPDATED: { "status": "enabled" } } }));
    pair.settled(&name).await
}

/// Which status it goes by once it has taken the event that says that its stream is disabled.
async fn disabled(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let stream = json!({ "format": "opaque", "id": pair.stream_id() });
    let name = pair.offer(json!({ "sub_id": stream, "events": { UPDATED: { "status": "disabled" } } }));
    pair.settled(&name).await;
    pair.receiver.state()["status"].clone()
}

/// Whether it polls again after an error, and whether it takes the SET that is in one.
async fn error(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let set = setspec::set::sign(&pair.draft(json!({})), &crate::pair::KEY).unwrap();
    let body = json!({ "sets": { "hidden": set } });
    pair.serve(move |operation, _, answer| match operation {
        Operation::Poll => Answer::of_json(500, &body),
        _ => answer,
    });
    pair.offer(json!({}));
    let before = pair.polls().len();
    let again = until(|| pair.polls().len() > before + 1);
    let polls = tokio::time::timeout(Duration::from_millis(500), again).await.is_ok();
    let read = pair.said("hidden").is_some();
    json!([if polls { "polls" } else { "silent" }, if read { "read" } else { "not read" }])
}

/// How often a verification is asked for that would have to wait for longer than the receiver cares to.
async fn hasty(change: Change) -> Value {
    let pair = Pair::ready(|options| {
        options.verifies = false;
        options.retry.patience = Duration::from_millis(500);
        change(options);
    })
    .await;
    pair.serve(|operation, _, answer| match operation {
        Operation::Verify => Answer::empty(429).with("Retry-After", "1"),
        _ => answer,
    });
    assert!(pair.receiver.ask(Asked::Verify, &json!({})).await.is_err());
    json!(pair.asked(Operation::Verify).len())
}

/// Whether the stream says what pushes have to come with, and what is said to one that comes without.
async fn endpoint(change: Change) -> Value {
    let pair = Pair::ready(|options| {
        options.delivery = Method::Push;
        change(options);
    })
    .await;
    let told = pair.asked(Operation::Create)[0].json["delivery"].get("authorization_header").is_some();
    let client = Client::new(ClientOptions::default()).unwrap();
    let push = RequestSpec::new("POST", pair.receiver.push_url().unwrap().parse().unwrap())
        .header("Content-Type", "application/secevent+jwt")
        .body("no token");
    json!([told, client.send(push).await.status()])
}

async fn leaving(change: Change) -> Value {
    let Pair { transmitter, receiver, .. } = Pair::ready(change).await;
    receiver.shutdown().await;
    json!(transmitter.configurations().len())
}

async fn delivery(change: Change) -> Value {
    let pair = Pair::ready(change).await;
    let method = pair.transmitter.configurations()[0]["delivery"]["method"].clone();
    json!(if method == Method::Push.urn() { "push" } else { "poll" })
}

/// How often the metadata of the protected resource are asked for, by a client that gets a token.
async fn token(change: Change) -> Value {
    let pair = Pair::ready(|options| {
        assert!(apply(options, "client-credentials"));
        change(options);
    })
    .await;
    json!(pair.asked(Operation::ProtectedResource).len())
}

fn switched(switch: Option<&'static str>) -> Change {
    Box::new(move |options| {
        let known = switch.is_none_or(|name| options.behaviour.set(name) || apply(options, name));
        assert!(known, "{switch:?}");
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_switch_changes_what_it_says() {
    let names: Vec<&str> = BEHAVIOURS.iter().chain(TOGGLES).map(|(name, _)| *name).collect();
    // It takes a certificate that a list revokes, which its mutant shows.
    for name in names.iter().filter(|name| **name != "skips-revocation") {
        assert!(deviations().iter().any(|(switch, ..)| switch == name), "{name} is not tested");
    }
    let faithful = probes().into_iter().map(|probe| (None, probe.name, probe.faithful));
    let deviating = deviations().into_iter().map(|(switch, probe, value)| (Some(switch), probe, value));
    let mut wrong = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    for (switch, name, expected) in faithful.chain(deviating) {
        let probe = probes().into_iter().find(|probe| probe.name == name).unwrap_or_else(|| panic!("no probe {name}"));
        while running.len() >= 4 {
            wrong.extend(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(async move {
            let seen = (probe.ask)(switched(switch)).await;
            let place = format!("{}: {name}", switch.unwrap_or("reference"));
            (seen != expected).then(|| format!("{place}: expected {expected}, got {seen}"))
        });
    }
    while let Some(ended) = running.join_next().await {
        wrong.extend(ended.unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
