//! SETs that are given to the receiver, and what it says of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::deliveries::Delivery;
use super::host::Host;
use crate::expr::{Scope, Template, Vocabulary};
use crate::peer::message::sent_value;
use crate::run::conscience;
use crate::run::judge::Origin;
use crate::run::making::Made;
use crate::run::receiver::outcome::Outcome;
use crate::run::receiver::{GOOD_SET, Pusher};
use crate::run::steps::{Acted, Stop};
use crate::set::{self, Token};
use crate::suite::catalogue::{PushBase, PushPlan};
use crate::suite::model::case::{Auth, Method};

/// A SET that is under way.
pub(super) enum Offered {
    /// It waits to be polled for.
    Polled(Box<Polled>),
    /// It is being pushed; the scope has what came of it.
    Pushed(tokio::task::JoinHandle<(Result<Acted, Stop>, Scope)>),
}

/// A SET that waits to be polled for.
pub(super) struct Polled {
    stream_id: String,
    /// The name under which polls return it.
    name: String,
    /// The good SET behind it. Once the receiver has taken that, it has had its say on the other one.
    fence: Option<String>,
    deadline: Instant,
    plan: PushPlan,
    set: Value,
    claims: Value,
}

/// Nothing was said of a SET, and nothing will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// The receiver has settled what came after it.
    Passed,
    /// It did not get that far.
    Unknown,
}

impl Host {
    /// Gives a SET to the receiver by whichever method its stream has.
    pub(super) async fn offer(&mut self, plan: &PushPlan, bound: Duration, scope: &Scope) -> Result<Offered, Stop> {
        let stream = self.stream()?;
        if stream.method == Method::Push {
            let Some(pushing) = self.world.pushing(&stream) else {
                return Err(Stop::inconclusive("the push endpoint of the stream is no URL"));
            };
            let (pusher, plan, mut scope) = (Pusher::new(pushing), plan.clone(), scope.clone());
            return Ok(Offered::Pushed(tokio::spawn(async move {
                let acted = pusher.push(&plan, &mut scope).await;
                (acted, scope)
            })));
        }
        let Made { body, jti } = self.world.making.made(plan, scope, |_| {})?;
        let token = Token::from_bytes(&body);
        let signature = set::verify(&token, &self.world.jwks);
        if plan.fault.is_none() {
            let seen = self.world.conscience.token(&token, &signature, &Origin::default(), None);
            conscience::clear(&self.world.conscience, &seen)?;
        }
        let delivery = Delivery::new(&stream.id, &body, plan.fault);
        let (set, claims) = (delivery.set.clone(), delivery.claims.clone());
        // A payload is text of which a draft knows nothing.
        let jti = jti.or_else(|| claims["jti"].as_str().map(str::to_owned));
        let name = jti.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
        self.queue(&stream.id, &name, body, delivery)?;
        let fence = match plan.fault {
            Some(_) => Some(self.fence(&stream.id, scope)?),
            None => None,
        };
        let deadline = Instant::now() + bound;
        let polled = Polled { stream_id: stream.id, name, fence, deadline, plan: plan.clone(), set, claims };
        Ok(Offered::Polled(Box::new(polled)))
    }

    /// Queues a good SET.
    fn fence(&mut self, stream_id: &str, scope: &Scope) -> Result<String, Stop> {
        let body = self.world.making.body(&good_set(), scope)?;
        let delivery = Delivery::new(stream_id, &body, None);
        let name = delivery.claims["jti"].as_str().unwrap_or_default().to_owned();
        self.queue(stream_id, &name, body, delivery)?;
        Ok(name)
    }

    fn queue(&self, stream_id: &str, name: &str, body: Vec<u8>, delivery: Delivery) -> Result<(), Stop> {
        self.world.visits.lock().deliveries.enter(name, delivery);
        self.world
            .transmitter
            .offer(stream_id, name, body)
            .map_err(|error| Stop::inconclusive(format!("the SET cannot be queued: {error}")))
    }

    /// Takes a SET back.
    pub(super) fn withdraw(&self, offered: Offered) {
        match offered {
            Offered::Pushed(task) => task.abort(),
            Offered::Polled(polled) => {
                for name in [Some(polled.name), polled.fence].into_iter().flatten() {
                    self.world.transmitter.withdraw(&polled.stream_id, &name);
                }
            }
        }
    }

