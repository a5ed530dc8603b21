//! What a receiver says of a SET: the variable `outcome`, whatever the method.

use serde_json::{Value, json};

use crate::http::Exchange;
use crate::set::json;

/// What came of a SET that was given to a receiver.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// `ack`, `error` or `none`.
    pub by: &'static str,
    /// The member `err`, where one was given.
    pub err: Value,
    /// The member `description`, where one was given.
    pub description: Value,
    /// The Content-Language of the message that said it.
    pub language: Option<String>,
    /// The status code, where the SET was pushed.
    pub status: Option<u16>,
    /// Seconds from the SET to its settlement.
    pub elapsed: Option<f64>,
}

impl Outcome {
    /// Nothing was said of it.
    pub fn none() -> Self {
        Self { by: "none", ..Self::default() }
    }

    pub fn value(&self) -> Value {
        json!({
            "by": self.by,
            "err": self.err,
            "description": self.description,
            "language": self.language,
            "status": self.status,
            "elapsed": self.elapsed,
        })
    }
}

/// The answer to a push (RFC 8935 sections 2.2 and 2.3).
pub(crate) fn of_push(exchange: &Exchange) -> Outcome {
    let Some(response) = &exchange.response else { return Outcome::none() };
    let said = json::parse(&response.body).map(|parsed| parsed.value).unwrap_or(Value::Null);
    let member = |name: &str| said.get(name).cloned().unwrap_or(Value::Null);
    let accepted = (200..300).contains(&response.status);
    Outcome {
        by: if accepted { "ack" } else { "error" },
        err: member("err"),
        description: member("description"),
        language: response.headers.get("content-language").map(str::to_owned),
        status: Some(response.status),
        elapsed: Some(exchange.seconds()),
    }
}
