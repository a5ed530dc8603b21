//! A run against an OpenID provider: the harness is its relying party, and the browser of its users.

mod actor;
mod behind;
mod listener;
mod login;
mod logout;
mod provider;
mod register;
pub mod settings;
mod tokens;
mod world;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use futures_util::StreamExt;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::sync::{OnceCell, watch};

use super::browser::FormStep;
use super::course::{self, Course, End, in_order};
use super::event::{CaseStatus, Emitter, Event, Finished, PreflightLine, Started, Verdict};
use super::judge::{Judge, Observation};
use super::plan::{Plan, Visits};
use super::receiver::run_id;
use super::redact::Redactor;
use super::steps::{CaseRun, run_case};
use crate::http::{Client, ClientError, ClientOptions, Exchange};
use crate::peer::message::{request_value, response_value};
use crate::suite::catalogue::Case;
use crate::suite::model::profile::Role;
use crate::suite::model::section::{Kind, Party};
use actor::RelyingParty;
pub(crate) use behind::RelyingPartyAt;
use listener::Listener;
use login::Wanted;
use register::Identity;
use settings::OpSettings;
use world::World;

/// The largest page or answer that is read.
const MAX_BODY: usize = 1024 * 1024;

/// How many cases are under way at once; those that log in wait for their turn.
const SIDE_BY_SIDE: usize = 16;

/// Why a run could not start. Nothing was sent to the target.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalogue has no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// The profile is for another kind of target.
    #[error("the profile `{profile}` is for a {role}, not for an OpenID provider")]
    Role {
        /// The name of the profile: `push-receiver`.
        profile: String,
        /// The role that it is for: `receiver`.
        role: &'static str,
    },
    /// Nothing is left to test (exit code 4).
    #[error("the selection matches no requirement and no case of the profile")]
    NothingSelected,
    /// The address for our relying party is taken, or is not ours.
    #[error("our relying party cannot listen on {addr}: {error}")]
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

/// A run that has been prepared: our relying party is up, nothing has been sent yet.
pub struct OpRun {
    world: Arc<World>,
    plan: Plan,
    redactor: Redactor,
    id: String,
}

/// What was found before the first case.
struct Found {
    exchanges: Vec<Exchange>,
    observations: Vec<Observation>,
    lines: Vec<PreflightLine>,
}