    /// Waits for what the receiver says.
    pub(super) async fn settle(&mut self, offered: Offered, scope: &mut Scope) -> Result<Acted, Stop> {
        let polled = match offered {
            Offered::Polled(polled) => polled,
            Offered::Pushed(task) => {
                let (acted, after) = task.await.map_err(|error| Stop::Internal(error.to_string()))?;
                for name in ["request", "response", "sent", "set", "claims", "outcome", "elapsed", "tls"] {
                    scope.set(name, after.get(name).cloned().unwrap_or(Value::Null));
                }
                return acted;
            }
        };
        let outcome = self.outcome(&polled).await;
        self.world.transmitter.withdraw(&polled.stream_id, &polled.name);
        let (plan, forge) = (&polled.plan, polled.plan.forge.map(|forgery| forgery.name()));
        scope.set("sent", sent_value(plan.fault, forge, Auth::Valid, None));
        scope.set("set", polled.set.clone());
        scope.set("claims", polled.claims.clone());
        scope.set("request", Value::Null);
        scope.set("response", Value::Null);
        scope.set("outcome", outcome?.value());
        Ok(Acted::default())
    }

    async fn outcome(&mut self, polled: &Polled) -> Result<Outcome, Stop> {
        let before = self.requests_so_far();
        let outcome = self.said(polled).await;
        match &outcome {
            Ok(outcome) if outcome.by != "none" => self.world.lost.store(0, Ordering::Relaxed),
            _ => self.missed(before),
        }
        outcome
    }

    async fn said(&mut self, polled: &Polled) -> Result<Outcome, Stop> {
        let left = polled.deadline.saturating_duration_since(Instant::now());
        let said = |host: &Host, name: &str| host.world.visits.lock().deliveries.get(name)?.outcome.clone();
        let Some(fence) = &polled.fence else {
            return Ok(self.until(left, |host| said(host, &polled.name)).await.unwrap_or_else(Outcome::none));
        };
        let found = self
            .until(left, |host| match (said(host, &polled.name), said(host, fence)) {
                (Some(outcome), _) => Some(Ok(outcome)),
                (None, Some(fence)) if fence.by == "ack" => Some(Err(Silence::Passed)),
                (None, Some(_)) => Some(Err(Silence::Unknown)),
                (None, None) => None,
            })
            .await
            .unwrap_or(Err(Silence::Unknown));
        match found {
            Ok(outcome) => Ok(outcome),
            Err(Silence::Passed) => {
                // Errors may be reported apart from acknowledgements.
                let patience = self.world.settings.timeouts.quiet;
                Ok(self.until(patience, |host| said(host, &polled.name)).await.unwrap_or_else(Outcome::none))
            }
            Err(Silence::Unknown) => {
                self.world.transmitter.withdraw(&polled.stream_id, fence);
                Err(Stop::inconclusive("a good SET that came after it was not acknowledged, so silence proves nothing"))
            }
        }
    }

    /// Gives a SET that the receiver has to take.
    pub(super) async fn control(&mut self, plan: &PushPlan, bound: Duration, scope: &mut Scope) -> Result<Acted, Stop> {
        let offered = self.offer(plan, bound, scope).await?;
        let acted = self.settle(offered, scope).await?;
        let outcome = scope.get("outcome").cloned().unwrap_or(Value::Null);
        let by = outcome["by"].as_str().unwrap_or_default().to_owned();
        if by != "none" {
            self.world.lost.store(0, Ordering::Relaxed);
        }
        let said = match by.as_str() {
            "ack" => return Ok(acted),
            "error" => {
                let what = if outcome["status"].is_null() { &outcome["err"] } else { &outcome["status"] };
                format!("it is refused with {what}")
            }
            _ => {
                self.world.lost.fetch_add(1, Ordering::Relaxed);
                "nothing is said of it".to_owned()
            }
        };
        Err(Stop::Inconclusive {
            reason: format!("the good counterpart is not accepted, so a refusal proves nothing: {said}"),
            exchanges: acted.exchanges,
            observations: acted.observations,
        })
    }
}

/// The SET that every receiver has to take.
pub(super) fn good_set() -> PushPlan {
    let nothing = Template::compile(&json!({}), &Vocabulary::default()).expect("an empty object is a template");
    PushPlan {
        base: PushBase::Set(GOOD_SET.to_owned()),
        claims: None,
        header: None,
        forge: None,
        headers: nothing,
        form: None,
        encrypt: None,
        auth: Auth::Valid,
        fault: None,
    }
}
