//! The formats as people and machines see them. Snapshots are reviewed like code.

// The sample events are those of the unit tests; these names are what they expect at the root of a crate.
use setspec::{http, report, run, suite};

#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../src/report/testing.rs"]
mod testing;

#[path = "support/junit.rs"]
mod readers;
#[path = "support/sarif.rs"]
mod scanning;

use std::path::Path;

use proptest::prelude::*;
use report::terminal::{Terminal, TerminalOptions};
use report::{
    Diff, Format, Matrix, Report, WriteOptions, github, html, json, junit, markdown, sarif, schema, write_all,
};
use run::event::{Event, Status};
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
    for report in reports() {
        let record = serde_json::to_value(report).expect("JSON");
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

/// A run with something of everything, one that did not begin, one that was cut off, and one with a baseline.
fn reports() -> [Report; 4] {
    let of = testing::report_of;
    [
        of(&testing::events()),
        of(&testing::unreachable_events()),
        of(&testing::events()[..8]),
        testing::report_with_a_baseline(),
    ]
}

#[test]
fn markdown_of_a_run_with_a_baseline() {
    insta::assert_snapshot!(markdown::render(&testing::report_with_a_baseline(), markdown::COMMENT));
}

#[test]
fn sarif_of_a_run_with_a_baseline() {
    insta::assert_snapshot!(sarif::render(&testing::report_with_a_baseline()).expect("renders"));
}

#[test]
fn github_annotations_of_a_run_with_a_baseline() {
    insta::assert_snapshot!(github::annotations(&testing::report_with_a_baseline()));
}

#[test]
fn junit_of_a_run_with_a_baseline() {
    insta::assert_snapshot!(junit::render(&testing::report_with_a_baseline(), false).expect("renders"));
}

#[test]
fn terminal_of_a_run_with_a_baseline() {
    let mut out = Vec::new();
    report::terminal::summarize(&mut out, &testing::report_with_a_baseline(), TerminalOptions::default())
        .expect("text");
    insta::assert_snapshot!(String::from_utf8(out).expect("text"));
}

/// What a target can put into each text of a record.
const HOSTILE: &str = "]]>\0\u{8}\x1b[31m\u{b}\u{fffe}\u{ffff}\u{202e}\"'<&>\r\n::error::x\n##[error]y%0A | ``` `# @all ![x](https://x.example)";

/// Each format in its own way, with and without hostile texts.
fn each_format_of(report: &Report) {
    for strict in [false, true] {
        readers::testcases(&junit::render(report, strict).expect("renders"));
    }
    scanning::check(&sarif::render(report).expect("renders"));
    let page = markdown::render(report, markdown::COMMENT);
    assert!(page.len() <= markdown::COMMENT);
    for text in [page, github::annotations(report)] {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[test]
fn readers_take_each_format() {
    for report in reports() {
        each_format_of(&report);
        each_format_of(&testing::with_texts(&report, &|text| format!("{text}{HOSTILE}")));
        // A record from elsewhere may say nothing at all.
        let mute = testing::with_texts(&report, &|_| String::new());
        readers::testcases(&junit::render(&mute, true).expect("renders"));
    }
}

#[test]
fn ten_megabytes_of_a_target_leave_each_format_small() {
    let huge: String = "\u{1b}<`x".repeat(2_500_000);
    let mut report = testing::report_with_a_baseline();
    for requirement in report.requirements.iter_mut().filter(|requirement| !requirement.findings.is_empty()) {
        requirement.reason = Some(huge.clone());
        requirement.findings[0].actual = huge.clone();
        requirement.findings[0].reproduce = Some(huge.clone());
    }
    report.internal_errors.push(huge.clone());
    report.preflight[0].ok = false;
    report.preflight[0].message = huge.clone();
    report.cases[2].reason = Some(huge);
    each_format_of(&report);
    let sizes = [
        junit::render(&report, true).expect("renders").len(),
        sarif::render(&report).expect("renders").len(),
        github::annotations(&report).len(),
    ];
    assert!(sizes.iter().all(|size| *size < 300_000), "{sizes:?}");
}

#[test]
fn a_failure_before_a_run_is_one_testcase() {
    for message in ["--timeout: expected seconds", HOSTILE, ""] {
        let xml = junit::failed("configuration", message, Some(message)).expect("renders");
        let cases = readers::testcases(&xml);
        assert_eq!((cases.len(), cases[0].name.as_str()), (1, "run"));
        assert!(cases[0].outcome.as_ref().is_some_and(|(kind, _)| kind == "error"));
    }
}

#[test]
fn every_format_is_made_from_the_record_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = WriteOptions { dir: folder.path().to_owned(), ..WriteOptions::default() };
    let report = testing::report();
    let written = write_all(&report, &options).expect("written");
    let read = json::read(&folder.path().join("latest/report.json")).expect("read");
    assert_eq!(read, report);
    let page = std::fs::read_to_string(written.folder.join("report.html")).expect("a page");
    assert_eq!(html::render(&read).expect("renders"), page);
    let xml = std::fs::read_to_string(written.folder.join("junit.xml")).expect("a file");
    assert_eq!(junit::render(&read, false).expect("renders"), xml);
}

/// A page without our style and script, which are no news.
fn markup(page: &str) -> String {
    let outside = |text: &str, tag: &str| {
        let (before, rest) = text.split_once(&format!("<{tag}>")).expect("it begins");
        let (_, after) = rest.split_once(&format!("</{tag}>")).expect("it ends");
        format!("{before}{after}")
    };
    let page = outside(&outside(page, "style"), "script");
    regex::Regex::new("sha256-.*?=&#x27;").expect("a pattern").replace_all(&page, "sha256-[digest]&#x27;").into_owned()
}

/// The run before [`testing::report`]: another verdict on most requirements.
fn before() -> Report {
    let mut old = testing::report();
    old.run.id = "20251231T000000Z-0d1d2d".to_owned();
    old.run.started_at = "2025-12-31T00:00:00Z".parse().expect("a time");
    old.tool.version = "0.0.0-before".to_owned();
    let changed = [
        ("rfc8417/2.2/iss-present", Status::Satisfied),
        ("rfc8935/2.2/status-202", Status::Satisfied),
        ("rfc8935/2.2/empty-body", Status::Violated),
        ("rfc8935/2.3/description-language", Status::Satisfied),
        ("rfc8935/2.4/known-code", Status::Satisfied),
    ];
    for (id, status) in changed {
        old.requirements.iter_mut().find(|r| r.id == id).expect(id).status = status;
    }
    old.requirements.retain(|r| r.id != "rfc8935/3/tls");
    let gone = testing::requirement("rfc8935/4/gone", "MAY", "It was asked for once.", Status::Satisfied, None);
    old.requirements.push(gone);
    old
}

#[test]
fn html_of_a_run() {
    insta::assert_snapshot!(markup(&html::render(&testing::report()).expect("renders")));
}

#[test]
fn diff_as_text() {
    insta::assert_snapshot!(Diff::of(&before(), &testing::report()).to_text());
}

#[test]
fn diff_as_json() {
    insta::assert_snapshot!(Diff::of(&before(), &testing::report()).to_json().expect("renders"));
}

#[test]
fn diff_as_html() {
    insta::assert_snapshot!(markup(&Diff::of(&before(), &testing::report()).to_html().expect("renders")));
}

#[test]
fn a_run_is_no_worse_than_itself() {
    let report = testing::report();
    let diff = Diff::of(&report, &report);
    assert!(!diff.worse && diff.changes.is_empty() && diff.notes.is_empty(), "{diff:?}");
    assert_eq!(diff.same, report.requirements.len());
    assert!(markup(&diff.to_html().expect("renders")).contains("Every requirement is as it was."));
}

#[test]
fn a_warning_makes_a_strict_run_worse() {
    let (mut old, mut new) = (testing::report(), testing::report());
    let warned = |report: &mut Report, status: Status| {
        report.requirements.iter_mut().find(|r| r.id == "rfc8935/2.3/description-language").expect("it").status =
            status;
    };
    warned(&mut old, Status::Satisfied);
    assert!(!Diff::of(&old, &new).worse);
    new.run.strict = true;
    assert!(Diff::of(&old, &new).worse);
    // What was not part of the old run and is violated is news too.
    old.requirements.clear();
    new.run.strict = false;
    assert!(Diff::of(&old, &new).worse);
}

fn targets() -> Matrix {
    Matrix::of(&[("acme | <b>".to_owned(), before()), ("globex".to_owned(), testing::report())])
}

#[test]
fn matrix_as_markdown() {
    insta::assert_snapshot!(targets().to_markdown());
}

#[test]
fn matrix_as_html() {
    insta::assert_snapshot!(markup(&targets().to_html().expect("renders")));
}

#[test]
fn a_matrix_can_hold_differences_alone() {
    let all = targets();
    let different = all.clone().differences();
    let rows = |matrix: &Matrix| matrix.specs.iter().flat_map(|spec| spec.rows.clone()).collect::<Vec<_>>();
    assert_eq!(rows(&different), rows(&all).into_iter().filter(report::matrix::Row::differs).collect::<Vec<_>>());
    assert_eq!((rows(&all).len(), rows(&different).len()), (10, 7));
}

#[test]
fn badge_of_a_run() {
    insta::assert_snapshot!(Format::Badge.render(&testing::report()).expect("renders"));
}

#[test]
fn text_of_a_record() {
    insta::assert_snapshot!(Format::Text.render(&testing::report()).expect("renders"));
}

/// What was redacted in the record is nowhere else either: every format is made from the record alone.
#[test]
fn no_format_holds_more_than_the_record() {
    const SECRET: &str = "pl4nted-s3cret";
    let mut recorder = report::Recorder::new("0.0.0");
    let mut redactor = run::redact::Redactor::new();
    redactor.add(SECRET);
    for event in testing::events() {
        let event = match event {
            Event::Exchange(exchange) => {
                let mut exchange = (*exchange).clone();
                exchange.request.headers.push("X-Echo", SECRET);
                exchange.request.url.push_str(SECRET);
                if let Some(response) = &mut exchange.response {
                    response.body = SECRET.as_bytes().to_vec();
                }
                Event::Exchange(exchange.into())
            }
            Event::Finished(mut finished) => {
                let texts = finished.requirements.iter_mut().flat_map(|r| &mut r.findings);
                texts.for_each(|finding| finding.actual.push_str(SECRET));
                finished.notes.push(SECRET.to_owned());
                Event::Finished(finished)
            }
            other => other,
        };
        recorder.event(&redactor.event(event));
    }
    let report = recorder.report().expect("a run that started");
    let (diff, matrix) = (Diff::of(&before(), &report), Matrix::of(&[("one".to_owned(), report.clone())]));
    let made = <Format as clap::ValueEnum>::value_variants().iter().map(|format| format.render(&report));
    let compared = [Ok(diff.to_text()), diff.to_json(), diff.to_html(), Ok(matrix.to_markdown()), matrix.to_html()];
    let all: Vec<String> = made.chain(compared).map(|made| made.expect("renders")).collect();
    assert!(all.iter().any(|text| text.contains("[redacted]")), "the secret was there and was taken out");
    for text in all {
        assert!(!text.contains(SECRET), "{text}");
    }
}

/// The places of a document, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            places(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        prop::sample::select(vec![
            "violated",
            "warned",
            "x1",
            "[",
            "`a` `b`",
            "9999-12-31T23:59:60Z",
            "-009999-01-01T00:00:00Z"
        ])
        .prop_map(Value::from),
        Just(serde_json::json!([[], {}])),
        Just(serde_json::json!({"format": "a", "claims": {"iat": 1e300, "exp": -1, "toe": i64::MIN}})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    /// A record from elsewhere is refused or shown, in every format; nothing panics.
    #[test]
    fn a_foreign_record_is_refused_or_shown(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..6),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let own = testing::report();
        let mut record = serde_json::to_value(&own).expect("JSON");
        let mut all = Vec::new();
        places(&record, "", &mut all);
        for (at, value) in changes {
            // A change may have taken away the place of another one.
            if let Some(place) = record.pointer_mut(&all[at.index(all.len())]) {
                *place = value;
            }
        }
        let mut text = record.to_string().into_bytes();
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        match json::from_text(&text) {
            Err(fault) => prop_assert!(!fault.expected.is_empty() && !fault.got.is_empty()),
            Ok(report) => {
                for format in <Format as clap::ValueEnum>::value_variants() {
                    format.render(&report).expect("renders");
                }
                for diff in [Diff::of(&own, &report), Diff::of(&report, &own)] {
                    diff.to_html().and_then(|_| diff.to_json()).expect("renders");
                    diff.to_text();
                }
                let matrix = Matrix::of(&[("own".to_owned(), own), ("foreign".to_owned(), report)]);
                matrix.to_html().expect("renders");
                matrix.to_markdown();
            }
        }
    }
}
