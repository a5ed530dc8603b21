//! Receivers that do not speak HTTP as they should.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::bench::{Caller, visited_by};

async fn connect(caller: &Caller) -> Option<TcpStream> {
    TcpStream::connect(caller.issuer.strip_prefix("http://")?).await.ok()
}

/// Asks on many connections and never reads what it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_reads_its_answers() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        let Some(url) = caller.settle_in().await else { return };
        let mut deaf = Vec::new();
        for _ in 0..50 {
            let Some(mut stream) = connect(&caller).await else { break };
            let request = "GET /.well-known/ssf-configuration HTTP/1.1\r\nHost: h\r\n\r\n".repeat(200);
            // One that is full is as deaf as it can be.
            let write = stream.write_all(request.as_bytes());
            let _ = tokio::time::timeout(Duration::from_millis(100), write).await;
            deaf.push(stream);
        }
        caller.poll_for_ever(&url).await;
        drop(deaf);
    };
    let seen = visited_by(life).await;
    assert!(!seen.lines.is_empty(), "{}", seen.told());
}

/// Half a request, and no more of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_ends_its_requests() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        let Some(url) = caller.settle_in().await else { return };
        let mut halves = Vec::new();
        for request in ["GET / HT", "POST /ssf/streams HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{"] {
            for _ in 0..20 {
                let Some(mut stream) = connect(&caller).await else { break };
                let _ = stream.write_all(request.as_bytes()).await;
                halves.push(stream);
            }
        }
        caller.poll_for_ever(&url).await;
        drop(halves);
    };
    visited_by(life).await.ready();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn does_not_speak_http() {
    let life = |told| async move {
        let caller = Caller::new(&told);
        for noise in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            b"\r\n\r\n\r\n",
            b"GET\0/\0HTTP/1.1\r\n\r\n",
            &[255; 4096],
        ] {
            let Some(mut stream) = connect(&caller).await else { return };
            let _ = stream.write_all(noise).await;
        }
    };
    visited_by(life).await.inconclusive();
}
