//! The same through the command line: what it leaves behind when it is interrupted, and how much memory it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use setspec::peer::ssf::Operation;
use tokio::sync::mpsc;

use crate::bench::{Hostile, TOKEN, start};
use crate::support::Home;
use crate::support::running::Running;

/// Cases that make many streams.
const MANY: [&str; 2] = ["ssf/8.1.1.", "rfc8936/2.4"];

/// Starts a run of a part of the profile against this issuer.
fn run(home: &Home, issuer: &str, only: &[&str]) -> Running {
    let short = ["--timeout", "2", "--patience", "0.2", "--delivery-timeout", "1"];
    let only: Vec<&str> = only.iter().flat_map(|pattern| ["--only", pattern]).collect();
    home.start_with(&[&["run", "transmitter", issuer][..], &short, &only].concat(), |command| {
        command.env("SETSPEC_TOKEN", TOKEN);
    })
}

/// Interrupted when a stream has been made and the answer that says so is still under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_run_deletes_its_streams_and_leaves_its_report() {
    for (signal, number) in [("INT", 1), ("INT", 9), ("TERM", 14)] {
        let count = AtomicUsize::new(0);
        let (tell, mut told) = mpsc::unbounded_channel();
        let hostile = Hostile::answers_to(Operation::Create, move |_, answer| {
            if count.fetch_add(1, Ordering::SeqCst) + 1 == number {
                tell.send(()).expect("the test waits for it");
            }
            answer
        });
        let transmitter = start(hostile, |_| ()).await;
        let home = Arc::new(Home::new());
        let running = run(&home, transmitter.issuer(), &MANY);
        told.recv().await.expect("so many streams are made");
        running.signal(signal);
        let (code, said) = tokio::task::spawn_blocking(move || running.end()).await.expect("it ends");
        assert_eq!(code, Some(130), "{said}");
        assert_eq!(transmitter.streams().len(), 0, "{signal} {number}\n{said}");
        let report = home.report();
        assert_eq!(report["run"]["interrupted"], true, "{said}");
        assert_eq!(report["verdict"], "inconclusive", "{said}");
    }
}

/// A report is written, and says what was seen until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transmitter_that_dies_in_the_middle() {
    let count = AtomicUsize::new(0);
    let (tell, mut told) = mpsc::unbounded_channel();
    let hostile = Hostile::answers_to(Operation::Create, move |_, answer| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == 25 {
            tell.send(()).expect("the test waits for it");
        }
        answer
    });
    let transmitter = start(hostile, |_| ()).await;
    let home = Home::new();
    let running = run(&home, transmitter.issuer(), &MANY);
    told.recv().await.expect("so many streams are made");
    drop(transmitter);
    let (code, said) = tokio::task::spawn_blocking(move || running.end()).await.expect("it ends");
    assert_eq!(code, Some(3), "{said}");
    let report = home.report();
    assert_eq!(report["verdict"], "inconclusive", "{said}");
    assert!(report["summary"]["satisfied"].as_u64().is_some_and(|count| count > 0), "{said}");
    assert_eq!(report["summary"]["violated"], 0, "{said}");
}

#[cfg(target_os = "linux")]
mod memory {
    use std::net::TcpStream;

    use setspec::peer::ssf::Answer;

    use super::*;
    use crate::delivery::{a_poll_answer, flood};
    use crate::raw::{Misdeed, transmitter};
    use crate::support::target::Asked;
    use crate::wire::megabytes;

    /// A few cases that poll.
    const FEW: [&str; 3] = ["rfc8417/2", "rfc8936/2.4.1", "ssf/8.1.1.5/"];

    /// What a run may hold at most, in bytes.
    const MOST: u64 = 300 * 1024 * 1024;

    #[track_caller]
    fn is_bounded(home: &Home, running: Running) {
        let (code, said, peak) = running.end_with_peak();
        assert!(peak > 0 && peak < MOST, "{} MiB\n{said}", peak / 1024 / 1024);
        assert!(code.is_some_and(|code| matches!(code, 1 | 3)), "{code:?}\n{said}");
        let size: usize = home.written().iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(size < 64 * 1024 * 1024, "{size} bytes of reports");
    }

    fn a_gigabyte(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
        megabytes(stream, 1024)
    }

    #[test]
    fn a_gigabyte_of_anything() {
        for (place, misdeed) in
            [("GET /.well-known", a_gigabyte as Misdeed), ("POST /streams", a_gigabyte), ("POST /poll", a_gigabyte)]
        {
            let (_target, issuer) = transmitter(place, misdeed);
            let home = Home::new();
            let running = run(&home, &issuer, &FEW);
            is_bounded(&home, running);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_million_sets() {
        let body = a_poll_answer(1_000_000, "");
        let hostile = Hostile::answers_to(Operation::Poll, move |_, answer| Answer { body: body.clone(), ..answer });
        let target = start(hostile, |_| ()).await;
        let home = Home::new();
        let running = run(&home, target.issuer(), &FEW);
        tokio::task::spawn_blocking(move || is_bounded(&home, running)).await.expect("it is bounded");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_flood_of_large_pushes() {
        let hostile = Hostile::answers_to(Operation::Create, |facts, answer| {
            if let Some(url) = facts.json.as_ref().and_then(|json| json["delivery"]["endpoint_url"].as_str()) {
                tokio::spawn(flood(url.to_owned(), 200, 1000 * 1024));
            }
            answer
        });
        let target = start(hostile, |_| ()).await;
        let home = Home::new();
        let running = run(&home, target.issuer(), &FEW);
        tokio::task::spawn_blocking(move || is_bounded(&home, running)).await.expect("it is bounded");
    }
}
