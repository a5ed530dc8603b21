//! `setspec run`: judge an implementation.
//!
//! - `target`: what is judged, from the command line to an engine that can start; `doctor` begins the same way.
//! - `common`: the options that both roles have; `receiver` and `transmitter`: those of one; `visiting`: those of a receiver
//!   that visits us.
//! - `session`: what goes on around an engine: screen, record, signals.
//! - `ci`: what a CI service is told beside the files of a report.
//! - `repeat`: the command that repeats a run.

mod ci;
mod common;
mod op;
mod receiver;
mod repeat;
mod rp;
mod session;
mod target;
mod transmitter;
mod visiting;

pub(super) use ci::refused;
pub(super) use common::web_url;
pub(super) use session::interruptible;
pub(super) use target::{Target, Work};
pub(super) use visiting::VisitingArgs;

use clap::ArgMatches;

use super::console::{Failure, line};
use super::signals;
use super::{block_on, runtime};
use crate::report::{ReportError, probe};
use crate::run::outcome::ExitCode;
use crate::run::plan::Plan;
use ci::Ci;
use session::Session;

pub(super) fn main(target: Target, given: &ArgMatches) -> Result<ExitCode, Failure> {
    let ci = Ci::new(target.common());
    judge(&target, given).inspect_err(|failure| ci.failed(failure))?
}

/// The outer result is a failure before there was anything to record, the inner one comes with a report.
fn judge(target: &Target, given: &ArgMatches) -> Result<Result<ExitCode, Failure>, Failure> {
    let common = target.common();
    let config = target.config()?;
    if !common.quiet(&config) && !common.list {
        line(&format!("setspec {}", env!("CARGO_PKG_VERSION")));
    }
    let work = target.resolve(&config, given)?;
    if common.list {
        return list(&work).map(Ok);
    }
    let session = Session::new(common, &config, &work);
    let session = session.map_err(|failure| config.locate(failure, given, target.role()))?;
    block_on(runtime()?, async {
        let stopped = signals::stopped();
        let engine = tokio::select! {
            engine = work.prepare() => engine?,
            () = stopped => return Err(interrupted()),
        };
        probe(session.reports()).map_err(unwritable)?;
        session.hold(async |emitter, stop| engine.run(emitter, stop).await).await
    })
}

fn interrupted() -> Failure {
    Failure { code: ExitCode::Interrupted, message: "interrupted before the run began".to_owned(), advice: None }
}

fn unwritable(error: ReportError) -> Failure {
    Failure::internal(error.to_string()).with_advice("--reports DIR writes them elsewhere")
}

fn list(work: &Work) -> Result<ExitCode, Failure> {
    let (catalogue, profile) = (work.catalogue(), work.profile());
    let found = catalogue.profiles.get(profile);
    let found = found.ok_or_else(|| no_profile(format!("there is no profile `{profile}`")))?;
    let plan = Plan::new(catalogue, found, work.selection(), work.visits());
    if plan.is_empty() {
        return Err(nothing_selected("the selection matches no requirement and no case of the profile".to_owned()));
    }
    for index in &plan.requirements {
        line(&format!("requirement {}", catalogue.requirements[*index].id));
    }
    for index in &plan.cases {
        line(&format!("case        {}", catalogue.cases[*index].id));
    }
    Ok(ExitCode::Conformant)
}

fn no_profile(message: String) -> Failure {
    Failure::usage(message).with_advice("`setspec list profiles` prints what there is")
}

fn nothing_selected(message: String) -> Failure {
    let advice = Some("`--list` prints what there is".to_owned());
    Failure { code: ExitCode::NothingSelected, message, advice }
}
