//! One case's visit to a transmitter: its streams, its push endpoints, and the steps.
//!
//! `requests` sends what a step says, `streams` and `resources` create and delete, `deliveries` waits for SETs and pushes,
//! `asks` goes to the operator's hook.

mod asks;
mod deliveries;
mod requests;
mod resources;
mod streams;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::Url;

use super::listener::Endpoint;
use super::world::{World, is_gone, with_stream};
use crate::expr::{Expression, Scope};
use crate::http::Exchange;
use crate::run::request;
use crate::run::steps::{Acted, Actor, Stop};
use crate::suite::catalogue::{Action, Case, Step};
use crate::suite::model::case::{Auth, Awaited, Method};
use streams::Stream;

/// An issuer that nobody trusts; the name is reserved (RFC 2606).
const STRANGER: &str = "https://stranger.invalid";

/// An event type that nobody supports.
const UNKNOWN_EVENT: &str = "https://setspec.invalid/event-type/unknown";

/// The longest that a step waits.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The stream that is meant unless a step says otherwise.
const USUAL: &str = "stream";

/// A visit.
pub(crate) struct Visitor {
    world: Arc<World>,
    method: Method,
    /// The streams of this case, by their identifier.
    streams: BTreeMap<String, Stream>,
    /// Our push endpoints: one for each stream that may need one.
    endpoints: Vec<Endpoint>,
    background: BTreeMap<String, Background>,
    /// How many pushes were looked at.
    looked_at: usize,
    /// When the SET last waited for came, or what it follows was done.
    last: Timestamp,
    pushes: Vec<Value>,
    /// The names of the SCIM resources that the case may have made.
    made: Vec<String>,
}

/// A request that is under way.
struct Background {
    task: JoinHandle<Exchange>,
    sent: Value,
    auth: Auth,
    /// The stream that is polled.
    polled: Option<Value>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Visitor {
    pub fn new(world: Arc<World>, method: Method) -> Self {
        Self {
            world,
            method,
            streams: BTreeMap::new(),
            endpoints: Vec::new(),
            background: BTreeMap::new(),
            looked_at: 0,
            last: Timestamp::now(),
            pushes: Vec::new(),
            made: Vec::new(),
        }
    }

    /// The variables that every case starts with.
    pub fn scope(&mut self) -> Scope {
        let push_delivery = self.push_delivery();
        let world = &self.world;
        let settings = &world.settings;
        let (subject, other_subject) = world.subjects();
        let poll_delivery = json!({ "method": Method::Poll.urn() });
        let delivery_request = match self.method {
            Method::Push => push_delivery.clone(),
            Method::Poll => poll_delivery.clone(),
        };
        let scheme = settings.issuer.split(':').next().unwrap_or_default();
        let mut timeouts = settings.timeouts.value();
        timeouts["long_poll"] = json!(settings.long_poll.map(|time| time.as_secs_f64()));
        let (found, offer) = (world.found(), world.offer());
        let mut scope = Scope::new()
            .with("target", json!({ "url": settings.issuer, "scheme": scheme }))
            .with("issuer", json!(settings.issuer))
            .with("stranger", json!(STRANGER))
            .with("languages", json!([]))
            .with("timeouts", timeouts)
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()))
            .with("features", json!(offer.map(|offer| &offer.features)))
            .with("metadata", world.metadata())
            .with("metadata_url", json!(found.map(|found| found.metadata_url.as_str())))
            .with("events", offer.map_or_else(|| events(None, &[]), |offer| offer.events.clone()))
            .with("subject", subject)
            .with("other_subject", other_subject)
            .with("delivery", json!(self.method.name()))
            .with("push_delivery", push_delivery)
            .with("poll_delivery", poll_delivery)
            .with("delivery_request", delivery_request)
            .with("scim", world.scim.as_ref().map_or(Value::Null, |scim| scim.variable()))
            .with("pushes", json!([]))
            .with("received", json!([]));
        for name in ["audience", "request", "response", "sent", "elapsed", "poll", "hello", "push", "tls"] {
            scope.set(name, Value::Null);
        }
        for name in ["set", "claims", "header"] {
            scope.set(name, Value::Null);
        }
        scope
    }

    /// Creates the streams that the case is given.
    pub async fn prepare(&mut self, case: &Case, scope: &mut Scope) -> Result<Acted, Stop> {
        let mut acted = Acted::default();
        for plan in &case.streams {
            self.create(plan, scope, &mut acted).await?;
        }
        Ok(acted)
    }

    /// Deletes the streams and the resources of the case, and judges what came in the meantime.
    pub async fn leave(&mut self) -> Acted {
        let mut acted = Acted::default();
        self.background.clear();
        self.clear_resources(&mut acted).await;
        self.look_at_pushes(&mut acted).await;
        let endpoint = self.world.endpoints().configuration().cloned();
        for (stream_id, stream) in std::mem::take(&mut self.streams) {
            let Some(endpoint) = endpoint.as_ref().filter(|_| !stream.deleted) else { continue };
            let url = with_stream(endpoint, &stream_id);
            let sent = self.send("DELETE", url, None, stream.auth, None, &mut acted).await;
            if sent.is_ok_and(|(exchange, _)| is_gone(&exchange)) {
                self.world.registry.remove(&stream.made);
            }
        }
        acted
    }

    fn bound(within: Option<&Expression>, usual: Duration, scope: &Scope) -> Duration {
        within
            .and_then(|within| scope.enter(|entered| within.value(entered)).ok())
            .and_then(|value| value.as_f64())
            .map_or(usual, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(usual).min(LONGEST_WAIT))
    }
}

