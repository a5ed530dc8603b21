//! What became of every SET that the receiver was given.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::peer::message::{object_or_null, set_value};
use crate::peer::ssf::RequestFacts;
use crate::run::receiver::outcome::Outcome;
use crate::set::{Signature, Token};
use crate::suite::model::case::Fault;

/// How many SETs are remembered; a run has a few hundred.
const MOST: usize = 10_000;

/// How many of them rules see, the latest ones.
const SHOWN: usize = 300;

/// A SET on its way to the receiver.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// The stream that it is for.
    pub stream_id: String,
    /// What is wrong with it on purpose; `""` for nothing.
    pub fault: &'static str,
    /// The variable `set`.
    pub set: Value,
    pub claims: Value,
    /// How often it was given.
    pub times: u32,
    /// When it was first given.
    pub given: Option<Instant>,
    /// What was said of it last.
    pub outcome: Option<Outcome>,
    /// Whether it has to be settled since it was last given.
    pub due: bool,
    /// Whether a step has seen its settlement.
    pub taken: bool,
}

impl Delivery {
    pub fn new(stream_id: &str, body: &[u8], fault: Option<Fault>) -> Self {
        let token = Token::from_bytes(body);
        Self {
            stream_id: stream_id.to_owned(),
            fault: fault.map_or("", Fault::name),
            set: set_value(&token, &Signature::NotChecked),
            claims: object_or_null(token.claims.as_ref()),
            times: 0,
            given: None,
            outcome: None,
            due: false,
            taken: false,
        }
    }
}

/// Every SET by the name under which polls return it, in the order in which they came up.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    /// When our transmitter made which SET by itself.
    made: BTreeMap<String, Instant>,
    entries: BTreeMap<String, Delivery>,
    order: Vec<String>,
}

impl Deliveries {
    /// Enters a SET, in place of an earlier one of the name; how often that was given still counts.
    pub fn enter(&mut self, name: &str, delivery: Delivery) {
        let times = self.entries.get(name).map_or(0, |earlier| earlier.times);
        self.order.retain(|known| known != name);
        if self.order.len() >= MOST {
            let oldest = self.order.remove(0);
            self.entries.remove(&oldest);
        }
        self.order.push(name.to_owned());
        self.entries.insert(name.to_owned(), Delivery { times, ..delivery });
    }

    /// Our transmitter makes a SET by itself.
    pub fn made(&mut self, jti: &str) {
        if self.made.len() >= MOST {
            self.made.clear();
        }
        self.made.insert(jti.to_owned(), Instant::now());
    }

    /// The oldest one that our transmitter made by itself since then, that was settled, and that fits.
    pub fn settled_since(&mut self, since: Instant, mut fits: impl FnMut(&Delivery) -> bool) -> Option<&mut Delivery> {
        let made = &self.made;
        let is_new = |delivery: &Delivery| {
            let jti = delivery.claims["jti"].as_str().unwrap_or_default();
            made.get(jti).is_some_and(|made| *made >= since)
        };
        let name = self.order.iter().find(|name| {
            let settled = self.entries.get(*name).filter(|delivery| !delivery.taken && delivery.outcome.is_some());
            settled.is_some_and(|delivery| is_new(delivery) && fits(delivery))
        })?;
        self.entries.get_mut(name)
    }

    pub fn get(&self, name: &str) -> Option<&Delivery> {
        self.entries.get(name)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Delivery> {
        self.entries.get_mut(name)
    }

    /// A poll returns these. What comes with an error is given, but nobody has to settle it.
    pub fn give(&mut self, stream_id: &str, sets: &Map<String, Value>, due: bool, oddity: impl Fn(&str) -> bool) {
        for (name, set) in sets.iter().take(MOST) {
            if !self.entries.contains_key(name) {
                let fault = oddity(name).then_some(Fault::Oddity);
                self.enter(name, Delivery::new(stream_id, set.as_str().unwrap_or_default().as_bytes(), fault));
            }
            if let Some(delivery) = self.entries.get_mut(name) {
                delivery.times += 1;
                delivery.given.get_or_insert_with(Instant::now);
                delivery.due |= due;
            }
        }
    }

    /// What a poll says of SETs that came before (RFC 8936 section 2.4).
    pub fn settle(&mut self, request: &RequestFacts) {
        let Some(Value::Object(body)) = &request.json else { return };
        let language = request.headers.get("content-language").and_then(|value| value.to_str().ok()).map(str::to_owned);
        for name in body.get("ack").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            self.say(name, Outcome { by: "ack", ..Outcome::default() });
        }
        for (name, error) in body.get("setErrs").and_then(Value::as_object).into_iter().flatten() {
            let member = |member: &str| error.get(member).cloned().unwrap_or(Value::Null);
            let outcome = Outcome {
                by: "error",
                err: member("err"),
                description: member("description"),
                language: language.clone(),
                ..Outcome::default()
            };
            self.say(name, outcome);
        }
    }

    fn say(&mut self, name: &str, outcome: Outcome) {
        if let Some(delivery) = self.entries.get_mut(name) {
            let elapsed = delivery.given.map(|given| given.elapsed().as_secs_f64());
            delivery.outcome = Some(Outcome { elapsed, ..outcome });
            delivery.due = false;
        }
    }

    /// The members `given` and `due` of the variable `history`, for one stream.
    pub fn history(&self, stream_id: &str) -> (Value, Value) {
        let shown = self.order.iter().rev().take(SHOWN).rev();
        let of_stream: Vec<(&String, &Delivery)> = shown
            .filter_map(|name| self.entries.get(name).map(|delivery| (name, delivery)))
            .filter(|(_, delivery)| delivery.stream_id == stream_id && delivery.times > 0)
            .collect();
        let given: Map<String, Value> = of_stream
            .iter()
            .map(|(name, delivery)| {
                let settled = delivery.outcome.as_ref().map_or("", |outcome| outcome.by);
                let fault = delivery.fault;
                ((*name).clone(), json!({ "fault": fault, "times": delivery.times, "settled": settled }))
            })
            .collect();
        let due: Vec<&String> = of_stream.iter().filter(|(_, delivery)| delivery.due).map(|(name, _)| *name).collect();
        (Value::Object(given), json!(due))
    }
}
