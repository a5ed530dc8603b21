//! Delivery by push (RFC 8935), with retries.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep_until};

use super::queue::{Entry, Place};
use super::state::Shared;
use super::stream::{Delivery, Stream};
use super::{Happening, PushFacts};
use crate::http::{Exchange, RequestSpec};
use crate::peer::tamper::OutgoingPush;

/// The longest delay between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// Pushes the SETs of a stream, one after the other in their order, until the stream is gone.
pub(super) async fn work(shared: Arc<Shared>, stream: Arc<Stream>) {
    loop {
        let mut changed = pin!(stream.changed.notified());
        // From here on no change is missed.
        changed.as_mut().enable();
        let next = {
            let inner = stream.lock();
            if inner.deleted {
                return;
            }
            match &inner.delivery {
                Delivery::Push { .. } => inner.queue.first(inner.gate(&shared.options)),
                Delivery::Poll => None,
            }
        };
        match next {
            None => changed.await,
            Some((_, Entry { not_before: Some(time), .. })) if time > Instant::now() => {
                tokio::select! {
                    () = changed => {}
                    () = sleep_until(time) => {}
                }
            }
            Some((place, entry)) => attempt(&shared, &stream, place, &entry).await,
        }
    }
}

/// Pushes a SET once, and decides what becomes of it.
async fn attempt(shared: &Shared, stream: &Stream, place: Place, entry: &Entry) {
    let Some(spec) = request(shared, stream, entry) else { return };
    let exchange = shared.options.client.send(spec).await;
    let number = entry.attempts + 1;
    shared.journal.tell(Happening::Pushed {
        stream_id: stream.id.clone(),
        jti: entry.jti.to_string(),
        attempt: number,
        status: exchange.status(),
        failure: exchange.failure.as_ref().map(|failure| failure.message.clone()),
    });
    // A repetition is over whatever the answer is.
    let retry = if entry.repeated { Retry::Done } else { retry(shared, &exchange, number) };
    shared.options.pushes.record(exchange);
    let mut inner = stream.lock();
    match retry {
        Retry::Done if shared.options.behaviour().repeats_acknowledged_pushes && !entry.repeated => {
            if let Some(entry) = inner.queue.get_mut(place) {
                entry.attempts = number;
                entry.not_before = None;
                entry.repeated = true;
            }
        }
        Retry::Done => {
            inner.queue.remove(place);
        }
        Retry::Never => {
            inner.queue.remove(place);
            let (stream_id, jti) = (stream.id.clone(), entry.jti.to_string());
            shared.journal.tell(Happening::GaveUp { stream_id, jti, attempts: number });
        }
        Retry::After(delay) => {
            if let Some(entry) = inner.queue.get_mut(place) {
                entry.attempts = number;
                entry.not_before = Some(Instant::now() + delay);
            }
        }
    }
}

/// RFC 8935 section 2.1, with the authorization header of the receiver on every request (SSF section 6.1.1).
fn request(shared: &Shared, stream: &Stream, entry: &Entry) -> Option<RequestSpec> {
    let Delivery::Push { endpoint, authorization, .. } = stream.lock().delivery.clone() else { return None };
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/secevent+jwt".to_owned()),
        ("Accept".to_owned(), "application/json".to_owned()),
        ("Accept-Language".to_owned(), "en".to_owned()),
    ];
    let behaviour = shared.options.behaviour();
    let forgets = behaviour.forgets_authorization_on_retries && entry.attempts > 0;
    if let Some(secret) = authorization.filter(|_| !forgets && !behaviour.loses_authorization_header) {
        headers.push(("Authorization".to_owned(), secret.expose_secret().to_owned()));
    }
    let mut push = OutgoingPush { method: "POST".to_owned(), headers, body: entry.set.to_vec() };
    let about = PushFacts { event: &entry.event, stream_id: &stream.id, jti: &entry.jti, attempt: entry.attempts + 1 };
    shared.options.hooks.push(&mut push, &about);
    Some(RequestSpec { method: push.method, url: endpoint, headers: push.headers, body: push.body })
}

enum Retry {
    Done,
    Never,
    After(Duration),
}

/// Only what can pass is tried again: no answer, 408, 429 and 5xx (RFC 8935 sections 2.3 and 4).
fn retry(shared: &Shared, exchange: &Exchange, attempt: u32) -> Retry {
    let (behaviour, timing) = (shared.options.behaviour(), &shared.options.timing);
    let passing = match exchange.status() {
        Some(200..=299) => return Retry::Done,
        None | Some(408 | 429 | 500..=599) => true,
        Some(400) => behaviour.retries_refused,
        Some(_) => false,
    };
    if !passing || behaviour.never_retries || attempt >= timing.attempts {
        return Retry::Never;
    }
    if behaviour.retries_without_delay {
        return Retry::After(Duration::ZERO);
    }
    let grown = timing.retry_delay.saturating_mul(1 << (attempt - 1).min(16));
    let asked = exchange.response.as_ref().and_then(|response| response.headers.get("retry-after")?.parse().ok());
    Retry::After(grown.max(asked.map_or(Duration::ZERO, Duration::from_secs)).min(LONGEST))
}
