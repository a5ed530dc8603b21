//! The signing key and those before it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::set::{Jwks, KeyError, SigningKey};

/// How many old keys are published at the most.
const RETIRED: usize = 8;

/// Signs with the newest key and publishes the older ones for a while, for the SETs that are still on their way.
#[derive(Debug)]
pub(super) struct KeyRing {
    keys: Mutex<Keys>,
    overlap: Duration,
}

#[derive(Debug)]
struct Keys {
    current: Arc<SigningKey>,
    retired: Vec<(Arc<SigningKey>, Instant)>,
    made: u32,
}

impl KeyRing {
    pub fn new(current: Arc<SigningKey>, overlap: Duration) -> Self {
        Self { keys: Mutex::new(Keys { current, retired: Vec::new(), made: 1 }), overlap }
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn current(&self) -> Arc<SigningKey> {
        self.lock().current.clone()
    }

    /// A new key of the same algorithm; gives its identifier. Takes a moment for RSA.
    pub fn rotate(&self) -> Result<String, KeyError> {
        let (alg, kid) = {
            let mut keys = self.lock();
            keys.made += 1;
            let base = keys.current.kid().unwrap_or("setspec").to_owned();
            let base = base.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-').to_owned();
            (keys.current.alg(), format!("{base}-{}", keys.made))
        };
        let key = Arc::new(SigningKey::generate(alg, &kid)?);
        let mut keys = self.lock();
        let old = std::mem::replace(&mut keys.current, key);
        keys.retired.push((old, Instant::now()));
        if keys.retired.len() > RETIRED {
            keys.retired.remove(0);
        }
        Ok(kid)
    }

    /// The key set (RFC 7517 section 5).
    pub fn public(&self) -> Value {
        let mut keys = self.lock();
        let overlap = self.overlap;
        keys.retired.retain(|(_, since)| since.elapsed() < overlap);
        let all: Vec<&SigningKey> =
            std::iter::once(&keys.current).chain(keys.retired.iter().map(|(key, _)| key)).map(Arc::as_ref).collect();
        Jwks::from_keys(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set::Alg;

    fn kids(ring: &KeyRing) -> Vec<String> {
        let public = ring.public();
        public["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    fn rotated(overlap: Duration) -> KeyRing {
        let key = Arc::new(SigningKey::generate(Alg::Es256, "setspec-1").unwrap());
        let ring = KeyRing::new(key, overlap);
        assert_eq!(ring.rotate().unwrap(), "setspec-2");
        assert_eq!(ring.current().kid(), Some("setspec-2"));
        ring
    }

    #[test]
    fn the_old_key_stays_for_a_while() {
        assert_eq!(kids(&rotated(Duration::from_secs(3600))), ["setspec-2", "setspec-1"]);
        assert_eq!(kids(&rotated(Duration::ZERO)), ["setspec-2"]);
    }
}
