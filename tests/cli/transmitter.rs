//! `setspec run transmitter`.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Home;
use crate::support::running::Running;
use crate::support::target::{respond, serve, stay_mute};

const TOKEN: &str = "pl4nted-token-of-the-receiver";

/// A case that is nothing without an event.
const TRIGGERING: &str = "ssf/8.1.1/sends-what-it-says-it-delivers";

#[track_caller]
fn passed(home: &Home) {
    let report = home.report();
    let cases: Vec<_> = report["cases"].as_array().expect("cases").iter().collect();
    assert!(!cases.is_empty() && cases.iter().all(|case| case["status"] == "passed"), "{cases:?}");
}

/// Starts a mock transmitter; gives it with its issuer and its control interface.
fn mock(home: &Home) -> (Running, String, String) {
    let mut mock = home.start(&[
        "mock",
        "transmitter",
        "--listen",
        "127.0.0.1:0",
        "--alg",
        "ES256",
        "--token",
        TOKEN,
        "--long-poll-timeout",
        "2",
    ]);
    let issuer = mock.line_with("is ready: ").rsplit(' ').next().expect("an issuer").to_owned();
    let control = mock.line_with("control").rsplit(' ').next().expect("a URL").to_owned();
    (mock, issuer, control)
}

#[test]
fn the_built_in_transmitter_is_conformant() {
    let home = Home::new();
    let ended = home.run(&["run", "transmitter", "--alg", "ES256"]).expect_code(0);
    assert!(!ended.stdout.contains("WARNED"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
    let report = home.report();
    assert_eq!(report["verdict"], "conformant");
    assert_eq!(report["target"]["role"], "transmitter");
    assert_eq!(report["profile"], "ssf-transmitter");
}

#[test]
fn an_issuer_is_judged_with_a_token() {
    let home = Home::new();
    let (_mock, issuer, _) = mock(&home);
    let args = ["run", "transmitter", &issuer, "--only", "ssf/7.1", "--delivery", "poll"];
    let ended = home.run_with(&args, |command| {
        command.env("SETSPEC_TOKEN", TOKEN);
    });
    ended.expect_code(0);
    assert_eq!(home.report()["target"]["url"], issuer.as_str());
    for (name, content) in home.written() {
        assert!(!String::from_utf8_lossy(&content).contains("pl4nted"), "{name}");
    }
}

#[test]
fn events_are_asked_for_by_a_command() {
    let home = Home::new();
    let (_mock, issuer, control) = mock(&home);
    let emit = format!(
        "#!/bin/sh\nexec '{}' mock emit --control {control} --event \"$SETSPEC_EVENT\" --subject \"$SETSPEC_SUBJECT\"\n",
        env!("CARGO_BIN_EXE_setspec")
    );
    home.write("emit.sh", emit);
    home.write("token.txt", format!("{TOKEN}\n"));
    let args = [
        "run",
        "transmitter",
        &issuer,
        "--token",
        "@token.txt",
        "--trigger",
        "sh ./emit.sh",
        "--event",
        "caep/session-revoked",
        "--only",
        TRIGGERING,
        "--delivery",
        "poll",
    ];
    home.run(&args).expect_code(0);
    passed(&home);
}

#[test]
fn events_are_asked_for_by_a_request() {
    let home = Home::new();
    let (_mock, issuer, control) = mock(&home);
    home.write("token.txt", format!("{TOKEN}\n"));
    home.write(
        "setspec.toml",
        format!(
            "role = \"transmitter\"\nissuer = \"{issuer}\"\ntoken = {{ file = \"token.txt\" }}\ndelivery = \"poll\"\n\
             only = [\"{TRIGGERING}\"]\npatience = 0.2\n\n\
             [trigger]\nurl = \"{control}/events\"\nevents = [\"caep/session-revoked\"]\n\
             body = {{ type = \"${{event}}\", subject = \"${{subject}}\", claims = \"${{payload}}\" }}\n"
        ),
    );
    home.run(&["run", "transmitter"]).expect_code(0);
    passed(&home);
}

#[test]
fn the_command_line_is_wrong() {
    let home = Home::new();
    home.write("hs256.jwk", "{\"kty\":\"oct\",\"k\":\"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0\"}");
    let table: &[(&[&str], &str)] = &[
        (&["tx.example.com"], "ISSUER \"tx.example.com\": expected an http or https URL"),
        (&["ftp://tx.example.com"], "expected an http or https URL"),
        (&["https://tx.example.com?x=1"], "without query and fragment"),
        (&["https://user:pl4nted@tx.example.com"], "ISSUER: expected a URL without user and password"),
        (&["--token", "pl4nted", "--client-id", "me"], "--token (or SETSPEC_TOKEN) and --client-id: expected one"),
        (&["--second-token", "pl4nted", "--second-client-id", "me"], "--second-token (or SETSPEC_SECOND_TOKEN) and"),
        (&["--client-id", "me"], "--client-id needs --client-secret or --client-key"),
        (&["--client-secret", "pl4nted"], "need the --client-id"),
        (&["--client-id", "me", "--client-secret", "x", "--client-key", "hs256.jwk"], "got a shared secret"),
        (&["--client-id", "me", "--client-auth", "private-key-jwt"], "--client-id needs --client-key"),
        (&["--client-id", "me", "--client-key", "absent.pem"], "--client-key absent.pem: cannot be read"),
        (
            &["--client-id", "me", "--client-secret", "x", "--token-endpoint", "file:///x"],
            "expected an http or https URL",
        ),
        (&["--second-client-id", "me"], "--second-client-id needs --second-client-secret"),
        (&["--token", "@absent"], "absent"),
        (&["--jwks", "absent.json"], "absent.json"),
        (&["--trigger", "'./emit.sh"], "a quote that is not closed"),
        (&["--trigger", ""], "--trigger: expected a program, got nothing"),
        (&["--trigger", "x", "--trigger-url", "http://h/"], "cannot be used with"),
        (&["--patience", "0"], "--patience: expected seconds"),
        (&["--delivery", "carrier-pigeon"], "carrier-pigeon"),
        (&["https://tx.example.com", "--alg", "ES256"], "--alg is for the built-in transmitter"),
        (&["--alg", "HS256"], "it needs a pair"),
        (&["--profile", "push-receiver", "--alg", "ES256"], "is for a receiver, not for a transmitter"),
        (&["--profile", "ssf-transmiter", "--alg", "ES256"], "there is no profile `ssf-transmiter`"),
    ];
    for (args, says) in table {
        let args: Vec<&str> = ["run", "transmitter"].iter().chain(*args).copied().collect();
        let ended = home.run(&args).expect_code(2).expect_error(says);
        assert!(!ended.stderr.contains("pl4nted"), "{}", ended.stderr);
    }
    home.run(&["run", "transmitter", "--alg", "ES256", "--only", "nothing-like-this"]).expect_code(4);
    assert!(!home.path().join("reports").exists());
}

#[test]
fn the_file_is_wrong_and_its_secrets_stay_in_it() {
    let home = Home::new();
    for (text, says) in [
        ("token = \"pl4nted\"\n", "setspec.toml:1:9: a secret does not stand in this file"),
        ("tokn = \"pl4nted\"\n", "setspec.toml:1:1: there is no key `tokn`; did you mean `token`?"),
        ("token = { env = \"A\", value = \"pl4nted\" }\n", "a secret does not stand in this file"),
        ("token = \"pl4nted\n", "setspec.toml:1:"),
        (
            "client-secret = { env = \"pl4nted secret\" }\nclient-id = \"me\"\n",
            "is the name of an environment variable",
        ),
        ("[trigger]\nurl = \"http://h/\"\nheaders = { x-key = \"pl4nted\" }\n", "a secret does not stand in this file"),
        (
            "[trigger]\nurl = \"http://h/\"\nheaders = { \"x key\" = { env = \"HOME\" } }\n",
            "the name of a header field",
        ),
        ("[trigger]\nurl = \"http://h/\"\ncommand = [\"x\"]\n", "expected `command` or `url`, got both"),
        ("[trigger]\ncommand = []\n", "expected a program, got nothing"),
        ("[trigger]\ncommand = [\"x\"]\ndoes = [\"everything\"]\n", "setspec.toml:3:"),
        ("[trigger]\ncommand = [\"x\"]\nsubjects = [\"me\"]\n", "expected subject identifiers"),
        ("[trigger]\nurl = \"http://h/\"\nbody = { e = \"${evnt}\" }\n", "trigger.body: "),
        ("[trigger]\nurl = \"http://h/\"\nmethod = \"PO ST\"\n", "trigger.method: "),
        ("url = \"https://tx.example.com\"\n", "`url` is for a receiver"),
        ("role = \"receiver\"\n", "is for a receiver"),
    ] {
        home.write("setspec.toml", text);
        let ended = home.run(&["run", "transmitter", "--alg", "ES256"]).expect_code(2).expect_error(says);
        assert!(!ended.stderr.contains("pl4nted"), "{}", ended.stderr);
    }
    home.write("setspec.toml", "take-over = true\n");
    home.run(&["run", "receiver"]).expect_code(2).expect_error("`take-over` is for a transmitter");
}

#[test]
fn a_second_signal_does_not_wait_for_the_clean_up() {
    // Creates a stream, and says nothing any more: neither to what comes next nor when the stream is to be deleted.
    let target = serve(|asked, stream| {
        let base = format!("http://{}", asked.header("host").unwrap_or_default());
        let answer = |stream: &mut _, status: &str, body: serde_json::Value| {
            respond(stream, status, &[("Content-Type", "application/json")], body.to_string().as_bytes())
        };
        let metadata = json!({
            "spec_version": "1_0",
            "issuer": base,
            "jwks_uri": format!("{base}/jwks.json"),
            "configuration_endpoint": format!("{base}/streams"),
            "verification_endpoint": format!("{base}/verify"),
            "delivery_methods_supported": ["urn:ietf:rfc:8935"],
        });
        let stream_of_ours = json!({
            "stream_id": "s1", "iss": base, "aud": "us",
            "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": "http://127.0.0.1:9/" },
            "events_supported": [], "events_requested": [], "events_delivered": [],
        });
        let (method, rest) = asked.head.split_once(' ').unwrap_or_default();
        match (method, rest.split(' ').next().unwrap_or_default()) {
            ("GET", "/.well-known/ssf-configuration") => answer(stream, "200 OK", metadata),
            ("GET", "/jwks.json") => answer(stream, "200 OK", json!({ "keys": [] })),
            ("GET", "/streams") => answer(stream, "200 OK", json!([])),
            ("POST", "/streams") => answer(stream, "201 Created", stream_of_ours),
            _ => stay_mute(stream),
        }
    });
    let issuer = target.url.trim_end_matches("/events").to_owned();
    let home = Home::new();
    let run = home.start(&["run", "transmitter", &issuer, "--timeout", "60"]);
    target.wait_for_method("POST", "/verify");
    run.signal("INT");
    target.wait_for_method("DELETE", "/streams");
    let began = Instant::now();
    run.signal("INT");
    let (code, said) = run.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(began.elapsed() < Duration::from_secs(3), "{said}");
    assert_eq!(home.report()["run"]["interrupted"], true);
}
