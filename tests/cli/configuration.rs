//! setspec.toml.

use std::sync::{Arc, Mutex};

use crate::support::Home;
use crate::support::target::{acknowledge, serve};

#[test]
fn the_file_is_found_by_itself_and_secrets_come_by_reference() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let credentials = seen.clone();
    let target = serve(move |asked, stream| {
        let credential = asked.header("authorization").unwrap_or("none").to_owned();
        credentials.lock().expect("no panic").push(credential);
        acknowledge(stream)
    });
    let home = Home::new();
    home.write(
        "setspec.toml",
        format!(
            "role = \"receiver\"\nurl = \"{}\"\nalg = \"ES256\"\nonly = [\"accepts-a-valid-set\"]\nreports = \"elsewhere\"\n\
             authorization-header = {{ env = \"RX_CREDENTIAL\" }}\n",
            target.url
        ),
    );
    let run = |credential: &'static str| {
        home.run_with(&["run", "receiver"], move |command| {
            command.env("RX_CREDENTIAL", credential);
        })
    };
    run("Bearer from-the-environment").expect_code(0);
    assert!(home.path().join("elsewhere/latest/report.json").is_file());
    let credentials = std::mem::take(&mut *seen.lock().expect("no panic"));
    assert!(credentials.len() > 1);
    assert!(credentials.iter().all(|one| one == "Bearer from-the-environment"), "{credentials:?}");

    home.run(&["run", "receiver"]).expect_code(2).expect_error("the environment variable RX_CREDENTIAL is not set");
}

#[test]
fn options_win_over_the_file() {
    let target = serve(|_, stream| acknowledge(stream));
    let home = Home::new();
    home.write("other.toml", "url = \"http://127.0.0.1:9/\"\nonly = [\"rfc8417\"]\nalg = \"ES256\"\n");
    home.run(&["run", "receiver", &target.url, "--config", "other.toml", "--only", "accepts-a-valid-set"])
        .expect_code(0)
        .expect_output(&target.url);
}

#[test]
fn faults_are_located() {
    let home = Home::new();
    for (text, says) in [
        ("jobs = \"many\"\n", "setspec.toml:1:8: "),
        ("# jobs\n\njobs = \"many\"\n", "setspec.toml:3:8: "),
        ("jbos = 4\n", "setspec.toml:1:1: "),
        ("jobs = \n", "setspec.toml:1:"),
        ("authorization-header = \"Bearer in-the-file\"\n", "setspec.toml:1:24: "),
        ("authorization-header = {}\n", "either `env` or `file`"),
        ("authorization-header = { env = \"A\", file = \"b\" }\n", "either `env` or `file`"),
        ("role = \"transmitter\"\n", "is for a transmitter"),
    ] {
        home.write("setspec.toml", text);
        let ended = home.run(&["run", "receiver"]).expect_code(2).expect_error(says);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
    home.write("setspec.toml", [0xff, 0xfe, 0x00]);
    home.run(&["run", "receiver"]).expect_code(2).expect_error("setspec.toml");
}

#[test]
fn the_fault_of_a_secret_in_the_file_does_not_print_it() {
    let home = Home::new();
    home.write("setspec.toml", "authorization-header = \"Bearer s3cret-in-the-file\"\n");
    let ended = home.run(&["run", "receiver"]).expect_code(2);
    assert!(!ended.stderr.contains("s3cret-in-the-file"), "{}", ended.stderr);
}
