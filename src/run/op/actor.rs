//! Steps against an OpenID provider: logins, their ends, and the logout requests that come of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

use super::listener::{Answering, is_logout};
use super::login::{Session, Wanted};
use super::world::{Failed, World};
use crate::expr::{Expression, Scope};
use crate::http::{Exchange, Subscription};
use crate::peer::message::{form_request_value, object_or_null, response_value, sent_value, set_value, tls_value};
use crate::run::evidence::evidence;
use crate::run::steps::{Acted, Actor, Stop};
use crate::set;
use crate::suite::catalogue::{Action, LoginPlan, Step};
use crate::suite::model::case::Auth;
use crate::suite::model::section::Kind;

/// The longest that a step waits.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The first pause between two uses of a refresh token.
const PAUSE: Duration = Duration::from_millis(50);

/// Our relying party in one case.
pub(crate) struct RelyingParty {
    world: Arc<World>,
    /// The number of the case among those of the run.
    number: u64,
    /// Whether it is the turn of this case; see [`World::turn`].
    turn: Option<OwnedMutexGuard<()>>,
    requests: Subscription,
    sessions: BTreeMap<String, Session>,
    /// The session that was last ended: its name, its variable, and where the browser ended if it did not come back to us.
    ended: Option<(String, Value, Option<String>)>,
    /// The logout requests of the case, oldest first, each with the session that it is about.
    came: Vec<(Arc<Exchange>, Value)>,
}

impl From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        Self::Inconclusive { reason: failed.reason, exchanges: failed.exchanges, observations: Vec::new() }
    }
}

