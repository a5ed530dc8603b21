//! What the provider says of itself: its metadata (OpenID Connect Discovery section 4) and its keys.

use serde_json::Value;
use url::Url;

use crate::http::{Client, Exchange, RequestSpec};
use crate::set::Jwks;
use crate::set::jwe::{Agreed, Enc, KeyAlg};

/// The provider, once it was asked.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    pub metadata: Value,
    pub jwks: Jwks,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    /// Where sessions are ended (RP-Initiated Logout section 2.1), if it says so.
    pub end_session_endpoint: Option<Url>,
}

impl Provider {
    /// Whether a list of the metadata has this value.
    pub fn lists(&self, name: &str, value: &str) -> bool {
        self.list(name).any(|known| known == value)
    }

    /// How it can encrypt ID Tokens for us, if it says so (OpenID Connect Discovery section 3).
    pub fn encryption(&self) -> Option<Agreed> {
        let alg =
            KeyAlg::ALL.into_iter().find(|alg| self.lists("id_token_encryption_alg_values_supported", alg.name()))?;
        let name = "id_token_encryption_enc_values_supported";
        if self.list(name).next().is_none() {
            return Some(Agreed { alg, enc: Enc::A128CbcHs256 });
        }
        let enc = Enc::ALL.into_iter().find(|enc| self.lists(name, enc.name()))?;
        Some(Agreed { alg, enc })
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.metadata.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
}

/// Fetches metadata and keys; the exchanges, the first of which is that of the metadata, and what came of them.
pub(super) async fn discover(client: &Client, issuer: &str) -> (Vec<Exchange>, Result<Provider, String>) {
    let mut exchanges = Vec::new();
    let outcome = ask(client, issuer, &mut exchanges).await;
    (exchanges, outcome)
}

async fn ask(client: &Client, issuer: &str, exchanges: &mut Vec<Exchange>) -> Result<Provider, String> {
    let url = metadata_url(issuer)?;
    let metadata = document(client, url.clone(), exchanges).await?;
    let named = metadata.get("issuer").and_then(Value::as_str);
    if named != Some(issuer) {
        return Err(format!("{url}: expected the issuer {issuer:?}, got {named:?}"));
    }
    let member = |name: &str| match metadata.get(name).and_then(Value::as_str) {
        Some(value) => web(value, name),
        None => Err(format!("{url}: no {name}")),
    };
    let (authorization_endpoint, token_endpoint) = (member("authorization_endpoint")?, member("token_endpoint")?);
    let end_session_endpoint = member("end_session_endpoint").ok();
    let jwks_uri = member("jwks_uri")?;
    let keys = document(client, jwks_uri.clone(), exchanges).await?;
    let jwks = Jwks::from_value(&keys).map_err(|error| format!("{jwks_uri}: {error}"))?;
    Ok(Provider { metadata, jwks, authorization_endpoint, token_endpoint, end_session_endpoint })
}

/// Where the metadata of an issuer are (OpenID Connect Discovery section 4).
pub(super) fn metadata_url(issuer: &str) -> Result<Url, String> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    web(&url, "the address of the metadata")
}

fn web(text: &str, what: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{what}: {text:?} is no URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(format!("{what}: {text:?} is no web address")) }
}

async fn document(client: &Client, url: Url, exchanges: &mut Vec<Exchange>) -> Result<Value, String> {
    let exchange = client.send(RequestSpec::new("GET", url.clone()).header("Accept", "application/json")).await;
    let read = read(&exchange, &[200]);
    exchanges.push(exchange);
    read.map_err(|why| format!("{url}: {why}"))
}

/// The JSON object that an exchange was answered with.
///
/// # Errors
/// In words: no whole answer, another status than these, or no JSON object.
pub(super) fn read(exchange: &Exchange, expected: &[u16]) -> Result<Value, String> {
    if let Some(failure) = &exchange.failure {
        return Err(failure.message.clone());
    }
    let response = exchange.response.as_ref().ok_or("no answer")?;
    if response.truncated {
        return Err("the answer is larger than any that is read".to_owned());
    }
    if !expected.contains(&response.status) {
        let expected: Vec<String> = expected.iter().map(u16::to_string).collect();
        return Err(format!("expected status {}, got {}", expected.join(" or "), response.status));
    }
    match crate::set::json::parse(&response.body) {
        Ok(parsed) if parsed.value.is_object() => Ok(parsed.value),
        Ok(_) => Err("expected a JSON object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