impl Actor for Visitor {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let on = step.on.as_deref().unwrap_or(USUAL);
        let within = step.within.as_ref();
        let timeouts = self.world.settings.timeouts;
        match &step.action {
            Action::Http(plan) => self.request(plan, step, None, scope).await,
            Action::Poll(plan) => {
                let stream = scope.get(on).cloned().unwrap_or(Value::Null);
                self.request(plan, step, Some(stream), scope).await
            }
            Action::Join(name) => self.join(name, scope).await,
            Action::Answer(answer) => self.answer(answer, on, scope),
            Action::Trigger { plan, may_refuse } => self.ask(plan, *may_refuse, on, scope).await,
            Action::Await { what, filter } => {
                let bound = Self::bound(within, timeouts.delivery, scope);
                self.wait(*what, filter.as_ref(), on, bound, scope).await
            }
            Action::Quiet { what: Awaited::Set, filter } if within.is_none() => {
                self.fenced(filter.as_ref(), on, scope).await
            }
            Action::Quiet { what, filter } => {
                let bound = Self::bound(within, timeouts.quiet, scope);
                self.wait(*what, filter.as_ref(), on, bound, scope).await
            }
            Action::Hello(version) => {
                let url = scope.get(on).and_then(|stream| stream["delivery"]["endpoint_url"].as_str());
                let url = Url::parse(url.unwrap_or(&self.world.settings.issuer))
                    .map_err(|error| Stop::inconclusive(format!("the endpoint is no URL: {error}")))?;
                request::hello(*version, &url, timeouts.response, scope).await?;
                Ok(Acted::default())
            }
            Action::Login(_) | Action::Logout(_) | Action::End(_) | Action::Refresh(_) => {
                Err(Stop::Internal("this step is for OpenID Connect Back-Channel Logout".to_owned()))
            }
            Action::Push(_)
            | Action::Control(_)
            | Action::Offer(_)
            | Action::Serve(_)
            | Action::Ask { .. }
            | Action::Decide(_) => Err(Stop::Internal("this step is for a run against a receiver".to_owned())),
        }
    }
}

/// Steps are made of what the target said before: one that cannot be made is no fault of ours.
fn unmade(reason: &str) -> Stop {
    Stop::inconclusive(format!("the step cannot be made of what the transmitter answered before: {reason}"))
}

/// The variable `events`: what can be triggered, of what is supported.
pub(crate) fn events(supported: Option<&[String]>, triggered: &[String]) -> Value {
    /// Events that most transmitters know.
    const USUAL: [&str; 2] = [
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
        "https://schemas.openid.net/secevent/caep/event-type/credential-change",
    ];
    let own = |event: &str| event.starts_with("https://schemas.openid.net/secevent/ssf/event-type/");
    let is_supported = |event: &str| supported.is_none_or(|known| known.iter().any(|one| one == event));
    let mut candidates: Vec<&str> = if triggered.is_empty() {
        let rest = supported.unwrap_or_default().iter().map(String::as_str);
        USUAL.into_iter().filter(|event| is_supported(event)).chain(rest.filter(|event| !own(event))).collect()
    } else {
        triggered.iter().map(String::as_str).collect()
    };
    let mut seen = std::collections::BTreeSet::new();
    candidates.retain(|event| seen.insert(*event));
    json!({
        "wanted": candidates.first().copied().unwrap_or(USUAL[0]),
        "other": candidates.get(1),
        "supported": supported,
        "unknown": UNKNOWN_EVENT,
    })
}
