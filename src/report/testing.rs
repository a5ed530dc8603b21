//! Sample events for the tests of reports.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::http::{Exchange, Failure, FailureKind, Headers, Request, Response, TlsFacts};
use crate::report::record::{ConfigPlace, Summary};
use crate::report::{Recorder, Report};
use crate::run::baseline::judge::Circumstances;
use crate::run::baseline::{Baseline, BaselineEntry};
use crate::run::event::{
    CaseResult, CaseStatus, Event, Finding, Finished, Leniency, PreflightLine, RequirementResult, Started, Status,
    Verdict,
};
use crate::suite::model::profile::Role;

const URL: &str = "https://rx.example/events";
const COMMAND: &str = "setspec run receiver https://rx.example/events --only rfc8935/2.2/accepts-a-valid-set";

/// A compact JWT with these claims and no valid signature.
pub fn token(claims: &Value) -> String {
    use base64::Engine as _;
    let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"typ": "secevent+jwt", "alg": "ES256"})), part(claims))
}

/// An exchange: a SET is pushed, and this is the answer.
pub fn exchange(id: &str, status: u16, reason: &str, media_type: &str, body: &[u8]) -> Event {
    let set = token(&json!({
        "iss": "https://issuer.example", "iat": 1_767_225_600, "jti": "4d3559ec", "aud": "https://rx.example",
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}}
    }));
    let mut request = Request {
        method: "POST".to_owned(),
        url: URL.to_owned(),
        target: "/events".to_owned(),
        version: "HTTP/1.1".to_owned(),
        body: set.into_bytes(),
        ..Request::default()
    };
    request.headers.push("Host", "rx.example");
    request.headers.push("Content-Type", "application/secevent+jwt");
    request.headers.push("Authorization", "[redacted]");
    let mut headers = Headers::default();
    headers.push("Content-Type", media_type);
    Event::Exchange(Arc::new(Exchange {
        id: id.to_owned(),
        at: "2026-01-01T00:00:01.5Z".parse().expect("a time"),
        request,
        response: Some(Response {
            status,
            reason: reason.to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers,
            body: body.to_vec(),
            ..Response::default()
        }),
        failure: None,
        elapsed_ms: 12.345,
        tls: Some(TlsFacts {
            version: "1.3".to_owned(),
            cipher_suite: "TLS_AES_128_GCM_SHA256".to_owned(),
            alpn: Some("http/1.1".to_owned()),
            verified: true,
            certificate: None,
        }),
    }))
}

fn mute(id: &str) -> Event {
    let Event::Exchange(whole) = exchange(id, 202, "", "", b"") else { unreachable!("it is an exchange") };
    let mut cut = Exchange { response: None, ..(*whole).clone() };
    cut.failure =
        Some(Failure::new(FailureKind::Closed, "response: expected a status line, got the end of the connection"));
    Event::Exchange(Arc::new(cut))
}

pub fn finding(message: &str, exchange: &str) -> Finding {
    Finding {
        source: "rfc8935/2.2/accepts-a-valid-set".to_owned(),
        message: message.to_owned(),
        expected: "`response.status` to be 202".to_owned(),
        actual: "200".to_owned(),
        exchange: Some(exchange.to_owned()),
        reproduce: Some(COMMAND.to_owned()),
        times: 1,
    }
}

pub fn broken(requirement: &str, exchange: &str) -> Event {
    let finding = finding("A SET found valid is acknowledged with status 202.", exchange);
    Event::Broken { requirement: requirement.to_owned(), finding }
}

pub fn requirement(id: &str, level: &str, text: &str, status: Status, reason: Option<&str>) -> RequirementResult {
    let section = id.split('/').nth(1).unwrap_or_default();
    let folder = id.split('/').next().unwrap_or_default();
    RequirementResult {
        id: id.to_owned(),
        spec: folder.replace("rfc", "RFC "),
        section: section.to_owned(),
        title: "Success response".to_owned(),
        link: format!("https://www.rfc-editor.org/rfc/{folder}#section-{section}"),
        level: level.to_owned(),
        party: "receiver".to_owned(),
        text: text.to_owned(),
        status,
        reason: reason.map(str::to_owned),
        observations: 3,
        findings: Vec::new(),
        broken_by: Vec::new(),
        known_by: Vec::new(),
        accepted: Vec::new(),
    }
}

