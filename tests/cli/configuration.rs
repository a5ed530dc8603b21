//! setspec.toml.

use std::sync::{Arc, Mutex};

use crate::snapshot;
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

#[test]
fn every_fault_is_said_with_a_near_name() {
    let home = Home::new();
    home.write("setspec.toml", "jbos = 4\ntimeout = \"long\"\nscope = \"a\"\nstart = \"./rx\"\n");
    let ended = home.run(&["run", "receiver"]).expect_code(2);
    snapshot("configuration_faults", &ended.stderr);
}

#[test]
fn what_shows_only_when_it_is_used_is_located_too() {
    let home = Home::new();
    for (text, args, says) in [
        (
            "strict = true\ntimeout = 0.0\n",
            &["run", "receiver"][..],
            "error: setspec.toml:2:1: timeout: expected seconds",
        ),
        ("issuer = \"tx\"\n", &["run", "transmitter"], "error: setspec.toml:1:1: issuer \"tx\": expected"),
        (
            "token = { env = \"TX_TOKEN\" }\n",
            &["run", "transmitter"],
            "error: setspec.toml:1:1: token: the environment",
        ),
        ("ca = \"none.pem\"\n", &["doctor", "op"], "error: setspec.toml:1:1: ca none.pem: cannot be read"),
        ("[trigger]\ncommand = []\n", &["run", "transmitter"], "error: setspec.toml:2:1: trigger.command: expected a"),
        ("quiet = true\nverbose = true\n", &["run", "op"], "setspec.toml:2:1: verbose: expected it or --quiet"),
    ] {
        home.write("setspec.toml", text);
        home.run(args).expect_code(2).expect_error(says);
    }
    // The fault of an option is not one of the file, which says the same well.
    home.write("setspec.toml", "timeout = 2.0\n");
    let ended = home.run(&["run", "receiver", "--timeout", "0"]).expect_code(2);
    assert!(ended.stderr.starts_with("error: --timeout: expected seconds"), "{}", ended.stderr);
}

#[test]
fn an_option_wins_over_the_environment_and_that_over_the_file() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let credentials = seen.clone();
    let target = serve(move |asked, stream| {
        credentials.lock().expect("no panic").push(asked.header("authorization").unwrap_or("none").to_owned());
        acknowledge(stream)
    });
    let home = Home::new();
    home.write(
        "setspec.toml",
        format!("url = \"{}\"\nalg = \"ES256\"\nauthorization-header = {{ env = \"OF_THE_FILE\" }}\n", target.url),
    );
    let credential = |args: &[&str], environment: bool| {
        let only = ["run", "receiver", "--only", "accepts-a-valid-set"];
        home.run_with(&[&only, args].concat(), |command| {
            command.env("OF_THE_FILE", "file");
            if environment {
                command.env("SETSPEC_AUTHORIZATION_HEADER", "environment");
            }
        })
        .expect_code(0);
        std::mem::take(&mut *seen.lock().expect("no panic")).pop().expect("a request")
    };
    assert_eq!(credential(&[], false), "file");
    assert_eq!(credential(&[], true), "environment");
    assert_eq!(credential(&["--authorization-header", "option"], true), "option");
}

