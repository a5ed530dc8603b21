//! list, explain, schema.

use serde_json::Value;

use crate::snapshot;
use crate::support::Home;

#[test]
fn profiles() {
    snapshot("list_profiles", &Home::new().run(&["list", "profiles"]).expect_code(0).stdout);
}

#[test]
fn a_requirement_is_explained() {
    snapshot("explain_status_202", &Home::new().run(&["explain", "rfc8935/2.2/status-202"]).expect_code(0).stdout);
}

#[test]
fn every_id_can_be_explained() {
    let home = Home::new();
    for (id, says) in [
        ("features", "authorization"),
        ("rfc8935/2.2/accepts-a-valid-set", "verifies:"),
        ("rfc8935/2.2/acknowledges-with-200", "a mutant of the receiver: breaks rfc8935/2.2/status-202"),
        ("rfc8935/2.2/typed-empty-acknowledgement", "a variation of the receiver"),
    ] {
        home.run(&["explain", id]).expect_code(0).expect_output(says);
    }
}

#[test]
fn every_list_is_lines_of_json() {
    let home = Home::new();
    for what in ["requirements", "cases", "profiles", "mutants", "variations", "functions", "counts"] {
        let ended = home.run(&["list", what, "--json"]).expect_code(0);
        assert!(ended.stdout.lines().count() > 2, "{what}");
        for line in ended.stdout.lines() {
            let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}: {line}"));
            assert!(entry.is_object(), "{what}: {line}");
        }
        let plain = home.run(&["list", what]).expect_code(0);
        assert_eq!(plain.stdout.lines().count(), ended.stdout.lines().count(), "{what}");
    }
}

#[test]
fn schemas_are_json_schemas() {
    let home = Home::new();
    for what in ["suite", "report"] {
        let ended = home.run(&["schema", what]).expect_code(0);
        let schema: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert!(schema["$schema"].is_string() && schema["properties"].is_object(), "{what}");
    }
}

#[test]
fn a_report_keeps_to_its_schema() {
    let home = Home::new();
    let schema: Value = serde_json::from_str(&home.run(&["schema", "report"]).expect_code(0).stdout).expect("JSON");
    home.run(&["run", "receiver", "--only", "rfc8935/2.2"]).expect_code(0);
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("report.json", schema).expect("a schema");
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("report.json", &mut schemas).expect("a schema that compiles");
    if let Err(why) = schemas.validate(&home.report(), index) {
        panic!("{why}");
    }
}

#[test]
fn the_first_line_does_not_wait_for_anything() {
    let ended = Home::new().run(&["--version"]).expect_code(0);
    assert!(ended.stdout.starts_with("setspec "), "{}", ended.stdout);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    use std::process::{Command, Stdio};

    let home = Home::new();
    let mut list = Command::new(env!("CARGO_BIN_EXE_setspec"))
        .args(["list", "requirements"])
        .current_dir(home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(list.stdout.take());
    let ended = list.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
