//! A run against a Shared Signals transmitter: the harness is the receiver.
//!
//! The [`preflight`] finds out what the transmitter offers. Each case is a visit of its own ([`visitor`]), with its own
//! streams; [`messages`] takes apart and judges what the transmitter answers and sends. What was created is in the
//! [`registry`] until it is deleted, also when the run is interrupted.

pub(crate) mod absence;
mod credential;
pub(crate) mod endpoints;
pub mod hook;
mod keys;
mod listener;
pub(crate) mod messages;
mod pace;
mod preflight;
mod registry;
mod scim;
pub mod settings;
mod visitor;
mod world;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::StreamExt;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use super::course::{self, Course, End, in_order};
use super::event::{CaseStatus, Emitter, Event, Finished, Started};
use super::judge::Judge;
use super::ledger::Ledger;
use super::plan::{Plan, Visits};
use super::receiver::run_id;
use super::redact::Redactor;
use super::settings::is_loopback;
use super::steps::{CaseRun, Stop, run_case};
use crate::http::{Client, ClientError, ClientOptions};
use crate::suite::catalogue::{Action, Case};
use crate::suite::model::case::{Auth, CaseDelivery, Method};
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;
use absence::Absence;
use credential::{Credential, Limited};
use listener::Listener;
use pace::Pace;
use registry::Registry;
use scim::Scim;
use settings::{ClientAuthentication, ClientSettings, CredentialSettings, LimitedTokens, TransmitterSettings};
use visitor::Visitor;
pub(crate) use visitor::events;
use world::{World, is_gone, with_stream};

/// The largest answer that is read.
const MAX_BODY: usize = 1024 * 1024;

/// A poll is given this much longer than a delivery is waited for.
const POLL_MARGIN: Duration = Duration::from_secs(5);

/// How long the streams that are being made when a run ends may take to be known.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How long the streams that are left may take to be deleted.
const CLEAN_UP: Duration = Duration::from_secs(60);

