//! Secrets never leave: not by the screen, not by a report, whatever a target echoes.

mod support;

use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use support::Home;
use support::target::{Asked, push, respond, serve};
use support::token::{jwks, key};

/// Characters that change under every encoding.
const BEARER: &str = "Bearer pl4nted+secret/with=odd~chars";
const PASSWORD: &str = "pl4nted:pass+word/of=nobody";

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("tester:{PASSWORD}")))
}

/// `text` as it stands in a query, with `%` for everything that is not plain.
fn percent(text: &str, lower: bool) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte if lower => format!("%{byte:02x}"),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What is looked for: the secret parts of a header, in every form in which a target could echo them.
fn forms(header: &str) -> Vec<String> {
    let (_, credential) = header.split_once(' ').expect("a scheme and a credential");
    let mut plain = vec![header.to_owned(), credential.to_owned()];
    if header.starts_with("Basic") {
        plain.push(PASSWORD.to_owned());
    }
    let encoded = plain.iter().flat_map(|text| {
        [
            percent(text, false),
            percent(text, true),
            percent(text, false).replace("%20", "+"),
            STANDARD.encode(text),
            STANDARD_NO_PAD.encode(text),
            URL_SAFE.encode(text),
            URL_SAFE_NO_PAD.encode(text),
        ]
    });
    let encoded: Vec<String> = encoded.collect();
    plain.into_iter().chain(encoded).collect()
}

/// The beginning of each form: what a cut-off value still shows.
fn beginnings(header: &str) -> Vec<String> {
    // Long enough that the scheme alone is not meant.
    forms(header).into_iter().map(|form| form.chars().take(16).collect()).collect()
}

/// What the base64 in a text decodes to, wherever in it one begins to read.
fn decoded(text: &str) -> String {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let runs = text.split(|c| !is_base64(c)).filter(|run| run.len() >= 24);
    let mut shown = String::new();
    for run in runs.map(|run| run.replace('-', "+").replace('_', "/")) {
        for from in 0..4 {
            let piece = &run[from..from + (run.len() - from) / 4 * 4];
            if let Ok(bytes) = STANDARD.decode(piece) {
                shown.push_str(&String::from_utf8_lossy(&bytes));
                shown.push('\n');
            }
        }
    }
    shown
}

#[track_caller]
fn nowhere(header: &str, texts: &[(String, String)]) {
    let inside = texts.iter().map(|(name, text)| (format!("the base64 in {name}"), decoded(text)));
    for (name, text) in texts.iter().cloned().chain(inside) {
        for form in beginnings(header) {
            if let Some(at) = text.find(&form) {
                let around: String = text[at..].chars().take(form.len() + 40).collect();
                let before: String = text[..at].chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect();
                panic!("{form:?} is in {name}: {before}>>>{around}");
            }
        }
    }
}

/// Everything that a target can do with a credential.
fn echo(asked: &Asked) -> (Vec<(String, String)>, String) {
    let credential = asked.header("authorization").unwrap_or("none").to_owned();
    let mut fields = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Content-Language".to_owned(), "en".to_owned()),
        ("X-Echo".to_owned(), format!("you sent {credential}")),
        ("Location".to_owned(), format!("/?t={}", percent(&credential, true))),
        (format!("X-{}", URL_SAFE_NO_PAD.encode(&credential)), "name".to_owned()),
    ];
    fields.extend(forms_or_none(&credential).into_iter().map(|form| ("X-Form".to_owned(), form)));
    let described = forms_or_none(&credential).join(" ");
    let inside = URL_SAFE_NO_PAD.encode(format!("{{\"got\":\"Authorization: {credential}\"}}"));
    let body = serde_json::json!({
        "err": credential,
        "description": described,
        "jwt": format!("e30.{inside}."),
        "log": STANDARD.encode(format!("Authorization: {credential}\r\n")),
        // So that the credential stands where a long value is cut off.
        "tail": format!("{}{credential}", "x".repeat(40)),
    });
    (fields, body.to_string())
}

fn forms_or_none(credential: &str) -> Vec<String> {
    if credential.contains(' ') { forms(credential) } else { Vec::new() }
}

fn echoes(status: &'static str) -> impl Fn(&Asked, &mut TcpStream) -> std::io::Result<()> {
    move |asked, stream| {
        let (fields, body) = echo(asked);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let credential = asked.header("authorization").unwrap_or("none");
        respond(stream, &format!("{status} {credential}"), &fields, body.as_bytes())
    }
}