fn requirements() -> Vec<RequirementResult> {
    let mut violated = requirement(
        "rfc8935/2.2/status-202",
        "MUST",
        "A SET found valid is acknowledged with status 202.",
        Status::Violated,
        None,
    );
    let mut other = finding(&violated.text, "x3");
    other.actual = "no answer".to_owned();
    violated.findings = vec![finding(&violated.text, "x1"), finding(&violated.text, "x1"), other];
    for status in [500, 502, 503] {
        let actual = status.to_string();
        violated.findings.push(Finding { actual, exchange: None, ..finding(&violated.text, "") });
    }
    let mut warned = requirement(
        "rfc8935/2.3/description-language",
        "SHOULD",
        "An error description names its language.",
        Status::Warned,
        None,
    );
    warned.findings = vec![Finding {
        expected: "`header(response, \"Content-Language\")` to be present".to_owned(),
        actual: "absent".to_owned(),
        ..finding(&warned.text, "x2")
    }];
    let mut lenient = requirement(
        "rfc8935/2.3/status-400",
        "MUST",
        "A SET that is refused is answered with status 400.",
        Status::Satisfied,
        None,
    );
    lenient.accepted = vec![Leniency {
        source: "rfc8935/2.3/refuses-a-broken-signature".to_owned(),
        because: "401 is what many servers answer before they read a body.".to_owned(),
        expected: "`response.status` to be 400".to_owned(),
        actual: "401".to_owned(),
        exchange: Some("x2".to_owned()),
        times: 1,
    }];
    let pushed = "nothing in this run showed it";
    vec![
        requirement(
            "rfc8417/2.2/iss-present",
            "MUST",
            "The token names its issuer.",
            Status::NotApplicable,
            Some("the receiver writes no SET"),
        ),
        violated,
        requirement("rfc8935/2.2/empty-body", "MUST", "The acknowledgement carries no body.", Status::Satisfied, None),
        requirement(
            "rfc8935/2.2/persisted-first",
            "SHOULD",
            "The SET is kept before it is acknowledged.",
            Status::Unobservable,
            Some("What a receiver stores before it answers cannot be seen on the wire."),
        ),
        lenient,
        warned,
        requirement(
            "rfc8935/2.4/known-code",
            "MUST",
            "The error code is a registered one.",
            Status::Untested,
            Some(pushed),
        ),
        requirement("rfc8935/2.4/code-is-text", "MUST", "The error code is text.", Status::Untested, Some(pushed)),
        requirement(
            "rfc8935/3/tls",
            "MUST",
            "The endpoint speaks TLS 1.2 or newer.",
            Status::Untested,
            Some("the target stopped answering"),
        ),
    ]
}

fn case(id: &str, title: &str, status: CaseStatus, reason: Option<&str>) -> CaseResult {
    let reason = reason.map(str::to_owned);
    CaseResult { id: id.to_owned(), title: title.to_owned(), status, reason, duration_ms: 20.5 }
}

fn line(name: &str, ok: bool, message: &str, advice: Option<&str>) -> Event {
    let advice = advice.map(str::to_owned);
    Event::Preflight(PreflightLine { name: name.to_owned(), ok, message: message.to_owned(), advice })
}

fn started() -> Event {
    Event::Started(Started {
        id: "20260101T000000Z-a1b2c3".to_owned(),
        at: "2026-01-01T00:00:00Z".parse().expect("a time"),
        role: Role::Receiver,
        url: URL.to_owned(),
        profile: "push-receiver".to_owned(),
        command: "setspec run receiver https://rx.example/events".to_owned(),
        requirements: 9,
        cases: 3,
    })
}

