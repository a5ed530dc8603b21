//! What all parts of a running transmitter share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::addresses::Addresses;
use super::assertion::Spent;
use super::journal::Journal;
use super::keys::KeyRing;
use super::opt_out::OptedOut;
use super::options::SsfOptions;
use super::refusal::Refusal;
use super::stream::{Delivery, Stream};

/// The state of a transmitter.
pub(super) struct Shared {
    pub options: SsfOptions,
    /// Known once it listens.
    addresses: OnceLock<Addresses>,
    streams: Mutex<BTreeMap<String, Arc<Stream>>>,
    created: AtomicU64,
    pub keys: KeyRing,
    pub issued: Mutex<VecDeque<IssuedToken>>,
    pub assertions: Mutex<VecDeque<Spent>>,
    pub journal: Journal,
    pub opted_out: OptedOut,
    tasks: Mutex<JoinSet<()>>,
    closing: watch::Sender<bool>,
}

/// A token of the token endpoint.
pub(super) struct IssuedToken {
    pub token: String,
    pub receiver: usize,
    pub read_only: bool,
    pub expires: Instant,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller {
    /// The place of the receiver in the options.
    pub receiver: usize,
    pub read_only: bool,
}

impl Shared {
    pub fn new(options: SsfOptions) -> Self {
        let keys = KeyRing::new(options.key.clone(), options.timing.key_overlap);
        Self {
            options,
            addresses: OnceLock::new(),
            streams: Mutex::default(),
            created: AtomicU64::new(0),
            keys,
            issued: Mutex::default(),
            assertions: Mutex::default(),
            journal: Journal::default(),
            opted_out: OptedOut::default(),
            tasks: Mutex::default(),
            closing: watch::channel(false).0,
        }
    }

    /// Says where the transmitter is reached, once.
    pub fn settle(&self, addresses: Addresses) {
        self.addresses.get_or_init(|| addresses);
    }

    /// Where the transmitter is reached; nowhere in the moment before it listens.
    pub fn addresses(&self) -> &Addresses {
        static NOWHERE: OnceLock<Addresses> = OnceLock::new();
        self.addresses.get().unwrap_or_else(|| NOWHERE.get_or_init(Addresses::default))
    }

    /// The `aud` of a receiver: text where it is one (SSF section 8.1.1).
    pub fn audience(&self, receiver: usize) -> Value {
        match self.options.receivers.get(receiver).map(|account| account.audience.as_slice()) {
            Some([one]) => json!(one),
            several => json!(several.unwrap_or_default()),
        }
    }

    pub fn name(&self, receiver: usize) -> &str {
        self.options.receivers.get(receiver).map_or("", |account| &account.name)
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Stream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream of this name that the caller may see (SSF section 8).
    pub fn find(&self, caller: &Caller, id: &str) -> Result<Arc<Stream>, Refusal> {
        let behaviour = self.options.behaviour();
        let stream = self.get(id).ok_or_else(|| Refusal::NoStream(id.to_owned()))?;
        if stream.receiver != caller.receiver && !behaviour.shows_foreign_streams {
            return Err(if behaviour.forbids_foreign_streams {
                Refusal::Forbidden("the stream is one of another receiver".to_owned())
            } else {
                Refusal::NoStream(id.to_owned())
            });
        }
        self.touch(&stream);
        Ok(stream)
    }

    /// The same for those who poll it.
    pub fn find_to_poll(&self, caller: &Caller, id: &str) -> Result<Arc<Stream>, Refusal> {
        match self.get(id).filter(|_| self.options.behaviour().polls_for_any_receiver) {
            Some(stream) => {
                self.touch(&stream);
                Ok(stream)
            }
            None => self.find(caller, id),
        }
    }

    /// The receiver has shown a sign of life: the inactivity timeout starts anew (SSF section 8.1.1).
    pub fn touch(&self, stream: &Stream) {
        if !self.options.behaviour().ignores_activity {
            stream.lock().active = Instant::now();
        }
    }

    /// The same for those who only read it.
    pub fn find_to_read(&self, caller: &Caller, id: &str) -> Result<Arc<Stream>, Refusal> {
        let found = self.find(caller, id);
        if found.is_err() && self.options.behaviour().answers_unknown_stream_with_own && self.get(id).is_none() {
            return self.list(Some(caller.receiver)).into_iter().next().map_or(found, Ok);
        }
        found
    }

    /// Where a stream is polled. Not to be asked for while a stream is locked.
    pub fn poll_url(&self, stream: &Stream) -> String {
        if self.options.behaviour().shares_poll_endpoints {
            let mut own = self.list(Some(stream.receiver)).into_iter();
            if let Some(first) = own.find(|known| matches!(known.lock().delivery, Delivery::Poll)) {
                return self.own_poll_url(&first);
            }
        }
        self.own_poll_url(stream)
    }

    fn own_poll_url(&self, stream: &Stream) -> String {
        let apart = stream.lock().polls_apart;
        self.addresses().poll(&stream.id, apart)
    }

    pub fn get(&self, id: &str) -> Option<Arc<Stream>> {
        self.streams().get(id).cloned()
    }

    /// All streams, or those of one receiver, oldest first.
    pub fn list(&self, receiver: Option<usize>) -> Vec<Arc<Stream>> {
        let mut streams: Vec<Arc<Stream>> = self
            .streams()
            .values()
            .filter(|stream| receiver.is_none_or(|receiver| stream.receiver == receiver))
            .cloned()
            .collect();
        streams.sort_by_key(|stream| stream.order);
        streams
    }

    /// Adds a stream unless the receiver has as many as it may have (SSF section 8.1.1.1).
    pub fn add(&self, receiver: usize, make: impl FnOnce(String, u64) -> Stream) -> Result<Arc<Stream>, Refusal> {
        let mut streams = self.streams();
        let mut own = streams.values().filter(|stream| stream.receiver == receiver);
        let first = own.next().map(|stream| stream.id.clone());
        let count = usize::from(first.is_some()) + own.count();
        if count > 0 && !self.options.features.several_streams {
            return Err(Refusal::OneStream);
        }
        if count >= self.options.limits.streams_per_receiver {
            return Err(Refusal::Forbidden("the receiver has as many streams as it can have".to_owned()));
        }
        let id = match first {
            Some(first) if self.options.behaviour().reuses_stream_ids => first,
            _ => uuid::Uuid::new_v4().simple().to_string(),
        };
        let stream = Arc::new(make(id.clone(), self.created.fetch_add(1, Ordering::Relaxed)));
        if let Some(replaced) = streams.insert(id, stream.clone()) {
            end(&replaced);
        }
        Ok(stream)
    }

    /// Takes a stream away; its polls and pushes end.
    pub fn remove(&self, stream: &Stream) {
        self.streams().remove(&stream.id);
        end(stream);
    }

    /// Runs something until it ends, or the transmitter does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Ends everything that waits.
    pub fn close(&self) {
        self.closing.send_replace(true);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Ends when the transmitter is about to.
    pub async fn closed(&self) {
        let _ = self.closing.subscribe().wait_for(|&closing| closing).await;
    }
}

fn end(stream: &Stream) {
    stream.lock().deleted = true;
    stream.changed.notify_waiters();
}
