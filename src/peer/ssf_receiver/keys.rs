//! The keys of the transmitter, by the `jwks_uri` of its metadata (SSF section 4.1.4).

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::request::Call;
use super::state::Shared;
use crate::peer::ssf::Operation;
use crate::set::Jwks;

/// The shortest time between two fetches, so that forged tokens cannot make us hammer the transmitter.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// How long a key that was looked for in vain is not looked for again.
const IN_VAIN: Duration = Duration::from_secs(1);

/// How many such keys are remembered.
const MOST_IN_VAIN: usize = 64;

/// Fetched when a SET needs them, and again when one names a key that is not there: keys are rotated.
#[derive(Default)]
pub(super) struct Keys {
    state: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    keys: Option<Jwks>,
    tried: Option<Instant>,
    failure: Option<String>,
    /// The `kid` of keys that were not there.
    missing: VecDeque<(String, Instant)>,
}

impl Keys {
    /// What was fetched last.
    pub async fn known(&self) -> Jwks {
        self.state.lock().await.keys.clone().unwrap_or_default()
    }

    /// The keys to verify a token with this `kid`.
    pub async fn keys_for(&self, shared: &Shared, kid: Option<&str>) -> Result<Jwks, String> {
        // Held during the fetch, so that those who come meanwhile wait for its result.
        let mut held = self.state.lock().await;
        if let Some(keys) = held.keys.as_ref().filter(|keys| kid.is_none_or(|kid| keys.has(kid))) {
            return Ok(keys.clone());
        }
        held.missing.retain(|(_, at)| at.elapsed() < IN_VAIN);
        let in_vain = kid.is_some_and(|kid| held.missing.iter().any(|(missing, _)| missing == kid));
        if !in_vain {
            if let Some(tried) = held.tried {
                // A key that was rotated a moment ago is worth the wait.
                sleep_until(tried + MIN_INTERVAL).await;
            }
            let fetched = fetch(shared).await;
            held.tried = Some(Instant::now());
            match fetched {
                Ok(keys) => held.keys = Some(keys),
                Err(why) => held.failure = Some(why),
            }
            if let Some(kid) = kid.filter(|kid| !held.keys.as_ref().is_some_and(|keys| keys.has(kid))) {
                held.missing.push_back((kid.to_owned(), Instant::now()));
                if held.missing.len() > MOST_IN_VAIN {
                    held.missing.pop_front();
                }
            }
        }
        match (&held.keys, &held.failure) {
            (Some(keys), _) => Ok(keys.clone()),
            (None, Some(why)) => Err(why.clone()),
            (None, None) => Err("the key set was not fetched".to_owned()),
        }
    }
}

async fn fetch(shared: &Shared) -> Result<Jwks, String> {
    let metadata = shared.metadata().ok_or("the metadata are not known")?;
    let url = metadata.endpoint("jwks_uri")?;
    let answer = Call::new(Operation::Jwks, "GET", url).send(shared, &shared.client, None).await;
    let answer = answer.map_err(|unanswered| unanswered.why)?;
    if answer.status != 200 {
        return Err(format!("jwks_uri: expected status 200, got {}", answer.status));
    }
    Jwks::from_value(&answer.value()?).map_err(|error| format!("jwks_uri: {error}"))
}
