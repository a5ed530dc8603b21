//! A run in which a receiver visits us: the harness is the transmitter.
//!
//! Our transmitter is the built-in one; [`visits`] are its hooks, which see everything that comes and goes. The receiver comes by
//! itself or is started by the operator's hook ([`control`]). The [`preflight`] waits for a good visit; then the [`host`] goes
//! through the cases, one after the other in the same session, and last those that need a fresh start. [`messages`] judges every
//! request of the receiver, [`offers`] gives it SETs, [`deliveries`] knows what became of each.

mod absence;
pub mod control;
mod deliveries;
mod host;
mod masked;
pub(crate) mod messages;
mod offers;
mod preflight;
pub mod settings;
mod steps;
pub(crate) mod visits;
mod waits;
mod world;

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use super::course::{self, Course, End};
use super::event::{CaseStatus, Emitter, Event, Finished, Started};
use super::judge::Judge;
use super::making::Making;
use super::plan::{Plan, Visits as Visiting};
use super::receiver::run_id;
use super::redact::Redactor;
use super::steps::{CaseRun, run_case};
use super::transmitter::absence::Absence;
use crate::http::{Client, ClientError, ClientOptions, Recorder, Subscription, TlsError};
use crate::peer::ssf::{self, ReceiverAccount, SsfOptions, SsfTransmitter};
use crate::set::{Jwks, KeyError};
use crate::suite::catalogue::Case;
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;
use host::Host;
use settings::VisitingSettings;
use visits::Visits;
use world::World;

/// The name of the receiver for our transmitter.
const ACCOUNT: &str = "receiver";

/// How long a SET that was returned is left out of polls while nothing is said of it, so that others get through.
const HELD_BACK: Duration = Duration::from_millis(500);

/// How many exchanges are kept until they are judged.
const KEPT: usize = 1_000;

/// After so many controls in a row of which the receiver says nothing, it is taken for gone.
const LOST_AFTER: u32 = 3;

