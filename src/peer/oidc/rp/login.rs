//! The login: to the provider with a code challenge, and back with a code (OpenID Connect Core section 3.1).

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use super::provider::Identity;
use super::sessions::{Pending, Session};
use super::{COOKIE, Shared, validate};
use crate::http::RequestSpec;
use crate::peer::answer::Answer;
use crate::peer::oidc::answer::{page, redirect};
use crate::peer::oidc::{FORM, LOGOUT_EVENT, cookie, random};
use crate::set::{Signature, verify};

/// The cookie that binds a login to the browser that began it.
const LOGIN_COOKIE: &str = "setspec_rp_login";

/// Sends the browser to the provider.
pub(super) async fn begin(shared: &Shared, query: &Map<String, Value>) -> Answer {
    let known = match shared.known().await {
        Ok(known) => known,
        Err(_) => return page(502, "The provider cannot be asked."),
    };
    // Browsers are sent on to the provider that it is itself, and nowhere else.
    let ours = shared.options.downstream.as_ref().map(|op| format!("{}/", op.issuer()));
    let then = query.get("then").and_then(Value::as_str).filter(|to| ours.is_some_and(|ours| to.starts_with(&ours)));
    let pending =
        Pending { nonce: random(), verifier: format!("{}{}", random(), random()), then: then.map(str::to_owned) };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pending.verifier.as_bytes()));
    let nonce = pending.nonce.clone();
    let state = shared.sessions.begin(pending);
    let mut url = known.authorization_endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", shared.provider.client_id())
        .append_pair("redirect_uri", &shared.url("/callback"))
        .append_pair("scope", "openid")
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    redirect(url.as_str()).with("Set-Cookie", &cookie::set(LOGIN_COOKIE, &state))
}

/// Takes the code of the provider, and lets the browser in.
pub(super) async fn finish(shared: &Shared, headers: &HeaderMap, query: &Map<String, Value>) -> Answer {
    let get = |name: &str| query.get(name).and_then(Value::as_str);
    let state = get("state").filter(|state| cookie::find(headers, LOGIN_COOKIE) == Some(state));
    let Some(pending) = state.and_then(|state| shared.sessions.take(state)) else {
        return page(400, "This login was not begun by this browser.");
    };
    let Some(code) = get("code") else {
        return page(400, "The provider sent no code.");
    };
    match redeem(shared, code, &pending).await {
        Ok(session) => {
            let cookie = shared.sessions.enter(session);
            redirect(&pending.then.unwrap_or_else(|| shared.url("/protected")))
                .with("Set-Cookie", &cookie::set(COOKIE, &cookie))
                .with("Set-Cookie", &cookie::remove(LOGIN_COOKIE))
        }
        Err(why) => page(400, why),
    }
}

async fn redeem(shared: &Shared, code: &str, pending: &Pending) -> Result<Session, &'static str> {
    let unreachable = "The provider cannot be asked.";
    let known = shared.known().await.map_err(|_| unreachable)?;
    let spec = RequestSpec::new("POST", known.token_endpoint.clone())
        .header("Content-Type", FORM)
        .header("Accept", "application/json")
        .body(form(shared, &known.identity, code, &pending.verifier));
    let answer = shared.provider.fetch(spec, 200).await.map_err(|_| "The provider gave no tokens.")?;
    let id_token = answer.get("id_token").and_then(Value::as_str).ok_or("The provider gave no ID Token.")?;
    session(shared, id_token, &pending.nonce).await
}

/// The token request (OpenID Connect Core section 3.1.3.1).
fn form(shared: &Shared, identity: &Identity, code: &str, verifier: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &shared.url("/callback"))
        .append_pair("code_verifier", verifier)
        .append_pair("client_id", shared.provider.client_id());
    if let Some(secret) = &identity.secret {
        form.append_pair("client_secret", secret.expose_secret());
    }
    form.finish()
}

/// Validates an ID Token (OpenID Connect Core section 3.1.3.7).
async fn session(shared: &Shared, id_token: &str, nonce: &str) -> Result<Session, &'static str> {
    let (token, was_encrypted) = shared.opened(id_token);
    if shared.options.encryption.is_some() && !was_encrypted {
        return Err("The ID Token is not encrypted.");
    }
    let keys = shared.provider.keys_for(token.kid()).await.map_err(|_| "The keys cannot be had.")?;
    if !matches!(verify(&token, &keys), Signature::Valid { .. }) {
        return Err("The signature of the ID Token does not verify.");
    }
    let claim = |name: &str| token.claims.as_ref().and_then(|claims| claims.get(name));
    let text = |name: &str| claim(name).and_then(Value::as_str);
    let is_logout = claim("events").and_then(|events| events.get(LOGOUT_EVENT)).is_some();
    let lax = shared.behaviours.has("takes-logout-tokens-as-id-tokens") && is_logout;
    let is_ours = text("iss") == Some(shared.provider.issuer())
        && validate::names_us(claim("aud"), shared.provider.client_id())
        && claim("exp").and_then(Value::as_f64).is_some_and(|exp| exp > validate::now() - validate::SKEW)
        && (lax || (text("nonce") == Some(nonce) && !is_logout));
    match text("sub").filter(|_| is_ours) {
        Some(sub) => Ok(Session { sub: sub.to_owned(), sid: text("sid").map(str::to_owned) }),
        None => Err("The ID Token is not for this login."),
    }
}
