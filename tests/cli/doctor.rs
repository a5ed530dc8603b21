//! `setspec doctor`: can a run work, and if not, what is to be done?

use crate::snapshot;
use crate::support::Home;
use crate::support::target::{acknowledge, respond, serve};

#[test]
fn the_built_in_peers_are_well() {
    let home = Home::new();
    let ended = home.run(&["doctor", "receiver", "--alg", "ES256"]).expect_code(0);
    snapshot("doctor_receiver", &ended.stdout);
    let ended = home.run(&["doctor", "transmitter", "--alg", "ES256"]).expect_code(0);
    ended.expect_output("ok      connection: ").expect_output("ok      metadata: ").expect_output("ok      keys: ");
    assert!(!home.path().join("reports").exists(), "a doctor writes no report");
}

#[test]
fn a_quiet_doctor_says_what_is_wrong_alone() {
    let home = Home::new();
    let ended = home.run(&["doctor", "receiver", "--alg", "ES256", "--quiet"]).expect_code(0);
    assert_eq!(ended.stdout, "");

    let target = serve(|_, stream| respond(stream, "401 Unauthorized", &[], b""));
    let ended = home.run(&["doctor", "receiver", &target.url, "--alg", "ES256", "--quiet"]).expect_code(3);
    let ended = ended.expect_output("FAILED  good SET: a good SET is answered with 401");
    let ended = ended.expect_output("advice: The receiver wants a credential; give it with --authorization-header.");
    assert!(!ended.stdout.contains("connection") && !ended.stdout.contains("setspec 0"), "{}", ended.stdout);
}

#[test]
fn nobody_is_there() {
    let home = Home::new();
    for args in [["doctor", "transmitter", "http://127.0.0.1:9"], ["doctor", "receiver", "http://127.0.0.1:9"]] {
        home.run(&args).expect_code(3).expect_output("FAILED  connection: ").expect_output("advice: ");
    }
}

#[test]
fn a_clock_that_is_wrong_is_worth_a_word() {
    let home = Home::new();
    let long_ago = [("Date", "Thu, 01 Jan 2026 00:00:00 GMT")];
    let target = serve(move |_, stream| respond(stream, "202 Accepted", &long_ago, b""));
    let ended = home.run(&["doctor", "receiver", &target.url, "--alg", "ES256"]).expect_code(0);
    ended.expect_output("ok      clock: that of the receiver is ").expect_output(" s behind ours");

    let target =
        serve(move |_, stream| respond(stream, "400 Bad Request", &long_ago, b"{\"err\":\"invalid_request\"}"));
    let ended = home.run(&["doctor", "receiver", &target.url, "--alg", "ES256"]).expect_code(3);
    ended
        .expect_output("so our SETs may look wrong to it.")
        .expect_output("FAILED  keys: the receiver did not fetch ours");
}

#[test]
fn keys_that_nobody_fetched_are_worth_a_word() {
    let home = Home::new();
    let target = serve(|_, stream| acknowledge(stream));
    let ended = home.run(&["doctor", "receiver", &target.url, "--alg", "ES256"]).expect_code(0);
    ended.expect_output("ok      keys: the receiver took the SET and did not fetch ours");
}

#[test]
fn a_credential_that_is_not_taken_is_named_by_its_place() {
    let home = Home::new();
    let mut mock =
        home.start(&["mock", "transmitter", "--listen", "127.0.0.1:0", "--alg", "ES256", "--token", "the-right-token"]);
    let issuer = mock.line_with("is ready: ").rsplit(' ').next().expect("an issuer").to_owned();
    home.write("secret.txt", "pl4nted-wrong-secret\n");
    let credentials = ["--client-id", "receiver", "--client-secret", "@secret.txt"];
    let args: Vec<&str> = ["doctor", "transmitter", &issuer].into_iter().chain(credentials).collect();
    let ended = home.run(&args).expect_code(3);
    let ended = ended.expect_output(&format!("token endpoint {issuer}/oauth/token: expected status 200, got 401"));
    let ended = ended.expect_output("\"invalid_client\"");
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("pl4nted"), "{}", ended.stdout);
    home.write("secret.txt", "the-right-token\n");
    home.run(&args).expect_code(0);
}
