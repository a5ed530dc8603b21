//! What the receiver understands of subjects and events.

use serde_json::{Map, Value};

/// The members of a complex subject (SSF section 3.3).
const COMPLEX: [&str; 7] = ["user", "device", "session", "application", "tenant", "org_unit", "group"];

/// Subject identifier formats (RFC 9493 section 3.2, SSF section 3.5).
const FORMATS: [&str; 11] = [
    "account",
    "aliases",
    "did",
    "email",
    "iss_sub",
    "opaque",
    "phone_number",
    "uri",
    "jwt_id",
    "saml_assertion_id",
    "ip-addresses",
];

/// Members of subject identifiers of these formats.
const OF_SUBJECTS: [&str; 15] = [
    "format",
    "uri",
    "email",
    "iss",
    "sub",
    "id",
    "phone_number",
    "url",
    "identifiers",
    "jti",
    "issuer",
    "assertion_id",
    "ip-addresses",
    "ip",
    "subject",
];

/// Claims of a SET (RFC 8417 section 2.2, RFC 7519 section 4.1, RFC 9493 section 4.1).
const CLAIMS: [&str; 11] = ["iss", "iat", "jti", "aud", "exp", "nbf", "sub", "sub_id", "txn", "toe", "events"];

/// Members of the events of SSF, CAEP and RISC.
const OF_EVENTS: [&str; 29] = [
    "state",
    "status",
    "reason",
    "subject",
    "event_timestamp",
    "initiating_entity",
    "reason_admin",
    "reason_user",
    "claims",
    "credential_type",
    "change_type",
    "friendly_name",
    "x509_issuer",
    "x509_serial",
    "fido2_aaguid",
    "namespace",
    "current_level",
    "previous_level",
    "change_direction",
    "current_status",
    "previous_status",
    "fp_ua",
    "acr",
    "amr",
    "ext_id",
    "principal",
    "risk_reason",
    "new-value",
    "ips",
];

/// Whether each critical member of the subjects of a SET can be interpreted; if not, its events are to be discarded
/// (SSF section 3.6).
pub(super) fn is_understood<'a>(claims: &Map<String, Value>, critical: impl Iterator<Item = &'a str>) -> bool {
    let critical: Vec<&str> = critical.collect();
    let of_events = claims.get("events").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let subjects = claims.get("sub_id").into_iter().chain(of_events.filter_map(|payload| payload.get("subject")));
    subjects
        .filter_map(Value::as_object)
        .filter(|subject| subject.get("format").is_some_and(|format| format == "complex"))
        .flatten()
        .filter(|(name, _)| critical.contains(&name.as_str()))
        .all(|(name, value)| COMPLEX.contains(&name.as_str()) && is_identifier(value))
}

fn is_identifier(subject: &Value) -> bool {
    subject.get("format").and_then(Value::as_str).is_some_and(|format| FORMATS.contains(&format))
}

/// The first member that no specification has, for a receiver that minds.
pub(super) fn unknown_member(claims: &Map<String, Value>) -> Option<&str> {
    let events = claims.get("events").and_then(Value::as_object);
    stranger(claims, &CLAIMS).or_else(|| in_subject(claims.get("sub_id"))).or_else(|| {
        let mut payloads = events?.values().filter_map(Value::as_object);
        payloads.find_map(|payload| stranger(payload, &OF_EVENTS).or_else(|| in_subject(payload.get("subject"))))
    })
}

fn stranger<'a>(members: &'a Map<String, Value>, known: &[&str]) -> Option<&'a str> {
    members.keys().map(String::as_str).find(|name| !known.contains(name))
}

fn in_subject(subject: Option<&Value>) -> Option<&str> {
    let members = subject?.as_object()?;
    if members.get("format").is_some_and(|format| format == "complex") {
        let names = members.iter().filter(|(name, _)| *name != "format");
        return names.into_iter().find_map(|(name, value)| match COMPLEX.contains(&name.as_str()) {
            true => value.as_object().and_then(|members| stranger(members, &OF_SUBJECTS)),
            false => Some(name),
        });
    }
    stranger(members, &OF_SUBJECTS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn about(subject: Value) -> Map<String, Value> {
        Map::from_iter([("sub_id".to_owned(), subject), ("events".to_owned(), json!({ "urn:x": {} }))])
    }

    #[test]
    fn a_critical_member_has_to_be_understood() {
        let email = json!({ "format": "email", "email": "a@example.com" });
        let table = [
            (json!({ "format": "complex", "user": email }), true),
            (json!({ "format": "complex", "user": email, "planet": email }), false),
            (json!({ "format": "complex", "user": { "format": "smell" } }), false),
            (json!({ "format": "complex", "user": "a@example.com" }), false),
            (json!({ "format": "complex", "moon": email }), true),
            (json!({ "format": "email", "email": "a@example.com", "planet": 1 }), true),
        ];
        for (subject, understood) in table {
            let critical = ["user", "planet"].into_iter();
            assert_eq!(is_understood(&about(subject.clone()), critical), understood, "{subject}");
        }
        let in_payload = json!({ "events": { "urn:x": { "subject": { "format": "complex", "planet": email } } } });
        assert!(!is_understood(in_payload.as_object().unwrap(), ["planet"].into_iter()));
    }

    #[test]
    fn members_that_nobody_defines_are_found_wherever_they_are() {
        let table = [
            (json!({ "iss": "x", "events": { "urn:x": { "reason": "y" } } }), None),
            (json!({ "colour": "red" }), Some("colour")),
            (json!({ "events": { "urn:x": { "colour": "red" } } }), Some("colour")),
            (json!({ "sub_id": { "format": "email", "email": "a", "colour": "red" } }), Some("colour")),
            (json!({ "sub_id": { "format": "complex", "user": { "format": "email", "colour": 1 } } }), Some("colour")),
            (json!({ "sub_id": { "format": "complex", "planet": {} } }), Some("planet")),
        ];
        for (claims, expected) in table {
            assert_eq!(unknown_member(claims.as_object().unwrap()), expected, "{claims}");
        }
    }
}