#[test]
fn how_much_is_said_and_by_which_suites_are_keys_too() {
    let home = Home::new();
    home.write("own/house/spec.yaml", "name: House\ntitle: House rules\nlink: \"https://rules.example/{section}\"\n");
    home.write("own/rfc8935/99-house.yaml", "section: \"99\"\ntitle: House\nparty: receiver\nrequirements:\n  one:\n    level: MUST\n    text: One.\n    unobservable: Never.\n");
    home.write("setspec.toml", "quiet = true\nalg = \"ES256\"\nonly = [\"rfc8935/2.2\"]\nextra-suites = [\"own\"]\n");
    let ended = home.run(&["run", "receiver"]).expect_code(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    home.run(&["run", "receiver", "--verbose"]).expect_code(0).expect_output("[1/");
    home.run(&["run", "receiver", "--list", "--only", "rfc8935/99"]).expect_output("rfc8935/99/one");
}

#[test]
fn the_file_may_name_the_role() {
    let home = Home::new();
    home.run(&["run"]).expect_code(2).expect_error("<COMMAND>");
    home.write("setspec.toml", "role = \"receiver\"\nalg = \"ES256\"\n");
    home.run(&["run", "--only", "rfc8935/2.2", "--quiet"]).expect_code(0);
    assert_eq!(home.report()["target"]["role"], "receiver");
    home.run(&["doctor", "-q"]).expect_code(0);
}

#[test]
fn a_check_says_every_value_and_its_source() {
    let home = Home::new();
    home.write(
        "ci.toml",
        "role = \"transmitter\"\nissuer = \"https://tx.example.com\"\nclient-id = \"me\"\n\
         client-secret = { env = \"TX_SECRET\" }\nstrict = true\njobs = 2\nonly = [\"ssf/8\", \"ssf/7\"]\n\
         \n[trigger]\ncommand = [\"./emit.sh\", \"--key\", \"s3cret-argument\"]\ndoes = [\"event\", \"status\"]\n\
         subjects = [{ format = \"email\", email = \"user@example.com\" }]\n",
    );
    home.write("second.txt", "s3cret-in-a-file\n");
    let args = ["config", "check", "--config", "ci.toml", "--jobs", "6", "--second-token", "@second.txt"];
    let ended = home
        .run_with(&args, |command| {
            command.env("TX_SECRET", "s3cret-of-variable");
        })
        .expect_code(0);
    assert!(!ended.stdout.contains("s3cret"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
    snapshot("config_check", &ended.stdout);
}

#[test]
fn a_check_says_what_is_wrong() {
    let home = Home::new();
    home.write("setspec.toml", "role = \"op\"\nissuer = \"https://op.example.com\"\nhok = [\"a\"]\njobs = true\n");
    let ended = home.run(&["config", "check"]).expect_code(2);
    snapshot("config_check_faults", &format!("{}\n{}", ended.stdout, ended.stderr));
    home.write("setspec.toml", "role = \"op\"\ntimeout = 0.0\nclient-secret = { env = \"NOT_SET\" }\n");
    let ended =
        home.run(&["config", "check"]).expect_code(2).expect_error("setspec.toml:2:1: timeout: expected seconds");
    ended.expect_output("set, from env NOT_SET, where it is not");
    home.write("setspec.toml", "authorization-header = \"Bearer s3cret\"\n");
    let ended = home.run(&["config", "check", "receiver"]).expect_code(2).expect_error("setspec.toml:1:24: a secret");
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("s3cret"));
}

#[test]
fn a_check_writes_and_sends_nothing() {
    let home = Home::new();
    let args = ["config", "check", "receiver", "--visiting", "--listen", "127.0.0.1:0", "--tls-ca", "ca.pem"];
    home.run(&args).expect_code(0).expect_output("--tls-ca");
    assert!(!home.path().join("ca.pem").exists() && !home.path().join("reports").exists());
}

#[test]
fn the_schema_is_one_of_the_keys() {
    let home = Home::new();
    let ended = home.run(&["schema", "config"]).expect_code(0);
    let schema: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let valid = |text: &str| {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("config.json", schema.clone()).expect("a resource");
        let index = compiler.compile("config.json", &mut schemas).expect("a schema");
        let value: serde_json::Value = toml::from_str(text).expect("TOML");
        schemas.validate(&value, index).is_ok()
    };
    assert!(valid("token = { env = \"T\" }\njobs = 3\n[trigger]\ncommand = [\"a\"]\ndoes = [\"event\"]\n"));
    assert!(!valid("jbos = 3\n"));
    assert!(!valid("token = \"text\"\n"));
}
