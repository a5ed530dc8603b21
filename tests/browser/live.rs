//! The live page of the mocks.

use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::browser::{Look, Page, trial};
use crate::support::Home;
use crate::support::live::{Mock, TOKEN, ask, receiver, transmitter, visitor};
use crate::support::target::push;
use crate::support::token::{AUDIENCE, ISSUER, jwks, key, set};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("live/an-event-is-sent-and-is-seen-on-both-sides", an_event_is_sent_and_is_seen_on_both_sides),
        trial("live/a-stream-is-paused-and-enabled", a_stream_is_paused_and_enabled),
        trial("live/a-mutant-is-switched-on-seen-and-flagged", a_mutant_is_switched_on_seen_and_flagged),
        trial("live/a-page-comes-back-with-its-mock", a_page_comes_back_with_its_mock),
        trial("live/what-a-hostile-peer-sends-is-text", what_a_hostile_peer_sends_is_text),
        trial("live/pushed-sets-are-explained", pushed_sets_are_explained),
        trial("live/keys-and-narrow-windows", keys_and_narrow_windows),
        trial("live/without-scripts-it-shows-how-things-are", without_scripts_it_shows_how_things_are),
        trial("live/a-foreign-page-cannot-act", a_foreign_page_cannot_act),
    ]
}

const ANY: &str = "127.0.0.1:0";
const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// Whether there is a line in the timeline that fits.
fn line(what: &str, words: &[&str]) -> String {
    format!(
        "[...document.querySelectorAll('.entry')].some(one => one.querySelector('.what').textContent == {} && {}.every(word => one.textContent.includes(word)))",
        json!(what),
        json!(words)
    )
}

/// Opens the newest line that fits, and waits until its detail is there.
fn open_line(page: &mut Page, what: &str, word: &str) {
    page.wait_until(&line(what, &[word]));
    page.evaluate(&format!(
        "[...document.querySelectorAll('.entry')].find(one => one.querySelector('.what').textContent == {} && one.textContent.includes({})).click()",
        json!(what),
        json!(word)
    ));
    page.wait_until("document.querySelector('#detail header') !== null");
}

fn choose(page: &mut Page, id: &str, value: &str) {
    page.evaluate(&format!("document.getElementById('{id}').value = {}", json!(value)));
}

fn type_into(page: &mut Page, id: &str, text: &str) {
    page.evaluate(&format!("document.getElementById('{id}').focus(); document.getElementById('{id}').select()"));
    page.type_text(text);
}

/// Nothing ran that should not, nothing was loaded from elsewhere, and nobody complained.
#[track_caller]
fn untouched(page: &mut Page, mock: &Mock) {
    let seen = page.seen();
    assert_eq!(seen.dialogs, Vec::<String>::new());
    let foreign: Vec<&String> =
        seen.requests.iter().filter(|url| !url.starts_with(&format!("{}/", mock.page))).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert_eq!(seen.complaints, Vec::<String>::new());
}

/// Keeps a picture in the folder that `SETSPEC_PICTURES` names, if it names one.
fn keep_picture(page: &mut Page, name: &str) {
    let Some(folder) = std::env::var_os("SETSPEC_PICTURES").map(PathBuf::from) else { return };
    // What fades in has faded in.
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))");
    let picture = page.picture(false);
    std::fs::write(folder.join(format!("live-{name}.png")), picture).expect("the picture is written");
}

