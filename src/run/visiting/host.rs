//! The steps of cases, with a receiver that visits us.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::LOST_AFTER;
use super::control::{Control, Started, Told};
use super::masked::Masked;
use super::messages::MOST;
use super::offers::Offered;
use super::visits::Arrival;
use super::world::{Stream, World};
use crate::expr::{Expression, Scope};
use crate::http::{Exchange, Subscription};
use crate::peer::message::request_value;
use crate::peer::ssf::Status;
use crate::peer::tamper::Tamper;
use crate::run::evidence::evidence;
use crate::run::judge::{Judge, Observation};
use crate::run::receiver::Pusher;
use crate::run::request;
use crate::run::steps::{Acted, Actor, Stop};
use crate::suite::catalogue::{Action, Case, Deviation, Step};
use crate::suite::model::case::{Asked, Awaited, Decision, Method, StreamStatus};

/// The longest that a step waits.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How often it is looked whether the receiver has ended.
const LOOK: Duration = Duration::from_millis(50);

/// A request that was answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub arrival: Arrival,
    pub request: Value,
    pub response: Value,
    pub elapsed: f64,
}

/// What goes on in the background.
pub(super) enum Background {
    Ask(JoinHandle<Result<Value, String>>),
    Offer(Offered),
}

/// Us, as the transmitter that is visited.
pub(crate) struct Host {
    pub(super) world: Arc<World>,
    pub(super) requests: Subscription,
    pub(super) pushes: Subscription,
    pub(super) answered: Vec<Answered>,
    /// What was seen since the last step ended.
    pub(super) exchanges: Vec<Exchange>,
    pub(super) observations: Vec<Observation>,
    /// How many exchanges of the receiver were judged.
    pub(super) judged: usize,
    /// When the case began.
    began: Instant,
    background: BTreeMap<String, Background>,
    started: Option<Started>,
    told: Told,
    features: Vec<&'static str>,
    /// Our transmitter behind a bad certificate, while a case shows one.
    masked: Option<Masked>,
}

impl Host {
    pub fn new(world: Arc<World>, requests: Subscription, pushes: Subscription) -> Self {
        let told = world.told();
        Self {
            world,
            requests,
            pushes,
            answered: Vec::new(),
            exchanges: Vec::new(),
            observations: Vec::new(),
            judged: 0,
            began: Instant::now(),
            background: BTreeMap::new(),
            started: None,
            told,
            features: Vec::new(),
            masked: None,
        }
    }

    /// Starts the receiver by the hook; nothing is done where there is none. `issuer` is told in place of the plain one.
    pub async fn start(&mut self, issuer: Option<String>) -> Result<(), String> {
        self.told = self.world.told();
        if let Some(issuer) = issuer {
            self.told = Told { issuer, metadata_url: String::new(), ..self.told.clone() };
        }
        match &self.world.settings.control {
            Control::None => Ok(()),
            Control::Commands(commands) if commands.start.is_empty() => Ok(()),
            Control::Commands(commands) => {
                self.started = Some(commands.start(&self.told).await?);
                Ok(())
            }
            Control::Local(receiver) => receiver.start(&self.told).await,
        }
    }

    /// Lets the receiver leave, and forgets its streams.
    pub async fn stop(&mut self) {
        match &self.world.settings.control {
            Control::None => {}
            Control::Commands(commands) => commands.stop(&self.told, self.started.take()).await,
            Control::Local(receiver) => receiver.stop().await,
        }
        self.collect();
    }

    /// What went wrong, where the receiver has ended with a failure.
    pub fn failure(&mut self) -> Option<String> {
        match &self.world.settings.control {
            Control::None => None,
            Control::Commands(_) => self.started.as_mut().and_then(Started::failure),
            Control::Local(receiver) => receiver.failure(),
        }
    }

    /// A case begins: what came before is none of its business.
    pub fn begin(&mut self) {
        self.collect();
        self.answered.clear();
        self.world.visits.lock().arrivals.retain(|arrival| !arrival.answered);
        self.began = Instant::now();
    }

    /// A case has ended.
    pub fn end(&mut self) -> (Vec<Exchange>, Vec<Observation>) {
        self.world.visits.serve_well();
        self.masked = None;
        for (_, background) in std::mem::take(&mut self.background) {
            match background {
                Background::Ask(task) => task.abort(),
                Background::Offer(offered) => self.withdraw(offered),
            }
        }
        self.collect();
        self.seen()
    }

