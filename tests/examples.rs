//! The examples that the RFCs print, and what our rules say of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use setspec::run::check::{Checked, Checker};
use setspec::run::event::Status;
use setspec::run::proof::built_in_catalogue;

/// Requirements by id, each with the reason why the example breaks it.
type Reasons = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "kebab-case")]
struct Expected {
    violated: Reasons,
    warned: Reasons,
    /// What the rules on logout tokens say of it, where it is one.
    as_logout_token: Option<Verdict>,
}

/// What the rules of another profile say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    violated: Reasons,
    warned: Reasons,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rfc")
}

fn expected() -> BTreeMap<String, Expected> {
    let text = fs::read_to_string(folder().join("expected.yaml")).expect("expected.yaml");
    serde_saphyr::from_str(&text).expect("expected.yaml is well-formed")
}

fn examples() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder of examples");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != "expected.yaml").collect();
    names.sort();
    names
}

fn ids(checked: &Checked, status: Status) -> Vec<&str> {
    let of_status = checked.findings.iter().filter(|finding| finding.status == status);
    let mut ids: Vec<&str> = of_status.map(|finding| finding.requirement.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn every_example_has_an_expectation_and_the_other_way_round() {
    let named: Vec<String> = expected().into_keys().collect();
    assert_eq!(named, examples());
}

#[test]
fn the_examples_of_the_rfcs_are_judged_as_expected() {
    for (name, expected) in expected() {
        assert_verdict(&name, "set", &expected.violated, &expected.warned);
    }
}

#[test]
fn the_logout_tokens_among_them_are_judged_by_the_rules_on_logout_tokens() {
    let logout: Vec<(String, Verdict)> =
        expected().into_iter().filter_map(|(name, expected)| Some((name, expected.as_logout_token?))).collect();
    assert_eq!(logout.len(), 2);
    for (name, expected) in logout {
        assert_verdict(&name, "logout-token", &expected.violated, &expected.warned);
    }
}

#[track_caller]
fn assert_verdict(name: &str, profile: &str, violated: &Reasons, warned: &Reasons) {
    let catalogue = built_in_catalogue().expect("the built-in suites");
    let mut profile = catalogue.profiles[profile].clone();
    // Those of SSF say of themselves that they conform to it.
    if name.starts_with("ssf-") {
        profile.specs.push("ssf".to_owned());
    }
    let text = fs::read_to_string(folder().join(name)).expect("the example");
    // A checker remembers identifiers, and the examples share some.
    let checked = Checker::new(catalogue.clone(), &profile, None).check(name, &text);
    let keys = |reasons: &Reasons| reasons.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&checked, Status::Violated), keys(violated), "violated by {name}");
    assert_eq!(ids(&checked, Status::Warned), keys(warned), "warned of in {name}");
}
