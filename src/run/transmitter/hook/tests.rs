//! Hooks that do what they are asked, and hooks that do not.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use url::Url;

use super::{Ask, BuiltIn, CommandHook, Hook, HttpHook};
use crate::http::{Client, ClientOptions, Recorder, Server, ServerOptions};
use crate::peer::ssf::{ReceiverAccount, SsfOptions, SsfTransmitter};
use crate::set::{Alg, SigningKey};
use crate::suite::model::case::StreamStatus;

const ISSUER: &str = "https://tx.example.com";
const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const LIMIT: Duration = Duration::from_secs(20);

fn event() -> Ask {
    Ask::Event {
        event: REVOKED.to_owned(),
        subject: json!({ "format": "email", "email": "it's \"me\"@example.com" }),
        payload: json!({ "event_timestamp": 1 }),
    }
}

fn client() -> Client {
    crate::install_crypto();
    Client::new(ClientOptions::default()).expect("a client")
}

#[cfg(unix)]
mod commands {
    use super::*;

    fn shell(script: &str) -> Hook {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        Hook::Command(CommandHook { words, does: vec!["event".to_owned()] })
    }

    async fn said(script: &str) -> String {
        shell(script).ask(&event(), ISSUER, LIMIT).await.expect_err("the command fails")
    }

    #[tokio::test]
    async fn the_ask_is_in_the_environment_and_on_standard_input() {
        let folder = tempfile::tempdir().expect("a folder");
        let (env, input) = (folder.path().join("env"), folder.path().join("input"));
        let script = format!("env > '{}'; cat > '{}'", env.display(), input.display());
        shell(&script).ask(&event(), ISSUER, LIMIT).await.expect("it is done");
        let env = std::fs::read_to_string(env).expect("the environment");
        for line in [
            "SETSPEC_ASK=event",
            "SETSPEC_ISSUER=https://tx.example.com",
            &format!("SETSPEC_EVENT={REVOKED}"),
            r#"SETSPEC_SUBJECT={"format":"email","email":"it's \"me\"@example.com"}"#,
            r#"SETSPEC_PAYLOAD={"event_timestamp":1}"#,
        ] {
            assert!(env.lines().any(|known| known == line), "{line} in {env}");
        }
        assert!(!env.contains("SETSPEC_STREAM_ID") && !env.contains("SETSPEC_STATUS"), "{env}");
        let input: Value = serde_json::from_slice(&std::fs::read(input).expect("the input")).expect("JSON");
        assert_eq!(input, event().value(ISSUER));
    }

    #[tokio::test]
    async fn the_last_line_says_why() {
        assert_eq!(
            said("echo first >&2; printf 'no such\\033[2J user\\n\\n' >&2; exit 3").await,
            "`sh` ended with exit status: 3: no such [2J user"
        );
        assert_eq!(said("echo on-stdout; exit 1").await, "`sh` ended with exit status: 1: on-stdout");
        assert_eq!(said("exit 4").await, "`sh` ended with exit status: 4 and said nothing");
    }

    #[tokio::test]
    async fn much_output_neither_stops_it_nor_fills_the_memory() {
        let script = "head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero | tr '\\0' y >&2; exit 1";
        let why = said(script).await;
        assert!(why.len() < 400, "{} bytes", why.len());
    }

    #[tokio::test]
    async fn it_is_killed_when_its_time_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let late = folder.path().join("late");
        let began = Instant::now();
        let script = format!("exec 3>&1; sleep 1; touch '{}'", late.display());
        let why = shell(&script).ask(&event(), ISSUER, Duration::from_millis(100)).await.expect_err("too slow");
        assert_eq!(why, "the hook did not end within 0.1 s");
        assert!(began.elapsed() < Duration::from_millis(900));
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!late.exists(), "it went on");
    }

    #[tokio::test]
    async fn what_it_leaves_behind_does_not_hold_us_up() {
        let began = Instant::now();
        shell("sleep 5 & exit 0").ask(&event(), ISSUER, LIMIT).await.expect("it is done");
        assert!(began.elapsed() < Duration::from_secs(4));
    }

    #[tokio::test]
    async fn what_does_not_start_is_named() {
        let hook = Hook::Command(CommandHook { words: vec!["/no/such/program".to_owned()], does: Vec::new() });
        let why = hook.ask(&Ask::RotateKey, ISSUER, LIMIT).await.expect_err("absent");
        assert!(why.starts_with("`/no/such/program` does not start: "), "{why}");
        // What a target says may hold anything.
        let ask = Ask::Verification { stream_id: "a\0b".to_owned() };
        shell("exit 0").ask(&ask, ISSUER, LIMIT).await.expect_err("no variable holds it");
    }
}

type Requests = Arc<Mutex<Vec<(Method, HeaderMap, Bytes)>>>;

async fn endpoint(status: StatusCode, says: &'static str) -> (Server, Requests, HttpHook) {
    let requests: Requests = Arc::default();
    let known = requests.clone();
    let router = Router::new().fallback(move |method: Method, headers: HeaderMap, body: Bytes| {
        known.lock().expect("no panic").push((method, headers, body));
        async move { (status, says).into_response() }
    });
    crate::install_crypto();
    let server = Server::bind(ServerOptions::default(), router, Recorder::new(1)).await.expect("a server");
    let hook = HttpHook {
        url: Url::parse(&format!("{}/emit", server.url())).expect("a URL"),
        method: "POST".to_owned(),
        headers: [("X-Hook-Key".to_owned(), "pl4nted-hook-key".into())].into(),
        body: None,
        does: vec!["event".to_owned()],
        client: client(),
    };
    (server, requests, hook)
}

