//! The streams that we made: none of them is left behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::suite::model::case::Auth;

/// A stream that is there because of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub stream_id: String,
    /// Who made it, and can delete it.
    pub auth: Auth,
}

/// Every stream that was made and not deleted yet.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    made: Mutex<Vec<Made>>,
    /// How many streams are being made.
    under_way: watch::Sender<usize>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Vec<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, made: Made) {
        let mut all = self.lock();
        if !all.contains(&made) {
            all.push(made);
        }
    }

    pub fn remove(&self, made: &Made) {
        self.lock().retain(|known| known != made);
    }

    /// A stream is being made: [`Registry::settle`] waits until it is known.
    pub fn begin(&self) {
        self.under_way.send_modify(|count| *count += 1);
    }

    /// One that was being made is known, or was not made.
    pub fn end(&self) {
        self.under_way.send_modify(|count| *count -= 1);
    }

    /// Waits until no stream is being made.
    pub async fn settle(&self) {
        // The sender is ours, so that it cannot be gone.
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Those that are left.
    pub fn left(&self) -> Vec<Made> {
        self.lock().clone()
    }
}