/// The targets: one that takes everything, one that refuses everything after the preflight, one that refuses from the
/// start, one that answers with nothing but the credential, one that answers with a token that holds it, and those that
/// put it where the wire format is broken or a value is cut off.
fn targets() -> Vec<(&'static str, support::target::Target)> {
    let later = |refusal: fn(&Asked, &mut TcpStream) -> std::io::Result<()>| {
        move |asked: &Asked, stream: &mut TcpStream| {
            if asked.number <= 1 { support::target::acknowledge(stream) } else { refusal(asked, stream) }
        }
    };
    vec![
        ("takes everything", serve(echoes("202"))),
        ("refuses later", serve(later(|asked, stream| echoes("400")(asked, stream)))),
        ("refuses from the start", serve(echoes("400"))),
        (
            "wants another credential",
            serve(|asked, stream| {
                let credential = asked.header("authorization").unwrap_or("none");
                let challenge = format!("Bearer error_description=\"not {credential}\"");
                respond(stream, "401 No", &[("WWW-Authenticate", &challenge)], credential.as_bytes())
            }),
        ),
        (
            "answers with a token",
            serve(|asked, stream| {
                let credential = asked.header("authorization").unwrap_or("none");
                let claims = URL_SAFE_NO_PAD.encode(format!("{{\"x\":\"{credential}\"}}"));
                respond(stream, "202 Accepted", &[], format!("eyJhbGciOiJub25lIn0.{claims}.").as_bytes())
            }),
        ),
        (
            "speaks no HTTP",
            serve(|asked, stream| {
                use std::io::Write as _;
                stream.write_all(format!("got {}\r\n\r\n", asked.header("authorization").unwrap_or("none")).as_bytes())
            }),
        ),
        (
            "is cut off",
            serve(later(|asked, stream| {
                // Some length or other puts the credential where a value is cut.
                let credential = asked.header("authorization").unwrap_or("none");
                let body = format!("\"{}{credential}\"", "x".repeat(150 + asked.number * 7 % 380));
                respond(stream, "202 Accepted", &[("Content-Type", &body)], body.as_bytes())
            })),
        ),
        (
            "is truncated",
            serve(|asked, stream| {
                let credential = asked.header("authorization").unwrap_or("none");
                let body = format!("{}{credential}", "x".repeat(1024 * 1024 - 20));
                respond(stream, "202 Accepted", &[], body.as_bytes())
            }),
        ),
    ]
}

/// What a run writes elsewhere: three formats, and the summary of a step.
const OUT: [&str; 4] = ["out/junit.xml", "out/setspec.sarif", "out/summary.md", "out/step.md"];

