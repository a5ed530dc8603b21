//! The answer to a token request (RFC 6749 sections 5.1 and 5.2).

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::talk::{Talk, shown};
use crate::http::Exchange;
use crate::set::{Token, json};

/// The longest token, in bytes: what a header field can hold with most servers.
const LONGEST_TOKEN: usize = 8192;

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The longest text of theirs in a text of ours, in characters.
const LONGEST_QUOTE: usize = 200;

/// No token is used longer than this.
const LONGEST_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// Members whose values are secrets, whether they are asked for or not.
const SECRETS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// A token.
#[derive(Debug)]
pub(super) struct Granted {
    pub token: String,
    /// How long it lasts, if the answer says so.
    pub lifetime: Option<Duration>,
    /// Its scope, if the answer or the token says so.
    pub scope: Option<String>,
}

/// Takes the answer apart; what is secret in it is hidden from the records, also where it is refused.
pub(super) fn read(talk: &mut Talk<'_>, endpoint: &Url, exchange: &Exchange) -> Result<Granted, String> {
    granted(talk, exchange).map_err(|why| format!("token endpoint {}: {why}", shown(endpoint)))
}

fn granted(talk: &mut Talk<'_>, exchange: &Exchange) -> Result<Granted, String> {
    let document = object(exchange);
    hide(talk, exchange, document.as_ref().ok());
    let Some(response) = &exchange.response else {
        return Err(exchange.failure.as_ref().map_or_else(|| "no answer came".to_owned(), ToString::to_string));
    };
    match (response.status, &document) {
        (200, _) => {}
        (status @ 300..=399, _) => {
            return Err(format!("expected status 200, got {status}: credentials do not follow a redirect"));
        }
        (status, Ok(members)) => return Err(refusal(status, members)),
        (status, Err(_)) => return Err(format!("expected status 200, got {status}")),
    }
    let members = document?;
    let token = token(&members)?;
    Ok(Granted { scope: scope(&members, &token), lifetime: lifetime(&members)?, token })
}

/// RFC 6749 section 5.1 lets an answer leave it out. A token that is a JWT names it by the claim of RFC 9068 section 2.2.3, or by an
/// older name of it.
fn scope(members: &Map<String, Value>, token: &str) -> Option<String> {
    if let Some(scope) = members.get("scope") {
        return scope.as_str().map(str::to_owned);
    }
    let claims = Token::parse(token).claims?;
    match claims.get("scope").or_else(|| claims.get("scp"))? {
        Value::String(scope) => Some(scope.clone()),
        Value::Array(scopes) => Some(scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

/// Why the end of a token was not taken (RFC 7009 section 2.2), if it was not.
pub(super) fn ended(endpoint: &Url, exchange: &Exchange) -> Result<(), String> {
    let why = match &exchange.response {
        Some(response) if response.status == 200 => return Ok(()),
        Some(response) => match object(exchange) {
            Ok(members) => refusal(response.status, &members),
            Err(_) => format!("expected status 200, got {}", response.status),
        },
        None => exchange.failure.as_ref().map_or_else(|| "no answer came".to_owned(), ToString::to_string),
    };
    Err(format!("revocation endpoint {}: {why}", shown(endpoint)))
}

/// Takes what is secret in an answer out of the records.
fn hide(talk: &mut Talk<'_>, exchange: &Exchange, document: Option<&Map<String, Value>>) {
    let secrets = || document.into_iter().flat_map(|members| SECRETS.iter().filter_map(|name| members.get(*name)));
    let found = document.is_some() && secrets().all(|secret| secret.as_str().is_none_or(|s| s.len() <= LONGEST_TOKEN));
    let granting = exchange.status().is_some_and(|status| (200..300).contains(&status));
    match (found, granting) {
        (true, _) => secrets().filter_map(Value::as_str).for_each(|secret| talk.hide(secret)),
        // A token may be in it all the same.
        (false, true) => talk.hide_last_answer(),
        (false, false) => {}
    }
}

/// The JSON object of an answer, or what came in its place.
pub(super) fn object(exchange: &Exchange) -> Result<Map<String, Value>, String> {
    let Some(response) = &exchange.response else { return Err("no answer came".to_owned()) };
    if response.truncated || response.body.len() > LONGEST_ANSWER {
        return Err(format!("expected at most {LONGEST_ANSWER} bytes, got more"));
    }
    if let Some(failure) = &exchange.failure {
        return Err(failure.to_string());
    }
    match json::parse(&response.body) {
        Ok(parsed) => match parsed.value {
            Value::Object(members) => Ok(members),
            other => Err(format!("expected a JSON object, got {}", json::kind(&other))),
        },
        Err(_) => {
            let size = response.body.len();
            let kind = response.media_type().map_or_else(|| "no Content-Type".to_owned(), |kind| quote(&kind));
            Err(format!("expected a JSON object, got something else ({kind}, {size} bytes)"))
        }
    }
}

/// The error response of RFC 6749 section 5.2.
fn refusal(status: u16, members: &Map<String, Value>) -> String {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(quote);
    let code = text("error").map_or_else(String::new, |code| format!(" and the error {code}"));
    let why = text("error_description").map_or_else(String::new, |why| format!(": {why}"));
    format!("expected status 200, got {status}{code}{why}")
}

fn token(members: &Map<String, Value>) -> Result<String, String> {
    let token = match members.get("access_token") {
        Some(Value::String(token)) => token,
        other => return Err(format!("access_token: expected a string, got {}", kind(other))),
    };
    if token.is_empty() || token.len() > LONGEST_TOKEN {
        return Err(format!("access_token: expected 1 to {LONGEST_TOKEN} bytes, got {}", token.len()));
    }
    // RFC 6749 appendix A.12; a space or a line break would end the credential, or the header.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("access_token: expected visible ASCII characters only, got others too".to_owned());
    }
    match members.get("token_type") {
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => Ok(token.clone()),
        Some(Value::String(other)) => Err(format!("token_type: expected Bearer, got {}", quote(other))),
        other => Err(format!("token_type: expected Bearer, got {}", kind(other))),
    }
}

fn lifetime(members: &Map<String, Value>) -> Result<Option<Duration>, String> {
    let Some(value) = members.get("expires_in") else { return Ok(None) };
    let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0);
    let seconds = seconds.ok_or_else(|| match value {
        Value::Number(number) => format!("expires_in: expected seconds, got {number}"),
        other => format!("expires_in: expected a number of seconds, got {}", json::kind(other)),
    })?;
    Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_LIFETIME).min(LONGEST_LIFETIME)))
}

fn kind(value: Option<&Value>) -> &'static str {
    value.map_or("nothing", json::kind)
}

/// A text of theirs, of bounded length and without control characters.
pub(super) fn quote(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST_QUOTE).collect();
    if cut.len() < text.len() {
        cut.push('\u{2026}');
    }
    format!("{cut:?}")
}
