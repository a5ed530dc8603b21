//! Mutants and variations of the transmitter: the deviations of suites as hooks and switches.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::events;
use super::hooks::{Hooks, PushFacts, SetFacts};
use crate::expr::Scope;
use crate::peer::tamper::{OutgoingPush, Tamper};
use crate::set::{Draft, Forgery};
use crate::suite::model::deviation::Retry;

/// Hooks that deviate as a [`Tamper`] says.
///
/// The deviations of suites name the fixture that they apply to. A SET that was made from none goes by the short name of
/// its event (`caep/session-revoked`) and by the format of its subject (`subject/email`).
#[derive(Debug, Clone)]
pub struct Tampered(Tamper);

impl Tampered {
    /// Deviates as `tamper` says.
    pub fn new(tamper: Tamper) -> Self {
        Self(tamper)
    }

    /// What of the deviations is no matter of a message: how the transmitter repeats itself.
    ///
    /// # Errors
    /// In words, if a deviation cannot be acted out by this transmitter.
    pub fn behaviour(&self) -> Result<Behaviour, String> {
        let mut behaviour = Behaviour::default();
        match self.0.retry() {
            None => {}
            Some(Retry::AfterRefusal) => behaviour.retries_refused = true,
            Some(Retry::WithoutDelay) => behaviour.retries_without_delay = true,
            Some(Retry::AfterSuccess) => return Err("this transmitter does not repeat an acknowledged SET".to_owned()),
        }
        if self.0.tls().is_some() {
            return Err("this transmitter does not deviate in TLS".to_owned());
        }
        Ok(behaviour)
    }
}

impl Hooks for Tampered {
    fn draft(&self, draft: &mut Draft, about: &SetFacts<'_>) -> Option<Forgery> {
        let claim = |name: &str| draft.claims.get(name).cloned().unwrap_or(Value::Null);
        let base = Scope::new()
            .with("issuer", claim("iss"))
            .with("audience", claim("aud"))
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()));
        // A deviation that applies under several names does the same each time.
        let forgeries: Vec<_> = names(draft, about).iter().map(|name| self.0.draft(draft, name, &base)).collect();
        forgeries.into_iter().flatten().next()
    }

    fn push(&self, push: &mut OutgoingPush, about: &PushFacts<'_>) {
        self.0.request(push, &events::short(about.event), &Scope::new());
    }
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
    fn repetition_is_a_switch_or_refused() {
        let behaviour = tampered(&["rfc8935/2/retransmits-at-once"]).behaviour().expect("can be acted out");
        assert!(behaviour.retries_without_delay);
        assert!(tampered(&["rfc8935/2/sends-after-success"]).behaviour().is_err());
    }
}
