//! The inactivity timeout of a stream (SSF section 8.1.1).

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::manage::expire;
use super::state::Shared;
use super::stream::{Status, Stream};

/// Watches a stream until it is gone.
pub(super) async fn watch(shared: Arc<Shared>, stream: Arc<Stream>) {
    let Some(timeout) = shared.options.timing.inactivity_timeout else { return };
    loop {
        let (active, status, deleted) = {
            let inner = stream.lock();
            (inner.active, inner.status, inner.deleted)
        };
        if deleted {
            return;
        }
        let due = active + timeout;
        let next = if due > Instant::now() {
            due
        } else {
            if status == Status::Enabled {
                expire(&shared, &stream);
            }
            Instant::now() + timeout
        };
        sleep_until(next).await;
    }
}