fn an_event_is_sent_and_is_seen_on_both_sides(page: &mut Page) {
    let home = Home::new();
    let sender = transmitter(&home, ANY, ANY, &[]);
    page.look(Look { width: 1440, ..Look::default() });
    page.open(&sender.page);
    page.wait_until("document.querySelector('#link .live') !== null");
    page.wait_until("document.body.innerText.includes('No receiver has created a stream yet.')");
    let mut visitor = visitor(&home, &sender.at, &[]);
    page.wait_until("document.querySelectorAll('#streams > li.enabled').length == 1");
    page.wait_until(&line("create", &["hold", "201"]));
    choose(page, "send-event", "https://schemas.openid.net/secevent/risc/event-type/account-disabled");
    type_into(page, "send-subject", r#"{"format": "email", "email": "jane@example.com"}"#);
    type_into(page, "send-claims", r#"{"reason": "hijacking"}"#);
    page.click("#send button[type=submit]");
    page.wait_until("document.getElementById('toast').textContent == 'queued for 1 stream'");
    page.wait_until(&line("queued", &["risc/account-disabled"]));
    open_line(page, "poll", "risc/account-disabled");
    let text = page.evaluate("document.getElementById('detail').innerText");
    let text = text.as_str().expect("a text");
    for part in
        ["signature valid", "jane@example.com", "\"reason\": \"hijacking\"", "\"iat\": ", "Z", "POST /ssf/poll/"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        page.evaluate("document.querySelector('#detail .when').textContent.trim()")
            .as_str()
            .expect("a time")
            .starts_with("20")
    );
    visitor.running.line_with("account-disabled");
    untouched(page, &sender);
    keep_picture(page, "light");
    page.look(Look { width: 1440, dark: true, ..Look::default() });
    keep_picture(page, "dark");
    // The other side tells the same story.
    page.open(&visitor.page);
    page.wait_until(&line("poll", &["risc/account-disabled", "hold"]));
    page.click("#streams button[data-status=paused]");
    page.wait_until("document.querySelector('#streams > li').className == 'paused'");
    page.wait_until(&line("update-status", &["200"]));
    keep_picture(page, "receiver-dark");
    untouched(page, &visitor);
}

fn a_stream_is_paused_and_enabled(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let stream = mock.stream(&json!({ "events_requested": [REVOKED] }));
    page.look(Look::default());
    page.open(&mock.page);
    page.wait_until("document.querySelector('#streams > li.enabled') !== null");
    page.wait_until(&line("create", &["201"]));
    page.click("#streams button[data-status=paused]");
    page.wait_until("document.querySelector('#streams > li.paused') !== null");
    page.wait_until(&line("status", &["the stream is paused now"]));
    assert_eq!(page.evaluate("document.querySelector('#streams button[data-status=paused]').disabled"), true);
    page.click("#streams button[data-send]");
    page.click("#send button[type=submit]");
    page.wait_until("document.querySelector('#streams > li').textContent.includes('SETs waiting')");
    let poll = stream["delivery"]["endpoint_url"].as_str().expect("a URL").replace(&mock.at, "");
    let polled = || -> Value {
        let answer = mock.of_receiver("POST", &poll, &json!({ "returnImmediately": true }));
        serde_json::from_str(&answer.body).expect("a poll answer")
    };
    let holds = |answer: &Value, event: &str| {
        answer["sets"].as_object().expect("sets").values().any(|set| {
            let claims = set.as_str().expect("a token").split('.').nth(1).expect("claims").to_owned();
            let claims =
                base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).expect("base64");
            String::from_utf8_lossy(&claims).contains(event)
        })
    };
    assert!(!holds(&polled(), "session-revoked"), "a paused stream holds its SETs");
    page.click("#streams button[data-status=enabled]");
    page.wait_until("document.querySelector('#streams > li.enabled') !== null");
    assert!(holds(&polled(), "session-revoked"), "and delivers them once it is enabled");
    page.click("#streams button[data-status=disabled]");
    page.wait_until("document.querySelector('#streams > li.disabled') !== null");
    page.click("#streams button[data-send]");
    page.click("#send button[type=submit]");
    page.wait_until("document.getElementById('toast').textContent.includes('queued for 0 streams')");
    untouched(page, &mock);
}

fn a_mutant_is_switched_on_seen_and_flagged(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let visitor = visitor(&home, &mock.at, &[]);
    page.look(Look { width: 1440, ..Look::default() });
    page.open(&mock.page);
    page.wait_until("document.querySelectorAll('#streams > li.enabled').length == 1");
    type_into(page, "find", "rfc8417/2.2/iss-present");
    page.wait_until("document.querySelectorAll('#found [role=switch]').length > 0");
    let one = page.evaluate("document.querySelector('#found [role=switch]').dataset.deviation");
    let one = one.as_str().expect("an id").to_owned();
    page.click("#found [role=switch]");
    page.wait_until("document.querySelector('#on [role=switch][aria-checked=true]') !== null");
    type_into(page, "find", "ignores-acknowledgements");
    page.wait_until("document.querySelector('#found [data-deviation$=\"ignores-acknowledgements\"]') !== null");
    // What only a start can change says so.
    type_into(page, "find", "speaks-tls-1.1-alone");
    page.wait_until("document.getElementById('found').textContent.includes('--mutant ')");
    assert_eq!(page.evaluate("document.querySelector('#found [role=switch]')"), Value::Null);
    choose(page, "send-event", REVOKED);
    page.click("#send button[type=submit]");
    page.wait_until(&line(
        "poll",
        &["caep/session-revoked", "violated", "rfc8417/2.2/iss-present", "the mock", "mutated"],
    ));
    open_line(page, "poll", "violated");
    let text = page.evaluate("document.getElementById('detail').innerText");
    let text = text.as_str().expect("a text");
    for part in ["WHAT IS WRONG", "rfc8417/2.2/iss-present", "MUST", "expected", "absent", "the section", &one] {
        assert!(text.contains(part), "{part}: {text}");
    }
    page.evaluate("document.getElementById('find').value = 'issuer'; document.getElementById('find').dispatchEvent(new Event('input'))");
    keep_picture(page, "mutant-light");
    page.look(Look { width: 1440, dark: true, ..Look::default() });
    keep_picture(page, "mutant-dark");
    page.click("#conform");
    page.wait_until("document.querySelector('#on').childElementCount == 0");
    page.evaluate("document.getElementById('clear').click()");
    page.wait_until("document.querySelectorAll('.entry').length == 0");
    page.click("#send button[type=submit]");
    page.wait_until(&line("poll", &["caep/session-revoked", "hold"]));
    untouched(page, &mock);
    drop(visitor);
}

fn a_page_comes_back_with_its_mock(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    mock.stream(&json!({ "events_requested": [REVOKED] }));
    page.open(&mock.page);
    page.wait_until(&line("create", &["201"]));
    page.open(&mock.page);
    page.wait_until(&line("create", &["201"]));
    assert_eq!(page.evaluate("document.querySelectorAll('.entry').length"), 1);
    let (at, addr) = (mock.at.clone(), mock.page.clone());
    let (listen, ui) = (at.strip_prefix("http://").expect("http"), addr.strip_prefix("http://").expect("http"));
    mock.running.signal("TERM");
    let (code, said) = mock.running.end();
    assert_eq!(code, Some(0), "an open page keeps nobody from leaving: {said}");
    page.wait_until("document.querySelector('#link .gone')?.textContent.includes('gone')");
    assert!(page.evaluate("document.title").as_str().expect("a title").contains("not connected"));
    page.evaluate("window.before = true");
    let mock = transmitter(&home, listen, ui, &[]);
    // Another run has another token, so that the page is got anew.
    page.wait_until("window.before !== true && document.querySelector('#link .live') !== null");
    page.evaluate("document.getElementById('rotate').click()");
    page.wait_until(&line("rotated", &["SETs are signed with"]));
    drop(mock);
}

/// Texts that would do something if they were more than text.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "\"><svg onload=alert(4)>",
    "javascript:alert(5)",
    "</pre></main><iframe srcdoc=\"<script>parent.alert(6)</script>\">{{7*7}}",
];

