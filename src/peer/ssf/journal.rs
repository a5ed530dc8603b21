//! What the transmitter does by itself, for those who watch.

use tokio::sync::broadcast::{self, error::RecvError};

use super::Status;

/// How far a watcher may fall behind before it misses something.
const BACKLOG: usize = 4096;

/// Something that happened. No part of it is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A SET was queued for a stream.
    Queued { stream_id: String, jti: String, event: String },
    /// A SET was pushed; without a status no answer came, and `failure` says why.
    Pushed { stream_id: String, jti: String, attempt: u32, status: Option<u16>, failure: Option<String> },
    /// A SET is not pushed again.
    GaveUp { stream_id: String, jti: String, attempts: u32 },
    /// A poll was answered.
    Polled { stream_id: String, sets: usize, acknowledged: usize, refused: usize },
    /// The transmitter changed a status (SSF section 8.1.5).
    StatusChanged { stream_id: String, status: Status },
    /// The transmitter deleted a stream for want of activity (SSF section 8.1.1).
    Expired { stream_id: String },
    /// There is a new key.
    Rotated { kid: String },
}

#[derive(Debug)]
pub(super) struct Journal(broadcast::Sender<Happening>);

impl Default for Journal {
    fn default() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }
}

impl Journal {
    pub fn tell(&self, happening: Happening) {
        // Nobody has to watch.
        let _ = self.0.send(happening);
    }

    pub fn watch(&self) -> Watch {
        Watch(self.0.subscribe())
    }
}

/// What happens from now on.
#[derive(Debug)]
pub struct Watch(broadcast::Receiver<Happening>);

impl Watch {
    /// Waits for the next thing to happen; `None` once the transmitter is gone. Who falls far behind misses the oldest.
    pub async fn next(&mut self) -> Option<Happening> {
        loop {
            match self.0.recv().await {
                Ok(happening) => return Some(happening),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
