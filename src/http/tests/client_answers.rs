//! Answers that no decent server gives.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn an_answer_is_kept_as_written() {
    let url = says("HTTP/1.1 200 Very Fine\r\nX-B: 2\r\nx-a:1\r\nX-B: 3\r\ncontent-LENGTH: 2\r\n\r\nok").await;
    let exchange = get(url).await;
    assert!(exchange.elapsed_ms > 0.0);
    assert_eq!(exchange.tls, None);
    let response = whole(exchange);
    assert_eq!((response.status, response.reason.as_str()), (200, "Very Fine"));
    assert_eq!(response.headers.names().collect::<Vec<_>>(), ["X-B", "x-a", "X-B", "content-LENGTH"]);
    assert_eq!(response.body, b"ok");
    assert_eq!(response.quirks, []);
}

#[tokio::test]
async fn a_giant_answer_is_read_up_to_the_cap() {
    let url = odd(|mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let block = vec![b'x'; 64 * 1024];
        for _ in 0..(1024 * 1024 * 1024 / block.len()) {
            if stream.write_all(&block).await.is_err() {
                return;
            }
        }
    })
    .await;
    let began = Instant::now();
    let client = client(|options| options.max_body = 100_000);
    let response = whole(client.send(RequestSpec::new("GET", url)).await);
    assert_eq!(response.body.len(), 100_000);
    assert!(response.truncated);
    assert!(response.extra.is_empty());
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn endless_chunks_and_endless_close_delimited_bodies_end_at_the_cap() {
    for (head, block) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(4096)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n".repeat(4096)),
    ] {
        let url = odd(move |mut stream| async move {
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(block.as_bytes()).await.is_ok() {}
        })
        .await;
        let client = client(|options| options.max_body = 10_000);
        let response = whole(client.send(RequestSpec::new("GET", url)).await);
        assert_eq!(response.body.len(), 10_000);
        assert!(response.truncated);
    }
}

#[tokio::test]
async fn a_body_as_large_as_the_cap_is_not_truncated() {
    let url = says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde").await;
    let client = client(|options| options.max_body = 5);
    let response = whole(client.send(RequestSpec::new("GET", url)).await);
    assert_eq!(response.body_text(), "abcde");
    assert!(!response.truncated);
}

#[tokio::test]
async fn bytes_that_are_not_text_are_survived() {
    let url = says(*b"HTTP/1.1 200 \xff\r\nX: a\xffb\r\nContent-Length: 2\r\n\r\n\xc3\x28").await;
    let mut exchange = get(url).await;
    // A number that JSON carries exactly.
    exchange.elapsed_ms = 0.5;
    let json = serde_json::to_string(&exchange).unwrap();
    let again: Exchange = serde_json::from_str(&json).unwrap();
    assert_eq!(again, exchange);

    let response = whole(exchange);
    assert_eq!(response.headers.get("x"), Some("a\u{fffd}b"));
    assert_eq!(response.body, b"\xc3\x28");
    assert_eq!(response.quirks, [Quirk::InvalidUtf8]);
}

#[tokio::test]
async fn differing_lengths_are_malformed_but_the_head_is_kept() {
    let url = says("HTTP/1.1 202 Accepted\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab").await;
    let exchange = get(url).await;
    assert_eq!(failed(&exchange), FailureKind::Malformed);
    assert_eq!(exchange.failure.unwrap().message, "Content-Length: expected one length, got 1 and 2");
    let response = exchange.response.unwrap();
    assert_eq!(response.status, 202);
    assert_eq!(response.extra, b"ab");
}

#[tokio::test]
async fn quirks_are_accepted_and_named() {
    for (answer, quirk) in [
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", Quirk::BareLf),
        ("HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nContent-Length: 0\r\n\r\n", Quirk::ObsFold),
        ("HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", Quirk::SpaceBeforeColon),
        ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Quirk::LeadingEmptyLine),
        ("HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n", Quirk::InvalidHeaderLine),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", Quirk::RepeatedContentLength),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Quirk::LengthAndTransferEncoding,
        ),
        ("HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n", Quirk::InvalidHead),
    ] {
        let response = whole(get(says(answer).await).await);
        assert_eq!(response.status, 200, "{answer:?}");
        assert_eq!(response.quirks, [quirk], "{answer:?}");
        assert_eq!(response.body, b"", "{answer:?}");
    }
}

