//! Waiting for SETs and pushes, and seeing that none comes.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::Visitor;
use super::requests::{gone, long_poll};
use crate::expr::{Expression, Scope};
use crate::http::Exchange;
use crate::run::evidence::evidence;
use crate::run::steps::{Acted, Stop};
use crate::run::transmitter::messages::{self, Arrived};
use crate::suite::model::case::{Answer, Awaited, Method};

/// The pause after a poll that came back empty at once; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many pushes of one case are looked at; a transmitter that floods us is not judged by each.
const MOST_PUSHES: usize = 200;

/// The event that a verification is (SSF section 8.1.4.1).
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// What a SET has to be like to be taken.
type Fits<'a> = dyn Fn(&Arrived) -> bool + Send + Sync + 'a;

impl Visitor {
    /// Waits until a SET or a push comes that the filter takes; the variables stay null if none does.
    pub(super) async fn wait(
        &mut self,
        what: Awaited,
        filter: Option<&Expression>,
        on: &str,
        bound: Duration,
        scope: &mut Scope,
    ) -> Result<Acted, Stop> {
        let mut acted = Acted::default();
        let id = self.stream_of(on, scope)?;
        let found = {
            let base = scope.clone();
            let fits = |arrived: &Arrived| fits(what, filter, &base, arrived);
            self.until(&id, &fits, Instant::now() + bound, &mut acted).await?
        };
        // What does not come from a target that is gone says nothing of it.
        if found.is_none() && self.world.is_gone().await {
            return Err(gone(&mut acted));
        }
        acted.missed = found.is_none();
        self.show(what, found, &id, scope);
        Ok(acted)
    }

    /// Asks for a verification, waits for it, and shows a SET that the filter takes if one came before or shortly after.
    pub(super) async fn fenced(
        &mut self,
        filter: Option<&Expression>,
        on: &str,
        scope: &mut Scope,
    ) -> Result<Acted, Stop> {
        let mut acted = Acted::default();
        let id = self.stream_of(on, scope)?;
        let timeouts = self.world.settings.timeouts;
        if let Some(endpoint) = self.world.endpoints().verification().cloned() {
            let state = format!("fence-{}", uuid::Uuid::new_v4());
            let request = json!({ "stream_id": id, "state": state });
            let auth =
                self.streams.get(&id).map(|stream| stream.auth).unwrap_or(crate::suite::model::case::Auth::Valid);
            let (exchange, _) = self.send("POST", endpoint, Some(&request), auth, None, &mut acted).await?;
            if exchange.status().is_some_and(|status| (200..300).contains(&status)) {
                let is_fence = |arrived: &Arrived| arrived.claims["events"][VERIFICATION]["state"] == state.as_str();
                self.until(&id, &is_fence, Instant::now() + timeouts.delivery, &mut acted).await?;
            }
        }
        let found = {
            let base = scope.clone();
            let fits = |arrived: &Arrived| fits(Awaited::Set, filter, &base, arrived);
            self.until(&id, &fits, Instant::now() + timeouts.quiet, &mut acted).await?
        };
        self.show(Awaited::Set, found, &id, scope);
        Ok(acted)
    }

    /// Changes how our endpoint of a stream answers.
    pub(super) fn answer(&mut self, answer: &Answer, on: &str, scope: &Scope) -> Result<Acted, Stop> {
        if answer.certificate.is_some() {
            return Err(Stop::NotApplicable("our push listener shows one certificate only".to_owned()));
        }
        let url = scope.get(on).and_then(|stream| stream["delivery"]["endpoint_url"].as_str()).unwrap_or_default();
        match self.endpoints.iter().find(|endpoint| endpoint.is_at(url)) {
            Some(endpoint) => {
                endpoint.answer(answer.clone());
                self.last = Timestamp::now();
                Ok(Acted::default())
            }
            None => Err(Stop::inconclusive(format!("the stream `{on}` does not push to us"))),
        }
    }

    /// Whether any SET comes by a stream in time.
    pub async fn gets_anything(&mut self, configuration: &Value, acted: &mut Acted) -> Result<bool, Stop> {
        let id = configuration["stream_id"].as_str().unwrap_or_default().to_owned();
        let deadline = Instant::now() + self.world.settings.timeouts.delivery;
        Ok(self.until(&id, &|_| true, deadline, acted).await?.is_some())
    }

    /// Judges the pushes that came and that no step waits for.
    pub(super) async fn look_at_pushes(&mut self, acted: &mut Acted) {
        for place in 0..self.endpoints.len() {
            while self.looked_at < MOST_PUSHES
                && let Some(exchange) = self.endpoints[place].try_next()
            {
                self.pushed(place, &exchange, acted).await;
            }
        }
    }

