//! Clients that prove who they are by a signed assertion (RFC 7523, `private_key_jwt`).

use std::collections::VecDeque;
use std::sync::PoisonError;

use aws_lc_rs::digest::{Digest, SHA256, digest};
use serde_json::{Map, Value};

use super::addresses::TOKEN;
use super::state::Shared;
use crate::set::{Alg, Token, verify};

/// The `client_assertion_type` (RFC 7523 section 2.2).
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Assertions that last longer than these seconds are refused, so that none has to be remembered for longer.
const LONGEST: f64 = 3_600.0;
/// How many seconds the clock of a client may be ahead.
const AHEAD: f64 = 60.0;

/// The algorithms that a client may sign with: those with a public key.
pub(super) fn algorithms() -> Vec<&'static str> {
    Alg::ALL.into_iter().filter(|alg| *alg != Alg::Hs256).map(Alg::name).collect()
}

/// An assertion that counted, and counts no more.
#[derive(Debug)]
pub(super) struct Spent {
    receiver: usize,
    /// Of the `jti`, which may be as long as a client likes.
    digest: Digest,
    expires: f64,
}

/// The receiver whose client made the assertion; what is wrong in words otherwise.
pub(super) fn receiver(shared: &Shared, assertion: &str, client_id: Option<&str>) -> Result<usize, String> {
    let token = Token::parse(assertion);
    let claims =
        token.claim_members().filter(|_| token.defects.is_empty()).ok_or("client_assertion: expected a JWT")?;
    let issuer = text(claims, "iss")?;
    if text(claims, "sub")? != issuer || client_id.is_some_and(|id| id != issuer) {
        return Err("client_assertion: expected iss, sub and client_id to be the same".to_owned());
    }
    let clients = shared.options.receivers.iter().map(|account| account.client.as_ref());
    let mut clients = clients.enumerate().filter_map(|(place, client)| Some((place, client?)));
    let (receiver, client) =
        clients.find(|(_, client)| client.id == issuer).ok_or("client_assertion: expected iss to be a known client")?;
    let keys = client.keys.as_ref().ok_or("client_assertion: expected a client with registered keys")?;
    let alg = token.alg().and_then(Alg::of_member);
    if alg.is_none_or(|alg| alg == Alg::Hs256) {
        return Err(format!("client_assertion: expected alg to be one of {}", algorithms().join(", ")));
    }
    let signature = verify(&token, keys);
    if !signature.is_valid() {
        return Err(format!("client_assertion: expected a signature by a key of the client, got {}", signature.name()));
    }
    check_audience(shared, claims)?;
    let expires = check_times(claims)?;
    if let Some(jti) = claims.get("jti") {
        let jti = jti.as_str().ok_or("client_assertion: expected jti to be text")?;
        spend(shared, Spent { receiver, digest: digest(&SHA256, jti.as_bytes()), expires })?;
    }
    Ok(receiver)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    claims.get(name).and_then(Value::as_str).ok_or_else(|| format!("client_assertion: expected {name} to be text"))
}

/// The token endpoint or the issuer has to be among those for whom it is meant (RFC 7523 section 3, item 3).
fn check_audience(shared: &Shared, claims: &Map<String, Value>) -> Result<(), String> {
    let addresses = shared.addresses();
    let ours = [addresses.url(TOKEN), addresses.issuer.clone()];
    let is_ours = |value: &Value| value.as_str().is_some_and(|text| ours.iter().any(|own| own == text));
    let meant = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(is_ours),
        one => one.is_some_and(is_ours),
    };
    if meant { Ok(()) } else { Err(format!("client_assertion: expected aud to be {}", ours.join(" or "))) }
}

/// Gives the time at which it expires (RFC 7523 section 3, items 4 to 6).
fn check_times(claims: &Map<String, Value>) -> Result<f64, String> {
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_f64().map(Some).ok_or_else(|| format!("client_assertion: expected {name} to be a number"))
        }
    };
    let expires = time("exp")?.ok_or("client_assertion: expected exp, got nothing")?;
    if expires <= now {
        return Err("client_assertion: expected exp to be in the future".to_owned());
    }
    if expires > now + LONGEST {
        return Err(format!("client_assertion: expected exp to be at most {LONGEST} s ahead"));
    }
    for name in ["nbf", "iat"] {
        if time(name)?.is_some_and(|time| time > now + AHEAD) {
            return Err(format!("client_assertion: expected {name} not to be in the future"));
        }
    }
    Ok(expires)
}

/// Takes an assertion once (RFC 7523 section 3, item 7). Only a client that signs can fill this memory, and only its own part.
fn spend(shared: &Shared, new: Spent) -> Result<(), String> {
    let mut spent = shared.assertions.lock().unwrap_or_else(PoisonError::into_inner);
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    spent.retain(|known| known.expires > now);
    let is_same = |known: &Spent| known.receiver == new.receiver && known.digest.as_ref() == new.digest.as_ref();
    if spent.iter().any(is_same) {
        return Err("client_assertion: expected a jti that was not seen before".to_owned());
    }
    forget(&mut spent, new.receiver, shared.options.limits.assertions);
    spent.push_back(new);
    Ok(())
}

/// Makes room for one more of a receiver: the one that expires first can be replayed for the shortest time.
fn forget(spent: &mut VecDeque<Spent>, receiver: usize, limit: usize) {
    let own = |spent: &VecDeque<Spent>| spent.iter().filter(|known| known.receiver == receiver).count();
    while own(spent) >= limit.max(1) {
        let known = spent.iter().enumerate().filter(|(_, known)| known.receiver == receiver);
        let Some((place, _)) = known.min_by(|(_, one), (_, other)| one.expires.total_cmp(&other.expires)) else {
            return;
        };
        spent.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_for_each_receiver() {
        let spent = |receiver: usize, expires: u32| {
            let digest = digest(&SHA256, &expires.to_be_bytes());
            Spent { receiver, digest, expires: expires.into() }
        };
        let mut all = VecDeque::from([spent(0, 3), spent(0, 1), spent(1, 0), spent(0, 2)]);
        forget(&mut all, 0, 3);
        let left: Vec<(usize, f64)> = all.iter().map(|known| (known.receiver, known.expires)).collect();
        assert_eq!(left, [(0, 3.0), (1, 0.0), (0, 2.0)]);
        forget(&mut all, 1, 2);
        assert_eq!(all.len(), 3);
    }
}
