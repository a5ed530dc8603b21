//! The token endpoint: the client credentials grant (RFC 6749 section 4.4).

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::time::Instant;

use super::auth::same;
use super::state::{IssuedToken, Shared};
use super::{Answer, RequestFacts};

/// Lets its bearer look, and change nothing.
const READ: &str = "ssf.read";
/// Lets its bearer do everything.
const MANAGE: &str = "ssf.manage";

/// Grants a token. Errors are those of RFC 6749 section 5.2.
pub(super) fn grant(shared: &Shared, facts: &RequestFacts) -> Answer {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&facts.body).into_owned().collect();
    let of_form = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let basic = basic(facts);
    let credentials = match (&basic, of_form("client_id"), of_form("client_secret")) {
        (Some(_), _, Some(_)) => return error(400, "invalid_request", "expected one way of authentication, got two"),
        (Some(basic), _, None) => basic.clone(),
        (None, Some(id), Some(secret)) => (id, secret),
        _ => return error(401, "invalid_client", "expected client_secret_basic or client_secret_post, got neither"),
    };
    let mut accounts = shared.options.receivers.iter().enumerate();
    let found = accounts.find(|(_, account)| {
        account.client.as_ref().is_some_and(|client| {
            same(client.id.as_bytes(), credentials.0.as_bytes())
                & same(client.secret.expose_secret().as_bytes(), credentials.1.as_bytes())
        })
    });
    let Some((receiver, account)) = found else {
        return error(401, "invalid_client", "expected a client that this transmitter knows, got another one");
    };
    match of_form("grant_type").as_deref() {
        Some("client_credentials") => {}
        None => return error(400, "invalid_request", "grant_type: expected client_credentials, got nothing"),
        Some(_) => return error(400, "unsupported_grant_type", "grant_type: expected client_credentials"),
    }
    let asked = of_form("scope").unwrap_or_else(|| format!("{READ} {MANAGE}"));
    let granted: Vec<&str> = asked.split_whitespace().filter(|scope| [READ, MANAGE].contains(scope)).collect();
    if granted.is_empty() {
        return error(400, "invalid_scope", "scope: expected ssf.read or ssf.manage");
    }
    let read_only = account.read_only || !granted.contains(&MANAGE);
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let lifetime = shared.options.timing.token_lifetime;
    let mut issued = shared.issued.lock().unwrap_or_else(PoisonError::into_inner);
    if issued.iter().filter(|token| token.receiver == receiver).count() >= shared.options.limits.tokens
        && let Some(oldest) = issued.iter().position(|token| token.receiver == receiver)
    {
        issued.remove(oldest);
    }
    issued.push_back(IssuedToken { token: token.clone(), receiver, read_only, expires: Instant::now() + lifetime });
    let document = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": granted.join(" "),
    });
    Answer::of_json(200, &document).with("Pragma", "no-cache")
}

/// The credentials of RFC 6749 section 2.3.1, where both parts are form-encoded first.
fn basic(facts: &RequestFacts) -> Option<(String, String)> {
    let (scheme, text) = facts.headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        let pair = format!("x={part}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn error(status: u16, code: &str, description: &str) -> Answer {
    let answer = Answer::of_json(status, &json!({ "error": code, "error_description": description }));
    if status == 401 { answer.with("WWW-Authenticate", r#"Basic realm="setspec""#) } else { answer }
}
