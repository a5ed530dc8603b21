//! The binary, with commands that start a receiver.

use crate::support::Home;

const VISIT: [&str; 6] = ["run", "receiver", "--visiting", "--wait", "1", "--start"];

fn args<'a>(start: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    VISIT.iter().copied().chain([start]).chain(more.iter().copied()).collect()
}

#[test]
fn a_command_that_does_not_start() {
    let home = Home::new();
    let ended = home.run(&args("./there-is-no-such-program", &[])).expect_code(3);
    ended.expect_output("does not start");
    assert_eq!(home.report()["verdict"], "inconclusive");
}

#[test]
fn a_command_that_fails() {
    let home = Home::new();
    let start = r#"sh -c "echo the disk is full >&2; exit 7""#;
    home.run(&args(start, &[])).expect_code(3).expect_output("exit status: 7: the disk is full");
    assert_eq!(home.report()["verdict"], "inconclusive");
}

/// What it says on its standard error is told, but not the token that it was given.
#[test]
fn a_command_that_tells_its_secrets() {
    let home = Home::new();
    let start = r#"sh -c "echo token $SETSPEC_TOKEN >&2; exit 1""#;
    let ended = home.run(&args(start, &["--token", "pl4nted-token-of-the-receiver"])).expect_code(3);
    assert!(!ended.stdout.contains("pl4nted"), "{}", ended.stdout);
    for (name, bytes) in home.written() {
        assert!(!String::from_utf8_lossy(&bytes).contains("pl4nted"), "{name}");
    }
}

#[test]
fn a_receiver_that_nobody_starts() {
    let home = Home::new();
    let ended = home.run(&["run", "receiver", "--visiting", "--listen", "127.0.0.1:0", "--wait", "0.5"]).expect_code(3);
    let ended = ended.expect_output("setspec run receiver is ready: http://127.0.0.1:");
    let ended = ended.expect_output("waiting for the receiver: no request has come yet");
    ended.expect_output("no request came within 0.5 s");
    assert_eq!(home.report()["verdict"], "inconclusive");
}

#[test]
fn an_interrupted_wait_leaves_its_report() {
    let home = Home::new();
    let mut running = home.start(&["run", "receiver", "--visiting", "--listen", "127.0.0.1:0"]);
    running.line_with("waiting for the receiver");
    running.signal("INT");
    let (code, said) = running.end();
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(home.report()["run"]["interrupted"], true);
}
