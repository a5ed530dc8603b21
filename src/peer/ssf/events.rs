//! The event types of the families that the suites know, and what a plain event of each looks like.

use serde_json::{Map, Value, json};

use crate::expr::Scope;
use crate::suite::fixture::Fixtures;

/// SSF section 8.1.4.1.
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
/// SSF section 8.1.5.
pub const STREAM_UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";
/// OpenID Connect Back-Channel Logout section 2.4: with the scheme http, and in no stream.
pub const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// An event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// The short name, which is also that of its fixture: `caep/session-revoked`.
    pub name: &'static str,
    /// The URI in `events`.
    pub uri: &'static str,
    /// The section that defines it, as requirements begin: `caep/3.1`.
    pub section: &'static str,
}

const fn event(name: &'static str, uri: &'static str, section: &'static str) -> EventType {
    EventType { name, uri, section }
}

/// Every event type, by family. RISC's sessions-revoked is deprecated, and no mock sends it.
pub const EVENT_TYPES: [EventType; 42] = [
    event("caep/session-revoked", "https://schemas.openid.net/secevent/caep/event-type/session-revoked", "caep/3.1"),
    event(
        "caep/token-claims-change",
        "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
        "caep/3.2",
    ),
    event(
        "caep/credential-change",
        "https://schemas.openid.net/secevent/caep/event-type/credential-change",
        "caep/3.3",
    ),
    event(
        "caep/assurance-level-change",
        "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change",
        "caep/3.4",
    ),
    event(
        "caep/device-compliance-change",
        "https://schemas.openid.net/secevent/caep/event-type/device-compliance-change",
        "caep/3.5",
    ),
    event(
        "caep/session-established",
        "https://schemas.openid.net/secevent/caep/event-type/session-established",
        "caep/3.6",
    ),
    event(
        "caep/session-presented",
        "https://schemas.openid.net/secevent/caep/event-type/session-presented",
        "caep/3.7",
    ),
    event(
        "caep/risk-level-change",
        "https://schemas.openid.net/secevent/caep/event-type/risk-level-change",
        "caep/3.8",
    ),
    event(
        "risc/account-credential-change-required",
        "https://schemas.openid.net/secevent/risc/event-type/account-credential-change-required",
        "risc/2.1",
    ),
    event("risc/account-purged", "https://schemas.openid.net/secevent/risc/event-type/account-purged", "risc/2.2"),
    event("risc/account-disabled", "https://schemas.openid.net/secevent/risc/event-type/account-disabled", "risc/2.3"),
    event("risc/account-enabled", "https://schemas.openid.net/secevent/risc/event-type/account-enabled", "risc/2.4"),
    event(
        "risc/identifier-changed",
        "https://schemas.openid.net/secevent/risc/event-type/identifier-changed",
        "risc/2.5",
    ),
    event(
        "risc/identifier-recycled",
        "https://schemas.openid.net/secevent/risc/event-type/identifier-recycled",
        "risc/2.6",
    ),
    event(
        "risc/credential-compromise",
        "https://schemas.openid.net/secevent/risc/event-type/credential-compromise",
        "risc/2.7",
    ),
    event("risc/opt-in", "https://schemas.openid.net/secevent/risc/event-type/opt-in", "risc/2.8.1"),
    event(
        "risc/opt-out-initiated",
        "https://schemas.openid.net/secevent/risc/event-type/opt-out-initiated",
        "risc/2.8.2",
    ),
    event(
        "risc/opt-out-cancelled",
        "https://schemas.openid.net/secevent/risc/event-type/opt-out-cancelled",
        "risc/2.8.3",
    ),
    event(
        "risc/opt-out-effective",
        "https://schemas.openid.net/secevent/risc/event-type/opt-out-effective",
        "risc/2.8.4",
    ),
    event(
        "risc/recovery-activated",
        "https://schemas.openid.net/secevent/risc/event-type/recovery-activated",
        "risc/2.9",
    ),
    event(
        "risc/recovery-information-changed",
        "https://schemas.openid.net/secevent/risc/event-type/recovery-information-changed",
        "risc/2.10",
    ),
    event("scim/feed-add", "urn:ietf:params:scim:event:feed:add", "scim-events/2.3.1"),
    event("scim/feed-remove", "urn:ietf:params:scim:event:feed:remove", "scim-events/2.3.2"),
    event("scim/prov-create-notice", "urn:ietf:params:scim:event:prov:create:notice", "scim-events/2.4.1"),
    event("scim/prov-create-full", "urn:ietf:params:scim:event:prov:create:full", "scim-events/2.4.1"),
    event("scim/prov-patch-notice", "urn:ietf:params:scim:event:prov:patch:notice", "scim-events/2.4.2"),
    event("scim/prov-patch-full", "urn:ietf:params:scim:event:prov:patch:full", "scim-events/2.4.2"),
    event("scim/prov-put-notice", "urn:ietf:params:scim:event:prov:put:notice", "scim-events/2.4.3"),
    event("scim/prov-put-full", "urn:ietf:params:scim:event:prov:put:full", "scim-events/2.4.3"),
    event("scim/prov-delete", "urn:ietf:params:scim:event:prov:delete", "scim-events/2.4.4"),
    event("scim/prov-activate", "urn:ietf:params:scim:event:prov:activate", "scim-events/2.4.5"),
    event("scim/prov-deactivate", "urn:ietf:params:scim:event:prov:deactivate", "scim-events/2.4.6"),
    event("scim/misc-asyncresp", "urn:ietf:params:scim:event:misc:asyncresp", "scim-events/2.5.1.3"),
    event(
        "oauth/token-issued",
        "https://schemas.openid.net/secevent/oauth/event-type/token-issued",
        "oauth-events/3.1",
    ),
    event(
        "oauth/token-revoked",
        "https://schemas.openid.net/secevent/oauth/event-type/token-revoked",
        "oauth-events/3.2",
    ),
    event(
        "oauth/tokens-revoked",
        "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked",
        "oauth-events/3.3",
    ),
    event(
        "oauth/client-disabled",
        "https://schemas.openid.net/secevent/oauth/event-type/client-disabled",
        "oauth-events/3.4",
    ),
    event(
        "oauth/client-enabled",
        "https://schemas.openid.net/secevent/oauth/event-type/client-enabled",
        "oauth-events/3.5",
    ),
    event(
        "oauth/client-credential-changed",
        "https://schemas.openid.net/secevent/oauth/event-type/client-credential-changed",
        "oauth-events/3.6",
    ),
    event("ssf/verification", VERIFICATION, "ssf/8.1.4.1"),
    event("ssf/stream-updated", STREAM_UPDATED, "ssf/8.1.5"),
    event("logout/session-ended", LOGOUT, "backchannel-logout/2.4"),
];

