//! Deviations that change while a peer runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::Tamper;

/// The deviations of a running peer. Clones share them, so that whoever holds one can change what the peer does.
#[derive(Debug, Clone, Default)]
pub struct Switch(Arc<RwLock<Arc<Tamper>>>);

impl Switch {
    /// The deviations at this moment: what is done with one message goes by one answer.
    pub fn now(&self) -> Arc<Tamper> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Deviates like this from the next message on. What differs on the TLS layer, and toggles, count when a peer starts.
    pub fn set(&self, tamper: Tamper) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tamper);
    }
}

impl From<Tamper> for Switch {
    fn from(tamper: Tamper) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(tamper))))
    }
}