    /// Takes the first SET that fits out of the inbox, waiting for it until the deadline.
    async fn until(
        &mut self,
        id: &str,
        fits: &Fits<'_>,
        deadline: Instant,
        acted: &mut Acted,
    ) -> Result<Option<Arrived>, Stop> {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(stream) = self.streams.get_mut(id) else { return Ok(None) };
            if let Some(place) = stream.inbox.iter().position(fits) {
                return Ok(stream.inbox.remove(place));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // What came in time counts, however slow we are to look at it.
                self.look_at_pushes(acted).await;
                let Some(stream) = self.streams.get_mut(id) else { return Ok(None) };
                let place = stream.inbox.iter().position(fits);
                return Ok(place.and_then(|place| stream.inbox.remove(place)));
            }
            match stream.method() {
                Method::Push => self.next_push(id, left, acted).await,
                Method::Poll => {
                    let began = Instant::now();
                    let some = self.next_polls(id, left, acted).await?;
                    // A transmitter that does not hold polls is not asked without end.
                    if !some && began.elapsed() < pause {
                        tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
        }
    }

    /// Waits for one push to the endpoint of a stream.
    async fn next_push(&mut self, id: &str, left: Duration, acted: &mut Acted) {
        let url = self.streams.get(id).map(|stream| &stream.configuration["delivery"]["endpoint_url"]);
        let url = url.and_then(Value::as_str).unwrap_or_default();
        let Some(place) = self.endpoints.iter().position(|endpoint| endpoint.is_at(url)) else {
            // The answer names another endpoint than ours, which the rules say; nothing can come here.
            tokio::time::sleep(left).await;
            return;
        };
        if let Ok(Some(exchange)) = timeout(left, self.endpoints[place].next()).await {
            self.pushed(place, &exchange, acted).await;
        }
    }

    async fn pushed(&mut self, place: usize, exchange: &Exchange, acted: &mut Acted) {
        self.looked_at += 1;
        if self.looked_at > MOST_PUSHES {
            return;
        }
        acted.exchanges.push(evidence(exchange.clone()));
        // A connection without a request shows nothing of a push.
        if exchange.request.method.is_empty() {
            return;
        }
        let endpoint = &self.endpoints[place];
        let url = endpoint.url.clone();
        let at = |configuration: &Value| {
            configuration["delivery"]["endpoint_url"].as_str().is_some_and(|url| endpoint.is_at(url))
        };
        let stream = self.streams.values_mut().find(|stream| at(&stream.configuration));
        let (configuration, delivery) = match &stream {
            Some(stream) => {
                let delivery = json!({ "endpoint_url": url, "authorization": stream.authorization });
                (stream.configuration.clone(), delivery)
            }
            // A push can come before the answer that says which stream it is of.
            None => (Value::Null, Value::Null),
        };
        let (arrived, seen) = messages::push(&self.world, &configuration, delivery, exchange).await;
        acted.observations.extend(seen);
        if let Some(stream) = stream {
            stream.keep(arrived);
        }
    }

    /// Polls once, waiting where the transmitter lets us, and acknowledges what came; whether anything did.
    async fn next_polls(&mut self, id: &str, left: Duration, acted: &mut Acted) -> Result<bool, Stop> {
        let Some(stream) = self.streams.get(id) else { return Ok(false) };
        let configuration = stream.configuration.clone();
        let auth = stream.auth;
        let url = configuration["delivery"]["endpoint_url"].as_str().and_then(|url| Url::parse(url).ok());
        let Some(url) = url else {
            return Err(Stop::inconclusive("the stream has no poll endpoint that can be asked"));
        };
        let poll = long_poll();
        let asked = self.send("POST", url.clone(), Some(&poll), auth, Some(&configuration), acted);
        let Ok(answered) = timeout(left, asked).await else { return Ok(false) };
        let (_, arrived) = answered?;
        if arrived.is_empty() {
            return Ok(false);
        }
        let jtis: Vec<&str> = arrived.iter().map(|arrived| arrived.jti.as_str()).collect();
        let acknowledge = json!({ "ack": jtis, "maxEvents": 0, "returnImmediately": true });
        self.send("POST", url, Some(&acknowledge), auth, Some(&configuration), acted).await?;
        if let Some(stream) = self.streams.get_mut(id) {
            arrived.into_iter().for_each(|arrived| stream.keep(arrived));
        }
        Ok(true)
    }

    /// Sets the variables of what came, or of nothing.
    fn show(&mut self, what: Awaited, found: Option<Arrived>, id: &str, scope: &mut Scope) {
        let received = self.streams.get(id).map(|stream| stream.received.clone()).unwrap_or_default();
        scope.set("received", Value::Array(received));
        let came = found.as_ref().map(|arrived| arrived.at);
        let (set, claims, header, push) = match found {
            Some(arrived) => (arrived.set, arrived.claims, arrived.header, arrived.push.unwrap_or(Value::Null)),
            None => Default::default(),
        };
        scope.set("set", set);
        scope.set("claims", claims);
        scope.set("header", header);
        scope.set("push", push.clone());
        if let Some(at) = came {
            // When it was looked at depends on us; when it came, on the transmitter.
            scope.set("elapsed", json!(at.duration_since(self.last).as_secs_f64().max(0.0)));
            self.last = at;
            if what == Awaited::Push {
                self.pushes.push(push);
                scope.set("pushes", Value::Array(self.pushes.clone()));
            }
        }
    }
}

/// Whether the filter of a step takes a SET.
fn fits(what: Awaited, filter: Option<&Expression>, base: &Scope, arrived: &Arrived) -> bool {
    if what == Awaited::Push && arrived.push.is_none() {
        return false;
    }
    let Some(filter) = filter else { return true };
    let candidate = base
        .clone()
        .with("set", arrived.set.clone())
        .with("claims", arrived.claims.clone())
        .with("header", arrived.header.clone())
        .with("push", arrived.push.clone().unwrap_or(Value::Null));
    candidate.enter(|entered| filter.holds(entered))
}
