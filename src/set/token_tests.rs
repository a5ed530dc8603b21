//! Tokens of the RFCs, each defect, and arbitrary text.

use super::*;
use crate::set::encode::base64url;
use proptest::prelude::*;
use serde_json::json;

// RFC 8417 section 2.4, figure 6.
const FIGURE_6: &str = "eyJ0eXAiOiJzZWNldmVudCtqd3QiLCJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3NjaW0uZXhhbXBsZS5jb20iLCJpYXQiOjE0NTg0OTY0MDQsImp0aSI6IjRkMzU1OWVjNjc1MDRhYWJhNjVkNDBiMDM2M2ZhYWQ4IiwiYXVkIjpbImh0dHBzOi8vc2NpbS5leGFtcGxlLmNvbS9GZWVkcy85OGQ1MjQ2MWZhNWJiYzg3OTU5M2I3NzU0IiwiaHR0cHM6Ly9zY2ltLmV4YW1wbGUuY29tL0ZlZWRzLzVkNzYwNDUxNmIxZDA4NjQxZDc2NzZlZTciXSwiZXZlbnRzIjp7InVybjppZXRmOnBhcmFtczpzY2ltOmV2ZW50OmNyZWF0ZSI6eyJyZWYiOiJodHRwczovL3NjaW0uZXhhbXBsZS5jb20vVXNlcnMvNDRmNjE0MmRmOTZiZDZhYjYxZTc1MjFkOSIsImF0dHJpYnV0ZXMiOlsiaWQiLCJuYW1lIiwidXNlck5hbWUiLCJwYXNzd29yZCIsImVtYWlscyJdfX19.";

fn codes(raw: &str) -> Vec<&'static str> {
    Token::parse(raw).defects.iter().map(Defect::code).collect()
}

fn jws(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}.AAAA", base64url(header), base64url(payload))
}

#[test]
fn the_unsecured_set_of_rfc_8417_is_read() {
    let token = Token::parse(FIGURE_6);
    assert_eq!(token.defects, []);
    assert_eq!((token.parts, token.typ(), token.alg()), (3, Some("secevent+jwt"), Some("none")));
    assert!(token.is_unsecured() && !token.is_encrypted());
    assert_eq!(token.signature, Some(Vec::new()));
    let claims = token.claims.unwrap();
    assert_eq!(claims["iss"], "https://scim.example.com");
    assert_eq!(claims["iat"], 1458496404);
    assert_eq!(claims["events"]["urn:ietf:params:scim:event:create"]["attributes"][2], "userName");
}

#[test]
fn the_jwe_of_rfc_7516_is_encrypted_and_without_defect() {
    let token = Token::parse("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAA.AAAA.AAAA");
    assert!(token.is_encrypted());
    assert_eq!((token.defects.len(), token.claims.clone()), (0, None));
    assert_eq!(codes("e30.AAAA.AAAA.AAAA.AAAA"), ["not-three-parts"]);
}

#[test]
fn every_defect_has_its_code() {
    let header = br#"{"alg":"ES256"}"#;
    let deep = "[".repeat(10_000);
    for (raw, expected) in [
        (String::new(), vec!["empty"]),
        (" \r\n".into(), vec!["surrounding-whitespace", "empty"]),
        (format!("{FIGURE_6}\n"), vec!["surrounding-whitespace"]),
        ("hello".into(), vec!["not-three-parts"]),
        ("a.b".into(), vec!["not-three-parts"]),
        ("....".into(), vec!["not-three-parts"]),
        (jws(header, b"{}").replace("ey", "e*"), vec!["header-not-base64url"]),
        (jws(b"{", b"{}"), vec!["header-not-json"]),
        (jws(b"\xff", b"{}"), vec!["header-not-json"]),
        (jws(b"[]", b"{}"), vec!["header-not-object"]),
        (format!("{}.e+==.", base64url(header)), vec!["padded-base64", "payload-not-base64url"]),
        (jws(header, b""), vec!["payload-not-json"]),
        (jws(header, deep.as_bytes()), vec!["payload-not-json"]),
        (jws(header, b"\"x\""), vec!["payload-not-object"]),
        (jws(header, b"{\"a\":\"\xff\"}"), vec!["payload-not-utf8"]),
        (jws(header, b"{}").replace("AAAA", "A A"), vec!["signature-not-base64url"]),
        (jws(header, b"{}").replace("AAAA", "A"), vec!["signature-not-base64url"]),
        (jws(header, b"{}").replace("AAAA", "AB"), vec!["stray-bits"]),
        (jws(header, b"{}").replace("AAAA", "AA=="), vec!["padded-base64"]),
        (jws(br#"{"alg":1,"alg":2}"#, b"{}"), vec!["duplicate-header-member"]),
        (jws(header, br#"{"a":{"b":1,"b":2},"a":1}"#), vec!["duplicate-claim", "duplicate-claim"]),
    ] {
        assert_eq!(codes(&raw), expected, "{raw}");
    }
}

#[test]
fn what_can_be_read_is_there_beside_the_defects() {
    let token = Token::parse(&jws(br#"{"alg":"ES256","kid":"k"}"#, b"[1]"));
    assert_eq!((token.alg(), token.kid(), token.typ()), (Some("ES256"), Some("k"), None));
    assert_eq!(token.claims, Some(json!([1])));
    assert_eq!(token.payload_text.as_deref(), Some("[1]"));
    let token = Token::parse(FIGURE_6.trim_end_matches('.'));
    assert_eq!(token.parts, 2);
    assert!(token.claim_members().is_some() && !token.is_unsecured());
    assert_eq!(token.signing_input(), None);
}

#[test]
fn a_defect_serializes_with_code_and_message() {
    assert_eq!(
        serde_json::to_value(Defect::NotThreeParts(2)).unwrap(),
        json!({"code": "not-three-parts", "message": "expected three parts separated by dots, got 2"})
    );
}

proptest! {
    #[test]
    fn any_text_is_taken_apart(raw: String) {
        prop_assert_eq!(&Token::parse(&raw).raw, &raw);
    }

    #[test]
    fn any_bytes_are_taken_apart(raw: Vec<u8>) {
        Token::from_bytes(&raw);
    }

    #[test]
    fn any_header_and_payload_are_taken_apart(header: Vec<u8>, payload: Vec<u8>) {
        let token = Token::parse(&jws(&header, &payload));
        prop_assert_eq!(token.parts, 3);
        prop_assert_eq!(token.claims.is_some(), json::parse(&payload).is_ok());
    }
}
