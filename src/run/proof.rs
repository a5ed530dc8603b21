//! The proof: the harness is run against peers whose faults are known, and has to find exactly these.
//!
//! - reference: no violation, no warning, in every combination of optional features;
//! - coverage: every requirement that has a check is seen to hold at least once;
//! - mutants: the broken requirement is found, and nothing else;
//! - variations: nothing is flagged;
//! - null peers: no run is conformant, and no refusal counts as one;
//! - determinism: the same verdicts every time.

mod desk;
mod logout;
mod null;
mod scenario;
mod scim;
mod ssf;
mod visiting;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::event::{Finished, RequirementResult, Status, Verdict};
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;
use crate::suite::model::section::Level;
pub use logout::NullRp;
pub use null::{NullPeer, NullTransmitter, NullVisitor};
pub use scenario::{Combination, Lab};

/// One thing to be proved.
#[derive(Debug, Clone)]
pub enum Trial {
    /// The reference peer of a role in one combination of features.
    Reference(Combination),
    /// Every checked requirement is satisfied somewhere.
    Coverage,
    /// The mutant with this index.
    Mutant(usize),
    /// The variation with this index.
    Variation(usize),
    /// A peer that understands nothing is not called conformant, and passes no case that expects a refusal.
    Null(NullPeer),
    /// The same for a Shared Signals transmitter.
    NullTransmitter(NullTransmitter),
    /// The same for a receiver that visits.
    NullVisitor(NullVisitor),
    /// The same for a relying party.
    NullRp(NullRp),
    /// The same for an OpenID provider.
    NullOp(NullPeer),
    /// The same for a SCIM service provider.
    NullScim(NullPeer),
    /// The reference receiver gets the same statuses in twenty runs.
    Determinism,
    /// The reference transmitter of shared signals gets the same statuses in ten runs.
    DeterminismOfTransmitters,
    /// The reference receiver that visits gets the same statuses in ten runs.
    DeterminismOfVisitors,
    /// The reference relying party gets the same statuses in ten runs.
    DeterminismOfRelyingParties,
    /// The reference SCIM service provider gets the same statuses in ten runs.
    DeterminismOfScim,
}

/// How often the determinism trial runs.
const REPEATS: usize = 20;

/// How often those of Shared Signals peers run: each run takes longer.
const REPEATS_OF_SHARED_SIGNALS: usize = 10;

/// How many runs of the coverage trial are under way at a time: they mostly wait.
const RUNS_AT_A_TIME: usize = 6;

/// Every trial. Those that take longest come first, so that nobody waits for one of them at the end.
pub fn trials(catalogue: &Catalogue) -> Vec<Trial> {
    let mut trials = vec![
        Trial::Coverage,
        Trial::DeterminismOfVisitors,
        Trial::DeterminismOfTransmitters,
        Trial::DeterminismOfScim,
        Trial::DeterminismOfRelyingParties,
        Trial::Determinism,
    ];
    trials.extend(Combination::all().into_iter().map(Trial::Reference));
    trials.extend((0..catalogue.mutants.len()).map(Trial::Mutant));
    trials.extend((0..catalogue.variations.len()).map(Trial::Variation));
    trials.extend(NullPeer::ALL.map(Trial::Null));
    trials.extend(NullTransmitter::ALL.map(Trial::NullTransmitter));
    trials.extend(NullVisitor::ALL.map(Trial::NullVisitor));
    trials.extend(NullRp::all().into_iter().map(Trial::NullRp));
    trials.extend(NullPeer::ALL.map(Trial::NullOp));
    trials.extend(NullPeer::ALL.map(Trial::NullScim));
    trials
}

impl Trial {
    /// A readable name that begins with the specification where there is one: `rfc8935/2.2/mutant/acknowledges-with-200`.
    pub fn name(&self, catalogue: &Catalogue) -> String {
        let named = |deviation: &Deviation, kind: &str| match deviation.id.rsplit_once('/') {
            Some((section, name)) => format!("{section}/{kind}/{name}"),
            None => deviation.id.clone(),
        };
        match self {
            Self::Reference(combination) => format!("reference/{}", combination.name()),
            Self::Coverage => "reference/coverage".to_owned(),
            Self::Mutant(index) => named(&catalogue.mutants[*index], "mutant"),
            Self::Variation(index) => named(&catalogue.variations[*index], "variation"),
            Self::Null(peer) => format!("null/{}", peer.name()),
            Self::NullTransmitter(peer) => format!("null/transmitter-{}", peer.name()),
            Self::NullVisitor(peer) => format!("null/visitor-{}", peer.name()),
            Self::NullRp(peer) => format!("null/rp-{}", peer.name()),
            Self::NullOp(peer) => format!("null/op-{}", peer.name()),
            Self::NullScim(peer) => format!("null/scim-{}", peer.name()),
            Self::Determinism => "determinism/twenty-runs".to_owned(),
            Self::DeterminismOfTransmitters => "determinism/ssf-transmitter".to_owned(),
            Self::DeterminismOfVisitors => "determinism/ssf-receiver".to_owned(),
            Self::DeterminismOfRelyingParties => "determinism/rp".to_owned(),
            Self::DeterminismOfScim => "determinism/scim-transmitter".to_owned(),
        }
    }

