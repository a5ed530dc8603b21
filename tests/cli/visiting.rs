//! `setspec run receiver --visiting`.

use crate::support::{Home, status_of};

const VISIT: [&str; 5] = ["run", "receiver", "--visiting", "--alg", "ES256"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    VISIT.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn the_built_in_receiver_is_conformant_by_poll_and_by_push() {
    for delivery in ["poll", "push"] {
        let home = Home::new();
        let ended = home.run(&with(&["--delivery", delivery])).expect_code(0);
        assert!(!ended.stdout.contains("WARNED"), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
        let report = home.report();
        assert_eq!(report["verdict"], "conformant");
        assert_eq!(report["target"]["role"], "receiver");
        assert_eq!(report["profile"], "ssf-receiver");
        let other = if delivery == "poll" { "rfc8935/2/authentic" } else { "rfc8936/2.4/method-post" };
        assert_eq!(status_of(&report, other), "not_applicable", "{delivery}");
    }
}

/// A receiver in another process, started by a command, asked by none.
#[test]
fn a_receiver_that_a_command_starts() {
    let home = Home::new();
    let binary = env!("CARGO_BIN_EXE_setspec");
    let script = format!(
        "#!/bin/sh\nexec '{binary}' mock receiver --transmitter \"$SETSPEC_ISSUER\" --audience \"$SETSPEC_AUDIENCE\" \
         --delivery \"$SETSPEC_DELIVERY\" --listen 127.0.0.1:0\n"
    );
    let path = home.write("receiver.sh", script);
    home.write(
        "setspec.toml",
        format!(
            "visiting = true\nalg = \"ES256\"\npatience = 0.3\n[receiver]\nstart = [\"sh\", {:?}]\n",
            path.display().to_string()
        ),
    );
    let ended = home.run(&["run", "receiver"]).expect_code(0);
    let report = home.report();
    assert_eq!(report["verdict"], "conformant", "{}", ended.stdout);
    // It cannot be asked, and that is no fault of anybody.
    assert_eq!(status_of(&report, "ssf/8.1.1.5/stream-named"), "satisfied", "it deletes its stream when it leaves");
}

#[test]
fn what_does_not_go_together() {
    let home = Home::new();
    for (args, error) in [
        (vec!["run", "receiver", "--wait", "5"], "--visiting"),
        (vec!["run", "receiver", "--visiting", "http://127.0.0.1:1/events"], "cannot be used with"),
        (with(&["--delivery", "each"]), "expected push or poll"),
        (with(&["--ask", "./ask.sh"]), "expected what the receiver can be asked for"),
        (with(&["--does", "read"]), "expected a command that asks"),
        (with(&["--client-id", "me"]), "expected its --client-secret"),
        (with(&["--start", "''"]), "expected a program"),
        (with(&["--start", "it's"]), "a quote that is not closed"),
        (with(&["--wait", "0"]), "expected seconds"),
        (vec!["run", "receiver", "--visiting", "--alg", "HS256"], "it needs a pair"),
    ] {
        home.run(&args).expect_code(2).expect_error(error);
    }
}

#[test]
fn a_file_for_another_kind_of_target() {
    let home = Home::new();
    for (text, error) in [
        ("visiting = true\nurl = \"http://127.0.0.1:1/\"\n", "`url` is for a receiver that is pushed to"),
        ("wait = 3.0\n", "`wait` is for a receiver that visits"),
        ("visiting = true\nscope = \"a\"\n", "`scope` is for a transmitter"),
        ("visiting = true\n[receiver]\nrun = [\"a\"]\n", "there is no key `receiver.run`"),
        ("visiting = true\n[receiver]\ndoes = [\"sing\"]\n", "unknown variant `sing`"),
    ] {
        home.write("setspec.toml", text);
        home.run(&["run", "receiver"]).expect_code(2).expect_error(error);
    }
}

#[test]
fn cases_of_visits_are_listed_with_them_alone() {
    let home = Home::new();
    let listed = home.run(&with(&["--list"])).expect_code(0);
    listed.expect_output("requirement ssf/8.1.1.1/iss-checked");
    let pushed = home.run(&["run", "receiver", "--list"]).expect_code(0);
    assert!(!pushed.stdout.contains("ssf/"), "{}", pushed.stdout);
}

#[test]
fn the_preflight_alone() {
    let home = Home::new();
    let ended = home.run(&["doctor", "receiver", "--visiting", "--alg", "ES256"]).expect_code(0);
    ended.expect_output("the receiver has one, with delivery by poll");
    assert!(!home.path().join("reports").exists());
}

/// The header that its push endpoint asks for, and the token that it comes with, are the receiver's secrets.
#[test]
fn what_a_receiver_brings_along_stays_secret() {
    const TOKEN: &str = "pl4nted-token-of-the-receiver";
    const HEADER: &str = "Bearer pl4nted-push-credential";
    let home = Home::new();
    let binary = env!("CARGO_BIN_EXE_setspec");
    let script = format!(
        "#!/bin/sh\nexec '{binary}' mock receiver --transmitter \"$SETSPEC_ISSUER\" --audience \"$SETSPEC_AUDIENCE\" \
         --delivery push --listen 127.0.0.1:0 --authorization-header '{HEADER}'\n"
    );
    let start = format!("sh {}", home.write("receiver.sh", script).display());
    let args = with(&["--delivery", "push", "--patience", "0.2", "--token", TOKEN, "--start", &start, "--verbose"]);
    let ended = home.run(&args).expect_code(0);
    assert!(!ended.stdout.contains("pl4nted") && !ended.stderr.contains("pl4nted"), "{}", ended.stdout);
    let written = home.written();
    assert!(written.len() >= 3, "{written:?}");
    for (name, bytes) in written {
        assert!(!String::from_utf8_lossy(&bytes).contains("pl4nted"), "{name}");
    }
}
