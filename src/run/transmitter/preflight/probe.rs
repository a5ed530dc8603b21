//! What the transmitter declares, tried out with streams of our own.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;

use super::Preflight;
use crate::http::Exchange;
use crate::run::steps::{Acted, Stop};
use crate::run::transmitter::messages::json_of;
use crate::run::transmitter::visitor::{Visitor, events};
use crate::run::transmitter::world::{Offer, World, with_stream};
use crate::suite::model::case::{Auth, Method};

/// What to do about a credential that is refused.
const CREDENTIAL: &str =
    "Give the token with --token, or --client-id and --client-secret; its scope has to allow stream management.";

/// What to do about pushes that do not come.
const LISTENER: &str = "Can the transmitter reach this address? --listen binds another one, --public-url says under which URL it is reached from there.";

/// Tries out each method that is offered and wanted.
pub(super) async fn run(
    world: &Arc<World>,
    offered: Vec<Method>,
    mut features: BTreeSet<&'static str>,
    flight: &mut Preflight,
) -> Offer {
    features.extend(offered.iter().map(|method| method.name()));
    features.insert(if offered.len() == 2 { "push-and-poll" } else { "one-method" });
    let triggered = &world.settings.events;
    let mut offer = Offer { features, methods: Vec::new(), events: events(None, triggered) };
    let Some(endpoint) = world.endpoints().configuration().cloned() else {
        flight.advise(
            true,
            "stream",
            "the metadata name no configuration_endpoint",
            "Streams are made otherwise there, so only the metadata are tested.",
        );
        flight.ready = true;
        return offer;
    };
    let wanted: Vec<Method> =
        offered.iter().copied().filter(|method| world.settings.delivery.contains(method)).collect();
    if wanted.is_empty() {
        flight.bad("delivery", "the transmitter offers none of the methods that are to be tested", "See --delivery.");
        return offer;
    }
    let mut configuration = None;
    for method in wanted {
        let mut probe =
            Probe { world, visitor: Visitor::new(world.clone(), method), method, endpoint: endpoint.clone() };
        let outcome = probe.run(&mut offer, flight, configuration.is_none()).await;
        let acted = probe.visitor.leave().await;
        flight.take(acted);
        match outcome {
            Ok(Some(created)) => {
                offer.methods.push(method);
                configuration.get_or_insert(created);
            }
            Ok(None) => {}
            Err(stop) => flight.stopped("stream", stop),
        }
        if flight.refused {
            return offer;
        }
    }
    let Some(configuration) = configuration else { return offer };
    let supported: Option<Vec<String>> = configuration["events_supported"]
        .as_array()
        .map(|events| events.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    offer.events = events(supported.as_deref(), triggered);
    if offer.events["other"].is_string() {
        offer.features.insert("several-events");
    }
    if can_opt_out(supported.as_deref(), triggered) {
        offer.features.insert("risc-opt-out");
    }
    if configuration["min_verification_interval"].as_f64().is_some_and(|seconds| seconds > 0.0) {
        offer.features.insert("min-verification-interval");
    }
    if configuration["inactivity_timeout"].is_number() {
        offer.features.insert("inactivity-timeout");
    }
    flight.ready = true;
    offer
}

/// Whether an account can be made to leave the exchange of RISC events and to come back (RISC section 2.8), and another
/// event about it can be asked for meanwhile.
fn can_opt_out(supported: Option<&[String]>, triggered: &[String]) -> bool {
    const NEEDED: [&str; 5] =
        ["opt-in", "opt-out-initiated", "opt-out-cancelled", "opt-out-effective", "account-enabled"];
    NEEDED.iter().all(|name| {
        let uri = format!("https://schemas.openid.net/secevent/risc/event-type/{name}");
        supported.is_none_or(|known| known.contains(&uri)) && (triggered.is_empty() || triggered.contains(&uri))
    })
}

/// The look at one method.
struct Probe<'a> {
    world: &'a World,
    visitor: Visitor,
    method: Method,
    endpoint: Url,
}

