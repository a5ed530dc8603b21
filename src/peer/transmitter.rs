//! The built-in push transmitter: it makes SETs from fixtures, pushes them, and tries again where that helps.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use super::tamper::{OutgoingPush, Tamper};
use crate::expr::Scope;
use crate::http::{Client, Exchange, RequestSpec};
use crate::set::{self, ForgeKeys, KeyError, SigningKey};
use crate::suite::Catalogue;
use crate::suite::model::deviation::Retry;

/// How the transmitter is set up.
pub struct TransmitterOptions {
    /// Where its SET fixtures come from.
    pub catalogue: Arc<Catalogue>,
    /// Its name, for the claim `iss`.
    pub issuer: String,
    /// The receiver's name, for the claim `aud`.
    pub audience: String,
    /// The key that it signs with.
    pub key: Arc<SigningKey>,
    /// For forgeries.
    pub other_key: Arc<SigningKey>,
    /// What sends its requests and records them.
    pub client: Client,
    /// The whole value of its Authorization header; none is sent unless given.
    pub authorization: Option<SecretString>,
    /// How it deviates.
    pub tamper: Tamper,
    /// How long it waits before the first retransmission; the second one waits twice as long.
    pub retry_delay: Duration,
    /// How often it sends a SET at the most.
    pub attempts: u32,
}

/// Why an event could not be emitted at all.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// There is no such SET fixture, or it cannot be filled in.
    #[error("{0}")]
    Fixture(String),
    /// The key cannot sign, or cannot forge what a deviation asks for.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A transmitter that pushes to whatever endpoint it is given.
pub struct Transmitter {
    options: TransmitterOptions,
}

impl Transmitter {
    /// A transmitter; nothing is sent before [`Transmitter::emit`].
    pub fn new(options: TransmitterOptions) -> Self {
        Self { options }
    }

    /// Pushes the SET of a fixture to `endpoint`. It is sent again after a failure that can pass (no answer, 429, 5xx; RFC 8935
    /// section 2), with a growing delay, and not otherwise.
    pub async fn emit(&self, fixture: &str, endpoint: &Url) -> Result<Vec<Exchange>, EmitError> {
        let push = self.push(fixture)?;
        let retry = self.options.tamper.retry();
        let mut exchanges = Vec::new();
        let mut delay = self.options.retry_delay;
        for attempt in 1..=self.options.attempts.max(1) {
            let exchange = self
                .options
                .client
                .send(RequestSpec {
                    method: push.method.clone(),
                    url: endpoint.clone(),
                    headers: push.headers.clone(),
                    body: push.body.clone(),
                })
                .await;
            let status = exchange.status();
            exchanges.push(exchange);
            let again = match status {
                Some(200..=299) => retry == Some(Retry::AfterSuccess) && attempt == 1,
                Some(429) | Some(500..=599) | None => true,
                Some(_) => retry == Some(Retry::AfterRefusal) && attempt == 1,
            };
            if !again {
                break;
            }
            // Whoever repeats what was acknowledged has no reason to wait.
            let failed = !matches!(status, Some(200..=299));
            if failed && attempt < self.options.attempts && retry != Some(Retry::WithoutDelay) {
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
        Ok(exchanges)
    }

    fn push(&self, fixture: &str) -> Result<OutgoingPush, EmitError> {
        let options = &self.options;
        let base = Scope::new()
            .with("issuer", json!(options.issuer))
            .with("audience", json!(options.audience))
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()));
        let mut draft =
            base.enter(|entered| options.catalogue.fixtures.draft(fixture, entered)).map_err(EmitError::Fixture)?;
        let body = match options.tamper.draft(&mut draft, fixture, &base) {
            None => set::sign(&draft, &options.key)?.into_bytes(),
            Some(forgery) => set::forge(&draft, forgery, &ForgeKeys::new(&options.key, &options.other_key))?,
        };
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/secevent+jwt".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
            ("Accept-Language".to_owned(), "en".to_owned()),
        ];
        if let Some(secret) = &options.authorization {
            headers.push(("Authorization".to_owned(), secret.expose_secret().to_owned()));
        }
        let mut push = OutgoingPush { method: "POST".to_owned(), headers, body };
        options.tamper.request(&mut push, fixture, &base);
        Ok(push)
    }
}
