//! What a mock lets its page do.

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::peer::ssf::{EventRequest, Status};

/// A mock as its page sees it.
pub(in crate::cli::mock) trait Desk: Send + Sync {
    /// What does not change: `{mock, title, facts: [[name, value]], events: [[name, uri]], actions: [name]}`.
    fn about(&self) -> Value;

    /// The streams as they are, without secrets.
    fn streams(&self) -> Vec<Value>;

    /// Does it, and says what came of it.
    ///
    /// # Errors
    /// In words, why not.
    fn act(&self, action: Action) -> BoxFuture<'_, Result<Value, String>>;
}

/// What a button asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::cli::mock) enum Action {
    /// An event is to be sent.
    Emit { event: Box<EventRequest> },
    /// A stream is to have this status.
    Status {
        stream_id: String,
        status: StatusName,
        #[serde(default)]
        reason: Option<String>,
    },
    /// A verification event is to be sent, or asked for.
    Verify { stream_id: String },
    /// SETs are to be signed with a new key.
    RotateKey {},
    /// A deviation is to be on, or off.
    Deviate { id: String, on: bool },
    /// Every deviation that can be switched is to be off.
    Conform {},
    /// What was seen is to be forgotten.
    Clear {},
}

/// A status by its name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::cli::mock) struct StatusName(pub Status);

impl TryFrom<String> for StatusName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

/// A member of what a mock says of itself.
pub(in crate::cli::mock) fn about(mock: &str, facts: &[(&str, String)], more: Map<String, Value>) -> Value {
    let mut about = serde_json::json!({ "mock": mock, "facts": facts });
    if let Value::Object(members) = &mut about {
        members.extend(more);
    }
    about
}