fn what_a_hostile_peer_sends_is_text(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    page.look(Look { width: 1440, ..Look::default() });
    page.open(&mock.page);
    let all = HOSTILE.join(" ");
    let odd = format!("{all} \u{202e}gpj\u{2066}\u{0}\u{1b}[2J\u{85}\u{200b}");
    // In a stream that lasts, in requests that are refused, in paths, in header fields, in what is no JSON.
    mock.stream(&json!({ "events_requested": [REVOKED, odd], "description": odd }));
    let push_to = format!("{}/{}?q={}", "http://127.0.0.1:9", "<script>alert(1)<", "\"><svg onload=alert(4)>");
    mock.stream(&json!({
        "events_requested": [REVOKED],
        "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": push_to, "authorization_header": "Bearer s3cret-of-a-stream" },
    }));
    mock.of_receiver(
        "POST",
        "/ssf/streams",
        &json!({ "delivery": { "method": odd, "endpoint_url": "javascript:alert(5)" } }),
    );
    mock.of_receiver("POST", "/ssf/status", &json!({ "stream_id": odd, "status": odd, "reason": odd }));
    ask(&mock.at, "GET", "/<img/src=x/onerror=alert(3)>?stream_id=<script>alert(1)</script>", &[("X-Odd", &all)], "");
    ask(
        &mock.at,
        "POST",
        "/ssf/streams",
        &[("Content-Type", &all), ("Authorization", &format!("Bearer {TOKEN}"))],
        &all,
    );
    let odd_token = format!("{}.{}.x", "bm90IGpzb24", all);
    ask(&mock.at, "POST", "/ssf/poll/x", &[("Authorization", &format!("Bearer {TOKEN}"))], &odd_token);
    mock.act(&json!({ "action": "emit", "event": { "type": REVOKED,
        "claims": { "reason_admin": { "en": odd }, "<script>alert(1)</script>": all }, "set": { "iss": odd, "txn": odd } } }));
    page.wait_until(&line("queued", &["caep/session-revoked"]));
    page.wait_until(&line("push", &["caep/session-revoked"]));
    page.wait_until(&line("unread", &["/<img"]));
    let stream = mock.stream(&json!({ "events_requested": [REVOKED] }));
    mock.act(&json!({ "action": "emit", "event": { "type": REVOKED, "stream_id": stream["stream_id"], "set": { "iss": odd } } }));
    let poll = stream["delivery"]["endpoint_url"].as_str().expect("a URL").replace(&mock.at, "");
    mock.of_receiver(
        "POST",
        &poll,
        &json!({ "returnImmediately": true, "ack": [odd], "setErrs": { &odd: { "err": odd, "description": odd } } }),
    );
    page.wait_until(&line("poll", &["violated"]));
    let count = page.evaluate("document.querySelectorAll('.entry').length").as_u64().expect("a number");
    let mut shown = String::new();
    for place in 0..count {
        page.evaluate(&format!(
            "document.getElementById('detail').replaceChildren(); document.querySelectorAll('.entry')[{place}].click()"
        ));
        page.wait_until("document.querySelector('#detail header') !== null");
        shown.push_str(&page.text());
    }
    for text in HOSTILE {
        assert!(shown.contains(text), "it is shown as it is: {text}");
    }
    for hidden in ['\u{202e}', '\u{2066}', '\u{1b}', '\u{85}', '\u{200b}', '\u{0}'] {
        assert!(!shown.contains(hidden), "{hidden:?} is made visible");
    }
    assert!(shown.contains("\\u{202e}gpj") && !shown.contains("s3cret-of-a-stream"), "{shown}");
    assert_eq!(
        page.evaluate("document.querySelectorAll('iframe, img, svg, main script, [onload], [onerror], style').length"),
        0
    );
    let links = page.evaluate("[...document.links].every(link => link.href.startsWith('https://'))");
    assert_eq!(links, true);
    untouched(page, &mock);
    keep_picture(page, "hostile");
    // The same where scripts are off and the server writes the page.
    page.scripts(false);
    page.open(&mock.page);
    let text = page.text();
    assert!(text.contains("<img/src=x/onerror=alert(3)>") && !text.contains('\u{202e}'), "{text}");
    page.scripts(true);
    untouched(page, &mock);
}

