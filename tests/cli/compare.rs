//! report, diff, matrix, badge: what is made of records, also of those that come from elsewhere.

use std::fs;

use serde_json::{Value, json};

use crate::snapshot;
use crate::support::Home;

const STATUS: &str = "rfc8935/2.2/status-202";

/// A folder with the record of a good run as `old/report.json`, and with one of its requirements violated as `new`.
fn two_runs() -> (Home, Value) {
    let home = Home::new();
    home.run(&["run", "receiver", "--only", "rfc8935/2.2"]).expect_code(0);
    let mut record = home.report();
    record["target"]["url"] = json!("https://old.example/events");
    home.write("old/report.json", record.to_string());
    record["run"]["id"] = json!("20300101T000000Z-abcdef");
    record["run"]["started_at"] = json!("2030-01-01T00:00:00Z");
    record["target"]["url"] = json!("https://new.example/events");
    record["verdict"] = json!("nonconformant");
    let requirement = requirement(&mut record, STATUS);
    requirement["status"] = json!("violated");
    requirement["findings"] = json!([{
        "source": "rfc8935/2.2#1", "message": "", "expected": "`response.status` to be 202", "actual": "200",
        "exchange": null, "reproduce": "setspec run receiver https://new.example/events --only rfc8935/2.2"
    }]);
    home.write("new/report.json", record.to_string());
    (home, record)
}

fn requirement<'r>(record: &'r mut Value, id: &str) -> &'r mut Value {
    let all = record["requirements"].as_array_mut().expect("requirements");
    all.iter_mut().find(|result| result["id"] == id).expect("it is there")
}

#[test]
fn what_is_newly_violated_is_exit_code_1() {
    let (home, _) = two_runs();
    snapshot("diff_newly_violated", &home.run(&["diff", "old", "new"]).expect_code(1).stdout);
    let diff: Value =
        serde_json::from_str(&home.run(&["diff", "old", "new", "--format", "json"]).expect_code(1).stdout)
            .expect("JSON");
    assert_eq!((&diff["format"], &diff["worse"]), (&json!("setspec-diff/1"), &json!(true)));
    assert_eq!(diff["changes"][0]["kind"], "newly_violated");
    assert_eq!((&diff["changes"][0]["old"], &diff["changes"][0]["new"]), (&json!("satisfied"), &json!("violated")));
    let page = home.run(&["diff", "old", "new", "--format", "html", "--output", "diff.html"]).expect_code(1);
    assert_eq!(page.stdout, "");
    let page = fs::read_to_string(home.path().join("diff.html")).expect("a page");
    assert!(page.contains("something is newly violated") && page.contains("newly violated"), "{page}");
}

#[test]
fn what_is_newly_satisfied_is_exit_code_0() {
    let (home, _) = two_runs();
    let ended = home.run(&["diff", "new", "old/report.json"]).expect_code(0).expect_output("Newly satisfied: 1");
    assert!(ended.stdout.contains("note: The new run began before the old one."), "{}", ended.stdout);
    home.run(&["diff", "old", "old"]).expect_code(0).expect_output(" the same");
    home.run(&["diff", "old"]).expect_code(0).expect_output("new: ");
}

#[test]
fn what_cannot_be_read_is_exit_code_2() {
    let (home, mut record) = two_runs();
    for (text, says) in [
        ("", "expected JSON, got EOF while parsing a value at line 1 column 0"),
        ("[1]", "expected format \"setspec-report/1\", got none"),
        ("\u{1b}[2J", "expected JSON, got expected value at line 1 column 1"),
        (r#"{"format": "setspec-report/2"}"#, "which a newer setspec has written and can read"),
        ("{\"format\": \"setspec-report/1\",\n \"tool\": []}", "at line 2 column"),
    ] {
        home.write("foreign/report.json", text);
        for command in [&["diff", "old", "foreign"][..], &["diff", "foreign", "old"], &["report", "foreign"]] {
            let ended = home.run(command).expect_code(2).expect_error(says).expect_error("report.json: expected");
            assert_eq!(ended.stdout, "", "{command:?}");
        }
        home.run(&["matrix", "old", "foreign"]).expect_code(2).expect_error(says);
        home.run(&["badge", "foreign"]).expect_code(2).expect_error(says);
    }
    requirement(&mut record, STATUS)["status"] = json!("green");
    home.write("foreign/report.json", record.to_string());
    home.run(&["report", "foreign"])
        .expect_code(2)
        .expect_error("unknown variant `green`, expected one of `satisfied`");
    home.run(&["diff", "old", "nowhere"]).expect_code(2).expect_error("got nothing of that name");
    home.run(&["report", "../old"]).expect_code(2).expect_error("got nothing of that name");
}

#[test]
fn any_format_is_made_later() {
    let home = Home::new();
    let run = home.run(&["run", "receiver", "--only", "rfc8935/2.2"]).expect_code(0);
    let id = home.report()["run"]["id"].as_str().expect("an id").to_owned();
    for (format, file) in [("html", "report.html"), ("json", "report.json"), ("junit", "junit.xml")] {
        let written = fs::read_to_string(home.path().join("reports/latest").join(file)).expect(file);
        for name in ["latest", id.as_str(), "reports/latest", "reports/latest/report.json"] {
            let made = home.run(&["report", name, "--format", format]).expect_code(0);
            assert!(made.stdout == written, "{name} as {format} is not what the run wrote");
        }
    }
    let text = home.run(&["report"]).expect_code(0).stdout;
    assert!(run.stdout.contains(text.trim_start()), "{text}\nis not the end of\n{}", run.stdout);
    home.run(&["report", "--format", "html", "--output", "no/such/folder.html"])
        .expect_code(5)
        .expect_error("cannot write");
}

#[test]
fn targets_stand_side_by_side() {
    let (home, _) = two_runs();
    let table = home.run(&["matrix", "old", "new", "--name", "acme", "--differences"]).expect_code(0).stdout;
    snapshot("matrix_differences", &table);
    let page = home.run(&["matrix", "old", "new", "latest", "--format", "html"]).expect_code(0).stdout;
    assert!(page.contains("<h1>3 targets</h1>") && page.contains("old.example<br>"), "{page}");
    home.run(&["matrix"]).expect_code(2);
    let names = ["matrix", "old", "--name", "a", "--name", "b"];
    home.run(&names).expect_code(2).expect_error("expected at most one for each of 1 runs, got 2");
}

#[test]
fn a_badge_is_drawn() {
    let (home, _) = two_runs();
    snapshot("badge_violated", &home.run(&["badge", "new"]).expect_code(0).stdout);
    home.run(&["badge", "old"]).expect_code(0).expect_output(">setspec push-receiver: conformant</title>");
}
