//! Our push listener, and the steps of cases that use it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::judge_push;
use crate::expr::{Expression, Scope};
use crate::http::{Authority, Recorder, Server, ServerOptions, ServerTls, Subscription, TlsError};
use crate::peer::transmitter::Transmitter;
use crate::run::judge::Judge;
use crate::run::settings::Timeouts;
use crate::run::steps::{Acted, Actor, Stop};
use crate::set::Jwks;
use crate::suite::catalogue::{Action, Step, TriggerPlan};
use crate::suite::model::case::{Answer, BadCertificate};

/// The longest that a step waits.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The names that our certificates are for.
const NAMES: &[&str] = &["127.0.0.1", "localhost"];

/// How pushes are answered now, and how many more of them are answered so.
#[derive(Debug, Clone, Default)]
struct Script {
    answer: Answer,
    left: Option<u32>,
}

type Shared = Arc<Mutex<Script>>;

/// A listener that answers as it is told.
pub(super) struct Listener {
    server: Server,
    recorder: Recorder,
    script: Shared,
    /// Servers with certificates that must not be trusted.
    bad: Vec<(BadCertificate, Server)>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ListenError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Listener {
    pub async fn start(authority: &Authority, tls: bool) -> Result<Self, ListenError> {
        let recorder = Recorder::default();
        let script: Shared = Arc::default();
        let bind = async |tls: Option<ServerTls>| {
            let options = ServerOptions { addr: (Ipv4Addr::LOCALHOST, 0).into(), tls, ..ServerOptions::default() };
            let router = Router::new().fallback(any(answer)).with_state(script.clone());
            Server::bind(options, router, recorder.clone()).await
        };
        let server = bind(if tls { Some(authority.issue(NAMES)?) } else { None }).await?;
        let mut bad = Vec::new();
        if tls {
            let certificates = [
                (BadCertificate::WrongName, authority.issue(&["elsewhere.example"])?),
                (BadCertificate::UnknownAuthority, Authority::new()?.issue(NAMES)?),
                (BadCertificate::Expired, authority.issue_expired(NAMES)?),
            ];
            for (kind, certificate) in certificates {
                bad.push((kind, bind(Some(certificate)).await?));
            }
        }
        Ok(Self { server, recorder, script, bad })
    }

    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub fn url(&self) -> Url {
        url_of(&self.server)
    }

    fn url_with(&self, certificate: Option<BadCertificate>) -> Url {
        let server = certificate.and_then(|wanted| self.bad.iter().find(|(kind, _)| *kind == wanted));
        url_of(server.map_or(&self.server, |(_, server)| server))
    }

    fn set(&self, answer: Answer) {
        let left = answer.times;
        *self.script.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Script { answer, left };
    }

    /// Every push is acknowledged again.
    pub fn answer_as_usual(&self) {
        self.set(Answer::default());
    }
}

fn url_of(server: &Server) -> Url {
    Url::parse(&format!("{}/push", server.url())).expect("a bound address makes a URL")
}

async fn answer(State(script): State<Shared>) -> Response {
    let answer = {
        let mut script = script.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &mut script.left {
            Some(0) => Answer::default(),
            Some(left) => {
                *left -= 1;
                script.answer.clone()
            }
            None => script.answer.clone(),
        }
    };
    let status = StatusCode::from_u16(answer.status.unwrap_or(202)).unwrap_or(StatusCode::ACCEPTED);
    match answer.json {
        Some(body) => {
            (status, [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_LANGUAGE, "en")], body.to_string())
                .into_response()
        }
        None => status.into_response(),
    }
}

/// Steps against a transmitter.
pub(super) struct Watcher {
    listener: Arc<Listener>,
    transmitter: Arc<Transmitter>,
    judge: Arc<Judge>,
    jwks: Jwks,
    timeouts: Timeouts,
    subscription: Subscription,
    endpoint: Url,
    last: Instant,
    pushes: Vec<Value>,
}

