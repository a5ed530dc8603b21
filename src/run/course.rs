//! What every run does around its cases: a head, a preflight, case after case, an end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::{Stream, StreamExt};
use tokio::sync::watch;

use super::event::{Emitter, Event, Finished, PreflightLine, Started};
use super::judge::Observation;
use super::ledger::Ledger;
use super::plan::Plan;
use super::steps::CaseRun;
use crate::http::Exchange;
use crate::suite::Catalogue;

/// A run that is under way.
pub(crate) struct Course<'a> {
    catalogue: &'a Catalogue,
    plan: &'a Plan,
    emitter: &'a Emitter,
    /// The command that repeats the run.
    command: &'a str,
    pub ledger: Ledger,
    pub internal_errors: Vec<String>,
    began: Instant,
}

/// How a run came to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Whether the preflight let the cases begin.
    pub ready: bool,
    pub interrupted: bool,
    /// Whether warnings count for the verdict.
    pub strict: bool,
}

impl<'a> Course<'a> {
    pub fn begin(
        catalogue: &'a Catalogue,
        plan: &'a Plan,
        emitter: &'a Emitter,
        command: &'a str,
        started: Started,
    ) -> Self {
        emitter.emit(Event::Started(started));
        let ledger = Ledger::new(plan.requirements.iter().copied());
        Self { catalogue, plan, emitter, command, ledger, internal_errors: Vec::new(), began: Instant::now() }
    }

    /// Enters what the preflight saw.
    pub fn preflight(&mut self, exchanges: Vec<Exchange>, observations: &[Observation], lines: Vec<PreflightLine>) {
        self.note(exchanges, observations);
        lines.into_iter().for_each(|line| self.emitter.emit(Event::Preflight(line)));
    }

    /// Enters a case; `reproduce` repeats it alone.
    pub fn enter(&mut self, run: CaseRun, reproduce: &str) {
        let case = &self.catalogue.cases[run.case];
        match &run.untested {
            Some(reason) => case.requirements().for_each(|index| self.ledger.untested(index, reason)),
            None => self.ledger.close(case, &run.result),
        }
        self.internal_errors.extend(run.internal_error);
        self.show(run.exchanges);
        self.judge(&run.observations, reproduce);
        self.emitter.emit(Event::CaseFinished(run.result));
    }

    /// Enters what was seen beside the cases.
    pub fn note(&mut self, exchanges: Vec<Exchange>, observations: &[Observation]) {
        self.show(exchanges);
        self.judge(observations, self.command);
    }

    /// The outcome of each case in turn; whether the run was interrupted.
    pub async fn go_through<T>(
        &mut self,
        runs: impl Stream<Item = T>,
        stop: &mut watch::Receiver<bool>,
        mut each: impl FnMut(&mut Self, T),
    ) -> bool {
        let mut runs = std::pin::pin!(runs);
        loop {
            tokio::select! {
                run = runs.next() => match run {
                    Some(run) => each(self, run),
                    None => return false,
                },
                _ = stop.wait_for(|stop| *stop) => return true,
            }
        }
    }

    /// Adds everything up.
    pub fn finish(mut self, end: End, notes: Vec<String>) -> Finished {
        let why = match end {
            End { interrupted: true, .. } => Some("the run was interrupted"),
            End { ready: false, .. } => Some("the preflight failed"),
            _ => None,
        };
        if let Some(why) = why {
            self.ledger.mark_inconclusive();
            self.plan.requirements.iter().for_each(|index| self.ledger.untested(*index, why));
        }
        let requirements = self.ledger.results(self.catalogue);
        Finished {
            verdict: self.ledger.verdict(&requirements, end.strict),
            inconclusive: self.ledger.is_inconclusive(),
            interrupted: end.interrupted,
            duration_ms: self.began.elapsed().as_secs_f64() * 1000.0,
            requirements,
            notes,
            internal_errors: self.internal_errors,
        }
    }

    fn show(&self, exchanges: Vec<Exchange>) {
        exchanges.into_iter().for_each(|exchange| self.emitter.emit(Event::Exchange(Arc::new(exchange))));
    }

    fn judge(&mut self, observations: &[Observation], reproduce: &str) {
        for seen in observations {
            if let Some(finding) = self.ledger.enter(self.catalogue, seen, Some(reproduce.to_owned())) {
                let requirement = self.catalogue.requirements[seen.requirement].id.clone();
                self.emitter.emit(Event::Broken { requirement, finding });
            }
        }
    }
}

/// Outcomes in the order of their numbers, from 0 on, whichever comes first: a slow case holds up what is told, and
/// nothing else.
pub(crate) fn in_order<T>(runs: impl Stream<Item = (usize, T)>) -> impl Stream<Item = T> {
    runs.scan((BTreeMap::new(), 0), |(waiting, next), (number, run)| {
        waiting.insert(number, run);
        let mut ready = Vec::new();
        while let Some(run) = waiting.remove(next) {
            ready.push(run);
            *next += 1;
        }
        std::future::ready(Some(futures_util::stream::iter(ready)))
    })
    .flatten()
}

/// Lets a run emit through `redact`, and ends it: nothing leaves with a secret in it.
pub(crate) async fn without_secrets<R: Future<Output = Finished>>(
    emitter: &Emitter,
    redact: impl Fn(Event) -> Event + Clone + Send + Sync + 'static,
    run: impl FnOnce(Emitter) -> R,
) -> Finished {
    let (outer, inner) = (emitter.clone(), redact.clone());
    let finished = run(Emitter::new(move |event| outer.emit(inner(event)))).await;
    match redact(Event::Finished(Box::new(finished))) {
        Event::Finished(finished) => {
            emitter.emit(Event::Finished(finished.clone()));
            *finished
        }
        _ => unreachable!("redaction keeps the kind of an event"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_ends_early_waits_for_its_turn() {
        let ended = futures_util::stream::iter([(2, "c"), (0, "a"), (1, "b"), (3, "d")]);
        assert_eq!(in_order(ended).collect::<Vec<_>>().await, ["a", "b", "c", "d"]);
    }
}
