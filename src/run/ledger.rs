//! What observations add up to: a status for every requirement, a verdict for the run.

use std::collections::BTreeMap;

use super::event::{CaseResult, CaseStatus, Finding, Leniency, RequirementResult, Status, Verdict};
use super::judge::{Observation, Observed};
use crate::suite::Catalogue;
use crate::suite::catalogue::Case;
use crate::suite::model::section::Level;

/// How many findings of one requirement that differ are kept; the same again is counted.
const KEPT: usize = 20;

/// Collects what was seen of the requirements of a run.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: BTreeMap<usize, Entry>,
    /// Whether something could not be tested although it applies.
    inconclusive: bool,
}

#[derive(Debug, Default)]
struct Entry {
    observations: usize,
    held: bool,
    findings: Vec<Finding>,
    broken_by: Vec<String>,
    accepted: Vec<Leniency>,
    /// Why it cannot apply to this target, whatever else is seen.
    excluded: Option<String>,
    /// Whether the operator did not give what it takes to judge it.
    without_means: bool,
    not_applicable: Option<String>,
    untested: Option<String>,
}

impl Ledger {
    /// A ledger for these requirements, by index.
    pub fn new(requirements: impl IntoIterator<Item = usize>) -> Self {
        Self { entries: requirements.into_iter().map(|index| (index, Entry::default())).collect(), inconclusive: false }
    }

    /// Enters an observation; gives back the finding if it is one.
    pub fn enter(&mut self, catalogue: &Catalogue, seen: &Observation, reproduce: Option<String>) -> Option<Finding> {
        let entry = self.entries.get_mut(&seen.requirement)?;
        let requirement = &catalogue.requirements[seen.requirement];
        let is_out = entry.excluded.is_some() || entry.without_means;
        if is_out && matches!(seen.result, Observed::Broken(_)) {
            return None;
        }
        entry.observations += 1;
        match &seen.result {
            Observed::Held => {
                entry.held = true;
                None
            }
            Observed::Accepted { because, explanation } => {
                entry.held = true;
                let leniency = Leniency {
                    source: seen.source.clone(),
                    because: because.clone(),
                    expected: explanation.expected.clone(),
                    actual: explanation.actual.clone(),
                    exchange: seen.exchange.clone(),
                    times: 1,
                };
                keep(
                    &mut entry.accepted,
                    leniency,
                    |one| &mut one.times,
                    |a, b| {
                        (&a.source, &a.because, &a.expected, &a.actual)
                            == (&b.source, &b.because, &b.expected, &b.actual)
                    },
                );
                None
            }
            Observed::Broken(explanation) => {
                let finding = Finding {
                    source: seen.source.clone(),
                    message: requirement.text.clone(),
                    expected: explanation.expected.clone(),
                    actual: explanation.actual.clone(),
                    exchange: seen.exchange.clone(),
                    reproduce,
                    times: 1,
                };
                if !entry.broken_by.contains(&seen.source) {
                    entry.broken_by.push(seen.source.clone());
                }
                keep(
                    &mut entry.findings,
                    finding.clone(),
                    |one| &mut one.times,
                    |a, b| (&a.source, &a.expected, &a.actual) == (&b.source, &b.expected, &b.actual),
                );
                Some(finding)
            }
        }
    }

    /// The requirement itself needs a feature that the target does not have: what is seen from here on cannot break it.
    pub fn exclude(&mut self, requirement: usize, reason: &str) {
        if let Some(entry) = self.entries.get_mut(&requirement) {
            entry.excluded = Some(reason.to_owned());
        }
    }

    /// It takes something to judge the requirement that the operator did not give: what is seen from here on cannot
    /// break it.
    pub fn lacks_means(&mut self, requirement: usize, reason: &str) {
        if let Some(entry) = self.entries.get_mut(&requirement) {
            entry.without_means = true;
        }
        self.untested(requirement, reason);
    }

    /// The requirement does not apply to this target.
    pub fn not_applicable(&mut self, requirement: usize, reason: &str) {
        if let Some(entry) = self.entries.get_mut(&requirement) {
            entry.not_applicable.get_or_insert_with(|| reason.to_owned());
        }
    }

    /// The requirement applies and could not be seen in this run.
    pub fn untested(&mut self, requirement: usize, reason: &str) {
        if let Some(entry) = self.entries.get_mut(&requirement) {
            entry.untested.get_or_insert_with(|| reason.to_owned());
        }
    }

    /// Enters why a case that showed nothing showed nothing of its requirements.
    pub fn close(&mut self, case: &Case, result: &CaseResult) {
        let reason = result.reason.as_deref().unwrap_or_default();
        match result.status {
            CaseStatus::Failed if result.reason.is_some() => {
                case.requirements().for_each(|index| self.untested(index, reason));
            }
            CaseStatus::Passed | CaseStatus::Failed => {}
            CaseStatus::Skipped => case.requirements().for_each(|index| self.not_applicable(index, reason)),
            CaseStatus::Inconclusive => {
                case.requirements().for_each(|index| self.untested(index, reason));
                self.mark_inconclusive();
            }
        }
    }

    /// Something that should have been tested could not be.
    pub fn mark_inconclusive(&mut self) {
        self.inconclusive = true;
    }