    /// What an earlier case left of the receiver may be without a stream, or gone. One that can be started anew is.
    async fn recover(&mut self) -> Result<(), String> {
        if self.failure().is_none() && self.world.stream().is_some() {
            return Ok(());
        }
        let bound = self.world.settings.timeouts.delivery;
        if self.world.settings.control.restarts() {
            self.stop().await;
            self.world.transmitter.clear();
            self.world.visits.begin_anew();
            self.start(None).await.map_err(|why| format!("the receiver does not start: {why}"))?;
        }
        let before = self.requests_so_far();
        match self.until(bound, |host| host.world.stream()).await {
            Some(_) => Ok(()),
            None => {
                self.missed(before);
                Err(self.failure().unwrap_or_else(|| "the receiver has no stream any more".to_owned()))
            }
        }
    }

    /// Everything that a case starts with: a receiver that has just been started if it asks for that, and its variables.
    pub async fn prepare(&mut self, case: &Case) -> Result<Scope, String> {
        let world = self.world.clone();
        let Some(fresh) = &case.fresh else {
            self.recover().await?;
            self.begin();
            let scope = self.scope();
            self.serve(&case.serve, &scope);
            return Ok(scope);
        };
        self.stop().await;
        world.transmitter.clear();
        world.visits.begin_anew();
        self.begin();
        let scope = self.scope();
        self.serve(&case.serve, &scope);
        self.masked = match (fresh.certificate, &world.settings.tls) {
            (Some(certificate), Some(tls)) => {
                let masked = Masked::start(&world.settings, tls, certificate, world.client.clone()).await;
                Some(masked.map_err(|error| error.to_string())?)
            }
            _ => None,
        };
        let issuer = match (&fresh.issuer, &self.masked) {
            (Some(issuer), _) => Some(scope.enter(|entered| issuer.render_text(entered))?),
            (None, Some(masked)) => Some(masked.issuer().to_owned()),
            (None, None) => None,
        };
        self.start(issuer).await.map_err(|why| format!("the receiver does not start: {why}"))?;
        Ok(scope)
    }

    fn serve(&self, deviations: &[Deviation], scope: &Scope) {
        match deviations {
            [] => self.world.visits.serve_well(),
            some => self.world.visits.serve(Tamper::new(some.iter().cloned()), scope.clone()),
        }
    }

    /// The features of the receiver are known.
    pub fn has(&mut self, features: Vec<&'static str>) {
        self.features = features;
    }

    pub fn features(&self) -> &[&'static str] {
        &self.features
    }

    fn scope(&self) -> Scope {
        self.world.scope().with("features", json!(self.features))
    }

    pub fn judge(&self) -> Arc<Judge> {
        self.world.judge.clone()
    }

    /// Whether the receiver has stopped answering.
    pub fn is_lost(&self) -> bool {
        self.world.lost.load(Ordering::Relaxed) >= LOST_AFTER
    }

    pub(super) fn requests_so_far(&self) -> u64 {
        self.world.visits.lock().requests
    }