fn pushed_sets_are_explained(page: &mut Page) {
    let home = Home::new();
    let key = key();
    home.write("jwks.json", jwks(&key));
    let mock = receiver(&home, &["--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", "jwks.json"]);
    page.look(Look { width: 1440, ..Look::default() });
    page.open(&mock.page);
    page.wait_until("document.body.innerText.includes('it takes what is pushed to it')");
    push(&mock.at, &set(&key, json!({})), None);
    page.wait_until(&line("push", &["caep/session-revoked", "hold", "202"]));
    push(&mock.at, &set(&key, json!({ "jti": null })), None);
    page.wait_until(&line("push", &["rfc8417/2.2/jti-present", "your transmitter", "400"]));
    // A receiver that deviates is flagged itself.
    type_into(page, "find", "acknowledges-with-200");
    page.wait_until("document.querySelector('#found [data-deviation=\"rfc8935/2.2/acknowledges-with-200\"]') !== null");
    page.click("#found [data-deviation=\"rfc8935/2.2/acknowledges-with-200\"]");
    page.wait_until("document.querySelector('#on').childElementCount == 1");
    let (status, _) = push(&mock.at, &set(&key, json!({})), None);
    assert_eq!(status, 200);
    page.wait_until(&line("push", &["rfc8935/2.2/status-202", "the mock", "mutated"]));
    open_line(page, "push", "status-202");
    keep_picture(page, "pushed-light");
    untouched(page, &mock);
}

