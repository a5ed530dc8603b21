//! Which requirements run, from whose suites, and how much is said.

use crate::support::{Home, status_of};

const OURS: &str = r#"
section: "1"
title: House rules
party: receiver

requirements:
  dated:
    level: MUST
    text: An acknowledgement says when it was made.
  short:
    level: SHOULD
    text: An acknowledgement has no body.

cases:
  - name: dates-its-answers
    title: A good SET
    steps:
      - push: { set: caep/session-revoked }
        expect:
          dated: has_header(response, 'x-house-date')
          short: response.size == 0
"#;

fn with_house_rules(home: &Home) {
    home.write("own/house/spec.yaml", "name: House\ntitle: House rules\nlink: \"https://rules.example/{section}\"\n");
    home.write("own/house/1-answers.yaml", OURS);
    home.write(
        "own/profiles.yaml",
        "profiles:\n  house:\n    title: Our own\n    role: receiver\n    specs: [house, rfc8935]\n    parties: [receiver]\n",
    );
}

#[test]
fn only_and_skip_choose() {
    let home = Home::new();
    home.run(&["run", "receiver", "--alg", "ES256", "--only", "rfc8935/2.2", "--skip", "*/empty-body"]).expect_code(0);
    let report = home.report();
    assert_eq!(status_of(&report, "rfc8935/2.2/status-202"), "satisfied");
    assert_eq!(status_of(&report, "rfc8935/2.2/empty-body"), "absent");
    assert_eq!(status_of(&report, "rfc8935/2.3/status-400"), "absent");
}

#[test]
fn a_case_that_is_named_runs_alone() {
    let home = Home::new();
    let case = "rfc8935/2/refuses-altered-sets";
    let ended = home.run(&["run", "receiver", "--alg", "ES256", "--only", case, "--list"]).expect_code(0);
    assert_eq!(
        ended.stdout.lines().collect::<Vec<_>>(),
        ["requirement rfc8935/2/authentic", &format!("case        {case}")]
    );
}

#[test]
fn list_prints_the_selection_and_sends_nothing() {
    let home = Home::new();
    let ended = home.run(&["run", "receiver", "--alg", "ES256", "--only", "rfc8935/2.2", "--list"]).expect_code(0);
    assert!(!home.path().join("reports").exists());
    let listed: Vec<&str> = ended.stdout.lines().collect();
    assert!(listed.contains(&"requirement rfc8935/2.2/status-202"), "{listed:?}");
    assert!(listed.contains(&"case        rfc8935/2.2/accepts-a-valid-set"), "{listed:?}");
    assert!(!ended.stdout.contains("rfc8417"), "{listed:?}");
    home.run(&["run", "receiver", "--alg", "ES256", "--only", "nothing-like-this", "--list"]).expect_code(4);
}

#[test]
fn quiet_says_the_verdict_and_no_more() {
    let home = Home::new();
    let ended = home.run(&["run", "receiver", "--alg", "ES256", "--quiet", "--only", "rfc8935/2.2"]).expect_code(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    ended.expect_output("CONFORMANT");
    home.run(&["run", "receiver", "--alg", "ES256", "--quiet", "--verbose"]).expect_code(2);
}

#[test]
fn strict_makes_warnings_count() {
    let home = Home::new();
    with_house_rules(&home);
    // The SHOULD alone, turned round so that it is always broken.
    home.write("own/house/1-answers.yaml", OURS.replace("short: response.size == 0", "short: response.size == 1"));
    let args =
        ["run", "receiver", "--alg", "ES256", "--extra-suites", "own", "--profile", "house", "--only", "house/1/short"];
    home.run(&args).expect_code(0).expect_output("WARNED  house/1/short");
    home.run(&[&args[..], &["--strict"]].concat()).expect_code(1).expect_output("house/1/short");
}

#[test]
fn extra_suites_add_requirements_and_cases() {
    let home = Home::new();
    with_house_rules(&home);
    home.run(&["lint", "--extra-suites", "own"]).expect_code(2).expect_output("house/1/dated");
    home.run(&[
        "run",
        "receiver",
        "--alg",
        "ES256",
        "--extra-suites",
        "own",
        "--profile",
        "house",
        "--only",
        "house",
        "--only",
        "rfc8935/2.2",
    ])
    .expect_code(1)
    .expect_output("VIOLATED  house/1/dated");
    let report = home.report();
    assert_eq!(status_of(&report, "house/1/dated"), "violated");
    assert_eq!(status_of(&report, "house/1/short"), "satisfied");
    assert_eq!(status_of(&report, "rfc8935/2.2/status-202"), "satisfied");
}

#[test]
fn a_section_file_beside_ours_joins_its_specification() {
    let home = Home::new();
    home.write("own/rfc8935/99-house.yaml", OURS.replace("section: \"1\"", "section: \"99\""));
    home.run(&["run", "receiver", "--alg", "ES256", "--extra-suites", "own", "--only", "rfc8935/99"]).expect_code(1);
    assert_eq!(status_of(&home.report(), "rfc8935/99/dated"), "violated");
}

#[test]
fn suites_replace_ours() {
    let home = Home::new();
    with_house_rules(&home);
    let ended = home.run(&["list", "requirements", "--suites", "own"]).expect_code(0);
    let ids: Vec<&str> = ended.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(ids, ["house/1/dated", "house/1/short"]);
}
