//! Who asks: bearer tokens, fixed ones and those of the token endpoint (RFC 6750, SSF section 8).

use std::sync::PoisonError;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::refusal::Refusal;
use super::state::{Caller, Shared};
use super::{Operation, RequestFacts};

/// The receiver whose token the request carries.
pub(super) fn caller(shared: &Shared, operation: Operation, facts: &RequestFacts) -> Result<Caller, Refusal> {
    let behaviour = shared.options.behaviour();
    let open =
        behaviour.skips_authentication || (behaviour.polls_without_authentication && operation == Operation::Poll);
    match known(shared, facts) {
        // A poll URL belongs to the receiver of its stream.
        Err(_) if open => {
            let stream = facts.stream_id.as_deref().and_then(|id| shared.get(id));
            Ok(Caller { receiver: stream.map_or(0, |stream| stream.receiver), read_only: false })
        }
        other => other,
    }
}

/// The bearer token of a request, which stands in the header and nowhere else.
fn presented<'a>(shared: &Shared, facts: &'a RequestFacts) -> Result<&'a str, Refusal> {
    let Some(field) = facts.headers.get("authorization") else {
        let query = facts.query.iter().find(|(name, _)| name == "access_token");
        let query = query.filter(|_| shared.options.behaviour().accepts_query_tokens);
        return query.map(|(_, token)| token.as_str()).ok_or(Refusal::Unauthenticated { got: "nothing" });
    };
    let credential = field.to_str().ok().and_then(|text| text.split_once(' '));
    let token = credential.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    token.ok_or(Refusal::Unauthenticated { got: "another scheme" })
}

fn known(shared: &Shared, facts: &RequestFacts) -> Result<Caller, Refusal> {
    let behaviour = shared.options.behaviour();
    let token = presented(shared, facts)?.as_bytes();
    let caller = |receiver, read_only: bool| Caller { receiver, read_only: read_only && !behaviour.ignores_scopes };
    for (receiver, account) in shared.options.receivers.iter().enumerate() {
        let is_among = |tokens: &[SecretString]| tokens.iter().any(|one| same(one.expose_secret().as_bytes(), token));
        if is_among(&account.tokens) {
            return Ok(caller(receiver, account.read_only));
        }
        if is_among(&account.reading) {
            return Ok(caller(receiver, true));
        }
        if is_among(&account.expired) {
            return match behaviour.accepts_expired_tokens {
                true => Ok(caller(receiver, account.read_only)),
                false => Err(Refusal::Unauthenticated { got: "one that has expired" }),
            };
        }
    }
    let mut issued = shared.issued.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    issued.retain(|token| token.expires > now || behaviour.accepts_expired_tokens);
    let found = issued.iter().find(|known| same(known.token.as_bytes(), token));
    found.map(|token| caller(token.receiver, token.read_only)).ok_or(Refusal::Unauthenticated { got: "another one" })
}

pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}
