//! Dynamic registration (OpenID Connect Dynamic Client Registration section 3, Back-Channel Logout section 2.2), and its
//! end (RFC 7592 section 2.3).

use serde_json::{Value, json};
use url::Url;

use super::{Call, RegisteredClient, Shared};
use crate::http::RequestSpec;
use crate::peer::answer::Answer;
use crate::peer::oidc::answer::page;
use crate::peer::oidc::random;
use crate::set::json;
use crate::set::jwe::{Agreed, Enc, EncryptionKey, KeyAlg};

/// How many relying parties are registered at most.
const MOST: usize = 1_000;

/// Registers whoever asks, with the metadata that it sends.
pub(super) async fn answer(shared: &Shared, body: &[u8]) -> Answer {
    let refused = |error: &str| Answer::of_json(400, &json!({ "error": error }));
    let Some(metadata) = json::parse(body).ok().map(|parsed| parsed.value).filter(Value::is_object) else {
        return refused("invalid_client_metadata");
    };
    let uris = metadata["redirect_uris"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let redirect_uris: Vec<String> = uris.map(str::to_owned).collect();
    if redirect_uris.is_empty() {
        return refused("invalid_redirect_uri");
    }
    let Ok(encryption) = encryption(shared, &metadata).await else {
        return refused("invalid_client_metadata");
    };
    let grants = metadata["grant_types"].as_array();
    let (id, secret, token) = (random(), random(), random());
    let client = RegisteredClient {
        id: id.clone(),
        secret: Some(secret.clone().into()),
        redirect_uris,
        logout_uri: metadata["backchannel_logout_uri"].as_str().and_then(|uri| Url::parse(uri).ok()),
        encryption,
        refreshes: grants.is_some_and(|grants| grants.iter().any(|grant| grant == "refresh_token")),
    };
    let mut answer = metadata.clone();
    answer["client_id"] = json!(id);
    answer["client_secret"] = json!(secret);
    answer["client_secret_expires_at"] = json!(0);
    answer["registration_client_uri"] = json!(format!("{}/register/{id}", shared.issuer()));
    answer["registration_access_token"] = json!(token);
    let mut registered = shared.registered();
    if registered.len() >= MOST {
        return refused("temporarily_unavailable");
    }
    registered.push(Registration { client, metadata, token });
    Answer::of_json(201, &answer)
}

/// How ID Tokens are to be encrypted, where the metadata say so: `Err` if that cannot be done.
async fn encryption(shared: &Shared, metadata: &Value) -> Result<Option<(EncryptionKey, Agreed)>, ()> {
    let Some(alg) = metadata.get("id_token_encrypted_response_alg") else { return Ok(None) };
    let alg = alg.as_str().and_then(KeyAlg::of_name).ok_or(())?;
    let enc = match metadata.get("id_token_encrypted_response_enc") {
        None => Enc::A128CbcHs256,
        Some(enc) => enc.as_str().and_then(Enc::of_name).ok_or(())?,
    };
    let keys = match metadata.get("jwks_uri").and_then(Value::as_str) {
        Some(uri) => fetched(shared, uri).await.ok_or(())?,
        None => metadata["jwks"].clone(),
    };
    let key = EncryptionKey::of_set(&keys, alg).ok_or(())?;
    Ok(Some((key, Agreed { alg, enc })))
}

async fn fetched(shared: &Shared, uri: &str) -> Option<Value> {
    let exchange = shared.options.client.send(RequestSpec::new("GET", Url::parse(uri).ok()?)).await;
    let response = exchange.response.filter(|response| response.status == 200)?;
    json::parse(&response.body).ok().map(|parsed| parsed.value)
}

/// A relying party that registered itself.
pub(super) struct Registration {
    pub client: RegisteredClient,
    /// The metadata that it sent.
    pub metadata: Value,
    /// The token by which it ends its registration.
    token: String,
}

/// Ends the registration of a client that shows its token.
pub(super) fn end(shared: &Shared, call: &Call, id: &str) -> Answer {
    let header = call.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let shown = header.split_once(' ').map_or("", |(_, token)| token.trim());
    let mut registered = shared.registered();
    let place = registered.iter().position(|known| known.client.id == id && known.token == shown);
    match place {
        Some(place) if call.method == "DELETE" => {
            registered.remove(place);
            Answer::empty(204)
        }
        Some(_) => page(405, "A registration can be ended, and nothing else."),
        None => page(401, "This registration is not known by that token."),
    }
}
