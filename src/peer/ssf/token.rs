//! The token endpoint: the client credentials grant (RFC 6749 section 4.4).

use std::sync::PoisonError;

use serde_json::json;
use tokio::time::Instant;

use super::auth::same;
use super::client_auth;
use super::state::{IssuedToken, Shared};
use super::{Answer, RequestFacts};

/// Lets its bearer look, and change nothing.
const READ: &str = "ssf.read";
/// Lets its bearer do everything.
const MANAGE: &str = "ssf.manage";
/// Both.
pub(super) const SCOPES: [&str; 2] = [READ, MANAGE];

/// The parameters of a request, each of which may occur once (RFC 6749 section 3.2).
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn has_duplicates(&self) -> bool {
        self.0.iter().enumerate().any(|(at, (name, _))| self.0[..at].iter().any(|(known, _)| known == name))
    }
}

/// The form of a request, and the receiver whose client sent it.
fn taken_apart(shared: &Shared, facts: &RequestFacts) -> Result<(Form, usize), Answer> {
    // No request has more parameters than this, and comparing them all has to stay cheap.
    let form = Form(url::form_urlencoded::parse(&facts.body).into_owned().take(64).collect());
    if form.has_duplicates() {
        return Err(error(400, "invalid_request", "expected each parameter once, got one twice"));
    }
    match client_auth::receiver(shared, facts, &form) {
        Ok(receiver) => Ok((form, receiver)),
        Err(client_auth::Refused::TwoWays) => {
            Err(error(400, "invalid_request", "expected one way of authentication, got two"))
        }
        Err(client_auth::Refused::Unknown(why)) => Err(error(401, "invalid_client", &why)),
    }
}

/// Ends a token before its time (RFC 7009). One that is not known, or is another client's, changes nothing.
pub(super) fn revoke(shared: &Shared, facts: &RequestFacts) -> Answer {
    let (form, receiver) = match taken_apart(shared, facts) {
        Ok(apart) => apart,
        Err(answer) => return answer,
    };
    let Some(token) = form.get("token") else {
        return error(400, "invalid_request", "token: expected the token that is to end, got nothing");
    };
    if !shared.options.behaviour().accepts_expired_tokens {
        let mut issued = shared.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|known| known.receiver != receiver || !same(known.token.as_bytes(), token.as_bytes()));
    }
    Answer::empty(200)
}

/// Grants a token. Errors are those of RFC 6749 section 5.2.
pub(super) fn grant(shared: &Shared, facts: &RequestFacts) -> Answer {
    let (form, receiver) = match taken_apart(shared, facts) {
        Ok(apart) => apart,
        Err(answer) => return answer,
    };
    match form.get("grant_type") {
        Some("client_credentials") => {}
        None => return error(400, "invalid_request", "grant_type: expected client_credentials, got nothing"),
        Some(_) => return error(400, "unsupported_grant_type", "grant_type: expected client_credentials"),
    }
    let everything = format!("{READ} {MANAGE}");
    let asked = form.get("scope").unwrap_or(&everything);
    let granted: Vec<&str> = asked.split_whitespace().filter(|scope| SCOPES.contains(scope)).collect();
    if granted.is_empty() {
        return error(400, "invalid_scope", "scope: expected ssf.read or ssf.manage");
    }
    let read_only = shared.options.receivers[receiver].read_only || !granted.contains(&MANAGE);
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

fn error(status: u16, code: &str, description: &str) -> Answer {
    let answer = Answer::of_json(status, &json!({ "error": code, "error_description": description }));
    if status == 401 { answer.with("WWW-Authenticate", r#"Basic realm="setspec""#) } else { answer }
}
