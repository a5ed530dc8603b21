//! SCIM service providers that misbehave, beside a transmitter that does not.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use secrecy::SecretString;
use serde_json::{Value, json};
use setspec::peer::ssf::events;
use setspec::run::event::Verdict;
use setspec::run::transmitter::settings::{CredentialSettings, ScimSettings, TransmitterSettings};

use crate::bench::{Hostile, Seen, run, settings, start};
use crate::support::target::{Asked, Target, read_request, respond, serve, stay_mute};

const TOKEN: &str = "token-of-the-scim-client";

/// What is done with a connection; `None` to behave.
type Misdeed = fn(&Asked, &str, &mut TcpStream) -> Option<std::io::Result<()>>;

/// Serves users that are never told of; `misdeed` sees the request line of each request first.
fn provider(misdeed: Misdeed) -> Target {
    serve(move |asked, stream| {
        let line = asked.head.lines().next().unwrap_or_default();
        misdeed(asked, line, stream).unwrap_or_else(|| behave(asked, line, stream))
    })
}

fn scim(stream: &mut TcpStream, status: &str, document: &Value) -> std::io::Result<()> {
    respond(stream, status, &[("Content-Type", "application/scim+json")], document.to_string().as_bytes())
}

fn behave(asked: &Asked, line: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    let mut resource: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    match line.split(['?', ' ']).take(2).collect::<Vec<_>>().as_slice() {
        ["GET", "/ServiceProviderConfig"] => scim(
            stream,
            "200 OK",
            &json!({ "bulk": { "supported": true }, "securityEvents": { "asyncRequest": "request", "eventUris": [] } }),
        ),
        ["GET", "/Users" | "/Groups"] => scim(stream, "200 OK", &json!({ "totalResults": 0, "Resources": [] })),
        ["GET", _] => scim(stream, "404 Not Found", &json!({ "status": "404" })),
        ["POST", "/Users" | "/Groups"] => {
            resource["id"] = json!(format!("r{}", asked.number));
            scim(stream, "201 Created", &resource)
        }
        ["PUT" | "PATCH", _] => scim(stream, "200 OK", &resource),
        ["DELETE", _] => respond(stream, "204 No Content", &[], b""),
        _ => scim(stream, "400 Bad Request", &json!({ "status": "400" })),
    }
}

/// Settings for a run against a service provider and an issuer.
fn with_scim(issuer: &str, target: &Target) -> TransmitterSettings {
    with_scim_at(issuer, &target.url)
}

fn with_scim_at(issuer: &str, url: &str) -> TransmitterSettings {
    let url = url.trim_end_matches("/events").parse().expect("a URL");
    let credential = Some(CredentialSettings::Token(SecretString::from(TOKEN)));
    let mut settings = settings(issuer);
    settings.profile = "scim-transmitter".to_owned();
    settings.scim = Some(ScimSettings { url, credential, pushes: false });
    settings.selection.only.clear();
    settings
}

async fn against(target: &Target) -> Seen {
    let transmitter = start(Hostile::answers(|_, _, answer| answer), |_| ()).await;
    let seen = run(with_scim(transmitter.issuer(), target)).await;
    assert_eq!(transmitter.streams(), [Value::Null; 0], "no stream is left");
    seen
}

#[tokio::test]
async fn one_that_tells_of_nothing_is_not_conformant() {
    against(&provider(|_, _, _| None)).await.not_conformant();
}

#[tokio::test]
async fn configurations_that_are_none() {
    for misdeed in [
        (|_: &Asked, line: &str, stream: &mut TcpStream| {
            line.contains("/ServiceProviderConfig").then(|| scim(stream, "200 OK", &json!([1, 2])))
        }) as Misdeed,
        |_, line, stream| {
            let deep = "[".repeat(100_000);
            line.contains("/ServiceProviderConfig")
                .then(|| respond(stream, "200 OK", &[("Content-Type", "application/json")], deep.as_bytes()))
        },
        |_, line, stream| {
            let long = json!({ "securityEvents": { "asyncRequest": "x".repeat(3 * 1024 * 1024) } });
            line.contains("/ServiceProviderConfig").then(|| scim(stream, "200 OK", &long))
        },
        |_, line, stream| line.contains("/ServiceProviderConfig").then(|| stay_mute(stream)),
    ] {
        against(&provider(misdeed)).await.inconclusive();
    }
}

#[tokio::test]
async fn one_that_says_odd_things_of_events() {
    let target = provider(|_, line, stream| {
        let odd =
            json!({ "bulk": [], "securityEvents": { "asyncRequest": ["\u{1b}[2J\u{202e}"], "eventUris": { "a": 1 } } });
        line.contains("/ServiceProviderConfig").then(|| scim(stream, "200 OK", &odd))
    });
    against(&target).await.nonconformant().blames("scim-events/4/");
}

