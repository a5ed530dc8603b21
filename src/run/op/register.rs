//! Our registration at the provider (OpenID Connect Dynamic Client Registration section 3), and its end (RFC 7592 section 2.3).
//!
//! The exchanges hold secrets and are not kept.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::listener::Listener;
use super::provider::{Provider, read};
use crate::http::{Client, RequestSpec};
use crate::peer::oidc::random;
use crate::set::jwe::{Agreed, DecryptionKey, KeyAlg};
use crate::set::{Alg, SigningKey};

/// Who our relying party is at the provider.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub id: String,
    pub secret: Option<SecretString>,
    /// The key by which tokens for it are decrypted, where they are encrypted.
    pub decryption: Option<DecryptionKey>,
    /// Where the registration is ended, and the token for that, where the provider says so.
    management: Option<(Url, SecretString)>,
}

impl Identity {
    /// One that the operator gave.
    pub fn given(id: String, secret: Option<SecretString>, decryption: Option<DecryptionKey>) -> Self {
        Self { id, secret, decryption, management: None }
    }
}

/// Registers our relying party with its logout URI; with `encryption`, one whose ID Tokens are encrypted.
///
/// # Errors
/// In words, if the provider does not take it.
pub(super) async fn register(
    client: &Client,
    provider: &Provider,
    listener: &Listener,
    encryption: Option<Agreed>,
) -> Result<Identity, String> {
    let endpoint = provider.metadata.get("registration_endpoint").and_then(Value::as_str);
    let endpoint =
        endpoint.and_then(|text| Url::parse(text).ok()).ok_or("the metadata name no registration_endpoint")?;
    let sessions = provider.metadata.get("backchannel_logout_session_supported").and_then(Value::as_bool) == Some(true);
    let decryption = encryption.map(|agreed| key(agreed.alg)).transpose()?;
    let mut grants = vec!["authorization_code"];
    grants.extend(provider.lists("grant_types_supported", "refresh_token").then_some("refresh_token"));
    let mut metadata = json!({
        "client_name": "setspec",
        "redirect_uris": [listener.redirect_uri()],
        "post_logout_redirect_uris": [listener.post_logout_redirect_uri()],
        "response_types": ["code"],
        "grant_types": grants,
        "backchannel_logout_uri": listener.logout_uri(),
        // Some providers name sessions to those alone who ask for it.
        "backchannel_logout_session_required": sessions,
    });
    if let Some((agreed, key)) = encryption.zip(decryption.as_ref()) {
        metadata["id_token_encrypted_response_alg"] = json!(agreed.alg.name());
        metadata["id_token_encrypted_response_enc"] = json!(agreed.enc.name());
        metadata["jwks"] = json!({ "keys": [key.public_jwk(agreed.alg)] });
    }
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
        decryption,
        management: management.zip(token),
    })
}

/// A new key for encrypted tokens.
fn key(alg: KeyAlg) -> Result<DecryptionKey, String> {
    let signing = if alg == KeyAlg::EcdhEs { Alg::Es256 } else { Alg::Rs256 };
    let key = SigningKey::generate(signing, &random()).map_err(|error| error.to_string())?;
    DecryptionKey::new(&key).map_err(|error| error.to_string())
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
