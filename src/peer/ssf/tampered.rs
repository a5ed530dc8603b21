//! Mutants and variations of the transmitter: the deviations of suites as hooks and switches.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::hooks::{Hooks, Operation, PushFacts, RequestFacts, SetFacts};
use super::options::SsfOptions;
use super::toggles::apply;
use super::{Answer, events};
use crate::expr::Scope;
use crate::peer::tamper::{OutgoingPush, Switch, Tamper};
use crate::set::{Draft, Forgery};
use crate::suite::model::deviation::Retry;

/// Hooks that deviate as a [`Tamper`] says.
///
/// The deviations of suites name the fixture that they apply to. A SET that was made from none goes by the short name of
/// its event (`caep/session-revoked`) and by the format of its subject (`subject/email`).
#[derive(Debug, Clone)]
pub struct Tampered {
    tamper: Switch,
    /// What the conditions and values of the deviations see beside the message.
    base: Scope,
}

impl Tampered {
    /// Deviates as `tamper` says.
    pub fn new(tamper: Tamper) -> Self {
        Self::switched(tamper.into())
    }

    /// The same where that changes while the transmitter runs.
    pub fn switched(tamper: Switch) -> Self {
        Self { tamper, base: Scope::new() }
    }

    /// The same where the deviations also see these variables.
    pub fn within(tamper: Tamper, base: Scope) -> Self {
        Self { tamper: tamper.into(), base }
    }

    /// Sets the transmitter up as the deviations say: their toggles, behaviours and TLS, and itself as its hooks.
    ///
    /// # Errors
    /// In words, if a deviation cannot be acted out by this transmitter.
    pub fn install(self, options: &mut SsfOptions) -> Result<(), String> {
        self.behaviour()?;
        let tamper = self.tamper.now();
        for toggle in tamper.toggles() {
            if !apply(options, toggle) {
                return Err(format!("there is no toggle `{toggle}`"));
            }
        }
        options.poll_tls = tamper.tls().cloned();
        options.hooks = Arc::new(self);
        Ok(())
    }

    /// What of the deviations is no matter of a message: what the transmitter does otherwise.
    ///
    /// # Errors
    /// In words, if a deviation cannot be acted out by this transmitter.
    pub fn behaviour(&self) -> Result<Behaviour, String> {
        self.beside(Behaviour::default())
    }

    /// The same beside what it does otherwise anyway.
    fn beside(&self, mut behaviour: Behaviour) -> Result<Behaviour, String> {
        let tamper = self.tamper.now();
        match tamper.retry() {
            None => {}
            Some(Retry::AfterRefusal) => behaviour.retries_refused = true,
            Some(Retry::WithoutDelay) => behaviour.retries_without_delay = true,
            Some(Retry::AfterSuccess) => behaviour.repeats_acknowledged_pushes = true,
        }
        for name in tamper.behaviours() {
            if !behaviour.set(name) {
                return Err(format!("there is no behaviour `{name}`"));
            }
        }
        if tamper.tls().is_some_and(|tls| tls.trusts_anything) {
            return Err("this transmitter trusts the certificates that it is told to, and no others".to_owned());
        }
        Ok(behaviour)
    }
}

impl Tampered {
    /// What the condition of a deviation sees of a request.
    fn of_request(&self, request: &RequestFacts) -> Scope {
        self.base
            .clone()
            .with("request", asked_value(request))
            .with("body", json!(String::from_utf8_lossy(&request.body)))
            .with("stream_id", json!(request.stream_id))
    }
}

impl Hooks for Tampered {
    fn behaviour(&self, usual: Behaviour) -> Behaviour {
        // Whoever switched it has seen to it that it can be acted out.
        self.beside(usual).unwrap_or(usual)
    }

    fn answer(&self, operation: Operation, request: &RequestFacts, answer: Answer) -> Answer {
        self.tamper.now().reply(operation.name(), answer, &self.of_request(request))
    }

