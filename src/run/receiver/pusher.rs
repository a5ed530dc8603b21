//! Steps against a receiver: pushes, other requests, handshakes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use secrecy::ExposeSecret;
use serde_json::Value;

use super::World;
use crate::expr::Scope;
use crate::http::{Exchange, RequestSpec};
use crate::peer::message::{sent_value, set_value};
use crate::run::judge::{Observation, Observed, Origin};
use crate::run::request::{self, merged, rendered_object, set_exchange};
use crate::run::steps::{Acted, Actor, Stop};
use crate::set::{self, Draft, ForgeKeys, KeyError, Token};
use crate::suite::catalogue::{Action, HttpPlan, PushBase, PushPlan, Step};
use crate::suite::model::case::{Auth, Fault};
use crate::suite::model::section::{Kind, Level};

/// The media type of a SET (RFC 8417 section 7.3).
const SECEVENT: &str = "application/secevent+jwt";

/// A credential that no receiver has given out.
const INVALID_CREDENTIAL: &str = "Bearer setspec-invalid-credential";

/// Header fields by name, in order.
type Fields = Vec<(String, String)>;

pub(crate) struct Pusher {
    world: Arc<World>,
}

impl Pusher {
    pub fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Makes the request of a plan: its header fields and its body.
    fn build(&self, plan: &PushPlan, scope: &Scope) -> Result<(Fields, Vec<u8>), Stop> {
        let body = self.body(plan, scope)?;
        let overrides = rendered_object(&plan.headers, scope)?;
        let mut fields = vec![
            ("Content-Type".to_owned(), SECEVENT.to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        fields.extend(self.credential(plan.auth).map(|value| ("Authorization".to_owned(), value)));
        Ok((merged(fields, &overrides), body))
    }

    fn body(&self, plan: &PushPlan, scope: &Scope) -> Result<Vec<u8>, Stop> {
        let settings = &self.world.settings;
        let mut draft = match &plan.base {
            PushBase::Raw(text) => {
                return scope
                    .enter(|entered| text.render_text(entered))
                    .map(String::into_bytes)
                    .map_err(Stop::Internal);
            }
            PushBase::Set(name) => {
                scope.enter(|entered| settings.catalogue.fixtures.draft(name, entered)).map_err(Stop::Internal)?
            }
            PushBase::Payload(text) => Draft {
                payload_text: Some(scope.enter(|entered| text.render_text(entered)).map_err(Stop::Internal)?),
                ..Draft::default()
            },
        };
        if let Some(claims) = &plan.claims {
            draft.merge_claims(&rendered_object(claims, scope)?);
        }
        if let Some(header) = &plan.header {
            draft.merge_header(&rendered_object(header, scope)?);
        }
        match plan.forge {
            None => set::sign(&draft, &settings.key).map(String::into_bytes),
            Some(forgery) => set::forge(&draft, forgery, &ForgeKeys::new(&settings.key, &settings.other_key)),
        }
        .map_err(|error| match error {
            KeyError::Unsupported { .. } => Stop::NotApplicable(error.to_string()),
            error => Stop::Internal(error.to_string()),
        })
    }

    fn credential(&self, auth: Auth) -> Option<String> {
        match auth {
            Auth::Valid => self.world.settings.authorization.as_ref().map(|secret| secret.expose_secret().to_owned()),
            Auth::None => None,
            Auth::Invalid | Auth::OtherReceiver => Some(INVALID_CREDENTIAL.to_owned()),
        }
    }

    pub async fn push(&self, plan: &PushPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let (fields, body) = self.build(plan, scope)?;
        let token = Token::from_bytes(&body);
        let signature = set::verify(&token, &self.world.jwks);
        let accept_language = find(&fields, "accept-language");
        let spec =
            RequestSpec { method: "POST".to_owned(), url: self.world.settings.url.clone(), headers: fields, body };
        let exchange = self.world.client.send(spec).await;
        set_exchange(scope, &exchange);
        scope.set(
            "sent",
            sent_value(plan.fault, plan.forge.map(|forgery| forgery.name()), plan.auth, accept_language.as_deref()),
        );
        scope.set("set", set_value(&token, &signature));
        let observations = self.world.judge.message(Kind::Push, scope, Some(&exchange.id));
        if plan.fault.is_none() {
            self.examine_ourselves(&token, &signature, scope)?;
        }
        let unanswered = exchange.response.is_none() && plan.fault.is_some_and(Fault::must_be_refused);
        Ok(Acted { exchanges: vec![exchange], observations, unanswered })
    }

    /// What we send as the conformant party has to pass our own rules.
    fn examine_ourselves(&self, token: &Token, signature: &set::Signature, scope: &Scope) -> Result<(), Stop> {
        let mut seen = self.world.conscience.message(Kind::Push, scope, None);
        seen.extend(self.world.conscience.token(token, signature, &Origin::default(), None));
        let requirements = &self.world.settings.catalogue.requirements;
        for Observation { requirement, result, .. } in &seen {
            let requirement = &requirements[*requirement];
            if let Observed::Broken(why) = result
                && requirement.level != Level::May
            {
                let id = &requirement.id;
                let (expected, actual) = (&why.expected, &why.actual);
                return Err(Stop::Internal(format!(
                    "the harness itself breaks {id}: expected {expected}, got {actual}"
                )));
            }
        }
        Ok(())
    }

    async fn request(&self, plan: &HttpPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let spec = request::spec(plan, scope, self.credential(plan.auth))?;
        let exchange = self.world.client.send(spec).await;
        set_exchange(scope, &exchange);
        scope.set("sent", sent_value(None, None, plan.auth, None));
        scope.set("set", Value::Null);
        Ok(Acted { exchanges: vec![exchange], ..Acted::default() })
    }
}

impl Actor for Pusher {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        match &step.action {
            Action::Push(plan) => self.push(plan, scope).await,
            Action::Control(plan) => {
                let acted = self.push(plan, scope).await?;
                let exchange = acted.exchanges.last();
                let status = exchange.and_then(Exchange::status);
                if status.is_some_and(|status| (200..300).contains(&status)) {
                    self.world.lost.store(0, Ordering::Relaxed);
                    return Ok(acted);
                }
                let answer = match (status, exchange.and_then(|exchange| exchange.failure.as_ref())) {
                    (Some(status), _) => {
                        self.world.lost.store(0, Ordering::Relaxed);
                        format!("it answers {status}")
                    }
                    (None, failure) => {
                        self.world.lost.fetch_add(1, Ordering::Relaxed);
                        failure.map_or_else(|| "no answer came".to_owned(), |failure| failure.message.clone())
                    }
                };
                Err(Stop::Inconclusive {
                    reason: format!("the good counterpart is not accepted, so a refusal proves nothing: {answer}"),
                    exchanges: acted.exchanges,
                    observations: acted.observations,
                })
            }
            Action::Http(plan) => self.request(plan, scope).await,
            Action::Hello(version) => {
                let settings = &self.world.settings;
                request::hello(*version, &settings.url, settings.timeouts.response, scope).await?;
                Ok(Acted::default())
            }
            Action::Offer(_)
            | Action::Serve(_)
            | Action::Ask { .. }
            | Action::Decide(_)
            | Action::Poll(_)
            | Action::Answer(_)
            | Action::Trigger(_)
            | Action::Await { .. }
            | Action::Join(_)
            | Action::Quiet { .. } => Err(Stop::Internal("this step is for a run against a transmitter".to_owned())),
        }
    }
}

fn find(fields: &[(String, String)], name: &str) -> Option<String> {
    fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}
