//! The judges of both sides, and what they are shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::expr::Scope;
use crate::http::Exchange;
use crate::peer::message::{object_or_null, sent_value, set_value};
use crate::run::judge::{Judge, Observation, Origin};
use crate::run::settings::Timeouts;
use crate::run::transmitter::endpoints::Endpoints;
use crate::run::transmitter::messages::{Ground, json_of, poll_value, sets_of};
use crate::run::visiting::messages::{Asking, of_push, of_request};
use crate::set::{Jwks, Signature, Token, verify};
use crate::suite::Catalogue;
use crate::suite::model::case::{Auth, Fault, Method};
use crate::suite::model::section::{Kind, Party};

/// What requirements may need so that a single exchange shows whether they hold. What needs something else, such as https or a
/// receiver that may have one stream, is left to runs, which find out what there is.
const SHOWN_BY_ITSELF: &[&str] = &[
    "configuration_endpoint",
    "status_endpoint",
    "verification_endpoint",
    "add_subject_endpoint",
    "remove_subject_endpoint",
    "push",
    "poll",
    "authorization",
    "asymmetric",
];

/// Judges both sides of an exchange.
pub(crate) struct Bench {
    /// Judges who issues and transmits.
    transmitter: Judge,
    /// Judges who receives.
    receiver: Judge,
    timeouts: Timeouts,
}

/// Who talks to whom, as far as it is known.
pub(crate) struct Parties<'a> {
    pub issuer: &'a str,
    /// The metadata of the transmitter, or null.
    pub metadata: Value,
    pub keys: &'a Jwks,
    /// The configuration of the stream that it is about, or null.
    pub stream: Value,
}

/// What was seen of an exchange.
#[derive(Default)]
pub(crate) struct Seen {
    pub sets: Vec<SeenSet>,
    pub observations: Vec<Observation>,
}

/// A SET in an exchange.
pub(crate) struct SeenSet {
    pub token: Token,
    pub signature: Signature,
}

impl Bench {
    /// By the requirements of these profiles, whatever they say of a party.
    pub fn new(catalogue: &Arc<Catalogue>, profiles: &[&str]) -> Self {
        let known = profiles.iter().filter_map(|name| catalogue.profiles.get(*name));
        let specs: BTreeSet<String> = known.flat_map(|profile| profile.specs.iter().cloned()).collect();
        let mut of_specs = catalogue.of_specs(&specs.into_iter().collect::<Vec<_>>());
        of_specs.retain(|index| {
            let needs = &catalogue.requirements[*index].needs;
            needs.iter().all(|need| SHOWN_BY_ITSELF.contains(&need.as_str()))
        });
        Self {
            transmitter: Judge::new(catalogue.clone(), of_specs.clone(), &[Party::Issuer, Party::Transmitter]),
            receiver: Judge::new(catalogue.clone(), of_specs, &[Party::Receiver]),
            timeouts: Timeouts::default(),
        }
    }

    /// A request of a receiver to a transmitter, and the answer.
    pub fn request(&self, parties: &Parties<'_>, asking: &Asking<'_>, exchange: &Exchange) -> Seen {
        let ground = self.ground(&self.transmitter, parties);
        let features: Vec<&str> = Endpoints::of(&parties.metadata).features().collect();
        let mut seen = Seen::default();
        match asking.endpoint {
            "metadata" if asking.operation == "metadata" => {
                seen.observations = ground.metadata(exchange, &features);
            }
            "jwks" if asking.operation == "jwks" => seen.observations = ground.jwks(exchange),
            "poll" => seen = self.poll(&ground, parties, exchange),
            _ => {
                let base = ground.scope(exchange, &sent(exchange)).with("operation", json!(asking.operation));
                if asking.endpoint != "unknown" {
                    seen.observations = ground.management(&base, asking.operation, exchange);
                }
            }
        }
        let receiver = self.ground(&self.receiver, parties);
        seen.observations.extend(of_request(&receiver, asking, &features, || parties.stream.clone(), exchange));
        seen
    }

    fn poll(&self, ground: &Ground<'_>, parties: &Parties<'_>, exchange: &Exchange) -> Seen {
        let answer = exchange.response.as_ref().map_or(Value::Null, |response| json_of(&response.body));
        let accepted = exchange.status() == Some(200);
        let sets: Vec<(&str, &str)> = sets_of(&answer).filter(|_| accepted).collect();
        let jtis: Vec<&str> = sets.iter().map(|(jti, _)| *jti).collect();
        let mut seen = Seen::default();
        let mut claims = Map::new();
        for &(jti, text) in &sets {
            let token = Token::parse(text);
            claims.insert(jti.to_owned(), object_or_null(token.claims.as_ref()));
            self.token(parties, token, Some(Method::Poll), exchange, &mut seen);
        }
        let base: Scope = ground.scope(exchange, &sent(exchange)).with("stream", parties.stream.clone());
        let scope = base.with("poll", poll_value(&answer, &jtis, claims));
        seen.observations.extend(self.transmitter.message(Kind::Poll, &scope, Some(&exchange.id)));
        seen
    }

    /// A push, and the answer. `delivery` is what was asked for: `{endpoint_url, authorization}`, or null where it is not
    /// known. Where the SET is odd, or may be, nothing follows from what the receiver says of it.
    pub fn push(&self, parties: &Parties<'_>, delivery: Value, is_odd: bool, exchange: &Exchange) -> Seen {
        let via = (!parties.stream.is_null()).then_some(Method::Push);
        let mut seen = Seen::default();
        let token = Token::from_bytes(&exchange.request.body);
        self.token(parties, token, via, exchange, &mut seen);
        let Some(SeenSet { token, signature }) = seen.sets.first() else { return seen };
        let set = set_value(token, signature);
        let (_, of_transmitter) = self.ground(&self.transmitter, parties).push(exchange, &set, delivery);
        let languages = exchange.request.headers.get("accept-language");
        let sent = sent_value(is_odd.then_some(Fault::Oddity), None, Auth::Valid, languages);
        let of_receiver = of_push(&self.receiver, &self.timeouts, exchange, sent, set);
        seen.observations.extend(of_transmitter.into_iter().chain(of_receiver));
        seen
    }

    fn token(&self, parties: &Parties<'_>, token: Token, via: Option<Method>, exchange: &Exchange, seen: &mut Seen) {
        let signature = verify(&token, parties.keys);
        let origin = Origin { stream: parties.stream.clone(), metadata: parties.metadata.clone(), via };
        seen.observations.extend(self.transmitter.token(&token, &signature, &origin, Some(&exchange.id)));
        seen.sets.push(SeenSet { token, signature });
    }

    fn ground<'a>(&'a self, judge: &'a Judge, parties: &Parties<'a>) -> Ground<'a> {
        Ground { judge, timeouts: self.timeouts, metadata: parties.metadata.clone(), issuer: parties.issuer }
    }
}

/// The variable `sent` of a request that nobody planned: good where it was taken, and of unknown quality where it was not.
fn sent(exchange: &Exchange) -> Value {
    let accepted = exchange.status().is_some_and(|status| (200..300).contains(&status));
    let quality = if accepted { ("", "valid") } else { ("unknown", "unknown") };
    json!({ "fault": quality.0, "auth": quality.1, "json": json_of(&exchange.request.body) })
}
