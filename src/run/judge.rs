//! Rules applied to messages.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::feed::Feed;
use crate::expr::{Entered, Explanation, Expression, Outcome, Scope};
use crate::peer::message::{object_or_null, set_value};
use crate::set::{Signature, Token};
use crate::suite::Catalogue;
use crate::suite::catalogue::{Expectation, Rule};
use crate::suite::model::case::Method;
use crate::suite::model::section::{Kind, Party};

/// One look at one requirement.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The index of the requirement in the catalogue.
    pub requirement: usize,
    /// The rule or case that looked.
    pub source: String,
    /// Whether it held.
    pub result: Observed,
    /// The id of the exchange in which it was seen: `x12`; absent for tokens at rest.
    pub exchange: Option<String>,
}

/// What was seen.
#[derive(Debug, Clone)]
pub enum Observed {
    /// It holds as written.
    Held,
    /// It did not hold as written, but a leniency covers it.
    Accepted {
        /// Why it is accepted, in the words of the suite.
        because: String,
        /// What would have been ideal, and what was there.
        explanation: Explanation,
    },
    /// It does not hold, or could not be evaluated.
    Broken(Explanation),
}

/// How a token came; nothing is known of one at rest.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The configuration of the stream that it came by (SSF section 8.1.1), or null.
    pub stream: Value,
    /// The metadata of its transmitter (SSF section 7.1), or null.
    pub metadata: Value,
    /// By which method it was delivered.
    pub via: Option<Method>,
}

/// The deepest nesting in which subject identifiers are looked for.
const DEEPEST: usize = 16;

/// How many events of a SET, and how many subjects, are judged: each looks at the whole SET again.
const MOST_PARTS: usize = 100;

/// Applies the rules that bind some parties to the messages that these parties wrote.
pub struct Judge {
    catalogue: Arc<Catalogue>,
    rules: HashMap<Kind, Vec<usize>>,
    /// The requirements that are judged.
    active: BTreeSet<usize>,
    feed: Mutex<Feed>,
}

impl Judge {
    /// A judge of the given requirements (by index) as far as they bind one of `parties`.
    pub fn new(catalogue: Arc<Catalogue>, requirements: impl IntoIterator<Item = usize>, parties: &[Party]) -> Self {
        let active: BTreeSet<usize> =
            requirements.into_iter().filter(|index| parties.contains(&catalogue.requirements[*index].party)).collect();
        let mut rules: HashMap<Kind, Vec<usize>> = HashMap::new();
        for (index, rule) in catalogue.rules.iter().enumerate() {
            if rule.expect.iter().any(|expectation| active.contains(&expectation.requirement)) {
                rules.entry(rule.on).or_default().push(index);
            }
        }
        Self { catalogue, rules, active, feed: Mutex::default() }
    }

    /// The catalogue that the indices of observations refer to.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Whether any rule looks at messages of this kind.
    pub fn looks_at(&self, kind: Kind) -> bool {
        self.rules.contains_key(&kind)
    }

    /// Judges one message of another kind than a token; `scope` holds the variables that the rules on it see.
    pub fn message(&self, kind: Kind, scope: &Scope, exchange: Option<&str>) -> Vec<Observation> {
        self.apply(kind, scope, exchange)
    }

    /// Judges a token by the rules on `set`, `event` and `subject`.
    pub fn token(
        &self,
        token: &Token,
        signature: &Signature,
        origin: &Origin,
        exchange: Option<&str>,
    ) -> Vec<Observation> {
        let set = set_value(token, signature);
        let claims = object_or_null(token.claims.as_ref());
        let base = Scope::new()
            .with("set", set)
            .with("header", object_or_null(token.header.as_ref()))
            .with("claims", claims.clone())
            .with("stream", origin.stream.clone())
            .with("metadata", origin.metadata.clone())
            .with("via", json!(origin.via.map_or("", Method::name)))
            .with("feed", self.feed.lock().unwrap_or_else(PoisonError::into_inner).take(&claims, &origin.stream));
        let mut observations = self.apply(Kind::Set, &base, exchange);
        if self.rules.contains_key(&Kind::Event)
            && let Some(events) = claims.get("events").and_then(Value::as_object)
        {
            for (event_type, payload) in events.iter().take(MOST_PARTS) {
                let scope = base.clone().with("event", json!({ "type": event_type, "payload": payload }));
                observations.extend(self.apply(Kind::Event, &scope, exchange));
            }
        }
        if self.rules.contains_key(&Kind::Subject) {
            for (place, subject) in subjects(&claims).into_iter().take(MOST_PARTS) {
                let scope = base.clone().with("subject", subject.clone()).with("place", Value::from(place));
                observations.extend(self.apply(Kind::Subject, &scope, exchange));
            }
        }
        observations
    }

    /// Verifies the expectations of a step in a scope that has been entered.
    pub fn expectations(
        &self,
        expectations: &[Expectation],
        scope: &Entered<'_>,
        source: &str,
        exchange: Option<&str>,
    ) -> Vec<Observation> {
        expectations
            .iter()
            .filter(|expectation| self.active.contains(&expectation.requirement))
            .filter(|expectation| expectation.when.as_ref().is_none_or(|when| when.holds(scope)))
            .map(|expectation| Observation {
                requirement: expectation.requirement,
                source: source.to_owned(),
                result: look(expectation, scope),
                exchange: exchange.map(str::to_owned),
            })
            .collect()
    }

