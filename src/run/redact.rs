//! What never leaves: secrets are taken out of every event before anybody sees it.

use std::sync::Arc;

use base64::Engine as _;

use super::event::{Event, Finding, Leniency, RequirementResult};
use crate::http::{Exchange, Headers};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Header fields whose values are credentials, whatever they are.
const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// Secrets shorter than this are not searched for: they would hit ordinary words.
const SHORTEST: usize = 4;

/// Knows the secrets of a run and takes them out of texts.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret, and the forms in which a target could echo it.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let mut forms = vec![secret.to_owned()];
        if let Some((scheme, credential)) = secret.split_once(' ') {
            forms.push(credential.trim().to_owned());
            let decoded = base64::engine::general_purpose::STANDARD.decode(credential.trim());
            if scheme.eq_ignore_ascii_case("basic")
                && let Some((_, password)) = decoded
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .as_deref()
                    .and_then(|t| t.split_once(':'))
            {
                forms.push(password.to_owned());
            }
        }
        for form in forms.clone() {
            forms.push(url::form_urlencoded::byte_serialize(form.as_bytes()).collect());
            forms.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(&form));
            forms.push(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&form));
            // As it stands inside a JSON text.
            forms.push(serde_json::Value::from(form.as_str()).to_string().trim_matches('"').to_owned());
        }
        self.secrets.extend(forms.into_iter().filter(|form| form.len() >= SHORTEST));
        // Longer forms first, so that a part does not leave the rest of the whole behind.
        self.secrets.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.secrets.dedup();
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), REDACTED) } else { text }
        })
    }

    fn in_place(&self, text: &mut String) {
        if self.secrets.iter().any(|secret| text.contains(secret.as_str())) {
            *text = self.text(text);
        }
    }

    fn bytes(&self, bytes: &mut Vec<u8>) {
        for secret in &self.secrets {
            let finder = memchr::memmem::Finder::new(secret.as_bytes());
            if finder.find(bytes).is_none() {
                continue;
            }
            let mut kept = Vec::with_capacity(bytes.len());
            let mut from = 0;
            for at in finder.find_iter(bytes) {
                kept.extend_from_slice(&bytes[from..at]);
                kept.extend_from_slice(REDACTED.as_bytes());
                from = at + secret.len();
            }
            kept.extend_from_slice(&bytes[from..]);
            *bytes = kept;
        }
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
            Event::CaseFinished(mut case) => {
                if let Some(reason) = &mut case.reason {
                    self.in_place(reason);
                }
                Event::CaseFinished(case)
            }
            Event::Started(mut started) => {
                self.in_place(&mut started.url);
                Event::Started(started)
            }
            Event::Finished(mut finished) => {
                finished.requirements.iter_mut().for_each(|result| self.requirement(result));
                finished.notes.iter_mut().for_each(|note| self.in_place(note));
                finished.internal_errors.iter_mut().for_each(|error| self.in_place(error));
                Event::Finished(finished)
            }
            other @ Event::CaseStarted { .. } => other,
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} forms)", self.secrets.len())
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
        ] {
            let shown = redactor.text(text);
            for secret in ["s3cr", "hunter22", "dXNlcjpodW50ZXIyMg"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert_eq!(redactor.text("nothing here"), "nothing here");
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
