//! The event types that the transmitter knows, and what a plain event of each looks like.

use serde_json::{Map, Value, json};

/// SSF section 8.1.4.1.
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
/// SSF section 8.1.5.
pub const STREAM_UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";

const KNOWN: [&str; 21] = [
    "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
    "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
    "https://schemas.openid.net/secevent/caep/event-type/credential-change",
    "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change",
    "https://schemas.openid.net/secevent/caep/event-type/device-compliance-change",
    "https://schemas.openid.net/secevent/caep/event-type/session-established",
    "https://schemas.openid.net/secevent/caep/event-type/session-presented",
    "https://schemas.openid.net/secevent/caep/event-type/risk-level-change",
    "https://schemas.openid.net/secevent/risc/event-type/account-credential-change-required",
    "https://schemas.openid.net/secevent/risc/event-type/account-purged",
    "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
    "https://schemas.openid.net/secevent/risc/event-type/account-enabled",
    "https://schemas.openid.net/secevent/risc/event-type/identifier-changed",
    "https://schemas.openid.net/secevent/risc/event-type/identifier-recycled",
    "https://schemas.openid.net/secevent/risc/event-type/credential-compromise",
    "https://schemas.openid.net/secevent/risc/event-type/opt-in",
    "https://schemas.openid.net/secevent/risc/event-type/opt-out-initiated",
    "https://schemas.openid.net/secevent/risc/event-type/opt-out-cancelled",
    "https://schemas.openid.net/secevent/risc/event-type/opt-out-effective",
    "https://schemas.openid.net/secevent/risc/event-type/recovery-activated",
    "https://schemas.openid.net/secevent/risc/event-type/recovery-information-changed",
];

/// The URIs of all event types of CAEP and RISC 1.0.
pub fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.into_iter()
}

/// The URI of an event type: `caep/session-revoked` and `risc/...` are short for theirs.
pub fn uri(name: &str) -> String {
    match name.split_once('/') {
        Some(("caep", rest)) => format!("{CAEP}{rest}"),
        Some(("risc", rest)) => format!("{RISC}{rest}"),
        _ => name.to_owned(),
    }
}

/// The short name of an event type of CAEP or RISC; others as they are.
pub(super) fn short(uri: &str) -> String {
    match (uri.strip_prefix(CAEP), uri.strip_prefix(RISC)) {
        (Some(name), _) => format!("caep/{name}"),
        (_, Some(name)) => format!("risc/{name}"),
        _ => uri.to_owned(),
    }
}

/// The payload of a plain event of this type, which happened now.
pub(super) fn payload(uri: &str, now: i64) -> Map<String, Value> {
    let members = if let Some(name) = uri.strip_prefix(CAEP) {
        let mut members = match name {
            "token-claims-change" => json!({ "claims": { "role": "auditor" } }),
            "credential-change" => json!({ "credential_type": "password", "change_type": "update" }),
            "assurance-level-change" => {
                json!({ "namespace": "NIST-AAL", "current_level": "nist-aal2", "previous_level": "nist-aal1",
                    "change_direction": "increase" })
            }
            "device-compliance-change" => {
                json!({ "previous_status": "compliant", "current_status": "not-compliant" })
            }
            "risk-level-change" => {
                json!({ "principal": "USER", "current_level": "HIGH", "previous_level": "LOW" })
            }
            _ => json!({}),
        };
        members["event_timestamp"] = json!(now);
        members
    } else {
        match uri.strip_prefix(RISC) {
            Some("account-disabled") => json!({ "reason": "hijacking" }),
            Some("credential-compromise") => json!({ "credential_type": "password" }),
            _ => json!({}),
        }
    };
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
