//! The observation of a pushing transmitter: the harness is the receiver.
//!
//! Every push that comes is judged by the rules on pushes, tokens, events and subjects; cases change how our listener
//! answers and watch what the transmitter does.

mod listener;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::event::{CaseStatus, Finished};
use super::judge::{Judge, Observation, Origin};
use super::ledger::Ledger;
use super::plan::{Plan, Selection, Visits};
use super::settings::Timeouts;
use super::steps::{CaseRun, run_case};
use crate::expr::Scope;
use crate::http::{Authority, Client, ClientOptions, Exchange, Roots};
use crate::peer::message::{request_value, response_value, set_value, tls_value};
use crate::peer::tamper::Tamper;
use crate::peer::transmitter::{Transmitter, TransmitterOptions};
use crate::run::receiver::GOOD_SET;
use crate::set::{self, Jwks, SigningKey, Token};
use crate::suite::Catalogue;
use crate::suite::model::section::{Kind, Party};
use listener::{Listener, Watcher};

/// Who the built-in transmitter says it is when it is observed.
const ISSUER: &str = "https://transmitter.example.com";
const AUDIENCE: &str = "https://receiver.example.com";

/// An observation of the built-in transmitter.
pub struct ObserveSettings {
    /// The suites that the profile is taken from, and the SET fixtures that are pushed.
    pub catalogue: Arc<Catalogue>,
    /// The name of the profile: `push-transmitter`.
    pub profile: String,
    /// The key that the transmitter signs with, and that we verify by.
    pub key: Arc<SigningKey>,
    /// Another key of the same algorithm, for forgeries.
    pub other_key: Arc<SigningKey>,
    /// How the transmitter deviates.
    pub tamper: Tamper,
    /// How long requests and waits may take.
    pub timeouts: Timeouts,
    /// Whether our listener is reached over https.
    pub tls: bool,
    /// How long the transmitter waits before its first retransmission; the second one waits twice as long.
    pub retry_delay: Duration,
}

/// Why an observation could not be made: always our fault.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The catalogue has no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// Our listener, or a certificate for it, could not be made.
    #[error("our listener: {0}")]
    Listener(String),
    /// The transmitter could not be set up, or could not make a SET.
    #[error("the built-in transmitter: {0}")]
    Transmitter(String),
}

/// Lets the built-in transmitter push every SET fixture once, then goes through the cases.
pub async fn observe(settings: ObserveSettings) -> Result<Finished, ObserveError> {
    let began = Instant::now();
    let catalogue = settings.catalogue.clone();
    let profile =
        catalogue.profiles.get(&settings.profile).ok_or_else(|| ObserveError::Profile(settings.profile.clone()))?;
    let plan = Plan::new(&catalogue, profile, &Selection::default(), Visits::LeftOut);
    let parties = [Party::Issuer, Party::Transmitter];
    let judge = Arc::new(Judge::new(catalogue.clone(), plan.requirements.iter().copied(), &parties));
    let jwks = Jwks::for_keys(&[&settings.key]).map_err(|error| ObserveError::Transmitter(error.to_string()))?;
    let ours = |error: &dyn std::fmt::Display| ObserveError::Listener(error.to_string());
    let authority = Authority::new().map_err(|error| ours(&error))?;
    let listener = Arc::new(Listener::start(&authority, settings.tls).await.map_err(|error| ours(&error))?);
    let client = Client::new(ClientOptions {
        roots: Roots::Only(authority.pem().into_bytes()),
        insecure: settings.tamper.tls().is_some_and(|tls| tls.trusts_anything),
        response_timeout: settings.timeouts.response,
        ..ClientOptions::default()
    })
    .map_err(|error| ObserveError::Transmitter(error.to_string()))?;
    let transmitter = Arc::new(Transmitter::new(TransmitterOptions {
        catalogue: catalogue.clone(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        key: settings.key.clone(),
        other_key: settings.other_key.clone(),
        client,
        authorization: None,
        tamper: settings.tamper.clone(),
        retry_delay: settings.retry_delay,
        attempts: 3,
    }));

    let mut ledger = Ledger::new(plan.requirements.iter().copied());
    let mut internal_errors = Vec::new();
    let mut subscription = listener.recorder().subscribe();
    for fixture in catalogue.fixtures.sets() {
        transmitter
            .emit(fixture, &listener.url())
            .await
            .map_err(|error| ObserveError::Transmitter(error.to_string()))?;
        while let Some(exchange) = subscription.try_next() {
            for seen in judge_push(&judge, &exchange, &jwks, &settings.timeouts).1 {
                ledger.enter(&catalogue, &seen, None);
            }
        }
    }
    for index in &plan.cases {
        let case = &catalogue.cases[*index];
        let run = match case.needs.iter().find(|need| need.as_str() == "listener-tls" && !settings.tls) {
            Some(_) => {
                CaseRun::without_steps(*index, case, CaseStatus::Skipped, "our listener is plain http on loopback")
            }
            None => {
                let mut watcher =
                    Watcher::new(listener.clone(), transmitter.clone(), judge.clone(), jwks.clone(), settings.timeouts);
                run_case(*index, case, &judge, &mut watcher, scope(&settings)).await
            }
        };
        ledger.close(case, &run.result);
        internal_errors.extend(run.internal_error);
        for seen in &run.observations {
            ledger.enter(&catalogue, seen, None);
        }
        listener.answer_as_usual();
    }
    let requirements = ledger.results(&catalogue);
    Ok(Finished {
        verdict: ledger.verdict(&requirements, false),
        inconclusive: ledger.is_inconclusive(),
        interrupted: false,
        duration_ms: began.elapsed().as_secs_f64() * 1000.0,
        requirements,
        notes: Vec::new(),
        internal_errors,
    })
}

/// What the rules see of one push, and what they say.
pub(crate) fn judge_push(
    judge: &Judge,
    exchange: &Exchange,
    jwks: &Jwks,
    timeouts: &Timeouts,
) -> (Scope, Vec<Observation>) {
    let token = Token::from_bytes(&exchange.request.body);
    let signature = set::verify(&token, jwks);
    let scope = Scope::new()
        .with("request", request_value(&exchange.request))
        .with("response", response_value(exchange))
        .with("sent", serde_json::Value::Null)
        .with("set", set_value(&token, &signature))
        .with("tls", tls_value(exchange.tls.as_ref()))
        .with("elapsed", json!(exchange.seconds()))
        .with("delivery", serde_json::Value::Null)
        .with("timeouts", timeouts.value());
    let mut observations = judge.message(Kind::Push, &scope, Some(&exchange.id));
    observations.extend(judge.token(&token, &signature, &Origin::default(), Some(&exchange.id)));
    (scope, observations)
}

fn scope(settings: &ObserveSettings) -> Scope {
    Scope::new()
        .with("issuer", json!(ISSUER))
        .with("audience", json!(AUDIENCE))
        .with("features", json!(["trigger"]))
        .with("languages", json!(["en"]))
        .with("timeouts", settings.timeouts.value())
        .with("push", serde_json::Value::Null)
        .with("subject", serde_json::Value::Null)
        .with("events", json!({ "wanted": GOOD_SET }))
        .with("pushes", json!([]))
}
