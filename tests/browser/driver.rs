//! The driver notices what the other tests deny: scripts that run, requests that leave, policies that are breached.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use libtest_mimic::Trial;

use crate::browser::{Look, Page, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("driver/a-script-a-request-and-a-breach-are-seen", a_script_a_request_and_a_breach_are_seen),
        trial("driver/scripts-can-be-off", scripts_can_be_off),
        trial("driver/keys-are-pressed-and-the-mouse-clicks", keys_are_pressed_and_the_mouse_clicks),
        trial("driver/the-look-is-what-was-asked-for", the_look_is_what_was_asked_for),
    ]
}

/// Serves one page at every path, for as long as the test runs; gives its URL.
fn page_at(html: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A request that comes in parts is answered after its first, and a connection that is gone needs no answer.
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n", html.len());
            let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{html}").as_bytes());
        }
    });
    url
}

fn a_script_a_request_and_a_breach_are_seen(page: &mut Page) {
    let url = page_at(
        "<!DOCTYPE html><meta http-equiv=Content-Security-Policy content=\"style-src 'none'\">\
         <body style='color: red'><img src=elsewhere.png><script>alert('ran'); nothing.here</script>",
    );
    page.open(&url);
    let seen = page.seen();
    assert!(seen.requests.contains(&format!("{url}elsewhere.png")), "{seen:?}");
    assert_eq!(seen.dialogs, ["ran"]);
    assert!(seen.complaints.iter().any(|text| text.contains("nothing is not defined")), "{seen:?}");
    assert!(seen.complaints.iter().any(|text| text.contains("style-src")), "{seen:?}");
}

fn scripts_can_be_off(page: &mut Page) {
    let url =
        page_at("<!DOCTYPE html><title>off</title><noscript>none</noscript><script>document.title = 'on'</script>");
    page.open(&url);
    page.wait_until("document.title == 'on'");
    page.scripts(false);
    page.open(&url);
    assert_eq!(page.evaluate("document.title"), "off");
    assert_eq!(page.text(), "none");
}

fn keys_are_pressed_and_the_mouse_clicks(page: &mut Page) {
    page.open(&page_at(
        "<!DOCTYPE html><input id=a><details><summary>more</summary>text</details><input type=checkbox id=c>",
    ));
    page.press("Tab");
    page.type_text("typed");
    page.press("!");
    assert_eq!(page.evaluate("document.activeElement.value"), "typed!");
    page.press("Tab");
    page.press("Enter");
    assert_eq!(page.evaluate("document.querySelector('details').open"), true);
    page.press("Shift+Tab");
    assert_eq!(page.evaluate("document.activeElement.id"), "a");
    page.click("#c");
    assert_eq!(page.evaluate("document.querySelector('#c').checked"), true);
}

fn the_look_is_what_was_asked_for(page: &mut Page) {
    page.open(&page_at("<!DOCTYPE html><meta name=viewport content=width=device-width>"));
    page.look(Look { width: 390, dark: true, print: true, ..Look::default() });
    let matched =
        "['(width: 390px)', '(prefers-color-scheme: dark)', 'print'].every(query => matchMedia(query).matches)";
    assert_eq!(page.evaluate(matched), true);
    page.look(Look::default());
    assert_eq!(page.evaluate("matchMedia('print').matches"), false);
    assert!(page.picture(false).starts_with(b"\x89PNG"));
}
