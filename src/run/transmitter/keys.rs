//! The keys of a transmitter (SSF section 4.1.4), fetched by ourselves, so that the fetch is evidence too.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::http::{Client, Exchange, RequestSpec};
use crate::set::{self, Jwks, Signature, Token};

/// Keys are not fetched more often, so that forged tokens cannot make us hammer the transmitter.
const MIN_INTERVAL: Duration = Duration::from_millis(200);

/// How often a run looks for new keys because of a token that no known key verifies.
const MOST_REFETCHES: u32 = 20;

/// How many such looks may fail: each can take as long as a request may.
const MOST_FAILURES: u32 = 3;

/// The keys by which SETs are verified.
pub(crate) struct Keys {
    /// None where the operator gave the keys, or the metadata name none.
    uri: Option<Url>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Option<Jwks>,
    fetched: Option<Instant>,
    refetches: u32,
    failures: u32,
    /// Fetches that nobody has looked at yet.
    exchanges: Vec<Exchange>,
}

impl Keys {
    /// Keys that the operator gave.
    pub fn fixed(keys: Jwks) -> Self {
        Self { uri: None, state: Mutex::new(State { keys: Some(keys), ..State::default() }) }
    }

    /// Keys behind a URL; none at all without one.
    pub fn at(uri: Option<Url>) -> Self {
        Self { uri, state: Mutex::default() }
    }

    /// Fetches the keys; what became of it.
    pub async fn fetch(&self, client: &Client) -> Option<(Exchange, Result<(), String>)> {
        let uri = self.uri.as_ref()?;
        let mut state = self.state.lock().await;
        let (exchange, keys) = get(client, uri).await;
        state.fetched = Some(Instant::now());
        let outcome = keys.map(|keys| state.keys = Some(keys));
        Some((exchange, outcome))
    }

    /// Whether some key that was fetched can be used.
    pub async fn are_usable(&self) -> bool {
        let state = self.state.lock().await;
        state.keys.as_ref().is_some_and(|keys| keys.keys().iter().any(|key| key.unusable().is_none()))
    }

    /// Verifies a token; an unknown key makes us look for new ones (rotation).
    pub async fn verify(&self, token: &Token, client: &Client) -> Signature {
        let mut state = self.state.lock().await;
        let known = state.keys.as_ref().map(|keys| set::verify(token, keys));
        // Without a key identifier, a new key looks like a bad signature.
        let outdated = match &known {
            Some(Signature::NoKey { .. }) | None => true,
            Some(Signature::Invalid { .. }) => token.kid().is_none(),
            Some(_) => false,
        };
        match (known, &self.uri) {
            (_, Some(uri)) if outdated && state.refetches < MOST_REFETCHES && state.failures < MOST_FAILURES => {
                if let Some(fetched) = state.fetched {
                    tokio::time::sleep(MIN_INTERVAL.saturating_sub(fetched.elapsed())).await;
                }
                let (exchange, keys) = get(client, uri).await;
                state.exchanges.push(exchange);
                state.fetched = Some(Instant::now());
                state.refetches += 1;
                match keys {
                    Ok(keys) => state.keys = Some(keys),
                    Err(_) => state.failures += 1,
                }
                match &state.keys {
                    Some(keys) => set::verify(token, keys),
                    None => set::verify(token, &Jwks::default()),
                }
            }
            (Some(signature), _) => signature,
            // Without any key set an unsecured token is still known to be one.
            (None, None) => match set::verify(token, &Jwks::default()) {
                Signature::NoKey { .. } => Signature::NotChecked,
                other => other,
            },
            (None, Some(_)) => set::verify(token, &Jwks::default()),
        }
    }

    /// The fetches since the last call.
    pub async fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.state.lock().await.exchanges)
    }
}

async fn get(client: &Client, uri: &Url) -> (Exchange, Result<Jwks, String>) {
    let exchange = client.send(RequestSpec::new("GET", uri.clone()).header("Accept", "application/json")).await;
    let keys = match (&exchange.response, &exchange.failure) {
        (Some(response), None) if response.status == 200 => {
            Jwks::parse(&response.body_text()).map_err(|error| error.to_string())
        }
        (Some(response), None) => Err(format!("expected 200, got {}", response.status)),
        (_, failure) => Err(failure.as_ref().map_or_else(|| "no answer".to_owned(), |failure| failure.message.clone())),
    };
    (exchange, keys)
}
