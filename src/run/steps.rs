//! Going through the steps of a case: what every kind of run shares.

use std::future::Future;
use std::time::Instant;

use url::Url;

use super::event::{CaseResult, CaseStatus};
use super::judge::{Judge, Observation, Observed};
use crate::expr::Scope;
use crate::http::{Client, Exchange};
use crate::suite::catalogue::{Case, Step};
use crate::suite::model::section::Level;

/// Carries out the actions of steps against a peer.
pub(crate) trait Actor {
    /// Does the action of a step and sets the variables that the step may look at.
    fn act(&mut self, step: &Step, scope: &mut Scope) -> impl Future<Output = Result<Acted, Stop>> + Send;
}

/// What an action left behind.
#[derive(Debug, Default)]
pub(crate) struct Acted {
    pub exchanges: Vec<Exchange>,
    /// What the passive rules saw on the way.
    pub observations: Vec<Observation>,
    /// Something was waited for that did not come.
    pub missed: bool,
    /// A push that has to be refused got no answer at all: whether the SET was taken cannot be told.
    pub unanswered: bool,
}

impl Acted {
    /// The same, unless its last exchange failed and nobody is at `url` any more to be blamed for that.
    pub async fn unless_gone(mut self, client: &Client, url: &Url) -> Result<Self, Stop> {
        match self.exchanges.pop_if(|exchange| exchange.failure.is_some()) {
            Some(exchange) if !client.finds_somebody(url).await => Err(Stop::gone(exchange)),
            last => {
                self.exchanges.extend(last);
                Ok(self)
            }
        }
    }
}

/// Why a case cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Nothing can be concluded from it.
    Inconclusive { reason: String, exchanges: Vec<Exchange>, observations: Vec<Observation> },
    /// It does not apply to this target after all.
    NotApplicable(String),
    /// The target gave no occasion to see anything.
    NoOccasion(String),
    /// The harness is to blame.
    Internal(String),
}

impl Stop {
    pub fn inconclusive(reason: impl Into<String>) -> Self {
        Self::Inconclusive { reason: reason.into(), exchanges: Vec::new(), observations: Vec::new() }
    }

    /// Nobody was there to answer, which says nothing of what was asked.
    fn gone(exchange: Exchange) -> Self {
        let failure = exchange.failure.as_ref().map_or("no answer came", |failure| failure.message.as_str());
        let reason = format!("nobody is there any more: {failure}");
        Self::Inconclusive { reason, exchanges: vec![exchange], observations: Vec::new() }
    }
}

/// A case that has been gone through.
#[derive(Debug)]
pub(crate) struct CaseRun {
    /// The index of the case in the catalogue.
    pub case: usize,
    pub result: CaseResult,
    pub exchanges: Vec<Exchange>,
    pub observations: Vec<Observation>,
    pub internal_error: Option<String>,
    /// Why it shows nothing although it applies.
    pub untested: Option<String>,
}

impl CaseRun {
    pub fn without_steps(index: usize, case: &Case, status: CaseStatus, reason: impl Into<String>) -> Self {
        Self {
            case: index,
            result: CaseResult {
                id: case.id.clone(),
                title: case.title.clone(),
                status,
                reason: Some(reason.into()),
                duration_ms: 0.0,
            },
            exchanges: Vec::new(),
            observations: Vec::new(),
            internal_error: None,
            untested: None,
        }
    }
}

/// Goes through the steps of a case. A broken expectation does not end it: the next steps may show more.
pub(crate) async fn run_case(
    index: usize,
    case: &Case,
    judge: &Judge,
    actor: &mut (impl Actor + Send),
    mut scope: Scope,
) -> CaseRun {
    let began = Instant::now();
    let mut exchanges = Vec::new();
    let mut observations: Vec<Observation> = Vec::new();
    let mut stopped = None;
    let mut unanswered = false;
    for step in &case.steps {
        if step.when.as_ref().is_some_and(|when| !scope.enter(|entered| when.holds(entered))) {
            continue;
        }
        match actor.act(step, &mut scope).await {
            Ok(acted) => {
                // What did not come is seen in none of those that came: what was done before shows most.
                let shows = if acted.missed { exchanges.last() } else { acted.exchanges.last() };
                let exchange = shows.map(|exchange: &Exchange| exchange.id.clone());
                exchanges.extend(acted.exchanges);
                observations.extend(acted.observations);
                if acted.unanswered {
                    unanswered = true;
                    continue;
                }
                let (assumed, seen, saved) = scope.enter(|entered| {
                    let assumed = step.assume.as_ref().is_none_or(|assume| assume.holds(entered));
                    let seen = if assumed {
                        judge.expectations(&step.expect, entered, &case.id, exchange.as_deref())
                    } else {
                        Vec::new()
                    };
                    let saved: Vec<_> =
                        step.save.iter().map(|(name, value)| (name.clone(), value.value(entered))).collect();
                    (assumed, seen, saved)
                });
                observations.extend(seen);
                if !assumed {
                    let what = step.assume.as_ref().map(|assume| assume.source().to_owned()).unwrap_or_default();
                    stopped = Some(Stop::inconclusive(format!("the assumption `{what}` does not hold")));
                    break;
                }
                for (name, value) in saved {
                    scope.set(name, value.unwrap_or(serde_json::Value::Null));
                }
            }
            Err(stop) => {
                stopped = Some(stop);
                break;
            }
        }
    }
    let mut internal_error = None;
    let mut untested = None;
    let (mut status, mut reason) = (CaseStatus::Passed, None);
    match stopped {
        Some(Stop::Inconclusive { reason: why, exchanges: last, observations: seen }) => {
            exchanges.extend(last);
            observations.extend(seen);
            (status, reason) = (CaseStatus::Inconclusive, Some(why));
        }
        Some(Stop::NotApplicable(why)) => (status, reason) = (CaseStatus::Skipped, Some(why)),
        Some(Stop::NoOccasion(why)) => {
            (status, reason) = (CaseStatus::Skipped, Some(why.clone()));
            untested = Some(why);
        }
        Some(Stop::Internal(why)) => {
            (status, reason) = (CaseStatus::Inconclusive, Some(why.clone()));
            internal_error = Some(format!("{}: {why}", case.id));
        }
        None => {}
    }
    // What is optional and not offered is no failure.
    let counts = |seen: &Observation| judge.catalogue().requirements[seen.requirement].level != Level::May;
    let failed = observations
        .iter()
        .any(|seen| seen.source == case.id && counts(seen) && matches!(seen.result, Observed::Broken(_)));
    if (failed || unanswered) && status == CaseStatus::Passed {
        // Where no rule takes the silence amiss, nothing can be concluded from it.
        let flagged =
            failed || observations.iter().any(|seen| counts(seen) && matches!(seen.result, Observed::Broken(_)));
        status = if flagged { CaseStatus::Failed } else { CaseStatus::Inconclusive };
        reason = unanswered.then(|| "a push got no answer, so that nobody can tell whether it was taken".to_owned());
    }
    CaseRun {
        case: index,
        result: CaseResult {
            id: case.id.clone(),
            title: case.title.clone(),
            status,
            reason,
            duration_ms: began.elapsed().as_secs_f64() * 1000.0,
        },
        exchanges,
        observations,
        internal_error,
        untested,
    }
}
