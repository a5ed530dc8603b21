//! Conformance cases as trials of somebody else's `cargo test`.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use tokio::sync::watch;

use crate::run::event::{Emitter, Finished, RequirementResult, Status};
use crate::run::receiver::ReceiverRun;
use crate::run::settings::ReceiverSettings;

/// One trial per requirement that a push receiver can be seen to hold or break.
///
/// The receiver is judged once, before the first trial; `start` gives the settings and may start it. Requirements that are
/// not applicable, untested or unobservable are ignored trials. Give the result to `libtest_mimic::run`, with
/// `harness = false` in the manifest.
///
/// # Errors
/// If the run cannot start, or nothing can be concluded from it: the reason in words.
pub async fn receiver_trials(settings: ReceiverSettings) -> Result<Vec<Trial>, String> {
    crate::install_crypto();
    let run = ReceiverRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let (_stop, stopped) = watch::channel(false);
    let preflight: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let lines = preflight.clone();
    let emitter = Emitter::new(move |event| {
        if let crate::run::event::Event::Preflight(line) = event
            && !line.ok
        {
            let advice = line.advice.unwrap_or_default();
            lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(format!("{} {advice}", line.message));
        }
    });
    let finished = run.run(&emitter, stopped).await;
    let failed = preflight.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    if failed.is_empty() { Ok(trials(finished)) } else { Err(failed.join("\n")) }
}

fn trials(finished: Finished) -> Vec<Trial> {
    finished
        .requirements
        .into_iter()
        .map(|result| {
            let ignored = matches!(result.status, Status::NotApplicable | Status::Untested | Status::Unobservable);
            let name = result.id.clone();
            Trial::test(name, move || outcome(&result)).with_ignored_flag(ignored)
        })
        .collect()
}

fn outcome(result: &RequirementResult) -> Result<(), Failed> {
    if result.status != Status::Violated {
        return Ok(());
    }
    let findings: Vec<String> = result
        .findings
        .iter()
        .map(|finding| format!("expected {}, got {} ({})", finding.expected, finding.actual, finding.source))
        .collect();
    Err(format!("{} ({})\n{}\n{}", result.text, result.level, result.link, findings.join("\n")).into())
}
