//! The authorization endpoint (OpenID Connect Core section 3.1.2): everybody is logged in and nobody is asked.

use url::Url;

use super::sessions::Grant;
use super::{COOKIE, Call, Shared, behind};
use crate::peer::answer::Answer;
use crate::peer::oidc::answer::{form, page, redirect};
use crate::peer::oidc::{cookie, random};

/// A code for the relying party, or an error.
pub(super) fn answer(shared: &Shared, call: &Call) -> Answer {
    let Some(client) = call.get("client_id").and_then(|id| shared.client(id)) else {
        return page(400, "Nobody is registered under this client_id.");
    };
    let uri = call.get("redirect_uri").unwrap_or_default();
    let registered = client.redirect_uris.is_empty() || client.redirect_uris.iter().any(|known| known == uri);
    let Some(mut back) = Url::parse(uri).ok().filter(|_| registered) else {
        return page(400, "The redirect_uri is not one that the client has registered.");
    };
    let state = call.get("state");
    if call.get("response_type") != Some("code") || call.get("response_mode").is_some_and(|mode| mode != "query") {
        add(&mut back, &[("error", Some("unsupported_response_type")), ("state", state)]);
        return redirect(back.as_str());
    }
    let elsewhere = match behind::session(shared, call) {
        Some(Err(way)) => return way,
        Some(Ok(cookie)) => Some(cookie),
        None => None,
    };
    let ours = || cookie::find(&call.headers, COOKIE).filter(|cookie| shared.sessions.find(cookie).is_some());
    let known = elsewhere.as_deref().or_else(ours);
    let (session, is_new) = match known {
        Some(cookie) => (cookie.to_owned(), false),
        None if call.get("prompt") == Some("none") => {
            add(&mut back, &[("error", Some("login_required")), ("state", state)]);
            return redirect(back.as_str());
        }
        None if shared.behaviours.has("shows-a-login-page")
            && !(call.method == "POST" && call.get("password").is_some()) =>
        {
            return form(
                "Log in",
                "<input name=\"user\"><input name=\"password\" type=\"password\"><button>Log in</button>",
            );
        }
        None => {
            let user = call.get("login_hint").unwrap_or(&shared.options.user);
            (shared.sessions.admit(user, sid(shared)).cookie, true)
        }
    };
    let code = shared.sessions.grant(Grant {
        client: client.id.clone(),
        redirect_uri: uri.to_owned(),
        nonce: call.get("nonce").map(str::to_owned),
        challenge: call
            .get("code_challenge")
            .map(|challenge| (challenge.to_owned(), call.get("code_challenge_method") == Some("S256"))),
        session: session.clone(),
        offline: call.get("scope").unwrap_or_default().split(' ').any(|scope| scope == "offline_access"),
    });
    add(&mut back, &[("code", Some(&code)), ("state", state)]);
    let answer = redirect(back.as_str());
    if is_new { answer.with("Set-Cookie", &cookie::set(COOKIE, &session)) } else { answer }
}

fn sid(shared: &Shared) -> String {
    if shared.behaviours.has("gives-one-sid-to-all") {
        return "the-session".to_owned();
    }
    let umlaut = if shared.behaviours.has("gives-a-sid-that-is-no-ascii") { "\u{e4}" } else { "" };
    format!("{}{umlaut}", random())
}

fn add(url: &mut Url, parameters: &[(&str, Option<&str>)]) {
    let mut query = url.query_pairs_mut();
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
}