/// A run with something of everything.
pub fn events() -> Vec<Event> {
    let cases = [
        case("rfc8935/2.2/accepts-a-valid-set", "A valid SET is pushed", CaseStatus::Failed, None),
        case(
            "rfc8935/2.3/refuses-a-broken-signature",
            "A SET with a broken signature is pushed",
            CaseStatus::Passed,
            None,
        ),
        case(
            "rfc8935/3/speaks-tls",
            "TLS 1.2 and newer are offered",
            CaseStatus::Inconclusive,
            Some("the target stopped answering"),
        ),
    ];
    let begin = |number: usize| {
        let case = &cases[number - 1];
        Event::CaseStarted { id: case.id.clone(), title: case.title.clone(), number, of: cases.len() }
    };
    let refusal = br#"{"err": "invalid_key", "description": "The signature is not valid."}"#;
    vec![
        started(),
        line("connection", true, "https://rx.example/events answers, TLS 1.3 TLS_AES_128_GCM_SHA256", None),
        line("good SET", true, "acknowledged with 202", None),
        begin(1),
        exchange("x1", 200, "OK", "text/html", b"<p>thanks</p>"),
        broken("rfc8935/2.2/status-202", "x1"),
        Event::CaseFinished(cases[0].clone()),
        begin(2),
        exchange("x2", 401, "Unauthorized", "application/json", refusal),
        Event::CaseFinished(cases[1].clone()),
        begin(3),
        mute("x3"),
        broken("rfc8935/2.2/status-202", "x3"),
        Event::CaseFinished(cases[2].clone()),
        Event::Finished(Box::new(Finished {
            verdict: Verdict::Nonconformant,
            inconclusive: true,
            interrupted: false,
            duration_ms: 1234.5,
            requirements: requirements(),
            notes: vec!["Certificates were not checked (--insecure).".to_owned()],
            internal_errors: vec!["rfc8935/2.4/x: step 2: expected a fixture, got none".to_owned()],
        })),
    ]
}

/// A run whose preflight failed, and nothing else.
pub fn unreachable_events() -> Vec<Event> {
    vec![
        started(),
        line(
            "connection",
            false,
            "https://rx.example/events: expected a connection, got \"refused\"",
            Some("Is the receiver running, and does it listen on this address and port?"),
        ),
        Event::Finished(Box::new(Finished {
            verdict: Verdict::Inconclusive,
            inconclusive: true,
            interrupted: false,
            duration_ms: 3.0,
            requirements: Vec::new(),
            notes: Vec::new(),
            internal_errors: Vec::new(),
        })),
    ]
}

pub fn report_of(events: &[Event]) -> Report {
    let mut recorder = Recorder::new("0.0.0");
    for event in events {
        recorder.event(event);
    }
    recorder.report().expect("a run that started")
}

/// The report of [`events`].
pub fn report() -> Report {
    report_of(&events())
}

/// The report of a run with a baseline: something is known, new, stale, expired and unseen.
pub fn report_with_a_baseline() -> Report {
    let mut report = report();
    for id in ["rfc8935/2.2/new", "rfc8935/2.2/old"] {
        let mut violated = requirement(id, "MUST", "A text.", Status::Violated, None);
        violated.findings = vec![finding(&violated.text, "x1")];
        report.requirements.push(violated);
    }
    let entry = |requirement: &str, expires: &str| BaselineEntry {
        requirement: requirement.to_owned(),
        case: None,
        reason: "the proxy is being replaced".to_owned(),
        owner: "identity team".to_owned(),
        expires: expires.parse().expect("a day"),
        line: 3,
    };
    let baseline = Baseline {
        file: "ci/baseline.toml".to_owned(),
        entries: vec![
            entry("rfc8935/2.2/status-202", "2026-12-31"),
            entry("rfc8935/2.3/status-400", "2026-12-31"),
            entry("rfc8935/2.2/old", "2025-12-31"),
            entry("rfc8935/3/tls", "2026-12-31"),
        ],
    };
    let today = "2026-01-01".parse().expect("a day");
    let circumstances = Circumstances { cases: &report.cases, strict: false, interrupted: false, today };
    report.baseline = Some(baseline.judge(&mut report.requirements, circumstances));
    report.summary = Summary::of(&report.requirements);
    report.run.config = Some(ConfigPlace { file: "ci/setspec.toml".to_owned(), line: 4 });
    report
}

/// The report with every text of people and targets made by `change`.
///
/// Texts on which the form of the report depends stay as they are.
pub fn with_texts(report: &Report, change: &dyn Fn(&str) -> String) -> Report {
    const FORM: &[&str] = &[
        "format",
        "verdict",
        "status",
        "started_at",
        "at",
        "role",
        "quirks",
        "base64",
        "exchange",
        "expires",
        "judged_on",
    ];
    fn walk(value: &mut Value, change: &dyn Fn(&str) -> String) {
        match value {
            Value::String(text) => *text = change(text),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
            Value::Object(members) => {
                let exchange = members.contains_key("request");
                for (name, member) in members {
                    let form = FORM.contains(&name.as_str()) || (exchange && name == "id");
                    if !form {
                        walk(member, change);
                    }
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).expect("a report is JSON");
    walk(&mut value, change);
    serde_json::from_value(value).expect("it is still a report")
}
