use super::*;
use crate::report::testing;

/// The tags of a page with the names of their attributes, in order.
fn skeleton(page: &str) -> Vec<String> {
    let (_, body) = page.split_once("</style>").expect("a style");
    let tag = regex::Regex::new(r#"<(/?!?[A-Za-z0-9]+)((?:[^<>"]|"[^"]*")*)>"#).expect("a pattern");
    let attribute = regex::Regex::new(r#"([A-Za-z-]+)="[^"]*""#).expect("a pattern");
    let found = tag.captures_iter(body);
    found
        .map(|tag| {
            let names = attribute.captures_iter(&tag[2]).map(|name| name[1].to_owned());
            format!("{} {}", &tag[1], names.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn hostile_text_in_any_field_changes_nothing_but_text() {
    let plain = render(&testing::with_texts(&testing::report(), &|text| format!("{text}.x"))).expect("renders");
    for hostile in [
        "<script>alert(1)</script>",
        "</title></style></pre><b>",
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "<!-- ",
        "]]>",
        "{{ 7 * 7 }}{% raw %}",
    ] {
        let report = testing::with_texts(&testing::report(), &|text| format!("{text}.{hostile}"));
        let page = render(&report).expect("renders");
        assert_eq!(skeleton(&page), skeleton(&plain), "{hostile}");
        for raw in ["<script>alert", "<img", "onerror=alert(1)>", "</title><", "<!-- ", "onmouseover='"] {
            assert!(!page.contains(raw), "{hostile} came through as {raw}");
        }
        for once in ["<title>", "<script", "</script", "<style", "</style"] {
            assert_eq!(page.matches(once).count(), 1, "{hostile}: {once}");
        }
    }
}

#[test]
fn only_the_web_is_linked() {
    let links = regex::Regex::new(r#"href="([^"]*)""#).expect("a pattern");
    let mut report = testing::report();
    for link in ["javascript:alert(1)", "data:text/html,x", " JavaScript:alert(1)", "file:///etc/passwd", "/x"] {
        report.requirements.iter_mut().for_each(|requirement| requirement.link = link.to_owned());
        let page = render(&report).expect("renders");
        for found in links.captures_iter(&page) {
            assert!(found[1].starts_with('#'), "{link}: {}", &found[1]);
        }
    }
    let page = render(&testing::report()).expect("renders");
    assert!(page.contains(r#"<a href="https:&#x2f;&#x2f;www.rfc-editor.org&#x2f;rfc&#x2f;rfc8935#section-2.2" rel="#));
}

#[test]
fn nothing_is_loaded_and_no_script_runs_but_ours() {
    let page = render(&testing::report()).expect("renders");
    let (markup, script) = page.split_once("<script>").expect("our script");
    let (head, body) = markup.split_once("<body>").expect("a body");
    let tags = regex::Regex::new("<[^>]*>").expect("a pattern");
    for load in [
        "src=", "url(", "@import", "<link", "<script", "<iframe", "<object", "<embed", "<base", " on", "srcset",
        "style=",
    ] {
        assert!(load == " on" || !head.contains(load), "{load}");
        assert!(tags.find_iter(body).all(|tag| !tag.as_str().contains(load)), "{load}");
    }
    assert!(script.ends_with("</script>\n</body>\n</html>"), "{}", &script[script.len() - 60..]);
    assert!(page.starts_with("<!DOCTYPE html>"), "{}", &page[..60]);
    let policy = regex::Regex::new(
        r#"content="default-src 'none'; style-src 'sha256-[^']{44}'; script-src 'sha256-[^']{44}'; base-uri 'none'; form-action 'none'""#,
    );
    let unescaped = page.replace("&#x27;", "'").replace("&#x2f;", "/");
    assert!(policy.expect("a pattern").is_match(&unescaped), "{head}");
}

#[test]
fn the_page_shows_the_evidence() {
    let page = render(&testing::report()).expect("renders");
    for shown in [
        "<h1>nonconformant</h1>",
        "A SET found valid is acknowledged with status 202.",
        "<code>response.status</code> to be 202",
        "--only rfc8935&#x2f;2.2&#x2f;accepts-a-valid-set",
        "<pre class=\"start\">HTTP&#x2f;1.1 200 OK</pre>",
        "<b>Authorization</b>: [redacted]",
        "&lt;p&gt;thanks&lt;&#x2f;p&gt;",
        "<span class=\"key\">&quot;typ&quot;</span>: &quot;secevent+jwt&quot;",
        "2026-01-01 00:00:00 UTC, as the run began",
        "<code>setspec run receiver https:&#x2f;&#x2f;rx.example&#x2f;events</code>",
        "There was no response.",
        "401 is what many servers answer",
        "the target stopped answering",
        "The harness itself failed",
    ] {
        assert!(page.contains(shown), "{shown} is missing");
    }
    assert_eq!(page.matches(r#"id="x-x1""#).count(), 1);
}

#[test]
fn a_run_without_requirements_is_a_page_too() {
    let page = render(&testing::report_of(&testing::unreachable_events())).expect("renders");
    assert!(page.contains("Is the receiver running"));
    assert!(!page.contains("All requirements") && !page.contains("data-filter hidden"));
}

#[test]
fn what_the_baseline_knows_is_set_apart() {
    let mut report = testing::report();
    let entry = crate::run::baseline::BaselineEntry {
        requirement: "rfc8935/2.2/status-202".to_owned(),
        case: None,
        reason: "The gateway answers 200.".to_owned(),
        owner: "gateway team".to_owned(),
        expires: "2026-12-31".parse().expect("a date"),
        line: 3,
    };
    let known = report.requirements.iter_mut().find(|r| r.id == entry.requirement).expect("it is there");
    known.known_by = vec![entry.clone()];
    let stale = crate::run::baseline::BaselineEntry { reason: "Fixed since.".to_owned(), ..entry };
    report.baseline = Some(crate::run::baseline::BaselineOutcome {
        file: "baseline.toml".to_owned(),
        stale: vec![stale],
        ..Default::default()
    });
    let page = render(&report).expect("renders");
    for shown in [
        "<section id=\"known\"",
        "The gateway answers 200.",
        "gateway team looks after it, until 2026-12-31.",
        "Fixed since.",
        "<code>baseline.toml</code>, does not hold",
    ] {
        assert!(page.contains(shown), "{shown} is missing");
    }
    assert!(!page.contains("<section id=\"violations\""), "its only violation is known");
    assert!(page.contains("href=\"#known\""), "the count leads to it");
}

/// A run of many requirements, each broken in many ways, with exchanges as large as a record keeps them.
fn large(requirements: usize) -> Report {
    let mut report = testing::report();
    let body = |seed: usize| format!("<\"&'/{seed}>").repeat(1_700);
    let exchange = report.exchanges[0].clone();
    report.exchanges = (0..4_000)
        .map(|number| {
            let mut exchange = exchange.clone();
            exchange.id = format!("x{number}");
            let message = &mut exchange.response.as_mut().expect("a response").message;
            message.body = crate::report::exchange::Body::Text(body(number));
            (0..100).for_each(|field| message.headers.push(format!("x-{field}"), "\"'".repeat(80)));
            exchange
        })
        .collect();
    let broken = report.requirements[1].clone();
    report.requirements = (0..requirements)
        .map(|number| {
            let mut requirement = broken.clone();
            requirement.id = format!("ssf/8.1.{}/requirement-number-{number}", number % 40);
            requirement.findings = (0..20)
                .map(|finding| {
                    let exchange = Some(format!("x{}", number * 3 + finding));
                    let actual = body(number + finding);
                    crate::run::event::Finding { actual, exchange, ..broken.findings[0].clone() }
                })
                .collect();
            requirement
        })
        .collect();
    report.cases = vec![report.cases[2].clone(); 400];
    report
}

#[test]
fn a_full_run_stays_under_two_megabytes() {
    // All suites together have as many requirements; no run selects them all, and none breaks them all.
    for requirements in [60, 1_100] {
        let page = render(&large(requirements)).expect("renders");
        assert!(page.len() < 2_000_000, "{requirements}: {} bytes", page.len());
        assert!(page.contains(&format!("requirement-number-{}", requirements - 1)), "each is named");
    }
}

#[test]
fn what_has_no_room_is_named() {
    let page = render(&large(60)).expect("renders");
    for said in [
        "is left out of this page; report.json may hold it",
        "Shortened here; report.json has more.",
        "61 more header fields are in report.json.",
    ] {
        assert!(page.contains(said), "{said} is missing");
    }
}