impl OpRun {
    /// Plans the run and starts our relying party.
    ///
    /// # Errors
    /// If that is not possible; nothing was sent.
    pub async fn prepare(settings: OpSettings) -> Result<Self, StartError> {
        let catalogue = settings.catalogue.clone();
        let profile =
            catalogue.profiles.get(&settings.profile).ok_or_else(|| StartError::Profile(settings.profile.clone()))?;
        if profile.role != Role::Op {
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
            max_body: MAX_BODY,
            ..ClientOptions::default()
        })?;
        let listener = Listener::start(settings.listen, settings.public_url.as_ref())
            .await
            .map_err(|error| StartError::Listen { addr: settings.listen, error })?;
        let judge = Judge::new(catalogue.clone(), plan.requirements.iter().copied(), &[Party::Op]);
        let mut redactor = Redactor::new();
        let fields = settings.login_forms.iter().chain(&settings.logout_forms).flat_map(FormStep::secrets);
        for secret in settings.client_secret.iter().chain(fields) {
            redactor.add(secret.expose_secret());
        }
        let world = World {
            settings,
            listener,
            client,
            judge,
            provider: OnceLock::new(),
            identity: OnceLock::new(),
            encrypted: OnceCell::new(),
            turn: Arc::default(),
            owners: Mutex::default(),
        };
        Ok(Self { world: Arc::new(world), plan, redactor, id: run_id() })
    }

    /// Tests another provider than the settings say: one that could only be started once our relying party was up.
    pub fn aim(&mut self, issuer: String) {
        if let Some(world) = Arc::get_mut(&mut self.world) {
            world.settings.issuer = issuer;
        }
    }

    /// Where the provider sends browsers back to; it has to be registered there.
    pub fn redirect_uri(&self) -> String {
        self.world.listener.redirect_uri()
    }

    /// Our `backchannel_logout_uri`; it has to be registered there.
    pub fn logout_uri(&self) -> String {
        self.world.listener.logout_uri()
    }

    /// Where the provider sends browsers after a logout; it has to be registered there.
    pub fn post_logout_redirect_uri(&self) -> String {
        self.world.listener.post_logout_redirect_uri()
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
        for identity in self.world.identity.get().into_iter().chain(self.world.encrypted.get()) {
            register::deregister(&self.world.client, identity).await;
        }
        if let Ok(world) = Arc::try_unwrap(self.world) {
            world.listener.shutdown().await;
        }
        finished
    }

    /// The preflight alone; emits its lines, without secrets.
    pub async fn examine(self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let began = Instant::now();
        let found = tokio::select! {
            found = self.preflight() => Some(found),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        if let Some(identity) = self.world.identity.get() {
            register::deregister(&self.world.client, identity).await;
        }
        let ready = found.as_ref().is_some_and(|found| found.lines.iter().all(|line| line.ok));
        let interrupted = found.is_none();
        if let Some(found) = found {
            let exchanges = found.exchanges.into_iter().map(|exchange| Event::Exchange(Arc::new(exchange)));
            let lines = found.lines.into_iter().map(Event::Preflight);
            exchanges.chain(lines).for_each(|event| emitter.emit(self.redactor.event(event)));
        }
        Finished {
            verdict: if ready { Verdict::Conformant } else { Verdict::Inconclusive },
            inconclusive: !ready,
            interrupted,
            duration_ms: began.elapsed().as_secs_f64() * 1000.0,
            requirements: Vec::new(),
            notes: self.notes(),
            internal_errors: Vec::new(),
        }
    }

    /// Asks for the metadata and the keys, and logs in once.
    async fn preflight(&self) -> Found {
        let world = &self.world;
        let settings = &world.settings;
        let (exchanges, outcome) = provider::discover(&world.client, &settings.issuer).await;
        let mut found = Found { exchanges, observations: Vec::new(), lines: Vec::new() };
        let line = |name: &str, ok: bool, message: String, advice: Option<String>| PreflightLine {
            name: name.to_owned(),
            ok,
            message,
            advice,
        };
        match outcome {
            Ok(provider) => {
                if let Some(exchange) = found.exchanges.first() {
                    let scope = world
                        .scope()
                        .with("metadata", provider.metadata.clone())
                        .with("request", request_value(&exchange.request))
                        .with("response", response_value(exchange));
                    found.observations = world.judge.message(Kind::Metadata, &scope, Some(&exchange.id));
                }
                let message = format!("{} says what it is and which keys are its own", settings.issuer);
                found.lines.push(line("metadata", true, message, None));
                world.provider.get_or_init(|| provider);
            }
            Err(why) => {
                let advice = "The issuer is given as its metadata name it, to the letter.".to_owned();
                found.lines.push(line("metadata", false, why, Some(advice)));
                return found;
            }
        }
        let identity = match &settings.client_id {
            Some(id) => {
                Ok(Identity::given(id.clone(), settings.client_secret.clone(), settings.encryption_key.clone()))
            }
            None => match world.provider.get() {
                Some(provider) => register::register(&world.client, provider, &world.listener, None).await,
                None => Err("the provider is not known".to_owned()),
            },
        };
        match identity {
            Ok(identity) if settings.client_id.is_none() => {
                let message = format!("the provider knows our relying party as {:?}", identity.id);
                found.lines.push(line("registration", true, message, None));
                world.identity.get_or_init(|| identity);
            }
            Ok(identity) => {
                world.identity.get_or_init(|| identity);
            }
            Err(why) => {
                let advice = "--client-id and --client-secret name one that was registered by hand.".to_owned();
                found.lines.push(line("registration", false, why, Some(advice)));
                return found;
            }
        }
        match world.login(Wanted::default()).await {
            Ok((_, exchanges)) => {
                found.exchanges.extend(exchanges);
                found.lines.push(line("login", true, "our relying party got an ID Token".to_owned(), None));
            }
            Err(failed) => {
                found.exchanges.extend(failed.exchanges);
                let advice = format!(
                    "Is {:?} registered with the redirect URI {}? Where a login takes more than redirects, [[op.login]] in \
                     setspec.toml describes the forms on the way, and --hook names a command that opens the URL in \
                     SETSPEC_URL with a browser.",
                    world.client_id(),
                    world.listener.redirect_uri(),
                );
                found.lines.push(line("login", false, failed.reason, Some(advice)));
            }
        }
        found
    }

    async fn to_its_end(&self, emitter: &Emitter, mut stop: watch::Receiver<bool>) -> Finished {
        let world = &self.world;
        let settings = &world.settings;
        let catalogue = settings.catalogue.clone();
        let started = Started {
            id: self.id.clone(),
            at: jiff::Timestamp::now(),
            role: Role::Op,
            url: settings.issuer.clone(),
            profile: settings.profile.clone(),
            command: settings.command.clone(),
            requirements: self.plan.requirements.len(),
            cases: self.plan.cases.len(),
        };
        let mut course = Course::begin(&catalogue, &self.plan, emitter, &settings.command, started);
        let found = tokio::select! {
            found = self.preflight() => Some(found),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let mut interrupted = found.is_none();
        let mut ready = false;
        if let Some(found) = found {
            ready = found.lines.iter().all(|line| line.ok);
            course.preflight(found.exchanges, &found.observations, found.lines);
        }
        let present = world.features();
        for index in &self.plan.requirements {
            let needs = &catalogue.requirements[*index].needs;
            if let Some(missing) = needs.iter().find(|need| !present.contains(&need.as_str())).filter(|_| ready) {
                course.ledger.exclude(*index, &absence(missing));
            }
        }
        if !interrupted {
            let of = self.plan.cases.len();
            // They take turns: while one sees that nothing comes any more, the next begins.
            let runs = futures_util::stream::iter(self.plan.cases.iter().copied().enumerate())
                .map(|(number, index)| {
                    let case = &catalogue.cases[index];
                    async move {
                        let (id, title) = (case.id.clone(), case.title.clone());
                        emitter.emit(Event::CaseStarted { id, title, number: number + 1, of });
                        (number, self.case(index, case, ready).await)
                    }
                })
                .buffer_unordered(SIDE_BY_SIDE);
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
        if !ready {
            return CaseRun::without_steps(index, case, CaseStatus::Inconclusive, "the preflight failed");
        }
        let features = world.features();
        if let Some(missing) = case.needs.iter().find(|need| !features.contains(&need.as_str())) {
            return CaseRun::without_steps(index, case, CaseStatus::Skipped, absence(missing));
        }
        let mut party = RelyingParty::new(world.clone()).await;
        let scope = world.scope().with("sent", json!(null));
        run_case(index, case, &world.judge, &mut party, scope).await
    }

    fn notes(&self) -> Vec<String> {
        let insecure = self.world.settings.insecure;
        insecure.then(|| "Certificates were not checked (--insecure).".to_owned()).into_iter().collect()
    }
}

/// Why a feature is absent, in words.
fn absence(feature: &str) -> String {
    match feature {
        "logout-sessions" => "the metadata do not say backchannel_logout_session_supported".to_owned(),
        "encryption" => {
            "the metadata announce no encryption that is spoken here, or our relying party was registered without"
                .to_owned()
        }
        "refresh-tokens" => "the metadata do not announce refresh tokens (grant_types_supported)".to_owned(),
        "offline-access" => "the metadata do not announce refresh tokens and the scope offline_access".to_owned(),
        "default-algorithm" => "algorithms are announced, or may have been registered".to_owned(),
        other => format!("the feature `{other}` was not declared"),
    }
}