    /// Something was waited for in vain. A receiver that polls and made no request meanwhile may be gone.
    pub(super) fn missed(&self, before: u64) {
        let polls = self.world.stream().is_none_or(|stream| stream.method == Method::Poll);
        if polls && self.requests_so_far() == before {
            self.world.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many exchanges were not judged.
    pub fn overlooked(&self) -> usize {
        self.judged.saturating_sub(MOST)
    }

    /// What was seen since it was asked last.
    pub fn seen(&mut self) -> (Vec<Exchange>, Vec<Observation>) {
        (std::mem::take(&mut self.exchanges), std::mem::take(&mut self.observations))
    }

    /// Looks until there is something, at most for so long, and as long as the receiver has not given up.
    pub(super) async fn until<T>(
        &mut self,
        bound: Duration,
        mut look: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let deadline = tokio::time::Instant::now() + bound;
        let world = self.world.clone();
        loop {
            let mut changed = pin!(world.visits.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let failed = self.failure().is_some();
            self.collect();
            if let Some(found) = look(self) {
                return Some(found);
            }
            if failed || tokio::time::Instant::now() >= deadline {
                return None;
            }
            let next = deadline.min(tokio::time::Instant::now() + LOOK);
            let ended = tokio::select! {
                () = changed => None,
                exchange = self.requests.next() => exchange.map(|exchange| (true, exchange)),
                exchange = self.pushes.next() => exchange.map(|exchange| (false, exchange)),
                () = sleep_until(next) => None,
            };
            match ended {
                Some((true, exchange)) => self.enter_request(&exchange),
                Some((false, exchange)) => self.enter_push(&exchange),
                None => {}
            }
        }
    }

    /// The stream of the receiver; without one, nothing can be given to it.
    pub(super) fn stream(&self) -> Result<Stream, Stop> {
        self.world.stream().ok_or_else(|| Stop::inconclusive("the receiver has no stream"))
    }

    fn pusher(&self) -> Result<Pusher, Stop> {
        let stream = self.stream()?;
        let pushing = self.world.pushing(&stream).filter(|_| stream.method == Method::Push);
        pushing.map(Pusher::new).ok_or_else(|| Stop::NotApplicable("the receiver takes SETs by poll".to_owned()))
    }

    /// Whether a request of this case fits.
    fn fits(&self, arrival: &Arrival, filter: Option<&Expression>, scope: &Scope) -> bool {
        !arrival.taken && arrival.at >= self.began && holds(filter, with_all(scope, of_arrival(arrival)))
    }

    async fn wait_for_request(
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

    async fn no_request(&mut self, filter: Option<&Expression>, bound: Duration, scope: &mut Scope) {
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
    async fn wait_for_connection(&mut self, bound: Duration, scope: &mut Scope) -> bool {
        let next = |host: &mut Self| host.masked.as_mut()?.connections.try_next();
        let Some(exchange) = self.until(bound, next).await else { return false };
        let request = match exchange.request.method.is_empty() {
            true => Value::Null,
            false => request_value(&exchange.request),
        };
        scope.set("request", request);
        self.exchanges.push(evidence((*exchange).clone()));
        true
    }

    /// Waits for what the receiver says of a SET that our transmitter made by itself.
    async fn wait_for_set(&mut self, filter: Option<&Expression>, bound: Duration, scope: &mut Scope) -> bool {
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

    async fn ask(&mut self, what: Asked, arguments: Value, background: Option<&String>, scope: &mut Scope) {
        let world = self.world.clone();
        let told = self.told.clone();
        let limit = world.settings.timeouts.delivery;
        let asking = async move { world.settings.control.ask(&told, what, &arguments, limit).await };
        match background {
            Some(name) => {
                self.background.insert(name.clone(), Background::Ask(tokio::spawn(asking)));
            }
            None => {
                let answer = asking.await;
                scope.set("answer", answer_value(answer));
            }
        }
    }

    async fn join(&mut self, name: &str, scope: &mut Scope) -> Result<Acted, Stop> {
        match self.background.remove(name) {
            Some(Background::Ask(task)) => {
                let answer = task.await.unwrap_or_else(|error| Err(error.to_string()));
                scope.set("answer", answer_value(answer));
                Ok(Acted::default())
            }
            Some(Background::Offer(offered)) => self.settle(offered, scope).await,
            None => Err(Stop::Internal(format!("nothing was started under the name `{name}`"))),
        }
    }

    fn decide(&self, decision: &Decision) -> Result<(), Stop> {
        let status = match decision.status {
            StreamStatus::Enabled => Status::Enabled,
            StreamStatus::Paused => Status::Paused,
            StreamStatus::Disabled => Status::Disabled,
        };
        let stream = self.stream()?;
        self.world
            .transmitter
            .set_status(&stream.id, status, decision.reason.clone())
            .map_err(|error| Stop::Internal(error.to_string()))
    }

    async fn carry_out(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let timeouts = self.world.settings.timeouts;
        let within = step.within.as_ref();
        let expects = !step.expect.is_empty() || step.assume.is_some();
        let nothing = |what: &str| Stop::NoOccasion(format!("the receiver gave no occasion: {what}"));
        match &step.action {
            Action::Offer(plan) => {
                let bound = bound(within, timeouts.delivery, scope);
                let offered = self.offer(plan, bound, scope).await?;
                match &step.background {
                    Some(name) => {
                        self.background.insert(name.clone(), Background::Offer(offered));
                        Ok(Acted::default())
                    }
                    None => self.settle(offered, scope).await,
                }
            }
            Action::Control(plan) => self.control(plan, bound(within, timeouts.delivery, scope), scope).await,
            Action::Push(_) | Action::Http(_) => self.pusher()?.act(step, scope).await,
            Action::Hello(version) => {
                let stream = self.stream()?;
                let pushing = self.world.pushing(&stream).ok_or_else(|| nothing("its endpoint is no URL"))?;
                request::hello(*version, &pushing.endpoint, timeouts.response, scope).await?;
                Ok(Acted::default())
            }
            Action::Serve(deviations) => {
                self.serve(deviations, scope);
                Ok(Acted::default())
            }
            Action::Ask { what, arguments } => {
                let arguments = match arguments {
                    Some(template) => Value::Object(request::rendered_object(template, scope)?),
                    None => json!({}),
                };
                self.ask(*what, arguments, step.background.as_ref(), scope).await;
                Ok(Acted::default())
            }
            Action::Decide(decision) => self.decide(decision).map(|()| Acted::default()),
            Action::Await { what: Awaited::Request, filter } => {
                let bound = bound(within, timeouts.delivery, scope);
                let came = self.wait_for_request(filter.as_ref(), bound, scope).await?;
                if !came && !expects {
                    return Err(nothing("it did not send the request by itself"));
                }
                if !came {
                    scope.set("request", Value::Null);
                }
                Ok(Acted::default())
            }
            Action::Await { what: Awaited::Connection, .. } => {
                let bound = bound(within, timeouts.delivery, scope);
                match self.wait_for_connection(bound, scope).await {
                    true => Ok(Acted::default()),
                    false => Err(nothing("it did not connect")),
                }
            }
            Action::Await { filter, .. } => {
                let bound = bound(within, timeouts.delivery, scope);
                if !self.wait_for_set(filter.as_ref(), bound, scope).await && !expects {
                    return Err(nothing("it said nothing of such a SET"));
                }
                Ok(Acted::default())
            }
            Action::Quiet { filter, .. } => {
                let bound = bound(within, timeouts.quiet, scope);
                self.no_request(filter.as_ref(), bound, scope).await;
                Ok(Acted::default())
            }
            Action::Join(name) => self.join(name, scope).await,
            Action::Login(_) | Action::Logout(_) | Action::End(_) => {
                Err(Stop::Internal("this step is for OpenID Connect Back-Channel Logout".to_owned()))
            }
            Action::Poll(_) | Action::Answer(_) | Action::Trigger(_) => {
                Err(Stop::Internal("this step is for a run against a transmitter".to_owned()))
            }
        }
    }
}

impl Actor for Host {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let outcome = self.carry_out(step, scope).await;
        let stream = self.world.stream();
        scope.set("told", stream.map_or(Value::Null, |stream| stream.configuration));
        self.collect();
        let (exchanges, observations) = self.seen();
        match outcome {
            Ok(mut acted) => {
                acted.exchanges.splice(0..0, exchanges);
                acted.observations.splice(0..0, observations);
                Ok(acted)
            }
            Err(Stop::Inconclusive { reason, exchanges: mut last, observations: mut seen }) => {
                last.splice(0..0, exchanges);
                seen.splice(0..0, observations);
                Err(Stop::Inconclusive { reason, exchanges: last, observations: seen })
            }
            Err(other) => {
                // The case has them when it ends.
                self.exchanges = exchanges;
                self.observations = observations;
                Err(other)
            }
        }
    }
}

fn bound(within: Option<&Expression>, usual: Duration, scope: &Scope) -> Duration {
    within
        .and_then(|within| scope.enter(|entered| within.value(entered)).ok())
        .and_then(|value| value.as_f64())
        .map_or(usual, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(usual).min(LONGEST_WAIT))
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

fn answer_value(answer: Result<Value, String>) -> Value {
    match answer {
        Ok(value) => json!({ "ok": true, "error": "", "value": value }),
        Err(error) => json!({ "ok": false, "error": error, "value": null }),
    }
}
