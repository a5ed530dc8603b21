//! `setspec mock receiver`.

use serde_json::json;

use crate::snapshot;
use crate::support::running::Running;
use crate::support::target::push;
use crate::support::token::{AUDIENCE, ISSUER, jwks, key, set};
use crate::support::{Home, status_of, with_status};

/// Starts a mock receiver; gives it with its URL.
fn receiver(home: &Home, args: &[&str]) -> (Running, String) {
    let args: Vec<&str> =
        ["mock", "receiver", "--listen", "127.0.0.1:0"].into_iter().chain(args.iter().copied()).collect();
    let mut mock = home.start(&args);
    let ready = mock.line_with("setspec mock receiver is ready: push SETs to http://127.0.0.1:");
    let url = ready.rsplit(' ').next().expect("a URL").to_owned();
    (mock, url)
}

#[test]
fn it_takes_good_sets_and_explains_bad_ones() {
    let home = Home::new();
    let key = key();
    home.write("jwks.json", jwks(&key));
    let (mut mock, url) = receiver(&home, &["--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", "jwks.json"]);

    let (status, answer) = push(&url, &set(&key, json!({})), None);
    assert_eq!(status, 202, "{answer}");
    mock.line_with("POST /events -> 202");
    mock.line_with("signature: valid");
    mock.line_with("expectations hold");

    push(&url, &set(&key, json!({ "jti": null })), None);
    mock.line_with("WRONG: rfc8417/2.2/jti-present (MUST)");
    mock.line_with("expected: `claims.jti` to be present");
    mock.line_with("got:      absent");
    mock.line_with("https://www.rfc-editor.org/rfc/rfc8417#section-2.2");

    let (status, answer) = push(&url, &set(&key, json!({ "aud": "https://stranger.example" })), None);
    assert_eq!(status, 400);
    assert!(answer.contains("invalid_audience"), "{answer}");
    mock.line_with("answered: {\"err\":\"invalid_audience\"");

    mock.signal("TERM");
    let (code, said) = mock.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("setspec mock receiver has stopped"), "{said}");
}

#[test]
fn what_it_says_of_a_wrong_set() {
    let home = Home::new();
    let key = key();
    home.write("jwks.json", jwks(&key));
    let (mut mock, url) = receiver(&home, &["--jwks", "jwks.json"]);
    push(&url, &set(&key, json!({ "iss": ISSUER, "iat": "now", "jti": "1", "sub_id": { "format": "email" } })), None);
    mock.line_with("WRONG: rfc9493");
    mock.signal("TERM");
    let (code, said) = mock.end();
    assert_eq!(code, Some(0));
    let mut settings = crate::snapshots();
    settings.add_filter(r#""event_timestamp":\d+"#, "\"event_timestamp\":[time]");
    settings.add_filter(r"\bx\d+ POST", "[exchange] POST");
    settings.bind(|| snapshot("mock_receiver_explains", &said));
}

#[test]
fn a_mutant_is_caught_by_a_run() {
    let home = Home::new();
    // The run serves its keys where the mutant expects them, so both know the address beforehand.
    let listen = free_address();
    let issuer = format!("http://{listen}");
    let jwks_uri = format!("{issuer}/jwks.json");
    let (mut mock, url) = receiver(
        &home,
        &[
            "--issuer",
            &issuer,
            "--jwks-uri",
            &jwks_uri,
            "--audience",
            AUDIENCE,
            "--mutant",
            "rfc8935/2.2/acknowledges-with-200",
        ],
    );
    home.run(&["run", "receiver", &url, "--listen", &listen, "--alg", "ES256"])
        .expect_code(1)
        .expect_output("VIOLATED  rfc8935/2.2/status-202  MUST");
    let report = home.report();
    assert_eq!(status_of(&report, "rfc8935/2.2/status-202"), "violated");
    assert_eq!(with_status(&report, "violated"), ["rfc8935/2.2/status-202"]);
    mock.line_with("POST /events -> 200");
    mock.signal("INT");
    assert_eq!(mock.end().0, Some(0));
}

#[test]
fn nobody_to_trust_is_a_fault_of_usage() {
    let home = Home::new();
    home.run(&["mock", "receiver", "--listen", "127.0.0.1:0"]).expect_code(2).expect_error("nobody's keys are known");
    home.write("jwks.json", "[]");
    home.run(&["mock", "receiver", "--jwks", "jwks.json"]).expect_code(2).expect_error("--jwks jwks.json");
    home.write("jwks.json", jwks(&key()));
    let (mock, url) = receiver(&home, &["--jwks", "jwks.json"]);
    let address = url.trim_start_matches("http://").trim_end_matches("/events");
    home.run(&["mock", "receiver", "--jwks", "jwks.json", "--listen", address])
        .expect_code(2)
        .expect_error(&format!("cannot listen on {address}"));
    drop(mock);
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").to_string()
}
