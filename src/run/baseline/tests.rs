//! The file, its faults, what it says of a run, and what becomes of it.

use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, date};

use super::judge::Circumstances;
use super::update::{NewEntries, Updated, entry, update};
use super::{Baseline, BaselineOutcome, NewViolation};
use crate::report::testing;
use crate::run::event::{CaseResult, CaseStatus, RequirementResult, Status};
use crate::run::proof::built_in_catalogue;
use crate::suite::Catalogue;

const ID: &str = "rfc8935/2.2/status-202";
const CASE: &str = "rfc8935/2.2/accepts-a-valid-set";
const OTHER_CASE: &str = "rfc8935/2/refuses-altered-sets";
const TODAY: Date = date(2026, 6, 1);

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| built_in_catalogue().expect("the built-in suites"));

fn parse(text: &str) -> Result<Baseline, super::BaselineError> {
    Baseline::parse("baseline.toml", text, &CATALOGUE)
}

fn text_of(id: &str, case: Option<&str>, expires: &str) -> String {
    let case = case.map(|case| format!("case = \"{case}\"\n")).unwrap_or_default();
    format!("[[known]]\nrequirement = \"{id}\"\n{case}reason = \"a reason\"\nowner = \"a team\"\nexpires = {expires}\n")
}

fn result(id: &str, status: Status, sources: &[&str]) -> RequirementResult {
    let mut result = testing::requirement(id, "MUST", "A text.", status, None);
    result.broken_by = sources.iter().map(|source| (*source).to_owned()).collect();
    result
}

fn ended(id: &str, status: CaseStatus) -> CaseResult {
    CaseResult { id: id.to_owned(), title: String::new(), status, reason: None, duration_ms: 1.0 }
}

struct Judged {
    results: Vec<RequirementResult>,
    outcome: BaselineOutcome,
}

fn judge(text: &str, mut results: Vec<RequirementResult>, cases: &[CaseResult], strict: bool) -> Judged {
    let run = Circumstances { cases, strict, interrupted: false, today: TODAY };
    let outcome = parse(text).expect("a baseline").judge(&mut results, run);
    Judged { results, outcome }
}

impl Judged {
    /// How many are known, new, stale, expired and unseen.
    fn counts(&self) -> [usize; 5] {
        let BaselineOutcome { known, new, stale, expired, unseen, .. } = &self.outcome;
        [known.len(), new.len(), stale.len(), expired.len(), unseen.len()]
    }
}

#[test]
fn faults_are_located() {
    let entry = text_of(ID, None, "2026-12-31");
    for (text, says, help) in [
        ("known = 1\n".to_owned(), "1:9: expected [[known]], got integer", None),
        ("[[knwon]]\n".to_owned(), "1:3: there is no key `knwon`", Some("`known`")),
        (entry.replace("owner", "ownr"), "4:1: there is no key `ownr`", Some("`owner`")),
        (entry.replace("status-202", "status-203"), "2:15: there is no requirement", Some("`rfc8935/2.2/status-202`")),
        (text_of(ID, Some("rfc8935/2.2/accepts-valid-set"), "2026-12-31"), "3:8: there is no case", Some(CASE)),
        (entry.replace("a reason", " "), "3:10: `reason` is empty", None),
        (entry.replace("\"a team\"", "7"), "4:9: `owner`: expected a string, got integer", None),
        (entry.replace("owner = \"a team\"\n", ""), "1:1: `owner` is missing", None),
        (entry.replace("2026-12-31", "2026-12-31T00:00:00Z"), "5:11: `expires`: expected a day", None),
        (entry.replace("2026-12-31", "\"soon\""), "5:11: `expires`: expected a day", None),
        (format!("{entry}\n{entry}"), "7:1: rfc8935/2.2/status-202 has an entry already, in line 1", None),
        ("[[known]\n".to_owned(), "1:", None),
    ] {
        let error = parse(&text).expect_err(says);
        assert!(error.to_string().starts_with(&format!("baseline.toml:{says}")), "{error}, expected {says}");
        match help {
            Some(near) => assert!(error.help.as_deref().is_some_and(|help| help.contains(near)), "{error:?}"),
            None => assert_eq!(error.help, None),
        }
    }
}

#[test]
fn a_day_is_a_date_or_a_text_and_an_empty_file_knows_nothing() {
    for day in ["2026-12-31", "\"2026-12-31\""] {
        assert_eq!(parse(&text_of(ID, None, day)).expect("a baseline").entries[0].expires, date(2026, 12, 31));
    }
    for text in ["", "# nothing\n", "known = []\n"] {
        assert_eq!(parse(text).expect("a baseline").entries, []);
    }
}