/// Why a run could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalogue has no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// The profile is for another kind of target.
    #[error("the profile `{profile}` is for a {role}, not for a receiver")]
    Role {
        /// The name of the profile: `ssf-transmitter`.
        profile: String,
        /// The role that it is for: `transmitter`.
        role: &'static str,
    },
    /// Nothing is left to test (exit code 4).
    #[error("the selection matches no requirement and no case of the profile")]
    NothingSelected,
    /// Our transmitter does not start.
    #[error("our transmitter: {0}")]
    Transmitter(#[from] ssf::StartError),
    /// The CA bundle is of no use.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No certificate can be had for our transmitter.
    #[error("our transmitter: {0}")]
    Tls(#[from] TlsError),
    /// Our key has no form in which it can be verified.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A run that has been prepared: our transmitter is up, and whoever comes early is waited on.
pub struct VisitingRun {
    world: World,
    requests: Subscription,
    pushes: Subscription,
    plan: Plan,
    id: String,
}

impl VisitingRun {
    /// Plans the run and starts our transmitter.
    pub async fn prepare(settings: VisitingSettings) -> Result<Self, StartError> {
        let catalogue = settings.catalogue.clone();
        let profile =
            catalogue.profiles.get(&settings.profile).ok_or_else(|| StartError::Profile(settings.profile.clone()))?;
        if profile.role != Role::Receiver {
            return Err(StartError::Role { profile: settings.profile.clone(), role: profile.role.name() });
        }
        let plan = Plan::new(&catalogue, profile, &settings.selection, Visiting::Taken);
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
        let visits = Arc::new(Visits::new(Arc::new(RwLock::new(redactor(&settings))), settings.oddities.clone()));
        let (requests, pushes) = (Recorder::new(KEPT), Recorder::new(KEPT));
        let subscriptions = (requests.subscribe(), pushes.subscribe());
        let mut options = options(&settings, client.clone());
        options.hooks = visits.clone();
        options.requests = requests;
        options.pushes = pushes;
        if let Some(tls) = &settings.tls {
            options.tls = Some(tls.authority.issue(&tls.names())?);
        }
        let transmitter = SsfTransmitter::start(options).await?;
        let judge = Judge::new(catalogue.clone(), plan.requirements.iter().copied(), &[Party::Receiver]);
        let of_specs = catalogue.of_specs(&profile.specs);
        let conscience = Judge::new(catalogue.clone(), of_specs, &[Party::Issuer, Party::Transmitter]);
        let metadata = transmitter.metadata();
        let making =
            Making { catalogue: catalogue.clone(), key: settings.key.clone(), other_key: settings.other_key.clone() };
        let world = World {
            jwks: Jwks::for_keys(&[&settings.key])?,
            transmitter,
            visits,
            judge: Arc::new(judge),
            conscience: Arc::new(conscience),
            making,
            client,
            lost: Arc::default(),
            metadata,
            settings,
        };
        Ok(Self { world, requests: subscriptions.0, pushes: subscriptions.1, plan, id: run_id() })
    }

    /// The issuer that the receiver has to be pointed at.
    pub fn issuer(&self) -> &str {
        self.world.transmitter.issuer()
    }

    /// Where our transmitter listens, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.world.transmitter.addr()
    }

    /// Where our metadata are (SSF section 7.2).
    pub fn metadata_url(&self) -> String {
        self.world.transmitter.metadata_url()
    }

    /// Where access tokens can be had (RFC 6749 section 4.4).
    pub fn token_endpoint(&self) -> String {
        self.world.transmitter.token_endpoint()
    }

    /// Runs to the end, or until `stop` becomes true; emits everything that happens, without secrets.
    pub async fn run(self, emitter: &Emitter, stop: watch::Receiver<bool>) -> Finished {
        self.conduct(emitter, stop, true).await
    }

    /// The preflight alone.
    pub async fn examine(self, emitter: &Emitter, stop: watch::Receiver<bool>) -> Finished {
        self.conduct(emitter, stop, false).await
    }

    async fn conduct(self, emitter: &Emitter, stop: watch::Receiver<bool>, with_cases: bool) -> Finished {
        let redactor = self.world.visits.redactor.clone();
        let redact = move |event: Event| redactor.read().unwrap_or_else(PoisonError::into_inner).event(event);
        course::without_secrets(emitter, redact, async |emitter| self.course(&emitter, stop, with_cases).await).await
    }

    async fn course(self, emitter: &Emitter, mut stop: watch::Receiver<bool>, with_cases: bool) -> Finished {
        let Self { world, requests, pushes, plan, id, .. } = self;
        let settings = world.settings.clone();
        let catalogue = settings.catalogue.clone();
        let started = Started {
            id,
            at: jiff::Timestamp::now(),
            role: Role::Receiver,
            url: world.transmitter.issuer().to_owned(),
            profile: settings.profile.clone(),
            command: settings.command.clone(),
            requirements: plan.requirements.len(),
            cases: if with_cases { plan.cases.len() } else { 0 },
        };
        let mut course = Course::begin(&catalogue, &plan, emitter, &settings.command, started);
        let mut stopped = stop.clone();
        let interruption = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let mut host = Host::new(Arc::new(world), requests, pushes);
        let preflight = tokio::select! {
            preflight = preflight::run(&mut host, emitter) => Some(preflight),
            () = interruption => None,
        };
        let mut interrupted = preflight.is_none();
        let mut ready = false;
        if let Some(preflight) = preflight {
            ready = preflight.is_ready();
            course.internal_errors.extend(preflight.internal_error);
            let (exchanges, observations) = host.seen();
            course.preflight(exchanges, &observations, preflight.lines);
            let features = absence::features(&settings, preflight.stream.as_ref());
            host.has(features.clone());
            for index in &plan.requirements {
                let requirement = &catalogue.requirements[*index];
                let missing = absence::of_method(preflight.stream.as_ref(), requirement.folder())
                    .or_else(|| absence::of(&features, &requirement.needs));
                match missing {
                    Some(Absence::NotApplicable(reason)) if ready => course.ledger.exclude(*index, &reason),
                    Some(Absence::Untested(reason)) => course.ledger.lacks_means(*index, &reason),
                    _ => {}
                }
            }
        }
        let cases = if with_cases { plan.cases.as_slice() } else { &[] };
        let (fresh, together): (Vec<usize>, Vec<usize>) =
            cases.iter().partition(|index| catalogue.cases[**index].fresh.is_some());
        let of = cases.len();
        for (number, index) in together.into_iter().chain(fresh).enumerate() {
            if interrupted {
                break;
            }
            let case = &catalogue.cases[index];
            let (id, title) = (case.id.clone(), case.title.clone());
            emitter.emit(Event::CaseStarted { id, title, number: number + 1, of });
            tokio::select! {
                run = go_through(&mut host, index, case, ready) => {
                    course.enter(run, &format!("{} --only {}", settings.command, case.id));
                }
                _ = stop.wait_for(|stop| *stop) => interrupted = true,
            }
        }
        host.stop().await;
        let (exchanges, observations) = host.end();
        course.note(exchanges, &observations);
        let notes = notes(&host);
        course.finish(End { ready, interrupted, strict: settings.strict }, notes)
    }
}

/// One case, in the session that there is or in a fresh one.
async fn go_through(host: &mut Host, index: usize, case: &Case, ready: bool) -> CaseRun {
    let without = |status, reason: &str| CaseRun::without_steps(index, case, status, reason);
    if !ready {
        return without(CaseStatus::Inconclusive, "the preflight failed");
    }
    if let Some(absence) = absence::of(host.features(), &case.needs) {
        let mut run = without(CaseStatus::Skipped, absence.reason());
        if let Absence::Untested(reason) = absence {
            run.untested = Some(reason);
        }
        return run;
    }
    if host.is_lost() {
        return without(CaseStatus::Inconclusive, "the receiver stopped answering");
    }
    let scope = match host.prepare(case).await {
        Ok(scope) => scope,
        Err(why) => return without(CaseStatus::Inconclusive, &why),
    };
    let judge = host.judge();
    let mut run = run_case(index, case, &judge, host, scope).await;
    let (exchanges, observations) = host.end();
    run.exchanges.extend(exchanges);
    run.observations.extend(observations);
    run
}

/// Our transmitter as it is without anything that is seen of it.
fn options(settings: &VisitingSettings, client: Client) -> SsfOptions {
    let account = ReceiverAccount {
        name: ACCOUNT.to_owned(),
        tokens: vec![settings.token.clone()],
        client: settings.client.clone(),
        audience: vec![settings.audience.clone()],
        ..ReceiverAccount::default()
    };
    let mut options = SsfOptions::new(vec![account], settings.key.clone(), client);
    options.addr = settings.listen;
    options.public_url.clone_from(&settings.public_url);
    options.other_key = Some(settings.other_key.clone());
    options.catalogue = Some(settings.catalogue.clone());
    options.features.token_endpoint = settings.client.is_some();
    options.timing.long_poll = settings.long_poll;
    options.timing.redeliver_after = HELD_BACK;
    options
}

fn redactor(settings: &VisitingSettings) -> Redactor {
    let mut redactor = Redactor::new();
    let mut hide = |secret: &SecretString| redactor.add(secret.expose_secret());
    hide(&settings.token);
    if let Some(client) = &settings.client {
        hide(&client.secret);
    }
    redactor
}

fn notes(host: &Host) -> Vec<String> {
    let world = &host.world;
    let mut notes = Vec::new();
    if world.settings.insecure {
        notes.push("Certificates were not checked (--insecure).".to_owned());
    }
    for oddity in &world.settings.oddities {
        notes.push(format!("Our transmitter was odd, in a legal way, throughout: {} (--variation).", oddity.id));
    }
    let inner = world.visits.lock();
    if inner.unauthorized > 0 {
        notes.push(format!("{} requests came without a good credential and were refused.", inner.unauthorized));
    }
    if host.overlooked() > 0 || inner.overlooked > 0 {
        notes.push("So many requests came that some of them were not judged.".to_owned());
    }
    notes
}
