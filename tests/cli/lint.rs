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

/// What is said of a mutant with these members, in the suite of Shared Signals.
fn lint_mutant(members: &str) -> String {
    let home = Home::new();
    home.write("own/ssf/spec.yaml", "name: SSF\ntitle: Shared Signals\nlink: \"https://ssf.example/{section}\"\n");
    home.write(
        "own/ssf/1-answers.yaml",
        format!(
            "section: \"1\"\ntitle: Polls\nparty: receiver\n\nrequirements:\n  asks:\n    level: MUST\n    \
             text: It asks.\n\nrules:\n  - on: poll\n    expect:\n      asks: poll != null\n\nmutants:\n  - name: one\n    \
             breaks: asks\n    {members}\n"
        ),
    );
    home.run(&["lint", "own"]).expect_code(2).stderr
}

#[test]
fn behaviours_and_toggles_are_those_of_the_party() {
    for (members, expected) in [
        ("behave: never-acknowledge", "the receiver has no behaviour `never-acknowledge`"),
        ("behave: never-acknowledge", "did you mean `never-acknowledges`?"),
        ("behave: ignores-acks", "the receiver has no behaviour `ignores-acks`"),
        ("behave: never-acknowledges\n    given: [poll-only]", "the receiver has no toggle `poll-only`"),
        ("behave: never-acknowledges\n    given: [poll-only]", "`setspec list toggles` prints them"),
    ] {
        let said = lint_mutant(members);
        assert!(said.contains(expected) && said.contains("1-answers.yaml"), "{expected}: {said}");
    }
}

#[test]
fn yaml_that_is_none() {
    snapshot("lint_no_yaml", &lint(TEXT, "dated: [unclosed"));
}

#[test]
fn our_own_suites_have_no_fault() {
    Home::new().run(&["lint"]).expect_code(0).expect_output("nothing is missing");
}
