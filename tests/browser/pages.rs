//! `report.html` and the comparisons, also of a target that wants to get out of them.

use libtest_mimic::Trial;
use setspec::report::exchange::Body;
use setspec::report::{Diff, Matrix, Report, html};

use crate::browser::{Look, Page, Seen, trial};
use crate::hostile::{self, Trap};
use crate::testing;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("report/nothing-of-a-target-runs-or-loads", nothing_of_a_target_runs_or_loads),
        trial("report/the-traps-close-on-a-page-that-escapes-nothing", the_traps_close_on_a_page_that_escapes_nothing),
        trial("report/comparisons-run-and-load-nothing", comparisons_run_and_load_nothing),
        trial("report/the-filter-finds", the_filter_finds),
        trial("report/it-is-read-by-keyboard", it_is_read_by_keyboard),
        trial("report/it-is-read-without-scripts", it_is_read_without_scripts),
        trial("report/a-link-opens-what-it-leads-to", a_link_opens_what_it_leads_to),
        trial("report/nothing-overflows-and-all-is-legible", nothing_overflows_and_all_is_legible),
        trial("report/paper-shows-the-evidence", paper_shows_the_evidence),
    ]
}

/// A page in a file, as people open it.
fn open(page: &mut Page, html: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    std::fs::write(&path, html).expect("written");
    page.open_file(&path);
    folder
}

fn render(report: &Report) -> String {
    html::render(report).expect("renders")
}

/// Every text of the report is followed by one from a hostile target.
fn infested(trap: &Trap) -> Report {
    let mut report = testing::report();
    let texts = trap.texts();
    let mut number = 0;
    let mut next = || {
        number += 1;
        texts[number % texts.len()].clone()
    };
    for result in &mut report.requirements {
        result.text = format!("{} {}", result.text, next());
        for finding in &mut result.findings {
            finding.actual = next();
            finding.expected = next();
            finding.reproduce = Some(next());
        }
        for leniency in &mut result.accepted {
            leniency.actual = next();
        }
    }
    // All of them as body, as field and as claims of one exchange each.
    let exchange = report.exchanges[0].clone();
    let broken = report.requirements.iter().position(|r| !r.findings.is_empty()).expect("a broken one");
    let finding = report.requirements[broken].findings[0].clone();
    for (number, text) in texts.iter().enumerate() {
        let mut exchange = exchange.clone();
        exchange.id = format!("h{number}\" onclick=\"{}", trap.script());
        let message = &mut exchange.response.as_mut().expect("a response").message;
        message.body = Body::Text(text.clone());
        message.headers.push(text, text);
        let set = exchange.request.message.set.as_mut().expect("a SET");
        set.claims = Some(serde_json::json!({ text.as_str(): text, "iat": text, "exp": 1_767_225_600 }));
        let mut result = report.requirements[broken].clone();
        result.id = format!("{text}{number}");
        result.findings = vec![finding.clone()];
        result.findings[0].exchange = Some(exchange.id.clone());
        report.exchanges.push(exchange);
        report.requirements.push(result);
    }
    for list in [&mut report.notes, &mut report.internal_errors] {
        list.extend(texts.iter().cloned());
    }
    report.target.url = format!("javascript:{}", trap.script());
    report
}

/// Opens, clicks and moves over everything that there is.
fn touch_everything(page: &mut Page) {
    page.evaluate(
        "(() => { for (const details of document.querySelectorAll('details')) details.open = true; \
         for (const element of document.body.querySelectorAll('*:not(a):not(summary)')) { \
         for (const kind of ['click', 'mouseover', 'mouseenter', 'focus', 'pointerdown', 'toggle', 'error', 'load']) \
         element.dispatchEvent(new Event(kind, { bubbles: true })); } })()",
    );
}

fn stayed_calm(page: &mut Page, trap: &Trap) {
    touch_everything(page);
    let Seen { requests, dialogs, complaints } = page.seen();
    assert_eq!(requests.len(), 1, "only the page itself is loaded: {requests:?}");
    assert!(dialogs.is_empty(), "{dialogs:?}");
    assert!(complaints.is_empty(), "{complaints:?}");
    assert_eq!(page.evaluate("window.caught === undefined"), true, "a script ran");
    assert_eq!(trap.visitors(), Vec::<String>::new());
    let links = "[...document.links].every(link => /^(https?:|file:.*#)/.test(link.href))";
    assert_eq!(page.evaluate(links), true, "a link leads to no page");
    let foreign = "document.querySelectorAll('img, iframe, object, embed, form, base, link, video, audio, script[src], \
                   [style], [onclick], [onerror], [onload]').length";
    assert_eq!(page.evaluate(foreign), 0, "an element is not ours");
    assert_eq!(page.evaluate("document.scripts.length + document.querySelectorAll('style').length"), 2);
}

