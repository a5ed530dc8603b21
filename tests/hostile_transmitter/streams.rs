//! Stream configurations.

use std::sync::Mutex;

use serde_json::{Value, json};
use setspec::peer::ssf::{Answer, Operation};
use setspec::suite::model::case::Method;

use crate::bench::{Hostile, against, run, settings, start};

/// What a stream is called is data: it is sent back as it came, and leads nowhere else.
#[tokio::test]
async fn names_with_markup_and_path_tricks() {
    let long = "x".repeat(20_000);
    let names = [
        "\"><script>alert(1)</script>",
        "../../admin",
        "..%2f..%2fadmin",
        "a&stream_id=another",
        "a#b?c=d",
        "\u{1b}[2J\r\nX-Injected: yes",
        "\u{0}",
        "\u{202e}${stream.stream_id}",
        " ",
        &long,
    ];
    for name in names {
        let named = name.to_owned();
        let hostile = Hostile::answers(move |operation, facts, answer| match operation {
            Operation::Create => {
                let mut document = answer.json().unwrap_or_default();
                document["stream_id"] = json!(named);
                Answer { body: document.to_string().into(), ..answer }
            }
            Operation::Read | Operation::Delete | Operation::ReadStatus => {
                let given = facts.query.iter().filter(|(name, _)| name == "stream_id");
                let as_it_came =
                    given.clone().count() != 1 || given.clone().all(|(_, id)| *id == named || id.len() < 60);
                assert!(as_it_came && !facts.headers.contains_key("x-injected"), "{:?}", facts.query);
                answer
            }
            _ => answer,
        });
        let seen = against(&hostile).await.not_conformant();
        assert!(hostile.count(Operation::Delete) > 0 || name.len() > 10_000, "{name:?}: {}", seen.told());
    }
}

#[tokio::test]
async fn names_that_are_none() {
    for name in [json!(null), json!(""), json!(7), json!([]), json!({})] {
        let shown = name.to_string();
        let hostile = Hostile::documents(Operation::Create, move |configuration| {
            configuration["stream_id"] = name.clone();
        });
        let seen = against(&hostile).await;
        assert_ne!(seen.finished.verdict.name(), "conformant", "{shown}: {}", seen.told());
    }
}

/// Every answer is a stream that was not there before.
#[tokio::test]
async fn a_new_stream_for_every_request() {
    let hostile = Hostile::answers(|operation, _, answer| match operation {
        Operation::Metadata | Operation::Jwks => answer,
        _ => Answer::of_json(
            201,
            &json!({
                "stream_id": uuid::Uuid::new_v4().to_string(),
                "iss": "x",
                "delivery": { "method": "urn:ietf:rfc:8936", "endpoint_url": "http://127.0.0.1:9/poll" },
            }),
        ),
    });
    against(&hostile).await.not_conformant();
    assert!(hostile.total() < 5_000, "{} requests", hostile.total());
}

/// Every stream is kept, so that none can be deleted; that takes no longer, and a note says so.
#[tokio::test]
async fn streams_that_cannot_be_deleted() {
    let hostile = Hostile::answers_to(Operation::Delete, |_, _| Answer::empty(500));
    against(&hostile).await.nonconformant().notes("could not be deleted");
}

#[tokio::test]
async fn a_hundred_thousand_streams() {
    for (count, take_over) in [(100_000, false), (30_000, false), (30_000, true)] {
        let list = format!("[{}]", vec!["{\"stream_id\":\"12345678\"}"; count].join(","));
        let hostile = Hostile::answers(move |operation, _, answer| match operation {
            Operation::List => Answer { body: list.clone().into(), ..answer },
            Operation::Create if take_over => Answer::empty(409),
            _ => answer,
        });
        let transmitter = start(hostile.clone(), |_| ()).await;
        let mut settings = settings(transmitter.issuer());
        settings.take_over = take_over;
        settings.selection.only = vec!["ssf/8.1.1.2/".to_owned(), "ssf/8.1.1.1/".to_owned()];
        let seen = run(settings).await.not_conformant();
        assert!(hostile.total() < 1_000, "{}", seen.told());
    }
}

/// What is pushed to somebody else does not come to us, and what is polled from us is nothing.
#[tokio::test]
async fn an_endpoint_of_somebody_else() {
    for place in ["http://127.0.0.1:9/", "https://elsewhere.invalid/events", "not a url", "", "file:///etc/passwd"] {
        let hostile = Hostile::documents(Operation::Create, move |configuration| {
            configuration["delivery"]["endpoint_url"] = json!(place);
        });
        against(&hostile).await.not_conformant();
    }
}

/// A poll endpoint that is our own listener for pushes: we talk to ourselves, and it is the transmitter that is blamed.
#[tokio::test]
async fn a_poll_endpoint_that_is_our_own_listener() {
    let ours: Mutex<Value> = Mutex::default();
    let hostile = Hostile::answers_to(Operation::Create, move |facts, answer| {
        let mut ours = ours.lock().expect("nobody panics");
        let asked = facts.json.as_ref().map_or(Value::Null, |json| json["delivery"]["endpoint_url"].clone());
        if asked.is_string() {
            *ours = asked;
        }
        let mut document = answer.json().unwrap_or_default();
        if document["delivery"]["method"] == Method::Poll.urn() {
            document["delivery"]["endpoint_url"] = ours.clone();
        }
        Answer { body: document.to_string().into(), ..answer }
    });
    against(&hostile).await.not_conformant();
}

/// A configuration of another shape in every answer.
#[tokio::test]
async fn configurations_of_a_wrong_shape() {
    let odd = [
        json!([]),
        json!("stream"),
        json!({ "stream_id": "s" }),
        json!({ "stream_id": "s", "delivery": [] }),
        json!({ "stream_id": "s", "delivery": { "method": 1, "endpoint_url": {} }, "aud": {}, "iss": [], "events_supported": "x" }),
        json!({ "stream_id": "s", "events_supported": vec!["https://x.example/".repeat(100); 300] }),
        json!({ "stream_id": "s", "min_verification_interval": 1e300, "inactivity_timeout": -5 }),
    ];
    for document in odd {
        let shown: String = document.to_string().chars().take(80).collect();
        let hostile = Hostile::answers(move |operation, _, answer| match operation {
            Operation::Create | Operation::Read | Operation::Update | Operation::Replace => {
                Answer::of_json(answer.status, &document)
            }
            _ => answer,
        });
        let seen = against(&hostile).await;
        assert_ne!(seen.finished.verdict.name(), "conformant", "{shown}: {}", seen.told());
    }
}
