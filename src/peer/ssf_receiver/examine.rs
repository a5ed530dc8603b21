//! What becomes of a SET, by whichever way it came.

use std::time::Duration;

use serde_json::{Map, Value};

use super::notice::{Notice, SetVerdict};
use super::state::{Shared, State};
use super::subject;
use crate::peer::receiver::{Refusal, check};
use crate::peer::ssf::events::{self, STREAM_UPDATED, VERIFICATION};
use crate::peer::ssf::{Status, covers};
use crate::set::Token;
use crate::suite::model::case::Method;
use crate::suite::model::deviation::Check;

/// How late a verification event may be for a receiver that depends on its being prompt.
const PROMPT: Duration = Duration::from_millis(50);

/// What is said of a SET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// Whether its events were acted upon, and whether it came before.
    Acknowledged {
        applied: bool,
        repeated: bool,
    },
    Refused(Refusal),
    Ignored,
}

/// Decides on a SET, acts on its events, and tells. A check for which `skips` is true is not made.
pub(super) async fn examine(
    shared: &Shared,
    token: &Token,
    by: Method,
    skips: &(dyn Fn(Check) -> bool + Sync),
) -> Finding {
    let finding = decide(shared, token, by, skips).await;
    let jti = claim(token, "jti").and_then(Value::as_str);
    shared.change(|state| {
        for request in &mut state.requests {
            request.others += 1;
        }
        if let (Finding::Refused(_), Some(jti)) = (&finding, jti) {
            state.refuse(jti);
        }
    });
    let verdict = match &finding {
        Finding::Acknowledged { applied, .. } => SetVerdict::Acknowledged { applied: *applied },
        Finding::Ignored => SetVerdict::Ignored,
        Finding::Refused(refusal) => {
            let (err, description) = error(refusal);
            SetVerdict::Refused { err: err.to_owned(), description: description.to_owned() }
        }
    };
    shared.tell(Notice::Received { by, set: token.raw.clone(), verdict });
    finding
}

/// The error code and the description of a refusal.
pub(super) fn error(refusal: &Refusal) -> (&str, &str) {
    match refusal {
        Refusal::Set { err, description, .. } | Refusal::Content { err, description } => (err, description),
        // The others are about the request of a push, of which there is none here.
        _ => ("invalid_request", "The request cannot be taken."),
    }
}

fn claim<'a>(token: &'a Token, name: &str) -> Option<&'a Value> {
    token.claims.as_ref().and_then(|claims| claims.get(name))
}

async fn decide(shared: &Shared, token: &Token, by: Method, skips: &(dyn Fn(Check) -> bool + Sync)) -> Finding {
    let behaviour = shared.options.behaviour();
    if behaviour.ignores_everything {
        return Finding::Ignored;
    }
    if behaviour.reports_everything {
        return refused("invalid_request", "No SET is good enough.");
    }
    let nothing = Map::new();
    let claims = token.claims.as_ref().and_then(Value::as_object).unwrap_or(&nothing);
    let jti = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
    if !(behaviour.acknowledges_everything && by == Method::Poll) {
        let of_stream = shared.stream();
        let audience: Vec<&str> = match (&shared.options.audience, &of_stream) {
            (Some(us), _) => vec![us],
            (None, Some(stream)) => stream.audience.iter().map(String::as_str).collect(),
            (None, None) => Vec::new(),
        };
        let keys = shared.keys.keys_for(shared, token.kid());
        if let Err(refusal) = check(token, Some(&shared.options.issuer), &audience, keys, skips).await {
            return Finding::Refused(refusal);
        }
        if behaviour.refuses_unknown_members
            && let Some(unknown) = subject::unknown_member(claims)
        {
            return refused("invalid_request", format!("The member {unknown} is not known."));
        }
    }
    // What came before is settled; it is said once more and not done again (RFC 8936 section 2.4).
    if shared.lock().taken.iter().any(|known| known == jti) {
        return match () {
            () if behaviour.reports_repeats => refused("invalid_request", "The SET came before."),
            () if behaviour.ignores_repeats => Finding::Ignored,
            () => Finding::Acknowledged { applied: false, repeated: true },
        };
    }
    let finding = act(shared, claims);
    shared.change(|state| {
        if let Finding::Acknowledged { applied, .. } = finding {
            state.take(jti);
            if applied {
                state.apply(jti);
            }
        }
    });
    finding
}

