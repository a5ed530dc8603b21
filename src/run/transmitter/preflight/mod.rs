//! The preflight: is the transmitter there, does it know us, does it deliver?
//!
//! Whatever fails here is a matter of set-up or leaves nothing to test. It makes the run inconclusive and says what
//! helps; what it shows of the requirements is judged like everything else.

mod authorization;
mod probe;
mod scim;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::endpoints::Endpoints;
use super::keys::Keys;
use super::messages;
use super::world::{Found, World};
use crate::expr::formats::well_known;
use crate::http::{Exchange, Failure, FailureKind, RequestSpec};
use crate::run::clock;
use crate::run::event::PreflightLine;
use crate::run::judge::Observation;
use crate::run::settings::is_loopback;
use crate::run::steps::{Acted, Stop};
use crate::suite::model::case::Method;

/// The largest metadata that are read: every rule looks at them again.
const MOST_METADATA: usize = 64 * 1024;

/// What the preflight found.
#[derive(Default)]
pub(crate) struct Preflight {
    pub lines: Vec<PreflightLine>,
    pub exchanges: Vec<Exchange>,
    pub observations: Vec<Observation>,
    /// Whether cases can be gone through.
    pub ready: bool,
    /// Whether something that the transmitter declares could not be used.
    pub incomplete: bool,
    /// Whether the transmitter does not take our credential.
    refused: bool,
    pub internal_error: Option<String>,
}

impl Preflight {
    fn ok(&mut self, name: &str, message: impl Into<String>) {
        self.lines.push(PreflightLine { name: name.to_owned(), ok: true, message: message.into(), advice: None });
    }

    fn advise(&mut self, ok: bool, name: &str, message: impl Into<String>, advice: impl Into<String>) {
        let advice = Some(advice.into());
        self.lines.push(PreflightLine { name: name.to_owned(), ok, message: message.into(), advice });
    }

    fn bad(&mut self, name: &str, message: impl Into<String>, advice: impl Into<String>) {
        self.advise(false, name, message, advice);
    }

    fn take(&mut self, acted: Acted) {
        self.exchanges.extend(acted.exchanges);
        self.observations.extend(acted.observations);
    }

    /// Sends a request; nothing, and a line that says why, if no answer comes.
    async fn ask(&mut self, world: &World, request: RequestSpec) -> Option<Exchange> {
        let exchange = world.client.send(request).await;
        world.note(&exchange);
        self.exchanges.push(exchange.clone());
        if let Some(failure) = exchange.failure.as_ref().filter(|_| exchange.response.is_none()) {
            let (name, advice) = unreachable(failure);
            self.bad(name, failure.message.clone(), advice);
            return None;
        }
        Some(exchange)
    }

    fn stopped(&mut self, name: &str, stop: Stop) {
        match stop {
            Stop::Inconclusive { reason, exchanges, observations } => {
                self.exchanges.extend(exchanges);
                self.observations.extend(observations);
                self.bad(name, reason, "The exchanges in the report show what was sent and answered.");
            }
            Stop::NotApplicable(reason) | Stop::NoOccasion(reason) => self.bad(name, reason, ""),
            Stop::Internal(reason) => {
                self.internal_error = Some(reason.clone());
                self.bad(name, reason, "This is a fault of the harness.");
            }
        }
    }
}

/// Looks at everything in turn; what was found is in `world.found` and `world.offer` afterwards.
pub(crate) async fn run(world: &Arc<World>) -> Preflight {
    let mut flight = Preflight::default();
    if world.is_without_streams() {
        scim::alone(world, &mut flight).await;
        return flight;
    }
    let Some((metadata, metadata_url)) = discover(world, &mut flight).await else { return flight };
    let fetch = flight.exchanges.first().cloned();
    let endpoints = Endpoints::of(&metadata);
    let keys = keys(world, &metadata, &mut flight).await;
    let mut features: BTreeSet<&'static str> = endpoints.features().collect();
    features.extend(world.settings.hook.features());
    features.extend(of_settings(world));
    features.extend(of_metadata(&metadata));
    let offered = offered(&metadata);
    // The preflight runs once.
    let _ = world.found.set(Found { metadata, metadata_url, endpoints, keys });
    let mut offer = probe::run(world, offered, features, &mut flight).await;
    if flight.ready {
        flight.ready = scim::run(world, &mut offer, &mut flight).await;
    }
    offer.features.extend(authorization::run(world, &mut flight).await);
    if let Some(fetch) = fetch {
        let features: Vec<&str> = offer.features.iter().copied().collect();
        flight.observations.extend(messages::metadata(world, &fetch, &features));
    }
    let _ = world.offer.set(offer);
    flight
}