#[test]
fn what_is_known_passes_until_its_day_is_over() {
    for (day, counts, holds) in [
        ("2026-06-02", [1, 0, 0, 0, 0], true),
        ("2026-06-01", [1, 0, 0, 0, 0], true),
        ("2026-05-31", [0, 0, 0, 1, 0], false),
    ] {
        let judged = judge(&text_of(ID, None, day), vec![result(ID, Status::Violated, &[CASE])], &[], false);
        assert_eq!((judged.counts(), judged.outcome.holds), (counts, holds), "{day}");
        assert_eq!(judged.results[0].is_known(), holds);
    }
}

#[test]
fn what_is_not_known_is_new() {
    let results =
        vec![result(ID, Status::Violated, &[CASE]), result("rfc8935/2.2/empty-body", Status::Violated, &[CASE])];
    let judged = judge(&text_of(ID, None, "2026-12-31"), results, &[], false);
    assert_eq!((judged.counts(), judged.outcome.holds), ([1, 1, 0, 0, 0], false));
    assert_eq!(judged.outcome.new[0].name(), "rfc8935/2.2/empty-body");
    assert!(!judged.results[1].is_known());
}

#[test]
fn what_no_longer_fails_is_stale_and_what_was_not_seen_is_not() {
    let text = text_of(ID, None, "2026-12-31");
    for (results, counts) in [
        (vec![result(ID, Status::Satisfied, &[])], [0, 0, 1, 0, 0]),
        (vec![result(ID, Status::Untested, &[])], [0, 0, 0, 0, 1]),
        (vec![result(ID, Status::NotApplicable, &[])], [0, 0, 0, 0, 1]),
        (vec![], [0, 0, 0, 0, 1]),
    ] {
        let judged = judge(&text, results, &[], false);
        assert_eq!((judged.counts(), judged.outcome.holds), (counts, counts[2] == 0));
    }
    // An expired one that no longer fails has to go as well.
    let judged = judge(&text_of(ID, None, "2026-01-01"), vec![result(ID, Status::Satisfied, &[])], &[], false);
    assert_eq!(judged.counts(), [0, 0, 1, 0, 0]);
    let run = Circumstances { cases: &[], strict: false, interrupted: true, today: TODAY };
    let outcome = parse(&text).expect("a baseline").judge(&mut [result(ID, Status::Satisfied, &[])], run);
    assert!(outcome.stale.is_empty() && outcome.unseen.len() == 1);
}

#[test]
fn an_entry_for_a_case_covers_what_that_case_finds() {
    let text = text_of(ID, Some(CASE), "2026-12-31");
    let cases = [ended(CASE, CaseStatus::Failed), ended(OTHER_CASE, CaseStatus::Failed)];
    let judge = |results| judge(&text, results, &cases, false);
    let judged = judge(vec![result(ID, Status::Violated, &[CASE])]);
    assert_eq!((judged.counts(), judged.results[0].is_known()), ([1, 0, 0, 0, 0], true));
    let judged = judge(vec![result(ID, Status::Violated, &[CASE, OTHER_CASE])]);
    assert_eq!((judged.counts(), judged.results[0].is_known()), ([1, 1, 0, 0, 0], false));
    assert_eq!(judged.outcome.new[0].case.as_deref(), Some(OTHER_CASE));
    let judged = judge(vec![result(ID, Status::Violated, &[OTHER_CASE])]);
    assert_eq!(judged.counts(), [0, 1, 1, 0, 0]);
}

#[test]
fn an_entry_for_a_case_is_stale_only_if_the_case_ran_to_its_end() {
    let text = text_of(ID, Some(CASE), "2026-12-31");
    let broken_off = CaseResult { reason: Some("the target hung up".to_owned()), ..ended(CASE, CaseStatus::Failed) };
    let (push, poll) = (format!("{CASE}[push]"), format!("{CASE}[poll]"));
    for (cases, stale) in [
        (vec![ended(CASE, CaseStatus::Passed)], true),
        (vec![ended(CASE, CaseStatus::Failed)], true),
        (vec![ended(&push, CaseStatus::Passed), ended(&poll, CaseStatus::Skipped)], true),
        (vec![ended(&push, CaseStatus::Passed), ended(&poll, CaseStatus::Inconclusive)], false),
        (vec![ended(CASE, CaseStatus::Skipped)], false),
        (vec![ended(CASE, CaseStatus::Inconclusive)], false),
        (vec![broken_off], false),
        (vec![], false),
    ] {
        let judged = judge(&text, vec![result(ID, Status::Satisfied, &[])], &cases, false);
        assert_eq!(judged.outcome.stale.len(), usize::from(stale), "{cases:?}");
        assert_eq!(judged.outcome.unseen.len(), usize::from(!stale), "{cases:?}");
    }
}