impl RelyingParty {
    /// Waits for its turn.
    pub async fn new(world: Arc<World>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let turn = world.turn.clone().lock_owned().await;
        world.listener.answer(Answering::USUAL);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            turn: Some(turn),
            // What still comes of an earlier case says nothing of this one.
            requests: world.listener.requests(),
            world,
            sessions: BTreeMap::new(),
            ended: None,
            came: Vec::new(),
        }
    }

    async fn login(&mut self, plan: &LoginPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let wanted = Wanted { offline: plan.offline, encrypted: plan.encrypted };
        let (session, exchanges) = self.world.login(wanted).await?;
        scope.set(plan.session.clone(), session.value());
        scope.set("audience", json!(session.identity.id));
        self.sessions.insert(plan.session.clone(), session);
        Ok(Acted { exchanges, ..Acted::default() })
    }

    async fn end(&mut self, name: &str) -> Result<Acted, Stop> {
        let session = self.sessions.get_mut(name).ok_or_else(|| Stop::Internal(format!("no session `{name}`")))?;
        self.world.owners().ends(self.number, session.sid());
        let ended = self.world.end(session).await?;
        self.ended = Some((name.to_owned(), session.value(), ended.elsewhere));
        Ok(Acted { exchanges: ended.exchanges, ..Acted::default() })
    }

    /// Uses a refresh token, again and again until `until` holds or the time is over.
    async fn refresh(&mut self, name: &str, step: &Step, bound: Duration, scope: &mut Scope) -> Result<Acted, Stop> {
        let session = self.sessions.get_mut(name).ok_or_else(|| Stop::Internal(format!("no session `{name}`")))?;
        let deadline = Instant::now() + bound;
        let mut pause = PAUSE;
        let mut acted = Acted::default();
        loop {
            let (exchange, response) = self.world.refresh(session).await.map_err(Stop::NotApplicable)?;
            scope.set("response", response);
            acted.exchanges.push(exchange);
            let until = step.until.as_ref();
            if until.is_none_or(|until| scope.enter(|entered| until.holds(entered)))
                || Instant::now() + pause >= deadline
            {
                return Ok(acted);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Waits for the logout request of a session that was ended. Where none comes, the session must be gone for that to mean anything.
    async fn expect(&mut self, filter: Option<&Expression>, bound: Duration, scope: &mut Scope) -> Result<Acted, Stop> {
        let mut acted = self.wait(filter, bound, scope).await;
        let Some((name, _, elsewhere)) =
            self.ended.as_ref().filter(|_| scope.get("request").is_none_or(Value::is_null))
        else {
            return Ok(acted);
        };
        let Some(session) = self.sessions.get_mut(name) else { return Ok(acted) };
        match self.world.doubt(session, elsewhere.as_deref(), &mut acted.exchanges).await {
            None => Ok(acted),
            Some(reason) => {
                Err(Stop::Inconclusive { reason, exchanges: acted.exchanges, observations: acted.observations })
            }
        }
    }

    /// Waits for a logout request; its variables are null where none comes in time.
    async fn wait(&mut self, filter: Option<&Expression>, bound: Duration, scope: &mut Scope) -> Acted {
        let deadline = Instant::now() + bound;
        let mut acted = Acted::default();
        loop {
            let Ok(Some(exchange)) = timeout_at(deadline, self.requests.next()).await else {
                for name in ["request", "response", "set", "claims", "header", "jwe", "history"] {
                    scope.set(name, Value::Null);
                }
                return acted;
            };
            if !is_logout(&exchange) || !self.owns(&exchange) {
                continue;
            }
            self.enter(&exchange, scope);
            acted.observations.extend(self.world.judge.message(Kind::Logout, scope, Some(&exchange.id)));
            acted.exchanges.push(evidence((*exchange).clone()));
            let about = scope.get("session").cloned().unwrap_or(Value::Null);
            self.came.push((exchange, about));
            if filter.is_none_or(|filter| scope.enter(|entered| filter.holds(entered))) {
                return acted;
            }
        }
    }

    /// Whether a logout request is about a session of this case.
    fn owns(&self, exchange: &Exchange) -> bool {
        let form = form_request_value(&exchange.request);
        let (token, _) = self.world.opened(form["form"]["logout_token"].as_str().unwrap_or_default());
        let sid = token.claims.as_ref().and_then(|claims| claims.get("sid")).and_then(Value::as_str);
        let mut owners = self.world.owners();
        let ours = owners.owner(&exchange.request.body, sid) == Some(self.number);
        if ours {
            owners.takes(self.number, &exchange.request.body);
        }
        ours
    }

    /// Sets the variables of a logout request.
    fn enter(&self, exchange: &Exchange, scope: &mut Scope) {
        let request = form_request_value(&exchange.request);
        let (token, jwe) = self.world.opened(request["form"]["logout_token"].as_str().unwrap_or_default());
        let keys = self.world.provider.get().map(|provider| provider.jwks.clone());
        let signature = set::verify(&token, &keys.unwrap_or_default());
        // The same request as before is about the same session as before.
        let earlier = self.came.iter().rev().find(|(known, _)| known.request.body == exchange.request.body);
        scope.set("jwe", jwe);
        scope.set("history", history(exchange, earlier.map(|(known, _)| known.as_ref())));
        scope.set("request", request);
        scope.set("response", response_value(exchange));
        scope.set("tls", tls_value(exchange.tls.as_ref()));
        scope.set("elapsed", json!(exchange.seconds()));
        scope.set("sent", sent_value(None, None, Auth::Valid, None));
        scope.set("set", set_value(&token, &signature));
        scope.set("claims", object_or_null(token.claims.as_ref()));
        // The header of what cannot be decrypted says nothing of the token.
        let header = token.header.as_ref().filter(|_| !token.is_encrypted());
        scope.set("header", object_or_null(header));
        let ended = || self.ended.as_ref().map_or(Value::Null, |(_, session, _)| session.clone());
        scope.set("session", earlier.map_or_else(ended, |(_, session)| session.clone()));
    }
}

/// Whether the same request came before in the case, how it was answered, and how many seconds ago.
fn history(exchange: &Exchange, earlier: Option<&Exchange>) -> Value {
    match earlier {
        None => json!({ "repeated": false, "status": 0, "pause": 0.0 }),
        Some(known) => {
            let apart = (exchange.at.as_millisecond() - known.at.as_millisecond()) as f64;
            let pause = ((apart - known.elapsed_ms) / 1000.0).max(0.0);
            json!({ "repeated": true, "status": known.status(), "pause": pause })
        }
    }
}

fn bound(within: Option<&Expression>, usual: Duration, scope: &Scope) -> Duration {
    let seconds =
        within.and_then(|within| scope.enter(|entered| within.value(entered)).ok()).and_then(|it| it.as_f64());
    seconds.map_or(usual, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(usual).min(LONGEST_WAIT))
}

impl Actor for RelyingParty {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let timeouts = self.world.settings.timeouts;
        let within = step.within.as_ref();
        if let Action::Quiet { filter, .. } = &step.action {
            // Others may go on meanwhile.
            self.turn = None;
            let bound = bound(within, timeouts.quiet, scope);
            let acted = self.wait(filter.as_ref(), bound, scope).await;
            // The silence of a provider that is gone says nothing of it.
            if scope.get("request").is_none_or(Value::is_null) && !self.world.is_there().await {
                let Acted { exchanges, observations, .. } = acted;
                let reason = "the provider does not answer any more".to_owned();
                return Err(Stop::Inconclusive { reason, exchanges, observations });
            }
            return Ok(acted);
        }
        if self.turn.is_none() {
            self.turn = Some(self.world.turn.clone().lock_owned().await);
        }
        match &step.action {
            Action::Login(plan) => self.login(plan, scope).await,
            Action::Refresh(name) => {
                let bound = bound(within, Duration::ZERO, scope);
                self.refresh(name, step, bound, scope).await
            }
            Action::End(name) => self.end(name).await,
            Action::Answer(answer) => {
                let status = answer.status.unwrap_or(Answering::USUAL.status);
                self.world.listener.answer(Answering { status, times: answer.times });
                Ok(Acted::default())
            }
            Action::Await { filter, .. } => {
                let bound = bound(within, timeouts.delivery, scope);
                self.expect(filter.as_ref(), bound, scope).await
            }
            _ => Err(Stop::Internal("this step is not for an OpenID provider".to_owned())),
        }
    }
}
