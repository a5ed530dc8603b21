//! Runs that are interrupted, and transmitters that die: no stream is left behind, and what was seen is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use setspec::peer::ssf::Operation;
use setspec::run::event::{Status, Verdict};
use tokio::sync::{Notify, watch};

use crate::bench::{Hostile, Seen, run, run_until, settings, start};

/// Interrupts a run when the transmitter is about to answer the nth request of a kind.
async fn interrupted_at(operation: Operation, number: usize) -> Seen {
    let (stop, stopped) = watch::channel(false);
    let count = AtomicUsize::new(0);
    let hostile = Hostile::answers_to(operation, move |_, answer| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == number {
            stop.send_replace(true);
        }
        answer
    });
    let transmitter = start(hostile.clone(), |_| ()).await;
    let seen = run_until(settings(transmitter.issuer()), stopped).await;
    assert!(seen.finished.interrupted, "{operation:?} {number} never came: {}", seen.told());
    assert_eq!(seen.finished.verdict, Verdict::Inconclusive, "{}", seen.told());
    assert_eq!(transmitter.streams().len(), 0, "{operation:?} {number}: {}", seen.told());
    assert!(!seen.finished.notes.iter().any(|note| note.contains("could not be deleted")), "{}", seen.told());
    seen
}

#[tokio::test]
async fn interrupted_before_anything_was_made() {
    interrupted_at(Operation::Metadata, 1).await;
    interrupted_at(Operation::Jwks, 1).await;
}

/// The stream is there, and the answer that says so is still under way.
#[tokio::test]
async fn interrupted_while_a_stream_is_being_made() {
    for number in [1, 2, 3, 4, 5, 10, 15] {
        interrupted_at(Operation::Create, number).await;
    }
}

#[tokio::test]
async fn interrupted_between_and_while_deleting() {
    for number in [1, 2, 8] {
        interrupted_at(Operation::Delete, number).await;
    }
    interrupted_at(Operation::Verify, 1).await;
    interrupted_at(Operation::Poll, 3).await;
}

#[tokio::test]
async fn an_interrupted_run_tells_what_it_saw() {
    let seen = interrupted_at(Operation::Create, 15).await;
    assert!(seen.finished.requirements.iter().any(|result| result.status == Status::Satisfied), "{}", seen.told());
    assert!(seen.exchanges > 0);
}

/// Ends a transmitter when it is about to answer the nth request of a kind.
async fn dies_at(operation: Operation, number: usize) -> Seen {
    let dying = Arc::new(Notify::new());
    let (count, told) = (AtomicUsize::new(0), dying.clone());
    let hostile = Hostile::answers_to(operation, move |_, answer| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == number {
            told.notify_one();
        }
        answer
    });
    let transmitter = start(hostile, |_| ()).await;
    let mut settings = settings(transmitter.issuer());
    // One at a time, so that some cases come after the end.
    settings.jobs = 1;
    let death = async {
        dying.notified().await;
        drop(transmitter);
    };
    let (seen, ()) = tokio::join!(run(settings), death);
    seen
}

#[tokio::test]
async fn a_transmitter_that_dies_in_the_preflight() {
    dies_at(Operation::Jwks, 1).await.not_conformant();
    let seen = dies_at(Operation::Create, 1).await.inconclusive();
    assert!(seen.lines.iter().any(|line| !line.ok), "{}", seen.told());
}

#[tokio::test]
async fn a_transmitter_that_dies_in_the_middle() {
    let seen = dies_at(Operation::Create, 12).await.inconclusive().notes("could not be deleted");
    assert!(seen.told().contains("the target stopped answering"), "{}", seen.told());
    let count = |status| seen.finished.requirements.iter().filter(|result| result.status == status).count();
    assert!(count(Status::Satisfied) > 0, "{}", seen.told());
    assert!(count(Status::Untested) > 0, "{}", seen.told());
}
