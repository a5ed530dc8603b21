//! The SCIM service provider (RFC 7644): is it there, does it know us, what does it say of events?

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::{MOST_METADATA, Preflight, of_settings};
use crate::http::{Exchange, RequestSpec};
use crate::run::clock;
use crate::run::transmitter::endpoints::Endpoints;
use crate::run::transmitter::keys::Keys;
use crate::run::transmitter::messages::json_of;
use crate::run::transmitter::scim::Scim;
use crate::run::transmitter::visitor::events;
use crate::run::transmitter::world::{Found, Offer, World};
use crate::suite::model::case::{Auth, Method};

/// What to do about a credential that is refused.
const CREDENTIAL: &str = "Give the token with --scim-token, or --token where it is the same for both.";

/// Where the configuration is (RFC 7644 section 4).
const CONFIGURATION: &str = "/ServiceProviderConfig";

/// A search that finds nobody.
const NOBODY: &str = "/Users?filter=userName%20eq%20%22setspec-nobody%22";

/// Looks at the service provider, if there is one; whether cases can be gone through.
pub(super) async fn run(world: &World, offer: &mut Offer, flight: &mut Preflight) -> bool {
    let Some(scim) = &world.scim else { return true };
    let ready = look(world, scim, flight).await;
    if ready {
        let supported: Option<Vec<String>> = offer.events["supported"]
            .as_array()
            .map(|events| events.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        offer.features.extend(scim.features(supported.as_deref()));
        if !offer.features.contains("default-subjects-none") {
            offer.features.insert("scim-new-resources");
        }
    }
    ready
}

/// The same where there are no streams: SETs are pushed to our standing endpoint.
pub(super) async fn alone(world: &Arc<World>, flight: &mut Preflight) {
    let Some(configuration) = world.scim.as_ref().and_then(|scim| scim.url(CONFIGURATION)) else { return };
    let keys = world.settings.jwks.clone().map_or_else(|| Keys::at(None), Keys::fixed);
    let found = Found { metadata: Value::Null, metadata_url: configuration, endpoints: Endpoints::default(), keys };
    // The preflight runs once.
    let _ = world.found.set(found);
    let mut features: std::collections::BTreeSet<&'static str> = of_settings(world).into_iter().collect();
    features.extend(["push", "one-method", "several-streams"]);
    let mut offer = Offer { features, methods: vec![Method::Push], events: events(None, &[]) };
    flight.ready = run(world, &mut offer, flight).await;
    if flight.ready {
        let advice = "Nothing says so beforehand: the cases show whether SETs come.";
        flight.advise(true, "events", format!("SETs are expected at {}", world.listener.standing_url()), advice);
        if world.settings.jwks.is_none() {
            flight.advise(true, "keys", "none are known", "Signatures cannot be checked; --jwks FILE gives the keys.");
        }
    }
    let _ = world.offer.set(offer);
}

async fn look(world: &World, scim: &Scim, flight: &mut Preflight) -> bool {
    let Some(url) = scim.url(CONFIGURATION) else { return false };
    let Some(exchange) = get(world, url.clone(), flight).await else { return false };
    if scim.pushes {
        flight.lines.extend(clock::line(&exchange, "the service provider"));
    }
    let Some(response) = &exchange.response else { return false };
    if response.truncated || response.body.len() > MOST_METADATA {
        flight.bad(
            "scim",
            format!("{url}: the document is larger than what is read (64 KiB)"),
            "Is this the configuration?",
        );
        return false;
    }
    let document = json_of(&response.body);
    match response.status {
        200 if document.is_object() => {}
        401 | 403 => {
            flight.bad("credential", format!("{url}: the answer is {}", response.status), CREDENTIAL);
            return false;
        }
        status => {
            let advice = "--scim takes the base URL, to which /ServiceProviderConfig and /Users are appended.";
            let got = if status == 200 { "no JSON object".to_owned() } else { status.to_string() };
            flight.bad("scim", format!("{url}: expected 200 and a JSON object, got {got}"), advice);
            return false;
        }
    }
    flight.ok("scim", said(&url, &document));
    scim.learn(document);
    let Some(users) = scim.url(NOBODY) else { return false };
    let Some(search) = get(world, users, flight).await else { return false };
    match search.status() {
        Some(200) => flight.ok("users", "they can be searched for"),
        Some(status @ (401 | 403)) => {
            flight.bad("credential", format!("a search for users is refused with {status}"), CREDENTIAL);
            return false;
        }
        other => {
            let got = other.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
            let advice = "What cases make and lose sight of may then be left behind; its name begins with setspec-.";
            flight.advise(true, "users", format!("a search for users is answered with {got}"), advice);
        }
    }
    true
}

/// What the configuration says of events, in words.
fn said(url: &Url, document: &Value) -> String {
    match &document["securityEvents"] {
        Value::Null => format!("{url} says nothing of events"),
        announced => {
            let mode = announced["asyncRequest"].as_str().unwrap_or("nothing");
            let count = announced["eventUris"].as_array().map_or(0, Vec::len);
            format!("{url}: asyncRequest {mode}, {count} event types")
        }
    }
}

async fn get(world: &World, url: Url, flight: &mut Preflight) -> Option<Exchange> {
    let mut spec = RequestSpec::new("GET", url).header("Accept", "application/scim+json, application/json");
    let (credential, exchanges) = world.authorization(Auth::Valid, true).await;
    flight.exchanges.extend(exchanges);
    match credential {
        Ok(Some(value)) => spec = spec.header("Authorization", value),
        Ok(None) => {}
        Err(why) => {
            flight.bad("credential", format!("no access token: {why}"), CREDENTIAL);
            return None;
        }
    }
    flight.ask(world, spec).await
}
