//! What a baseline says of the requirements of a run.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::file::Baseline;
use super::outcome::{BaselineEntry, BaselineOutcome, NewViolation, UnseenEntry};
use crate::run::event::{CaseResult, CaseStatus, RequirementResult, Status};

/// What is known of a run beside its requirements.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// What became of its cases.
    pub cases: &'a [CaseResult],
    /// Whether warnings count as violations.
    pub strict: bool,
    /// Whether it was stopped before its end: then nothing can be said to fail no more.
    pub interrupted: bool,
    /// The day on which entries are current or not.
    pub today: Date,
}

/// What becomes of an entry.
enum Standing {
    Known,
    Expired,
    Stale,
    Unseen(String),
}

impl Baseline {
    /// Judges the entries by what was seen, and enters at each requirement which of them cover it.
    ///
    /// An entry for a whole requirement covers every breach of it, one for a case only what that case found. A breach of
    /// a recommendation is known too, but is new only where warnings count.
    pub fn judge(&self, results: &mut [RequirementResult], run: Circumstances<'_>) -> BaselineOutcome {
        let mut outcome =
            BaselineOutcome { file: self.file.clone(), judged_on: run.today, ..BaselineOutcome::default() };
        for entry in &self.entries {
            let result = results.iter().find(|result| result.id == entry.requirement);
            match standing(entry, result, run) {
                Standing::Known => outcome.known.push(entry.clone()),
                Standing::Expired => outcome.expired.push(entry.clone()),
                Standing::Stale => outcome.stale.push(entry.clone()),
                Standing::Unseen(why) => outcome.unseen.push(UnseenEntry { entry: entry.clone(), why }),
            }
        }
        for result in results.iter_mut().filter(|result| is_broken(result)) {
            let of_it = |entry: &&BaselineEntry| entry.requirement == result.id;
            let known: Vec<BaselineEntry> = outcome.known.iter().filter(of_it).cloned().collect();
            let uncovered = uncovered(result, &known);
            if uncovered.is_empty() && !known.is_empty() {
                result.known_by = known;
                continue;
            }
            if !counts(result, run.strict) {
                continue;
            }
            // What an expired entry speaks of is reported there.
            let expired: Vec<&BaselineEntry> = outcome.expired.iter().filter(of_it).collect();
            let new = |case: Option<&str>| NewViolation {
                requirement: result.id.clone(),
                case: case.map(str::to_owned),
                status: result.status,
            };
            if known.is_empty() && expired.is_empty() {
                outcome.new.push(new(None));
            } else {
                let left = uncovered.into_iter().filter(|source| !expired.iter().any(|entry| covers(entry, source)));
                outcome.new.extend(left.map(|source| new(Some(source))));
            }
        }
        outcome.holds = outcome.new.is_empty() && outcome.stale.is_empty() && outcome.expired.is_empty();
        outcome
    }
}

fn standing(entry: &BaselineEntry, result: Option<&RequirementResult>, run: Circumstances<'_>) -> Standing {
    let Some(result) = result else {
        return Standing::Unseen("the requirement was not selected in this run".to_owned());
    };
    if is_broken(result) && sources(result).iter().any(|source| covers(entry, source)) {
        return match (entry.expires >= run.today, counts(result, run.strict)) {
            (true, _) => Standing::Known,
            (false, true) => Standing::Expired,
            (false, false) => Standing::Unseen("its day has passed, and warnings do not count in this run".to_owned()),
        };
    }
    let because = |what: &str| {
        let reason = result.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Standing::Unseen(format!("{what}{reason}"))
    };
    match result.status {
        _ if run.interrupted => Standing::Unseen("the run was interrupted".to_owned()),
        Status::Untested => because("the requirement was not tested in this run"),
        Status::NotApplicable => because("the requirement does not apply in this run"),
        Status::Unobservable => because("the requirement cannot be observed"),
        Status::Satisfied | Status::Violated | Status::Warned => {
            match entry.case.as_deref().and_then(|case| unfinished(case, run.cases)) {
                Some(why) => Standing::Unseen(why),
                None => Standing::Stale,
            }
        }
    }
}

/// Why a case says nothing in this run; `None` if it ran to its end. Rules look at whatever comes, and are never cut off.
fn unfinished(id: &str, cases: &[CaseResult]) -> Option<String> {
    if id.contains('#') {
        return None;
    }
    // A case that runs by push and by poll has two results: `id[push]`, `id[poll]`.
    let of_it = |case: &&CaseResult| {
        let rest = case.id.strip_prefix(id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    };
    let results: Vec<&CaseResult> = cases.iter().filter(of_it).collect();
    let broke_off = |case: &&&CaseResult| match case.status {
        CaseStatus::Inconclusive => true,
        CaseStatus::Failed => case.reason.is_some(),
        CaseStatus::Passed | CaseStatus::Skipped => false,
    };
    let ran = |case: &&CaseResult| matches!(case.status, CaseStatus::Passed | CaseStatus::Failed);
    let why = |case: &CaseResult, what: &str| {
        let reason = case.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("the case {what} in this run{reason}"))
    };
    match (results.iter().find(broke_off), results.iter().any(ran), results.first()) {
        (Some(case), ..) => why(case, "came to nothing"),
        (None, true, _) => None,
        (None, false, Some(case)) => why(case, "was skipped"),
        (None, false, None) => Some("the case was not selected in this run".to_owned()),
    }
}

fn is_broken(result: &RequirementResult) -> bool {
    matches!(result.status, Status::Violated | Status::Warned)
}

/// Whether the breach makes a run nonconformant.
fn counts(result: &RequirementResult, strict: bool) -> bool {
    result.status == Status::Violated || (strict && result.status == Status::Warned)
}

/// Every case and rule that found the requirement broken. Older records have them in their findings alone.
pub(super) fn sources(result: &RequirementResult) -> BTreeSet<&str> {
    let findings = result.findings.iter().map(|finding| finding.source.as_str());
    result.broken_by.iter().map(String::as_str).chain(findings).collect()
}

fn covers(entry: &BaselineEntry, source: &str) -> bool {
    entry.case.as_deref().is_none_or(|case| case == source)
}

/// What found the requirement broken and is not covered.
fn uncovered<'r>(result: &'r RequirementResult, entries: &[BaselineEntry]) -> Vec<&'r str> {
    let is_covered = |source: &str| entries.iter().any(|entry| covers(entry, source));
    sources(result).into_iter().filter(|source| !is_covered(source)).collect()
}