#[test]
fn warnings_count_in_a_strict_run_and_can_be_known() {
    let warned = || vec![result(ID, Status::Warned, &[CASE])];
    let current = text_of(ID, None, "2026-12-31");
    for (text, strict, counts) in [
        ("", false, [0, 0, 0, 0, 0]),
        ("", true, [0, 1, 0, 0, 0]),
        (current.as_str(), false, [1, 0, 0, 0, 0]),
        (current.as_str(), true, [1, 0, 0, 0, 0]),
        (&text_of(ID, None, "2026-01-01"), true, [0, 0, 0, 1, 0]),
        (&text_of(ID, None, "2026-01-01"), false, [0, 0, 0, 0, 1]),
    ] {
        assert_eq!(judge(text, warned(), &[], strict).counts(), counts, "{strict} {text}");
    }
}

fn news() -> NewEntries {
    NewEntries {
        reason: "being \"fixed\"".to_owned(),
        owner: "the team".to_owned(),
        expires: date(2026, 12, 31),
        per_case: false,
    }
}

fn updated(text: &str, results: &[RequirementResult], new: &NewEntries) -> Updated {
    let run = Circumstances { cases: &[], strict: false, interrupted: false, today: TODAY };
    let updated = update(&parse(text).expect("a baseline"), text, results, run, new).expect("updated");
    // With the new file the same run passes, apart from what has expired.
    let mut results = results.to_vec();
    let again = parse(&updated.text).expect("what is written can be read").judge(&mut results, run);
    assert!(again.new.is_empty() && again.stale.is_empty(), "{again:?}\n{}", updated.text);
    updated
}

#[test]
fn a_new_file_has_a_head_and_an_entry_for_each_violation() {
    let results = [result(ID, Status::Violated, &[CASE]), result("rfc8935/2.2/empty-body", Status::Violated, &[CASE])];
    let text = updated("", &results, &news()).text;
    insta::assert_snapshot!(text);
    assert_eq!(updated(&text, &results, &news()).text, text);
}

#[test]
fn what_people_wrote_stays() {
    let written = "\
# The baseline of our receiver.

# An old one.
[[known]]
requirement = \"rfc8935/2.3/status-400\"
reason = \"old\"
owner = \"x\"
expires = 2026-12-31

# Why this one: a long story,
# in two lines.
[[known]]
requirement = 'rfc8935/2.2/status-202' # the id
owner = \"y\"
reason = \"\"\"
several
lines\"\"\"
expires = 2026-08-01

# The end.
";
    let results = [
        result("rfc8935/2.3/status-400", Status::Satisfied, &[]),
        result(ID, Status::Violated, &[CASE]),
        result("rfc8935/2.2/empty-body", Status::Violated, &[CASE]),
    ];
    let updated = updated(written, &results, &news());
    insta::assert_snapshot!(updated.text);
    assert_eq!((updated.removed.len(), updated.added.len()), (1, 1));
}

#[test]
fn the_last_entry_can_go_and_the_head_stays() {
    let written = format!("# A head.\n\n{}", text_of(ID, None, "2026-12-31"));
    let text = updated(&written, &[result(ID, Status::Satisfied, &[])], &news()).text;
    assert_eq!(text.trim(), "# A head.");
}

#[test]
fn each_case_can_have_an_entry_of_its_own() {
    let new = NewEntries { per_case: true, ..news() };
    let results = [result(ID, Status::Violated, &[CASE, OTHER_CASE])];
    assert_eq!(updated("", &results, &new).added.len(), 2);
    // Where one case is known, the other one is new, and gets its own entry in any case.
    let known = text_of(ID, Some(CASE), "2026-12-31");
    assert_eq!(updated(&known, &results, &news()).added[0].case.as_deref(), Some(OTHER_CASE));
}

#[test]
fn an_expired_entry_keeps_its_day() {
    let written = text_of(ID, None, "2026-01-01");
    let updated = updated(&written, &[result(ID, Status::Violated, &[CASE])], &news());
    assert_eq!((updated.text, updated.added.len()), (written, 0));
    assert_eq!(updated.outcome.expired.len(), 1);
}

#[test]
fn an_entry_can_be_pasted_whatever_the_requirement_says() {
    let violation = NewViolation { requirement: ID.to_owned(), case: None, status: Status::Violated };
    let new = NewEntries::placeholders(TODAY);
    let text = entry(&violation, &new, Some("MUST: a \"text\"\nowner = \"x\"\u{1b}"));
    let read = parse(&format!("# before\n{text}")).expect("it can be read");
    assert_eq!((read.entries[0].expires, read.entries[0].is_placeholder()), (date(2026, 8, 30), true));
}
