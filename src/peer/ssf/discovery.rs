//! The documents that anybody may read: transmitter configuration and authorization server metadata.

use serde_json::{Map, Value, json};

use super::addresses as at;
use super::state::Shared;
use super::stream::{POLL, PUSH};
use super::token::SCOPES;
use super::{assertion, client_auth};

/// The delivery methods that are offered.
pub(super) fn methods(shared: &Shared) -> Vec<&'static str> {
    let features = &shared.options.features;
    [(features.push, PUSH), (features.poll, POLL)].iter().filter(|(on, _)| *on).map(|(_, method)| *method).collect()
}

/// The transmitter configuration metadata (SSF section 7.1). Members without elements are left out (section 7.2.3).
pub(super) fn metadata(shared: &Shared) -> Value {
    let features = &shared.options.features;
    let addresses = shared.addresses();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        if value.as_array().is_none_or(|items| !items.is_empty()) {
            members.insert(name.to_owned(), value);
        }
    };
    put("spec_version", json!("1_0"));
    put("issuer", json!(addresses.issuer));
    put("jwks_uri", json!(addresses.url(at::JWKS)));
    put("delivery_methods_supported", json!(methods(shared)));
    put("configuration_endpoint", json!(addresses.url(at::STREAMS)));
    let optional = [
        (features.status, "status_endpoint", at::STATUS),
        (features.subjects, "add_subject_endpoint", at::ADD_SUBJECT),
        (features.subjects, "remove_subject_endpoint", at::REMOVE_SUBJECT),
        (features.verification, "verification_endpoint", at::VERIFICATION),
    ];
    for (_, name, path) in optional.iter().filter(|(on, ..)| *on) {
        put(name, json!(addresses.url(path)));
    }
    put("critical_subject_members", json!(features.critical_subject_members));
    let mut schemes = Vec::new();
    if features.token_endpoint {
        schemes.push(json!({ "spec_urn": "urn:ietf:rfc:6749" }));
    }
    schemes.push(json!({ "spec_urn": "urn:ietf:rfc:6750" }));
    put("authorization_schemes", json!(schemes));
    if let Some(default) = features.default_subjects.filter(|_| features.subjects) {
        put("default_subjects", json!(default.name()));
    }
    Value::Object(members)
}

/// Where tokens are given out (RFC 8414 section 2).
pub(super) fn authorization_server(shared: &Shared) -> Value {
    let addresses = shared.addresses();
    json!({
        "issuer": addresses.issuer,
        "token_endpoint": addresses.url(at::TOKEN),
        "revocation_endpoint": addresses.url(at::REVOCATION),
        "jwks_uri": addresses.url(at::JWKS),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": client_auth::METHODS,
        "revocation_endpoint_auth_methods_supported": client_auth::METHODS,
        "token_endpoint_auth_signing_alg_values_supported": assertion::algorithms(),
        "scopes_supported": SCOPES,
    })
}

/// The metadata of a protected resource (RFC 9728 section 2).
pub(super) fn protected_resource(shared: &Shared, resource: &str) -> Value {
    let mut document = json!({
        "resource": resource,
        "scopes_supported": SCOPES,
        "bearer_methods_supported": ["header"],
    });
    if shared.options.features.token_endpoint {
        document["authorization_servers"] = json!([shared.addresses().issuer]);
    }
    document
}
