//! Our registration at the provider (OpenID Connect Dynamic Client Registration section 3), and its end (RFC 7592 section 2.3).
//!
//! The exchanges hold secrets and are not kept.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::listener::Listener;
use super::provider::{Provider, read};
use crate::http::{Client, RequestSpec};

/// Who our relying party is at the provider.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub id: String,
    pub secret: Option<SecretString>,
    /// Where the registration is ended, and the token for that, where the provider says so.
    management: Option<(Url, SecretString)>,
}

impl Identity {
    /// One that the operator gave.
    pub fn given(id: String, secret: Option<SecretString>) -> Self {
        Self { id, secret, management: None }
    }
}

/// Registers our relying party with its logout URI.
///
/// # Errors
/// In words, if the provider does not take it.
pub(super) async fn register(client: &Client, provider: &Provider, listener: &Listener) -> Result<Identity, String> {
    let endpoint = provider.metadata.get("registration_endpoint").and_then(Value::as_str);
    let endpoint =
        endpoint.and_then(|text| Url::parse(text).ok()).ok_or("the metadata name no registration_endpoint")?;
    let sessions = provider.metadata.get("backchannel_logout_session_supported").and_then(Value::as_bool) == Some(true);
    let metadata = json!({
        "client_name": "setspec",
        "redirect_uris": [listener.redirect_uri()],
        "post_logout_redirect_uris": [listener.post_logout_redirect_uri()],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "backchannel_logout_uri": listener.logout_uri(),
        // Some providers name sessions to those alone who ask for it.
        "backchannel_logout_session_required": sessions,
    });
    let spec = RequestSpec::new("POST", endpoint.clone())
        .header("Content-Type", "application/json")
        .header("Accept", "application/json")
        .body(metadata.to_string());
    let answer = read(&client.send(spec).await, &[200, 201]).map_err(|why| format!("{endpoint}: {why}"))?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let id = text("client_id").ok_or_else(|| format!("{endpoint}: no client_id"))?;
    let management = text("registration_client_uri").and_then(|uri| Url::parse(uri).ok());
    let token = text("registration_access_token").map(SecretString::from);
    Ok(Identity {
        id: id.to_owned(),
        secret: text("client_secret").map(SecretString::from),
        management: management.zip(token),
    })
}

/// Ends a registration, where the provider offers that.
pub(super) async fn deregister(client: &Client, identity: &Identity) {
    if let Some((url, token)) = &identity.management {
        let spec = RequestSpec::new("DELETE", url.clone())
            .header("Authorization", format!("Bearer {}", token.expose_secret()));
        // One that stays is of no use to anybody: its URIs are gone with us.
        client.send(spec).await;
    }
}
