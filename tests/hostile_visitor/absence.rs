//! Receivers that do not come, or not as they should.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::SecretString;
use setspec::run::event::Verdict;

use crate::bench::{Caller, visited_by};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_comes() {
    visited_by(|_| async {}).await.inconclusive().preflight_says("no request came within 3 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_no_stream() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        caller.get(&told.metadata_url).await;
    };
    visited_by(life).await.inconclusive().preflight_says("no stream was created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comes_with_a_wrong_credential() {
    let life = |mut told: setspec::run::visiting::control::Told| async move {
        told.token = SecretString::from("no-such-token");
        Caller::new(&told).settle_in().await;
    };
    visited_by(life).await.inconclusive().preflight_says("refused with 401");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_polls() {
    let life = |told| async move {
        Caller::new(&told).settle_in().await;
    };
    visited_by(life).await.inconclusive().preflight_says("It has to poll");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comes_twice() {
    let life = |told| async move {
        let (first, second) = (Caller::new(&told), Caller::new(&told));
        let stay = |caller: Caller| async move {
            if let Some(url) = caller.settle_in().await {
                caller.poll_for_ever(&url).await;
            }
        };
        tokio::join!(stay(first), stay(second));
    };
    let seen = visited_by(life).await.ready();
    assert_ne!(seen.finished.verdict, Verdict::Conformant, "it acknowledges whatever it is given\n{}", seen.told());
}

/// It polls a few times and leaves, whenever it is started.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stops_half_way() {
    let starts = Arc::new(AtomicUsize::new(0));
    let count = starts.clone();
    let seen = visited_by(move |told| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            let caller = Caller::new(&told);
            let Some(url) = caller.settle_in().await else { return };
            let mut acknowledged = Vec::new();
            for _ in 0..3 {
                caller.poll(&url, &mut acknowledged).await;
            }
        }
    })
    .await
    .ready();
    assert_ne!(seen.finished.verdict, Verdict::Conformant, "{}", seen.told());
    assert!(seen.finished.inconclusive, "{}", seen.told());
    assert!(starts.load(Ordering::SeqCst) < 50, "it is not started for ever");
}
