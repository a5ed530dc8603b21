//! setspec init.

use crate::snapshot;
use crate::support::Home;

const SETTINGS: &str = r#"{
  "alias": "mine",
  "client": { "client_id": "me", "client_secret": "s3cret'quoted", "scope": "ssf.manage" },
  "server": { "discoveryUrl": "https://as.example.com/.well-known/oauth-authorization-server" },
  "mtls": { "key": "s3cret-key" },
  "ssf": {
    "transmitter": { "issuer": "https://tx.example.com", "push_endpoint_authorization_header": "s3cret-push" },
    "stream": { "audience": "https://rx.example.com" },
    "subjects": { "valid": { "format": "email", "email": "user@example.com" } }
  }
}"#;

#[test]
fn the_options_of_a_run_become_a_file_that_runs() {
    let home = Home::new();
    let ended = home
        .run(&[
            "init",
            "receiver",
            "https://rx.example.com/events",
            "--authorization-header",
            "Bearer s3cret",
            "--alg",
            "ES256",
            "--timeout",
            "2.5",
            "--jobs",
            "2",
            "--language",
            "en",
            "--language",
            "de",
            "--strict",
            "--key",
            "issuer.pem",
        ])
        .expect_code(0);
    snapshot("init_receiver_says", &ended.stdout);
    let text = std::fs::read_to_string(home.path().join("setspec.toml")).expect("a file");
    snapshot("init_receiver_file", &text);
    assert!(!format!("{text}{}{}", ended.stdout, ended.stderr).contains("s3cret"));
    home.run(&["init", "op"]).expect_code(2).expect_error("setspec.toml is there already").expect_error("--force");
    home.run(&["init", "receiver", "--alg", "ES256", "--force"]).expect_code(0);
    home.run(&["config", "check"]).expect_code(0);
    home.run(&["run", "--quiet", "--only", "rfc8935/2.2"]).expect_code(0);
}

#[test]
fn every_role_and_its_hooks_become_a_sound_file() {
    let home = Home::new();
    for args in [
        &["transmitter", "--trigger", "./emit.sh 'a b'", "--trigger-does", "event", "--event", "caep/session-revoked"]
            [..],
        &["transmitter", "https://tx.example.com", "--token", "@token.txt", "--delivery", "poll", "--take-over"],
        &["receiver", "--visiting", "--start", "./rx", "--audience", "https://rx.example.com", "--wait", "3"],
        &["rp", "--login", "https://rp.example.com/login", "--logout", "https://rp.example.com/logout"],
        &["op", "https://op.example.com", "--client-id", "me"],
    ] {
        home.write("token.txt", "token\n");
        home.run(&[&["init", "--force"], args].concat()).expect_code(0);
        home.run(&["config", "check"]).expect_code(0).expect_output("setspec.toml:");
    }
}

#[test]
fn settings_of_the_conformance_suite_are_taken_over_without_their_secrets() {
    let home = Home::new();
    home.write("suite.json", SETTINGS);
    let ended = home.run(&["init", "--from", "suite.json"]).expect_code(0);
    snapshot("init_from_says", &ended.stdout);
    let text = std::fs::read_to_string(home.path().join("setspec.toml")).expect("a file");
    snapshot("init_from_file", &text);
    assert!(!format!("{text}{}{}", ended.stdout, ended.stderr).contains("s3cret"));
    home.run(&["config", "check"])
        .expect_code(2)
        .expect_error("the environment variable SETSPEC_CLIENT_SECRET is not set");
    home.run_with(&["config", "check"], |command| {
        command.env("SETSPEC_CLIENT_SECRET", "s");
    })
    .expect_code(0);
    // An option wins over the settings.
    home.run(&["init", "--force", "--from", "suite.json", "transmitter", "https://other.example.com"]).expect_code(0);
    let text = std::fs::read_to_string(home.path().join("setspec.toml")).expect("a file");
    assert!(text.contains("issuer = \"https://other.example.com\""), "{text}");
}

#[test]
fn secrets_go_to_a_file_of_their_own() {
    let home = Home::new();
    home.write("suite.json", SETTINGS);
    home.write(".gitignore", "target");
    let args = ["init", "--from", "suite.json", "--secrets-to", "secrets.env"];
    let ended = home.run(&args).expect_code(0).expect_output("set -a; . ./secrets.env; set +a");
    assert!(!ended.stdout.contains("s3cret"), "{}", ended.stdout);
    let path = home.path().join("secrets.env");
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text, "SETSPEC_CLIENT_SECRET='s3cret'\\''quoted'\n");
    let ignored = std::fs::read_to_string(home.path().join(".gitignore")).expect("a file");
    assert_eq!(ignored, "target\n/secrets.env\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    home.run(&args).expect_code(2).expect_error("is there already");
    std::fs::remove_file(home.path().join("setspec.toml")).expect("a file");
    home.run(&args).expect_code(2).expect_error("secrets.env is there already");
}

#[test]
fn what_does_not_suffice_is_said() {
    let home = Home::new();
    home.write("none.json", r#"{ "ssf": { "transmitter": { "issuer": "{BASEURL}" } } }"#);
    home.write("text.json", "Bearer s3cret");
    for (args, says) in [
        (&["init"][..], "expected whom the file is for, or a terminal to ask on"),
        (&["init", "receiver", "--config", "a.toml"], "--output says where"),
        (&["init", "--from", "none.json"], "expected the issuer of the transmitter, a URL, got {BASEURL}"),
        (&["init", "--from", "text.json"], "expected JSON, got something else at 1:1"),
        (&["init", "--from", "there-is-none.json"], "cannot be read"),
        (&["init", "op", "--from", "none.json"], "not for an OpenID provider"),
        (&["init", "--output", "no/such/folder.toml", "op"], "cannot be written"),
    ] {
        let ended = home.run(args).expect_code(2).expect_error(says);
        assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
        assert!(!home.path().join("setspec.toml").exists(), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_terminal_is_asked() {
    use rexpect::session::spawn_command;
    let home = Home::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_setspec"));
    command.arg("init").current_dir(home.path()).env("TERM", "xterm").env("NO_COLOR", "1");
    let mut session = spawn_command(command, Some(60_000)).expect("a terminal");
    let mut answer = |question: &str, keys: &str| {
        session.exp_string(question).unwrap_or_else(|error| panic!("{question}: {error}"));
        session.send(keys).and_then(|_| session.flush()).expect("keys");
    };
    // The choice is found by typing a part of it.
    answer("What is judged?", "provider\r");
    answer("What is the issuer of the provider?", "not a url\r");
    answer("expected an http or https URL", "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7fhttps://op.example.com\r");
    answer("What is the client id", "\r");
    answer("What logs in and out?", "./browser.sh\r");
    answer("Into which folder", "\r");
    session.exp_string("setspec.toml is written, for an OpenID provider.").expect("the end");
    session.exp_eof().expect("it ends");
    let text = std::fs::read_to_string(home.path().join("setspec.toml")).expect("a file");
    for line in ["issuer = \"https://op.example.com\"", "hook = [\"./browser.sh\"]", "reports = \"reports\""] {
        assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
    }
    home.run(&["config", "check"]).expect_code(0);
}
