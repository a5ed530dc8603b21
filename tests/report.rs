//! The formats as people and machines see them. Snapshots are reviewed like code.

// The sample events are those of the unit tests; these names are what they expect at the root of a crate.
use setspec::{http, report, run, suite};

#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../src/report/testing.rs"]
mod testing;

use std::path::Path;

use report::terminal::{Terminal, TerminalOptions};
use report::{WriteOptions, html, json, junit, schema, write_all};
use run::event::Event;
use serde_json::Value;

fn shown(events: &[Event], options: TerminalOptions) -> String {
    let mut terminal = Terminal::new(Vec::new(), options);
    for event in events {
        terminal.event(event).expect("a vector takes everything");
    }
    String::from_utf8(terminal.into_inner()).expect("text")
}

#[test]
fn terminal_plain() {
    insta::assert_snapshot!(shown(&testing::events(), TerminalOptions::default()));
}

#[test]
fn terminal_verbose_and_strict() {
    let options = TerminalOptions { verbose: true, strict: true, ..TerminalOptions::default() };
    insta::assert_snapshot!(shown(&testing::events(), options));
}

#[test]
fn terminal_quiet() {
    let options = TerminalOptions { quiet: true, ..TerminalOptions::default() };
    insta::assert_snapshot!(shown(&testing::events(), options));
}

#[test]
fn terminal_of_a_failed_preflight() {
    insta::assert_snapshot!(shown(&testing::unreachable_events(), TerminalOptions::default()));
}

#[test]
fn junit_of_a_run() {
    insta::assert_snapshot!(junit::render(&testing::report(), false).expect("renders"));
}

#[test]
fn junit_of_a_strict_run_fails_on_warnings() {
    let warning = r#"<testcase name="rfc8935/2.3/description-language: "#;
    for (strict, element) in [(false, "<system-out>warning: "), (true, "<failure ")] {
        let xml = junit::render(&testing::report(), strict).expect("renders");
        let (_, case) = xml.split_once(warning).expect("a testcase of the warning");
        let (case, _) = case.split_once("</testcase>").expect("its end");
        assert!(case.contains(element), "{case}");
    }
}

#[test]
fn junit_of_a_failed_preflight() {
    let report = testing::report_of(&testing::unreachable_events());
    insta::assert_snapshot!(junit::render(&report, false).expect("renders"));
}

#[test]
fn json_of_a_run() {
    insta::assert_snapshot!(json::to_text(&testing::report()).expect("renders"));
}

/// The fields that checks outside the project read.
#[test]
fn the_record_has_the_fields_of_the_design() {
    let record = serde_json::to_value(testing::report()).expect("JSON");
    for (place, fields) in [
        ("", "format tool run target profile verdict summary requirements cases exchanges"),
        ("/tool", "name version"),
        ("/run", "id started_at duration_ms interrupted"),
        ("/target", "role url"),
        ("/summary", "satisfied violated warned not_applicable untested unobservable"),
        ("/requirements/1", "id spec section level party text status reason observations findings"),
        ("/requirements/1/findings/0", "source message expected actual exchange reproduce"),
        ("/cases/0", "id status reason duration_ms"),
        ("/exchanges/0", "id at request response"),
    ] {
        let object = record.pointer(place).and_then(Value::as_object).expect(place);
        for field in fields.split(' ') {
            assert!(object.contains_key(field), "{place}: expected {field}, got {:?}", object.keys());
        }
    }
    assert_eq!(record["format"], "setspec-report/1");
}

fn committed_schema() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/report.schema.json")
}

/// `setspec schema report > reports/report.schema.json` makes it current.
#[test]
fn the_committed_schema_is_the_generated_one() {
    let committed = std::fs::read_to_string(committed_schema()).expect("reports/report.schema.json is committed");
    let generated = serde_json::to_string_pretty(&schema::report_schema()).expect("JSON") + "\n";
    assert!(committed == generated, "expected the output of `setspec schema report`, got an older one");
}

#[test]
fn reports_are_valid_under_the_schema() {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.set_default_draft(boon::Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.add_resource("report.json", schema::report_schema()).expect("a schema");
    let schema = compiler.compile("report.json", &mut schemas).expect("it compiles");
    for events in [testing::events(), testing::unreachable_events(), testing::events()[..8].to_vec()] {
        let record = serde_json::to_value(testing::report_of(&events)).expect("JSON");
        if let Err(error) = schemas.validate(&record, schema) {
            panic!("{error:#}");
        }
        for (place, wrong) in [("/verdict", "green"), ("/format", "setspec-report/2"), ("/run/started_at", "today")] {
            let mut record = record.clone();
            *record.pointer_mut(place).expect(place) = Value::from(wrong);
            assert!(schemas.validate(&record, schema).is_err(), "{place}");
        }
    }
}

#[test]
fn every_format_is_made_from_the_record_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = WriteOptions { dir: folder.path().to_owned(), junit: None, strict: false };
    let report = testing::report();
    let written = write_all(&report, &options).expect("written");
    let read = json::read(&folder.path().join("latest/report.json")).expect("read");
    assert_eq!(read, report);
    let page = std::fs::read_to_string(written.folder.join("report.html")).expect("a page");
    assert_eq!(html::render(&read).expect("renders"), page);
    let xml = std::fs::read_to_string(written.folder.join("junit.xml")).expect("a file");
    assert_eq!(junit::render(&read, false).expect("renders"), xml);
}
