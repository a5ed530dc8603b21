//! From what happens to what is shown: judged, without secrets, and short.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde_json::{Value, json};

use super::deviations::Deviations;
use super::entry::{Detail, Entry, Way};
use super::feed::Feed;
use crate::http::Exchange;
use crate::peer::ssf::events;
use crate::run::redact::{Redactor, carried};
use crate::run::watch::Seen;
use crate::suite::Catalogue;

/// How many secrets are kept in mind beside those that were known from the start.
const SECRETS: usize = 100;

/// Adds to the feed what happens. Nothing gets into it by another way.
pub(in crate::cli::mock) struct Teller {
    pub feed: Arc<Feed>,
    pub deviations: Arc<Deviations>,
    catalogue: Arc<Catalogue>,
    redactor: Arc<RwLock<Redactor>>,
    secrets: std::sync::atomic::AtomicUsize,
}

impl Teller {
    pub fn new(catalogue: Arc<Catalogue>, redactor: Arc<RwLock<Redactor>>, deviations: Arc<Deviations>) -> Self {
        Self { feed: Arc::new(Feed::new()), deviations, catalogue, redactor, secrets: Default::default() }
    }

    /// An exchange, and what was seen of it.
    pub fn exchange(&self, way: Way, what: &str, stream_id: Option<String>, exchange: &Exchange, seen: &Seen) {
        let redactor = self.knowing(exchange);
        let shown = redactor.exchange(exchange);
        let detail = Detail::of_exchange(way, what, stream_id, &shown, seen, &self.catalogue);
        self.add(detail, &redactor);
    }

    /// Something else that happened; `event` is the URI of an event type.
    pub fn note(&self, what: &str, stream_id: Option<&str>, line: String, event: Option<&str>, jti: Option<&str>) {
        let mut entry = Entry::note(what, line, stream_id.map(str::to_owned));
        entry.events = event.map(events::short).into_iter().collect();
        entry.jtis = jti.map(str::to_owned).into_iter().collect();
        self.add(Detail::of_note(entry), &self.redactor());
    }

    /// How things are.
    pub fn state(&self, streams: &[Value]) {
        let on = self.deviations.on();
        if let Some(text) = self.clean(&json!({ "streams": streams, "deviations": on }), &self.redactor()) {
            self.feed.state(&text);
        }
    }

    /// A value as JSON without secrets.
    pub fn value(&self, value: &Value) -> String {
        self.clean(value, &self.redactor()).unwrap_or_else(|| "null".to_owned())
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> String {
        self.redactor().text(text)
    }

    fn add(&self, mut detail: Detail, redactor: &Redactor) {
        detail.entry.deviations = self.deviations.on();
        match (self.clean(&detail.entry, redactor), self.clean(&detail, redactor)) {
            (Some(entry), Some(detail)) => self.feed.add(&entry, &detail),
            // What cannot be shown without a secret is not shown.
            _ => {
                let entry =
                    Entry::note("withheld", "Something that cannot be shown without a secret.".to_owned(), None);
                if let Some(entry) = self.clean(&entry, redactor) {
                    self.feed.add(&entry, &entry);
                }
            }
        }
    }

    /// As JSON, where a secret is not a part of its grammar.
    fn clean(&self, value: &impl Serialize, redactor: &Redactor) -> Option<String> {
        let text = redactor.text(&serde_json::to_string(value).ok()?);
        serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok().then_some(text)
    }

    fn redactor(&self) -> Redactor {
        self.redactor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is secret by now, and what this exchange brings along. The latter is kept in mind as long as there is room.
    fn knowing(&self, exchange: &Exchange) -> Redactor {
        use std::sync::atomic::Ordering;
        let mut redactor = self.redactor();
        for secret in carried(exchange) {
            if redactor.knows(&secret) {
                continue;
            }
            redactor.add(&secret);
            if self.secrets.fetch_add(1, Ordering::Relaxed) < SECRETS {
                self.redactor.write().unwrap_or_else(PoisonError::into_inner).add(&secret);
            }
        }
        redactor
    }
}