    /// The kind of the trial, for the table of `selftest`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Reference(_) | Self::Coverage => "reference",
            Self::Mutant(_) => "mutants",
            Self::Variation(_) => "variations",
            Self::Null(_)
            | Self::NullTransmitter(_)
            | Self::NullVisitor(_)
            | Self::NullRp(_)
            | Self::NullOp(_)
            | Self::NullScim(_) => "null peers",
            Self::Determinism
            | Self::DeterminismOfTransmitters
            | Self::DeterminismOfVisitors
            | Self::DeterminismOfRelyingParties
            | Self::DeterminismOfScim => "determinism",
        }
    }

    /// Whether what is to be proved holds; if not, what was found instead.
    pub async fn prove(&self, lab: &Lab) -> Result<(), String> {
        let catalogue = lab.catalogue.clone();
        match self {
            Self::Reference(combination) => clean_but(&lab.run(combination, &[]).await?, &combination.shortcomings()),
            Self::Coverage => coverage(lab).await,
            Self::Mutant(index) => {
                let mutant = &catalogue.mutants[*index];
                let combination = Combination::for_deviation(&catalogue, mutant);
                caught(&catalogue, mutant, &lab.run(&combination, &[mutant]).await?)
            }
            Self::Variation(index) => {
                let variation = &catalogue.variations[*index];
                let combination = Combination::for_deviation(&catalogue, variation);
                clean(&lab.run(&combination, &[variation]).await?)
            }
            Self::Null(peer) => null::prove(lab, *peer).await,
            Self::NullTransmitter(peer) => null::prove_transmitter(lab, *peer).await,
            Self::NullVisitor(peer) => null::prove_visitor(lab, *peer).await,
            Self::NullRp(peer) => logout::prove_null(lab, *peer).await,
            Self::NullOp(peer) => logout::prove_null_op(lab, *peer).await,
            Self::NullScim(peer) => scim::prove_null(lab, *peer).await,
            Self::Determinism => determinism(lab, &Combination::fullest(Role::Receiver), REPEATS).await,
            Self::DeterminismOfTransmitters => {
                determinism(lab, &Combination::offering([]), REPEATS_OF_SHARED_SIGNALS).await
            }
            Self::DeterminismOfVisitors => {
                determinism(lab, &Combination::visiting([]), REPEATS_OF_SHARED_SIGNALS).await
            }
            Self::DeterminismOfRelyingParties => {
                determinism(lab, &Combination::of(Role::Rp), REPEATS_OF_SHARED_SIGNALS).await
            }
            Self::DeterminismOfScim => determinism(lab, &Combination::scim([]), REPEATS_OF_SHARED_SIGNALS).await,
        }
    }
}

/// A run that flags nothing at all.
fn clean(finished: &Finished) -> Result<(), String> {
    clean_but(finished, &[])
}

/// A run that warns of what the peer leaves out although it is recommended, and flags nothing else.
fn clean_but(finished: &Finished, shortcomings: &[&str]) -> Result<(), String> {
    sound(finished)?;
    let is_known =
        |result: &RequirementResult| result.status == Status::Warned && shortcomings.contains(&result.id.as_str());
    let flagged: Vec<String> =
        finished.requirements.iter().filter(|result| is_flagged(result) && !is_known(result)).map(describe).collect();
    if !flagged.is_empty() {
        return Err(format!("flagged:\n{}", flagged.join("\n")));
    }
    if finished.verdict != Verdict::Conformant {
        return Err(format!("the verdict is {}\n{}", finished.verdict.name(), finished.notes.join("\n")));
    }
    Ok(())
}

/// A run in which the harness did nothing wrong itself.
fn sound(finished: &Finished) -> Result<(), String> {
    match finished.internal_errors.as_slice() {
        [] => Ok(()),
        errors => Err(format!("internal errors:\n{}", errors.join("\n"))),
    }
}

fn is_flagged(result: &RequirementResult) -> bool {
    matches!(result.status, Status::Violated | Status::Warned)
}