/// Fetches the metadata; the lines on the connection come of it.
async fn discover(world: &World, flight: &mut Preflight) -> Option<(Value, Url)> {
    let settings = &world.settings;
    let url = match &settings.metadata_url {
        Some(url) => url.clone(),
        None => Url::parse(&well_known(&settings.issuer, "ssf-configuration").ok()?).ok()?,
    };
    let request = RequestSpec::new("GET", url.clone()).header("Accept", "application/json");
    let exchange = flight.ask(world, request).await?;
    flight.ok(
        "connection",
        match &exchange.tls {
            Some(tls) => format!("{url} answers, TLS {} {}", tls.version, tls.cipher_suite),
            None => format!("{url} answers"),
        },
    );
    flight.lines.extend(clock::line(&exchange, "the transmitter"));
    let response = exchange.response.as_ref()?;
    if response.truncated || response.body.len() > MOST_METADATA {
        flight.bad("metadata", "the document is larger than what is read (64 KiB)", "Is this the metadata document?");
        return None;
    }
    let document = messages::json_of(&response.body);
    if response.status != 200 {
        let advice = match response.status {
            401 | 403 => "The metadata are to be had without a credential; --metadata-url reads them from elsewhere.",
            300..=399 => "The server redirects; give the final issuer, or --metadata-url.",
            _ => {
                "Check the issuer: its path comes after /.well-known/ssf-configuration. --metadata-url reads them from elsewhere."
            }
        };
        flight.bad("metadata", format!("{url}: expected 200, got {}", response.status), advice);
        // The rules say what is wrong with this answer.
        flight.observations.extend(messages::metadata(world, &exchange, &[]));
        return None;
    }
    if !document.is_object() {
        flight.bad(
            "metadata",
            format!("{url}: expected a JSON object, got something else"),
            "Is this the right server?",
        );
        flight.observations.extend(messages::metadata(world, &exchange, &[]));
        return None;
    }
    let issuer = document["issuer"].as_str().unwrap_or_default();
    if issuer == settings.issuer {
        flight.ok("metadata", format!("issuer {issuer}"));
    } else {
        let slash = issuer.trim_end_matches('/') == settings.issuer.trim_end_matches('/');
        let hint = if slash { " They differ in the slash at the end." } else { "" };
        flight.advise(
            true,
            "metadata",
            format!("they name the issuer {issuer:?}, and you gave {:?}", settings.issuer),
            format!("A receiver must refuse metadata of another issuer (SSF section 7.2.4).{hint}"),
        );
    }
    Some((document, url))
}

fn unreachable(failure: &Failure) -> (&'static str, &'static str) {
    match failure.kind {
        FailureKind::NameResolution => ("name", "Check the host name of the issuer."),
        FailureKind::Connect => {
            ("connection", "Is the transmitter running, and does it listen on this address and port?")
        }
        FailureKind::ConnectTimeout => ("connection", "Is a firewall in between? --timeout gives it more time."),
        FailureKind::CertificateInvalid => (
            "certificate",
            "Trust its authority with --ca FILE; --insecure leaves the check out and says so in the report.",
        ),
        FailureKind::Tls => ("TLS", "Does this port speak TLS, version 1.2 or newer? `http://` reaches a plain one."),
        FailureKind::ResponseTimeout => {
            ("answer", "It took the connection and did not answer in time; --timeout gives it more.")
        }
        FailureKind::Malformed | FailureKind::TooLarge => {
            ("answer", "What came back is not HTTP/1.1; is this the right port?")
        }
        _ => ("answer", "The connection ended without a whole answer; the log of the transmitter may say why."),
    }
}

