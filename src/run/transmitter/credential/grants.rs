//! The tokens of an OAuth client (RFC 6749 section 4.4): one at a time, fetched once for all who wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::answer::{self, Granted};
use super::talk::Talk;
use super::{bearer, discovery, request};
use crate::http::{Client, Exchange};
use crate::run::transmitter::settings::ClientSettings;

/// How long before its end a token is not used any more: a request with it has to arrive, too.
const MARGIN: Duration = Duration::from_secs(30);

/// A token that replaced a refused one is not replaced for that reason within this time: the next one would fare no better.
const PAUSE: Duration = Duration::from_secs(30);

/// How many tokens a run asks for. Whoever gives out only such as end at once would be asked before every request.
const MOST_FETCHES: u32 = 50;

/// A client that gets tokens.
pub(super) struct Grants {
    settings: ClientSettings,
    issuer: String,
    /// How many fetches have ended, so that whoever waited for one knows that it did.
    ended: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where tokens are had, once that is known.
    endpoint: Option<Url>,
    held: Option<Held>,
    /// How many tokens were asked for.
    fetches: u32,
    /// Why the last fetch came to nothing.
    failure: Option<String>,
    /// When a token was last given up because it was refused.
    refused: Option<Instant>,
}

/// A token in use.
struct Held {
    /// The whole value of the header.
    value: SecretString,
    /// When it is used no longer; never, if the token endpoint did not say how long it lasts.
    until: Option<Instant>,
    scope: Option<String>,
}

impl Grants {
    pub fn new(settings: ClientSettings, issuer: &str) -> Self {
        let state = State { endpoint: settings.token_endpoint.clone(), ..State::default() };
        Self { settings, issuer: issuer.to_owned(), ended: AtomicU64::new(0), state: Mutex::new(state) }
    }

    pub async fn authorization(&self, client: &Client) -> (Result<String, String>, Vec<Exchange>) {
        let before = self.ended.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        // The last one has to do: streams are still to be deleted with it.
        let is_last = state.fetches >= MOST_FETCHES;
        if let Some(held) = state.held.as_ref().filter(|held| held.lasts() || is_last) {
            return (Ok(held.value.expose_secret().to_owned()), Vec::new());
        }
        // A failure is shared like a token: many callers in a row would wait for the same silence otherwise.
        if self.ended.load(Ordering::Acquire) != before
            && let Some(why) = &state.failure
        {
            return (Err(why.clone()), Vec::new());
        }
        let mut talk = Talk::new(client);
        let outcome = self.fetch(&mut talk, &mut state).await.map_err(|why| talk.safe(&why));
        let outcome = outcome.map(|granted| {
            let value = bearer(&granted.token);
            let until = granted.lifetime.map(|lifetime| Instant::now() + lifetime - MARGIN.min(lifetime / 10));
            let header = value.expose_secret().to_owned();
            state.held = Some(Held { value, until, scope: granted.scope });
            header
        });
        state.failure = outcome.as_ref().err().cloned();
        self.ended.fetch_add(1, Ordering::Release);
        (outcome, talk.into_exchanges())
    }

    async fn fetch(&self, talk: &mut Talk<'_>, state: &mut State) -> Result<Granted, String> {
        if state.fetches >= MOST_FETCHES {
            return Err(format!("a token was asked for {MOST_FETCHES} times, and none lasted"));
        }
        state.fetches += 1;
        let endpoint = match &state.endpoint {
            Some(known) => known.clone(),
            None => {
                let found = discovery::token_endpoint(talk, &self.issuer).await?;
                state.endpoint.insert(found).clone()
            }
        };
        let spec = request::token_request(&self.settings, &endpoint, talk)?;
        let exchange = talk.send(spec).await;
        answer::read(talk, &endpoint, &exchange)
    }

    /// The same client with tokens of its own.
    pub async fn another(&self, scope: Option<&str>) -> Self {
        let token_endpoint = self.state.lock().await.endpoint.clone();
        let scope = scope.map(str::to_owned).or_else(|| self.settings.scope.clone());
        Self::new(ClientSettings { token_endpoint, scope, ..self.settings.clone() }, &self.issuer)
    }

    pub async fn scope(&self) -> Option<String> {
        self.state.lock().await.held.as_ref()?.scope.clone()
    }

    pub async fn has_token(&self) -> bool {
        self.state.lock().await.held.is_some()
    }

    /// Ends the token in use before its time; the whole value of the header that it stood in.
    pub async fn revoke(&self, endpoint: &Url, client: &Client) -> (Result<SecretString, String>, Vec<Exchange>) {
        let Some(Held { value, .. }) = self.state.lock().await.held.take() else {
            return (Err("there is no token that could be revoked".to_owned()), Vec::new());
        };
        let mut talk = Talk::new(client);
        let token = value.expose_secret().trim_start_matches("Bearer ").to_owned();
        let ended = match request::revocation_request(&self.settings, endpoint, &token, &mut talk) {
            Ok(spec) => answer::ended(endpoint, &talk.send(spec).await),
            Err(why) => Err(why),
        };
        (ended.map(|()| value).map_err(|why| talk.safe(&why)), talk.into_exchanges())
    }

    pub async fn expire(&self, refused: &str) -> bool {
        let mut state = self.state.lock().await;
        let current = state.held.as_ref().is_some_and(|held| held.value.expose_secret() == refused);
        if !current {
            // Somebody else has seen to it already.
            return true;
        }
        if state.refused.is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        state.held = None;
        state.refused = Some(Instant::now());
        true
    }
}

impl Held {
    fn lasts(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}