impl Probe<'_> {
    /// The configuration of a stream, if one could be made by this method.
    async fn run(&mut self, offer: &mut Offer, flight: &mut Preflight, first: bool) -> Result<Option<Value>, Stop> {
        let name = self.method.name();
        let mut exchange = self.create(flight).await?;
        if exchange.status() == Some(409) && self.world.settings.take_over {
            self.delete_existing(flight).await?;
            exchange = self.create(flight).await?;
        }
        let Some(response) = &exchange.response else {
            let why = exchange.failure.as_ref().map_or("no answer", |failure| &failure.message);
            flight.bad("stream", format!("{}: {why}", self.endpoint), "The log of the transmitter may say why.");
            return Ok(None);
        };
        let configuration = json_of(&response.body);
        match response.status {
            200..=299 if configuration["stream_id"].as_str().is_some_and(|id| !id.is_empty()) => {}
            401 | 403 => {
                flight.bad("credential", format!("a stream is refused with {}", response.status), CREDENTIAL);
                flight.refused = true;
                return Ok(None);
            }
            409 => {
                flight.bad(
                    "stream",
                    "the transmitter allows one stream, and there is one already",
                    "Delete it, or let --take-over delete it.",
                );
                return Ok(None);
            }
            status => {
                flight.incomplete = true;
                flight.bad(
                    "stream",
                    format!("a stream by {name} is not created: the answer is {status}"),
                    "The answer in the report may say why; --delivery tests the other method alone.",
                );
                return Ok(None);
            }
        }
        flight.ok("stream", format!("one by {name} was created"));
        if self.method == Method::Push && !self.reaches_us(&configuration, flight).await? {
            flight.incomplete = true;
            return Ok(None);
        }
        if first {
            let mut acted = Acted::default();
            let delivery = self.delivery();
            let request = json!({ "delivery": delivery });
            let asked = self.visitor.send("POST", self.endpoint.clone(), Some(&request), Auth::Valid, None, &mut acted);
            let again = asked.await?.0;
            flight.take(acted);
            // Who is answered with the first stream once more has one stream.
            let is_another = again
                .response
                .as_ref()
                .is_some_and(|response| json_of(&response.body)["stream_id"] != configuration["stream_id"]);
            let several = is_another && again.status().is_some_and(|status| (200..300).contains(&status));
            offer.features.insert(if several { "several-streams" } else { "one-stream" });
            flight.ok("streams", if several { "several at a time" } else { "one at a time" });
        }
        Ok(Some(configuration))
    }

    fn delivery(&mut self) -> Value {
        match self.method {
            Method::Push => self.visitor.push_delivery(),
            Method::Poll => json!({ "method": Method::Poll.urn() }),
        }
    }

    async fn create(&mut self, flight: &mut Preflight) -> Result<Exchange, Stop> {
        let request = json!({ "delivery": self.delivery() });
        let mut acted = Acted::default();
        let created =
            self.visitor.send("POST", self.endpoint.clone(), Some(&request), Auth::Valid, None, &mut acted).await;
        flight.take(acted);
        Ok(created?.0)
    }

    /// Deletes the streams of this receiver: the operator said so.
    async fn delete_existing(&mut self, flight: &mut Preflight) -> Result<(), Stop> {
        let mut acted = Acted::default();
        let (listed, _) = self.visitor.send("GET", self.endpoint.clone(), None, Auth::Valid, None, &mut acted).await?;
        let streams = listed.response.as_ref().map_or(Value::Null, |response| json_of(&response.body));
        for stream in streams.as_array().into_iter().flatten().take(100) {
            if let Some(stream_id) = stream["stream_id"].as_str() {
                let url = with_stream(&self.endpoint, stream_id);
                self.visitor.send("DELETE", url, None, Auth::Valid, None, &mut acted).await?;
            }
        }
        flight.take(acted);
        Ok(())
    }

    /// Whether a verification comes to our listener.
    async fn reaches_us(&mut self, configuration: &Value, flight: &mut Preflight) -> Result<bool, Stop> {
        let at = configuration["delivery"]["endpoint_url"].as_str().unwrap_or_default().to_owned();
        let Some(endpoint) = self.world.endpoints().verification().cloned() else {
            flight.advise(true, "push listener", format!("{at}; no verification can be asked for"), LISTENER);
            return Ok(true);
        };
        let mut acted = Acted::default();
        let request = json!({ "stream_id": configuration["stream_id"], "state": "preflight" });
        let (asked, _) = self.visitor.send("POST", endpoint, Some(&request), Auth::Valid, None, &mut acted).await?;
        let accepted = asked.status().is_some_and(|status| (200..300).contains(&status));
        let came = accepted && self.visitor.gets_anything(configuration, &mut acted).await?;
        flight.take(acted);
        if came {
            flight.ok("push listener", format!("a verification came to {at}"));
        } else if accepted {
            flight.bad("push listener", format!("no verification came to {at}"), LISTENER);
        } else {
            let status = asked.status().map_or_else(|| "nothing".to_owned(), |status| status.to_string());
            flight.advise(true, "push listener", format!("{at}; a verification was answered with {status}"), LISTENER);
            return Ok(true);
        }
        Ok(came)
    }
}
