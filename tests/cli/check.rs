//! `setspec check`: tokens and claims at rest.

use serde_json::{Value, json};

use crate::snapshot;
use crate::support::token::{claims, jwks, key, set};
use crate::support::{Ended, Home};

fn check(home: &Home, args: &[&str], input: &str) -> Ended {
    let args: Vec<&str> = ["check"].into_iter().chain(args.iter().copied()).collect();
    home.run_with(&args, |command| {
        command.write_stdin(input);
    })
}

#[test]
fn a_bad_token_is_explained() {
    let home = Home::new();
    // Header: {"alg":"none"}; claims: {"iss":"https://issuer.example.com","iat":"yesterday","events":{"logout":{}}}
    home.write(
        "bad.jwt",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlLmNvbSIsImlhdCI6Inllc3RlcmRheSIsImV2ZW50cyI6eyJsb2\
         dvdXQiOnt9fX0.",
    );
    let ended = home.run(&["check", "bad.jwt"]).expect_code(1);
    snapshot("check_bad_token", &ended.stdout);
}

#[test]
fn standard_input_with_many_lines() {
    let home = Home::new();
    let key = key();
    let input =
        format!("{}\n\n{}\r\n{}\n", set(&key, json!({})), set(&key, json!({ "jti": null })), set(&key, json!({})));
    for args in [&[][..], &["-"]] {
        check(&home, args, &input)
            .expect_code(1)
            .expect_output("standard input:3: violated")
            .expect_output("rfc8417/2.2/jti-present")
            .expect_output("3 tokens checked, 1 with violations, 0 with warnings only");
    }
}

#[test]
fn claims_objects_on_one_line_or_several() {
    let home = Home::new();
    let good = Value::Object(claims());
    let pretty = serde_json::to_string_pretty(&good).expect("JSON");
    check(&home, &[], &pretty).expect_code(0).expect_output("1 token checked, 0 with violations");
    let mut bad = claims();
    bad.remove("iss");
    let lines = format!("{good}\n{}\n", Value::Object(bad));
    check(&home, &[], &lines)
        .expect_code(1)
        .expect_output("standard input:2: violated")
        .expect_output("rfc8417/2.2/iss-present")
        .expect_output("2 tokens checked, 1 with violations");
}

#[test]
fn json_is_one_object_a_line() {
    let home = Home::new();
    let key = key();
    let input = format!("{}\n{}\nnot a token\n", set(&key, json!({})), set(&key, json!({ "iat": "now" })));
    let ended = check(&home, &["--json"], &input).expect_code(1);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["findings"], json!([]));
    assert_eq!(lines[1]["findings"][0]["requirement"], "rfc8417/2.2/iat-numeric-date");
    assert_eq!(lines[2]["place"], "standard input:3");
}

#[test]
fn signatures_are_verified_with_a_key_set() {
    let home = Home::new();
    let (key, stranger) = (key(), key());
    home.write("jwks.json", jwks(&key));
    let check = |input: &str| check(&home, &["--jwks", "jwks.json", "--verbose"], input);
    check(&set(&key, json!({}))).expect_code(0).expect_output("signature valid");
    check(&set(&stranger, json!({})))
        .expect_code(1)
        .expect_output("signature invalid")
        .expect_output("rfc8417/2.4/signature-verifies");
    home.write("broken.json", "{\"keys\": 1}");
    home.run(&["check", "--jwks", "broken.json"]).expect_code(2).expect_error("--jwks broken.json");
}

#[test]
fn warnings_count_when_strict() {
    let home = Home::new();
    let token = set(&key(), json!({ "aud": null }));
    check(&home, &[], &token).expect_code(0).expect_output("warned rfc8417/2.2/aud-present");
    check(&home, &["--strict"], &token).expect_code(1);
}

#[test]
fn several_files_and_their_places() {
    let home = Home::new();
    let key = key();
    home.write("a.jwt", set(&key, json!({})));
    home.write("b.jwt", set(&key, json!({ "events": null })));
    home.run(&["check", "a.jwt", "b.jwt"])
        .expect_code(1)
        .expect_output("b.jwt:1: violated")
        .expect_output("2 tokens checked, 1 with violations");
    let ended = home.run(&["check", "-v", "a.jwt"]).expect_code(0);
    ended.expect_output("a.jwt:1: good");
}

#[test]
fn control_characters_of_a_token_do_not_reach_the_terminal() {
    let home = Home::new();
    let token = set(&key(), json!({ "jti": "\u{1b}[31mred\u{7}", "iss": "a\nb" }));
    let ended = check(&home, &["--verbose"], &token);
    assert!(!ended.stdout.contains(['\u{1b}', '\u{7}']), "{:?}", ended.stdout);
}
