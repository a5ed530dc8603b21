//! What never leaves: secrets are taken out of every event before anybody sees it.

mod carried;
mod forms;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::bytes::{NoExpand, Regex, RegexBuilder};

use super::event::{Event, Finding, Leniency, RequirementResult};
use crate::http::{Exchange, Headers};
pub(crate) use carried::carried;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Stands where a value was cut off.
const CUT: &str = "\u{2026}";

/// Header fields whose values are credentials, whatever they are.
const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// Secrets shorter than this are not searched for: they would hit ordinary words.
const SHORTEST: usize = 4;

/// The same for what is left of a secret where a text ends.
const SHORTEST_REST: usize = 8;

/// Knows the secrets of a run and takes them out of texts.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longer ones first, so that a part does not leave the rest of the whole behind.
    forms: Vec<String>,
    /// All forms at once.
    search: Option<Regex>,
}

impl Redactor {
    /// Knows no secret yet; header fields that carry credentials are emptied all the same.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret, and the forms in which a target could echo it.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let mut plain = vec![secret.to_owned()];
        if let Some((scheme, credential)) = secret.split_once(' ') {
            plain.push(credential.trim().to_owned());
            let decoded = STANDARD.decode(credential.trim());
            if scheme.eq_ignore_ascii_case("basic")
                && let Some((_, password)) = decoded
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .as_deref()
                    .and_then(|t| t.split_once(':'))
            {
                plain.push(password.to_owned());
            }
        }
        self.forms.extend(plain.iter().flat_map(|text| forms::of(text)).filter(|form| form.len() >= SHORTEST));
        self.forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup();
        let pattern = self.forms.iter().map(|form| regex::escape(form)).collect::<Vec<_>>().join("|");
        self.search = (!self.forms.is_empty())
            .then(|| RegexBuilder::new(&pattern).size_limit(usize::MAX).build().expect("escaped texts are a pattern"));
    }

    /// Whether a secret was added already.
    pub fn knows(&self, secret: &str) -> bool {
        self.forms.iter().any(|form| form == secret.trim())
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.bytes(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        [CUT, "..."].iter().fold(text, |text, mark| self.before(&text, mark))
    }

    fn in_place(&self, text: &mut String) {
        if self.search.is_some() {
            *text = self.text(text);
        }
    }

    fn bytes(&self, bytes: &mut Vec<u8>) {
        let Some(search) = &self.search else { return };
        if search.is_match(bytes) {
            *bytes = search.replace_all(bytes, NoExpand(REDACTED.as_bytes())).into_owned();
        }
        // A text that was cut off may end with the beginning of a secret.
        if let Some(rest) = self.rest(bytes, SHORTEST_REST) {
            bytes.truncate(bytes.len() - rest);
            bytes.extend_from_slice(REDACTED.as_bytes());
        }
    }

    /// The text without beginnings of secrets that stand before a mark which says that something was left out.
    fn before(&self, text: &str, mark: &str) -> String {
        let mut pieces = text.split(mark);
        let mut kept = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let quote = if kept.ends_with('"') { "\"" } else { "" };
            kept.truncate(kept.len() - quote.len());
            if let Some(rest) = self.rest(kept.as_bytes(), SHORTEST) {
                kept.truncate(kept.len() - rest);
                kept.push_str(REDACTED);
            }
            kept.extend([quote, mark, piece]);
        }
        kept
    }

    /// How many bytes at the end are the beginning of a secret.
    fn rest(&self, bytes: &[u8], shortest: usize) -> Option<usize> {
        let last = bytes.last()?;
        let longest_of = |form: &String| {
            let form = form.as_bytes();
            (shortest..form.len().min(bytes.len() + 1))
                .rev()
                // Looking at one byte first saves most of the work.
                .find(|&length| form[length - 1] == *last && bytes.ends_with(&form[..length]))
        };
        self.forms.iter().filter_map(longest_of).max()
    }

    fn headers(&self, headers: &mut Headers) {
        for (name, value) in &mut headers.0 {
            if CREDENTIALS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                *value = REDACTED.to_owned();
            } else {
                self.in_place(value);
            }
            self.in_place(name);
        }
    }

    /// The exchange without secrets.
    pub fn exchange(&self, exchange: &Exchange) -> Exchange {
        let mut exchange = exchange.clone();
        self.in_place(&mut exchange.request.url);
        self.in_place(&mut exchange.request.target);
        self.headers(&mut exchange.request.headers);
        self.bytes(&mut exchange.request.body);
        if let Some(response) = &mut exchange.response {
            self.in_place(&mut response.reason);
            self.headers(&mut response.headers);
            self.bytes(&mut response.body);
            self.bytes(&mut response.extra);
        }
        if let Some(failure) = &mut exchange.failure {
            self.in_place(&mut failure.message);
        }
        exchange
    }

    fn finding(&self, finding: &mut Finding) {
        for text in [&mut finding.message, &mut finding.expected, &mut finding.actual] {
            self.in_place(text);
        }
        if let Some(reproduce) = &mut finding.reproduce {
            self.in_place(reproduce);
        }
    }

    fn leniency(&self, leniency: &mut Leniency) {
        self.in_place(&mut leniency.expected);
        self.in_place(&mut leniency.actual);
    }

    fn requirement(&self, result: &mut RequirementResult) {
        result.findings.iter_mut().for_each(|finding| self.finding(finding));
        result.accepted.iter_mut().for_each(|leniency| self.leniency(leniency));
        if let Some(reason) = &mut result.reason {
            self.in_place(reason);
        }
    }

    /// The event without secrets.
    pub fn event(&self, event: Event) -> Event {
        match event {
            Event::Exchange(exchange) => Event::Exchange(Arc::new(self.exchange(&exchange))),
            Event::Broken { requirement, mut finding } => {
                self.finding(&mut finding);
                Event::Broken { requirement, finding }
            }
            Event::Preflight(mut line) => {
                self.in_place(&mut line.message);
                if let Some(advice) = &mut line.advice {
                    self.in_place(advice);
                }
                Event::Preflight(line)
            }
            Event::Waiting(mut what) => {
                self.in_place(&mut what);
                Event::Waiting(what)
            }
            Event::CaseFinished(mut case) => {
                if let Some(reason) = &mut case.reason {
                    self.in_place(reason);
                }
                Event::CaseFinished(case)
            }
            Event::Started(mut started) => {
                self.in_place(&mut started.url);
                self.in_place(&mut started.command);
                Event::Started(started)
            }
            Event::Finished(mut finished) => {
                finished.requirements.iter_mut().for_each(|result| self.requirement(result));
                finished.notes.iter_mut().for_each(|note| self.in_place(note));
                finished.internal_errors.iter_mut().for_each(|error| self.in_place(error));
                Event::Finished(finished)
            }
            other @ (Event::CaseStarted { .. } | Event::Baseline(_)) => other,
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} forms)", self.forms.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_secret_goes() {
        let mut redactor = Redactor::new();
        redactor.add("Bearer s3cr/et+token");
        redactor.add("Basic dXNlcjpodW50ZXIyMg==");
        for text in [
            "got Bearer s3cr/et+token",
            "token s3cr/et+token!",
            "s3cr%2Fet%2Btoken",
            "password hunter22",
            "dXNlcjpodW50ZXIyMg==",
            "s3cr%2fet%2btoken",
            "s3cr\\/et+token",
            "s3cr/et\\u002Btoken",
            "got Bearer s3cr/e\u{2026} (300 characters)",
            "got \"hunter2\"...",
            "the end is cut: Bearer s3cr/e",
        ] {
            let shown = redactor.text(text);
            for secret in ["s3cr", "hunter22", "dXNlcjpodW50ZXIyMg"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert_eq!(redactor.text("nothing here"), "nothing here");
    }

    #[test]
    fn base64_of_more_than_the_secret_hides_it_too() {
        let mut redactor = Redactor::new();
        redactor.add("Bearer s3cret-token-of-some-length");
        for before in ["", "x", "xy", "xyz", "Authorization: "] {
            let text = STANDARD.encode(format!("{before}Bearer s3cret-token-of-some-length\r\n"));
            let shown = redactor.text(&text);
            assert!(shown.contains(REDACTED) && shown.len() < 50, "{shown}");
        }
    }

    #[test]
    fn a_secret_that_is_part_of_its_replacement_ends() {
        let mut redactor = Redactor::new();
        redactor.add("Bearer redacted");
        let mut body = b"a redacted b redacted".to_vec();
        redactor.bytes(&mut body);
        assert_eq!(body, b"a [redacted] b [redacted]");
    }

    #[test]
    fn credentials_of_an_exchange_go() {
        let mut redactor = Redactor::new();
        redactor.add("Bearer s3cret-token");
        let mut exchange: Exchange = serde_json::from_value(serde_json::json!({
            "id": "x1", "at": "2026-01-01T00:00:00Z", "elapsed_ms": 1.0, "tls": null, "failure": null,
            "request": {"method": "POST", "url": "http://h/?t=s3cret-token", "target": "/", "version": "HTTP/1.1",
                "headers": [["AuthoriZation", "other"], ["X-Echo", "s3cret-token"]], "body": "", "truncated": false},
            "response": {"status": 200, "reason": "", "version": "HTTP/1.1", "headers": [], "body": "you sent s3cret-token", "truncated": false, "extra": ""}
        }))
        .expect("an exchange");
        exchange = redactor.exchange(&exchange);
        let shown = serde_json::to_string(&exchange).expect("serializes");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(!shown.contains("other"), "{shown}");
    }
}