    /// Whether something that should have been tested could not be.
    pub fn is_inconclusive(&self) -> bool {
        self.inconclusive
    }

    /// The results in the order of the catalogue.
    pub fn results(&self, catalogue: &Catalogue) -> Vec<RequirementResult> {
        self.entries.iter().map(|(index, entry)| result(catalogue, *index, entry)).collect()
    }

    /// The verdict; `strict` makes warnings count.
    pub fn verdict(&self, results: &[RequirementResult], strict: bool) -> Verdict {
        let broken = results
            .iter()
            .any(|result| result.status == Status::Violated || (strict && result.status == Status::Warned));
        match (broken, self.inconclusive) {
            (true, _) => Verdict::Nonconformant,
            (false, true) => Verdict::Inconclusive,
            (false, false) => Verdict::Conformant,
        }
    }
}

/// Counts what was seen before, and keeps what was not while there is room.
fn keep<T>(kept: &mut Vec<T>, one: T, times: impl Fn(&mut T) -> &mut usize, same: impl Fn(&T, &T) -> bool) {
    let has_room = kept.len() < KEPT;
    match kept.iter_mut().find(|known| same(known, &one)) {
        Some(known) => *times(known) += 1,
        None if has_room => kept.push(one),
        None => {}
    }
}

/// How the reason begins where a run had no occasion to see a requirement.
pub const UNSEEN: &str = "nothing in this run showed it";

/// Why a requirement that some check looks at was not seen, and what would show it.
fn unseen(catalogue: &Catalogue, index: usize) -> String {
    let mut conditions: Vec<String> = Vec::new();
    for rule in &catalogue.rules {
        for expectation in rule.expect.iter().filter(|expectation| expectation.requirement == index) {
            let parts = [rule.when.as_ref(), expectation.when.as_ref()];
            let when: Vec<&str> = parts.into_iter().flatten().map(|when| when.source().trim()).collect();
            if !when.is_empty() {
                conditions.push(format!("a {} where {}", rule.on.name(), when.join(" && ")));
            }
        }
    }
    match conditions.as_slice() {
        [] => UNSEEN.to_owned(),
        some => format!("{UNSEEN}; it shows in {}", some.join(", or in ")),
    }
}

fn result(catalogue: &Catalogue, index: usize, entry: &Entry) -> RequirementResult {
    let requirement = &catalogue.requirements[index];
    let broken = !entry.findings.is_empty();
    let (status, reason) = if let Some(why) = &requirement.unobservable {
        (Status::Unobservable, Some(why.clone()))
    } else if requirement.level == Level::May && entry.held {
        (Status::Satisfied, None)
    } else if requirement.level == Level::May && broken {
        (Status::NotApplicable, Some("optional, and not offered".to_owned()))
    } else if broken && requirement.breach_is_violation() {
        (Status::Violated, None)
    } else if broken {
        (Status::Warned, requirement.ambiguous.clone())
    } else if entry.held {
        (Status::Satisfied, None)
    } else if let Some(why) = &entry.excluded {
        (Status::NotApplicable, Some(why.clone()))
    } else if let Some(why) = &entry.untested {
        (Status::Untested, Some(why.clone()))
    } else if let Some(why) = &entry.not_applicable {
        (Status::NotApplicable, Some(why.clone()))
    } else if let Some(plan) = &requirement.planned {
        (Status::Untested, Some(plan.clone()))
    } else {
        (Status::Untested, Some(unseen(catalogue, index)))
    };
    // What may be left undone is not broken.
    let (findings, broken_by) = match requirement.level {
        Level::May => (Vec::new(), Vec::new()),
        _ => (entry.findings.clone(), entry.broken_by.clone()),
    };
    RequirementResult {
        id: requirement.id.clone(),
        spec: requirement.spec.clone(),
        section: requirement.section.clone(),
        title: requirement.section_title.clone(),
        link: requirement.link.clone(),
        level: requirement.level.name().to_owned(),
        party: requirement.party.name().to_owned(),
        text: requirement.text.clone(),
        status,
        reason,
        observations: entry.observations,
        findings,
        broken_by,
        known_by: Vec::new(),
        accepted: entry.accepted.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Explanation;
    use crate::suite::{Sources, load};

    #[test]
    fn the_same_again_is_counted_and_leaves_room_for_others() {
        let catalogue = load(&Sources::embedded()).expect("the built-in suites load");
        let requirement = 0;
        let mut ledger = Ledger::new([requirement]);
        let mut see = |source: &str, actual: &str| {
            let explanation = Explanation { expected: "something".to_owned(), actual: actual.to_owned() };
            let seen = Observation {
                requirement,
                source: source.to_owned(),
                result: Observed::Broken(explanation),
                exchange: None,
            };
            ledger.enter(&catalogue, &seen, None);
        };
        (0..237).for_each(|_| see("a rule", "the same"));
        see("a case", "the same");
        (0..100).for_each(|number| see("a rule", &number.to_string()));
        let findings = &ledger.results(&catalogue)[0].findings;
        assert_eq!(findings.len(), KEPT);
        assert_eq!((findings[0].times, findings[1].source.as_str()), (237, "a case"));
    }
}