/// Why a run could not start. Nothing was sent to the target.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalogue has no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// The profile is for another kind of target.
    #[error("the profile `{profile}` is for a {role}, not for a transmitter")]
    Role {
        /// The name of the profile: `push-receiver`.
        profile: String,
        /// The role that it is for: `receiver`.
        role: &'static str,
    },
    /// Nothing is left to test (exit code 4).
    #[error("the selection matches no requirement and no case of the profile")]
    NothingSelected,
    /// The issuer is none.
    #[error("the issuer {0:?}: expected an http or https URL without query and fragment")]
    Issuer(String),
    /// The address for our push endpoints is taken, or is not ours.
    #[error("our push listener cannot listen on {addr}: {error}")]
    Listen {
        /// The address that was asked for.
        addr: std::net::SocketAddr,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The CA bundle is of no use.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A run that has been prepared: our listener is up, nothing has been sent yet.
pub struct TransmitterRun {
    world: Arc<World>,
    plan: Plan,
    id: String,
}

/// One case by one method.
#[derive(Clone, Copy)]
struct Leg {
    case: usize,
    method: Method,
    /// Whether the case is gone through by more than one method.
    of_several: bool,
}

impl TransmitterRun {
    /// Plans the run and starts our push listener.
    pub async fn prepare(settings: TransmitterSettings) -> Result<Self, StartError> {
        let catalogue = settings.catalogue.clone();
        let profile =
            catalogue.profiles.get(&settings.profile).ok_or_else(|| StartError::Profile(settings.profile.clone()))?;
        if profile.role != Role::Transmitter {
            return Err(StartError::Role { profile: settings.profile.clone(), role: profile.role.name() });
        }
        let issuer = Url::parse(&settings.issuer).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if issuer.is_none() {
            return Err(StartError::Issuer(settings.issuer.clone()));
        }
        let plan = Plan::new(&catalogue, profile, &settings.selection, Visits::LeftOut);
        if plan.is_empty() {
            return Err(StartError::NothingSelected);
        }
        let client = |response_timeout| {
            Client::new(ClientOptions {
                roots: settings.roots.clone(),
                insecure: settings.insecure,
                response_timeout,
                connect_timeout: settings.timeouts.response,
                max_body: MAX_BODY,
                ..ClientOptions::default()
            })
        };
        let held = settings.long_poll.unwrap_or_default().max(settings.timeouts.delivery);
        let listener = Listener::start(settings.listen, settings.public_url.as_ref())
            .await
            .map_err(|error| StartError::Listen { addr: settings.listen, error })?;
        let judge =
            Judge::new(catalogue.clone(), plan.requirements.iter().copied(), &[Party::Issuer, Party::Transmitter]);
        let conscience = Judge::new(catalogue.clone(), catalogue.of_specs(&profile.specs), &[Party::Receiver]);
        let push_authorization = format!("Bearer {}", Uuid::new_v4());
        let mut redactor = Redactor::new();
        redactor.add(&push_authorization);
        let of_scim = settings.scim.as_ref().and_then(|scim| scim.credential.clone());
        let of_scim = of_scim.or_else(|| settings.credential.clone());
        for credential in [&settings.credential, &settings.second, &of_scim].into_iter().flatten() {
            if let Some(secret) = secret(credential) {
                redactor.add(&secret);
            }
        }
        let LimitedTokens { read_only, manage_only, expired } = &settings.limited;
        for token in [read_only, manage_only, expired].into_iter().flatten() {
            redactor.add(token.expose_secret());
        }
        let credential = |of: &Option<CredentialSettings>| {
            of.clone().map(|credential| Credential::new(credential, &settings.issuer))
        };
        Ok(Self {
            world: Arc::new(World {
                client: client(settings.timeouts.response)?,
                patient: client(held + POLL_MARGIN)?,
                judge,
                conscience,
                listener,
                registry: Registry::default(),
                first: credential(&settings.credential),
                second: credential(&settings.second),
                scim: settings.scim.as_ref().map(|scim| Scim::new(&scim.url, credential(&of_scim), scim.pushes)),
                limited: Limited::new(&settings.limited),
                wanted: plan.cases.iter().flat_map(|case| catalogue.cases[*case].needs.iter().cloned()).collect(),
                push_authorization,
                redactor: Arc::new(RwLock::new(redactor)),
                found: OnceLock::new(),
                offer: OnceLock::new(),
                lost: AtomicU32::new(0),
                heard: AtomicBool::new(false),
                pace: Pace::default(),
                settings,
            }),
            plan,
            id: run_id(),
        })
    }

    /// Where our push endpoints listen, with the port that was taken.
    pub fn listener(&self) -> std::net::SocketAddr {
        self.world.listener.addr()
    }

    /// Where SETs come that are pushed without a stream that we made.
    pub fn standing_url(&self) -> String {
        self.world.listener.standing_url()
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
        let redactor = self.world.redactor.clone();
        let redact = move |event: Event| redactor.read().unwrap_or_else(PoisonError::into_inner).event(event);
        course::without_secrets(emitter, redact, async |emitter| self.course(&emitter, stop, with_cases).await).await
    }

    async fn course(&self, emitter: &Emitter, mut stop: watch::Receiver<bool>, with_cases: bool) -> Finished {
        let world = &self.world;
        let settings = &world.settings;
        let catalogue = settings.catalogue.clone();
        let started = Started {
            id: self.id.clone(),
            at: jiff::Timestamp::now(),
            role: Role::Transmitter,
            url: settings.issuer.clone(),
            profile: settings.profile.clone(),
            command: settings.command.clone(),
            requirements: self.plan.requirements.len(),
            cases: if with_cases { self.plan.cases.len() } else { 0 },
        };
        let mut course = Course::begin(&catalogue, &self.plan, emitter, &settings.command, started);
        let preflight = tokio::select! {
            preflight = preflight::run(world) => Some(preflight),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let mut interrupted = preflight.is_none();
        let mut ready = false;
        if let Some(preflight) = preflight {
            ready = preflight.ready;
            if preflight.incomplete {
                course.ledger.mark_inconclusive();
            }
            self.exclude(&mut course.ledger);
            course.internal_errors.extend(preflight.internal_error);
            course.preflight(preflight.exchanges, &preflight.observations, preflight.lines);
        }
        let legs = if with_cases { self.legs() } else { Vec::new() };
        let (alone, together): (Vec<Leg>, Vec<Leg>) = legs.into_iter().partition(|leg| self.is_alone(leg));
        let of = alone.len() + together.len();
        let mut number = 0;
        for (legs, jobs) in [(together, self.jobs()), (alone, 1)] {
            if interrupted {
                break;
            }
            let first = number;
            number += legs.len();
            let runs = futures_util::stream::iter(legs.into_iter().enumerate())
                .map(|(at, leg)| {
                    let case = &catalogue.cases[leg.case];
                    async move {
                        let (id, title) = (leg.id(case), case.title.clone());
                        emitter.emit(Event::CaseStarted { id, title, number: first + at + 1, of });
                        (at, self.case(leg, case, ready).await)
                    }
                })
                .buffer_unordered(jobs);
            interrupted = course
                .go_through(in_order(runs), &mut stop, |course, (leg, run, absence)| {
                    self.enter(course, leg, run, absence)
                })
                .await;
        }
        self.clean_up().await;
        if ready && with_cases && self.is_deaf() {
            course.ledger.mark_inconclusive();
        }
        course.finish(End { ready, interrupted, strict: settings.strict }, self.notes())
    }

    /// Requirements that need what is not there.
    fn exclude(&self, ledger: &mut Ledger) {
        if self.world.offer().is_none() {
            return;
        }
        let catalogue = &self.world.settings.catalogue;
        for index in &self.plan.requirements {
            match absence::of(&self.world, &catalogue.requirements[*index].needs) {
                Some(Absence::NotApplicable(reason)) => ledger.exclude(*index, &reason),
                Some(Absence::Untested(reason)) => ledger.lacks_means(*index, &reason),
                None => {}
            }
        }
    }

    /// Each case once for each method that it is gone through by.
    fn legs(&self) -> Vec<Leg> {
        let methods: &[Method] = self.world.offer().map_or(&[], |offer| &offer.methods);
        // Where there is none, a case still says why it shows nothing.
        let any = methods.last().copied().unwrap_or(Method::Poll);
        self.plan
            .cases
            .iter()
            .flat_map(|&case| {
                let wanted: Vec<Method> = match self.world.settings.catalogue.cases[case].delivery {
                    CaseDelivery::Each if !methods.is_empty() => methods.to_vec(),
                    CaseDelivery::Any | CaseDelivery::Each => vec![any],
                    CaseDelivery::Push => vec![Method::Push],
                    CaseDelivery::Poll => vec![Method::Poll],
                };
                let of_several = wanted.len() > 1;
                wanted.into_iter().map(move |method| Leg { case, method, of_several })
            })
            .collect()
    }

    /// Whether nothing else may go on meanwhile: subjects that the operator gave are shared by all cases.
    fn is_alone(&self, leg: &Leg) -> bool {
        let case = &self.world.settings.catalogue.cases[leg.case];
        let triggers = case.steps.iter().any(|step| matches!(step.action, Action::Trigger { .. }));
        case.alone || (triggers && !self.world.settings.subjects.is_empty())
    }

    fn jobs(&self) -> usize {
        let one_stream = self.world.offer().is_some_and(|offer| offer.features.contains("one-stream"));
        // What comes to the standing endpoint is for all cases.
        if one_stream || self.world.is_without_streams() { 1 } else { self.world.settings.jobs.max(1) }
    }

    async fn case(&self, leg: Leg, case: &Case, ready: bool) -> (Leg, CaseRun, Option<Absence>) {
        let world = &self.world;
        let without = |status, reason: &str| CaseRun::without_steps(leg.case, case, status, reason);
        if !ready {
            return (leg, without(CaseStatus::Inconclusive, "the preflight failed"), None);
        }
        let method = (!case.streams.is_empty() || case.delivery != CaseDelivery::Any).then_some(leg.method);
        let absence =
            absence::of(world, &case.needs).or_else(|| method.and_then(|method| absence::of_method(world, method)));
        if let Some(absence) = absence {
            return (leg, without(CaseStatus::Skipped, absence.reason()), Some(absence));
        }
        if world.is_lost() {
            return (leg, without(CaseStatus::Inconclusive, "the target stopped answering"), None);
        }
        let mut visitor = Visitor::new(world.clone(), leg.method);
        let mut scope = visitor.scope();
        let mut run = match visitor.prepare(case, &mut scope).await {
            Ok(acted) => {
                let mut run = run_case(leg.case, case, &world.judge, &mut visitor, scope).await;
                run.exchanges.splice(0..0, acted.exchanges);
                run.observations.splice(0..0, acted.observations);
                run
            }
            Err(Stop::Inconclusive { reason, exchanges, observations }) => {
                let run = without(CaseStatus::Inconclusive, &reason);
                CaseRun { exchanges, observations, ..run }
            }
            Err(Stop::NotApplicable(reason) | Stop::NoOccasion(reason)) => without(CaseStatus::Skipped, &reason),
            Err(Stop::Internal(reason)) => {
                let internal_error = Some(format!("{}: {reason}", case.id));
                CaseRun { internal_error, ..without(CaseStatus::Inconclusive, &reason) }
            }
        };
        let acted = visitor.leave().await;
        run.exchanges.extend(acted.exchanges);
        run.observations.extend(acted.observations);
        (leg, run, None)
    }

    fn enter(&self, course: &mut Course<'_>, leg: Leg, mut run: CaseRun, absence: Option<Absence>) {
        let settings = &self.world.settings;
        let case = &settings.catalogue.cases[run.case];
        run.result.id = leg.id(case);
        let mut reproduce = format!("{} --only {}", settings.command, case.id);
        if leg.of_several {
            reproduce.push_str(&format!(" --delivery {}", leg.method.name()));
        }
        if let Some(Absence::Untested(reason)) = absence {
            run.untested = Some(reason);
        }
        course.enter(run, &reproduce);
    }

    /// Deletes what cases that were cut off have left.
    async fn clean_up(&self) {
        let world = &self.world;
        let _ = timeout(LAST_ANSWERS, world.registry.settle()).await;
        let deleting = async {
            if let Some(scim) = &world.scim {
                for made in scim.resources.left() {
                    let mut visitor = Visitor::new(world.clone(), Method::Poll);
                    if visitor.delete_resource(&made, &mut Default::default()).await {
                        scim.resources.forget(&made.name);
                    }
                }
            }
            let Some(endpoint) = world.endpoints().configuration().cloned() else { return };
            for made in world.registry.left() {
                let mut visitor = Visitor::new(world.clone(), Method::Poll);
                let url = with_stream(&endpoint, &made.stream_id);
                let auth = if made.auth == Auth::OtherReceiver { Auth::OtherReceiver } else { Auth::Valid };
                let sent = visitor.send("DELETE", url, None, auth, None, &mut Default::default()).await;
                if sent.is_ok_and(|(exchange, _)| is_gone(&exchange)) {
                    world.registry.remove(&made);
                }
            }
        };
        // Whatever is left by then is in the notes.
        let _ = timeout(CLEAN_UP, deleting).await;
    }

    /// Whether a service provider that is to be judged by its events has sent none.
    fn is_deaf(&self) -> bool {
        let world = &self.world;
        world.scim.is_some() && world.settings.selection.is_everything() && !world.heard.load(Ordering::Relaxed)
    }

    fn notes(&self) -> Vec<String> {
        let settings = &self.world.settings;
        let mut notes = Vec::new();
        let issuer = Url::parse(&settings.issuer);
        if issuer.is_ok_and(|url| url.scheme() == "http" && is_loopback(&url)) && !settings.deployed {
            notes.push(
                "The target is plain http on a loopback address, a development set-up: the requirements on https are not applicable here.".to_owned(),
            );
        }
        if settings.insecure {
            notes.push("Certificates were not checked (--insecure).".to_owned());
        }
        if self.is_deaf() {
            notes.push(
                "No SET came that tells of the service provider: nothing can be concluded about its events.".to_owned(),
            );
        }
        let left = self.world.registry.left().len();
        if left > 0 {
            let streams = if left == 1 { "stream that was" } else { "streams that were" };
            notes.push(format!("{left} {streams} created could not be deleted."));
        }
        let left = self.world.scim.as_ref().map(|scim| scim.resources.left()).unwrap_or_default();
        if !left.is_empty() {
            let names: Vec<String> = left.into_iter().map(|made| made.name).collect();
            notes.push(format!(
                "These SCIM resources may be left, since they could not be deleted: {}.",
                names.join(", ")
            ));
        }
        let strangers = self.world.listener.strangers();
        if strangers > 0 {
            let requests = if strangers == 1 { "request" } else { "requests" };
            notes.push(format!("{strangers} {requests} came to paths of our push listener that were never given out."));
        }
        notes
    }
}

impl Leg {
    fn id(&self, case: &Case) -> String {
        if self.of_several { format!("{}[{}]", case.id, self.method.name()) } else { case.id.clone() }
    }
}

fn secret(credential: &CredentialSettings) -> Option<String> {
    match credential {
        CredentialSettings::Token(token) => Some(format!("Bearer {}", token.expose_secret())),
        CredentialSettings::Client(ClientSettings { authentication, .. }) => match authentication {
            ClientAuthentication::Basic(secret) | ClientAuthentication::Post(secret) => {
                Some(secret.expose_secret().to_owned())
            }
            ClientAuthentication::PrivateKey(_) => None,
        },
    }
}
