//! Waiting for what a visiting receiver does, and seeing that it does not.

use std::time::Duration;

use serde_json::{Value, json};

use super::host::{Answered, Host};
use super::visits::Arrival;
use crate::expr::{Expression, Scope};
use crate::http::FailureKind;
use crate::peer::message::request_value;
use crate::run::evidence::evidence;
use crate::run::steps::Stop;

/// How long a receiver that opens a connection to spare may take to send its request over another.
const SPARE: Duration = Duration::from_millis(300);

impl Host {
    /// Whether a request of this case fits.
    fn fits(&self, arrival: &Arrival, filter: Option<&Expression>, scope: &Scope) -> bool {
        !arrival.taken && arrival.at >= self.began && holds(filter, with_all(scope, of_arrival(arrival)))
    }

    pub(super) async fn wait_for_request(
        &mut self,
        filter: Option<&Expression>,
        bound: Duration,
        scope: &mut Scope,
    ) -> Result<bool, Stop> {
        let base = scope.clone();
        let before = self.requests_so_far();
        let found = self
            .until(bound, |host| {
                let place = host.answered.iter().position(|answered| {
                    let arrival = &answered.arrival;
                    !arrival.taken && arrival.at >= host.began && holds(filter, with_all(&base, of_answered(answered)))
                })?;
                Some(host.answered.remove(place))
            })
            .await;
        let Some(answered) = found else {
            self.missed(before);
            return Ok(false);
        };
        if let Some(arrival) =
            self.world.visits.lock().arrivals.iter_mut().find(|known| known.exchange == answered.arrival.exchange)
        {
            arrival.taken = true;
        }
        of_answered(&answered).into_iter().for_each(|(name, value)| scope.set(name, value));
        Ok(true)
    }

    pub(super) async fn no_request(&mut self, filter: Option<&Expression>, bound: Duration, scope: &mut Scope) {
        let base = scope.clone();
        let found = self
            .until(bound, |host| {
                let inner = host.world.visits.lock();
                inner.arrivals.iter().find(|arrival| host.fits(arrival, filter, &base)).cloned()
            })
            .await;
        match found {
            Some(arrival) => of_arrival(&arrival).into_iter().for_each(|(name, value)| scope.set(name, value)),
            None => {
                for name in ["operation", "endpoint", "stream_id", "request", "response", "history"] {
                    scope.set(name, Value::Null);
                }
            }
        }
    }

    /// Waits for a connection to our transmitter behind a bad certificate.
    pub(super) async fn wait_for_connection(&mut self, bound: Duration, scope: &mut Scope) -> bool {
        let next = |host: &mut Self| host.masked.as_mut()?.connections.try_next();
        let Some(mut exchange) = self.until(bound, next).await else { return false };
        let is_closed = exchange.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Closed);
        if is_closed && exchange.request.method.is_empty() {
            exchange = self.until(SPARE, next).await.unwrap_or(exchange);
        }
        let request = match exchange.request.method.is_empty() {
            true => Value::Null,
            false => request_value(&exchange.request),
        };
        scope.set("request", request);
        self.exchanges.push(evidence((*exchange).clone()));
        true
    }

    /// Waits for what the receiver says of a SET that our transmitter made by itself.
    pub(super) async fn wait_for_set(
        &mut self,
        filter: Option<&Expression>,
        bound: Duration,
        scope: &mut Scope,
    ) -> bool {
        let base = scope.clone();
        let began = self.began;
        let found = self
            .until(bound, |host| {
                let mut inner = host.world.visits.lock();
                let delivery = inner.deliveries.settled_since(began, |delivery| {
                    let outcome = delivery.outcome.as_ref().map(|outcome| outcome.value());
                    let seen = base
                        .clone()
                        .with("claims", delivery.claims.clone())
                        .with("set", delivery.set.clone())
                        .with("outcome", json!(outcome));
                    holds(filter, seen)
                })?;
                delivery.taken = true;
                Some(delivery.clone())
            })
            .await;
        let is_there = found.is_some();
        let (set, claims, outcome) = found.map_or((Value::Null, Value::Null, Value::Null), |delivery| {
            let outcome = delivery.outcome.map_or(Value::Null, |outcome| outcome.value());
            (delivery.set, delivery.claims, outcome)
        });
        scope.set("set", set);
        scope.set("claims", claims);
        scope.set("outcome", outcome);
        is_there
    }
}

fn with_all(scope: &Scope, variables: Vec<(&'static str, Value)>) -> Scope {
    let mut scope = scope.clone();
    variables.into_iter().for_each(|(name, value)| scope.set(name, value));
    scope
}

fn holds(filter: Option<&Expression>, scope: Scope) -> bool {
    filter.is_none_or(|filter| scope.enter(|entered| filter.holds(entered)))
}

fn of_arrival(arrival: &Arrival) -> Vec<(&'static str, Value)> {
    vec![
        ("operation", json!(arrival.operation)),
        ("endpoint", json!(arrival.endpoint)),
        ("stream_id", json!(arrival.stream_id)),
        ("request", arrival.request.clone()),
        ("response", Value::Null),
        ("history", arrival.history.clone()),
    ]
}

fn of_answered(answered: &Answered) -> Vec<(&'static str, Value)> {
    let mut variables = of_arrival(&answered.arrival);
    variables.retain(|(name, _)| !matches!(*name, "request" | "response"));
    variables.push(("request", answered.request.clone()));
    variables.push(("response", answered.response.clone()));
    variables.push(("elapsed", json!(answered.elapsed)));
    variables
}
