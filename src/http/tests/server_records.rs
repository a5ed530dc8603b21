//! What the server records.

use super::*;

/// Writes bytes on a new connection and reads until the server closes or nothing comes for a moment.
pub async fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut read = Vec::new();
    let _ = timeout(Duration::from_secs(3), stream.read_to_end(&mut read)).await;
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test]
async fn two_requests_on_one_connection_are_two_records() {
    let (server, recorder) = server(|_| {}).await;
    let mut ended = recorder.subscribe();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let mut answer = vec![0; 4096];

    let first =
        b"POST /echo?n=1 HTTP/1.1\r\nhOST: a.example\r\nX-Second: 2\r\nX-FIRST: 1\r\ncontent-Length: 5\r\n\r\nfirst";
    stream.write_all(first).await.unwrap();
    let exchange = next(&mut ended).await;
    assert_eq!(exchange.failure, None);
    assert_eq!(exchange.request.method, "POST");
    assert_eq!(exchange.request.target, "/echo?n=1");
    assert_eq!(exchange.request.url, "http://a.example/echo?n=1");
    assert_eq!(exchange.request.headers.names().collect::<Vec<_>>(), ["hOST", "X-Second", "X-FIRST", "content-Length"]);
    assert_eq!(exchange.request.body, b"first");
    let response = exchange.response.as_ref().unwrap();
    assert_eq!((response.status, response.reason.as_str()), (200, "OK"));
    assert_eq!(response.body, b"first");
    assert!(stream.read(&mut answer).await.unwrap() > 0);

    let second =
        b"PUT /echo HTTP/1.1\r\nHost: b\r\nTRANSFER-encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n";
    stream.write_all(second).await.unwrap();
    let exchange = next(&mut ended).await;
    assert_eq!(exchange.request.method, "PUT");
    assert_eq!(exchange.request.body, b"second");
    assert!(exchange.request.headers.names().any(|n| n == "TRANSFER-encoding"));
    assert_eq!(recorder.exchanges().len(), 2);
    assert_ne!(recorder.exchanges()[0].id, exchange.id);
    assert_eq!(recorder.get(&exchange.id), Some(exchange));
}

#[tokio::test]
async fn handlers_see_the_raw_head() {
    let (server, _) = server(|_| {}).await;
    let url = format!("{}/head", server.url()).parse().unwrap();
    let spec = RequestSpec::new("GET", url).header("x-ODD", "1");
    let response = whole(client(|_| {}).send(spec).await);
    assert_eq!(response.body_text(), "Host,x-ODD,User-Agent,Connection");
}

#[tokio::test]
async fn who_has_the_answer_finds_it_recorded() {
    let (server, recorder) = server(|_| {}).await;
    let client = client(|_| {});
    for count in 1..=50 {
        let url = format!("{}/echo", server.url()).parse().unwrap();
        let body = if count % 2 == 0 { "" } else { "text" };
        let exchange = client.send(RequestSpec::new("POST", url).body(body)).await;
        assert_eq!(whole(exchange).body_text(), body);
        let exchanges = recorder.exchanges();
        assert_eq!(exchanges.len(), count);
        assert_eq!(exchanges[count - 1].failure, None);
    }
}

#[tokio::test]
async fn requests_that_hyper_refuses_are_recorded_with_its_answer() {
    let (server, recorder) = server(|_| {}).await;
    for (bytes, method) in [
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET"),
        ("POST / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", "POST"),
        ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "POST"),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "POST"),
        ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", "GET"),
        ("nonsense\r\n\r\n", "nonsense"),
    ] {
        let mut ended = recorder.subscribe();
        let answer = raw(&server, bytes.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{bytes:?}: {answer:?}");
        let exchange = next(&mut ended).await;
        assert_eq!(failed(&exchange), FailureKind::Malformed, "{bytes:?}");
        assert_eq!(exchange.request.method, method);
        assert_eq!(exchange.status(), Some(400), "{bytes:?}");
        assert_eq!(ended.try_next(), None);
    }
}

