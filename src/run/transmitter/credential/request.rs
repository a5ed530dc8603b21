//! The token request (RFC 6749 section 4.4.2) and the ways in which a client authenticates itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::talk::Talk;
use crate::http::RequestSpec;
use crate::run::transmitter::settings::{ClientAuthentication, ClientSettings};
use crate::set::{Draft, KeyError, SigningKey, sign};

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion can be used, in seconds.
const ASSERTION_LIFETIME: i64 = 60;

/// The request for a token. The secrets that are in it are hidden from the records.
pub(super) fn token_request(
    settings: &ClientSettings,
    endpoint: &Url,
    talk: &mut Talk<'_>,
) -> Result<RequestSpec, String> {
    let mut parameters = vec![("grant_type", "client_credentials")];
    parameters.extend(settings.scope.as_deref().map(|scope| ("scope", scope)));
    authenticated(settings, endpoint, &parameters, talk)
}

/// The request that ends a token (RFC 7009 section 2.1).
pub(super) fn revocation_request(
    settings: &ClientSettings,
    endpoint: &Url,
    token: &str,
    talk: &mut Talk<'_>,
) -> Result<RequestSpec, String> {
    talk.hide(token);
    authenticated(settings, endpoint, &[("token", token), ("token_type_hint", "access_token")], talk)
}

/// A form in which, or beside which, the client says who it is.
fn authenticated(
    settings: &ClientSettings,
    endpoint: &Url,
    parameters: &[(&str, &str)],
    talk: &mut Talk<'_>,
) -> Result<RequestSpec, String> {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(parameters);
    let mut spec = RequestSpec::new("POST", endpoint.clone())
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json");
    match &settings.authentication {
        ClientAuthentication::Basic(secret) => {
            talk.hide(secret.expose_secret());
            let value = basic(&settings.id, secret.expose_secret());
            talk.hide(&value);
            spec = spec.header("Authorization", value);
        }
        ClientAuthentication::Post(secret) => {
            talk.hide(secret.expose_secret());
            form.append_pair("client_id", &settings.id).append_pair("client_secret", secret.expose_secret());
        }
        ClientAuthentication::PrivateKey(key) => {
            let assertion = assertion(&settings.id, endpoint, key)
                .map_err(|error| format!("the client assertion (RFC 7523) could not be signed: {error}"))?;
            talk.hide(&assertion);
            form.append_pair("client_id", &settings.id)
                .append_pair("client_assertion_type", JWT_BEARER)
                .append_pair("client_assertion", &assertion);
        }
    }
    Ok(spec.body(form.finish()))
}

/// Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1), so that a colon in an id does no harm.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// A JWT in which the client says who it is (RFC 7523 section 3).
fn assertion(id: &str, endpoint: &Url, key: &SigningKey) -> Result<String, KeyError> {
    let now = jiff::Timestamp::now().as_second();
    let claims = [
        ("iss", json!(id)),
        ("sub", json!(id)),
        ("aud", json!(endpoint.as_str())),
        ("jti", json!(uuid::Uuid::new_v4().to_string())),
        ("iat", json!(now)),
        ("exp", json!(now + ASSERTION_LIFETIME)),
    ];
    let claims: Map<String, Value> = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let header = Map::from_iter([("typ".to_owned(), json!("JWT"))]);
    sign(&Draft { header, claims, payload_text: None }, key)
}