#[tokio::test]
async fn identifiers_that_lead_elsewhere() {
    static ELSEWHERE: AtomicUsize = AtomicUsize::new(0);
    let target = provider(|asked, line, stream| {
        if asked.head.contains("/admin") && !line.contains("%2F") {
            ELSEWHERE.fetch_add(1, Ordering::Relaxed);
        }
        let mut resource: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let created = line.starts_with("POST /Users ");
        let id = match asked.number % 4 {
            0 => json!(".."),
            1 => json!(17),
            2 => json!("x".repeat(200_000)),
            _ => json!("\r\nX-Injected: yes"),
        };
        created.then(|| {
            resource["id"] = id;
            scim(stream, "201 Created", &resource)
        })
    });
    against(&target).await.not_conformant();
    assert_eq!(ELSEWHERE.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_credential_stays_at_home() {
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    let elsewhere = serve(move |asked, stream| {
        if asked.head.contains(TOKEN) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        respond(stream, "200 OK", &[], b"{}")
    });
    let there = elsewhere.url.clone();
    let target = serve(move |asked, stream| {
        let line = asked.head.lines().next().unwrap_or_default();
        if line.starts_with("GET") {
            return behave(asked, line, stream);
        }
        respond(stream, "202 Accepted", &[("Location", &there), ("Set-Txn", "txn-1")], b"")
    });
    against(&target).await.not_conformant();
    assert_eq!(came.load(Ordering::Relaxed), 0, "a token went to another server");
}

#[tokio::test]
async fn more_namesakes_than_there_can_be() {
    static DELETED: AtomicUsize = AtomicUsize::new(0);
    let target = provider(|asked, line, stream| {
        if line.starts_with("DELETE") {
            DELETED.fetch_add(1, Ordering::Relaxed);
        }
        if line.starts_with("POST") {
            return Some(respond(stream, "202 Accepted", &[], b""));
        }
        let (_, name) = line.split_once("filter=")?;
        let name = name.split("%22").nth(1).unwrap_or_default();
        let all: Vec<Value> =
            (0..2_000).map(|id| json!({ "id": format!("{}-{id}", asked.number), "userName": name })).collect();
        Some(scim(stream, "200 OK", &json!({ "totalResults": 2_000, "Resources": all })))
    });
    let seen = against(&target).await.not_conformant();
    let deleted = DELETED.load(Ordering::Relaxed);
    assert!(deleted < 1_000, "{deleted} requests to delete\n{}", seen.told());
}

#[tokio::test]
async fn one_that_never_lets_us_in_again() {
    let target = provider(|_, line, stream| {
        let later = [("Retry-After", "86400")];
        (!line.starts_with("GET")).then(|| respond(stream, "429 Too Many Requests", &later, b""))
    });
    let seen = against(&target).await;
    assert_ne!(seen.finished.verdict, Verdict::Conformant, "{}", seen.told());
    assert_eq!(seen.flagged().next(), None, "nobody is blamed for having enough\n{}", seen.told());
}

#[tokio::test]
async fn answers_that_never_end() {
    let target = provider(|_, line, stream| line.starts_with("POST").then(|| stay_mute(stream)));
    against(&target).await.not_conformant();
}

#[tokio::test]
async fn bulk_answers_of_another_shape() {
    let target = provider(|_, line, stream| {
        let odd = json!({ "Operations": [{ "status": [], "location": 7 }, "nonsense", null, { "location": "\u{0}" }] });
        line.starts_with("POST /Bulk").then(|| scim(stream, "200 OK", &odd))
    });
    against(&target).await.not_conformant();
}

#[tokio::test]
async fn one_that_is_gone_is_not_blamed() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/events", listener.local_addr().expect("an address"));
    let here = url.trim_end_matches("/events").to_owned();
    thread::spawn(move || {
        for number in 1.. {
            let (mut stream, _) = listener.accept().expect("a client");
            // Who looks whether somebody is there says nothing.
            let Ok((head, body)) = read_request(&mut stream) else { continue };
            let line = head.lines().next().unwrap_or_default().to_owned();
            if line.starts_with("PUT") && head.to_ascii_lowercase().contains("respond-async") {
                let location = format!("{here}{}", line.split(' ').nth(1).unwrap_or_default());
                let fields =
                    [("Set-Txn", "txn-1"), ("Preference-Applied", "respond-async"), ("Location", location.as_str())];
                // It promises to tell of the completion, and is gone.
                drop(listener);
                let _ = respond(&mut stream, "202 Accepted", &fields, b"");
                return;
            }
            let _ = behave(&Asked { number, head, body }, &line, &mut stream);
        }
    });
    let transmitter = start(Hostile::answers(|_, _, answer| answer), |options| {
        options.features.events_supported = events::all().map(str::to_owned).collect();
    })
    .await;
    let mut settings = with_scim_at(transmitter.issuer(), &url);
    settings.jobs = 1;
    let seen = run(settings).await.inconclusive();
    assert_eq!(seen.flagged().next(), None, "{}", seen.told());
}
