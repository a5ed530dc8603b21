//! The built-in Shared Signals transmitter, from outside.

mod behaviour;
mod pair;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod toggles;
mod token_endpoint;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use pair::{Pair, REVOKED, UPDATED, VERIFICATION, claims, email, json_of, revoked, until, users};
use serde_json::{Value, json};
use setspec::http::{Client, ClientOptions, RequestSpec};
use setspec::peer::ssf::{
    Answer, DefaultSubjects, EventRequest, Happening, Hooks, Operation, PushFacts, RequestFacts, SetFacts, Status,
};
use setspec::peer::tamper::OutgoingPush;
use setspec::run::check::Checker;
use setspec::set::{Draft, Forgery, Jwks};
use setspec::suite::{Sources, load};
use support::running::Running;
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn the_configuration_names_what_is_offered() {
    let pair = Pair::new(|_| {}).await;
    let metadata = &pair.metadata;
    assert_eq!(metadata["spec_version"], "1_0");
    assert_eq!(metadata["issuer"], pair.transmitter.issuer());
    assert_eq!(metadata["delivery_methods_supported"], json!(["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]));
    assert_eq!(metadata["default_subjects"], "ALL");
    assert!(metadata.get("critical_subject_members").is_none());
    assert_eq!(metadata["authorization_schemes"].as_array().unwrap().len(), 2);

    let bare = Pair::new(|options| {
        options.features.subjects = false;
        options.features.status = false;
        options.features.verification = false;
        options.features.push = false;
        options.features.critical_subject_members = vec!["user".to_owned()];
    })
    .await;
    for absent in ["status_endpoint", "add_subject_endpoint", "verification_endpoint", "default_subjects"] {
        assert!(bare.metadata.get(absent).is_none(), "{absent}");
    }
    assert_eq!(bare.metadata["critical_subject_members"], json!(["user"]));
    let push = json!({ "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": "https://rx.example.com" } });
    assert_eq!(bare.ask("POST", &bare.endpoint("configuration_endpoint"), push).await.0, 400);
}

#[tokio::test]
async fn a_path_in_the_issuer_goes_behind_the_well_known_part() {
    let pair = Pair::new(|options| options.public_url = Some("https://tx.example.com/tenant/".parse().unwrap())).await;
    assert_eq!(pair.transmitter.issuer(), "https://tx.example.com/tenant");
    let local = format!("http://{}/.well-known/ssf-configuration/tenant", pair.transmitter.addr());
    let answer = json_of(&pair.client.send(RequestSpec::new("GET", local.parse().unwrap())).await);
    assert_eq!(answer["issuer"], "https://tx.example.com/tenant");
    assert_eq!(answer["configuration_endpoint"], "https://tx.example.com/tenant/ssf/streams");
    let jwks = format!("http://{}/tenant/jwks.json", pair.transmitter.addr());
    assert_eq!(pair.client.send(RequestSpec::new("GET", jwks.parse().unwrap())).await.status(), Some(200));
}

#[tokio::test]
async fn streams_are_created_read_changed_and_deleted() {
    let pair = Pair::new(|_| {}).await;
    let endpoint = pair.endpoint("configuration_endpoint");
    assert_eq!(pair.ask("GET", &endpoint, Value::Null).await, (200, json!([])));
    let created = pair.create(json!({ "events_requested": [REVOKED, "urn:unknown"], "description": "d" })).await;
    assert_eq!(created["aud"], "https://one.example.com");
    assert_eq!(created["events_delivered"], json!([REVOKED]));
    assert_eq!(created["delivery"]["method"], "urn:ietf:rfc:8936");
    let id = created["stream_id"].as_str().unwrap();
    let one = format!("{endpoint}?stream_id={id}");
    assert_eq!(pair.ask("GET", &one, Value::Null).await, (200, created.clone()));
    assert_eq!(pair.ask("GET", &endpoint, Value::Null).await, (200, json!([created])));

    let (status, patched) = pair.ask("PATCH", &endpoint, json!({ "stream_id": id, "description": "e" })).await;
    assert_eq!((status, &patched["description"]), (200, &json!("e")));
    assert_eq!(patched["events_requested"], created["events_requested"]);
    let (status, same) = pair.ask("PUT", &endpoint, patched.clone()).await;
    assert_eq!((status, &same), (200, &patched));
    let (status, replaced) =
        pair.ask("PUT", &endpoint, json!({ "stream_id": id, "delivery": patched["delivery"] })).await;
    assert_eq!(status, 200);
    assert!(replaced.get("description").is_none() && replaced.get("events_requested").is_none());
    assert_eq!(replaced["events_delivered"], json!([]));

    assert_eq!(pair.ask("DELETE", &one, Value::Null).await, (204, Value::Null));
    assert_eq!(pair.ask("GET", &one, Value::Null).await.0, 404);
}

#[tokio::test]
async fn every_row_of_the_status_tables() {
    let pair = Pair::new(|_| {}).await;
    let stream = pair.create(revoked()).await;
    let id = stream["stream_id"].as_str().unwrap();
    let (config, status) = (pair.endpoint("configuration_endpoint"), pair.endpoint("status_endpoint"));
    let (add, remove) = (pair.endpoint("add_subject_endpoint"), pair.endpoint("remove_subject_endpoint"));
    let verify = pair.endpoint("verification_endpoint");
    let poll = stream["delivery"]["endpoint_url"].as_str().unwrap().to_owned();
    let (one, own) = (format!("{config}?stream_id={id}"), format!("{status}?stream_id={id}"));
    let nobody = "00000000000000000000000000000000";
    let requests = [
        ("POST", config.clone(), json!({})),
        ("GET", config.clone(), Value::Null),
        ("GET", one.clone(), Value::Null),
        ("PATCH", config.clone(), json!({ "stream_id": id })),
        ("PUT", config.clone(), json!({ "stream_id": id })),
        ("GET", own.clone(), Value::Null),
        ("POST", status.clone(), json!({ "stream_id": id, "status": "enabled" })),
        ("POST", add.clone(), json!({ "stream_id": id, "subject": email("a") })),
        ("POST", remove.clone(), json!({ "stream_id": id, "subject": email("a") })),
        ("POST", verify.clone(), json!({ "stream_id": id })),
        ("POST", poll.clone(), json!({ "returnImmediately": true })),
        ("DELETE", one.clone(), Value::Null),
    ];
    for (verb, url, body) in &requests {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        for authorization in [None, Some("Bearer nobody"), Some("Basic b25lOnR3bw=="), Some("Bearer")] {
            let exchange = pair.raw(verb, url, authorization, &text).await;
            assert_eq!(exchange.status(), Some(401), "{verb} {url} {authorization:?}");
            let headers = &exchange.response.as_ref().unwrap().headers;
            assert!(headers.get("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
        }
        let names_a_stream = *verb != "POST" || *url != config;
        if names_a_stream && *url != config || body.get("stream_id").is_some() {
            let (foreign, _) = pair.ask_as("token-of-two", verb, url, body.clone()).await;
            assert_eq!(foreign, 404, "foreign: {verb} {url}");
            let url = url.replace(id, nobody);
            let mut body = body.clone();
            if body.get("stream_id").is_some() {
                body["stream_id"] = json!(nobody);
            }
            assert_eq!(pair.ask(verb, &url, body).await.0, 404, "unknown: {verb} {url}");
        }
        if matches!(*verb, "POST" | "PATCH" | "PUT") {
            let bearer = format!("Bearer {}", pair.token);
            for broken in ["{", "[]", "\"x\"", r#"{"stream_id":1}"#, r#"{"stream_id":"a","stream_id":"b"}"#] {
                if *url == poll && broken.contains("stream_id\":1")
                    || *verb == "POST" && *url == config && broken.contains(":1")
                {
                    continue;
                }
                let status = pair.raw(verb, url, Some(&bearer), broken).await.status();
                assert_eq!(status, Some(400), "{verb} {url} {broken}");
            }
        }
        if *url != poll && *verb != "GET" {
            assert_eq!(pair.ask_as("token-of-reader", verb, url, body.clone()).await.0, 403, "{verb} {url}");
        }
    }
    let invalid = [
        ("POST", &config, json!({ "events_requested": "x" })),
        ("POST", &config, json!({ "events_requested": [1] })),
        ("POST", &config, json!({ "delivery": { "method": "urn:mine" } })),
        ("POST", &config, json!({ "delivery": { "method": "urn:ietf:rfc:8935" } })),
        ("POST", &config, json!({ "description": 1 })),
        ("PATCH", &config, json!({ "stream_id": id, "iss": "https://other.example.com" })),
        ("PATCH", &config, json!({ "stream_id": id, "aud": "x" })),
        ("PATCH", &config, json!({ "stream_id": id, "events_delivered": [] })),
        ("PUT", &config, json!({ "stream_id": id, "events_supported": [] })),
        ("PATCH", &config, json!({ "stream_id": id, "inactivity_timeout": 5 })),
        ("POST", &status, json!({ "stream_id": id, "status": "stopped" })),
        ("POST", &status, json!({ "stream_id": id })),
        ("POST", &add, json!({ "stream_id": id })),
        ("POST", &add, json!({ "stream_id": id, "subject": email("a"), "verified": "yes" })),
        ("POST", &remove, json!({ "stream_id": id, "subject": "a" })),
        ("POST", &verify, json!({ "stream_id": id, "state": 1 })),
        ("POST", &poll, json!({ "maxEvents": -1 })),
        ("POST", &poll, json!({ "returnImmediately": "yes" })),
        ("POST", &poll, json!({ "ack": "x" })),
        ("POST", &poll, json!({ "setErrs": { "x": 1 } })),
        ("DELETE", &config, Value::Null),
        ("GET", &status, Value::Null),
    ];
    for (verb, url, body) in invalid {
        assert_eq!(pair.ask(verb, url, body.clone()).await.0, 400, "{verb} {url} {body}");
    }
    assert_eq!(pair.ask("GET", &poll, Value::Null).await.0, 405);

    let single = Pair::new(|options| options.features.several_streams = false).await;
    single.create(json!({})).await;
    assert_eq!(single.ask("POST", &single.endpoint("configuration_endpoint"), json!({})).await.0, 409);
}

#[tokio::test]
async fn a_long_poll_ends_when_its_event_comes_and_at_its_timeout() {
    let pair = Pair::new(|_| {}).await;
    let stream = pair.create(revoked()).await;
    let polling = pair.poll(&stream, json!({}));
    let emitting = async {
        until(|| pair.count("polls") == 1).await;
        assert_eq!(pair.emit("a"), 1);
    };
    let (answer, ()) = tokio::join!(polling, emitting);
    assert_eq!(answer["sets"].as_object().unwrap().len(), 1);

    let short = Pair::new(|options| options.timing.long_poll = Duration::from_millis(30)).await;
    let stream = short.create(revoked()).await;
    assert_eq!(short.poll(&stream, json!({})).await, json!({ "sets": {}, "moreAvailable": false }));
}

#[tokio::test]
async fn what_is_not_acknowledged_is_delivered_again() {
    let pair = Pair::new(|_| {}).await;
    let stream = pair.create(revoked()).await;
    for user in ["a", "b", "c"] {
        pair.emit(user);
    }
    let two = json!({ "maxEvents": 2, "returnImmediately": true });
    let first = pair.poll(&stream, two.clone()).await;
    assert_eq!((first["sets"].as_object().unwrap().len(), &first["moreAvailable"]), (2, &json!(true)));
    assert_eq!(pair.poll(&stream, two).await, first);
    let mut jtis = first["sets"].as_object().unwrap().keys();
    let (ack, wrong) = (jtis.next().unwrap(), jtis.next().unwrap());
    let settled =
        json!({ "ack": [ack, "unknown"], "setErrs": { wrong: { "err": "invalid_key" } }, "returnImmediately": true });
    let last = pair.poll(&stream, settled).await;
    let sets: Vec<Value> = last["sets"].as_object().unwrap().values().map(claims).collect();
    assert_eq!(users(&sets), ["c"]);
    let (jti, set) = last["sets"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(claims(set)["jti"], *jti);
}

#[tokio::test]
async fn paused_streams_hold_and_disabled_ones_drop() {
    let pair = Pair::new(|_| {}).await;
    let stream = pair.create(revoked()).await;
    pair.status(&stream, "paused").await;
    for user in ["a", "b", "c"] {
        pair.emit(user);
    }
    assert!(pair.drain(&stream).await.is_empty());
    pair.status(&stream, "enabled").await;
    assert_eq!(users(&pair.drain(&stream).await), ["a", "b", "c"]);
    pair.status(&stream, "disabled").await;
    assert_eq!(pair.emit("d"), 0);
    pair.status(&stream, "enabled").await;
    assert!(pair.drain(&stream).await.is_empty());

    let id = stream["stream_id"].as_str().unwrap();
    pair.emit("e");
    pair.transmitter.set_status(id, Status::Paused, Some("upkeep".to_owned())).unwrap();
    let sets = pair.drain(&stream).await;
    assert_eq!(sets.len(), 1);
    assert_eq!(sets[0]["events"][UPDATED], json!({ "status": "paused", "reason": "upkeep" }));
    assert_eq!(sets[0]["sub_id"], json!({ "format": "opaque", "id": id }));
    pair.transmitter.set_status(id, Status::Enabled, None).unwrap();
    let sets = pair.drain(&stream).await;
    assert_eq!(sets[0]["events"][UPDATED], json!({ "status": "enabled" }));
    assert_eq!(users(&sets), ["-", "e"]);
}

#[tokio::test]
async fn subjects_decide_what_is_delivered() {
    let pair = Pair::new(|options| options.features.default_subjects = Some(DefaultSubjects::None)).await;
    let stream = pair.create(revoked()).await;
    assert_eq!(pair.emit("a"), 0);
    let body = json!({ "stream_id": stream["stream_id"], "subject": email("a") });
    assert_eq!(pair.ask("POST", &pair.endpoint("add_subject_endpoint"), body.clone()).await, (200, Value::Null));
    assert_eq!((pair.emit("a"), pair.emit("b")), (1, 0));
    assert_eq!(pair.ask("POST", &pair.endpoint("remove_subject_endpoint"), body).await, (204, Value::Null));
    assert_eq!(pair.emit("a"), 0);
    let unwanted = EventRequest { event: Some("caep/credential-change".to_owned()), ..EventRequest::default() };
    assert!(pair.transmitter.emit(&unwanted).unwrap().sent.is_empty());
}

#[tokio::test]
async fn verification_echoes_the_state_and_has_an_interval() {
    let pair = Pair::new(|options| options.timing.min_verification_interval = Some(60)).await;
    let stream = pair.create(json!({})).await;
    assert_eq!(stream["min_verification_interval"], 60);
    let body = json!({ "stream_id": stream["stream_id"], "state": "\u{1f980} & \"x\"" });
    let endpoint = pair.endpoint("verification_endpoint");
    assert_eq!(pair.ask("POST", &endpoint, body.clone()).await, (204, Value::Null));
    assert_eq!(pair.ask("POST", &endpoint, body.clone()).await.0, 429);
    let sets = pair.drain(&stream).await;
    assert_eq!(sets[0]["events"][VERIFICATION], json!({ "state": body["state"] }));
    assert_eq!(sets[0]["sub_id"], json!({ "format": "opaque", "id": stream["stream_id"] }));
    pair.transmitter.verify(stream["stream_id"].as_str().unwrap()).unwrap();
    assert_eq!(pair.drain(&stream).await[0]["events"][VERIFICATION], json!({}));
}

#[tokio::test]
async fn a_silent_receiver_finds_its_stream_paused() {
    let pair = Pair::new(|options| options.timing.inactivity_timeout = Some(Duration::from_millis(200))).await;
    let mut watch = pair.transmitter.watch();
    let stream = pair.create(revoked()).await;
    assert_eq!(stream["inactivity_timeout"], 1);
    assert!(matches!(watch.next().await, Some(Happening::StatusChanged { status: Status::Paused, .. })));
    assert_eq!(pair.drain(&stream).await[0]["events"][UPDATED]["status"], "paused");
}

#[tokio::test]
async fn pushes_carry_the_authorization_each_time_and_are_tried_again() {
    let sink = MockServer::start().await;
    let here = || {
        Mock::given(method("POST"))
            .and(header("authorization", "Basic secret"))
            .and(header("accept", "application/json"))
    };
    here().respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&sink).await;
    here().respond_with(ResponseTemplate::new(202)).mount(&sink).await;
    let pair = Pair::new(|_| {}).await;
    let mut watch = pair.transmitter.watch();
    let delivery =
        json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": sink.uri(), "authorization_header": "Basic secret" });
    let stream = pair.create(json!({ "events_requested": [REVOKED], "delivery": delivery })).await;
    assert_eq!(stream["delivery"]["endpoint_url"], sink.uri());
    pair.emit("a");
    let mut seen = Vec::new();
    while seen.len() < 3 {
        if let Some(Happening::Pushed { status, attempt, .. }) = watch.next().await {
            seen.push((attempt, status));
        }
    }
    assert_eq!(seen, [(1, Some(503)), (2, Some(503)), (3, Some(202))]);
    let requests = sink.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    assert!(requests.iter().all(|request| request.headers["content-type"] == "application/secevent+jwt"));
}

#[tokio::test]
async fn a_refused_push_is_not_tried_again() {
    let sink = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(400)).mount(&sink).await;
    let pair = Pair::new(|_| {}).await;
    let mut watch = pair.transmitter.watch();
    let delivery = json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": sink.uri() });
    pair.create(json!({ "events_requested": [REVOKED], "delivery": delivery })).await;
    pair.emit("a");
    loop {
        if let Some(Happening::GaveUp { attempts, .. }) = watch.next().await {
            assert_eq!(attempts, 1);
            break;
        }
    }
    assert_eq!(sink.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn sets_pass_the_rules_and_verify_across_a_rotation() {
    let pair = Pair::new(|options| {
        options.catalogue = Some(Arc::new(load(&Sources::embedded()).unwrap()));
    })
    .await;
    let events: Vec<&str> = setspec::peer::ssf::events::known().collect();
    let stream = pair.create(json!({ "events_requested": events })).await;
    for event in &events {
        // An account that has left is told of no more, so that it is another one.
        let leaves = event.ends_with("opt-out-effective");
        let subject = leaves.then(|| email("leaving@example.com"));
        let event = EventRequest { event: Some((*event).to_owned()), subject, ..EventRequest::default() };
        pair.transmitter.emit(&event).unwrap();
    }
    let fixture = EventRequest { fixture: Some("caep/session-revoked".to_owned()), ..EventRequest::default() };
    pair.transmitter.emit(&fixture).unwrap();
    pair.transmitter.verify(stream["stream_id"].as_str().unwrap()).unwrap();
    assert_eq!(pair.transmitter.rotate_key().await.unwrap(), "setspec-2");
    pair.emit("after@example.com");
    let jwks = pair.client.send(RequestSpec::new("GET", pair.endpoint("jwks_uri").parse().unwrap())).await;
    let keys = Jwks::parse(&jwks.response.unwrap().body_text()).unwrap();
    assert!(keys.has("setspec-1") && keys.has("setspec-2"));
    let catalogue = Arc::new(load(&Sources::embedded()).unwrap());
    let checker = Checker::new(catalogue.clone(), &catalogue.profiles["set"], Some(keys));
    let answer = pair.poll(&stream, json!({ "returnImmediately": true })).await;
    let sets = answer["sets"].as_object().unwrap();
    assert_eq!(sets.len(), events.len() + 3);
    for set in sets.values() {
        let checked = checker.check("poll", set.as_str().unwrap());
        assert_eq!(checked.signature, "valid");
        assert!(checked.findings.is_empty(), "{:?}", checked.findings);
        let claims = claims(set);
        assert!(claims.get("sub").is_none() && claims.get("exp").is_none() && claims.get("txn").is_some());
        assert_eq!(claims["aud"], "https://one.example.com");
    }
}

#[tokio::test]
async fn the_control_interface_is_for_the_operator_alone() {
    let pair = Pair::new(|options| options.control = Some("127.0.0.1:0".parse().unwrap())).await;
    let stream = pair.create(revoked()).await;
    let control = pair.transmitter.control_url().unwrap();
    let post = |path: &str, body: Value| {
        RequestSpec::new("POST", format!("{control}{path}").parse().unwrap())
            .header("Content-Type", "application/json")
            .body(body.to_string())
    };
    let event = json!({ "type": REVOKED, "subject": email("a"), "claims": { "initiating_entity": "admin" } });
    for (name, value) in [("Origin", "https://evil.example.com"), ("Host", "evil.example.com"), ("Origin", "null")] {
        let refused = pair.client.send(post("/events", event.clone()).header(name, value)).await;
        assert_eq!(refused.status(), Some(403), "{name}: {value}");
    }
    let sent = json_of(&pair.client.send(post("/events", event)).await);
    assert_eq!(sent["sent"][0]["stream_id"], stream["stream_id"]);
    assert_eq!(pair.drain(&stream).await[0]["events"][REVOKED]["initiating_entity"], "admin");
    let path = format!("/streams/{}/status", stream["stream_id"].as_str().unwrap());
    assert_eq!(pair.client.send(post(&path, json!({ "status": "paused" }))).await.status(), Some(200));
    assert_eq!(json_of(&pair.client.send(post("/keys/rotate", json!({}))).await)["kid"], "setspec-2");
    let streams = RequestSpec::new("GET", format!("{control}/streams").parse().unwrap());
    assert_eq!(json_of(&pair.client.send(streams).await)[0]["status"], "paused");
}

/// Changes one thing of each kind.
struct Meddler;

impl Hooks for Meddler {
    fn answer(&self, operation: Operation, request: &RequestFacts, mut answer: Answer) -> Answer {
        if operation == Operation::Create && request.receiver.as_deref() == Some("one") {
            answer.set_header("X-Meddled", Some("yes"));
        }
        answer
    }

    fn draft(&self, draft: &mut Draft, about: &SetFacts<'_>) -> Option<Forgery> {
        assert_eq!(about.event, REVOKED);
        draft.claims.insert("sub".to_owned(), json!("somebody"));
        None
    }

    fn push(&self, push: &mut OutgoingPush, about: &PushFacts<'_>) {
        push.headers.push(("X-Attempt".to_owned(), about.attempt.to_string()));
    }
}

#[tokio::test]
async fn everything_that_leaves_passes_the_hooks() {
    let sink = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(202)).mount(&sink).await;
    let pair = Pair::new(|options| options.hooks = Arc::new(Meddler)).await;
    let mut watch = pair.transmitter.watch();
    let polled = pair.create(revoked()).await;
    let delivery = json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": sink.uri() });
    let body = json!({ "events_requested": [REVOKED], "delivery": delivery }).to_string();
    let exchange = pair.raw("POST", &pair.endpoint("configuration_endpoint"), Some("Bearer token-of-one"), &body).await;
    assert_eq!(exchange.response.as_ref().unwrap().headers.get("x-meddled"), Some("yes"));
    assert_eq!(pair.emit("a"), 2);
    assert_eq!(pair.drain(&polled).await[0]["sub"], "somebody");
    while !matches!(watch.next().await.unwrap(), Happening::Pushed { .. }) {}
    assert_eq!(sink.received_requests().await.unwrap()[0].headers["x-attempt"], "1");
}

#[tokio::test]
async fn a_thousand_long_polls_end_with_one_event() {
    let pair = Pair::new(|_| {}).await;
    let stream = pair.create(revoked()).await;
    let polls: Vec<_> = (0..1_000).map(|_| pair.poll(&stream, json!({}))).collect();
    let emitting = async {
        until(|| pair.count("polls") == 1_000).await;
        pair.emit("a");
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(polls), emitting);
    assert!(answers.iter().all(|answer| answer["sets"].as_object().unwrap().len() == 1));
}

#[test]
fn the_command_starts_sends_on_demand_and_leaves() {
    let setspec = || Command::new(env!("CARGO_BIN_EXE_setspec"));
    let start = ["mock", "transmitter", "--listen", "127.0.0.1:0", "--alg", "ES256"];
    let child = setspec().args(start).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running::new(child);
    let issuer = running.line_with("is ready: ").rsplit_once(' ').unwrap().1.to_owned();
    let token = running.line_with("  token  ").rsplit_once(' ').unwrap().1.to_owned();
    let control = running.line_with("  control ").rsplit_once(' ').unwrap().1.to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    setspec::install_crypto();
    runtime.block_on(async {
        let client = Client::new(ClientOptions::default()).unwrap();
        let create = RequestSpec::new("POST", format!("{issuer}/ssf/streams").parse().unwrap());
        let create = create.header("Authorization", format!("Bearer {token}")).body(revoked().to_string());
        assert_eq!(client.send(create).await.status(), Some(201));
    });
    running.line_with("POST /ssf/streams -> 201");
    let emitted = setspec()
        .args([
            "mock",
            "emit",
            "--control",
            &control,
            "--event",
            "caep/session-revoked",
            "--claim",
            "initiating_entity=user",
        ])
        .args(["--subject", r#"{"format":"email","email":"user@example.com"}"#])
        .output()
        .unwrap();
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    assert!(String::from_utf8_lossy(&emitted.stdout).contains("queued as"));
    running.line_with("queued");
    running.signal("TERM");
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains("has stopped")).count(), 1, "{said}");
}
