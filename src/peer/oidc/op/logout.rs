//! Logout tokens (Back-Channel Logout section 2.4) and the requests that carry them (section 2.5).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, json};
use url::Url;

use super::sessions::Session;
use super::{RegisteredClient, Shared};
use crate::expr::Scope;
use crate::http::{Exchange, RequestSpec};
use crate::peer::oidc::{FORM, LOGOUT_EVENT, LOGOUT_TYPE, random};
use crate::peer::tamper::OutgoingRequest;
use crate::set::jwe::{Agreed, DecryptionKey, EncryptionKey, KeyAlg, encrypt};
use crate::set::{Alg, Draft, ForgeKeys, SigningKey, forge, sign};

/// How long a logout token is good for, in seconds: at most two minutes (section 4).
const LIFETIME: i64 = 120;

/// How long a request that got no answer waits before it is sent again.
const PAUSE: Duration = Duration::from_millis(1200);

/// Tells every relying party at which the session was logged in, side by side (section 2.3).
pub(super) async fn tell(shared: &Shared, session: &Session) {
    if shared.behaviours.has("forgets-relying-parties") {
        return;
    }
    let clients = session.clients.iter().filter_map(|id| shared.client(id));
    let told = clients.filter_map(|client| {
        let uri = client.logout_uri.clone()?;
        Some(request(shared, session, client, uri))
    });
    join_all(told).await;
}

async fn request(shared: &Shared, session: &Session, client: RegisteredClient, mut uri: Url) {
    if shared.behaviours.has("drops-the-query") {
        uri.set_query(None);
    }
    let Some(token) = token(shared, session, &client.id).and_then(|token| encrypted(shared, &client, token)) else {
        return;
    };
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
    let mut outgoing = OutgoingRequest {
        method: "POST".to_owned(),
        url: uri,
        headers: vec![("Content-Type".to_owned(), FORM.to_owned())],
        body: body.into_bytes(),
    };
    shared.options.tamper.visit(&mut outgoing, "logout", &Scope::new().with("fixture", json!("logout")));
    let exchange = send(shared, &outgoing).await;
    let again = match exchange.status() {
        None | Some(503) if shared.behaviours.has("retries-at-once") => Some(Duration::ZERO),
        None | Some(503) if shared.behaviours.has("retries-later") => Some(PAUSE),
        Some(204) if shared.behaviours.has("repeats-after-204") => Some(Duration::ZERO),
        Some(200) if shared.behaviours.has("repeats-after-success") => Some(Duration::ZERO),
        Some(400) if shared.behaviours.has("repeats-after-refusal") => Some(Duration::ZERO),
        _ => None,
    };
    if let Some(pause) = again {
        tokio::time::sleep(pause).await;
        send(shared, &outgoing).await;
    }
}

async fn send(shared: &Shared, request: &OutgoingRequest) -> std::sync::Arc<Exchange> {
    let exchange = shared
        .options
        .client
        .send(RequestSpec {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        })
        .await;
    shared.options.logouts.record(exchange)
}

/// The token as the relying party wants it: encrypted where its ID Tokens are, with the issuer in the header.
fn encrypted(shared: &Shared, client: &RegisteredClient, token: String) -> Option<String> {
    let behaviours = &shared.behaviours;
    let Some((key, agreed)) = client.encryption.as_ref().filter(|_| !behaviours.has("does-not-encrypt")) else {
        return Some(token);
    };
    let mut header = Map::from_iter([("iss".to_owned(), json!(shared.issuer()))]);
    if behaviours.has("encrypts-without-an-issuer") {
        header.clear();
    }
    if behaviours.has("encrypts-by-another-key") {
        let other = SigningKey::generate(Alg::Es256, "other").ok().and_then(|key| DecryptionKey::new(&key).ok())?;
        let other = EncryptionKey::from_jwk(&other.public_jwk(KeyAlg::EcdhEs)).ok()?;
        return encrypt(&token, &other, Agreed { alg: KeyAlg::EcdhEs, enc: agreed.enc }, &header).ok();
    }
    encrypt(&token, key, *agreed, &header).ok()
}

/// A logout token for one relying party, signed with the key of ID Tokens.
fn token(shared: &Shared, session: &Session, client: &str) -> Option<String> {
    let now = jiff::Timestamp::now().as_second();
    let behaviours = &shared.behaviours;
    let jti = if behaviours.has("reuses-jti") { "the-logout-token".to_owned() } else { random() };
    let other = behaviours.has("gives-sessions-of-a-user-one-subject-each");
    let claims = json!({
        "iss": shared.issuer(),
        "sub": if other { random() } else { session.sub.clone() },
        "aud": client,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": jti,
        "sid": session.sid,
        "events": { LOGOUT_EVENT: {} },
    });
    let mut draft = Draft::new(claims.as_object().cloned().unwrap_or_default());
    draft.merge_header(&Map::from_iter([("typ".to_owned(), json!(LOGOUT_TYPE))]));
    let base = Scope::new().with("issuer", json!(shared.issuer())).with("audience", json!(client));
    let (key, other_key) = (&shared.options.key, &shared.options.other_key);
    let bytes = match shared.options.tamper.draft(&mut draft, "logout", &base) {
        Some(forgery) => forge(&draft, forgery, &ForgeKeys::new(key, other_key)),
        None => sign(&draft, key).map(String::into_bytes),
    };
    bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok())
}
