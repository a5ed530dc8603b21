//! The steps of cases, with a receiver that visits us.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::host::{Background, Host};
use crate::expr::{Expression, Scope};
use crate::peer::ssf::Status;
use crate::run::receiver::Pusher;
use crate::run::request;
use crate::run::steps::{Acted, Actor, Stop};
use crate::suite::catalogue::{Action, Step};
use crate::suite::model::case::{Asked, Awaited, Decision, Method, StreamStatus};

/// The pause before a receiver is asked again; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest that a step waits.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Host {
    fn pusher(&self) -> Result<Pusher, Stop> {
        let stream = self.stream()?;
        let pushing = self.world.pushing(&stream).filter(|_| stream.method == Method::Push);
        pushing.map(Pusher::new).ok_or_else(|| Stop::NotApplicable("the receiver takes SETs by poll".to_owned()))
    }

    async fn ask(&mut self, what: Asked, arguments: Value, background: Option<&String>, scope: &mut Scope) {
        let world = self.world.clone();
        let told = self.told.clone();
        let limit = world.settings.timeouts.delivery;
        let asking = async move { world.settings.control.ask(&told, what, &arguments, limit).await };
        match background {
            Some(name) => {
                self.background.insert(name.clone(), Background::Ask(tokio::spawn(asking)));
            }
            None => {
                let answer = asking.await;
                scope.set("answer", answer_value(answer));
            }
        }
    }

    async fn join(&mut self, name: &str, scope: &mut Scope) -> Result<Acted, Stop> {
        match self.background.remove(name) {
            Some(Background::Ask(task)) => {
                let answer = task.await.unwrap_or_else(|error| Err(error.to_string()));
                scope.set("answer", answer_value(answer));
                Ok(Acted::default())
            }
            Some(Background::Offer(offered)) => self.settle(offered, scope).await,
            None => Err(Stop::Internal(format!("nothing was started under the name `{name}`"))),
        }
    }

    fn decide(&self, decision: &Decision) -> Result<(), Stop> {
        let status = match decision.status {
            StreamStatus::Enabled => Status::Enabled,
            StreamStatus::Paused => Status::Paused,
            StreamStatus::Disabled => Status::Disabled,
        };
        let stream = self.stream()?;
        self.world
            .transmitter
            .set_status(&stream.id, status, decision.reason.clone())
            .map_err(|error| Stop::Internal(error.to_string()))
    }

    async fn carry_out(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let timeouts = self.world.settings.timeouts;
        let within = step.within.as_ref();
        let expects = !step.expect.is_empty() || step.assume.is_some();
        let nothing = |what: &str| Stop::NoOccasion(format!("the receiver gave no occasion: {what}"));
        match &step.action {
            Action::Offer(plan) => {
                let bound = bound(within, timeouts.delivery, scope);
                let offered = self.offer(plan, bound, scope).await?;
                match &step.background {
                    Some(name) => {
                        self.background.insert(name.clone(), Background::Offer(offered));
                        Ok(Acted::default())
                    }
                    None => self.settle(offered, scope).await,
                }
            }
            Action::Control(plan) => self.control(plan, bound(within, timeouts.delivery, scope), scope).await,
            Action::Push(_) | Action::Http(_) => self.pusher()?.act(step, scope).await,
            Action::Hello(version) => {
                let stream = self.stream()?;
                let pushing = self.world.pushing(&stream).ok_or_else(|| nothing("its endpoint is no URL"))?;
                request::hello(*version, &pushing.endpoint, timeouts.response, scope).await?;
                Ok(Acted::default())
            }
            Action::Serve(deviations) => {
                self.world.visits.serve(deviations, scope.clone());
                Ok(Acted::default())
            }
            Action::Ask { what, arguments } => {
                let arguments = match arguments {
                    Some(template) => Value::Object(request::rendered_object(template, scope)?),
                    None => json!({}),
                };
                let deadline = Instant::now() + bound(within, timeouts.delivery, scope);
                let mut pause = FIRST_PAUSE;
                loop {
                    self.ask(*what, arguments.clone(), step.background.as_ref(), scope).await;
                    let until = step.until.as_ref().filter(|_| step.background.is_none());
                    let done = until.is_none_or(|until| scope.enter(|entered| until.holds(entered)));
                    if done || Instant::now() + pause >= deadline {
                        return Ok(Acted::default());
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
            Action::Decide(decision) => self.decide(decision).map(|()| Acted::default()),
            Action::Await { what: Awaited::Request, filter } => {
                let bound = bound(within, timeouts.delivery, scope);
                let came = self.wait_for_request(filter.as_ref(), bound, scope).await?;
                if !came && !expects {
                    return Err(nothing("it did not send the request by itself"));
                }
                if !came {
                    scope.set("request", Value::Null);
                }
                Ok(Acted::default())
            }
            Action::Await { what: Awaited::Connection, .. } => {
                let bound = bound(within, timeouts.delivery, scope);
                match self.wait_for_connection(bound, scope).await {
                    true => Ok(Acted::default()),
                    false => Err(nothing("it did not connect")),
                }
            }
            Action::Await { filter, .. } => {
                let bound = bound(within, timeouts.delivery, scope);
                if !self.wait_for_set(filter.as_ref(), bound, scope).await && !expects {
                    return Err(nothing("it said nothing of such a SET"));
                }
                Ok(Acted::default())
            }
            Action::Quiet { filter, .. } => {
                let bound = bound(within, timeouts.quiet, scope);
                self.no_request(filter.as_ref(), bound, scope).await;
                Ok(Acted::default())
            }
            Action::Join(name) => self.join(name, scope).await,
            Action::Login(_) | Action::Logout(_) | Action::End(_) | Action::Refresh(_) => {
                Err(Stop::Internal("this step is for OpenID Connect Back-Channel Logout".to_owned()))
            }
            Action::Poll(_) | Action::Answer(_) | Action::Trigger { .. } => {
                Err(Stop::Internal("this step is for a run against a transmitter".to_owned()))
            }
        }
    }
}

impl Actor for Host {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let outcome = self.carry_out(step, scope).await;
        let stream = self.world.stream();
        scope.set("told", stream.map_or(Value::Null, |stream| stream.configuration));
        self.collect();
        let (exchanges, observations) = self.seen();
        match outcome {
            Ok(mut acted) => {
                acted.exchanges.splice(0..0, exchanges);
                acted.observations.splice(0..0, observations);
                Ok(acted)
            }
            Err(Stop::Inconclusive { reason, exchanges: mut last, observations: mut seen }) => {
                last.splice(0..0, exchanges);
                seen.splice(0..0, observations);
                Err(Stop::Inconclusive { reason, exchanges: last, observations: seen })
            }
            Err(other) => {
                // The case has them when it ends.
                self.exchanges = exchanges;
                self.observations = observations;
                Err(other)
            }
        }
    }
}

fn bound(within: Option<&Expression>, usual: Duration, scope: &Scope) -> Duration {
    within
        .and_then(|within| scope.enter(|entered| within.value(entered)).ok())
        .and_then(|value| value.as_f64())
        .map_or(usual, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(usual).min(LONGEST_WAIT))
}

fn answer_value(answer: Result<Value, String>) -> Value {
    match answer {
        Ok(value) => json!({ "ok": true, "error": "", "value": value }),
        Err(error) => json!({ "ok": false, "error": error, "value": null }),
    }
}
