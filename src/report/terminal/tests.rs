use super::*;
use crate::report::testing;

fn shown(events: &[Event], options: TerminalOptions) -> String {
    let mut terminal = Terminal::new(Vec::new(), options);
    for event in events {
        terminal.event(event).expect("a vector takes everything");
    }
    String::from_utf8(terminal.into_inner()).expect("text")
}

#[test]
fn the_first_line_comes_at_once() {
    let text = shown(&testing::events()[..1], TerminalOptions::default());
    assert_eq!(text, "setspec: receiver https://rx.example/events, profile push-receiver (9 requirements, 3 cases)\n");
}

#[test]
fn nothing_from_the_target_controls_the_terminal() {
    let hostile = |text: &str| format!("\x1b[2J\x1b]0;owned\x07{text}\r\n\u{9b}1m\u{202e}");
    let report = testing::with_texts(&testing::report(), &hostile);
    let options = TerminalOptions { verbose: true, ..TerminalOptions::default() };
    let mut out = Vec::new();
    summarize(&mut out, &report, options).expect("a vector takes everything");
    let text = String::from_utf8(out).expect("text");
    assert!(text.contains(r"\u{1b}[2J"));
    for event in testing::events().iter().chain(&testing::unreachable_events()) {
        let event = match event.clone() {
            Event::Started(started) => Event::Started(Started { url: hostile(&started.url), ..started }),
            Event::Preflight(line) => Event::Preflight(PreflightLine {
                name: hostile(&line.name),
                message: hostile(&line.message),
                advice: Some(hostile("advice")),
                ok: line.ok,
            }),
            Event::CaseFinished(case) => {
                Event::CaseFinished(CaseResult { title: hostile(&case.title), reason: Some(hostile("why")), ..case })
            }
            other => other,
        };
        assert_clean(&shown(&[event], options));
    }
    assert_clean(&text);
}

fn assert_clean(text: &str) {
    let control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(control), "{text:?}");
}

/// A writer that two can look at.
#[derive(Clone, Default)]
struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn progress_is_replaced_in_place_and_leaves_nothing() {
    let events = testing::events();
    let screen = Shared::default();
    let mut terminal =
        Terminal::new(screen.clone(), TerminalOptions::default()).with_progress(Progress::on(screen.clone()));
    for event in &events {
        terminal.event(event).expect("a vector takes everything");
    }
    let text = String::from_utf8(screen.0.lock().expect("no panic").clone()).expect("text");
    assert!(text.contains("\r1 of 3  A SET with a broken signature is pushed\x1b[K"), "{text:?}");
    let plain = shown(&events, TerminalOptions::default());
    let settled: String =
        text.split_inclusive('\n').map(|line| line.rsplit_once("\x1b[K").map_or(line, |(_, rest)| rest)).collect();
    assert_eq!(settled, plain);
}

#[test]
fn verbose_says_each_case_and_exchange() {
    let verbose = TerminalOptions { verbose: true, ..TerminalOptions::default() };
    let text = shown(&testing::events(), verbose);
    let of_exchange = regex::Regex::new(r"(?m)^ +x\d+  POST https://rx\.example/events").expect("a pattern");
    assert!(of_exchange.is_match(&text) && text.contains("[1/3]"), "{text}");
    assert!(!of_exchange.is_match(&shown(&testing::events(), TerminalOptions::default())));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let events = testing::events();
    let colour = TerminalOptions { colour: true, ..TerminalOptions::default() };
    let text = shown(&events, colour);
    assert!(text.contains("\x1b[31m"), "{text:?}");
    let bare = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern").replace_all(&text, "").into_owned();
    assert_eq!(bare, shown(&events, TerminalOptions::default()));
}

#[test]
fn quiet_keeps_violations_and_the_verdict() {
    let quiet = TerminalOptions { quiet: true, ..TerminalOptions::default() };
    let text = shown(&testing::events(), quiet);
    assert!(text.contains("VIOLATED") && text.contains("NONCONFORMANT") && text.contains("INTERNAL ERROR"), "{text}");
    assert!(!text.contains("WARNED") && !text.contains("setspec: receiver") && !text.contains("untested\n"), "{text}");
}

#[test]
fn a_report_is_summarized_like_its_run() {
    let events = testing::events();
    let mut out = Vec::new();
    summarize(&mut out, &testing::report(), TerminalOptions::default()).expect("a vector takes everything");
    let text = shown(&events, TerminalOptions::default());
    assert!(text.ends_with(&String::from_utf8(out).expect("text")), "{text}");
}

#[test]
fn long_values_are_cut() {
    let report = testing::with_texts(&testing::report(), &|text| {
        if text == "200" { "y".repeat(100_000) } else { text.to_owned() }
    });
    let mut out = Vec::new();
    summarize(&mut out, &report, TerminalOptions::default()).expect("a vector takes everything");
    assert!(out.len() < 10_000, "{}", out.len());
}