    fn apply(&self, kind: Kind, scope: &Scope, exchange: Option<&str>) -> Vec<Observation> {
        let Some(rules) = self.rules.get(&kind) else { return Vec::new() };
        scope.enter(|entered| {
            let mut observations = Vec::new();
            for index in rules {
                let rule: &Rule = &self.catalogue.rules[*index];
                if rule.when.as_ref().is_some_and(|when| reads_nothing(when, scope) || !when.holds(entered)) {
                    continue;
                }
                for expectation in &rule.expect {
                    // A document of the wrong shape is reported once, by the rule that looks at its shape.
                    if !reads_nothing(&expectation.that, scope) {
                        let one = std::slice::from_ref(expectation);
                        observations.extend(self.expectations(one, entered, &rule.id, exchange));
                    }
                }
            }
            observations
        })
    }
}

fn look(expectation: &Expectation, scope: &Entered<'_>) -> Observed {
    let explanation = match expectation.that.test(scope) {
        Outcome::True => return Observed::Held,
        Outcome::False(explanation) | Outcome::Failed(explanation) => explanation,
    };
    match &expectation.also {
        Some((also, because)) if also.holds(scope) => Observed::Accepted { because: because.clone(), explanation },
        _ => Observed::Broken(explanation),
    }
}

/// The variables that are null where a message lacks that part, or came by no stream.
const PARTS: [&str; 13] = [
    "claims", "header", "set", "metadata", "jwks", "stream", "poll", "delivery", "history", "session", "token",
    "server", "resource",
];

/// Whether the expression reads a part of the message that is not there at all.
fn reads_nothing(expression: &Expression, scope: &Scope) -> bool {
    expression.variables().iter().any(|name| PARTS.contains(&name.as_str()) && scope.get(name) == Some(&Value::Null))
}

/// Every subject identifier in a claims set, with its place; see `docs/suite-language.md`.
fn subjects(claims: &Value) -> Vec<(&'static str, &Value)> {
    let mut found = Vec::new();
    if let Some(sub_id) = claims.get("sub_id") {
        found.push(("sub_id", sub_id));
        inner_subjects(sub_id, 0, &mut found);
    }
    if let Some(events) = claims.get("events").and_then(Value::as_object) {
        for payload in events.values() {
            payload_subjects(payload, None, 0, &mut found);
        }
    }
    found
}

/// The identifiers inside an identifier: elements of `aliases`, members of `complex`.
fn inner_subjects<'a>(subject: &'a Value, depth: usize, found: &mut Vec<(&'static str, &'a Value)>) {
    if depth > DEEPEST {
        return;
    }
    let inner: Vec<(&'static str, &'a Value)> = match subject.get("format").and_then(Value::as_str) {
        Some("aliases") => subject
            .get("identifiers")
            .and_then(Value::as_array)
            .map(|items| items.iter().map(|item| ("aliases", item)).collect())
            .unwrap_or_default(),
        Some("complex") => subject
            .as_object()
            .map(|members| {
                members.values().filter(|member| member.is_object()).map(|member| ("complex", member)).collect()
            })
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    for (place, identifier) in inner {
        found.push((place, identifier));
        inner_subjects(identifier, depth + 1, found);
    }
}

/// An object in a payload is taken for an identifier only when it can hardly be anything else, since payloads are free
/// to have members called `format`.
fn payload_subjects<'a>(
    value: &'a Value,
    name: Option<&str>,
    depth: usize,
    found: &mut Vec<(&'static str, &'a Value)>,
) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str);
            let named_subject = name == Some("subject") && format.is_some();
            let defined = format.and_then(defining_member).is_some_and(|member| members.contains_key(member));
            if named_subject || defined {
                found.push(("payload", value));
                inner_subjects(value, 0, found);
                return;
            }
            for (name, member) in members {
                payload_subjects(member, Some(name), depth + 1, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| payload_subjects(item, None, depth + 1, found)),
        _ => {}
    }
}

/// The member that defines a registered identifier format (RFC 9493 section 3.2).
fn defining_member(format: &str) -> Option<&'static str> {
    match format {
        "account" | "uri" => Some("uri"),
        "email" => Some("email"),
        "iss_sub" => Some("iss"),
        "opaque" => Some("id"),
        "phone_number" => Some("phone_number"),
        "did" => Some("url"),
        "aliases" => Some("identifiers"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_found_where_they_can_be_nothing_else() {
        let claims = json!({
            "sub_id": {"format": "aliases", "identifiers": [{"format": "email", "email": "a@b.example"}]},
            "events": {"urn:x": {
                "subject": {"format": "own", "x": 1},
                "from": {"format": "email", "email": "c@d.example"},
                "schema": {"type": "string", "format": "email"},
                "file": {"format": "pdf"},
                "legacy": {"subject": {"subject_type": "iss-sub"}}
            }}
        });
        let places: Vec<&str> = subjects(&claims).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["sub_id", "aliases", "payload", "payload"]);
    }

    #[test]
    fn deep_nesting_ends() {
        let mut subject = json!({"format": "email"});
        for _ in 0..100 {
            subject = json!({"format": "aliases", "identifiers": [subject]});
        }
        assert!(subjects(&json!({ "sub_id": subject })).len() <= DEEPEST + 2);
    }
}