fn keys_and_narrow_windows(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let visitor = visitor(&home, &mock.at, &[]);
    page.look(Look { width: 390, height: 844, ..Look::default() });
    page.open(&mock.page);
    page.wait_until(&line("verify", &["204"]));
    mock.act(&json!({ "action": "emit", "event": { "type": REVOKED } }));
    page.wait_until(&line("poll", &["caep/session-revoked"]));
    let narrow = "document.documentElement.scrollWidth <= 390";
    assert_eq!(page.evaluate(narrow), true);
    keep_picture(page, "narrow-timeline");
    page.press("/");
    assert_eq!(page.evaluate("document.activeElement.id"), "filter");
    page.type_text("session-revoked hold");
    page.evaluate("document.getElementById('filter').dispatchEvent(new Event('input'))");
    page.wait_until("document.querySelectorAll('#entries > li:not([hidden])').length == 1");
    page.press("Tab");
    page.press("Tab");
    assert_eq!(page.evaluate("document.activeElement.className.startsWith('entry')"), true);
    page.press("Enter");
    page.wait_until("document.querySelector('#detail.open header') !== null");
    assert_eq!(page.evaluate("document.activeElement.id"), "detail");
    assert_eq!(page.evaluate(narrow), true);
    keep_picture(page, "narrow-detail");
    page.press("Escape");
    page.wait_until("document.querySelector('#detail.open') === null");
    assert_eq!(page.evaluate("document.activeElement.className.startsWith('entry')"), true);
    page.evaluate("document.getElementById('filter').value = ''; document.getElementById('filter').dispatchEvent(new Event('input'))");
    page.press("ArrowDown");
    page.press("ArrowDown");
    page.press("ArrowUp");
    assert_eq!(page.evaluate("document.activeElement.className.startsWith('entry')"), true);
    page.click("#tabs button[data-part=streams]");
    page.wait_until("document.querySelector('#streams > li').offsetParent !== null");
    assert_eq!(page.evaluate("document.getElementById('entries').offsetParent === null"), true);
    assert_eq!(page.evaluate(narrow), true);
    page.look(Look { width: 390, height: 844, dark: true, ..Look::default() });
    keep_picture(page, "narrow-streams-dark");
    page.click("#tabs button[data-part=deviations]");
    type_into(page, "find", "rfc8417/2.2");
    page.wait_until("document.querySelectorAll('#found > li').length > 3");
    assert_eq!(page.evaluate(narrow), true);
    keep_picture(page, "narrow-mutants-dark");
    untouched(page, &mock);
    drop(visitor);
}

fn without_scripts_it_shows_how_things_are(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let stream = mock.stream(&json!({ "events_requested": [REVOKED] }));
    page.open(&mock.page);
    page.wait_until(&line("create", &["201"]));
    page.scripts(false);
    page.open(&mock.page);
    let text = page.text();
    for part in ["needs scripts", stream["stream_id"].as_str().expect("an id"), "enabled", "POST", "201 Created"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    page.scripts(true);
    untouched(page, &mock);
}

fn a_foreign_page_cannot_act(page: &mut Page) {
    let home = Home::new();
    let mock = transmitter(&home, ANY, ANY, &[]);
    let other = receiver(&home, &["--jwks", home.write("jwks.json", jwks(&key())).to_str().expect("a path")]);
    // Our own page of another mock is a foreign page here; its policy is taken away, as a foreign page has its own.
    page.command("Page.setBypassCSP", json!({ "enabled": true }));
    page.open(&other.page);
    let script = |path: &str, init: &Value| {
        format!(
            "fetch('{}{path}', {init}).then(answer => 'read ' + answer.type + answer.status, () => 'refused')",
            mock.page
        )
    };
    let action = json!({ "action": "rotate-key" }).to_string();
    for (path, init) in [
        ("/about", json!({})),
        (
            "/actions",
            json!({ "method": "POST", "body": action, "headers": { "Content-Type": "application/json", "X-Setspec-Token": mock.token() } }),
        ),
        ("/actions", json!({ "method": "POST", "body": action })),
    ] {
        assert_eq!(page.evaluate(&script(path, &init)), "refused", "{path}");
    }
    page.evaluate(&script("/actions", &json!({ "method": "POST", "body": action, "mode": "no-cors" })));
    let framed = format!(
        "new Promise(done => {{ const frame = document.createElement('iframe'); frame.onload = () => done(true); frame.src = '{}/'; document.body.append(frame); }})",
        mock.page
    );
    page.evaluate(&framed);
    let seen = page.seen();
    assert!(
        seen.complaints
            .iter()
            .any(|text| text.contains("frame-ancestors") || text.contains("X-Frame-Options") || text.contains("403")),
        "{seen:?}"
    );
    mock.act(&json!({ "action": "deviate", "id": "rfc8936/2.1/ignores-acknowledgements", "on": true }));
    let entries = mock.feed(|entries| entries.iter().any(|entry| entry["what"] == "deviation"));
    assert!(entries.iter().all(|entry| entry["what"] != "rotated"), "{entries:?}");
}
