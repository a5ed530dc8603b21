//! SETs, and answers to polls.

use serde_json::{Map, Value, json};
use setspec::peer::ssf::{Answer, Operation};
use setspec::set::Draft;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Hostile, against};

/// A poll answer with this many texts in the place of SETs.
pub fn a_poll_answer(count: usize, text: &str) -> Vec<u8> {
    let sets = (0..count).map(|number| format!("\"{number:x}\":\"{text}\""));
    format!("{{\"sets\":{{{}}}}}", sets.collect::<Vec<_>>().join(",")).into()
}

#[tokio::test]
async fn a_million_sets() {
    let body = a_poll_answer(1_000_000, "");
    let hostile = Hostile::answers_to(Operation::Poll, move |_, answer| Answer { body: body.clone(), ..answer });
    against(&hostile).await.not_conformant();
}

/// An answer that is read whole: a few of its SETs are looked at.
#[tokio::test]
async fn ten_thousand_sets_that_are_none() {
    let body = a_poll_answer(10_000, "a.b.c");
    let hostile = Hostile::answers_to(Operation::Poll, move |_, answer| Answer { body: body.clone(), ..answer });
    against(&hostile).await.nonconformant();
}

#[tokio::test]
async fn poll_answers_of_a_wrong_shape() {
    let odd = [
        json!([]),
        json!({ "sets": [] }),
        json!({ "sets": { "a": 1, "b": {}, "c": null } }),
        json!({ "sets": { "": "" }, "moreAvailable": "yes" }),
        json!({ "sets": {}, "moreAvailable": true }),
        json!("sets"),
    ];
    for document in odd {
        let shown = document.to_string();
        let hostile = Hostile::answers_to(Operation::Poll, move |_, answer| Answer::of_json(answer.status, &document));
        let seen = against(&hostile).await;
        assert_ne!(seen.finished.verdict.name(), "conformant", "{shown}: {}", seen.told());
    }
}

/// Members without end, each of which is wrong.
fn members(count: usize, value: &Value) -> Map<String, Value> {
    (0..count).map(|number| (format!("urn:x:{number}"), value.clone())).collect()
}

async fn with_claims(change: impl Fn(&mut Draft) + Send + Sync + 'static) {
    against(&Hostile::sets(change)).await.nonconformant();
}

#[tokio::test]
async fn ten_thousand_events_in_a_set() {
    with_claims(|draft| {
        draft.claims.insert("events".to_owned(), Value::Object(members(10_000, &json!(7))));
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_subjects_in_a_set() {
    with_claims(|draft| {
        let subject = json!({ "format": "email", "email": "no address" });
        draft.claims.insert("sub_id".to_owned(), json!({ "format": "aliases", "identifiers": vec![subject; 10_000] }));
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_claims_that_occur_twice() {
    with_claims(|draft| {
        let twice = (0..10_000).map(|number| format!("\"c{number}\":0,\"c{number}\":1"));
        draft.payload_text = Some(format!("{{{}}}", twice.collect::<Vec<_>>().join(",")));
    })
    .await;
}

#[tokio::test]
async fn claims_nested_ten_thousand_deep() {
    with_claims(|draft| {
        draft.payload_text = Some(format!("{{\"events\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)));
    })
    .await;
}

#[tokio::test]
async fn half_a_megabyte_in_a_claim() {
    with_claims(|draft| {
        draft.claims.insert("txn".to_owned(), json!("\u{0}".repeat(500 * 1024)));
        draft.claims.insert("iss".to_owned(), json!([]));
    })
    .await;
}

/// Pushes without end to an endpoint that we gave out, as large as they may be.
#[tokio::test]
async fn a_flood_of_pushes_to_our_endpoint() {
    let hostile = Hostile::answers_to(Operation::Create, |facts, answer| {
        if let Some(url) = facts.json.as_ref().and_then(|json| json["delivery"]["endpoint_url"].as_str()) {
            tokio::spawn(flood(url.to_owned(), 100, 20 * 1024));
        }
        answer
    });
    let seen = against(&hostile).await.nonconformant();
    assert!(seen.exchanges < 20_000, "{}", seen.exchanges);
}

/// Pushes to an endpoint so often, with bodies of so many bytes.
pub async fn flood(url: String, times: usize, size: usize) {
    let Some((address, path)) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')) else { return };
    let body = vec![b'x'; size];
    for _ in 0..times {
        let Ok(mut stream) = tokio::net::TcpStream::connect(address).await else { return };
        let head = format!("POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
        // A listener that has had enough is what this is about.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&body).await;
        let _ = stream.read(&mut [0; 64]).await;
    }
}
