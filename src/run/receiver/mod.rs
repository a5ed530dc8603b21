//! A run against a push receiver: the harness is the transmitter.

pub(crate) mod outcome;
mod preflight;
mod pusher;

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::sync::watch;

use super::course::{self, Course, End, in_order};
use super::event::{CaseStatus, Emitter, Event, Finished, PreflightLine, Started, Verdict};
use super::judge::Judge;
use super::making::Making;
use super::plan::{Plan, Visits};
use super::redact::Redactor;
use super::settings::{ReceiverSettings, is_loopback};
use super::steps::{CaseRun, run_case};
use crate::expr::Scope;
use crate::http::{Client, ClientError, ClientOptions};
use crate::peer::identity::{Identity, IdentityOptions};
use crate::set::{Jwks, KeyError};
use crate::suite::catalogue::Case;
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;
pub(crate) use preflight::GOOD_SET;
pub(crate) use pusher::{Pusher, Pushing};

/// An issuer that no receiver trusts; the name is reserved (RFC 2606).
pub(crate) const STRANGER: &str = "https://stranger.invalid";

/// Why a run could not start. Nothing was sent to the target.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalogue has no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// The profile is for another kind of target.
    #[error("the profile `{profile}` is for a {role}, not for a receiver")]
    Role {
        /// The name of the profile: `push-transmitter`.
        profile: String,
        /// The role that it is for: `transmitter`.
        role: &'static str,
    },
    /// Nothing is left to test (exit code 4).
    #[error("the selection matches no requirement and no case of the profile")]
    NothingSelected,
    /// The address for our issuer identity is taken, or is not ours.
    #[error("our issuer identity cannot listen on {addr}: {error}")]
    Listen {
        /// The address that was asked for.
        addr: std::net::SocketAddr,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The CA bundle is of no use.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Our key has no form in which it can be verified.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What the cases of a run share.
pub(crate) struct World {
    pub settings: ReceiverSettings,
    pub issuer: String,
    pub identity: Identity,
    pub pushing: Arc<Pushing>,
}

/// A run that has been prepared: our identity is up, nothing has been sent yet.
pub struct ReceiverRun {
    world: Arc<World>,
    plan: Plan,
    redactor: Redactor,
    id: String,
}

impl ReceiverRun {
    /// Plans the run and starts our issuer identity.
    pub async fn prepare(settings: ReceiverSettings) -> Result<Self, StartError> {
        let catalogue = settings.catalogue.clone();
        let profile =
            catalogue.profiles.get(&settings.profile).ok_or_else(|| StartError::Profile(settings.profile.clone()))?;
        if profile.role != Role::Receiver {
            return Err(StartError::Role { profile: settings.profile.clone(), role: profile.role.name() });
        }
        let plan = Plan::new(&catalogue, profile, &settings.selection, Visits::LeftOut);
        if plan.is_empty() {
            return Err(StartError::NothingSelected);
        }
        let client = Client::new(ClientOptions {
            roots: settings.roots.clone(),
            insecure: settings.insecure,
            response_timeout: settings.timeouts.response,
            connect_timeout: settings.timeouts.response,
            max_body: 1024 * 1024,
            ..ClientOptions::default()
        })?;
        let identity = Identity::start(IdentityOptions {
            addr: settings.listen,
            public_url: settings.public_url.clone(),
            issuer: settings.issuer.clone(),
            keys: vec![settings.key.clone()],
        })
        .await
        .map_err(|error| StartError::Listen { addr: settings.listen, error })?;
        let judge = Judge::new(catalogue.clone(), plan.requirements.iter().copied(), &[Party::Receiver]);
        let of_specs: Vec<usize> = catalogue.of_specs(&profile.specs);
        let conscience = Judge::new(catalogue.clone(), of_specs, &[Party::Issuer, Party::Transmitter]);
        let mut redactor = Redactor::new();
        if let Some(secret) = &settings.authorization {
            redactor.add(secret.expose_secret());
        }
        Ok(Self {
            world: Arc::new(World {
                issuer: identity.issuer().to_owned(),
                identity,
                pushing: Arc::new(Pushing {
                    making: Making {
                        catalogue: catalogue.clone(),
                        key: settings.key.clone(),
                        other_key: settings.other_key.clone(),
                    },
                    endpoint: settings.url.clone(),
                    authorization: settings.authorization.clone(),
                    client,
                    judge: Arc::new(judge),
                    conscience: Arc::new(conscience),
                    jwks: Jwks::for_keys(&[&settings.key])?,
                    response: settings.timeouts.response,
                    lost: Arc::default(),
                }),
                settings,
            }),
            plan,
            redactor,
            id: run_id(),
        })
    }

    /// Pushes to another URL than the settings say: a receiver that could only be started once our identity was up.
    pub fn aim(&mut self, url: url::Url) {
        if let Some(world) = Arc::get_mut(&mut self.world) {
            if let Some(pushing) = Arc::get_mut(&mut world.pushing) {
                pushing.endpoint = url.clone();
            }
            world.settings.url = url;
        }
    }

    /// The issuer that the receiver has to trust.
    pub fn issuer(&self) -> &str {
        &self.world.issuer
    }

    /// Where our keys can be fetched.
    pub fn jwks_uri(&self) -> String {
        self.world.identity.jwks_uri()
    }

    /// Runs to the end, or until `stop` becomes true; emits everything that happens, without secrets.
    pub async fn run(self, emitter: &Emitter, stop: watch::Receiver<bool>) -> Finished {
        let redactor = self.redactor.clone();
        course::without_secrets(
            emitter,
            move |event| redactor.event(event),
            async |emitter| self.to_its_end(&emitter, stop).await,
        )
        .await
    }

    /// The preflight alone, with the clock and the keys beside it; emits its lines, without secrets.
    pub async fn examine(self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let began = Instant::now();
        let preflight = tokio::select! {
            preflight = preflight::examine(&self.world) => Some(preflight),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let ready = preflight.as_ref().is_some_and(|preflight| preflight.lines.iter().all(|line| line.ok));
        let mut finished = Finished {
            verdict: if ready { Verdict::Conformant } else { Verdict::Inconclusive },
            inconclusive: !ready,
            interrupted: preflight.is_none(),
            duration_ms: 0.0,
            requirements: Vec::new(),
            notes: self.notes(),
            internal_errors: Vec::new(),
        };
        if let Some(preflight) = preflight {
            let exchanges = preflight.exchanges.into_iter().map(|exchange| Event::Exchange(Arc::new(exchange)));
            let lines = preflight.lines.into_iter().map(Event::Preflight);
            exchanges.chain(lines).for_each(|event| emitter.emit(self.redactor.event(event)));
            finished.internal_errors.extend(preflight.internal_error.map(|error| self.redactor.text(&error)));
        }
        finished.duration_ms = began.elapsed().as_secs_f64() * 1000.0;
        finished
    }

    async fn to_its_end(&self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let world = &self.world;
        let settings = &world.settings;
        let catalogue = settings.catalogue.clone();
        let started = Started {
            id: self.id.clone(),
            at: jiff::Timestamp::now(),
            role: Role::Receiver,
            url: settings.url.to_string(),
            profile: settings.profile.clone(),
            command: settings.command.clone(),
            requirements: self.plan.requirements.len(),
            cases: self.plan.cases.len(),
        };
        let mut course = Course::begin(&catalogue, &self.plan, emitter, &settings.command, started);
        let present = features(settings);
        for index in &self.plan.requirements {
            let needs = &catalogue.requirements[*index].needs;
            if let Some(missing) = needs.iter().find(|need| !present.contains(&need.as_str())) {
                let reason = settings.absence(missing);
                match missing.as_str() {
                    // Another run could show it.
                    "by-poll" | "oauth-client" => course.ledger.lacks_means(*index, &reason),
                    _ => course.ledger.exclude(*index, &reason),
                }
            }
        }

        let preflight = tokio::select! {
            preflight = preflight::run(world) => Some(preflight),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let mut interrupted = preflight.is_none();
        let mut ready = false;
        if let Some(preflight) = preflight {
            ready = preflight.lines.iter().all(|line| line.ok);
            course.internal_errors.extend(preflight.internal_error);
            course.preflight(preflight.exchanges, &[], preflight.lines);
        }
        if !interrupted {
            let of = self.plan.cases.len();
            let runs = futures_util::stream::iter(self.plan.cases.iter().copied().enumerate())
                .map(|(number, index)| {
                    let case = &catalogue.cases[index];
                    async move {
                        let (id, title) = (case.id.clone(), case.title.clone());
                        emitter.emit(Event::CaseStarted { id, title, number: number + 1, of });
                        (number, self.case(index, case, ready).await)
                    }
                })
                .buffer_unordered(settings.jobs.max(1));
            let enter = |course: &mut Course<'_>, run: CaseRun| {
                let reproduce = format!("{} --only {}", settings.command, catalogue.cases[run.case].id);
                course.enter(run, &reproduce);
            };
            interrupted = course.go_through(in_order(runs), &mut stop, enter).await;
        }
        course.finish(End { ready, interrupted, strict: settings.strict }, self.notes())
    }

    async fn case(&self, index: usize, case: &Case, ready: bool) -> CaseRun {
        let world = &self.world;
        let features = features(&world.settings);
        if let Some(missing) = case.needs.iter().find(|need| !features.contains(&need.as_str())) {
            return CaseRun::without_steps(index, case, CaseStatus::Skipped, world.settings.absence(missing));
        }
        if !ready && !case.is_handshake_only() {
            return CaseRun::without_steps(index, case, CaseStatus::Inconclusive, "the preflight failed");
        }
        if world.pushing.is_lost() {
            return CaseRun::without_steps(index, case, CaseStatus::Inconclusive, "the target stopped answering");
        }
        let mut pusher = Pusher::new(world.pushing.clone());
        run_case(index, case, &world.pushing.judge, &mut pusher, scope(world)).await
    }

    fn notes(&self) -> Vec<String> {
        let settings = &self.world.settings;
        let mut notes = Vec::new();
        if settings.url.scheme() == "http" && is_loopback(&settings.url) && !settings.deployed {
            notes.push(
                "The target is plain http on a loopback address, a development set-up: the requirements on TLS are not applicable here.".to_owned(),
            );
        }
        if settings.insecure {
            notes.push("Certificates were not checked (--insecure).".to_owned());
        }
        notes
    }
}

/// The features of the target, as cases need them.
fn features(settings: &ReceiverSettings) -> Vec<&'static str> {
    settings.features().into_iter().collect()
}

/// The variables that every case starts with.
fn scope(world: &World) -> Scope {
    let settings = &world.settings;
    Scope::new()
        .with("target", json!({ "url": settings.url.as_str(), "scheme": settings.url.scheme() }))
        .with("issuer", json!(world.issuer))
        .with("audience", json!(settings.audience))
        .with("stranger", json!(STRANGER))
        .with("features", json!(features(settings)))
        .with("languages", json!(settings.languages))
        .with("timeouts", settings.timeouts.value())
        .with("nonce", json!(uuid::Uuid::new_v4().to_string()))
        .with("delivery", serde_json::Value::Null)
        .with("told", serde_json::Value::Null)
}

/// Sorts by time, and is unique.
pub(crate) fn run_id() -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("{now}-{}", &unique[..6])
}

/// What the preflight found.
pub(crate) struct Preflight {
    pub lines: Vec<PreflightLine>,
    pub exchanges: Vec<crate::http::Exchange>,
    /// What the harness did wrong itself.
    pub internal_error: Option<String>,
}
