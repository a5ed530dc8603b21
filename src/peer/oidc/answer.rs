//! Pages and redirects.

use crate::peer::answer::Answer;

/// A page of one line, which says nothing that came from elsewhere.
pub(super) fn page(status: u16, line: &str) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    Answer { status, headers, body: format!("{line}\n").into_bytes(), ..Answer::default() }
}

/// A page with a form that is sent to its own address; `controls` says nothing that came from elsewhere.
pub(super) fn form(title: &str, controls: &str) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
    let body = format!("<!doctype html><title>{title}</title><form method=\"post\">{controls}</form>\n");
    Answer { status: 200, headers, body: body.into_bytes(), ..Answer::default() }
}

/// Sends a browser elsewhere.
pub(super) fn redirect(to: &str) -> Answer {
    Answer { status: 302, headers: vec![("Location".to_owned(), to.to_owned())], ..Answer::default() }
}
