//! Receivers that send too much.

use serde_json::json;

use crate::bench::{Caller, visited_by};

/// Polls without a pause, many at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polls_without_end() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        let Some(url) = caller.settle_in().await else { return };
        let hurry = |caller: Caller, url: String| async move {
            while caller.post(&url, &json!({ "returnImmediately": true })).await.is_some() {}
        };
        let crowd = (0..8).map(|_| hurry(caller.clone(), url.clone()));
        futures_util::future::join(caller.poll_for_ever(&url), futures_util::future::join_all(crowd)).await;
    };
    let seen = visited_by(life).await;
    assert!(!seen.lines.is_empty(), "{}", seen.told());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_streams_without_end() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        while caller.settle_in().await.is_some() {}
    };
    visited_by(life).await.inconclusive();
}

/// A hundred megabytes, wherever they fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_bodies_of_100_megabytes() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        let Some(url) = caller.settle_in().await else { return };
        let send = |caller: Caller, url: String| async move {
            for _ in 0..3 {
                caller.post_bytes(&url, vec![b' '; 100 * 1024 * 1024]).await;
            }
        };
        let streams = format!("{}/ssf/streams", caller.issuer);
        tokio::join!(send(caller.clone(), url.clone()), send(caller.clone(), streams), caller.poll_for_ever(&url));
    };
    let seen = visited_by(life).await;
    assert!(seen.longest < 1024 * 1024, "{} bytes of a body are told", seen.longest);
}

/// Acknowledgements of SETs that nobody gave it, errors of errors, and JSON without a bottom.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_nonsense() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        let Some(url) = caller.settle_in().await else { return };
        let names: Vec<String> = (0..50_000).map(|number| format!("jti-{number}")).collect();
        let errors: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), json!([{ "err": {} }]))).collect();
        let deep = "[".repeat(100_000);
        let bodies = [
            json!({ "ack": names, "returnImmediately": true }).to_string(),
            json!({ "setErrs": errors, "returnImmediately": true }).to_string(),
            json!({ "ack": { "a": 1 }, "setErrs": [], "maxEvents": -1e300, "returnImmediately": "yes" }).to_string(),
            format!("{{\"ack\":{deep}"),
            deep,
            "\u{0}\u{1b}[2J".to_owned(),
        ];
        for body in bodies {
            caller.post_bytes(&url, body.into_bytes()).await;
        }
        caller.poll_for_ever(&url).await;
    };
    let seen = visited_by(life).await;
    assert!(!seen.lines.is_empty(), "{}", seen.told());
}
