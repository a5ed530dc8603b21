//! What the relying party knows of its provider: the metadata and the keys, looked up when they are first needed.

use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use crate::http::{Client, RequestSpec};
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};

pub(super) struct Provider {
    issuer: String,
    client: Client,
    /// Who the relying party is, unless it registers itself.
    identity: Identity,
    known: OnceCell<Known>,
}

/// What does not change.
pub(super) struct Known {
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub identity: Identity,
    keys: JwksSource,
}

/// Who the relying party is at its provider.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub id: String,
    pub secret: Option<SecretString>,
}

impl Provider {
    pub fn new(issuer: &str, client: Client, identity: Identity) -> Self {
        Self { issuer: issuer.to_owned(), client, identity, known: OnceCell::new() }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The client identifier.
    pub fn client_id(&self) -> &str {
        &self.known.get().map_or(&self.identity, |known| &known.identity).id
    }

    /// The metadata (OpenID Connect Discovery section 4), once; registers with this `registration` on the way, if there is
    /// one.
    ///
    /// # Errors
    /// In words, if there are none or they are of no use.
    pub async fn known(&self, registration: Option<Value>) -> Result<&Known, String> {
        self.known.get_or_try_init(|| self.discover(registration)).await
    }

    /// The keys to verify a token with this `kid`.
    pub async fn keys_for(&self, kid: Option<&str>) -> Result<Jwks, String> {
        let known = self.known.get().ok_or("the provider is not known yet")?;
        known.keys.keys_for(kid).await.map_err(|error| error.to_string())
    }

    async fn discover(&self, registration: Option<Value>) -> Result<Known, String> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| format!("{url}: {error}"))?;
        let document = self.fetch(RequestSpec::new("GET", url.clone()), 200).await?;
        if document.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(format!("{url}: expected the issuer {}, got another one", self.issuer));
        }
        let member = |name: &str| {
            let value = document.get(name).and_then(Value::as_str);
            value.and_then(|value| Url::parse(value).ok()).ok_or_else(|| format!("{url}: no {name}"))
        };
        let identity = match registration {
            Some(metadata) => self.register(member("registration_endpoint")?, &metadata).await?,
            None => self.identity.clone(),
        };
        let keys = RemoteJwks::with_default_client(member("jwks_uri")?).map_err(|error| error.to_string())?;
        Ok(Known {
            authorization_endpoint: member("authorization_endpoint")?,
            token_endpoint: member("token_endpoint")?,
            identity,
            keys: JwksSource::remote(keys),
        })
    }

    async fn register(&self, endpoint: Url, metadata: &Value) -> Result<Identity, String> {
        let spec = RequestSpec::new("POST", endpoint.clone())
            .header("Content-Type", "application/json")
            .body(metadata.to_string());
        let answer = self.fetch(spec, 201).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let id = text("client_id").ok_or_else(|| format!("{endpoint}: no client_id"))?;
        Ok(Identity { id: id.to_owned(), secret: text("client_secret").map(SecretString::from) })
    }

    /// The JSON document that a request is answered with.
    ///
    /// # Errors
    /// In words, with the URL: no answer, another status, or no JSON.
    pub async fn fetch(&self, spec: RequestSpec, status: u16) -> Result<Value, String> {
        let url = spec.url.clone();
        let exchange = self.client.send(spec).await;
        if let Some(failure) = exchange.failure {
            return Err(format!("{url}: {}", failure.message));
        }
        let response = exchange.response.ok_or_else(|| format!("{url}: no answer"))?;
        if response.status != status {
            return Err(format!("{url}: expected {status}, got {}", response.status));
        }
        serde_json::from_slice(&response.body).map_err(|error| format!("{url}: {error}"))
    }
}
