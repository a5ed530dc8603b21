//! The answers of the transmitter's endpoints.

use serde_json::Value;

pub use crate::peer::answer::Answer;

impl Answer {
    /// A status without a body, not to be stored.
    pub fn empty(status: u16) -> Self {
        let no_store = ("Cache-Control".to_owned(), "no-store".to_owned());
        Self { status, headers: vec![no_store], ..Self::default() }
    }

    /// A JSON document, not to be stored.
    pub fn of_json(status: u16, document: &Value) -> Self {
        let mut answer = Self::empty(status);
        answer.headers.insert(0, ("Content-Type".to_owned(), "application/json".to_owned()));
        answer.body = document.to_string().into_bytes();
        answer
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}
