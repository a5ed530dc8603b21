//! A run against a push receiver: the harness is the transmitter.

mod preflight;
mod pusher;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures_util::StreamExt;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::sync::watch;

use super::event::{CaseStatus, Emitter, Event, Finished, PreflightLine, Started};
use super::judge::Judge;
use super::ledger::Ledger;
use super::plan::Plan;
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
use pusher::Pusher;

/// An issuer that no receiver trusts; the name is reserved (RFC 2606).
const STRANGER: &str = "https://stranger.invalid";

/// After so many controls in a row without any answer, the target is taken for gone.
const LOST_AFTER: u32 = 3;

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
    pub client: Client,
    pub issuer: String,
    pub jwks: Jwks,
    pub identity: Identity,
    pub judge: Judge,
    /// Judges what we send ourselves as the conformant party.
    pub conscience: Judge,
    /// Controls in a row that got no answer at all.
    pub lost: AtomicU32,
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
        let plan = Plan::new(&catalogue, profile, &settings.selection);
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
        let everything = 0..catalogue.requirements.len();
        let conscience = Judge::new(catalogue, everything, &[Party::Issuer, Party::Transmitter]);
        let mut redactor = Redactor::new();
        if let Some(secret) = &settings.authorization {
            redactor.add(secret.expose_secret());
        }
        Ok(Self {
            world: Arc::new(World {
                issuer: identity.issuer().to_owned(),
                jwks: Jwks::for_keys(&[&settings.key])?,
                client,
                identity,
                judge,
                conscience,
                lost: AtomicU32::new(0),
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
        let outer = emitter.clone();
        let emitter = Emitter::new(move |event| outer.emit(redactor.event(event)));
        let finished = self.run_redacted(&emitter, stop).await;
        emitter.emit(Event::Finished(Box::new(finished.clone())));
        match self.redactor.event(Event::Finished(Box::new(finished))) {
            Event::Finished(finished) => *finished,
            _ => unreachable!("redaction keeps the kind of an event"),
        }
    }

    async fn run_redacted(&self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let began = Instant::now();
        let world = &self.world;
        let catalogue = world.settings.catalogue.clone();
        emitter.emit(Event::Started(Started {
            id: self.id.clone(),
            at: jiff::Timestamp::now(),
            role: Role::Receiver,
            url: world.settings.url.to_string(),
            profile: world.settings.profile.clone(),
            requirements: self.plan.requirements.len(),
            cases: self.plan.cases.len(),
        }));
        let mut ledger = Ledger::new(self.plan.requirements.iter().copied());
        let present = features(&world.settings);
        for index in &self.plan.requirements {
            let needs = &catalogue.requirements[*index].needs;
            if let Some(missing) = needs.iter().find(|need| !present.contains(&need.as_str())) {
                ledger.exclude(*index, &world.settings.absence(missing));
            }
        }
        let mut internal_errors = Vec::new();
        let mut interrupted = false;

        let preflight = tokio::select! {
            preflight = preflight::run(world) => Some(preflight),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let mut ready = false;
        match preflight {
            Some(preflight) => {
                for exchange in preflight.exchanges {
                    emitter.emit(Event::Exchange(Arc::new(exchange)));
                }
                internal_errors.extend(preflight.internal_error);
                ready = preflight.lines.iter().all(|line| line.ok);
                for line in preflight.lines {
                    emitter.emit(Event::Preflight(line));
                }
            }
            None => interrupted = true,
        }

        let mut runs = futures_util::stream::iter(self.plan.cases.iter().copied().enumerate())
            .map(|(number, index)| {
                let case = &catalogue.cases[index];
                let of = self.plan.cases.len();
                async move {
                    emitter.emit(Event::CaseStarted {
                        id: case.id.clone(),
                        title: case.title.clone(),
                        number: number + 1,
                        of,
                    });
                    self.case(index, case, ready).await
                }
            })
            .buffered(world.settings.jobs.max(1));
        while !interrupted {
            let run = tokio::select! {
                run = runs.next() => run,
                _ = stop.wait_for(|stop| *stop) => {
                    interrupted = true;
                    None
                }
            };
            let Some(run) = run else { break };
            internal_errors.extend(run.internal_error.clone());
            self.enter(&mut ledger, run, emitter);
        }
        drop(runs);

        if !ready || interrupted {
            ledger.mark_inconclusive();
        }
        let why = match (interrupted, ready) {
            (true, _) => Some("the run was interrupted"),
            (_, false) => Some("the preflight failed"),
            _ => None,
        };
        if let Some(why) = why {
            for index in &self.plan.requirements {
                ledger.untested(*index, why);
            }
        }
        let requirements = ledger.results(&catalogue);
        Finished {
            verdict: ledger.verdict(&requirements, world.settings.strict),
            inconclusive: ledger.is_inconclusive(),
            interrupted,
            duration_ms: began.elapsed().as_secs_f64() * 1000.0,
            requirements,
            notes: self.notes(),
            internal_errors,
        }
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
        if world.lost.load(Ordering::Relaxed) >= LOST_AFTER {
            return CaseRun::without_steps(index, case, CaseStatus::Inconclusive, "the target stopped answering");
        }
        let mut pusher = Pusher::new(world.clone());
        run_case(index, case, &world.judge, &mut pusher, scope(world)).await
    }

    fn enter(&self, ledger: &mut Ledger, run: CaseRun, emitter: &Emitter) {
        let catalogue = &self.world.settings.catalogue;
        let case = &catalogue.cases[run.case];
        ledger.close(case, &run.result);
        for exchange in run.exchanges {
            emitter.emit(Event::Exchange(Arc::new(exchange)));
        }
        let reproduce = format!("{} --only {}", self.world.settings.command, case.id);
        for seen in &run.observations {
            if let Some(finding) = ledger.enter(catalogue, seen, Some(reproduce.clone())) {
                let requirement = catalogue.requirements[seen.requirement].id.clone();
                emitter.emit(Event::Broken { requirement, finding });
            }
        }
        emitter.emit(Event::CaseFinished(run.result));
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
