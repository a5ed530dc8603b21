//! Metadata that are none, or that are there to lead us astray.

use serde_json::{Value, json};
use setspec::peer::ssf::{Answer, Operation};

use crate::bench::{Hostile, against, run, settings, start};

#[tokio::test]
async fn a_redirect_to_itself() {
    let hostile = Hostile::answers_to(Operation::Metadata, |facts, _| {
        Answer { status: 302, ..Answer::default() }.with("Location", &facts.path)
    });
    against(&hostile).await.not_conformant().preflight_says("The server redirects");
    assert_eq!(hostile.total(), 1, "nothing follows a redirect");
}

#[tokio::test]
async fn nested_ten_thousand_deep() {
    let body = format!("{{\"issuer\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let hostile =
        Hostile::answers_to(Operation::Metadata, move |_, answer| Answer { body: body.clone().into(), ..answer });
    against(&hostile).await.not_conformant().preflight_says("expected a JSON object");
}

#[tokio::test]
async fn members_that_occur_twice() {
    let hostile = Hostile::answers_to(Operation::Metadata, |_, answer| {
        let text = String::from_utf8_lossy(&answer.body).replacen('{', "{\"issuer\":\"https://elsewhere.example\",", 1);
        Answer { body: text.into(), ..answer }
    });
    let seen = against(&hostile).await;
    // The last one counts, as with most readers; no rule forbids the first one yet.
    assert!(seen.finished.requirements.iter().any(|result| result.observations > 0), "{}", seen.told());
}

#[tokio::test]
async fn every_member_of_a_wrong_type() {
    let odd =
        [json!(null), json!(true), json!(-1e300), json!("\u{0}\u{1b}[2J<script>"), json!([[[]]]), json!({"": {}})];
    for value in odd {
        let wrong = value.clone();
        let hostile = Hostile::documents(Operation::Metadata, move |metadata| {
            for (name, member) in metadata.as_object_mut().expect("an object") {
                if name != "issuer" {
                    *member = wrong.clone();
                }
            }
        });
        let seen = against(&hostile).await;
        assert!(seen.flagged().any(|id| id.starts_with("ssf/7.1")), "{value}: {}", seen.told());
        seen.not_conformant();
    }
}

#[tokio::test]
async fn one_member_of_a_wrong_type() {
    let members = [
        "spec_version",
        "issuer",
        "jwks_uri",
        "delivery_methods_supported",
        "configuration_endpoint",
        "status_endpoint",
        "add_subject_endpoint",
        "remove_subject_endpoint",
        "verification_endpoint",
        "critical_subject_members",
        "authorization_schemes",
        "default_subjects",
    ];
    for member in members {
        let hostile = Hostile::documents(Operation::Metadata, move |metadata| metadata[member] = json!({ "a": [1] }));
        let seen = against(&hostile).await;
        assert!(seen.flagged().any(|id| id.starts_with("ssf/7")), "{member}: {}", seen.told());
    }
}

#[tokio::test]
async fn endpoints_that_are_no_place_to_ask() {
    let none = [
        "not a url",
        "",
        "/ssf/streams",
        "//",
        "mailto:streams@example.com",
        "file:///etc/passwd",
        "ftp://127.0.0.1/streams",
        "javascript:alert(1)",
        "data:application/json,[]",
        "unix:///var/run/docker.sock",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
    ];
    for text in none {
        let hostile = Hostile::documents(Operation::Metadata, move |metadata| {
            metadata["configuration_endpoint"] = json!(text);
        });
        let seen = against(&hostile).await;
        seen.not_conformant();
        assert_eq!(hostile.count(Operation::Create), 0, "{text}");
    }
}

#[tokio::test]
async fn ten_thousand_members_and_long_ones() {
    let hostile = Hostile::documents(Operation::Metadata, |metadata| {
        for number in 0..10_000 {
            metadata[format!("member-{number}")] = json!("x".repeat(80));
        }
    });
    let seen = against(&hostile).await;
    assert!(!seen.lines.is_empty(), "{}", seen.told());
}

#[tokio::test]
async fn a_user_and_a_password_in_a_url() {
    let hostile = Hostile::documents(Operation::Metadata, |metadata| {
        let url = metadata["configuration_endpoint"].as_str().expect("a URL").replace("http://", "http://user:pass@");
        metadata["configuration_endpoint"] = Value::from(url);
    });
    let transmitter = start(hostile, |_| ()).await;
    let seen = run(settings(transmitter.issuer())).await;
    assert_eq!(transmitter.streams(), [Value::Null; 0], "{}", seen.told());
}
