//! The hook as a command of the operator.

use serde_json::Value;

use super::{Ask, CommandHook};
use crate::run::command::{self, Variables};

/// Members of the ask, and the variables that hold them.
const VARIABLES: [(&str, &str); 7] = [
    ("ask", "SETSPEC_ASK"),
    ("issuer", "SETSPEC_ISSUER"),
    ("event", "SETSPEC_EVENT"),
    ("subject", "SETSPEC_SUBJECT"),
    ("payload", "SETSPEC_PAYLOAD"),
    ("stream_id", "SETSPEC_STREAM_ID"),
    ("status", "SETSPEC_STATUS"),
];

/// Runs it to its end, without a shell; dropped before that, it is killed.
pub(super) async fn run(hook: &CommandHook, ask: &Ask, issuer: &str) -> Result<(), String> {
    let ask = ask.value(issuer);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let variables: Variables =
        VARIABLES.iter().map(|(member, variable)| (*variable, ask.get(*member).map(text))).collect();
    command::run(&hook.words, &variables, &ask.to_string()).await.map(drop)
}
