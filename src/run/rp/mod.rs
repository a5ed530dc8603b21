//! A run against a relying party: the harness is its OpenID provider, and the browser of its users.

mod actor;
mod behind;
mod preflight;
pub mod settings;
mod world;

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use url::Url;

use super::browser::FormStep;
use super::course::{self, Course, End, in_order};
use super::event::{CaseStatus, Emitter, Event, Finished, Started, Verdict};
use super::judge::Judge;
use super::making::Making;
use super::plan::{Plan, Visits};
use super::receiver::run_id;
use super::redact::Redactor;
use super::steps::{CaseRun, run_case};
use crate::http::{Client, ClientError, ClientOptions, Recorder};
use crate::peer::oidc::{Op, OpOptions, RegisteredClient};
use crate::peer::tamper::Tamper;
use crate::set::{Jwks, KeyError};
use crate::suite::catalogue::Case;
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;
use actor::Visitors;
use settings::RpSettings;
use world::World;

/// The largest page or answer that is read.
const MAX_BODY: usize = 1024 * 1024;

/// Why a run could not start. Nothing was sent to the target.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalogue has no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// The profile is for another kind of target.
    #[error("the profile `{profile}` is for a {role}, not for a relying party")]
    Role {
        /// The name of the profile: `push-receiver`.
        profile: String,
        /// The role that it is for: `receiver`.
        role: &'static str,
    },
    /// Nothing is left to test (exit code 4).
    #[error("the selection matches no requirement and no case of the profile")]
    NothingSelected,
    /// The address for our provider is taken, or is not ours.
    #[error("our OpenID provider cannot listen on {addr}: {error}")]
    Listen {
        /// The address that was asked for.
        addr: std::net::SocketAddr,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The logout URI is no URL.
    #[error("{0}")]
    LogoutUri(String),
    /// The CA bundle is of no use.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Our key has no form in which it can be verified.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A run that has been prepared: our provider is up, nobody has logged in yet.
pub struct RpRun {
    world: Arc<World>,
    plan: Plan,
    redactor: Redactor,
    id: String,
}

impl RpRun {
    /// Plans the run and starts our OpenID provider.
    ///
    /// # Errors
    /// If that is not possible; nothing was sent.
    pub async fn prepare(settings: RpSettings) -> Result<Self, StartError> {
        let catalogue = settings.catalogue.clone();
        let profile =
            catalogue.profiles.get(&settings.profile).ok_or_else(|| StartError::Profile(settings.profile.clone()))?;
        if profile.role != Role::Rp {
            return Err(StartError::Role { profile: settings.profile.clone(), role: profile.role.name() });
        }
        let plan = Plan::new(&catalogue, profile, &settings.selection, Visits::LeftOut);
        if plan.is_empty() {
            return Err(StartError::NothingSelected);
        }
        let endpoint = settings.endpoint().map_err(StartError::LogoutUri)?;
        let client = Client::new(ClientOptions {
            roots: settings.roots.clone(),
            insecure: settings.insecure,
            response_timeout: settings.timeouts.response,
            connect_timeout: settings.timeouts.response,
            max_body: MAX_BODY,
            ..ClientOptions::default()
        })?;
        let op = Op::start(OpOptions {
            addr: settings.listen,
            public_url: settings.public_url.clone(),
            key: settings.key.clone(),
            other_key: settings.other_key.clone(),
            clients: vec![RegisteredClient {
                id: settings.client_id.clone(),
                secret: settings.client_secret.clone(),
                redirect_uris: settings.redirect_uris.clone(),
                logout_uri: None,
                encryption: settings.encryption.clone(),
                refreshes: false,
            }],
            user: "user".to_owned(),
            client: client.clone(),
            tamper: Tamper::default(),
            recorder: Recorder::new(1),
            logouts: Recorder::new(1),
        })
        .await
        .map_err(|error| StartError::Listen { addr: settings.listen, error })?;
        let behind = behind::prepare(&settings, client.clone()).await;
        let behind = behind.map_err(|error| StartError::Listen { addr: settings.listen, error })?;
        let judge = Judge::new(catalogue.clone(), plan.requirements.iter().copied(), &[Party::Rp]);
        let conscience = Judge::new(catalogue.clone(), catalogue.of_specs(&profile.specs), &[Party::Op]);
        let mut redactor = Redactor::new();
        let downstream = settings.downstream.iter().filter_map(|downstream| downstream.client_secret.as_ref());
        let fields = settings.login_forms.iter().flat_map(FormStep::secrets);
        for secret in settings.client_secret.iter().chain(fields).chain(downstream) {
            redactor.add(secret.expose_secret());
        }
        let making =
            Making { catalogue: catalogue.clone(), key: settings.key.clone(), other_key: settings.other_key.clone() };
        let world = World {
            jwks: Jwks::for_keys(&[&settings.key])?,
            op,
            endpoint,
            client,
            judge,
            conscience,
            making,
            lost: Default::default(),
            takes_plain: Default::default(),
            behind,
            settings,
        };
        Ok(Self { world: Arc::new(world), plan, redactor, id: run_id() })
    }

    /// Tests another relying party than the settings say: one that could only be started once our provider was up.
    pub fn aim(&mut self, login: Url, logout: String, protected: Url) {
        if let Some(world) = Arc::get_mut(&mut self.world) {
            world.settings.login = login;
            world.settings.logout = logout;
            world.settings.protected = Some(protected);
            if let Ok(endpoint) = world.settings.endpoint() {
                world.endpoint = endpoint;
            }
        }
    }

    /// The issuer that the relying party has to trust.
    pub fn issuer(&self) -> &str {
        self.world.op.issuer()
    }

    /// The redirect URI and the logout URI of our relying party behind the target, if there is one.
    pub fn behind(&self) -> Option<(String, String)> {
        self.world.behind.as_ref().map(|behind| (behind.redirect_uri(), behind.logout_uri()))
    }

    /// Where our metadata are.
    pub fn metadata_url(&self) -> String {
        self.world.op.metadata_url()
    }

    /// Runs to the end, or until `stop` becomes true; emits everything that happens, without secrets.
    pub async fn run(self, emitter: &Emitter, stop: watch::Receiver<bool>) -> Finished {
        let redactor = self.redactor.clone();
        let finished = course::without_secrets(
            emitter,
            move |event| redactor.event(event),
            async |emitter| self.to_its_end(&emitter, stop).await,
        )
        .await;
        if let Some(behind) = &self.world.behind {
            behind.leave().await;
        }
        finished
    }

    /// The preflight alone; emits its lines, without secrets.
    pub async fn examine(self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let began = Instant::now();
        let preflight = tokio::select! {
            preflight = preflight::run(&self.world) => Some(preflight),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let ready = preflight.as_ref().is_some_and(|preflight| preflight.lines.iter().all(|line| line.ok));
        let mut finished = Finished {
            verdict: if ready { Verdict::Conformant } else { Verdict::Inconclusive },
            inconclusive: !ready,
            interrupted: preflight.is_none(),
            duration_ms: began.elapsed().as_secs_f64() * 1000.0,
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
        finished
    }

    async fn to_its_end(&self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let world = &self.world;
        let settings = &world.settings;
        let catalogue = settings.catalogue.clone();
        let started = Started {
            id: self.id.clone(),
            at: jiff::Timestamp::now(),
            role: Role::Rp,
            url: settings.login.to_string(),
            profile: settings.profile.clone(),
            command: settings.command.clone(),
            requirements: self.plan.requirements.len(),
            cases: self.plan.cases.len(),
        };
        let mut course = Course::begin(&catalogue, &self.plan, emitter, &settings.command, started);
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
        // Whether it registers itself is known once somebody has logged in.
        let present = world.features();
        for index in &self.plan.requirements {
            let needs = &catalogue.requirements[*index].needs;
            if let Some(missing) = needs.iter().find(|need| !present.contains(need.as_str())) {
                course.ledger.exclude(*index, &settings.absence(missing));
            }
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
                .buffer_unordered(settings.side_by_side());
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
        let features = world.features();
        if let Some(missing) = case.needs.iter().find(|need| !features.contains(need.as_str())) {
            return CaseRun::without_steps(index, case, CaseStatus::Skipped, world.settings.absence(missing));
        }
        if !ready {
            return CaseRun::without_steps(index, case, CaseStatus::Inconclusive, "the preflight failed");
        }
        if world.is_lost() {
            return CaseRun::without_steps(index, case, CaseStatus::Inconclusive, "nobody can log in any more");
        }
        let mut visitors = Visitors::new(world.clone());
        run_case(index, case, &world.judge, &mut visitors, world.scope()).await
    }

    fn notes(&self) -> Vec<String> {
        let settings = &self.world.settings;
        let mut notes = Vec::new();
        if settings.is_development() {
            notes.push(
                "The logout endpoint is plain http on a loopback address, a development set-up: requirements on its scheme are not applicable here.".to_owned(),
            );
        }
        if settings.insecure {
            notes.push("Certificates were not checked (--insecure).".to_owned());
        }
        notes
    }
}
