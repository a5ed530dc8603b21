//! What the relying party knows of its provider: the metadata and the keys, looked up when they are first needed.

use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use crate::http::{Client, RequestSpec};
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};

pub(super) struct Provider {
    issuer: String,
    client: Client,
    known: OnceCell<Known>,
}

/// What does not change.
pub(super) struct Known {
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    keys: JwksSource,
}

impl Provider {
    pub fn new(issuer: &str, client: Client) -> Self {
        Self { issuer: issuer.to_owned(), client, known: OnceCell::new() }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The metadata (OpenID Connect Discovery section 4).
    ///
    /// # Errors
    /// In words, if there are none or they are of no use.
    pub async fn known(&self) -> Result<&Known, String> {
        self.known.get_or_try_init(|| self.discover()).await
    }

    /// The keys to verify a token with this `kid`.
    pub async fn keys_for(&self, kid: Option<&str>) -> Result<Jwks, String> {
        let known = self.known().await?;
        known.keys.keys_for(kid).await.map_err(|error| error.to_string())
    }

    async fn discover(&self) -> Result<Known, String> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| format!("{url}: {error}"))?;
        let document = self.fetch(RequestSpec::new("GET", url.clone())).await?;
        if document.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(format!("{url}: expected the issuer {}, got another one", self.issuer));
        }
        let member = |name: &str| {
            let value = document.get(name).and_then(Value::as_str);
            value.and_then(|value| Url::parse(value).ok()).ok_or_else(|| format!("{url}: no {name}"))
        };
        let keys = RemoteJwks::with_default_client(member("jwks_uri")?).map_err(|error| error.to_string())?;
        Ok(Known {
            authorization_endpoint: member("authorization_endpoint")?,
            token_endpoint: member("token_endpoint")?,
            keys: JwksSource::remote(keys),
        })
    }

    /// The JSON document that a request is answered with.
    ///
    /// # Errors
    /// In words, with the URL: no answer, another status than 200, or no JSON.
    pub async fn fetch(&self, spec: RequestSpec) -> Result<Value, String> {
        let url = spec.url.clone();
        let exchange = self.client.send(spec).await;
        if let Some(failure) = exchange.failure {
            return Err(format!("{url}: {}", failure.message));
        }
        let response = exchange.response.ok_or_else(|| format!("{url}: no answer"))?;
        if response.status != 200 {
            return Err(format!("{url}: expected 200, got {}", response.status));
        }
        serde_json::from_slice(&response.body).map_err(|error| format!("{url}: {error}"))
    }
}
