//! What the transmitter does by itself, for those who watch.

use tokio::sync::broadcast::{self, error::RecvError};

use super::Status;

/// How far a watcher may fall behind before it misses something.
const BACKLOG: usize = 4096;

/// Something that happened. No part of it is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A SET was queued for a stream.
    Queued {
        /// The stream that wanted it.
        stream_id: String,
        /// The identifier of the SET.
        jti: String,
        /// The URI of its event type.
        event: String,
    },
    /// A SET was pushed; without a status no answer came, and `failure` says why.
    Pushed {
        /// The stream whose SET it is.
        stream_id: String,
        /// The identifier of the SET.
        jti: String,
        /// 1 for the first push of a SET.
        attempt: u32,
        /// The status code of the answer.
        status: Option<u16>,
        /// Why the exchange is not whole, for people.
        failure: Option<String>,
    },
    /// A SET is not pushed again.
    GaveUp {
        /// The stream whose SET it is.
        stream_id: String,
        /// The identifier of the SET.
        jti: String,
        /// How often it was pushed.
        attempts: u32,
    },
    /// A poll was answered.
    Polled {
        /// The stream that was polled.
        stream_id: String,
        /// How many SETs were returned.
        sets: usize,
        /// How many identifiers the request had in `ack`.
        acknowledged: usize,
        /// How many it had in `setErrs`.
        refused: usize,
    },
    /// The transmitter changed a status (SSF section 8.1.5).
    StatusChanged {
        /// The stream that has it now.
        stream_id: String,
        /// The new status.
        status: Status,
    },
    /// The transmitter deleted a stream for want of activity (SSF section 8.1.1).
    Expired {
        /// The stream that is gone.
        stream_id: String,
    },
    /// There is a new key.
    Rotated {
        /// The identifier of the new key.
        kid: String,
    },
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
