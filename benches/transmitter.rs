//! What the built-in Shared Signals transmitter can do: SETs signed and pushed a second, memory of a long queue, many long
//! polls at once.
//!
//! Pushing is measured beside its two halves, in one run, on the same machine, with the same libraries: signing the same
//! claims with `jsonwebtoken`, and sending the same request with the same client to the same server. `jsonwebtoken` reads the
//! key anew for each signature, which counts for RSA, and the transmitter does not: so its own signing is shown as well.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use setspec::http::{Client, ClientOptions, Recorder, RequestSpec, Server, ServerOptions};
use setspec::peer::ssf::{EventRequest, PUSH, ReceiverAccount, SsfOptions, SsfTransmitter};
use setspec::set::{Alg, Draft, SigningKey, Token, sign};

const EVENT: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
/// A stream pushes one SET after the other, so several are needed to use a machine.
const STREAMS: usize = 8;
/// Pushes of one measurement.
const PUSHES: usize = 6_000;
const QUEUED: usize = 100_000;
const POLLS: usize = 1_000;

fn main() {
    setspec::install_crypto();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // First, while the process is small: what others have freed would hide what is taken.
    runtime.block_on(queue());
    runtime.block_on(polls());
    println!();
    println!("SETs pushed from {STREAMS} streams, a second:");
    println!("         jsonwebtoken   own signing   requests   signed and pushed   1/(1/jsonwebtoken + 1/requests)");
    for (alg, algorithm) in [(Alg::Rs256, Algorithm::RS256), (Alg::Es256, Algorithm::ES256)] {
        let key = Arc::new(SigningKey::generate(alg, "bench").expect("a key"));
        runtime.block_on(pushes(key, algorithm));
    }
}

/// A transmitter with one receiver.
async fn transmitter(key: Arc<SigningKey>) -> SsfTransmitter {
    let account = ReceiverAccount {
        name: "bench".to_owned(),
        tokens: vec![SecretString::from("token")],
        client: None,
        audience: vec!["https://receiver.example.com".to_owned()],
        ..ReceiverAccount::default()
    };
    SsfTransmitter::start(SsfOptions::new(vec![account], key, client())).await.expect("a transmitter")
}

fn client() -> Client {
    let patient = ClientOptions { response_timeout: Duration::from_secs(60), ..ClientOptions::default() };
    Client::new(patient).expect("a client")
}

async fn create(transmitter: &SsfTransmitter, body: Value) -> Value {
    let url = format!("{}/ssf/streams", transmitter.issuer());
    ask(&client(), &url, &body).await
}

async fn ask(client: &Client, url: &str, body: &Value) -> Value {
    let spec = RequestSpec::new("POST", url.parse().expect("a URL"))
        .header("Authorization", "Bearer token")
        .header("Content-Type", "application/json")
        .body(body.to_string());
    let exchange = client.send(spec).await;
    let response = exchange.response.unwrap_or_else(|| panic!("{url}: {:?}", exchange.failure));
    assert!(response.status < 300, "{}", response.body_text());
    serde_json::from_slice(&response.body).expect("JSON")
}

fn event() -> EventRequest {
    EventRequest { event: Some(EVENT.to_owned()), ..EventRequest::default() }
}

/// Memory with many SETs that nobody fetches.
async fn queue() {
    let transmitter = transmitter(Arc::new(SigningKey::generate(Alg::Es256, "bench").expect("a key"))).await;
    create(&transmitter, json!({ "events_requested": [EVENT] })).await;
    let request = event();
    let before = resident();
    let began = Instant::now();
    for _ in 0..QUEUED {
        assert_eq!(transmitter.emit(&request).expect("an event").sent.len(), 1);
    }
    let took = began.elapsed();
    let after = resident();
    assert_eq!(transmitter.streams()[0]["waiting"], QUEUED);
    println!("{QUEUED} SETs queued (ES256) in {took:.2?}");
    println!(
        "  resident memory {:.1} MB before, {:.1} MB after: {} bytes a SET",
        mega(before),
        mega(after),
        (after - before) / QUEUED
    );
}

/// Many long polls of one stream, and one event.
async fn polls() {
    // Both ends of every connection are in this process.
    let needed = 2 * POLLS + 100;
    if let Some(limit) = open_files().filter(|limit| *limit < needed) {
        println!(
            "{POLLS} long polls: not measured, as they need {needed} open files and {limit} are allowed (ulimit -n)"
        );
        return;
    }
    let transmitter = transmitter(Arc::new(SigningKey::generate(Alg::Es256, "bench").expect("a key"))).await;
    let stream = create(&transmitter, json!({ "events_requested": [EVENT] })).await;
    let url = stream["delivery"]["endpoint_url"].as_str().expect("a URL").to_owned();
    let client = client();
    let began = Instant::now();
    let polls: Vec<_> = (0..POLLS)
        .map(|_| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move { ask(&client, &url, &json!({})).await })
        })
        .collect();
    while transmitter.streams()[0]["polls"] != POLLS {
        assert!(began.elapsed() < Duration::from_secs(20), "the polls do not all arrive");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let gathered = began.elapsed();
    let began = Instant::now();
    transmitter.emit(&event()).expect("an event");
    for poll in polls {
        let answer = poll.await.expect("an answer");
        assert_eq!(answer["sets"].as_object().map(serde_json::Map::len), Some(1));
    }
    println!(
        "{POLLS} long polls: all waiting after {gathered:.2?}, all answered {:.2?} after the event",
        began.elapsed()
    );
}

