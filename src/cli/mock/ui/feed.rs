//! What happened, for those who watch: the last of it, and what comes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How many things are kept.
pub(super) const KEPT: usize = 500;

/// How many bytes of them are kept.
const KEPT_BYTES: usize = 24 * 1024 * 1024;

/// How many may watch at the same time.
pub(super) const WATCHERS: usize = 16;

/// How far a watcher may fall behind before it is sent what is kept in place of what it missed.
const BEHIND: usize = 256;

/// How often a watcher hears that the mock is there.
const PULSE: Duration = Duration::from_secs(5);

/// What happened, in bounded memory. Whoever is slow misses something, and nobody waits for them.
pub(in crate::cli::mock) struct Feed {
    /// Another one each time that a mock starts.
    run: String,
    inner: Mutex<Inner>,
    told: broadcast::Sender<Told>,
    places: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct Inner {
    last: u64,
    kept: VecDeque<Kept>,
    bytes: usize,
    state: Arc<str>,
}

/// A thing that happened, as JSON.
#[derive(Clone)]
pub(super) struct Kept {
    pub seq: u64,
    pub entry: Arc<str>,
    pub detail: Arc<str>,
}

#[derive(Clone)]
enum Told {
    Entry(u64, Arc<str>),
    State(Arc<str>),
    Cleared,
}

impl Feed {
    pub fn new() -> Self {
        Self {
            run: uuid::Uuid::new_v4().simple().to_string(),
            inner: Mutex::new(Inner { state: "{}".into(), ..Inner::default() }),
            told: broadcast::channel(BEHIND).0,
            places: Arc::new(Semaphore::new(WATCHERS)),
            closing: watch::channel(false).0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole before anything can fail.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something, as JSON objects without secrets: the line, and everything behind it.
    pub fn add(&self, entry: &str, detail: &str) {
        let mut inner = self.lock();
        inner.last += 1;
        let seq = inner.last;
        let numbered = |object: &str| -> Arc<str> {
            format!("{{\"seq\":{seq},{}", object.strip_prefix('{').unwrap_or(object)).into()
        };
        let kept = Kept { seq, entry: numbered(entry), detail: numbered(detail) };
        inner.bytes += weight(&kept);
        // Told under the lock, so that whoever begins to watch neither misses nor doubles it. Nobody has to watch.
        let _ = self.told.send(Told::Entry(seq, kept.entry.clone()));
        inner.kept.push_back(kept);
        while inner.kept.len() > KEPT || (inner.bytes > KEPT_BYTES && inner.kept.len() > 1) {
            let Some(oldest) = inner.kept.pop_front() else { break };
            inner.bytes -= weight(&oldest);
        }
    }

    /// Says how things are, as JSON without secrets, if that is news.
    pub fn state(&self, state: &str) {
        let mut inner = self.lock();
        if *inner.state != *state {
            inner.state = state.into();
            let _ = self.told.send(Told::State(inner.state.clone()));
        }
    }

    /// How things are.
    pub(super) fn current(&self) -> Arc<str> {
        self.lock().state.clone()
    }

    /// Forgets what happened.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.kept.clear();
        inner.bytes = 0;
        let _ = self.told.send(Told::Cleared);
    }

    /// Everything behind a line that is kept.
    pub(super) fn detail(&self, seq: u64) -> Option<Arc<str>> {
        self.lock().kept.iter().find(|kept| kept.seq == seq).map(|kept| kept.detail.clone())
    }

    /// The newest things, newest first.
    pub(super) fn newest(&self, count: usize) -> Vec<Kept> {
        self.lock().kept.iter().rev().take(count).cloned().collect()
    }

    /// Ends what watches.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Ends when the page is about to.
    pub(super) async fn closed(&self) {
        let _ = self.closing.subscribe().wait_for(|&closing| closing).await;
    }

    /// What is kept and what comes, for one watcher more, which has seen what is before `since`; nothing if there are too many.
    pub(super) fn follow(self: &Arc<Self>, since: Option<&str>) -> Option<impl Stream<Item = Event> + use<>> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let seen = since.and_then(|since| since.split_once('.')).filter(|(run, _)| *run == self.run);
        let seen = seen.and_then(|(_, seq)| seq.parse().ok()).unwrap_or(0);
        let mut pulse = interval(PULSE);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut follower = Follower {
            feed: self.clone(),
            coming: self.told.subscribe(),
            closing: self.closing.subscribe(),
            pending: VecDeque::from([Event::default().event("hello").data(&self.run)]),
            seen,
            pulse,
            _place: place,
        };
        follower.catch_up();
        Some(unfold(follower, |mut follower| async { follower.next().await.map(|event| (event, follower)) }))
    }
}

fn weight(kept: &Kept) -> usize {
    kept.entry.len() + kept.detail.len()
}

/// One who watches.
struct Follower {
    feed: Arc<Feed>,
    coming: broadcast::Receiver<Told>,
    closing: watch::Receiver<bool>,
    pending: VecDeque<Event>,
    /// The number of the last thing that it was sent.
    seen: u64,
    pulse: Interval,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            let told = tokio::select! {
                _ = self.closing.wait_for(|&closing| closing) => return None,
                _ = self.pulse.tick() => return Some(Event::default().event("pulse").data("{}")),
                told = self.coming.recv() => told,
            };
            match told {
                Ok(Told::Entry(seq, entry)) if seq > self.seen => return Some(self.entry(seq, &entry)),
                Ok(Told::Entry(..)) => {}
                Ok(Told::State(state)) => return Some(Event::default().event("state").data(&*state)),
                Ok(Told::Cleared) => return Some(Event::default().event("cleared").data("{}")),
                Err(RecvError::Lagged(_)) => self.catch_up(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Takes up what is kept and was not sent, and says how many things are lost.
    fn catch_up(&mut self) {
        let feed = self.feed.clone();
        let inner = feed.lock();
        self.coming = feed.told.subscribe();
        let first = inner.kept.front().map_or(inner.last + 1, |kept| kept.seq);
        let lost = first.saturating_sub(self.seen + 1);
        if lost > 0 && self.seen > 0 {
            self.pending.push_back(Event::default().event("lost").data(lost.to_string()));
        }
        for kept in inner.kept.iter().filter(|kept| kept.seq > self.seen).cloned().collect::<Vec<_>>() {
            let event = self.entry(kept.seq, &kept.entry);
            self.pending.push_back(event);
        }
        self.pending.push_back(Event::default().event("state").data(&*inner.state));
    }

    fn entry(&mut self, seq: u64, entry: &str) -> Event {
        self.seen = seq;
        Event::default().id(format!("{}.{seq}", self.feed.run)).event("entry").data(entry)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use axum::response::{IntoResponse, Sse};
    use futures_util::StreamExt;
    use http_body_util::BodyExt;

    use super::*;

    /// What was sent until there is nothing more to send.
    async fn sent(feed: &Arc<Feed>, since: Option<&str>, between: impl FnOnce()) -> String {
        let stream = feed.follow(since).expect("a place");
        between();
        feed.close();
        let events = stream.map(Ok::<_, std::convert::Infallible>);
        let body = Sse::new(events).into_response().into_body().collect().await.expect("a body");
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    }

    fn numbers(sent: &str) -> Vec<u64> {
        sent.lines().filter_map(|line| line.strip_prefix("data: {\"seq\":")?.split(',').next()?.parse().ok()).collect()
    }

    fn filled(count: u64) -> Arc<Feed> {
        let feed = Arc::new(Feed::new());
        (0..count).for_each(|_| feed.add(r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
        feed
    }

    #[tokio::test]
    async fn whoever_comes_late_is_sent_what_is_kept() {
        let feed = filled(3);
        let first = sent(&feed, None, || ()).await;
        assert_eq!(numbers(&first), [1, 2, 3]);
        assert!(first.starts_with(&format!("event: hello\ndata: {}\n", feed.run)), "{first}");
        assert_eq!(feed.detail(2).as_deref(), Some(r#"{"seq":2,"a":1,"b":2}"#));
        let again = sent(&feed, Some(&format!("{}.2", feed.run)), || ()).await;
        assert_eq!(numbers(&again), [3], "{again}");
        let other_run = sent(&feed, Some("before.2"), || ()).await;
        assert_eq!(numbers(&other_run), [1, 2, 3]);
    }

    #[tokio::test]
    async fn the_oldest_are_forgotten() {
        let feed = filled(KEPT as u64 + 10);
        assert_eq!(feed.lock().kept.len(), KEPT);
        assert!(feed.detail(10).is_none() && feed.detail(11).is_some());
        let large = "x".repeat(KEPT_BYTES / 4);
        (0..5).for_each(|_| feed.add("{\"a\":1}", &format!("{{\"b\":\"{large}\"}}")));
        assert!(feed.lock().bytes <= KEPT_BYTES);
        feed.clear();
        let inner = feed.lock();
        assert_eq!((inner.kept.len(), inner.bytes), (0, 0));
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_what_it_missed_and_nobody_waits() {
        let feed = filled(1);
        let mut slow = pin!(feed.follow(None).expect("a place"));
        // It takes up what is there, and then nothing for a long time.
        for _ in 0..3 {
            assert!(slow.next().await.is_some());
        }
        let more = (BEHIND + KEPT) as u64;
        (0..more).for_each(|_| feed.add("{\"a\":1}", "{}"));
        feed.state("{\"on\":1}");
        let mut seen: Vec<String> = Vec::new();
        let is_entry = |event: &&String| event.contains("seq");
        while seen.iter().filter(is_entry).count() < KEPT {
            seen.push(format!("{:?}", slow.next().await.expect("an event")));
        }
        let lost = seen.iter().find(|event| event.contains("lost")).expect("it is told");
        assert!(lost.contains(&(more - KEPT as u64).to_string()), "{lost}");
        assert!(seen.last().is_some_and(|last| last.contains(&(more + 1).to_string())), "{seen:?}");
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_watchers() {
        let feed = filled(0);
        let mut watchers: Vec<_> = (0..WATCHERS).map(|_| feed.follow(None).expect("a place")).collect();
        assert!(feed.follow(None).is_none());
        watchers.pop();
        assert!(feed.follow(None).is_some());
    }
}
