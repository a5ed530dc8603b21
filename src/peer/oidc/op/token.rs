//! The token endpoint (OpenID Connect Core section 3.1.3) and the userinfo endpoint (section 5.3).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::sessions::{Grant, Refresh};
use super::{Call, RegisteredClient, Shared};
use crate::peer::answer::Answer;
use crate::peer::oidc::answer::page;
use crate::peer::oidc::{LOGOUT_EVENT, LOGOUT_TYPE, random};
use crate::set::jwe::encrypt;
use crate::set::{Draft, sign};

/// How long ID Tokens and access tokens are good for, in seconds.
const LIFETIME: i64 = 600;

pub(super) fn answer(shared: &Shared, call: &Call) -> Answer {
    let tokens = client(shared, call).and_then(|client| match call.get("grant_type") {
        Some("authorization_code") => grant(shared, call, &client).and_then(|grant| tokens(shared, &client, &grant)),
        Some("refresh_token") => refreshed(shared, call, &client),
        _ => Err("unsupported_grant_type"),
    });
    match tokens {
        Ok(tokens) => Answer::of_json(200, &tokens),
        Err(error) => {
            let status = if error == "invalid_client" { 401 } else { 400 };
            Answer::of_json(status, &json!({ "error": error }))
        }
    }
}

/// Who asks.
fn client(shared: &Shared, call: &Call) -> Result<RegisteredClient, &'static str> {
    let (id, secret) = credentials(call).ok_or("invalid_client")?;
    let client = shared.client(&id).ok_or("invalid_client")?;
    if let Some(expected) = &client.secret
        && secret.as_deref() != Some(expected.expose_secret())
    {
        return Err("invalid_client");
    }
    Ok(client)
}

/// The grant of the code, where client, redirect URI and PKCE verifier are those of the authorization request.
fn grant(shared: &Shared, call: &Call, client: &RegisteredClient) -> Result<Grant, &'static str> {
    let grant = call.get("code").and_then(|code| shared.sessions.redeem(code)).ok_or("invalid_grant")?;
    let verified = match &grant.challenge {
        None => true,
        Some((challenge, is_digest)) => call.get("code_verifier").is_some_and(|verifier| {
            let shown = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            *challenge == if *is_digest { shown } else { verifier.to_owned() }
        }),
    };
    let same = grant.client == client.id && call.get("redirect_uri").is_none_or(|uri| uri == grant.redirect_uri);
    if verified && same { Ok(grant) } else { Err("invalid_grant") }
}

/// Client identifier and secret, from the Authorization header or the form (RFC 6749 section 2.3.1).
fn credentials(call: &Call) -> Option<(String, Option<String>)> {
    let header = call.headers.get("authorization").and_then(|value| value.to_str().ok());
    if let Some(basic) =
        header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
    {
        let text = String::from_utf8(STANDARD.decode(basic.1.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        let plain = |text: &str| {
            let decoded = form_urlencoded::parse(text.as_bytes()).next();
            decoded.map(|(name, _)| name.into_owned()).unwrap_or_default()
        };
        return Some((plain(id), Some(plain(secret))));
    }
    Some((call.get("client_id")?.to_owned(), call.get("client_secret").map(str::to_owned)))
}

/// New tokens for a refresh token (OpenID Connect Core section 12), which is replaced.
fn refreshed(shared: &Shared, call: &Call, client: &RegisteredClient) -> Result<Value, &'static str> {
    let known = call.get("refresh_token").and_then(|token| shared.sessions.refresh(token));
    let known = known.filter(|known| known.client == client.id).ok_or("invalid_grant")?;
    let mut tokens = json!({ "access_token": random(), "token_type": "Bearer", "expires_in": LIFETIME });
    if !known.fading {
        tokens["refresh_token"] = json!(shared.sessions.refreshable(known));
    }
    Ok(tokens)
}

/// Whether a login comes with a refresh token.
fn is_refreshable(shared: &Shared, client: &RegisteredClient, grant: &Grant) -> bool {
    let behaviours = &shared.behaviours;
    let plain = client.refreshes && !behaviours.has("gives-refresh-tokens-for-offline-access-alone");
    (plain || grant.offline) && !behaviours.has("gives-no-refresh-tokens")
}

fn tokens(shared: &Shared, client: &RegisteredClient, grant: &Grant) -> Result<Value, &'static str> {
    let session = shared.sessions.find(&grant.session).ok_or("invalid_grant")?;
    let now = jiff::Timestamp::now().as_second();
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), json!(shared.issuer()));
    claims.insert("sub".to_owned(), json!(session.sub));
    claims.insert("aud".to_owned(), json!(grant.client));
    claims.insert("exp".to_owned(), json!(now + LIFETIME));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("auth_time".to_owned(), json!(now));
    if let Some(nonce) = &grant.nonce {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    if !shared.behaviours.has("keeps-sid-out-of-id-tokens") {
        claims.insert("sid".to_owned(), json!(session.sid));
    }
    let kind = if session.confused { LOGOUT_TYPE } else { "JWT" };
    if session.confused {
        claims.shift_remove("nonce");
        claims.insert("jti".to_owned(), json!(random()));
        claims.insert("events".to_owned(), json!({ LOGOUT_EVENT: {} }));
    }
    let mut draft = Draft::new(claims);
    draft.merge_header(&Map::from_iter([("typ".to_owned(), json!(kind))]));
    let id_token = sign(&draft, &shared.options.key).map_err(|_| "server_error")?;
    let access_token = shared.sessions.logged_in(grant, &id_token);
    let refresh_token = is_refreshable(shared, client, grant).then(|| {
        let Grant { client, session, offline, .. } = grant.clone();
        shared.sessions.refreshable(Refresh { client, session, offline, fading: false })
    });
    let id_token = match &client.encryption {
        Some((key, agreed)) => encrypt(&id_token, key, *agreed, &Map::new()).map_err(|_| "server_error")?,
        None => id_token,
    };
    let mut tokens = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "scope": "openid profile email",
        "id_token": id_token,
    });
    if let Some(refresh_token) = refresh_token {
        tokens["refresh_token"] = json!(refresh_token);
    }
    Ok(tokens)
}

pub(super) fn userinfo(shared: &Shared, call: &Call) -> Answer {
    let header = call.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = header.split_once(' ').map_or("", |(_, token)| token.trim());
    match shared.sessions.user_of(token) {
        Some(sub) => {
            let email = format!("{sub}@example.com");
            let user = json!({
                "sub": sub, "name": sub, "preferred_username": sub, "email": email, "email_verified": true,
            });
            Answer::of_json(200, &user)
        }
        None => page(401, "This access token is not known.").with("WWW-Authenticate", "Bearer error=\"invalid_token\""),
    }
}
