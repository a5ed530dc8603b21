//! Requests to our push listener from nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use setspec::run::event::{Emitter, Finished, Verdict};
use setspec::run::transmitter::TransmitterRun;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bench::{BOUND, Hostile, settings, start};

/// Runs against a transmitter without fault while `visit` is done over and over by this many visitors at once.
async fn with_visitors<V>(visitors: usize, visit: impl Fn(SocketAddr) -> V) -> (Finished, usize)
where
    V: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let transmitter = start(Hostile::answers(|_, _, answer| answer), |_| ()).await;
    let run = TransmitterRun::prepare(settings(transmitter.issuer())).await.expect("the run starts");
    let address = run.listener();
    let over = Arc::new(AtomicBool::new(false));
    let visits = Arc::new(AtomicUsize::new(0));
    let mut visiting = JoinSet::new();
    for _ in 0..visitors {
        let visit = visit(address);
        let (over, visits) = (over.clone(), visits.clone());
        visiting.spawn(async move {
            let _ = visit.await;
            if !over.load(Ordering::Relaxed) {
                visits.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let (_stop, stopped) = watch::channel(false);
    let finished = tokio::time::timeout(BOUND, run.run(&Emitter::silent(), stopped)).await.expect("it ends in time");
    over.store(true, Ordering::Relaxed);
    assert_eq!(finished.internal_errors, [""; 0]);
    (finished, visits.load(Ordering::Relaxed))
}

fn post(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/secevent+jwt\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[track_caller]
fn nobody_is_blamed(finished: &Finished) {
    let flagged: Vec<String> = finished
        .requirements
        .iter()
        .filter(|result| matches!(result.status.name(), "violated" | "warned"))
        .map(|result| format!("{} {:?}", result.id, result.findings))
        .collect();
    assert_eq!(flagged, [""; 0]);
    // Where the visitors keep the transmitter out for too long, nothing can be concluded, and nothing is.
    assert_ne!(finished.verdict, Verdict::Nonconformant, "{:?}", finished.notes);
}

#[tokio::test]
async fn three_thousand_pushes_to_paths_that_nobody_gave_out() {
    let (finished, _) = with_visitors(3_000, async |address| {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(post("/push/0123456789abcdef0123456789abcdef", 1).as_bytes()).await?;
        stream.write_all(b"x").await?;
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).await?;
        assert!(answer[..read].starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(&answer[..read]));
        Ok(())
    })
    .await;
    nobody_is_blamed(&finished);
    assert!(finished.notes.iter().any(|note| note.contains("never given out")), "{:?}", finished.notes);
}

#[tokio::test]
async fn bodies_that_are_announced_and_do_not_come() {
    let (finished, _) = with_visitors(1_000, async |address| {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(post("/push/x", 1000).as_bytes()).await?;
        stream.write_all(b"x").await?;
        // Until the listener has had enough.
        stream.read(&mut [0; 64]).await.map(drop)
    })
    .await;
    nobody_is_blamed(&finished);
}

#[tokio::test]
async fn heads_that_do_not_end() {
    let (finished, _) = with_visitors(1_000, async |address| {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"POST /push/x HTTP/1.1\r\nX: ").await?;
        stream.read(&mut [0; 64]).await.map(drop)
    })
    .await;
    nobody_is_blamed(&finished);
}

#[tokio::test]
async fn bodies_of_a_hundred_megabytes() {
    let (finished, _) = with_visitors(20, async |address| {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"POST /push/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
        let piece = [b"100000\r\n".to_vec(), vec![b'x'; 1024 * 1024], b"\r\n".to_vec()].concat();
        for _ in 0..100 {
            stream.write_all(&piece).await?;
        }
        Ok(())
    })
    .await;
    nobody_is_blamed(&finished);
}

#[tokio::test]
async fn what_is_no_http() {
    let (finished, _) = with_visitors(500, async |address| {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\xff\r\n\r\n").await?;
        stream.read(&mut [0; 64]).await.map(drop)
    })
    .await;
    nobody_is_blamed(&finished);
}
