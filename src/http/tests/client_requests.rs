//! What the client writes.

use tokio::sync::oneshot;

use super::*;

/// Sends a request and gives back the bytes of its head and the record.
async fn sent(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (String, Exchange) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("\r\n\r\n") {
            seen.push(stream.read_u8().await.unwrap());
        }
        tell.send(String::from_utf8(seen).unwrap()).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    });
    let url = format!("http://localhost:{port}{path}").parse().unwrap();
    let mut spec = RequestSpec::new(method, url).body(body);
    for (name, value) in headers {
        spec = spec.header(*name, *value);
    }
    let exchange = client(|_| {}).send(spec).await;
    (told.await.unwrap().replace(&port.to_string(), "PORT"), exchange)
}

#[tokio::test]
async fn headers_go_out_in_order_and_case() {
    let headers = [("aCCept", "*/*"), ("X-Z", "1"), ("X-A", "2"), ("X-Z", "3")];
    let (head, exchange) = sent("POST", "/a%20b?c=d#e", &headers, "hello").await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        head,
        format!(
            "POST /a%20b?c=d HTTP/1.1\r\nHost: localhost:PORT\r\naCCept: */*\r\nX-Z: 1\r\nX-A: 2\r\nX-Z: 3\r\n\
             User-Agent: setspec/{version}\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        )
    );
    assert_eq!(exchange.request.target, "/a%20b?c=d");
    assert_eq!(exchange.request.body, b"hello");
    assert_eq!(exchange.request.headers.len(), 8);
    assert_eq!(exchange.status(), Some(204));
}

#[tokio::test]
async fn what_is_given_is_not_added() {
    let headers =
        [("host", "other.example"), ("user-agent", "me"), ("connection", "keep-alive"), ("content-length", "0")];
    let (head, _) = sent("POST", "", &headers, "").await;
    assert_eq!(
        head,
        "POST / HTTP/1.1\r\nhost: other.example\r\nuser-agent: me\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n"
    );
}

#[tokio::test]
async fn a_length_is_sent_where_one_is_expected() {
    for (method, expected) in [("GET", false), ("DELETE", false), ("PATCH", true), ("POST", true)] {
        let (head, _) = sent(method, "/", &[], "").await;
        assert_eq!(head.contains("Content-Length: 0\r\n"), expected, "{method}");
    }
}

#[tokio::test]
async fn a_head_that_would_break_is_not_sent() {
    let url: Url = "http://127.0.0.1:9/".parse().unwrap();
    for spec in [
        RequestSpec::new("GE T", url.clone()),
        RequestSpec::new("GET", url.clone()).header("A", "secret\r\nB: c"),
        RequestSpec::new("GET", url.clone()).header("A:", "b"),
    ] {
        // The port is closed, so that only the check beforehand can be what fails.
        let exchange = client(|_| {}).send(spec).await;
        let failure = exchange.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Other);
        assert!(failure.message.ends_with("nothing was sent"), "{failure}");
        assert!(!failure.message.contains("secret"));
    }
}

#[tokio::test]
async fn an_early_answer_to_a_large_body_is_the_answer() {
    for answer in [
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig",
        "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\nbig",
    ] {
        // Answers and closes with most of the body unread, which resets the connection.
        let url = odd(move |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let spec = RequestSpec::new("POST", url).body(vec![b'x'; 4 * 1024 * 1024]);
        let exchange = client(|_| {}).send(spec).await;
        let response = exchange.response.expect("the answer");
        assert_eq!(response.status, 413);
        assert_eq!(response.body, b"big");
        let framed = response.headers.contains("content-length");
        assert!(exchange.failure.is_none() || !framed, "{:?}", exchange.failure);
    }
}
