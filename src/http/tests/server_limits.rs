//! Clients that use up more than they may, and servers that stop.

use std::time::Instant;

use super::server_records::raw;
use super::*;

fn tight(options: &mut ServerOptions) {
    options.limits =
        Limits { max_head: 16 * 1024, max_body: 100_000, head_timeout: SHORT, body_timeout: SHORT, max_connections: 4 };
}

#[tokio::test]
async fn clients_without_a_head_are_cut_and_recorded() {
    let (server, recorder) = server(tight).await;
    let mut ended = recorder.subscribe();
    let began = Instant::now();
    raw(&server, b"").await;
    raw(&server, b"POST /echo HT").await;
    assert!(began.elapsed() < SHORT * 6);
    let mute = next(&mut ended).await;
    assert_eq!(failed(&mute), FailureKind::RequestTimeout);
    assert_eq!(mute.request.method, "");
    let slow = next(&mut ended).await;
    assert_eq!(failed(&slow), FailureKind::RequestTimeout);
    assert_eq!(slow.request.method, "POST");
}

#[tokio::test]
async fn a_port_that_is_only_looked_at_is_not_recorded() {
    let (server, recorder) = server(|_| {}).await;
    drop(TcpStream::connect(server.addr()).await.unwrap());
    get(format!("{}/echo", server.url()).parse().unwrap()).await;
    assert_eq!(recorder.exchanges().len(), 1);
}

#[tokio::test]
async fn dripping_clients_are_cut() {
    let (server, recorder) = server(tight).await;
    let mut ended = recorder.subscribe();
    for start in ["GET /echo HTTP/1.1\r\nX: ", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let drip = tokio::spawn(async move {
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let exchange = next(&mut ended).await;
        assert_eq!(failed(&exchange), FailureKind::RequestTimeout);
        assert!(exchange.elapsed_ms < 1500.0, "{}", exchange.elapsed_ms);
        drip.abort();
    }
    let exchanges = recorder.exchanges();
    assert_eq!(exchanges[1].status(), Some(408));
    assert!(!exchanges[1].request.body.is_empty());
}

#[tokio::test]
async fn large_bodies_are_answered_with_413() {
    let (server, recorder) = server(tight).await;
    let url: Url = format!("{}/echo", server.url()).parse().unwrap();
    let client = client(|_| {});

    // Announced: refused before any of it is read.
    let spec = RequestSpec::new("POST", url.clone()).body(vec![b'x'; 100 * 1024 * 1024]);
    let began = Instant::now();
    let exchange = client.send(spec).await;
    assert_eq!(exchange.status(), Some(413), "{:?}", exchange.failure);
    assert!(began.elapsed() < Duration::from_secs(4));

    // Not announced: refused at the limit.
    let mut body = Vec::new();
    for _ in 0..1000 {
        body.extend_from_slice(b"400\r\n");
        body.extend_from_slice(&[b'x'; 1024]);
        body.extend_from_slice(b"\r\n");
    }
    let spec = RequestSpec::new("POST", url).header("Transfer-Encoding", "chunked").body(body);
    let exchange = client.send(spec).await;
    assert_eq!(exchange.status(), Some(413), "{:?}", exchange.failure);

    let exchanges = recorder.exchanges();
    assert_eq!(exchanges.len(), 2);
    for exchange in &exchanges {
        assert_eq!(failed(exchange), FailureKind::TooLarge);
        assert_eq!(exchange.status(), Some(413));
        assert!(exchange.request.truncated);
        assert!(exchange.request.body.len() <= 100_000);
    }
    assert_eq!(exchanges[1].request.body.len(), 100_000);
}

#[tokio::test]
async fn large_heads_are_answered_with_431() {
    let (server, recorder) = server(tight).await;
    let mut ended = recorder.subscribe();
    let head = format!("GET /echo HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let answer = raw(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer:?}");
    let exchange = next(&mut ended).await;
    assert_eq!(failed(&exchange), FailureKind::TooLarge);
    assert_eq!(exchange.request.target, "/echo");
}

#[tokio::test]
async fn too_many_connections_wait() {
    let (server, _) = server(tight).await;
    let mut mute = Vec::new();
    for _ in 0..8 {
        mute.push(TcpStream::connect(server.addr()).await.unwrap());
    }
    // The mute ones are cut after 200 ms, four at a time, and then this one has its turn.
    let exchange = get(format!("{}/echo", server.url()).parse().unwrap()).await;
    drop(mute);
    assert_eq!(whole(exchange).status, 200);
}

#[tokio::test]
async fn shutdown_is_bounded_and_frees_the_port() {
    let (server, recorder) = server(|_| {}).await;
    let addr = server.addr();
    let mut idle = TcpStream::connect(addr).await.unwrap();
    let head = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";
    idle.write_all(head).await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    let began = Instant::now();
    server.shutdown().await;
    assert!(began.elapsed() < Duration::from_millis(500));
    assert!(TcpStream::connect(addr).await.is_err());
    assert_eq!(recorder.exchanges().len(), 1);

    let (server, recorder) = super::server(|_| {}).await;
    let mut ended = recorder.subscribe();
    let mut waiting = TcpStream::connect(server.addr()).await.unwrap();
    let head = b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n";
    waiting.write_all(head).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let began = Instant::now();
    server.shutdown().await;
    assert!(began.elapsed() < Duration::from_millis(1500));
    assert_eq!(failed(&*next(&mut ended).await), FailureKind::Closed);
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let (server, _) = server(|_| {}).await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let head = b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(head).await.unwrap();
    drop(server);
    let read = timeout(Duration::from_secs(2), stream.read(&mut [0; 10])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))));
}
