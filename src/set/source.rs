//! Where verification keys come from.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::error::KeyError;
use super::jwks::Jwks;

/// The largest key set that is read.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A source of verification keys.
#[derive(Debug)]
pub enum JwksSource {
    /// Keys that do not change.
    Fixed(Jwks),
    /// A file, read each time, so that a changed file is seen.
    File(PathBuf),
    /// A URL, fetched when needed.
    Url(Box<RemoteJwks>),
}

impl JwksSource {
    /// Keys behind a URL.
    pub fn remote(remote: RemoteJwks) -> Self {
        JwksSource::Url(Box::new(remote))
    }

    /// The keys to verify a token with this `kid`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Source`] with the file or URL if it cannot be read, is too large, or holds no JWK Set. A fetch that
    /// fails while older keys are known gives those.
    pub async fn keys_for(&self, kid: Option<&str>) -> Result<Jwks, KeyError> {
        match self {
            JwksSource::Fixed(keys) => Ok(keys.clone()),
            JwksSource::File(path) => {
                let text = read(path).await.map_err(|error| KeyError::source(path.display(), error))?;
                parse(path.display(), &text)
            }
            JwksSource::Url(remote) => remote.keys_for(kid).await,
        }
    }
}

/// A key set behind a URL, kept until it seems to be outdated.
///
/// It is fetched again when a token names a `kid` that it does not hold (rotation), when a token names none and the
/// cached keys may therefore be old, and when it is older than the maximum age; but never more often than the minimum
/// interval, so that forged tokens cannot make us hammer the issuer. Concurrent callers share one fetch.
#[derive(Debug)]
pub struct RemoteJwks {
    url: Url,
    client: Client,
    min_interval: Duration,
    max_age: Duration,
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    attempt: Option<Instant>,
    keys: Option<(Jwks, Instant)>,
    failure: Option<KeyError>,
}

impl RemoteJwks {
    /// With a client of the caller, whose proxy, redirect and TLS settings hold. Nothing is fetched yet.
    pub fn new(url: Url, client: Client) -> Self {
        RemoteJwks {
            url,
            client,
            min_interval: Duration::from_millis(100),
            max_age: Duration::from_secs(300),
            timeout: Duration::from_secs(10),
            state: Mutex::default(),
        }
    }

    /// With a client that uses no proxy and follows at most three redirects, none from https to http.
    ///
    /// The caller has installed a rustls provider: without one, `reqwest` panics.
    ///
    /// # Errors
    ///
    /// [`KeyError::Source`] if the client cannot be built, for example for want of any CA certificate.
    pub fn with_default_client(url: Url) -> Result<Self, KeyError> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::custom(|attempt| {
                let downgrade = attempt.url().scheme() != "https"
                    && attempt.previous().iter().any(|previous| previous.scheme() == "https");
                if downgrade {
                    attempt.error("redirect from https to http")
                } else if attempt.previous().len() > 3 {
                    attempt.error("more than three redirects")
                } else {
                    attempt.follow()
                }
            }))
            .build()
            .map_err(|error| KeyError::source(place(&url), chain(error)))?;
        Ok(Self::new(url, client))
    }

    /// The shortest time between two fetches (100 ms).
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }

    /// How long keys are used without looking again (5 minutes).
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// How long one fetch may take, from connecting to the last byte (10 s).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn keys_for(&self, kid: Option<&str>) -> Result<Jwks, KeyError> {
        // Held during the fetch, so that those who come meanwhile wait for its result.
        let mut state = self.state.lock().await;
        let cached = state
            .keys
            .as_ref()
            .filter(|(keys, fetched)| fetched.elapsed() < self.max_age && kid.is_some_and(|kid| keys.has(kid)));
        if let Some((keys, _)) = cached {
            return Ok(keys.clone());
        }
        if state.attempt.is_none_or(|attempt| attempt.elapsed() >= self.min_interval) {
            state.attempt = Some(Instant::now());
            match self.fetch().await {
                Ok(keys) => state.keys = Some((keys, Instant::now())),
                Err(error) => state.failure = Some(error),
            }
        }
        match (&state.keys, &state.failure) {
            (Some((keys, _)), _) => Ok(keys.clone()),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Err(KeyError::source(place(&self.url), "no fetch was completed")),
        }
    }

    async fn fetch(&self) -> Result<Jwks, KeyError> {
        match tokio::time::timeout(self.timeout, self.body()).await {
            Ok(body) => parse(place(&self.url), &body?),
            Err(_) => Err(KeyError::source(&self.url, format!("no answer within {:?}", self.timeout))),
        }
    }

    async fn body(&self) -> Result<Vec<u8>, KeyError> {
        let failed = |error: reqwest::Error| KeyError::source(place(&self.url), chain(error));
        let request = self.client.get(self.url.clone()).header("accept", "application/json");
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != reqwest::StatusCode::OK {
            let reason = format!("expected status 200, got {}", response.status());
            return Err(KeyError::source(place(&self.url), reason));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(KeyError::source(place(&self.url), too_large()));
            }
        }
        Ok(body)
    }
}

async fn read(path: &PathBuf) -> Result<Vec<u8>, std::io::Error> {
    let mut text = Vec::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text).await?;
    if text.len() > MAX_BYTES {
        return Err(std::io::Error::other(too_large()));
    }
    Ok(text)
}

fn parse(place: impl ToString, body: &[u8]) -> Result<Jwks, KeyError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| KeyError::source(place.to_string(), format!("not UTF-8: {error}")))?;
    Jwks::parse(text).map_err(|error| KeyError::source(place.to_string(), error))
}

fn too_large() -> String {
    format!("more than {MAX_BYTES} bytes")
}

/// The URL as it may be shown: credentials in it stay out of messages and reports.
fn place(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// The causes of an error as well: `reqwest` says only "error sending request" by itself.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
