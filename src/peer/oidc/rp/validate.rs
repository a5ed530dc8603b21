//! The validation of logout tokens (Back-Channel Logout section 2.6).

use serde_json::Value;

use super::Shared;
use crate::peer::oidc::LOGOUT_EVENT;
use crate::set::{Signature, Token, verify};
use crate::suite::model::deviation::Check;

/// Seconds by which clocks may differ.
pub(super) const SKEW: f64 = 60.0;

/// Why a logout token is refused: the check that it did not pass, and what is wrong, in one English sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub check: Check,
    pub description: String,
}

/// Validates in the order of the section; a check for which `skips` is true is left out.
pub(super) async fn validate(
    shared: &Shared,
    token: &Token,
    skips: &(dyn Fn(Check) -> bool + Sync),
) -> Result<(), Refusal> {
    let refuse = |check: Check, description: &str| {
        if skips(check) { Ok(()) } else { Err(Refusal { check, description: description.to_owned() }) }
    };
    let expect = |holds: bool, check: Check, description: &str| {
        if holds { Ok(()) } else { refuse(check, description) }
    };
    let Some(Value::Object(claims)) = &token.claims else {
        return Err(Refusal { check: Check::Parse, description: "Not a JWT.".to_owned() });
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    if let Some(defect) = token.defects.iter().find(|defect| defect.code() != "surrounding-whitespace") {
        refuse(Check::Parse, &format!("Not a JWT: {defect}."))?;
    }
    if !skips(Check::Signature) {
        authentic(shared, token).await.map_err(|description| Refusal { check: Check::Signature, description })?;
    }
    let alg = token.header.as_ref().and_then(|header| header.get("alg")).and_then(Value::as_str);
    let registered = shared.options.alg.to_string();
    expect(alg == Some(registered.as_str()), Check::Algorithm, "The algorithm is not the registered one.")?;
    expect(text("iss") == Some(shared.provider.issuer()), Check::Issuer, "The issuer is not our provider.")?;
    expect(names_us(claims.get("aud"), shared.provider.client_id()), Check::Audience, "The token is not for us.")?;
    expect(number("iat").is_some(), Check::Iat, "The claim iat is missing or not a number.")?;
    expect(
        number("exp").is_some_and(|exp| exp > now() - SKEW),
        Check::Expiry,
        "The token has no exp, or has expired.",
    )?;
    let names = text("sub").is_some() || text("sid").is_some();
    let clean = ["sub", "sid"].iter().all(|name| claims.get(*name).is_none_or(Value::is_string));
    expect(names && clean, Check::Subject, "Neither sub nor sid says whose session it is.")?;
    let event = claims.get("events").and_then(Value::as_object).and_then(|events| events.get(LOGOUT_EVENT));
    expect(event.is_some(), Check::Events, "The claim events does not call it a logout token.")?;
    expect(event.is_none_or(Value::is_object), Check::EventObject, "The event is no object.")?;
    expect(!claims.contains_key("nonce"), Check::Nonce, "A logout token has no nonce.")?;
    expect(text("jti").is_some_and(|jti| !jti.is_empty()), Check::Jti, "The claim jti is missing.")?;
    let repeated = text("jti").is_some_and(|jti| shared.sessions.is_repeated(jti));
    expect(!repeated, Check::Replay, "This token came before.")?;
    if shared.behaviours.has("reads-sid-as-a-uuid") {
        let fits = text("sid").is_none_or(|sid| uuid::Uuid::parse_str(sid).is_ok());
        expect(fits, Check::Subject, "The sid is no UUID.")?;
    }
    Ok(())
}

async fn authentic(shared: &Shared, token: &Token) -> Result<(), String> {
    let keys = shared.provider.keys_for(token.kid()).await.map_err(|error| format!("No keys: {error}."))?;
    match verify(token, &keys) {
        Signature::Valid { .. } => Ok(()),
        Signature::Unsecured => Err("The token is not signed.".to_owned()),
        other => Err(format!("The signature does not verify: {}.", other.reason().unwrap_or("no reason"))),
    }
}

pub(super) fn names_us(aud: Option<&Value>, us: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == us,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(us)),
        _ => false,
    }
}

pub(super) fn now() -> f64 {
    jiff::Timestamp::now().as_second() as f64
}
