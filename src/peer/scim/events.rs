//! What is said of changes (RFC 9967 sections 2.4 and 2.5.1.3).

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::operation::{Done, Operation};
use super::options::Detail;
use super::patch::touched;
use super::provider::Shared;
use super::refusal::Refusal;
use crate::peer::ssf::{Announcement, MintError};

/// How the URIs of all events begin.
pub(crate) const EVENTS: &str = "urn:ietf:params:scim:event:";

/// The event that tells of the completion of a request.
const COMPLETION: &str = "urn:ietf:params:scim:event:misc:asyncresp";

/// The types of events that can come.
pub(super) fn uris(detail: Detail, asynchronous: bool) -> Vec<String> {
    let changes = ["create", "put", "patch"].map(|change| format!("prov:{change}:{}", detail.name()));
    let others = ["prov:delete", "prov:activate", "prov:deactivate"].map(str::to_owned);
    let completion = asynchronous.then(|| "misc:asyncresp".to_owned());
    changes.into_iter().chain(others).chain(completion).map(|name| format!("{EVENTS}{name}")).collect()
}

/// Tells of a change.
pub(super) fn tell(shared: &Shared, operation: &Operation, done: &Done, txn: &str) -> Result<(), MintError> {
    let subject = done.resource.subject();
    let say = |event: &str, payload: Map<String, Value>| {
        let event = format!("{EVENTS}{event}");
        let announcement = Announcement { event, subject: subject.clone(), payload, txn: txn.to_owned() };
        shared.options.transmitter.announce(&announcement).map(|_| ())
    };
    if operation.method == Method::DELETE {
        if shared.has("removes-before-it-deletes") {
            say("feed:remove", Map::new())?;
        }
        say("prov:delete", Map::new())?;
        if shared.has("removes-what-is-deleted") {
            say("feed:remove", Map::new())?;
        }
        return Ok(());
    }
    let change = match operation.method.as_str() {
        "POST" => "create",
        "PUT" => "put",
        _ => "patch",
    };
    let detail = shared.options.detail;
    let mut payload = Map::from_iter([("version".to_owned(), json!(done.resource.etag()))]);
    match detail {
        Detail::Full => payload.insert("data".to_owned(), data(shared, operation, done)),
        Detail::Notice => payload.insert("attributes".to_owned(), json!(names(operation))),
    };
    say(&format!("prov:{change}:{}", detail.name()), payload)?;
    match done.activated {
        Some(true) => say("prov:activate", Map::new()),
        Some(false) => say("prov:deactivate", Map::new()),
        None => Ok(()),
    }
}

/// The announcement that a request was completed.
pub(super) fn completion(
    shared: &Shared,
    operation: &Operation,
    outcome: &Result<Done, Refusal>,
    txn: &str,
) -> Announcement {
    // What could not be created has no path of its own.
    let nowhere = json!({ "format": "scim", "uri": operation.kind.endpoint() });
    let subject = match outcome {
        Ok(done) => done.resource.subject(),
        Err(_) if operation.method == Method::POST => nowhere,
        Err(_) => json!({ "format": "scim", "uri": operation.path() }),
    };
    let payload = operation.result(outcome, shared.base());
    Announcement { event: COMPLETION.to_owned(), subject, payload, txn: txn.to_owned() }
}

/// The resource as it was created, or the change as the client asked for it; never a password.
fn data(shared: &Shared, operation: &Operation, done: &Done) -> Value {
    if operation.method == Method::POST {
        return done.resource.represent(shared.base());
    }
    let mut body = Value::Object(operation.body.clone());
    without_passwords(&mut body);
    body
}

/// The names of the attributes that were changed.
fn names(operation: &Operation) -> Vec<String> {
    if operation.method == Method::PATCH {
        return touched(&operation.body);
    }
    let said = operation.body.keys().filter(|name| !["schemas", "meta", "id"].contains(&name.as_str()));
    let own = (operation.method == Method::POST).then(|| "id".to_owned());
    own.into_iter().chain(said.cloned()).collect()
}

fn without_passwords(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let path = members.get("path").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            if path == "password" || path.ends_with(":password") {
                members.shift_remove("value");
            }
            members.retain(|name, _| !name.eq_ignore_ascii_case("password"));
            members.values_mut().for_each(without_passwords);
        }
        Value::Array(items) => items.iter_mut().for_each(without_passwords),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_shows_a_password() {
        let mut body = json!({
            "userName": "jdoe",
            "Password": "secret",
            "Operations": [
                { "op": "replace", "path": "password", "value": "secret" },
                { "op": "replace", "value": { "password": "secret", "active": true } },
            ],
        });
        without_passwords(&mut body);
        assert!(!body.to_string().contains("secret"), "{body}");
        assert_eq!(body["Operations"][1]["value"], json!({ "active": true }));
    }
}
