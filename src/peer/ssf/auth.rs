//! Who asks: bearer tokens, fixed ones and those of the token endpoint (RFC 6750, SSF section 8).

use std::sync::PoisonError;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::refusal::Refusal;
use super::state::{Caller, Shared};
use super::{Operation, RequestFacts};

/// The receiver whose token the request carries.
pub(super) fn caller(shared: &Shared, operation: Operation, facts: &RequestFacts) -> Result<Caller, Refusal> {
    let behaviour = &shared.options.behaviour;
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

fn known(shared: &Shared, facts: &RequestFacts) -> Result<Caller, Refusal> {
    let Some(field) = facts.headers.get("authorization") else {
        return Err(Refusal::Unauthenticated { got: "nothing" });
    };
    let credential = field.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((_, token)) = credential.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(Refusal::Unauthenticated { got: "another scheme" });
    };
    let token = token.trim().as_bytes();
    for (receiver, account) in shared.options.receivers.iter().enumerate() {
        if account.tokens.iter().any(|known| same(known.expose_secret().as_bytes(), token)) {
            return Ok(Caller { receiver, read_only: account.read_only });
        }
    }
    let mut issued = shared.issued.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    issued.retain(|token| token.expires > now);
    let found = issued.iter().find(|known| same(known.token.as_bytes(), token));
    found
        .map(|token| Caller { receiver: token.receiver, read_only: token.read_only })
        .ok_or(Refusal::Unauthenticated { got: "another one" })
}

pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}
