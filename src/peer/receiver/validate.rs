//! What the receiver checks before it takes a SET (RFC 8935 section 2), in this order.

use axum::http::{HeaderMap, Method};
use serde_json::Value;

use super::{Inspector, ReceiverOptions, credential_fits};
use crate::expr::formats;
use crate::peer::tamper::{Incoming, Tamper};
use crate::set::{Jwks, Signature, Token, verify};
use crate::suite::model::deviation::Check;

/// The largest SET that is taken, in bytes.
pub(super) const MAX_SET: usize = 1024 * 1024;

/// Seconds by which clocks may differ.
const SKEW: f64 = 60.0;

/// What the receiver makes of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is a SET for us: 202 (RFC 8935 section 2.2).
    Accepted,
    /// It is not taken, for the first reason that was found.
    Refused(Refusal),
    /// Nothing is said of it: the connection is closed. No conformant receiver does so.
    Ignored,
}

/// Why a push is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not a POST.
    Method,
    /// The caller did not authenticate.
    Credential,
    /// The body is larger than any SET that is taken.
    TooLarge,
    /// The body is not called a SET.
    MediaType,
    /// A check of the SET itself failed: the check, the error code and the description.
    Set {
        /// The check that it did not pass.
        check: Check,
        /// The error code of RFC 8935 section 2.4: `invalid_issuer`.
        err: &'static str,
        /// What is wrong, in one English sentence.
        description: String,
    },
    /// It is a SET for us, and what it says cannot be: the error code and the description.
    Content {
        /// The error code: `invalid_state` (SSF section 8.1.4.1).
        err: &'static str,
        /// What is wrong, in one English sentence.
        description: String,
    },
}

impl Refusal {
    /// The check that failed, as deviations and suites name it.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Credential => "credential",
            Self::TooLarge => "size",
            Self::MediaType => "media-type",
            Self::Set { check, .. } => check.name(),
            Self::Content { .. } => "content",
        }
    }

    fn set(check: Check, err: &'static str, description: impl Into<String>) -> Self {
        Self::Set { check, err, description: description.into() }
    }
}

/// Decides on a push: `inspector` on the SET itself, if there is one. A check that the tampering leaves out is not made.
pub(super) async fn decide(
    options: &ReceiverOptions,
    tamper: &Tamper,
    inspector: Option<&dyn Inspector>,
    message: &Incoming<'_>,
) -> Verdict {
    let Incoming { method, headers, token, .. } = *message;
    let skips = |check: Check| tamper.ignores(check, message);
    if *method != Method::POST {
        return Verdict::Refused(Refusal::Method);
    }
    if !skips(Check::Credential) && !credential_fits(options.authorization.as_ref(), headers.get("authorization")) {
        return Verdict::Refused(Refusal::Credential);
    }
    if message.body.len() > MAX_SET {
        return Verdict::Refused(Refusal::TooLarge);
    }
    if !skips(Check::MediaType) && !is_secevent(headers) {
        return Verdict::Refused(Refusal::MediaType);
    }
    if let Some(inspector) = inspector {
        return inspector.inspect(token, &skips).await;
    }
    let keys = async { options.keys.keys_for(token.kid()).await.map_err(|error| error.to_string()) };
    let audience: Vec<&str> = options.audience.as_deref().into_iter().collect();
    match check(token, options.issuer.as_deref(), &audience, keys, &skips).await {
        Ok(()) => Verdict::Accepted,
        Err(refusal) => Verdict::Refused(refusal),
    }
}

/// Checks whether a token is a SET of this issuer for one of these names, by whichever way it came. A name that is not given
/// is not checked, and `keys` are not asked for unless all that comes before the signature is well.
pub(crate) async fn check(
    token: &Token,
    issuer: Option<&str>,
    audience: &[&str],
    keys: impl Future<Output = Result<Jwks, String>> + Send,
    skips: &(dyn Fn(Check) -> bool + Sync),
) -> Result<(), Refusal> {
    if !skips(Check::Parse)
        && let Err(description) = parse(token)
    {
        return Err(Refusal::set(Check::Parse, "invalid_request", description));
    }
    let claim = |name: &str| token.claims.as_ref().and_then(|claims| claims.get(name));
    if !skips(Check::Issuer)
        && let Some(trusted) = issuer
        && claim("iss").and_then(Value::as_str) != Some(trusted)
    {
        let description = format!("The issuer is not {trusted}.");
        return Err(Refusal::set(Check::Issuer, "invalid_issuer", description));
    }
    if !skips(Check::Signature)
        && let Err(description) = authentic(token, keys).await
    {
        return Err(Refusal::set(Check::Signature, "invalid_key", description));
    }
    if !skips(Check::Audience) && !audience.is_empty() && !audience.iter().any(|us| names_us(claim("aud"), us)) {
        let description = format!("The SET is not for the audience {}.", audience.join(" or "));
        return Err(Refusal::set(Check::Audience, "invalid_audience", description));
    }
    let expired =
        claim("exp").and_then(Value::as_f64).is_some_and(|exp| exp + SKEW < jiff::Timestamp::now().as_second() as f64);
    if !skips(Check::Expiry) && expired {
        return Err(Refusal::set(Check::Expiry, "invalid_request", "The SET has expired."));
    }
    Ok(())
}

fn is_secevent(headers: &HeaderMap) -> bool {
    headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/secevent+jwt"))
}

/// Whether the token is a SET: a JWT with the claims that RFC 8417 section 2.2 requires, of their types.
fn parse(token: &Token) -> Result<(), String> {
    if let Some(defect) = token.defects.iter().find(|defect| defect.code() != "surrounding-whitespace") {
        return Err(format!("Not a JWT: {defect}."));
    }
    let Some(Value::Object(claims)) = &token.claims else {
        return Err("Not a JWT.".to_owned());
    };
    for name in ["iss", "jti"] {
        if claims.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("The claim {name} is missing or not a string."));
        }
    }
    for name in ["iat", "toe", "exp"] {
        if claims.get(name).is_some_and(|value| !value.is_number()) {
            return Err(format!("The claim {name} is not a number."));
        }
    }
    if !claims.contains_key("iat") {
        return Err("The claim iat is missing.".to_owned());
    }
    if claims.get("txn").is_some_and(|txn| !txn.is_string()) {
        return Err("The claim txn is not a string.".to_owned());
    }
    let Some(Value::Object(events)) = claims.get("events") else {
        return Err("The claim events is missing or not an object.".to_owned());
    };
    if events.is_empty() {
        return Err("The claim events is empty.".to_owned());
    }
    for (name, payload) in events {
        if !formats::is_uri(name) {
            return Err("An event identifier is not a URI.".to_owned());
        }
        if !payload.is_object() {
            return Err("An event payload is not an object.".to_owned());
        }
    }
    Ok(())
}

async fn authentic(token: &Token, keys: impl Future<Output = Result<Jwks, String>> + Send) -> Result<(), String> {
    let keys = keys.await.map_err(|error| format!("No keys: {error}."))?;
    match verify(token, &keys) {
        Signature::Valid { .. } => Ok(()),
        Signature::Unsecured => Err("The SET is not signed.".to_owned()),
        other => Err(format!("The signature does not verify: {}.", other.reason().unwrap_or("no reason"))),
    }
}

fn names_us(aud: Option<&Value>, us: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == us,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(us)),
        _ => false,
    }
}