/// The URIs of all event types of CAEP and RISC 1.0.
pub fn known() -> impl Iterator<Item = &'static str> {
    of(&["caep/", "risc/"])
}

/// The URIs of everything that can go by a stream, except what the stream itself is told by.
pub fn all() -> impl Iterator<Item = &'static str> {
    of(&["caep/", "risc/", "scim/", "oauth/"])
}

fn of(families: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    let is_of = |event: &EventType| families.iter().any(|family| event.name.starts_with(family));
    EVENT_TYPES.iter().filter(move |event| is_of(event)).map(|event| event.uri)
}

/// The URI of an event type, where the name is short for one: `caep/session-revoked`.
pub fn uri(name: &str) -> String {
    EVENT_TYPES.iter().find(|event| event.name == name).map_or(name, |event| event.uri).to_owned()
}

/// The short name of an event type that is known; others as they are.
pub(crate) fn short(uri: &str) -> String {
    EVENT_TYPES.iter().find(|event| event.uri == uri).map_or(uri, |event| event.name).to_owned()
}

/// Claims of a plain event of this type, which happened now: `events`, and the subject where not any will do.
pub(super) fn plain(uri: &str, fixtures: Option<&Fixtures>, scope: &Scope) -> Map<String, Value> {
    let name = short(uri);
    let names = [format!("{name}-minimal"), name.clone()];
    let draft = fixtures.and_then(|fixtures| {
        let name = names.iter().find(|name| fixtures.has_set(name))?;
        // A fixture that cannot be filled in here is no plain event.
        scope.enter(|entered| fixtures.draft(name, entered)).ok()
    });
    let mut claims = draft.map(|draft| draft.claims).unwrap_or_default();
    let anybody = name.starts_with("caep/") || name.starts_with("risc/");
    claims.retain(|claim, _| claim == "events" || (claim == "sub_id" && !anybody));
    claims.entry("events").or_insert_with(|| json!({ uri: {} }));
    claims.entry("sub_id").or_insert_with(|| json!({ "format": "email", "email": "user@example.com" }));
    if let Some(Value::Object(payload)) = claims["events"].get_mut(uri).filter(|_| name.starts_with("caep/")) {
        payload.insert("event_timestamp".to_owned(), json!(jiff::Timestamp::now().as_second()));
        // The interoperability profile of CAEP asks for a reason.
        payload.insert("reason_admin".to_owned(), json!({ "en": "An event on demand." }));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Sources, load};

    #[test]
    fn every_event_type_has_fixtures_and_a_section() {
        let catalogue = load(&Sources::embedded()).expect("the built-in suites load");
        for event in EVENT_TYPES.iter().filter(|event| !event.section.starts_with("backchannel")) {
            let prefix = format!("{}/", event.section);
            assert!(catalogue.requirements.iter().any(|one| one.id.starts_with(&prefix)), "{}", event.section);
            if !event.name.starts_with("ssf/") {
                assert!(catalogue.fixtures.has_set(event.name), "{}", event.name);
            }
        }
    }

    #[test]
    fn a_plain_event_is_of_its_type() {
        let catalogue = load(&Sources::embedded()).expect("the built-in suites load");
        let scope =
            Scope::new().with("issuer", json!("https://tx.example")).with("audience", json!("https://rx.example"));
        for uri in all() {
            let claims = plain(uri, Some(&catalogue.fixtures), &scope);
            assert_eq!(
                claims["events"].as_object().map(|events| events.keys().collect::<Vec<_>>()),
                Some(vec![&uri.to_owned()])
            );
            assert!(claims["sub_id"]["format"].is_string(), "{uri}");
        }
    }
}