fn describe(result: &RequirementResult) -> String {
    let finding = result.findings.first();
    format!(
        "  {} {}: expected {}, got {} ({})",
        result.status.name(),
        result.id,
        finding.map_or("", |finding| &finding.expected),
        finding.map_or("", |finding| &finding.actual),
        finding.map_or("", |finding| &finding.source),
    )
}

/// The broken requirement is flagged, and nothing beyond what the mutant names.
fn caught(catalogue: &Catalogue, mutant: &Deviation, finished: &Finished) -> Result<(), String> {
    sound(finished)?;
    let Some(broken) = mutant.breaks.map(|index| &catalogue.requirements[index]) else {
        return Err("the mutant breaks nothing".to_owned());
    };
    let expected = if broken.breach_is_violation() { Status::Violated } else { Status::Warned };
    let result = finished.requirements.iter().find(|result| result.id == broken.id);
    match result {
        Some(result) if result.status == expected => {}
        Some(result) if broken.level == Level::May && result.status == Status::NotApplicable => {}
        other => {
            let status = other.map_or("absent", |result| result.status.name());
            let why = other.and_then(|result| result.reason.as_deref()).unwrap_or_default();
            return Err(format!("not caught: {} is {status} ({why})", broken.id));
        }
    }
    let allowed: BTreeSet<&str> = std::iter::once(broken.id.as_str())
        .chain(mutant.also.iter().map(|index| catalogue.requirements[*index].id.as_str()))
        .collect();
    let others: Vec<String> = finished
        .requirements
        .iter()
        .filter(|result| is_flagged(result) && !allowed.contains(result.id.as_str()))
        .map(describe)
        .collect();
    if others.is_empty() { Ok(()) } else { Err(format!("breaks more than it says:\n{}", others.join("\n"))) }
}

async fn coverage(lab: &Lab) -> Result<(), String> {
    let catalogue = &lab.catalogue;
    let mut unseen: BTreeSet<&str> = (catalogue.requirements.iter().enumerate())
        .filter(|(index, requirement)| catalogue.is_tested(*index) && requirement.level != Level::May)
        .map(|(_, requirement)| requirement.id.as_str())
        .collect();
    let references = Combination::all().into_iter().map(|combination| (combination, None)).collect();
    strike(lab, references, &mut unseen).await?;
    // What the reference has no occasion to show, a legal oddity of the same section does.
    let sections: BTreeSet<&str> = unseen.iter().map(|id| section(id)).collect();
    let oddities = (catalogue.variations.iter().enumerate())
        .filter(|(_, variation)| sections.contains(section(&variation.id)))
        .map(|(index, variation)| (Combination::for_deviation(catalogue, variation), Some(index)))
        .collect();
    strike(lab, oddities, &mut unseen).await?;
    let unseen: Vec<&str> = unseen.into_iter().collect();
    if unseen.is_empty() { Ok(()) } else { Err(format!("never seen to hold: {}", unseen.join(", "))) }
}

/// Takes what some runs, each with one variation or none, show to hold out of what was not seen.
async fn strike(lab: &Lab, runs: Vec<(Combination, Option<usize>)>, unseen: &mut BTreeSet<&str>) -> Result<(), String> {
    let runs = runs.into_iter().map(|(combination, variation)| async move {
        let variation = variation.map(|index| &lab.catalogue.variations[index]);
        lab.run(&combination, variation.as_slice()).await
    });
    let mut runs = stream::iter(runs).buffer_unordered(RUNS_AT_A_TIME);
    while let Some(finished) = runs.next().await {
        let held = finished?.requirements.into_iter().filter(|result| result.status == Status::Satisfied);
        held.for_each(|result| {
            unseen.remove(result.id.as_str());
        });
    }
    Ok(())
}

/// What stands before the last slash of an id: `rfc8935/2.2`.
fn section(id: &str) -> &str {
    id.rsplit_once('/').map_or("", |(section, _)| section)
}

async fn determinism(lab: &Lab, combination: &Combination, repeats: usize) -> Result<(), String> {
    let mut first: Option<Vec<(String, Status)>> = None;
    for number in 1..=repeats {
        let finished = lab.run(combination, &[]).await?;
        clean(&finished)?;
        let verdicts: Vec<(String, Status)> =
            finished.requirements.into_iter().map(|result| (result.id, result.status)).collect();
        match &first {
            None => first = Some(verdicts),
            Some(first) if *first == verdicts => {}
            Some(first) => {
                let changed: Vec<&str> =
                    first.iter().zip(&verdicts).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect();
                return Err(format!("run {number} differs from the first in {}", changed.join(", ")));
            }
        }
    }
    Ok(())
}

/// The catalogue that the binary carries, for trials.
pub fn built_in_catalogue() -> Result<Arc<Catalogue>, String> {
    crate::suite::load(&crate::suite::Sources::embedded())
        .map(Arc::new)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
