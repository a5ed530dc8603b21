//! `setspec mock receiver --transmitter` against `setspec mock transmitter`.

use crate::support::Home;
use crate::support::running::Running;

/// A mock transmitter, with its issuer and its control interface.
fn transmitter(home: &Home) -> (Running, String, String) {
    let args = ["mock", "transmitter", "--listen", "127.0.0.1:0", "--token", "of-the-receiver", "--alg", "ES256"];
    let mut mock = home.start(&args);
    let last = |line: String| line.rsplit(' ').next().unwrap_or_default().to_owned();
    let issuer = last(mock.line_with("setspec mock transmitter is ready: "));
    let control = last(mock.line_with("  control "));
    (mock, issuer, control)
}

fn visits_by(delivery: &str) {
    let home = Home::new();
    let (mut transmitter, issuer, control) = transmitter(&home);
    let token = home.write("token", "of-the-receiver\n");
    let token = format!("@{}", token.display());
    let args = [
        "mock",
        "receiver",
        "--transmitter",
        &issuer,
        "--token",
        &token,
        "--delivery",
        delivery,
        "--listen",
        "127.0.0.1:0",
        "--audience",
        "https://receiver.example.com",
        "--authorization-header",
        "Basic secret-of-pushes",
    ];
    let mut receiver = home.start(&args);
    receiver.line_with("setspec mock receiver is ready");
    home.run(&["mock", "emit", "--control", &control, "--event", "caep/session-revoked"]).expect_code(0);
    receiver.line_with("session-revoked");
    receiver.line_with("signature: valid");
    receiver.line_with("expectations hold");
    receiver.signal("TERM");
    let (code, said) = receiver.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the stream is verified"), "{said}");
    assert!(said.contains("has deleted the stream") && said.contains("setspec mock receiver has stopped"), "{said}");
    assert!(!said.contains("of-the-receiver") && !said.contains("secret-of-pushes"), "{said}");
    transmitter.line_with("DELETE");
}

#[test]
fn it_visits_and_polls() {
    visits_by("poll");
}

#[test]
fn it_visits_and_is_pushed_to() {
    visits_by("push");
}

#[test]
fn one_that_is_refused_says_so() {
    let home = Home::new();
    let (_transmitter, issuer, _) = transmitter(&home);
    home.run(&["mock", "receiver", "--transmitter", &issuer, "--token", "another"])
        .expect_code(3)
        .expect_error("the receiver gave up: create: expected status 201, got 401");
}

#[test]
fn it_gets_its_token_by_client_credentials() {
    let home = Home::new();
    let (_transmitter, issuer, _) = transmitter(&home);
    let args = ["mock", "receiver", "--transmitter", &issuer, "--client-id", "receiver", "--client-secret"];
    let mut receiver = home.start(&[&args[..], &["of-the-receiver"]].concat());
    receiver.line_with("token: POST");
    receiver.line_with("setspec mock receiver is ready");
    receiver.signal("INT");
    assert_eq!(receiver.end().0, Some(0));
}

#[test]
fn options_that_do_not_fit_together_are_faults_of_usage() {
    let home = Home::new();
    let jwks = ["mock", "receiver", "--transmitter", "http://127.0.0.1:1", "--jwks-uri", "http://127.0.0.1:1"];
    home.run(&jwks).expect_code(2).expect_error("--jwks-uri");
    home.run(&["mock", "receiver", "--adopt"]).expect_code(2).expect_error("--adopt needs --transmitter");
    home.run(&["mock", "receiver", "--transmitter", "nowhere"]).expect_code(2).expect_error("--transmitter");
    home.run(&["mock", "receiver", "--transmitter", "http://127.0.0.1:1", "--client-id", "x"])
        .expect_code(2)
        .expect_error("--client-id needs --client-secret");
}
