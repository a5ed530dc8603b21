//! What the receiver sends and answers, taken apart and judged.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::deliveries::Delivery;
use super::host::{Answered, Host};
use super::visits::Arrival;
use crate::expr::Scope;
use crate::http::Exchange;
use crate::peer::message::{
    form_request_value, object_or_null, request_value, response_value, sent_value, set_value, tls_value,
};
use crate::run::evidence::evidence;
use crate::run::judge::{Judge, Observation};
use crate::run::receiver::outcome;
use crate::run::settings::Timeouts;
use crate::run::transmitter::messages::Ground;
use crate::set::{self, Token};
use crate::suite::model::case::{Auth, Fault};
use crate::suite::model::section::Kind;

/// How many exchanges of the receiver are judged; a run has a few hundred.
pub(super) const MOST: usize = 5_000;

impl Host {
    /// Takes up everything that has ended.
    pub(super) fn collect(&mut self) {
        while let Some(exchange) = self.requests.try_next() {
            self.enter_request(&exchange);
        }
        while let Some(exchange) = self.pushes.try_next() {
            self.enter_push(&exchange);
        }
    }

    /// A request of the receiver that was answered.
    pub(super) fn enter_request(&mut self, exchange: &Arc<Exchange>) {
        self.judged += 1;
        if self.judged > MOST {
            return;
        }
        let arrival = {
            let mut inner = self.world.visits.lock();
            let arrival = inner.arrivals.iter_mut().rev().find(|known| known.exchange == exchange.id);
            arrival.map(|arrival| {
                arrival.answered = true;
                arrival.clone()
            })
        };
        if let Some(arrival) = arrival {
            let request = request_value(&exchange.request);
            let response = response_value(exchange);
            self.judge_request(&arrival, exchange);
            self.answered.push(Answered { arrival, request, response, elapsed: exchange.seconds() });
        }
        self.exchanges.push(evidence((**exchange).clone()));
    }

    fn judge_request(&mut self, arrival: &Arrival, exchange: &Exchange) {
        let world = &self.world;
        let ground = Ground {
            judge: &world.judge,
            timeouts: world.settings.timeouts,
            metadata: world.metadata.clone(),
            issuer: world.transmitter.issuer(),
        };
        let stream = || world.stream().map_or(Value::Null, |stream| stream.configuration);
        let asked = Asking {
            operation: arrival.operation,
            endpoint: arrival.endpoint,
            history: &arrival.history,
            resource: world.transmitter.protected_resource(),
        };
        let seen = of_request(&ground, &asked, self.features(), stream, exchange);
        self.observations.extend(seen);
    }

    /// A SET that our transmitter pushed by itself.
    pub(super) fn enter_push(&mut self, exchange: &Arc<Exchange>) {
        self.judged += 1;
        if self.judged > MOST {
            return;
        }
        let world = self.world.clone();
        let token = Token::from_bytes(&exchange.request.body);
        let signature = set::verify(&token, &world.jwks);
        let jti =
            token.claims.as_ref().and_then(|claims| claims.get("jti")).and_then(Value::as_str).unwrap_or_default();
        let fault = world.visits.lock().oddities.contains(jti).then_some(Fault::Oddity);
        let sent = sent_value(fault, None, Auth::Valid, Some("en"));
        let set = set_value(&token, &signature);
        self.observations.extend(of_push(&world.judge, &world.settings.timeouts, exchange, sent, set));
        let stream_id = world.stream().map(|stream| stream.id).unwrap_or_default();
        let mut inner = world.visits.lock();
        if inner.deliveries.get(jti).is_none() {
            inner.deliveries.enter(jti, Delivery::new(&stream_id, &exchange.request.body, fault));
        }
        if let Some(delivery) = inner.deliveries.get_mut(jti) {
            delivery.times += 1;
            delivery.given.get_or_insert_with(|| begin_of(exchange));
            delivery.outcome = Some(outcome::of_push(exchange));
        }
        drop(inner);
        self.exchanges.push(evidence((**exchange).clone()));
    }
}

/// What a request asks for, and what came before it.
pub(crate) struct Asking<'a> {
    pub operation: &'a str,
    pub endpoint: &'a str,
    /// The variable `history`; null where it is not known.
    pub history: &'a Value,
    /// The metadata of the protected resource; null where they are not known.
    pub resource: Value,
}

/// Judges a request of a receiver; `stream` gives the configuration of the stream that it polls.
pub(crate) fn of_request(
    ground: &Ground<'_>,
    asking: &Asking<'_>,
    features: &[&str],
    stream: impl FnOnce() -> Value,
    exchange: &Exchange,
) -> Vec<Observation> {
    let scope = || {
        ground
            .scope(exchange, &Value::Null)
            .with("endpoint", json!(asking.endpoint))
            .with("operation", json!(asking.operation))
            .with("features", json!(features))
            .with("history", asking.history.clone())
    };
    let (kind, scope) = match asking.endpoint {
        "metadata" => (Kind::Metadata, scope()),
        "poll" => (Kind::Poll, scope().with("poll", Value::Null).with("stream", stream())),
        "token" => {
            let answer = response_value(exchange);
            let given = object_or_null(answer.get("json"));
            let asked = form_request_value(&exchange.request);
            let resource = asking.resource.clone();
            (Kind::Token, scope().with("request", asked).with("token", given).with("resource", resource))
        }
        "configuration" | "status" | "add-subject" | "remove-subject" | "verification" => (Kind::Management, scope()),
        _ => return Vec::new(),
    };
    ground.judge.message(kind, &scope, Some(&exchange.id))
}

/// Judges what a receiver answers to a push; `sent` and `set` are the variables.
pub(crate) fn of_push(
    judge: &Judge,
    timeouts: &Timeouts,
    exchange: &Exchange,
    sent: Value,
    set: Value,
) -> Vec<Observation> {
    let scope = Scope::new()
        .with("request", request_value(&exchange.request))
        .with("response", response_value(exchange))
        .with("sent", sent)
        .with("set", set)
        .with("tls", tls_value(exchange.tls.as_ref()))
        .with("elapsed", json!(exchange.seconds()))
        .with("delivery", Value::Null)
        .with("timeouts", timeouts.value());
    judge.message(Kind::Push, &scope, Some(&exchange.id))
}

/// When an exchange began, which may be a while ago: exchanges are taken up after they have ended.
fn begin_of(exchange: &Exchange) -> Instant {
    let ago = jiff::Timestamp::now().duration_since(exchange.at);
    let now = Instant::now();
    std::time::Duration::try_from(ago).ok().and_then(|ago| now.checked_sub(ago)).unwrap_or(now)
}