fn refused(err: &'static str, description: impl Into<String>) -> Finding {
    Finding::Refused(Refusal::Content { err, description: description.into() })
}

/// Acts on the events of a SET that is authentic and meant for us.
fn act(shared: &Shared, claims: &Map<String, Value>) -> Finding {
    let behaviour = shared.options.behaviour();
    let Some(Value::Object(of_set)) = claims.get("events") else {
        return Finding::Acknowledged { applied: false, repeated: false };
    };
    if let Some(finding) = about_removed(shared, claims) {
        return finding;
    }
    let understood = behaviour.skips_critical_members || {
        let metadata = shared.metadata();
        metadata.is_none_or(|metadata| subject::is_understood(claims, metadata.critical_members()))
    };
    let mut applied = false;
    for (event, payload) in of_set {
        match event.as_str() {
            VERIFICATION => match verified(shared, claims, payload) {
                Ok(ours) => applied |= ours,
                Err(finding) => return finding,
            },
            STREAM_UPDATED if behaviour.ignores_stream_updated => return Finding::Ignored,
            STREAM_UPDATED if behaviour.keeps_status => applied = true,
            STREAM_UPDATED => applied |= updated(shared, claims, payload),
            event if is_known(shared, event) => applied |= understood,
            _ if behaviour.reports_what_it_does_not_apply => {
                return refused("invalid_request", "The event type is not known.");
            }
            _ => {}
        }
    }
    Finding::Acknowledged { applied, repeated: false }
}

fn is_known(shared: &Shared, event: &str) -> bool {
    events::known().any(|known| known == event) || shared.options.events.iter().any(|wanted| wanted == event)
}

/// What is said of late events about a subject that was removed; the transmitter may send them for a while
/// (SSF section 8.1.3.3).
fn about_removed(shared: &Shared, claims: &Map<String, Value>) -> Option<Finding> {
    let subject = claims.get("sub_id")?;
    if !shared.lock().removed.iter().any(|removed| covers(removed, subject)) {
        return None;
    }
    let behaviour = shared.options.behaviour();
    Some(match () {
        () if behaviour.reports_removed_subjects => refused("invalid_request", "The subject was removed."),
        () if behaviour.ignores_removed_subjects => Finding::Ignored,
        () => Finding::Acknowledged { applied: false, repeated: false },
    })
}

/// Whether the stream itself is the subject (SSF sections 8.1.4.1 and 8.1.5).
fn is_ours(state: &State, claims: &Map<String, Value>) -> bool {
    let id = claims.get("sub_id").and_then(|subject| subject.get("id")).and_then(Value::as_str);
    state.stream.as_ref().is_some_and(|stream| Some(stream.id.as_str()) == id)
}

/// Whether a verification event is one of ours; one without a state is the transmitter's own (SSF section 8.1.4.1).
fn verified(shared: &Shared, claims: &Map<String, Value>, payload: &Value) -> Result<bool, Finding> {
    let behaviour = shared.options.behaviour();
    let (asked, ours) = {
        let state = shared.lock();
        let asked = payload
            .get("state")
            .map(|given| state.requests.iter().rev().find(|request| given.as_str() == Some(&request.state)).cloned());
        (asked, is_ours(&state, claims))
    };
    match asked {
        None => {}
        Some(None) if behaviour.skips_verification_state => {}
        Some(None) => return Err(refused("invalid_state", "The state is not one that was asked for.")),
        Some(Some(request)) => {
            let late = request.others > 0 || request.at.elapsed() > PROMPT;
            if behaviour.needs_prompt_verification && late {
                return Err(refused("invalid_state", "The verification event is late."));
            }
            if ours && !shared.change(|state| std::mem::replace(&mut state.verified, true)) {
                shared.tell(Notice::Verified);
            }
        }
    }
    Ok(ours)
}

/// Heeds what the transmitter says of the stream (SSF section 8.1.5); whether there was something to heed.
fn updated(shared: &Shared, claims: &Map<String, Value>, payload: &Value) -> bool {
    let status = payload.get("status").and_then(Value::as_str).and_then(|status| status.parse::<Status>().ok());
    match status.filter(|_| is_ours(&shared.lock(), claims)) {
        Some(status) => {
            shared.set_status(status.name());
            true
        }
        None => false,
    }
}
