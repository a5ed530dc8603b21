//! One event stream: what it is configured to do, and what it is about to deliver.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use super::options::SsfOptions;
use super::queue::{Entry, Gate, Queue};
use super::state::Shared;
use super::subjects::Subjects;

/// RFC 8935, as a delivery method (SSF section 6.1.1).
pub const PUSH: &str = "urn:ietf:rfc:8935";
/// RFC 8936, as a delivery method (SSF section 6.1.2).
pub const POLL: &str = "urn:ietf:rfc:8936";

/// SSF section 8.1.2.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// SETs are delivered.
    #[default]
    Enabled,
    /// SETs are held until the stream is enabled again.
    Paused,
    /// SETs are neither delivered nor held.
    Disabled,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 3] = [Self::Enabled, Self::Paused, Self::Disabled];

    /// The value of the member `status`: `paused`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|status| status.name() == text)
            .ok_or_else(|| format!("status: expected enabled, paused or disabled, got {text:?}"))
    }
}

/// SSF section 6.1.
#[derive(Debug, Clone)]
pub(super) enum Delivery {
    Push {
        endpoint: Url,
        /// The endpoint as the receiver wrote it.
        written: String,
        authorization: Option<SecretString>,
    },
    Poll,
}

/// A stream, which is shared by its endpoints, its deliveries and its timers.
#[derive(Debug)]
pub(super) struct Stream {
    pub id: String,
    /// The place of its receiver in the options.
    pub receiver: usize,
    /// Streams are listed in the order in which they were created.
    pub order: u64,
    inner: Mutex<Inner>,
    polls: AtomicUsize,
    /// Something happened that a waiting poll or a delivery wants to know.
    pub changed: Notify,
}

/// The part that changes.
#[derive(Debug)]
pub(super) struct Inner {
    pub events_requested: Option<Vec<String>>,
    pub delivery: Delivery,
    pub description: Option<String>,
    pub status: Status,
    pub reason: Option<String>,
    pub subjects: Subjects,
    pub queue: Queue,
    pub verified: Option<Instant>,
    /// The state of the last verification request.
    pub verified_state: Option<String>,
    pub active: Instant,
    pub deleted: bool,
    /// Whether its poll endpoint deviates in TLS, if any does.
    pub polls_apart: bool,
    /// Whether a task pushes for it.
    pub has_worker: bool,
}

impl Inner {
    pub fn new(delivery: Delivery) -> Self {
        Self {
            events_requested: None,
            delivery,
            description: None,
            status: Status::Enabled,
            reason: None,
            subjects: Subjects::default(),
            queue: Queue::default(),
            verified: None,
            verified_state: None,
            active: Instant::now(),
            deleted: false,
            polls_apart: false,
            has_worker: false,
        }
    }

    /// What is supported and requested (SSF section 8.1.1).
    pub fn events_delivered(&self, options: &SsfOptions) -> Vec<String> {
        let requested = self.events_requested.as_deref().unwrap_or_default();
        let supported = &options.features.events_supported;
        supported.iter().filter(|event| requested.contains(event)).cloned().collect()
    }

    pub fn delivers(&self, event: &str, options: &SsfOptions) -> bool {
        let requested = self.events_requested.as_ref().is_some_and(|events| events.iter().any(|known| known == event));
        let supported = options.features.events_supported.iter().any(|known| known == event);
        supported && (requested || options.behaviour().ignores_events_requested)
    }

    pub fn gate(&self, options: &SsfOptions) -> Gate {
        let behaviour = options.behaviour();
        let open = match self.status {
            Status::Enabled => true,
            Status::Paused => behaviour.delivers_while_paused,
            Status::Disabled => behaviour.delivers_while_disabled,
        };
        Gate { open, once: behaviour.never_redelivers, now: Instant::now() }
    }
}

impl Stream {
    pub fn new(id: String, receiver: usize, order: u64, inner: Inner) -> Self {
        Self { id, receiver, order, inner: Mutex::new(inner), polls: AtomicUsize::new(0), changed: Notify::new() }
    }

    /// Counts a poll that waits, as long as the value is kept.
    pub fn waiting(&self) -> Waiting<'_> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// How many polls wait.
    pub fn polls(&self) -> usize {
        self.polls.load(Ordering::Relaxed)
    }

    /// When the next SET may be delivered that may not be now.
    pub fn next_due(&self, options: &SsfOptions) -> Option<Instant> {
        let inner = self.lock();
        inner.queue.next_due(inner.gate(options))
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole before anything can fail.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a SET if the status lets it be (SSF section 8.1.2.1).
    pub fn enqueue(&self, mut entry: Entry, options: &SsfOptions) -> Result<(), &'static str> {
        let mut inner = self.lock();
        if inner.deleted {
            return Err("the stream is deleted");
        }
        if !entry.notice {
            if inner.status == Status::Disabled && !options.behaviour().delivers_while_disabled {
                return Err("the stream is disabled");
            }
            if inner.queue.len() >= options.limits.queue {
                return Err("the queue is full");
            }
            entry.held = inner.status == Status::Paused;
        }
        inner.queue.push(entry);
        drop(inner);
        self.changed.notify_waiters();
        Ok(())
    }

    /// The stream configuration (SSF section 8.1.1).
    pub fn configuration(&self, shared: &Shared) -> Value {
        let options = &shared.options;
        let poll_url = shared.poll_url(self);
        let inner = self.lock();
        let mut members = Map::new();
        members.insert("stream_id".into(), json!(self.id));
        members.insert("iss".into(), json!(shared.addresses().issuer));
        members.insert("aud".into(), shared.audience(self.receiver));
        members.insert("events_supported".into(), json!(options.features.events_supported));
        if let Some(events) = &inner.events_requested {
            members.insert("events_requested".into(), json!(events));
        }
        members.insert("events_delivered".into(), json!(inner.events_delivered(options)));
        members.insert("delivery".into(), delivery(&inner.delivery, &poll_url));
        if let Some(interval) = options.timing.min_verification_interval {
            members.insert("min_verification_interval".into(), json!(interval));
        }
        if let Some(description) = &inner.description {
            members.insert("description".into(), json!(description));
        }
        if let Some(timeout) = options.timing.inactivity_timeout {
            members.insert("inactivity_timeout".into(), json!(timeout.as_secs_f64().ceil() as u64));
        }
        Value::Object(members)
    }
}

fn delivery(delivery: &Delivery, poll_url: &str) -> Value {
    match delivery {
        Delivery::Poll => json!({ "method": POLL, "endpoint_url": poll_url }),
        Delivery::Push { written, authorization, .. } => {
            let mut members = json!({ "method": PUSH, "endpoint_url": written });
            // Shown to the receiver that set it, so that what it reads can be put back (SSF section 8.1.1.4).
            if let Some(secret) = authorization {
                members["authorization_header"] = json!(secret.expose_secret());
            }
            members
        }
    }
}

/// A poll that waits.
pub(super) struct Waiting<'a>(&'a Stream);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.polls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The subject that is the stream itself (SSF section 8.1.4.1).
pub(super) fn own_subject(stream_id: &str) -> Value {
    json!({ "format": "opaque", "id": stream_id })
}
