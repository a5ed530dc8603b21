//! What the service provider says of itself (RFC 7643 section 5, RFC 9967 section 4).

use serde_json::{Value, json};

use super::bulk;
use super::events;
use super::options::AsyncRequest;
use super::provider::Shared;

/// The document at `/ServiceProviderConfig`.
pub(super) fn document(shared: &Shared) -> Value {
    let options = &shared.options;
    let mut document = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": options.bulk,
            "maxOperations": bulk::MOST_OPERATIONS,
            "maxPayloadSize": bulk::MOST_BYTES,
        },
        "filter": { "supported": true, "maxResults": 200 },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A bearer token (RFC 6750).",
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", shared.base()),
        },
    });
    if options.announces_events {
        document["securityEvents"] = json!({
            "asyncRequest": options.async_request.name(),
            "eventUris": events::uris(options.detail, options.async_request != AsyncRequest::None),
        });
    }
    document
}