/// Everything that a run prints and writes.
fn outputs(home: &Home, ended: support::Ended) -> Vec<(String, String)> {
    let mut texts = vec![("standard output".to_owned(), ended.stdout), ("standard error".to_owned(), ended.stderr)];
    let written = home.written();
    assert_eq!(written.len(), 3);
    for name in OUT {
        if let Ok(bytes) = std::fs::read(home.path().join(name)) {
            texts.push((name.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    texts.extend(written.into_iter().map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())));
    texts
}

/// What can be made of the record when the run is over.
fn made_later(home: &Home) -> Vec<(String, String)> {
    let reports = ["html", "json", "junit", "text"].map(|format| vec!["report", "latest", "--format", format]);
    let diffs = ["text", "json", "html"].map(|format| vec!["diff", "latest", "latest", "--format", format]);
    let tables = ["markdown", "html"].map(|format| vec!["matrix", "latest", "latest", "--format", format]);
    let all = reports.into_iter().chain(diffs).chain(tables).chain([vec!["badge", "latest"]]);
    all.map(|args| (args.join(" "), home.run(&args).expect_code(0).stdout)).collect()
}

const RUN: [&str; 10] = [
    "--alg",
    "ES256",
    "--timeout",
    "2",
    "--only",
    "rfc8935/2.2/",
    "--only",
    "rfc8935/2.3/",
    "--only",
    "refuses-foreign",
];

/// Runs against every target with `header` as the credential.
fn against_every_target(header: &str) {
    for (name, target) in targets() {
        // What is said without --verbose is said with it too; once is enough.
        let modes = if name == "refuses later" { &[&["--verbose"][..], &[]][..] } else { &[&["--verbose"][..]] };
        for mode in modes {
            let home = Home::new();
            let args = ["run", "receiver", &target.url, "--authorization-header", header];
            // As a step of a workflow, with each format and with entries to paste.
            home.write("baseline.toml", "");
            let formats = ["--junit", OUT[0], "--sarif", OUT[1], "--markdown", OUT[2], "--baseline", "baseline.toml"];
            let ended = home.run_with(&[&args[..], &RUN, mode, &formats].concat(), |command| {
                command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", OUT[3]);
            });
            assert!(matches!(ended.code, Some(1 | 3)), "{name}: {ended:?}");
            for name in OUT {
                assert!(home.path().join(name).is_file(), "{name}");
            }
            nowhere(header, &outputs(&home, ended));
            // What is made later is made of the record alone; a target that echoes everywhere is enough for that.
            if name == "refuses from the start" {
                nowhere(header, &made_later(&home));
            }
        }
    }
}

#[test]
fn a_bearer_credential_of_the_command_line() {
    against_every_target(BEARER);
}

#[test]
fn a_basic_credential_of_the_command_line() {
    against_every_target(&basic());
}

#[test]
fn a_credential_by_reference() {
    let target = serve(echoes("400"));
    let file_and_environment: [(&str, &[&str], &str); 4] = [
        ("environment", &[], ""),
        ("file", &["--authorization-header", "@secret.txt"], ""),
        ("configuration", &[], "authorization-header = { env = \"PLANTED\" }\n"),
        ("configuration file", &[], "authorization-header = { file = \"secret.txt\" }\n"),
    ];
    for (name, args, configuration) in file_and_environment {
        let home = Home::new();
        home.write("secret.txt", format!("{BEARER}\n"));
        home.write("setspec.toml", configuration);
        let basic = ["run", "receiver", &target.url];
        let ended = home.run_with(&[&basic[..], args, &RUN].concat(), |command| {
            match name {
                "environment" => command.env("SETSPEC_AUTHORIZATION_HEADER", BEARER),
                _ => command.env("PLANTED", BEARER),
            };
        });
        let ended = ended.expect_code(3).expect_output("[redacted]");
        nowhere(BEARER, &outputs(&home, ended));
    }
}

#[test]
fn a_shared_secret() {
    const SECRET: &str = "pl4nted-shared-secret-of-at-least-32-bytes";
    for (name, target) in targets() {
        let home = Home::new();
        home.write("secret.txt", SECRET);
        let jwk = serde_json::json!({ "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(SECRET) });
        home.write("secret.jwk", jwk.to_string());
        for file in ["secret.txt", "secret.jwk"] {
            let args = ["run", "receiver", &target.url, "--alg", "HS256", "--key", file, "--verbose"];
            let ended = home.run(&[&args[..], &["--only", "rfc8935/2.2/"]].concat());
            assert_ne!(ended.code, Some(2), "{name}: {}", ended.stderr);
            nowhere(&format!("Bearer {SECRET}"), &outputs(&home, ended));
        }
    }
    // The faults of keys do not show them either.
    let home = Home::new();
    home.write("short.txt", "pl4nted-short-key");
    home.write("broken.jwk", "{ \"kty\": \"oct\", \"k\": \"pl4nted-short-key\", ");
    home.write("wrong.pem", "-----BEGIN PRIVATE KEY-----\npl4nted-short-key\n-----END PRIVATE KEY-----\n");
    for file in ["short.txt", "broken.jwk", "wrong.pem"] {
        for alg in ["HS256", "ES256"] {
            let ended = home.run(&["run", "receiver", "--alg", alg, "--key", file, "--only", "rfc8935/2.2/"]);
            assert!(!ended.stderr.contains("pl4nted"), "{}", ended.stderr);
        }
    }
}

#[test]
fn tokens_of_every_kind_and_one_in_a_query() {
    let token = |name: &str| format!("pl4nted-{name}+secret/with=odd~chars");
    let (good, reading, managing, over) = (token("good"), token("reading"), token("managing"), token("over"));
    let home = Home::new();
    home.write("over.txt", format!("{over}\n"));
    home.write("setspec.toml", "manage-only-token = { env = \"PLANTED\" }\n");
    let args =
        ["run", "transmitter", "--profile", "caep-interop-transmitter", "--only", "caep-interop/2.7", "--verbose"];
    let args = [&args[..], &["--token", &good, "--expired-token", "@over.txt"]].concat();
    let ended = home.run_with(&args, |command| {
        command.env("SETSPEC_READ_ONLY_TOKEN", &reading).env("PLANTED", &managing);
    });
    let texts = outputs(&home, ended.expect_code(0));
    assert!(texts.iter().any(|(_, text)| text.contains("access_token=[redacted]")), "a token stood in a query");
    for token in [good, reading, managing, over] {
        nowhere(&format!("Bearer {token}"), &texts);
    }
}

#[test]
fn the_console_of_a_mock_receiver() {
    let home = Home::new();
    home.write("jwks.json", jwks(&key()));
    let args = ["mock", "receiver", "--listen", "127.0.0.1:0", "--jwks", "jwks.json", "--authorization-header"];
    for header in [BEARER.to_owned(), basic()] {
        let mut mock = home.start(&[&args[..], &[&header]].concat());
        let url = mock.line_with("ready").rsplit(' ').next().expect("a URL").to_owned();
        // The credential where it belongs, and everywhere else.
        push(&url, &format!("e30.{}.", URL_SAFE_NO_PAD.encode(format!("{{\"iss\":\"{header}\"}}"))), Some(&header));
        push(&url, &forms(&header).join(" "), Some("Bearer wrong-credential"));
        push(&format!("{url}?token={}", percent(&header, false)), "x", None);
        mock.signal("TERM");
        let (code, said) = mock.end();
        assert_eq!(code, Some(0));
        nowhere(&header, &[("the console".to_owned(), said)]);
    }
}
