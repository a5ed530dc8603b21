//! The hook as an HTTP request.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Ask, HttpHook};
use crate::expr::{Scope, Template, Vocabulary};
use crate::http::{Exchange, RequestSpec};
use crate::run::command::last_line;
use crate::run::redact::Redactor;

/// What a body may speak of; what an ask does not have is null.
const MEMBERS: [&str; 7] = ["ask", "issuer", "event", "subject", "payload", "stream_id", "status"];

impl HttpHook {
    /// Compiles a body: a string that is one `${name}` and nothing else becomes that member of the ask, as it is.
    ///
    /// # Errors
    /// If an expression is no expression, or speaks of something that no ask has.
    pub fn body(value: &Value) -> Result<Template, String> {
        Template::compile(value, &Vocabulary::of(MEMBERS)).map_err(|error| error.to_string())
    }
}

/// Sends it; every status from 200 to 299 says that it is done.
pub(super) async fn send(hook: &HttpHook, ask: &Ask, issuer: &str) -> Result<(), String> {
    let value = ask.value(issuer);
    let body = match &hook.body {
        None => value,
        Some(template) => {
            let mut scope = Scope::new();
            for name in MEMBERS {
                scope.set(name, value.get(name).cloned().unwrap_or(Value::Null));
            }
            scope.enter(|entered| template.render(entered)).map_err(|why| format!("the body of the hook: {why}"))?
        }
    };
    let mut redactor = Redactor::new();
    let mut spec = RequestSpec::new(hook.method.clone(), hook.url.clone());
    for (name, value) in &hook.headers {
        redactor.add(value.expose_secret());
        spec = spec.header(name.clone(), value.expose_secret());
    }
    if !matches!(hook.method.as_str(), "GET" | "HEAD") {
        if !hook.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            spec = spec.header("Content-Type", "application/json");
        }
        spec = spec.body(body.to_string());
    }
    let exchange = hook.client.send(spec).await;
    verdict(&exchange, ask).map_err(|why| redactor.text(&why))
}

fn verdict(exchange: &Exchange, ask: &Ask) -> Result<(), String> {
    let Some(response) = &exchange.response else {
        let why = exchange.failure.as_ref().map_or("no answer came", |failure| &failure.message);
        return Err(format!("the hook: {why}"));
    };
    match response.status {
        200..=299 => Ok(()),
        501 => Err(format!("the hook does not do `{}` (it answers 501)", ask.name())),
        other => {
            let said = last_line(&response.body).map_or_else(String::new, |line| format!(": {line}"));
            Err(format!("the hook: expected a status from 200 to 299, got {other}{said}"))
        }
    }
}