/// Signs and pushes, and each of the two alone.
async fn pushes(key: Arc<SigningKey>, algorithm: Algorithm) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let sink = Router::new().fallback(move || {
        seen.fetch_add(1, Ordering::Relaxed);
        async { StatusCode::ACCEPTED }
    });
    let sink = Server::bind(ServerOptions::default(), sink, Recorder::new(1)).await.expect("a receiver");
    let transmitter = transmitter(key.clone()).await;
    for _ in 0..STREAMS {
        let delivery = json!({ "method": PUSH, "endpoint_url": sink.url() });
        create(&transmitter, json!({ "events_requested": [EVENT], "delivery": delivery })).await;
    }
    let request = event();
    let began = Instant::now();
    // Beside the pushes, as signing keeps a thread busy.
    let transmitter = tokio::task::spawn_blocking(move || {
        for _ in 0..PUSHES / STREAMS {
            assert_eq!(transmitter.emit(&request).expect("an event").sent.len(), STREAMS);
        }
        transmitter
    })
    .await
    .expect("events");
    while count.load(Ordering::Relaxed) < PUSHES {
        assert!(began.elapsed() < Duration::from_secs(120), "the pushes do not all arrive");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let both = rate(PUSHES, began.elapsed());
    drop(transmitter);

    let set = sample(&key).await;
    let claims = Token::parse(&set).claims.expect("claims");
    let theirs = signing(&key, algorithm, &claims);
    let ours = own_signing(&key, &claims);
    let sent = sending(&sink, &set).await;
    let bound = 1.0 / (1.0 / theirs + 1.0 / sent);
    println!("  {algorithm:?} {theirs:>14.0} {ours:>13.0} {sent:>10.0} {both:>19.0} {bound:>33.0}");
}

/// A SET as the transmitter makes it.
async fn sample(key: &Arc<SigningKey>) -> String {
    let transmitter = transmitter(key.clone()).await;
    let stream = create(&transmitter, json!({ "events_requested": [EVENT] })).await;
    transmitter.emit(&event()).expect("an event");
    let url = stream["delivery"]["endpoint_url"].as_str().expect("a URL");
    let answer = ask(&client(), url, &json!({ "returnImmediately": true })).await;
    let sets = answer["sets"].as_object().expect("SETs");
    sets.values().next().and_then(Value::as_str).expect("a SET").to_owned()
}

/// Signatures a second on one thread.
fn signing(key: &SigningKey, algorithm: Algorithm, claims: &Value) -> f64 {
    let pem = key.private_pem().expect("a private key");
    let pem = pem.expose_secret().as_bytes();
    let key = match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem),
        _ => EncodingKey::from_rsa_pem(pem),
    };
    let key = key.expect("a private key");
    let header = Header::new(algorithm);
    let began = Instant::now();
    for _ in 0..PUSHES {
        jsonwebtoken::encode(&header, claims, &key).expect("signs");
    }
    rate(PUSHES, began.elapsed())
}

/// The same with what the transmitter signs with.
fn own_signing(key: &SigningKey, claims: &Value) -> f64 {
    let draft = Draft::new(claims.as_object().expect("claims").clone());
    let began = Instant::now();
    for _ in 0..PUSHES {
        sign(&draft, key).expect("signs");
    }
    rate(PUSHES, began.elapsed())
}

/// Requests a second, as many at once as there are streams.
async fn sending(sink: &Server, set: &str) -> f64 {
    let client = client();
    let began = Instant::now();
    let senders: Vec<_> = (0..STREAMS)
        .map(|_| {
            let (client, set) = (client.clone(), set.to_owned());
            let url: url::Url = sink.url().parse().expect("a URL");
            tokio::spawn(async move {
                for _ in 0..PUSHES / STREAMS {
                    let spec = RequestSpec::new("POST", url.clone())
                        .header("Content-Type", "application/secevent+jwt")
                        .header("Accept", "application/json")
                        .header("Accept-Language", "en")
                        .body(set.as_str());
                    assert_eq!(client.send(spec).await.status(), Some(202));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("requests");
    }
    rate(PUSHES, began.elapsed())
}

fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    // In kB, unlike in `statm`, where the size of a page has to be known.
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}

fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// How many files this process may open; `None` for any number.
fn open_files() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").expect("Linux");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a limit");
    line.split_whitespace().next().expect("a soft limit").parse().ok()
}
