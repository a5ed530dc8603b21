//! Which client asks for a token (RFC 6749 section 2.3, RFC 7523 section 2.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::auth::same;
use super::options::ClientCredentials;
use super::state::Shared;
use super::token::Form;
use super::{RequestFacts, assertion};

/// The ways that are known (RFC 8414 section 2, OpenID Connect Core section 9).
pub(super) const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// Why it is no client that may have a token.
#[derive(Debug)]
pub(super) enum Refused {
    /// A client authenticates itself in one way only (RFC 6749 section 2.3).
    TwoWays,
    /// In words, without what the client sent.
    Unknown(String),
}

/// The receiver whose client it is.
pub(super) fn receiver(shared: &Shared, facts: &RequestFacts, form: &Form) -> Result<usize, Refused> {
    let id = form.get("client_id");
    let (basic, secret, assertion) = (basic(facts), form.get("client_secret"), form.get("client_assertion"));
    match (basic, secret, assertion) {
        (Some((id, secret)), None, None) => by_secret(shared, &id, &secret),
        (None, Some(secret), None) => by_secret(shared, id.unwrap_or_default(), secret),
        (None, None, Some(assertion)) => match form.get("client_assertion_type") {
            Some(assertion::TYPE) => assertion::receiver(shared, assertion, id).map_err(Refused::Unknown),
            _ => Err(Refused::Unknown(format!("client_assertion_type: expected {}", assertion::TYPE))),
        },
        (None, None, None) => Err(Refused::Unknown(format!("expected {}, got none of them", METHODS.join(" or ")))),
        _ => Err(Refused::TwoWays),
    }
}

fn by_secret(shared: &Shared, id: &str, secret: &str) -> Result<usize, Refused> {
    let is_it = |client: &ClientCredentials| {
        same(client.id.as_bytes(), id.as_bytes()) & same(client.secret.expose_secret().as_bytes(), secret.as_bytes())
    };
    let found = shared.options.receivers.iter().position(|account| account.client.as_ref().is_some_and(is_it));
    found.ok_or_else(|| Refused::Unknown("expected a client that this transmitter knows, got another one".to_owned()))
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
