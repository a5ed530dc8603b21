//! Requests to the transmitter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Notify;
use url::Url;

use super::streams::Stream;
use super::{Background, Visitor, unmade};
use crate::expr::Scope;
use crate::http::{Client, Exchange, FailureKind, RequestSpec};
use crate::run::evidence::evidence;
use crate::run::request::{self, set_exchange};
use crate::run::steps::{Acted, Stop};
use crate::run::transmitter::messages::{self, json_of, may_be_asked, sent};
use crate::run::transmitter::pace;
use crate::run::transmitter::world::{is_gone, with_stream};
use crate::suite::catalogue::{HttpPlan, Step};
use crate::suite::model::case::{Auth, Method};

/// The pause before a request is repeated; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The media type of requests to a transmitter.
const JSON: &str = "application/json";

/// The media type of requests to a SCIM service provider (RFC 7644 section 8.1).
const SCIM: &str = "application/scim+json";

impl Visitor {
    /// Does what a step with a request says; `polled` is the stream that it polls.
    pub(super) async fn request(
        &mut self,
        plan: &HttpPlan,
        step: &Step,
        polled: Option<Value>,
        scope: &mut Scope,
    ) -> Result<Acted, Stop> {
        let mut acted = Acted::default();
        let spec = self.spec(plan, scope, &mut acted).await?;
        self.expect_resources(&spec);
        let told = sent(plan.fault.as_deref(), plan.auth, &spec.body);
        let polled = polled.or_else(|| self.polled_at(&spec));
        if let Some(name) = &step.background {
            let client = self.world.patient.clone();
            let written = Arc::new(Notify::new());
            let told_when = written.clone();
            let task = tokio::spawn(async move { client.send_and_tell(spec, &told_when).await });
            // What follows in the case must not overtake it.
            written.notified().await;
            self.background.insert(name.clone(), Background { task, sent: told, auth: plan.auth, polled });
            return Ok(acted);
        }
        let limit = Self::bound(step.within.as_ref(), self.world.settings.timeouts.delivery, scope);
        let deadline = Instant::now() + limit;
        let mut pause = FIRST_PAUSE;
        loop {
            let exchange = self.exchange(spec.clone(), plan.auth, polled.is_some(), &mut acted).await?;
            self.take(exchange, told.clone(), plan.auth, polled.as_ref(), scope, &mut acted).await?;
            let done = step.until.as_ref().is_none_or(|until| scope.enter(|entered| until.holds(entered)));
            if done || Instant::now() + pause >= deadline {
                return Ok(acted);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Takes up a request that was started in the background.
    pub(super) async fn join(&mut self, name: &str, scope: &mut Scope) -> Result<Acted, Stop> {
        let mut acted = Acted::default();
        let Some(mut background) = self.background.remove(name) else {
            return Err(Stop::inconclusive(format!("the step `{name}` was left out")));
        };
        let exchange = (&mut background.task).await.map_err(|error| Stop::Internal(error.to_string()))?;
        let (told, polled) = (std::mem::take(&mut background.sent), background.polled.take());
        self.take(exchange, told, background.auth, polled.as_ref(), scope, &mut acted).await?;
        Ok(acted)
    }

    /// A request outside of any step; its answer is judged.
    pub async fn send(
        &mut self,
        method: &str,
        url: Url,
        json: Option<&Value>,
        auth: Auth,
        polled: Option<&Value>,
        acted: &mut Acted,
    ) -> Result<(Exchange, Vec<messages::Arrived>), Stop> {
        let is_scim = self.may_go_to(method, &url)?;
        let mut spec = RequestSpec::new(method, url);
        if let Some(json) = json {
            let media_type = if is_scim { SCIM } else { JSON };
            spec = spec.header("Content-Type", media_type).body(json.to_string());
        }
        if let Some(value) = self.authorization(auth, is_scim, acted).await? {
            spec = spec.header("Authorization", value);
        }
        let told = sent(None, auth, &spec.body);
        let exchange = self.exchange(spec, auth, polled.is_some(), acted).await?;
        let mut scratch = Scope::new();
        let arrived = self.take(exchange.clone(), told, auth, polled, &mut scratch, acted).await?;
        Ok((exchange, arrived))
    }

    /// Sends a request; one that is refused because its token has run out is sent once more with a new one.
    async fn exchange(
        &self,
        mut spec: RequestSpec,
        auth: Auth,
        is_poll: bool,
        acted: &mut Acted,
    ) -> Result<Exchange, Stop> {
        let client = if is_poll { &self.world.patient } else { &self.world.client };
        let mut exchange = self.paced(client, &spec, auth, acted).await?;
        let creates = self.world.endpoints().operation(&spec.method, &spec.url) == Some("create");
        if exchange.status() == Some(409) && creates && self.clear_away(acted).await? {
            acted.exchanges.push(exchange);
            exchange = self.paced(client, &spec, auth, acted).await?;
        }
        let place = spec.headers.iter().position(|(name, _)| name == "Authorization");
        let Some(place) = place.filter(|_| exchange.status() == Some(401)) else { return Ok(exchange) };
        let is_scim = self.world.is_for_scim(&spec.method, &spec.url);
        if !self.world.renew(auth, is_scim, &spec.headers[place].1).await {
            return Ok(exchange);
        }
        acted.exchanges.push(exchange);
        if let Some(value) = self.authorization(auth, is_scim, acted).await? {
            spec.headers[place].1 = value;
        }
        self.paced(client, &spec, auth, acted).await
    }

    /// Deletes once more what other cases could not delete, where the transmitter allows one stream: what stands in the way
    /// is ours then. Whether there was any.
    async fn clear_away(&self, acted: &mut Acted) -> Result<bool, Stop> {
        let world = &self.world;
        let one_stream = world.offer().is_some_and(|offer| offer.features.contains("one-stream"));
        let left: Vec<_> =
            world.registry.left().into_iter().filter(|made| !self.streams.contains_key(&made.stream_id)).collect();
        let Some(endpoint) = world.endpoints().configuration().cloned().filter(|_| one_stream && !left.is_empty())
        else {
            return Ok(false);
        };
        for made in left {
            let mut spec = RequestSpec::new("DELETE", with_stream(&endpoint, &made.stream_id));
            if let Some(value) = self.authorization(made.auth, false, acted).await? {
                spec = spec.header("Authorization", value);
            }
            let exchange = self.paced(&world.client, &spec, made.auth, acted).await?;
            let (status, gone) = (exchange.status(), is_gone(&exchange));
            acted.exchanges.push(exchange);
            if !gone {
                let status = status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
                return Err(Stop::Inconclusive {
                    reason: format!(
                        "the one stream that is allowed is there already: its deletion was answered with {status}"
                    ),
                    exchanges: std::mem::take(&mut acted.exchanges),
                    observations: std::mem::take(&mut acted.observations),
                });
            }
            world.registry.remove(&made);
        }
        Ok(true)
    }

    /// Sends a request at the rate that the transmitter allows. That a verification is refused for its rate is an answer
    /// (SSF section 8.1.4.2), and so is the lasting refusal of a subject (8.1.3.2, 8.1.3.3); elsewhere it only says that we
    /// are too fast.
    async fn paced(
        &self,
        client: &Client,
        spec: &RequestSpec,
        auth: Auth,
        acted: &mut Acted,
    ) -> Result<Exchange, Stop> {
        let operation = self.world.endpoints().operation(&spec.method, &spec.url);
        let pace = &self.world.pace;
        for attempt in 1..=pace::TRIES {
            pace.turn().await;
            let exchange = self.through(client, spec.clone(), auth).await;
            if operation == Some("verify") || !pace.note(&exchange) {
                return Ok(exchange);
            }
            let last = attempt == pace::TRIES || pace.is_exhausted();
            if last && matches!(operation, Some("add-subject" | "remove-subject")) {
                return Ok(exchange);
            }
            acted.exchanges.push(exchange);
            if last {
                break;
            }
        }
        Err(Stop::Inconclusive {
            reason: format!("the transmitter refuses {} {} for its rate (429)", spec.method, spec.url.path()),
            exchanges: std::mem::take(&mut acted.exchanges),
            observations: std::mem::take(&mut acted.observations),
        })
    }

    /// Sends a request. One that makes something goes on when its case is cut off: what is there has to be known to be deleted.
    async fn through(&self, client: &Client, spec: RequestSpec, auth: Auth) -> Exchange {
        let world = self.world.clone();
        let creates = world.endpoints().operation(&spec.method, &spec.url) == Some("create");
        let may_create = spec.method == "POST" && world.is_for_scim(&spec.method, &spec.url);
        if !creates && !may_create {
            return client.send(spec).await;
        }
        let client = client.clone();
        world.registry.begin();
        let task = tokio::spawn(async move {
            let exchange = client.send(spec).await;
            world.note_resources(&exchange);
            if creates
                && let Some(response) = exchange.response.as_ref().filter(|one| (200..300).contains(&one.status))
                && let Some(stream_id) = json_of(&response.body)["stream_id"].as_str()
            {
                world.made(stream_id, maker(auth));
            }
            world.registry.end();
            exchange
        });
        // Nobody aborts it, so that it can only have panicked.
        task.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    async fn spec(&self, plan: &HttpPlan, scope: &Scope, acted: &mut Acted) -> Result<RequestSpec, Stop> {
        let is_scim = self.may_go_to(plan.method, &request::url(plan, scope)?)?;
        let credential = self.authorization(plan.auth, is_scim, acted).await?;
        let (header, query) = match plan.auth {
            Auth::Query => (None, credential),
            _ => (credential, None),
        };
        let mut spec = request::spec(plan, scope, header).map_err(|stop| match stop {
            Stop::Internal(reason) => unmade(&reason),
            other => other,
        })?;
        for (name, value) in spec.headers.iter_mut().filter(|_| is_scim) {
            if name == "Content-Type" && value == JSON {
                SCIM.clone_into(value);
            }
        }
        if let Some(value) = query {
            spec.url.query_pairs_mut().append_pair("access_token", value.trim_start_matches("Bearer "));
        }
        Ok(spec)
    }

    /// Whether a URL is one of the SCIM service provider.
    ///
    /// # Errors
    /// If it is neither that nor one that the transmitter may name.
    fn may_go_to(&self, method: &str, url: &Url) -> Result<bool, Stop> {
        let world = &self.world;
        if world.is_for_scim(method, url) {
            return Ok(true);
        }
        let polled = |stream: &Stream| stream.configuration["delivery"]["endpoint_url"] == url.as_str();
        let is_transmitters = world.endpoints().operation(method, url).is_some()
            || world.found().is_some_and(|found| found.metadata_url == *url)
            || self.streams.values().any(polled);
        if world.scim.is_some() && !is_transmitters {
            return Err(Stop::inconclusive(format!(
                "{url} is on another server than the service provider: nothing was sent there"
            )));
        }
        may_be_asked(&world.settings.issuer, url).map_err(Stop::inconclusive)?;
        Ok(false)
    }

    async fn authorization(&self, auth: Auth, scim: bool, acted: &mut Acted) -> Result<Option<String>, Stop> {
        let (value, exchanges) = self.world.authorization(auth, scim).await;
        acted.observations.extend(exchanges.iter().flat_map(|exchange| messages::token(&self.world, exchange)));
        acted.exchanges.extend(exchanges);
        value.map_err(|why| Stop::Inconclusive {
            reason: format!("no access token: {why}"),
            exchanges: std::mem::take(&mut acted.exchanges),
            observations: std::mem::take(&mut acted.observations),
        })
    }

    /// The stream of ours whose poll endpoint a request goes to.
    fn polled_at(&self, spec: &RequestSpec) -> Option<Value> {
        if spec.method != "POST" {
            return None;
        }
        let is_it = |config: &Value| {
            config["delivery"]["method"] == Method::Poll.urn()
                && config["delivery"]["endpoint_url"].as_str().and_then(|url| Url::parse(url).ok()).as_ref()
                    == Some(&spec.url)
        };
        self.streams.values().map(|stream| &stream.configuration).find(|config| is_it(config)).cloned()
    }

    /// Judges an exchange, sets the variables, and keeps track of streams that come and go.
    async fn take(
        &mut self,
        exchange: Exchange,
        told: Value,
        auth: Auth,
        polled: Option<&Value>,
        scope: &mut Scope,
        acted: &mut Acted,
    ) -> Result<Vec<messages::Arrived>, Stop> {
        let world = self.world.clone();
        world.note(&exchange);
        if exchange.response.is_none() && !is_timeout(&exchange) && world.is_gone().await {
            acted.exchanges.push(exchange);
            return Err(gone(acted));
        }
        if polled.is_some() && exchange.response.as_ref().is_some_and(|response| response.truncated) {
            acted.exchanges.push(evidence(exchange));
            return Err(stopped("the answer to a poll is larger than what is read (1 MiB)", acted));
        }
        set_exchange(scope, &exchange);
        scope.set("sent", told.clone());
        let mut arrived = Vec::new();
        match polled {
            // A poll that we cut off ourselves says nothing of the transmitter.
            Some(_) if is_timeout(&exchange) => scope.set("poll", Value::Null),
            Some(stream) => {
                let (value, sets, seen) = messages::poll(&world, stream, &exchange, &told).await?;
                scope.set("poll", value);
                acted.observations.extend(seen);
                arrived = sets;
            }
            None => {
                let url = Url::parse(&exchange.request.url).ok();
                let operation = url.as_ref().and_then(|url| world.endpoints().operation(&exchange.request.method, url));
                if let Some(operation) = operation {
                    acted.observations.extend(messages::management(&world, operation, &exchange, &told)?);
                    self.follow(operation, &exchange, &told, auth, url.as_ref());
                }
                let metadata = world.found().is_some_and(|found| Some(&found.metadata_url) == url.as_ref());
                if metadata && !world.is_without_streams() && exchange.request.method == "GET" && told["fault"] == "" {
                    let features: Vec<&str> =
                        world.offer().iter().flat_map(|offer| offer.features.iter().copied()).collect();
                    acted.observations.extend(messages::metadata(&world, &exchange, &features));
                }
            }
        }
        self.keep_account(&exchange, acted).await?;
        acted.exchanges.push(evidence(exchange));
        for fetch in self.key_fetches().await {
            acted.observations.extend(messages::jwks(&world, &fetch));
            acted.exchanges.insert(0, fetch);
        }
        Ok(arrived)
    }

    /// The fetches of keys that went on beside.
    async fn key_fetches(&self) -> Vec<Exchange> {
        match self.world.found() {
            Some(found) => found.keys.take_exchanges().await,
            None => Vec::new(),
        }
    }

    /// Whatever was created is ours to delete, also where a case did not expect it to be created.
    fn follow(&mut self, operation: &str, exchange: &Exchange, told: &Value, auth: Auth, url: Option<&Url>) {
        let Some(response) = exchange.response.as_ref().filter(|response| (200..300).contains(&response.status)) else {
            return;
        };
        match operation {
            "create" => {
                let configuration = json_of(&response.body);
                self.adopt(configuration, maker(auth), told);
            }
            "update" | "replace" => {
                let configuration = json_of(&response.body);
                let stream_id = configuration["stream_id"].as_str().unwrap_or_default();
                if let Some(stream) = self.streams.get_mut(stream_id)
                    && configuration["delivery"].is_object()
                {
                    stream.configuration = configuration;
                    if told["json"]["delivery"].is_object() {
                        let asked = &told["json"]["delivery"]["authorization_header"];
                        stream.authorization = asked.as_str().map(str::to_owned);
                    }
                }
            }
            "delete" => {
                let named = url.and_then(|url| url.query_pairs().find(|(name, _)| name == "stream_id"));
                if let Some((_, stream_id)) = named
                    && let Some(stream) = self.streams.get_mut(stream_id.as_ref())
                {
                    stream.deleted = true;
                    self.world.registry.remove(&stream.made);
                }
            }
            _ => {}
        }
    }
}

/// A target that is gone is not to blame for what it does no more.
pub(super) fn gone(acted: &mut Acted) -> Stop {
    stopped("the target stopped answering", acted)
}

/// Nothing more can be concluded; what was seen is kept.
fn stopped(reason: &str, acted: &mut Acted) -> Stop {
    Stop::Inconclusive {
        reason: reason.to_owned(),
        exchanges: std::mem::take(&mut acted.exchanges),
        observations: std::mem::take(&mut acted.observations),
    }
}

/// Whoever lets callers in without a credential has made a stream for the one who has one.
fn maker(auth: Auth) -> Auth {
    if auth == Auth::OtherReceiver { auth } else { Auth::Valid }
}

fn is_timeout(exchange: &Exchange) -> bool {
    exchange.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::ResponseTimeout)
}

/// The members of a request that asks for SETs and waits for them.
pub(super) fn long_poll() -> Value {
    json!({ "returnImmediately": false })
}
