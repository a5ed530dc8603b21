//! Us as the transmitter that is visited: the session, from the start of the receiver to its end.

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
use crate::expr::Scope;
use crate::http::{Exchange, Subscription};
use crate::run::judge::{Judge, Observation};
use crate::run::steps::Stop;
use crate::suite::catalogue::Case;
use crate::suite::model::case::Method;

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
    pub(super) began: Instant,
    pub(super) background: BTreeMap<String, Background>,
    started: Option<Started>,
    pub(super) told: Told,
    features: Vec<&'static str>,
    /// Our transmitter behind a bad certificate, while a case shows one.
    pub(super) masked: Option<Masked>,
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
        self.world.visits.serve(&[], Scope::new());
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
            self.world.visits.serve(&case.serve, scope.clone());
            return Ok(scope);
        };
        self.stop().await;
        world.transmitter.clear();
        world.visits.begin_anew();
        self.begin();
        let scope = self.scope();
        self.world.visits.serve(&case.serve, scope.clone());
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
}
