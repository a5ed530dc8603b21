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
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "<!-- ",
        "]]>",
        "{{ 7 * 7 }}{% raw %}",
    ] {
        let report = testing::with_texts(&testing::report(), &|text| format!("{text}.{hostile}"));
        let page = render(&report).expect("renders");
        assert_eq!(skeleton(&page), skeleton(&plain), "{hostile}");
        for raw in ["<script", "<img", "onerror=alert(1)>", "</title><", "<!-- ", "onmouseover='"] {
            assert!(!page.contains(raw), "{hostile} came through as {raw}");
        }
        assert_eq!(page.matches("<title>").count(), 1);
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
fn nothing_is_loaded_and_nothing_runs() {
    let page = render(&testing::report()).expect("renders");
    let (head, body) = page.split_once("<body>").expect("a body");
    let tags = regex::Regex::new("<[^>]*>").expect("a pattern");
    for load in
        ["src=", "url(", "@import", "<link", "<script", "<iframe", "<object", "<embed", "<base", " on", "srcset"]
    {
        assert!(load == " on" || !head.contains(load), "{load}");
        assert!(tags.find_iter(body).all(|tag| !tag.as_str().contains(load)), "{load}");
    }
    assert!(page.starts_with("<!DOCTYPE html>"), "{}", &page[..60]);
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
}

#[test]
fn the_page_shows_the_evidence() {
    let page = render(&testing::report()).expect("renders");
    for shown in [
        "<h1>nonconformant</h1>",
        "A SET found valid is acknowledged with status 202.",
        "`response.status` to be 202",
        "--only rfc8935&#x2f;2.2&#x2f;accepts-a-valid-set",
        "HTTP&#x2f;1.1 200 OK",
        "&lt;p&gt;thanks&lt;&#x2f;p&gt;",
        "&quot;typ&quot;: &quot;secevent+jwt&quot;",
        "<code>iat</code> is 2026-01-01T00:00:00Z",
        "There was no response.",
        "401 is what many servers answer",
        "the target stopped answering",
        "The harness itself failed",
    ] {
        assert!(page.contains(shown), "{shown} is missing");
    }
    assert_eq!(page.matches(r#"id="x1""#).count(), 1);
}

#[test]
fn a_run_without_requirements_is_a_page_too() {
    let page = render(&testing::report_of(&testing::unreachable_events())).expect("renders");
    assert!(page.contains("Is the receiver running"));
    assert!(!page.contains("All requirements"));
}
