//! The live page of the mocks, by plain HTTP: who may look and act, and that no secret gets there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::Home;
use crate::support::live::{Answer, Feed, Mock, TOKEN, ask, event, last_word, receiver, transmitter, visitor};
use crate::support::target::{push, respond, serve};
use crate::support::token::{AUDIENCE, ISSUER, jwks, key, set};

const ANY: &str = "127.0.0.1:0";
const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

fn port(mock: &Mock) -> &str {
    mock.page.rsplit(':').next().expect("a port")
}

#[test]
fn names_that_lead_here_from_elsewhere_are_refused() {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let port = port(&mock);
    for path in ["/", "/page.js", "/about", "/deviations", "/events", "/entries/1"] {
        for host in [format!("evil.example:{port}"), format!("127.0.0.1.evil.example:{port}"), "127.0.0.1".to_owned()] {
            let answer = ask(&mock.page, "GET", path, &[("Host", &host)], "");
            assert_eq!(answer.status, 403, "{path} {host}: {answer:?}");
            assert!(!answer.body.contains("setspec-token"), "{path} {host}");
        }
    }
    let answer = ask(&mock.page, "GET", "/", &[("Host", &format!("localhost:{port}"))], "");
    assert_eq!(answer.status, 200);
}

#[test]
fn foreign_origins_may_neither_look_nor_act() {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let token = mock.token();
    let other_port = "http://127.0.0.1:1";
    let act = |fields: &[(&str, &str)]| {
        let mut all = vec![("Content-Type", "application/json"), ("X-Setspec-Token", token.as_str())];
        all.extend_from_slice(fields);
        ask(&mock.page, "POST", "/actions", &all, r#"{"action":"rotate-key"}"#)
    };
    for origin in ["http://evil.example", "null", other_port, "https://127.0.0.1"] {
        assert_eq!(act(&[("Origin", origin)]).status, 403, "{origin}");
        let answer = ask(&mock.page, "GET", "/events", &[("Origin", origin)], "");
        assert_eq!(answer.status, 403, "{origin}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    for site in ["cross-site", "same-site"] {
        assert_eq!(act(&[("Sec-Fetch-Site", site)]).status, 403, "{site}");
        assert_eq!(ask(&mock.page, "GET", "/about", &[("Sec-Fetch-Site", site)], "").status, 403, "{site}");
    }
    let preflight = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")];
    let answer = ask(&mock.page, "OPTIONS", "/actions", &preflight, "");
    assert!(answer.status >= 400 && !answer.head.contains("access-control"), "{answer:?}");
    // A link from elsewhere may lead to the page.
    let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate")];
    assert_eq!(ask(&mock.page, "GET", "/", &link, "").status, 200);
    assert_eq!(act(&[("Origin", &mock.page), ("Sec-Fetch-Site", "same-origin")]).status, 200);
}

#[test]
fn whoever_acts_shows_the_token_of_this_process() {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let token = mock.token();
    let another = transmitter(&home, ANY, ANY, &[]).token();
    let json = ("Content-Type", "application/json");
    let body = r#"{"action":"rotate-key"}"#;
    for fields in [
        vec![json],
        vec![json, ("X-Setspec-Token", "")],
        vec![json, ("X-Setspec-Token", another.as_str())],
        vec![("X-Setspec-Token", token.as_str())],
        vec![("Content-Type", "text/plain"), ("X-Setspec-Token", token.as_str())],
    ] {
        assert_eq!(ask(&mock.page, "POST", "/actions", &fields, body).status, 403, "{fields:?}");
    }
    assert_eq!(ask(&mock.page, "GET", "/actions", &[json, ("X-Setspec-Token", &token)], body).status, 405);
    for (body, status) in [
        ("", 400),
        ("[]", 400),
        (r#"{"action":"format-disk"}"#, 400),
        (r#"{"action":"status","stream_id":"x","status":"<b>"}"#, 400),
        (r#"{"action":"status","stream_id":"x","status":"paused"}"#, 422),
        (r#"{"action":"deviate","id":"none","on":true}"#, 422),
        (r#"{"action":"deviate","id":"rfc8935/2.2/acknowledges-with-200","on":true}"#, 422),
        (r#"{"action":"emit","event":{"type":"caep/none"}}"#, 422),
        (r#"{"action":"emit","event":{"type":"caep/session-revoked"}}"#, 200),
    ] {
        let answer = ask(&mock.page, "POST", "/actions", &[json, ("X-Setspec-Token", &token)], body);
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
    let large = ask(&mock.page, "POST", "/actions", &[json, ("X-Setspec-Token", &token)], &"x".repeat(100_000));
    assert_eq!(large.status, 413);
}

#[test]
fn every_answer_forbids_what_the_page_does_not_need() {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    for path in ["/", "/page.css", "/page.js", "/about", "/deviations", "/entries/77", "/nothing"] {
        let answer = mock.get(path);
        for field in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.head.contains(field), "{path} {field}: {}", answer.head);
        }
        assert!(!answer.head.contains("access-control"), "{path}");
    }
    let page = mock.get("/").body;
    for inline in ["<style", " style=", "<script>", " onload", " onclick", "javascript:"] {
        assert!(!page.contains(inline), "{inline}: {page}");
    }
}

/// A secret as it is, percent-encoded, escaped, and in base64 wherever it stands in what is encoded.
fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), percent.to_ascii_lowercase(), percent, encoded];
    for before in 0..3 {
        let padded = format!("{}{secret}", "x".repeat(before));
        for base64 in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            // The first and the last characters depend on what stands around it.
            forms.push(base64[4..base64.len() - 2].to_owned());
        }
    }
    forms
}

/// Everything that a page can get from a mock.
fn everything(mock: &Mock, entries: &[Value]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut keep = |path: &str, answer: Answer| all.push((path.to_owned(), format!("{}{}", answer.head, answer.body)));
    for path in ["/", "/about", "/deviations"] {
        keep(path, mock.get(path));
    }
    for entry in entries {
        let path = format!("/entries/{}", entry["seq"]);
        let answer = mock.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        keep(&path, answer);
    }
    let mut feed = Feed::open(&mock.page, "/events");
    let mut count = 0;
    loop {
        let (name, data) = feed.next();
        count += usize::from(name == "entry");
        let is_last = name == "state";
        all.push((format!("event {name}"), data));
        if is_last {
            break;
        }
    }
    assert!(count >= entries.len(), "{count}");
    all
}

#[track_caller]
fn without(all: &[(String, String)], secrets: &[&str]) {
    for (place, text) in all {
        for secret in secrets {
            for form in forms(secret) {
                assert!(!text.contains(&form), "{secret} as {form} in {place}: {text}");
            }
        }
    }
}

#[test]
fn no_secret_of_a_transmitter_gets_to_its_page() {
    let home = Home::new();
    let other = "pl4nted-token-of-another";
    let two = format!("two:{other}:https://two.example.com");
    let mock = transmitter(&home, ANY, ANY, &["--receiver", &two]);
    let header = "pl4nted/header+of=a-stream";
    let echoing = serve(|asked, stream| {
        // A receiver that repeats what it was sent, in its ways.
        let credential = asked.header("authorization").unwrap_or_default().to_owned();
        let body = json!({ "err": "invalid_request", "description": format!("got {credential}"),
            "b64": STANDARD_NO_PAD.encode(format!("Authorization: {credential}!")),
            "percent": url::form_urlencoded::byte_serialize(credential.as_bytes()).collect::<String>() });
        respond(
            stream,
            "400 Bad Request",
            &[("Content-Type", "application/json"), ("X-Echo", &credential)],
            body.to_string().as_bytes(),
        )
    });
    let configuration = json!({
        "events_requested": [REVOKED],
        "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": echoing.url.replace("http://", "http://user:pl4nted-password@"),
            "authorization_header": format!("Bearer {header}") },
    });
    let created = mock.of_receiver("POST", "/ssf/streams", &configuration);
    assert!(created.status == 201 || created.status == 400, "{created:?}");
    let mut plain = configuration.clone();
    plain["delivery"]["endpoint_url"] = json!(echoing.url);
    let stream = mock.stream(&plain);
    // What is no good request has secrets in it, too.
    let bearer = ("Authorization", "Bearer pl4nted-token-that-is-unknown");
    ask(&mock.at, "GET", "/ssf/streams?access_token=pl4nted%2Fquery", &[bearer], "");
    let broken = r#"{"delivery": {"authorization_header": "Bearer pl4nted-in-broken-json", "#;
    ask(&mock.at, "POST", "/ssf/streams", &[("Authorization", &format!("Bearer {TOKEN}"))], broken);
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("receiver:{TOKEN}")));
    let form = [("Authorization", basic.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let granted = ask(&mock.at, "POST", "/oauth/token", &form, "grant_type=client_credentials&scope=ssf.manage");
    let granted: Value = serde_json::from_str(&granted.body).expect("a token answer");
    let access = granted["access_token"].as_str().expect("an access token").to_owned();
    let post = [("Content-Type", "application/x-www-form-urlencoded")];
    ask(
        &mock.at,
        "POST",
        "/oauth/token",
        &post,
        &format!("grant_type=client_credentials&client_id=two&client_secret={other}"),
    );
    ask(&mock.at, "GET", "/ssf/streams", &[("Authorization", &format!("Bearer {access}"))], "");
    let sent = mock.act(&json!({ "action": "emit", "event": { "type": REVOKED, "stream_id": stream["stream_id"],
        "claims": { "reason_admin": { "en": format!("the header is Bearer {header}") } } } }));
    assert_eq!(sent.status, 200, "{sent:?}");
    let refused = mock.act(&json!({ "action": "emit", "event": { "type": format!("Bearer {header}") } }));
    assert_eq!(refused.status, 422);
    let entries = mock.feed(|entries| {
        let pushed = entries.iter().any(|entry| entry["what"] == "push");
        pushed && entries.iter().filter(|entry| entry["what"] == "token").count() == 2
    });
    let mut all = everything(&mock, &entries);
    all.push(("refused action".to_owned(), refused.body));
    let secrets = [
        TOKEN,
        other,
        header,
        &access,
        "pl4nted-in-broken-json",
        "pl4nted/query",
        "pl4nted-token-that-is-unknown",
        "pl4nted-password",
    ];
    without(&all, &secrets);
    let pushed = entries.iter().find(|entry| entry["what"] == "push").expect("a push");
    let detail = mock.get(&format!("/entries/{}", pushed["seq"])).body;
    assert!(detail.contains("[redacted]") && detail.contains("session-revoked"), "{detail}");
}

#[test]
fn no_secret_of_a_receiver_gets_to_its_page() {
    let home = Home::new();
    let key = key();
    home.write("jwks.json", jwks(&key));
    let credential = "Bearer pl4nted-credential/of+callers";
    let mock = receiver(
        &home,
        &["--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", "jwks.json", "--authorization-header", credential],
    );
    push(&mock.at, &set(&key, json!({ "txn": credential })), Some(credential));
    push(&mock.at, &set(&key, json!({})), Some("Bearer pl4nted-and-wrong"));
    push(&mock.at, credential, Some(credential));
    let entries = mock.feed(|entries| entries.len() == 3);
    let statuses: Vec<&Value> = entries.iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, [202, 401, 400]);
    without(&everything(&mock, &entries), &[credential, "pl4nted-credential/of+callers", "pl4nted-and-wrong"]);
}

#[test]
fn no_secret_of_a_visit_gets_to_its_page() {
    let home = Home::new();
    let sender = transmitter(&home, ANY, ANY, &[]);
    let credential = "Bearer pl4nted-credential-of-pushes";
    let visitor = visitor(&home, &sender.at, &["--delivery", "push", "--authorization-header", credential]);
    assert_eq!(sender.act(&event("caep/session-revoked")).status, 200);
    let pushed = |entries: &[Value]| {
        entries.iter().any(|entry| entry["what"] == "push" && entry["events"][0] == "caep/session-revoked")
    };
    for mock in [&visitor, &sender] {
        let entries = mock.feed(pushed);
        assert!(entries.iter().any(|entry| entry["what"] == "create"), "{entries:?}");
        assert!(entries.iter().all(|entry| entry["tone"] != "violated" && entry["tone"] != "warned"), "{entries:#?}");
        without(&everything(mock, &entries), &[TOKEN, "pl4nted-credential-of-pushes"]);
    }
}

#[test]
fn what_a_page_has_seen_is_not_sent_again() {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    for _ in 0..3 {
        mock.stream(&json!({ "events_requested": [REVOKED] }));
    }
    mock.feed(|entries| entries.len() == 3);
    let mut feed = Feed::open(&mock.page, "/events");
    let (name, run) = feed.next();
    assert_eq!(name, "hello");
    let mut later = Feed::open(&mock.page, &format!("/events?since={run}.2"));
    assert_eq!(later.next(), ("hello".to_owned(), run.clone()));
    let (name, entry) = later.next();
    let entry: Value = serde_json::from_str(&entry).expect("an entry");
    assert_eq!((name.as_str(), &entry["seq"]), ("entry", &json!(3)));
    let (name, state) = later.next();
    assert_eq!(name, "state");
    assert!(!state.contains(TOKEN));
    assert_eq!(serde_json::from_str::<Value>(&state).expect("a state")["streams"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_page_that_does_not_read_holds_nobody_up() {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let mut mute: Vec<Feed> = (0..4).map(|_| Feed::open(&mock.page, "/events")).collect();
    for feed in &mut mute {
        assert_eq!(feed.next().0, "hello");
    }
    let long = "x".repeat(10_000);
    for number in 0..50 {
        ask(&mock.at, "GET", &format!("/{number}/{long}"), &[], "");
    }
    let entries = mock.feed(|entries| entries.len() == 50);
    assert!(entries.iter().all(|entry| entry.to_string().len() < 2_000), "lines are short");
    mock.running.signal("TERM");
    let (code, said) = mock.running.end();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn mutants_of_the_service_provider_are_switched_too() {
    let home = Home::new();
    let mut args = vec!["mock", "transmitter", "--listen", ANY, "--alg", "ES256", "--token", TOKEN, "--ui", ANY];
    args.extend(["--scim", ANY]);
    let mut running = home.start(&args);
    let at = last_word(&running.line_with("is ready: "));
    let scim = running.line_with("  SCIM ").split(' ').find(|word| word.starts_with("http")).expect("a URL").to_owned();
    let page = last_word(&running.line_with("the live page is at "));
    let mock = Mock { running, at, page };
    let scim = scim.strip_suffix("/scim/v2").expect("the base").to_owned();
    let bearer = format!("Bearer {TOKEN}");
    let announced = || {
        let answer = ask(&scim, "GET", "/scim/v2/ServiceProviderConfig", &[("Authorization", &bearer)], "");
        let document: Value = serde_json::from_str(&answer.body).expect("a configuration");
        document["securityEvents"].clone()
    };
    assert!(announced().is_object());
    let switch = |on| json!({ "action": "deviate", "id": "scim-events/4/security-events-as-text", "on": on });
    assert_eq!(mock.act(&switch(true)).status, 200);
    assert_eq!(announced(), "request");
    assert_eq!(mock.act(&switch(false)).status, 200);
    assert!(announced().is_object());
}
