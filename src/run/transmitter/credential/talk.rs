//! The exchanges with an authorization server, which leave here without secrets.

use url::Url;

use crate::http::{Client, Exchange, RequestSpec};
use crate::run::redact::{REDACTED, Redactor};

/// What is said on the way to one token.
pub(super) struct Talk<'a> {
    client: &'a Client,
    redactor: Redactor,
    exchanges: Vec<Exchange>,
}

impl<'a> Talk<'a> {
    pub fn new(client: &'a Client) -> Self {
        Self { client, redactor: Redactor::new(), exchanges: Vec::new() }
    }

    /// Sends a request and keeps the record.
    pub async fn send(&mut self, spec: RequestSpec) -> Exchange {
        let exchange = self.client.send(spec).await;
        self.exchanges.push(exchange.clone());
        exchange
    }

    /// Takes this out of everything that was and will be said.
    pub fn hide(&mut self, secret: &str) {
        self.redactor.add(secret);
    }

    /// Empties the last answer, which may hold a token at a place where nobody finds it.
    pub fn hide_last_answer(&mut self) {
        if let Some(response) = self.exchanges.last_mut().and_then(|exchange| exchange.response.as_mut()) {
            response.body = REDACTED.as_bytes().to_vec();
            response.extra.clear();
        }
    }

    /// A text without secrets.
    pub fn safe(&self, text: &str) -> String {
        self.redactor.text(text)
    }

    /// The records without secrets.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges.iter().map(|exchange| self.redactor.exchange(exchange)).collect()
    }
}

/// A URL for people: without user, password and query, which may be credentials.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only URLs without a host refuse, and those are not asked.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}
