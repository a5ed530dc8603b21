//! The back-channel logout endpoint: the request (section 2.5), the actions (2.7) and the response (2.8).

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::Shared;
use super::sessions::Named;
use super::validate::{Refusal, validate};
use crate::expr::Scope;
use crate::peer::answer::Answer;
use crate::peer::message::{object_or_null, parameters, set_value};
use crate::peer::oidc::FORM;
use crate::peer::tamper::Incoming;
use crate::set::{Signature, Token};
use crate::suite::model::deviation::Check;

/// A logout request, taken apart.
struct Asked<'a> {
    incoming: Incoming<'a>,
    form: Map<String, Value>,
    is_form: bool,
    was_encrypted: bool,
}

pub(super) async fn answer(shared: &Shared, method: &Method, headers: &HeaderMap, body: &Bytes) -> Answer {
    let form = parameters(body);
    let text = form.get("logout_token").and_then(Value::as_str).unwrap_or_default();
    let (token, was_encrypted) =
        if shared.behaviours.has("does-not-decrypt") { (Token::parse(text), false) } else { shared.opened(text) };
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM));
    let incoming = Incoming { method, headers, body, token: &token, repeated: false };
    let asked = Asked { incoming, form: form.clone(), is_form, was_encrypted };
    let verdict = decide(shared, &asked).await;
    let claims = object_or_null(token.claims.as_ref());
    let named = Named { sub: claims["sub"].as_str(), sid: claims["sid"].as_str() };
    let (fault, answer) = match &verdict {
        Ok(()) => {
            let answer = act(shared, named).await;
            shared.sessions.remember(claims["jti"].as_str().unwrap_or_default());
            ("", answer)
        }
        Err(refusal) => {
            if shared.behaviours.has("ends-sessions-before-it-looks") {
                shared.sessions.end(named, usize::MAX);
            }
            (refusal.check.name(), refused(&refusal.description))
        }
    };
    let scope = Scope::new()
        .with("request", json!({ "method": method.as_str(), "form": form }))
        .with("set", set_value(&token, &Signature::NotChecked))
        .with("header", object_or_null(token.header.as_ref()))
        .with("claims", claims)
        .with("fault", json!(fault));
    shared.options.tamper.reply("logout", answer, &scope)
}

async fn decide(shared: &Shared, asked: &Asked<'_>) -> Result<(), Refusal> {
    if shared.behaviours.has("takes-every-token") {
        return Ok(());
    }
    let skips = |check: Check| shared.options.tamper.ignores(check, &asked.incoming);
    let refuse = |check: Check, description: &str| Err(Refusal { check, description: description.to_owned() });
    if asked.incoming.method != Method::POST {
        return refuse(Check::Parse, "A logout request is a POST.");
    }
    if shared.behaviours.has("refuses-every-token") {
        return refuse(Check::Signature, "No token is good enough.");
    }
    if !asked.is_form && !skips(Check::MediaType) {
        return refuse(Check::MediaType, "The body is not called a form.");
    }
    if !asked.form.contains_key("logout_token") {
        return refuse(Check::Parse, "The form has no logout_token.");
    }
    let takes_plain = ["takes-plain-tokens", "does-not-decrypt"].iter().any(|name| shared.behaviours.has(name));
    if shared.options.encryption.is_some() && !asked.was_encrypted && !takes_plain {
        return refuse(Check::Parse, "The token is not encrypted.");
    }
    validate(shared, asked.incoming.token, &skips).await?;
    let behaviours = &shared.behaviours;
    let sid = asked.incoming.token.claims.as_ref().and_then(|claims| claims.get("sid"));
    if behaviours.has("requires-sid") && sid.is_none() {
        return refuse(Check::Subject, "The token has no sid, which is required.");
    }
    if behaviours.has("refuses-where-nobody-is-logged-in") {
        let claims = object_or_null(asked.incoming.token.claims.as_ref());
        let named = Named { sub: claims["sub"].as_str(), sid: claims["sid"].as_str() };
        if !shared.sessions.knows(named) {
            return refuse(Check::Subject, "No such session.");
        }
    }
    Ok(())
}

/// Ends the sessions that are named; where there is none any more, that is as good (section 2.7).
async fn act(shared: &Shared, named: Named<'_>) -> Answer {
    let behaviours = &shared.behaviours;
    let sessions = &shared.sessions;
    let knows = sessions.knows(named);
    let keeps = ["keeps-sessions", "takes-every-token"].iter().any(|name| behaviours.has(name))
        || (behaviours.has("keeps-sessions-named-by-sid") && named.sub.is_none())
        || (behaviours.has("keeps-sessions-named-by-sub") && named.sid.is_none());
    let ended = if keeps {
        Vec::new()
    } else if behaviours.has("ends-the-sessions-of-everybody") {
        sessions.end_all()
    } else if behaviours.has("ends-every-session-of-the-user") {
        let user = named.sub.map(str::to_owned).or_else(|| named.sid.and_then(|sid| sessions.user_of(sid)));
        user.map(|sub| sessions.end(Named { sub: Some(&sub), sid: None }, usize::MAX)).unwrap_or_default()
    } else {
        let one = behaviours.has("ends-one-session-of-a-user") && named.sid.is_none();
        sessions.end(named, if one { 1 } else { usize::MAX })
    };
    if let Some(op) = shared.options.downstream.as_ref().filter(|_| !behaviours.has("tells-nobody-behind-it")) {
        for cookie in ended {
            op.end(&cookie).await;
        }
    }
    if !knows && behaviours.has("fails-where-nobody-is-logged-in") {
        return Answer::of_json(500, &json!({ "error": "server_error" }));
    }
    Answer::empty(200)
}

/// The error of section 2.8, in the form of OAuth, which has no quotation marks in descriptions (RFC 6749 section 5.2).
fn refused(description: &str) -> Answer {
    let description = description.replace(['"', '\\'], "'");
    Answer::of_json(400, &json!({ "error": "invalid_request", "error_description": description }))
}