#[tokio::test]
async fn a_refused_request_after_a_good_one_is_recorded_alone() {
    let (server, recorder) = server(|_| {}).await;
    let mut ended = recorder.subscribe();
    raw(&server, b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n").await;
    assert_eq!(next(&mut ended).await.failure, None);
    let bad = next(&mut ended).await;
    assert_eq!(failed(&bad), FailureKind::Malformed);
    assert_eq!(bad.request.method, "BAD");
}

#[tokio::test]
async fn bad_chunks_and_cut_bodies_are_recorded() {
    let (server, recorder) = server(|_| {}).await;
    let mut ended = recorder.subscribe();
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    let bad = format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n");
    raw(&server, bad.as_bytes()).await;
    let exchange = next(&mut ended).await;
    assert_eq!(failed(&exchange), FailureKind::Malformed);
    assert_eq!(exchange.request.body, b"ab");

    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let cut = format!("{head}Content-Length: 10\r\n\r\nhalf");
    stream.write_all(cut.as_bytes()).await.unwrap();
    drop(stream);
    let exchange = next(&mut ended).await;
    assert_eq!(failed(&exchange), FailureKind::Incomplete);
    assert_eq!(exchange.request.body, b"half");
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_recorded() {
    let (server, recorder) = server(|_| {}).await;
    let mut ended = recorder.subscribe();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let head = b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(head).await.unwrap();
    drop(stream);
    let exchange = next(&mut ended).await;
    assert_eq!(failed(&exchange), FailureKind::Closed);
    assert_eq!(exchange.response, None);
}

#[tokio::test]
async fn a_handler_can_hang_up() {
    let (server, recorder) = server(|_| {}).await;
    let exchange = get(format!("{}/hang-up", server.url()).parse().unwrap()).await;
    assert_eq!(failed(&exchange), FailureKind::Closed);
    let recorded = recorder.exchanges();
    assert_eq!(recorded.len(), 1);
    assert_eq!(failed(&recorded[0]), FailureKind::Closed);
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_exchange_alone() {
    let (server, recorder) = server(|_| {}).await;
    let exchange = get(format!("{}/panic", server.url()).parse().unwrap()).await;
    assert_eq!(failed(&exchange), FailureKind::Closed);
    assert_eq!(failed(&recorder.exchanges()[0]), FailureKind::Other);
    let exchange = get(format!("{}/echo", server.url()).parse().unwrap()).await;
    assert_eq!(whole(exchange).status, 200);
}

#[tokio::test]
async fn unusual_heads_that_are_served_keep_their_quirks() {
    let (server, recorder) = server(|_| {}).await;
    raw(
        &server,
        b"\r\nPOST /echo HTTP/1.1\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    )
    .await;
    let exchange = recorder.exchanges()[0].clone();
    assert_eq!(exchange.request.quirks, [Quirk::LeadingEmptyLine, Quirk::BareLf, Quirk::LengthAndTransferEncoding]);
    assert_eq!(exchange.request.headers.get("content-length"), Some("9"));
}

#[tokio::test]
async fn the_log_is_bounded_and_can_be_followed() {
    let recorder = Recorder::new(3);
    let template = get("http://127.0.0.1:1/".parse().unwrap()).await;
    for number in 0..5 {
        let id = format!("e{number}");
        recorder.record(Exchange { id, ..template.clone() });
    }
    let (so_far, mut later) = recorder.subscribe_with_log();
    let ids: Vec<_> = so_far.iter().map(|exchange| exchange.id.as_str()).collect();
    assert_eq!(ids, ["e2", "e3", "e4"]);
    assert_eq!(recorder.dropped(), 2);
    recorder.record(template.clone());
    assert_eq!(next(&mut later).await.id, template.id);
    drop(recorder);
    assert_eq!(later.next().await, None);
}