    fn polls_apart(&self, request: &RequestFacts) -> bool {
        self.tamper.now().tls_applies(&self.of_request(request))
    }

    fn draft(&self, draft: &mut Draft, about: &SetFacts<'_>) -> Option<Forgery> {
        let claim = |name: &str| draft.claims.get(name).cloned().unwrap_or(Value::Null);
        let base = self
            .base
            .clone()
            .with("issuer", claim("iss"))
            .with("audience", claim("aud"))
            .with("event_type", json!(about.event))
            .with("stream_id", json!(about.stream_id))
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()));
        // A deviation that applies under several names does the same each time.
        let tamper = self.tamper.now();
        let forgeries: Vec<_> = names(draft, about).iter().map(|name| tamper.draft(draft, name, &base)).collect();
        forgeries.into_iter().flatten().next()
    }

    fn push(&self, push: &mut OutgoingPush, about: &PushFacts<'_>) {
        let base = self.base.clone().with("event_type", json!(about.event)).with("attempt", json!(about.attempt));
        self.tamper.now().request(push, &events::short(about.event), &base);
    }
}

/// A request as the conditions of deviations see it.
pub(crate) fn asked_value(request: &RequestFacts) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &request.headers {
        headers.insert(name.to_string(), json!([String::from_utf8_lossy(value.as_bytes())]));
    }
    let query: Map<String, Value> = request.query.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "method": request.method.as_str(),
        "path": request.path,
        "query": query,
        "headers": headers,
        "json": request.json,
    })
}

/// The names that a SET goes by.
fn names(draft: &Draft, about: &SetFacts<'_>) -> Vec<String> {
    let format = draft.claims.get("sub_id").and_then(|subject| subject.get("format")).and_then(Value::as_str);
    about
        .fixture
        .map(str::to_owned)
        .into_iter()
        .chain([events::short(about.event)])
        .chain(format.map(|format| format!("subject/{format}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Catalogue, Sources, load};

    fn tampered(names: &[&str]) -> Tampered {
        let catalogue = load(&Sources::embedded()).expect("the built-in suites load");
        let find = |name: &&str| Catalogue::find_deviation(&catalogue.mutants, name).expect("a mutant").clone();
        Tampered::new(Tamper::new(names.iter().map(find)))
    }

    fn draft() -> Draft {
        let claims =
            json!({ "iss": "https://issuer.example", "sub_id": { "format": "email", "email": "a@b.example" } });
        Draft::new(claims.as_object().cloned().unwrap_or_default())
    }

    const ABOUT: SetFacts<'_> = SetFacts {
        event: "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
        fixture: None,
        stream_id: "s",
        receiver: "r",
    };

    #[test]
    fn mutants_of_several_sections_add_up() {
        let mut draft = draft();
        let mutants = ["rfc8417/2.2/no-iss", "rfc9493/3.2.2/no-email", "rfc8417/2.4/broken-signature"];
        let forgery = tampered(&mutants).draft(&mut draft, &ABOUT);
        assert_eq!(forgery, Some(Forgery::BrokenSignature));
        assert_eq!(Value::Object(draft.claims), json!({ "sub_id": { "format": "email" } }));
    }

    #[test]
    fn a_mutant_of_another_subject_leaves_the_set_alone() {
        let mut changed = draft();
        assert_eq!(tampered(&["rfc9493/3.2.5/no-number"]).draft(&mut changed, &ABOUT), None);
        assert_eq!(changed, draft());
    }

    #[test]
    fn repetition_is_a_switch() {
        let behaviour = tampered(&["rfc8935/2/retransmits-at-once"]).behaviour().expect("can be acted out");
        assert!(behaviour.retries_without_delay);
        let behaviour = tampered(&["rfc8935/2/sends-after-success"]).behaviour().expect("can be acted out");
        assert!(behaviour.repeats_acknowledged_pushes);
    }
}
