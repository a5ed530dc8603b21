//! Steps against a receiver: pushes, other requests, handshakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::outcome;
use crate::expr::Scope;
use crate::http::{Client, Exchange, RequestSpec};
use crate::peer::message::{object_or_null, sent_value, set_value};
use crate::run::conscience;
use crate::run::judge::{Judge, Origin};
use crate::run::making::Making;
use crate::run::request::{self, merged, rendered_object, set_exchange};
use crate::run::steps::{Acted, Actor, Stop};
use crate::set::{self, Jwks, Token};
use crate::suite::catalogue::{Action, HttpPlan, PushPlan, Step};
use crate::suite::model::case::{Auth, Fault};
use crate::suite::model::section::Kind;

/// The media type of a SET (RFC 8417 section 7.3).
const SECEVENT: &str = "application/secevent+jwt";

/// A credential that no receiver has given out.
const INVALID_CREDENTIAL: &str = "Bearer setspec-invalid-credential";

/// After so many controls in a row without any answer, the target is taken for gone.
const LOST_AFTER: u32 = 3;

/// Header fields by name, in order.
type Fields = Vec<(String, String)>;

/// Where pushes go, and what they are made and judged with.
pub(crate) struct Pushing {
    pub making: Making,
    /// The push endpoint of the receiver.
    pub endpoint: Url,
    /// The whole value of the Authorization header that it expects.
    pub authorization: Option<SecretString>,
    pub client: Client,
    pub judge: Arc<Judge>,
    /// Judges what we send ourselves as the conformant party.
    pub conscience: Arc<Judge>,
    pub jwks: Jwks,
    /// How long an answer may take.
    pub response: Duration,
    /// Controls in a row that got no answer at all, and requests for which nobody was there.
    pub lost: Arc<AtomicU32>,
}

impl Pushing {
    /// Whether the receiver has stopped answering.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) >= LOST_AFTER
    }
}

pub(crate) struct Pusher {
    pushing: Arc<Pushing>,
}

impl Pusher {
    pub fn new(pushing: Arc<Pushing>) -> Self {
        Self { pushing }
    }

    /// Makes the request of a plan: its header fields and its body.
    fn build(&self, plan: &PushPlan, scope: &Scope) -> Result<(Fields, Vec<u8>), Stop> {
        let body = self.pushing.making.body(plan, scope)?;
        let overrides = rendered_object(&plan.headers, scope)?;
        let mut fields = vec![
            ("Content-Type".to_owned(), SECEVENT.to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        fields.extend(self.credential(plan.auth).map(|value| ("Authorization".to_owned(), value)));
        Ok((merged(fields, &overrides), body))
    }

    fn credential(&self, auth: Auth) -> Option<String> {
        match auth {
            Auth::Valid => self.pushing.authorization.as_ref().map(|secret| secret.expose_secret().to_owned()),
            Auth::None => None,
            _ => Some(INVALID_CREDENTIAL.to_owned()),
        }
    }

    pub async fn push(&self, plan: &PushPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let pushing = &self.pushing;
        let (fields, body) = self.build(plan, scope)?;
        let token = Token::from_bytes(&body);
        let signature = set::verify(&token, &pushing.jwks);
        let accept_language = find(&fields, "accept-language");
        let spec = RequestSpec { method: "POST".to_owned(), url: pushing.endpoint.clone(), headers: fields, body };
        let exchange = pushing.client.send(spec).await;
        set_exchange(scope, &exchange);
        scope.set(
            "sent",
            sent_value(plan.fault, plan.forge.map(|forgery| forgery.name()), plan.auth, accept_language.as_deref()),
        );
        scope.set("set", set_value(&token, &signature));
        scope.set("claims", object_or_null(token.claims.as_ref()));
        scope.set("outcome", outcome::of_push(&exchange).value());
        let observations = pushing.judge.message(Kind::Push, scope, Some(&exchange.id));
        if plan.fault.is_none() {
            let mut seen = pushing.conscience.message(Kind::Push, scope, None);
            seen.extend(pushing.conscience.token(&token, &signature, &Origin::default(), None));
            conscience::clear(&pushing.conscience, &seen)?;
        }
        let unanswered = exchange.response.is_none() && plan.fault.is_some_and(Fault::must_be_refused);
        Ok(Acted { exchanges: vec![exchange], observations, unanswered, ..Acted::default() })
    }

    /// The same for a case, which ends where nobody is there any more.
    async fn pushed(&self, plan: &PushPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let Pushing { client, endpoint, lost, .. } = &*self.pushing;
        let acted = self.push(plan, scope).await?.unless_gone(client, endpoint).await;
        if acted.is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
        acted
    }

    /// Pushes what has to be accepted, so that the refusal of something else proves something.
    async fn control(&self, plan: &PushPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let acted = self.pushed(plan, scope).await?;
        let exchange = acted.exchanges.last();
        let lost = &self.pushing.lost;
        let answer = match (exchange.and_then(Exchange::status), exchange.and_then(|it| it.failure.as_ref())) {
            (Some(status), _) => {
                lost.store(0, Ordering::Relaxed);
                if (200..300).contains(&status) {
                    return Ok(acted);
                }
                format!("it answers {status}")
            }
            (None, failure) => {
                lost.fetch_add(1, Ordering::Relaxed);
                failure.map_or_else(|| "no answer came".to_owned(), |failure| failure.message.clone())
            }
        };
        Err(Stop::Inconclusive {
            reason: format!("the good counterpart is not accepted, so a refusal proves nothing: {answer}"),
            exchanges: acted.exchanges,
            observations: acted.observations,
        })
    }

    async fn request(&self, plan: &HttpPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let spec = request::spec(plan, scope, self.credential(plan.auth))?;
        let exchange = self.pushing.client.send(spec).await;
        set_exchange(scope, &exchange);
        scope.set("sent", sent_value(None, None, plan.auth, None));
        scope.set("set", Value::Null);
        Ok(Acted { exchanges: vec![exchange], ..Acted::default() })
    }
}

impl Actor for Pusher {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        match &step.action {
            Action::Push(plan) | Action::Offer(plan) => self.pushed(plan, scope).await,
            Action::Control(plan) => self.control(plan, scope).await,
            Action::Http(plan) => self.request(plan, scope).await,
            Action::Hello(version) => {
                request::hello(*version, &self.pushing.endpoint, self.pushing.response, scope).await?;
                Ok(Acted::default())
            }
            Action::Serve(_) | Action::Ask { .. } | Action::Decide(_) | Action::Await { .. } | Action::Quiet { .. } => {
                Err(Stop::Internal("this step is for a receiver that visits".to_owned()))
            }
            Action::Login(_) | Action::Logout(_) | Action::End(_) | Action::Refresh(_) => {
                Err(Stop::Internal("this step is for OpenID Connect Back-Channel Logout".to_owned()))
            }
            Action::Poll(_) | Action::Answer(_) | Action::Trigger { .. } | Action::Join(_) => {
                Err(Stop::Internal("this step is for a run against a transmitter".to_owned()))
            }
        }
    }
}

fn find(fields: &[(String, String)], name: &str) -> Option<String> {
    fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}
