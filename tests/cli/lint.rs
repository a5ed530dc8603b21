//! Faults of suite files are shown where they are.

use crate::snapshot;
use crate::support::Home;

/// A section with `requirement` among the fields of its requirement and `expectation` in its case.
fn lint(requirement: &str, expectation: &str) -> String {
    let home = Home::new();
    home.write("own/house/spec.yaml", "name: House\ntitle: House rules\nlink: \"https://rules.example/{section}\"\n");
    home.write(
        "own/house/1-answers.yaml",
        format!(
            "section: \"1\"\ntitle: House rules\nparty: receiver\n\nrequirements:\n  dated:\n    level: MUST\n    \
             {requirement}\n\ncases:\n  - name: dates\n    title: A good SET\n    steps:\n      - push: \
             {{ set: caep/session-revoked }}\n        expect:\n          {expectation}\n"
        ),
    );
    let ended = home.run(&["lint", "own"]).expect_code(2);
    assert_eq!(ended.stdout, "");
    ended.stderr
}

const TEXT: &str = "text: An answer is dated.";

#[test]
fn a_misspelt_key() {
    snapshot("lint_misspelt_key", &lint("txt: An answer is dated.", "dated: response.status == 202"));
}

#[test]
fn an_unknown_requirement() {
    snapshot("lint_unknown_requirement", &lint(TEXT, "dates: response.status == 202"));
}

#[test]
fn a_syntax_error_in_an_expression() {
    snapshot("lint_syntax_error", &lint(TEXT, "dated: response.status == == 202"));
}

#[test]
fn an_expression_that_ends_too_early() {
    snapshot("lint_unfinished_expression", &lint(TEXT, "dated: response.status =="));
}

#[test]
fn an_unknown_variable() {
    snapshot("lint_unknown_variable", &lint(TEXT, "dated: response.status == 202 && respnse.size == 0"));
}

#[test]
fn yaml_that_is_none() {
    snapshot("lint_no_yaml", &lint(TEXT, "dated: [unclosed"));
}

#[test]
fn our_own_suites_have_no_fault() {
    Home::new().run(&["lint"]).expect_code(0).expect_output("nothing is missing");
}