fn nothing_of_a_target_runs_or_loads(page: &mut Page) {
    let trap = Trap::new();
    let report = infested(&trap);
    let _folder = open(page, &render(&report));
    stayed_calm(page, &trap);
    let text = page.text();
    assert!(text.contains("<script>"), "what the target sent is shown as text");
    assert!(!text.chars().any(|c| matches!(c, '\u{202e}' | '\u{200b}' | '\u{0}' | '\u{1b}')), "a character hides");
    assert!(text.contains(r"\u{202e}"), "a character that turns text is made visible");
}

/// The control: where nothing is escaped and no policy holds, the same content runs and loads, and is seen to.
fn the_traps_close_on_a_page_that_escapes_nothing(page: &mut Page) {
    let trap = Trap::new();
    let raw = format!("<!DOCTYPE html><meta charset=utf-8><body>{}", trap.texts().join("<p>"));
    let _folder = open(page, &raw);
    page.wait_until("window.caught !== undefined");
    trap.wait_for_a_visitor();
}

fn comparisons_run_and_load_nothing(page: &mut Page) {
    let trap = Trap::new();
    let (old, new) = (testing::report(), infested(&trap));
    let diff = Diff::of(&old, &new);
    let _folder = open(page, &diff.to_html().expect("renders"));
    stayed_calm(page, &trap);
    let names = hostile::names(&trap);
    let matrix = Matrix::of(&[("plain".to_owned(), old), (names, new)]);
    let _folder = open(page, &matrix.to_html().expect("renders"));
    stayed_calm(page, &trap);
    // Everything was pressed; a page that is opened anew shows everything.
    let _folder = open(page, &matrix.to_html().expect("renders"));
    let shown = "[...document.querySelectorAll('tr[data-item]')].filter(row => row.checkVisibility()).length";
    let all = page.evaluate(shown);
    page.click("[data-status=differs]");
    let different = page.evaluate(shown);
    assert!(different.as_u64() < all.as_u64() && different.as_u64() > Some(0), "{different} of {all}");
    assert_eq!(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
}

/// The ids of the requirements that can be seen in the list of all.
fn visible(page: &mut Page) -> Vec<String> {
    let rows = page.evaluate(
        "[...document.querySelectorAll('[data-item=requirement]')].filter(row => row.checkVisibility()) \
         .map(row => row.querySelector('code').textContent)",
    );
    serde_json::from_value(rows).expect("texts")
}

fn the_filter_finds(page: &mut Page) {
    let _folder = open(page, &render(&testing::report()));
    page.press("/");
    assert_eq!(page.evaluate("document.activeElement.type"), "search", "`/` goes to the filter");
    page.type_text("2.2 acknowl");
    assert_eq!(visible(page), ["rfc8935/2.2/status-202", "rfc8935/2.2/empty-body", "rfc8935/2.2/persisted-first"]);
    assert_eq!(page.evaluate("document.querySelector('[data-filter] output').textContent"), "3 of 9");
    page.press("Escape");
    assert_eq!(page.evaluate("document.querySelector('[type=search]').value"), "");
    assert!(visible(page).is_empty(), "the specifications are closed again");

    page.click("[data-status=untested]");
    assert_eq!(visible(page), ["rfc8935/2.4/known-code", "rfc8935/2.4/code-is-text", "rfc8935/3/tls"]);
    assert_eq!(page.evaluate("document.querySelector('#violations').checkVisibility()"), false);
    page.click("[data-status=warned]");
    assert_eq!(visible(page).len(), 4, "two statuses add up");
    page.evaluate(
        "(() => { const level = document.querySelector('[data-by=level]'); level.value = 'SHOULD'; \
         level.dispatchEvent(new Event('change')); })()",
    );
    assert_eq!(visible(page), ["rfc8935/2.3/description-language"]);
    page.click("[data-unfold]");
    assert_eq!(page.evaluate("[...document.querySelectorAll('[data-fold]')].every(element => element.open)"), true);
}

fn it_is_read_by_keyboard(page: &mut Page) {
    let _folder = open(page, &render(&testing::report()));
    page.press("Tab");
    assert_eq!(page.evaluate("document.activeElement.className"), "skip");
    page.press("Enter");
    page.wait_until("document.activeElement.id === 'main'");
    // Everything that can be reached is reached once, and the end is left again.
    let summaries = page.evaluate("document.querySelectorAll('.breach > summary').length").as_u64().expect("a number");
    let mut seen = 0;
    for _ in 0..200 {
        page.press("Tab");
        if page.evaluate("document.activeElement.matches('.breach > summary')") == true {
            seen += 1;
            let open = page.evaluate("document.activeElement.parentElement.open");
            page.press("Enter");
            assert_ne!(page.evaluate("document.activeElement.parentElement.open"), open, "Enter opens and closes");
        }
        if page.evaluate("document.activeElement === document.body") == true {
            break;
        }
        let outlined = "document.activeElement.matches(':focus-visible') \
                        && getComputedStyle(document.activeElement).outlineStyle !== 'none'";
        assert_eq!(page.evaluate(outlined), true, "{}", page.evaluate("document.activeElement.outerHTML"));
    }
    assert_eq!(seen, summaries);
    assert_eq!(page.evaluate("document.activeElement === document.body"), true, "the focus is trapped");
}

fn it_is_read_without_scripts(page: &mut Page) {
    page.scripts(false);
    let _folder = open(page, &render(&testing::report()));
    assert_eq!(page.evaluate("document.querySelector('[data-filter]').checkVisibility()"), false);
    assert_eq!(page.evaluate("document.querySelectorAll('.copy').length"), 0);
    page.click(".breach:not([open]) > summary");
    for closed in ["#x-x3 > summary", "#spec-1 > summary", "#spec-2 > summary"] {
        page.click(closed);
    }
    let text = page.text();
    for shown in [
        "A SET found valid is acknowledged with status 202.",
        "An error description names its language.",
        "HTTP/1.1 200 OK",
        "2026-01-01 00:00:00 UTC, as the run began",
        "setspec run receiver https://rx.example/events",
        "401 is what many servers answer before they read a body.",
        "The token names its issuer.",
        "There was no response.",
    ] {
        assert!(text.contains(shown), "{shown} is not to be seen in\n{text}");
    }
    assert!(page.seen().complaints.is_empty());
}

fn a_link_opens_what_it_leads_to(page: &mut Page) {
    let folder = open(page, &render(&testing::report()));
    let row = "rfc8935/2.2/empty-body";
    let shown = format!("document.getElementById('r-{row}').checkVisibility()");
    assert_eq!(page.evaluate(&shown), false);
    page.evaluate(&format!("location.hash = 'r-{row}'"));
    page.wait_until(&shown);
    let mut url = url::Url::from_file_path(folder.path().join("report.html")).expect("a path");
    url.set_fragment(Some("r-rfc8935/2.3/description-language"));
    page.open("about:blank");
    page.open(url.as_str());
    page.wait_until("document.querySelector('#warnings .breach').open");
}

/// Text on something else than its background, or wider than its window.
const FAULTS: &str = r"(() => {
  const parse = text => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push('the page is wider than its window');
  for (const element of document.body.querySelectorAll('*')) {
    const words = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!words || !element.checkVisibility() || element.closest('script, style, .skip')) continue;
    const box = element.getBoundingClientRect();
    if (box.right > innerWidth + 1 && !element.closest('.table')) faults.push('too wide: ' + element.textContent.slice(0, 60));
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${element.className} ${element.textContent.slice(0, 60)}`);
  }
  return [...new Set(faults)];
})()";

fn nothing_overflows_and_all_is_legible(page: &mut Page) {
    let trap = Trap::new();
    let infested = infested(&trap);
    let diff = Diff::of(&testing::report(), &infested);
    let matrix = Matrix::of(&[("one".to_owned(), testing::report()), ("two".to_owned(), infested.clone())]);
    let pages = [render(&infested), diff.to_html().expect("renders"), matrix.to_html().expect("renders")];
    for html in pages {
        let _folder = open(page, &html);
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })");
        // A button that is pressed has colours of its own.
        page.evaluate("document.querySelectorAll('[data-status]').forEach(button => button.ariaPressed = 'true')");
        for (width, dark) in [(1280, false), (1280, true), (768, false), (390, false), (390, true)] {
            page.look(Look { width, dark, ..Look::default() });
            let faults = page.evaluate(FAULTS);
            assert_eq!(faults, serde_json::json!([]), "at {width}, {}", if dark { "dark" } else { "light" });
        }
        page.look(Look::default());
    }
}

fn paper_shows_the_evidence(page: &mut Page) {
    let _folder = open(page, &render(&testing::report()));
    page.look(Look { width: 794, print: true, ..Look::default() });
    for (selector, shown) in [
        (".filter", false),
        (".toc", false),
        ("#warnings .breach .finding", true),
        ("#violations .messages", true),
        ("#spec-1 .row", true),
        ("#cases .row", false),
    ] {
        let visible = format!("document.querySelector('{selector}').checkVisibility()");
        assert_eq!(page.evaluate(&visible), shown, "{selector}");
    }
}
