//! Where exchanges go when they end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};

use crate::http::Exchange;

/// How many exchanges a recorder keeps, unless told otherwise.
const KEPT: usize = 10_000;
/// How many bytes of bodies it keeps.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// How far a subscriber may fall behind before it misses exchanges.
const QUEUE: usize = 4096;

/// A log of exchanges in bounded memory, which can be watched. Cheap to clone; clones share the log.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    log: Mutex<Log>,
    ended: broadcast::Sender<Arc<Exchange>>,
    kept: usize,
}

#[derive(Debug, Default)]
struct Log {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    dropped: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new(KEPT)
    }
}

impl Recorder {
    /// A recorder that keeps the last `kept` exchanges, and of those at most 64 MiB of bodies.
    pub fn new(kept: usize) -> Self {
        Self(Arc::new(Shared { log: Mutex::default(), ended: broadcast::channel(QUEUE).0, kept: kept.max(1) }))
    }

    /// Adds an exchange that has ended and tells the subscribers.
    pub fn record(&self, exchange: Exchange) -> Arc<Exchange> {
        let exchange = Arc::new(exchange);
        let mut log = self.lock();
        log.bytes += weight(&exchange);
        log.exchanges.push_back(exchange.clone());
        while log.exchanges.len() > self.0.kept || (log.bytes > KEPT_BYTES && log.exchanges.len() > 1) {
            let Some(oldest) = log.exchanges.pop_front() else {
                break;
            };
            log.bytes -= weight(&oldest);
            log.dropped += 1;
        }
        // Told under the lock, so that `subscribe_with_log` neither misses nor doubles an exchange.
        let _ = self.0.ended.send(exchange.clone());
        exchange
    }

    /// The exchanges that end from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.0.ended.subscribe())
    }

    /// The exchanges so far, and those that end from now on, without a gap between the two.
    pub fn subscribe_with_log(&self) -> (Vec<Arc<Exchange>>, Subscription) {
        let log = self.lock();
        let so_far = log.exchanges.iter().cloned().collect();
        (so_far, self.subscribe())
    }

    /// The exchanges that are kept, oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.lock().exchanges.iter().cloned().collect()
    }

    /// The exchange with this id, if it is kept.
    pub fn get(&self, id: &str) -> Option<Arc<Exchange>> {
        let log = self.lock();
        log.exchanges.iter().rev().find(|x| x.id == id).cloned()
    }

    /// How many exchanges were forgotten to stay within the bounds.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        // The log is whole even if a thread died while it held the lock.
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exchanges as they end.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Arc<Exchange>>);

impl Subscription {
    /// Waits for the next exchange; `None` once every recorder is gone.
    ///
    /// A subscriber that falls more than 4096 exchanges behind misses the oldest of them. May be cancelled
    /// without losing anything.
    pub async fn next(&mut self) -> Option<Arc<Exchange>> {
        loop {
            match self.0.recv().await {
                Ok(exchange) => return Some(exchange),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The next exchange if one has ended already.
    pub fn try_next(&mut self) -> Option<Arc<Exchange>> {
        loop {
            match self.0.try_recv() {
                Ok(exchange) => return Some(exchange),
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(_) => return None,
            }
        }
    }
}

fn weight(exchange: &Exchange) -> usize {
    let response = exchange.response.as_ref();
    exchange.request.body.len() + response.map_or(0, |r| r.body.len() + r.extra.len())
}