#[tokio::test]
async fn the_ask_is_the_body_unless_there_is_another() {
    let (_server, requests, hook) = endpoint(StatusCode::NO_CONTENT, "").await;
    Hook::Http(hook.clone()).ask(&event(), ISSUER, LIMIT).await.expect("it is done");
    let template =
        json!({ "type": "${event}", "who": "${subject}", "text": "${ask}: ${payload}", "none": "${stream_id}" });
    let body = HttpHook::body(&template).expect("a template");
    let hook = HttpHook { body: Some(body), method: "PUT".to_owned(), ..hook };
    Hook::Http(hook).ask(&event(), ISSUER, LIMIT).await.expect("it is done");
    let requests = requests.lock().expect("no panic");
    let body = |at: usize| serde_json::from_slice::<Value>(&requests[at].2).expect("JSON");
    assert_eq!(body(0), event().value(ISSUER));
    assert_eq!(requests[0].1["x-hook-key"], "pl4nted-hook-key");
    assert_eq!(requests[0].1["content-type"], "application/json");
    assert_eq!(requests[1].0, Method::PUT);
    let subject = json!({ "format": "email", "email": "it's \"me\"@example.com" });
    let text = r#"event: {"event_timestamp":1}"#;
    assert_eq!(body(1), json!({ "type": REVOKED, "who": subject, "text": text, "none": null }));
}

#[tokio::test]
async fn other_answers_are_failures_in_words() {
    for (status, says, why) in [
        (StatusCode::NOT_IMPLEMENTED, "", "the hook does not do `event` (it answers 501)"),
        (
            StatusCode::FORBIDDEN,
            "first\nkey pl4nted-hook-key is wrong\n",
            "the hook: expected a status from 200 to 299, got 403: key [redacted] is wrong",
        ),
        (StatusCode::FOUND, "", "the hook: expected a status from 200 to 299, got 302"),
    ] {
        let (_server, _, hook) = endpoint(status, says).await;
        assert_eq!(Hook::Http(hook).ask(&event(), ISSUER, LIMIT).await, Err(why.to_owned()));
    }
    let (server, _, hook) = endpoint(StatusCode::OK, "").await;
    server.shutdown().await;
    let why = Hook::Http(hook).ask(&event(), ISSUER, LIMIT).await.expect_err("nobody is there");
    assert!(why.starts_with("the hook: 127.0.0.1: expected a connection"), "{why}");
}

#[test]
fn a_body_speaks_of_the_ask_alone() {
    assert!(HttpHook::body(&json!({ "a": "${subject.email}" })).is_ok());
    let why = HttpHook::body(&json!({ "a": "${subjekt}" })).expect_err("a slip");
    assert!(why.contains("subject"), "{why}");
}

#[test]
fn features_follow_from_what_it_does() {
    let does = |does: &[&str]| {
        let does = does.iter().map(|&word| word.to_owned()).collect();
        Hook::Command(CommandHook { words: Vec::new(), does }).features()
    };
    assert_eq!(does(&["rotate-key", "event"]), ["trigger", "trigger-keys"]);
    assert_eq!(Hook::None.features(), [""; 0]);
}

#[tokio::test]
async fn the_built_in_transmitter_does_everything() {
    let client = client();
    let account = ReceiverAccount {
        name: "one".to_owned(),
        tokens: vec!["token".into()],
        client: None,
        audience: vec!["https://receiver.example.com".to_owned()],
        ..ReceiverAccount::default()
    };
    let key = Arc::new(SigningKey::generate(Alg::Es256, "key-1").expect("a key"));
    let transmitter =
        SsfTransmitter::start(SsfOptions::new(vec![account], key, client.clone())).await.expect("it starts");
    let transmitter = Arc::new(transmitter);
    let url = Url::parse(&format!("{}/ssf/streams", transmitter.issuer())).expect("a URL");
    let create = crate::http::RequestSpec::new("POST", url)
        .header("Authorization", "Bearer token")
        .header("Content-Type", "application/json")
        .body(json!({ "events_requested": [REVOKED] }).to_string());
    assert_eq!(client.send(create).await.status(), Some(201));
    let stream_id = transmitter.streams()[0]["stream_id"].as_str().expect("an id").to_owned();

    let hook = Hook::Local(Arc::new(BuiltIn(transmitter.clone())));
    assert_eq!(hook.features().len(), 4);
    let waiting = || transmitter.streams()[0]["waiting"].as_u64().expect("a number");
    hook.ask(&event(), ISSUER, LIMIT).await.expect("an event");
    assert_eq!(waiting(), 1);
    hook.ask(&Ask::Verification { stream_id: stream_id.clone() }, ISSUER, LIMIT).await.expect("a verification");
    assert_eq!(waiting(), 2);
    let status = Ask::Status { stream_id, status: StreamStatus::Paused };
    hook.ask(&status, ISSUER, LIMIT).await.expect("a status");
    assert_eq!(transmitter.streams()[0]["status"], "paused");
    hook.ask(&Ask::RotateKey, ISSUER, LIMIT).await.expect("a new key");
    let stranger = Ask::Verification { stream_id: "stranger".to_owned() };
    let why = hook.ask(&stranger, ISSUER, LIMIT).await.expect_err("there is no such stream");
    assert!(why.contains("stranger"), "{why}");
}
