//! The page of a mock transmitter.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::desk::about;
use super::{Action, Desk, Teller, Way};
use crate::http::{Exchange, Subscription};
use crate::peer::ssf::events::EVENT_TYPES;
use crate::peer::ssf::{Happening, SsfTransmitter, Watch};
use crate::run::visiting::messages::Asking;
use crate::run::watch::{Bench, Eyes, Parties};
use crate::suite::catalogue::Deviation;

/// Whether a transmitter can act a deviation out; the TLS of a client that trusts anything is not its to change.
pub(in crate::cli::mock) fn fits(deviation: &Deviation) -> bool {
    !deviation.is_of_scim() && !deviation.tls.as_ref().is_some_and(|tls| tls.trusts_anything)
}

/// What the buttons of the page do.
pub(in crate::cli::mock) struct TransmitterDesk {
    pub transmitter: Arc<SsfTransmitter>,
    /// The names of the receivers.
    pub receivers: Vec<String>,
}

impl Desk for TransmitterDesk {
    fn about(&self) -> Value {
        let transmitter = &self.transmitter;
        let mut facts = vec![
            ("issuer", transmitter.issuer().to_owned()),
            ("configuration", transmitter.metadata_url()),
            ("receivers", self.receivers.join(", ")),
        ];
        facts.extend(transmitter.control_url().map(|url| ("control", url)));
        let supported = transmitter.metadata();
        let events: Vec<Value> = EVENT_TYPES
            .iter()
            .map(|event| json!([event.name, event.uri]))
            .filter(|event| offered(&supported, event))
            .collect();
        let actions = ["emit", "status", "verify", "rotate-key"];
        let more = Map::from_iter([("events".to_owned(), json!(events)), ("actions".to_owned(), json!(actions))]);
        about("transmitter", &facts, more)
    }

    fn streams(&self) -> Vec<Value> {
        self.transmitter.streams()
    }

    fn act(&self, action: Action) -> BoxFuture<'_, Result<Value, String>> {
        async move {
            let transmitter = &self.transmitter;
            match action {
                Action::Emit { event } => {
                    let emission = transmitter.emit(&event).map_err(|error| error.to_string())?;
                    Ok(json!(emission))
                }
                Action::Status { stream_id, status, reason } => {
                    transmitter.set_status(&stream_id, status.0, reason).map_err(|error| error.to_string())?;
                    Ok(json!({ "stream_id": stream_id, "status": status.0.name() }))
                }
                Action::Verify { stream_id } => {
                    transmitter.verify(&stream_id).map_err(|error| error.to_string())?;
                    Ok(Value::Null)
                }
                Action::RotateKey {} => {
                    let kid = transmitter.rotate_key().await.map_err(|error| error.to_string())?;
                    Ok(json!({ "kid": kid }))
                }
                Action::Deviate { .. } | Action::Conform {} | Action::Clear {} => Ok(Value::Null),
            }
        }
        .boxed()
    }
}

/// Whether it can be emitted: back-channel logout is in no stream, and is not among what can be.
fn offered(metadata: &Value, event: &Value) -> bool {
    let supported = metadata["events_supported"].as_array();
    supported.is_none_or(|supported| supported.contains(&event[1]))
}

/// What happens to a transmitter, and who watches it.
pub(in crate::cli::mock) struct Scene {
    pub transmitter: Arc<SsfTransmitter>,
    pub eyes: Arc<Eyes>,
    pub bench: Bench,
    pub teller: Arc<Teller>,
    pub requests: Subscription,
    pub pushes: Subscription,
    pub happenings: Watch,
}

impl Scene {
    /// Tells what happens until the transmitter is gone.
    pub async fn play(mut self) {
        loop {
            tokio::select! {
                biased;
                happening = self.happenings.next() => match happening {
                    Some(happening) => self.happening(&happening),
                    None => return,
                },
                Some(exchange) = self.pushes.next() => self.push(&exchange),
                Some(exchange) = self.requests.next() => self.request(&exchange),
                // A request that waits is there before it has been answered.
                () = self.eyes.visits.changed.notified() => {}
            }
            self.teller.state(&self.transmitter.streams());
        }
    }

    fn stream(&self, fits: impl Fn(&Value) -> bool) -> Value {
        self.transmitter.configurations().into_iter().find(fits).unwrap_or(Value::Null)
    }

    fn request(&self, exchange: &Exchange) {
        let Some(arrival) = self.eyes.visits.take_arrival(&exchange.id) else {
            // It never was a request: a connection that broke off, or one that was no HTTP.
            self.teller.exchange(Way::In, "unread", None, exchange, &Default::default());
            return;
        };
        let made = || {
            let answer: Value = serde_json::from_slice(&exchange.response.as_ref()?.body).ok()?;
            answer["stream_id"].as_str().map(str::to_owned)
        };
        let stream_id = arrival.stream_id.clone().or_else(made);
        let stream = match &stream_id {
            Some(id) => self.stream(|stream| stream["stream_id"] == **id),
            None => Value::Null,
        };
        let asking = Asking {
            operation: arrival.operation,
            endpoint: arrival.endpoint,
            history: &arrival.history,
            resource: self.transmitter.protected_resource(),
        };
        let seen = self.bench.request(&self.parties(&self.transmitter.keys(), stream), &asking, exchange);
        self.teller.exchange(Way::In, arrival.operation, stream_id, exchange, &seen);
    }

    fn push(&self, exchange: &Exchange) {
        let url = exchange.request.url.as_str();
        let is_at = |stream: &Value| {
            let written = stream["delivery"]["endpoint_url"].as_str();
            written.and_then(|written| url::Url::parse(written).ok()).is_some_and(|known| known.as_str() == url)
        };
        let stream = self.stream(is_at);
        let stream_id = stream["stream_id"].as_str().map(str::to_owned);
        let delivery = match &stream {
            Value::Null => Value::Null,
            stream => json!({
                "endpoint_url": stream["delivery"]["endpoint_url"],
                "authorization": stream["delivery"]["authorization_header"],
            }),
        };
        let is_odd = !self.teller.deviations.on().is_empty();
        let seen = self.bench.push(&self.parties(&self.transmitter.keys(), stream), delivery, is_odd, exchange);
        self.teller.exchange(Way::Out, "push", stream_id, exchange, &seen);
    }

    fn parties<'a>(&'a self, keys: &'a crate::set::Jwks, stream: Value) -> Parties<'a> {
        Parties { issuer: self.transmitter.issuer(), metadata: self.transmitter.metadata(), keys, stream }
    }

    fn happening(&self, happening: &Happening) {
        let teller = &self.teller;
        match happening {
            Happening::Queued { stream_id, jti, event } => {
                teller.note("queued", Some(stream_id), "a SET is queued".to_owned(), Some(event), Some(jti));
            }
            Happening::GaveUp { stream_id, jti, attempts } => {
                let line = format!("the SET is not pushed again after attempt {attempts}");
                teller.note("gave-up", Some(stream_id), line, None, Some(jti));
            }
            Happening::StatusChanged { stream_id, status } => {
                teller.note("status", Some(stream_id), format!("the stream is {status} now"), None, None);
            }
            Happening::Expired { stream_id } => {
                let line = "the stream is deleted for want of activity".to_owned();
                teller.note("expired", Some(stream_id), line, None, None);
            }
            Happening::Rotated { kid } => {
                teller.note("rotated", None, format!("SETs are signed with {kid} now"), None, None);
            }
            // The exchange says so.
            Happening::Pushed { .. } | Happening::Polled { .. } => {}
        }
    }
}
