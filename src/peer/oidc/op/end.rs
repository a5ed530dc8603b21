//! The end of a session (RP-Initiated Logout section 2): the relying parties are told, then the browser is sent back.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::sessions::Refresh;
use super::{COOKIE, Call, Shared, logout};
use crate::peer::answer::Answer;
use crate::peer::oidc::answer::{form, page, redirect};
use crate::peer::oidc::cookie;
use crate::set::{Jwks, Token, verify};

pub(super) async fn answer(shared: &Arc<Shared>, call: &Call) -> Answer {
    if shared.behaviours.has("asks-before-it-logs-out") && !(call.method == "POST" && call.get("logout") == Some("yes"))
    {
        return form(
            "Log out",
            "<button name=\"stay\" value=\"no\">Stay</button><button name=\"logout\" value=\"yes\">Log out</button>",
        );
    }
    // The session of the browser is the one that it wants to end; the hint serves those that come without one.
    let here = cookie::find(&call.headers, COOKIE).filter(|cookie| shared.sessions.find(cookie).is_some());
    let session = here.map(str::to_owned).or_else(|| call.get("id_token_hint").and_then(|hint| hinted(shared, hint)));
    if let Some((cookie, session)) = session.and_then(|cookie| Some((cookie.clone(), shared.sessions.end(&cookie)?))) {
        let behaviours = &shared.behaviours;
        let (keeps, all) = (behaviours.has("keeps-refresh-tokens"), behaviours.has("revokes-offline-access"));
        // Section 2.7: those with offline_access outlive the session.
        let revoked = |refresh: &Refresh| if refresh.offline { all } else { !keeps };
        shared.sessions.revoke(&cookie, revoked, behaviours.has("takes-its-time-to-revoke"));
        logout::tell(shared, &session).await;
    }
    let stays = shared.behaviours.has("does-not-send-browsers-back");
    let back = call.get("post_logout_redirect_uri").and_then(|uri| Url::parse(uri).ok()).filter(|_| !stays);
    let answer = match back {
        Some(mut url) => {
            if let Some(state) = call.get("state") {
                url.query_pairs_mut().append_pair("state", state);
            }
            redirect(url.as_str())
        }
        None => page(200, "You are logged out."),
    };
    answer.with("Set-Cookie", &cookie::remove(COOKIE))
}

/// The cookie of the session that one of our own ID Tokens was given for.
fn hinted(shared: &Shared, hint: &str) -> Option<String> {
    let token = Token::parse(hint);
    let keys = Jwks::for_keys(&[&shared.options.key]).ok()?;
    verify(&token, &keys).is_valid().then_some(())?;
    let sid = token.claims.as_ref()?.get("sid").and_then(Value::as_str)?;
    shared.sessions.by_sid(sid)
}
