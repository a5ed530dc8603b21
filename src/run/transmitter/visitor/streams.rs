//! The streams of a case.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::{Visitor, unmade};
use crate::expr::{Scope, Template};
use crate::run::steps::{Acted, Stop};
use crate::run::transmitter::messages::{Arrived, json_of};
use crate::run::transmitter::registry::Made;
use crate::suite::catalogue::StreamPlan;
use crate::suite::model::case::{Auth, Method};

/// A stream as far as a case knows it.
pub(super) struct Stream {
    /// The configuration as last answered.
    pub configuration: Value,
    pub auth: Auth,
    pub made: Made,
    pub deleted: bool,
    /// The Authorization header that we asked its pushes to carry.
    pub authorization: Option<String>,
    /// SETs that came and that no step has taken.
    pub inbox: VecDeque<Arrived>,
    /// The claims of all SETs, in the order in which they first came.
    pub received: Vec<Value>,
    pub seen: BTreeSet<String>,
}

impl Stream {
    fn new(configuration: Value, auth: Auth, made: Made) -> Self {
        Self {
            configuration,
            auth,
            made,
            deleted: false,
            authorization: None,
            inbox: VecDeque::new(),
            received: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// How it delivers.
    pub fn method(&self) -> Method {
        if self.configuration["delivery"]["method"] == Method::Push.urn() { Method::Push } else { Method::Poll }
    }

    /// Keeps a SET until a step takes it.
    pub fn keep(&mut self, arrived: Arrived) {
        let first = self.seen.insert(arrived.jti.clone());
        if first {
            self.received.push(arrived.claims.clone());
        }
        // A SET that is polled again is the same one; one that is pushed again is another push.
        if first || arrived.push.is_some() {
            self.inbox.push_back(arrived);
        }
    }
}

impl Visitor {
    /// A new endpoint of ours, as the member `delivery` of a request.
    pub fn push_delivery(&mut self) -> Value {
        let endpoint = self.world.listener.open();
        let delivery = json!({
            "method": Method::Push.urn(),
            "endpoint_url": endpoint.url,
            "authorization_header": self.world.push_authorization,
        });
        self.endpoints.push(endpoint);
        delivery
    }

    /// Creates a stream that the case is given, and adds its subjects.
    pub(super) async fn create(&mut self, plan: &StreamPlan, scope: &mut Scope, acted: &mut Acted) -> Result<(), Stop> {
        let world = self.world.clone();
        if world.is_without_streams() {
            self.stand_in(&plan.name, scope);
            return Ok(());
        }
        let endpoint = world
            .endpoints()
            .configuration()
            .cloned()
            .ok_or_else(|| Stop::NotApplicable("the transmitter has no configuration endpoint".to_owned()))?;
        let render = |template: &Template, scope: &Scope| {
            scope.enter(|entered| template.render(entered)).map_err(|reason| unmade(&reason))
        };
        let events = match &plan.events {
            Some(events) => render(events, scope)?,
            None => json!([scope.get("events").map_or(&Value::Null, |events| &events["wanted"])]),
        };
        let delivery = match plan.delivery.unwrap_or(self.method) {
            Method::Push => self.push_delivery(),
            Method::Poll => json!({ "method": Method::Poll.urn() }),
        };
        let auth = plan.auth.unwrap_or(Auth::Valid);
        let request = json!({ "delivery": delivery, "events_requested": events });
        let (exchange, _) = self.send("POST", endpoint, Some(&request), auth, None, acted).await?;
        let failed = |what: String, acted: &mut Acted| Stop::Inconclusive {
            reason: format!("the stream of the case could not be created: {what}"),
            exchanges: std::mem::take(&mut acted.exchanges),
            observations: std::mem::take(&mut acted.observations),
        };
        let Some(response) = &exchange.response else {
            let why = exchange.failure.map_or_else(|| "no answer".to_owned(), |failure| failure.message);
            return Err(failed(why, acted));
        };
        let configuration = json_of(&response.body);
        if !(200..300).contains(&response.status) || configuration["stream_id"].as_str().is_none_or(str::is_empty) {
            return Err(failed(format!("the answer is {}", response.status), acted));
        }
        scope.set(plan.name.clone(), configuration.clone());
        if let Some(endpoint) = world.endpoints().add_subject().cloned() {
            for subject in &plan.subjects {
                let subject = render(subject, scope)?;
                let request = json!({ "stream_id": configuration["stream_id"], "subject": subject });
                self.send("POST", endpoint.clone(), Some(&request), auth, None, acted).await?;
            }
        }
        Ok(())
    }

    /// What comes to the one endpoint that the operator has told the transmitter of, as a stream of the case.
    fn stand_in(&mut self, name: &str, scope: &mut Scope) {
        let endpoint = self.world.listener.open_standing();
        let stream_id = uuid::Uuid::new_v4().to_string();
        let delivery = json!({ "method": Method::Push.urn(), "endpoint_url": endpoint.url });
        let configuration = json!({ "stream_id": stream_id, "delivery": delivery });
        self.endpoints.push(endpoint);
        scope.set(name.to_owned(), configuration.clone());
        let made = Made { stream_id: stream_id.clone(), auth: Auth::Valid };
        // There is nothing to delete at the end.
        let stream = Stream { deleted: true, ..Stream::new(configuration, Auth::Valid, made) };
        self.streams.insert(stream_id, stream);
    }

    /// Takes note of a stream that an answer says is there now.
    pub(super) fn adopt(&mut self, configuration: Value, auth: Auth, told: &Value) {
        let Some(stream_id) = configuration["stream_id"].as_str().map(str::to_owned) else { return };
        let made = self.world.made(&stream_id, auth);
        let mut configuration = configuration;
        // What the answer leaves out is as it was asked for.
        if !configuration["delivery"].is_object() {
            configuration["delivery"] = told["json"]["delivery"].clone();
        }
        let authorization = told["json"]["delivery"]["authorization_header"].as_str().map(str::to_owned);
        let stream = Stream { authorization, ..Stream::new(configuration, auth, made) };
        self.streams.entry(stream_id).or_insert(stream);
    }

    /// The identifier of the stream that a variable holds.
    pub(super) fn stream_of(&self, on: &str, scope: &Scope) -> Result<String, Stop> {
        let id = scope.get(on).and_then(|stream| stream["stream_id"].as_str());
        let known = id.filter(|id| self.streams.contains_key(*id));
        known.map(str::to_owned).ok_or_else(|| Stop::inconclusive(format!("there is no stream `{on}`")))
    }
}
