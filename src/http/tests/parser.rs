//! The parsers against bytes that nobody would write.

use proptest::prelude::*;

use super::super::hello::message::{Offered, client_hello};
use super::super::wire::answer::{AnswerReader, End};
use super::super::wire::head::{Head, Side};
use super::*;

/// Pieces that make it likely to reach every state.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Just(b"HTTP/1.1 204 \r\n".to_vec()),
        Just(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        Just(b"Content-Length: 99999999999999999999\r\n".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"3\r\nabc\r\n".to_vec()),
        Just(b"ffffffffffffffff\r\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b" folded".to_vec()),
        Just(b"Name : value\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn read(bytes: &[u8], size: usize) -> (Option<Response>, Option<Failure>) {
    let mut reader = AnswerReader::new("GET", 200, 50);
    for piece in bytes.chunks(size) {
        reader.feed(piece);
    }
    reader.finish(End::Closed(None))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_answer_reads_the_same_however_it_arrives(bytes in hostile(), size in 1usize..40) {
        let (response, failure) = read(&bytes, bytes.len().max(1));
        if let Some(response) = &response {
            prop_assert!(response.body.len() <= 50);
        }
        let (in_pieces, why) = read(&bytes, size);
        // What does not begin like HTTP is given up at once, so that the text of the failure may differ.
        prop_assert_eq!(in_pieces, response);
        prop_assert_eq!(why.map(|why| why.kind), failure.map(|why| why.kind));
    }

    #[test]
    fn what_a_strict_parser_accepts_reads_the_same(
        reason in "[ -~]{0,10}",
        fields in proptest::collection::vec(("[A-Za-z0-9-]{1,8}", "[!-~]([ -~]{0,6}[!-~])?"), 0..5),
    ) {
        let mut text = format!("HTTP/1.1 250 {reason}\r\n");
        for (name, value) in &fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut known = [httparse::EMPTY_HEADER; 8];
        let mut strict = httparse::Response::new(&mut known);
        prop_assert!(strict.parse(text.as_bytes()).unwrap().is_complete());

        let head = Head::read(text.as_bytes(), Side::Response);
        let line = head.status_line().unwrap();
        prop_assert_eq!(line.status, 250);
        prop_assert_eq!(line.reason.as_str(), strict.reason.unwrap());
        let ours: Vec<_> = head.headers.iter().map(|(n, v)| (n, v.as_bytes())).collect();
        let theirs: Vec<_> = strict.headers.iter().map(|h| (h.name, h.value)).collect();
        prop_assert_eq!(ours, theirs);
        prop_assert_eq!(head.quirks, vec![]);
    }

    #[test]
    fn requests_of_any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let head = Head::read(&bytes, Side::Request);
        let _ = head.request_line();
        let _ = Offered::read(&bytes);
        let _ = CertFacts::of(&bytes);
        let _ = super::super::hello::reply::read(&bytes);
    }

    #[test]
    fn a_damaged_hello_is_survived(at in 0usize..200, byte in any::<u8>(), cut in 0usize..300) {
        let mut hello = client_hello(Offer::Tls13, Some("a.example"));
        let at = at % hello.len();
        hello[at] = byte;
        hello[5] = 2;
        hello.truncate(cut);
        let _ = super::super::hello::reply::read(&hello);
        let _ = Offered::read(hello.get(5..).unwrap_or_default());
    }
}