#[tokio::test]
async fn a_folded_value_is_one_value() {
    let url = says("HTTP/1.1 200 OK\r\nX: a\r\n\t b \r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(whole(get(url).await).headers.get("x"), Some("a b"));
}

#[tokio::test]
async fn interim_answers_are_skipped_and_counted() {
    let url = says(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
         HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let response = whole(get(url).await);
    assert_eq!(response.status, 202);
    assert_eq!(response.interim, [100, 103]);
    assert!(!response.headers.contains("link"));
}

#[tokio::test]
async fn endless_interim_answers_are_bounded() {
    let url =
        odd(|mut stream| async move { while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {} })
            .await;
    assert_eq!(failed(&get(url).await), FailureKind::TooLarge);
}

#[tokio::test]
async fn bytes_after_the_end_are_shown() {
    for (answer, extra) in [
        ("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody", "body"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA", "EXTRA"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nT: 1\r\n\r\nEXTRA", "EXTRA"),
    ] {
        let response = whole(get(says(answer).await).await);
        assert_eq!(String::from_utf8(response.extra).unwrap(), extra);
    }
}

#[tokio::test]
async fn bytes_that_come_a_little_later_are_seen_too() {
    let url = odd(|mut stream| async move {
        let head = b"HTTP/1.1 204 No Content\r\n\r\n";
        stream.write_all(head).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        stream.write_all(b"late").await.unwrap();
    })
    .await;
    assert_eq!(whole(get(url).await).extra, b"late");
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let url = says("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n").await;
    let exchange = client(|_| {}).send(RequestSpec::new("HEAD", url)).await;
    assert_eq!(whole(exchange).body, b"");
}

#[tokio::test]
async fn a_body_may_end_with_the_connection() {
    let url = says("HTTP/1.0 200 OK\r\n\r\nall of it").await;
    let response = whole(get(url).await);
    assert_eq!(response.version, "HTTP/1.0");
    assert_eq!(response.body_text(), "all of it");
}

#[tokio::test]
async fn broken_off_answers_are_told_apart() {
    for (answer, kind, part) in [
        ("", FailureKind::Closed, None),
        ("HTTP/1.1 100 Continue\r\n\r\n", FailureKind::Closed, None),
        ("HTTP/1.1 200 OK\r\nX:", FailureKind::Incomplete, None),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", FailureKind::Incomplete, Some("half")),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", FailureKind::Incomplete, Some("half")),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
            FailureKind::Malformed,
            Some("half"),
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf--", FailureKind::Incomplete, Some("half")),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf--\r\n", FailureKind::Malformed, Some("half")),
        ("SSH-2.0-OpenSSH_9.2\r\n", FailureKind::Malformed, None),
        ("HTTP/1.1 99 Low\r\n\r\n", FailureKind::Malformed, None),
        ("HTTP/2 200\r\n\r\n", FailureKind::Malformed, None),
        ("\x15\x03\x01\x00\x02\x02\x46", FailureKind::Malformed, None),
    ] {
        let exchange = get(says(answer).await).await;
        assert_eq!(failed(&exchange), kind, "{answer:?}");
        let got = exchange.response.map(|response| response.body_text());
        assert_eq!(got.as_deref(), part, "{answer:?}");
    }
}

#[tokio::test]
async fn a_huge_head_is_bounded() {
    let url = odd(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"X-Filler: x\r\n").await.is_ok() {}
    })
    .await;
    let exchange = get(url).await;
    assert_eq!(failed(&exchange), FailureKind::TooLarge);
    assert_eq!(exchange.response, None);
}

#[tokio::test]
async fn silence_and_dripping_both_end_at_the_deadline() {
    let mute = odd(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let drips = odd(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let client = client(|options| options.response_timeout = SHORT);

    let began = Instant::now();
    let exchange = client.send(RequestSpec::new("GET", mute)).await;
    assert_eq!(failed(&exchange), FailureKind::ResponseTimeout);
    assert_eq!(exchange.response, None);

    let exchange = client.send(RequestSpec::new("GET", drips)).await;
    assert_eq!(failed(&exchange), FailureKind::ResponseTimeout);
    let part = exchange.response.unwrap();
    assert_eq!(part.status, 200);
    assert!(!part.body.is_empty());
    assert!(began.elapsed() < SHORT * 4);
}