/// The keys, by the operator or by the metadata.
async fn keys(world: &World, metadata: &Value, flight: &mut Preflight) -> Keys {
    if let Some(keys) = &world.settings.jwks {
        flight.ok("keys", "those of --jwks");
        return Keys::fixed(keys.clone());
    }
    let Some(text) = metadata["jwks_uri"].as_str() else {
        let advice = "Signatures cannot be checked; --jwks FILE gives keys that were agreed on otherwise.";
        flight.advise(true, "keys", "the metadata name no jwks_uri", advice);
        return Keys::at(None);
    };
    let uri = match Url::parse(text) {
        Ok(uri) if matches!(uri.scheme(), "http" | "https") && uri.has_host() => uri,
        _ => {
            flight.incomplete = true;
            flight.bad(
                "keys",
                format!("jwks_uri is {text:?}: expected an http or https URL"),
                "Signatures cannot be checked.",
            );
            return Keys::at(None);
        }
    };
    if let Err(why) = allowed(&world.settings.issuer, &uri) {
        flight.incomplete = true;
        flight.bad("keys", why, "--jwks FILE gives the keys otherwise.");
        return Keys::at(None);
    }
    let keys = Keys::at(Some(uri.clone()));
    if let Some((exchange, outcome)) = keys.fetch(&world.client).await {
        flight.observations.extend(messages::jwks(world, &exchange));
        flight.exchanges.push(exchange);
        match outcome {
            Ok(()) if keys.are_usable().await => flight.ok("keys", format!("{uri}")),
            Ok(()) => {
                flight.incomplete = true;
                let advice = "Without them no signature can be checked; --jwks FILE gives them otherwise.";
                flight.bad("keys", format!("{uri}: none of the keys can be used"), advice);
            }
            Err(why) => {
                flight.incomplete = true;
                let advice = "Without them no signature can be checked; --jwks FILE gives them otherwise.";
                flight.bad("keys", format!("{uri}: {why}"), advice);
            }
        }
    }
    keys
}

/// A public issuer has no say over what we ask of private addresses.
fn allowed(issuer: &str, uri: &Url) -> Result<(), String> {
    messages::may_be_asked(issuer, uri)?;
    let issuer_is_public = Url::parse(issuer).is_ok_and(|issuer| !is_private(&issuer));
    if issuer_is_public && is_private(uri) {
        return Err(format!("{uri} is a private address, which was not asked, since the issuer is a public one"));
    }
    Ok(())
}

fn is_private(url: &Url) -> bool {
    let is_private_v4 = |address: std::net::Ipv4Addr| {
        let [first, second, ..] = address.octets();
        // Shared by the customers of a carrier (RFC 6598).
        let shared = first == 100 && second & 0xc0 == 64;
        address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified() || shared
    };
    match url.host() {
        Some(url::Host::Ipv4(address)) => is_private_v4(address),
        Some(url::Host::Ipv6(address)) => {
            let first = address.segments()[0];
            let local = first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80;
            let mapped = address.to_ipv4_mapped().is_some_and(is_private_v4);
            address.is_loopback() || address.is_unspecified() || local || mapped
        }
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// The delivery methods that the metadata declare; both where they say nothing.
fn offered(metadata: &Value) -> Vec<Method> {
    let all = [Method::Push, Method::Poll];
    match metadata["delivery_methods_supported"].as_array() {
        Some(declared) if !declared.is_empty() => {
            all.into_iter().filter(|method| declared.iter().any(|one| one == method.urn())).collect()
        }
        _ => all.to_vec(),
    }
}

fn of_settings(world: &World) -> Vec<&'static str> {
    let settings = &world.settings;
    let issuer = Url::parse(&settings.issuer).ok();
    let is_https = issuer.as_ref().is_some_and(|url| url.scheme() == "https");
    let loopback = issuer.as_ref().is_some_and(is_loopback);
    let path = issuer.as_ref().is_some_and(|url| !url.path().trim_end_matches('/').is_empty());
    [
        ("tls", is_https),
        ("deployed", is_https || settings.deployed || !loopback),
        ("issuer-path", path),
        ("authorization", world.first.is_some()),
        ("other-receiver", world.second.is_some()),
        ("long-poll", settings.long_poll.is_some()),
        ("asymmetric", true),
    ]
    .into_iter()
    .filter(|(_, has)| *has)
    .map(|(name, _)| name)
    .chain(settings.interop.features().iter().copied())
    .collect()
}

fn of_metadata(metadata: &Value) -> Vec<&'static str> {
    match metadata["default_subjects"].as_str() {
        Some("ALL") => vec!["default-subjects-all"],
        Some("NONE") => vec!["default-subjects-none"],
        _ => Vec::new(),
    }
}