impl Watcher {
    pub fn new(
        listener: Arc<Listener>,
        transmitter: Arc<Transmitter>,
        judge: Arc<Judge>,
        jwks: Jwks,
        timeouts: Timeouts,
    ) -> Self {
        Self {
            subscription: listener.recorder.subscribe(),
            endpoint: listener.url(),
            listener,
            transmitter,
            judge,
            jwks,
            timeouts,
            last: Instant::now(),
            pushes: Vec::new(),
        }
    }

    /// Waits for the next push that the filter takes; null in `push` when none comes in time.
    async fn wait(&mut self, filter: Option<&Expression>, bound: Duration, scope: &mut Scope) -> Acted {
        let mut acted = Acted::default();
        let deadline = Instant::now() + bound;
        scope.set("push", Value::Null);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(Some(exchange)) = timeout(left, self.subscription.next()).await else { break };
            let is_push = !exchange.request.method.is_empty();
            if !is_push {
                // A connection that carried no request, such as one whose handshake the transmitter refused.
                acted.exchanges.push((*exchange).clone());
                continue;
            }
            let (seen, observations) = judge_push(&self.judge, &exchange, &self.jwks, &self.timeouts);
            acted.observations.extend(observations);
            acted.exchanges.push((*exchange).clone());
            let push = json!({ "request": seen.get("request"), "set": seen.get("set") });
            let candidate = scope.clone().with("push", push.clone());
            if filter.is_some_and(|filter| !candidate.enter(|entered| filter.holds(entered))) {
                continue;
            }
            scope.set("elapsed", json!(self.last.elapsed().as_secs_f64()));
            self.last = Instant::now();
            self.pushes.push(push.clone());
            scope.set("push", push);
            scope.set("pushes", Value::Array(self.pushes.clone()));
            break;
        }
        acted
    }
}

impl Actor for Watcher {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        let bound = |within: Option<&Expression>, usual: Duration, scope: &Scope| {
            within
                .and_then(|within| scope.enter(|entered| within.value(entered)).ok())
                .and_then(|value| value.as_f64())
                .map_or(usual, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(usual).min(LONGEST_WAIT))
        };
        match &step.action {
            Action::Answer(answer) => {
                self.endpoint = self.listener.url_with(answer.certificate);
                self.listener.set(answer.clone());
                Ok(Acted::default())
            }
            Action::Trigger { plan: plan @ (TriggerPlan::Set { .. } | TriggerPlan::Event { .. }), .. } => {
                // This transmitter goes by fixtures alone: `events.wanted` is the name of one.
                let fixture = match plan {
                    TriggerPlan::Event { event, .. } => scope.enter(|entered| event.render_text(entered)),
                    TriggerPlan::Set { name, .. } => Ok(name.clone()),
                    _ => Err("not an event".to_owned()),
                }
                .map_err(Stop::Internal)?;
                let (transmitter, endpoint) = (self.transmitter.clone(), self.endpoint.clone());
                self.last = Instant::now();
                tokio::spawn(async move {
                    // What goes wrong shows as a push that does not come.
                    let _ = transmitter.emit(&fixture, &endpoint).await;
                });
                Ok(Acted::default())
            }
            Action::Await { filter, .. } => {
                let bound = bound(step.within.as_ref(), self.timeouts.delivery, scope);
                Ok(self.wait(filter.as_ref(), bound, scope).await)
            }
            Action::Quiet { filter, .. } => {
                let bound = bound(step.within.as_ref(), self.timeouts.quiet, scope);
                Ok(self.wait(filter.as_ref(), bound, scope).await)
            }
            Action::Trigger { .. } | Action::Poll(_) | Action::Join(_) => {
                Err(Stop::Internal("this step is for a Shared Signals transmitter".to_owned()))
            }
            Action::Login(_) | Action::Logout(_) | Action::End(_) | Action::Refresh(_) => {
                Err(Stop::Internal("this step is for OpenID Connect Back-Channel Logout".to_owned()))
            }
            Action::Push(_)
            | Action::Control(_)
            | Action::Offer(_)
            | Action::Http(_)
            | Action::Hello(_)
            | Action::Serve(_)
            | Action::Ask { .. }
            | Action::Decide(_) => Err(Stop::Internal("this step is for a run against a receiver".to_owned())),
        }
    }
}
