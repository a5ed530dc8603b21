//! Known violations: what passes, what fails, and what is said of it.

use std::fs;

use crate::support::target::{Target, acknowledge, respond, serve};
use crate::support::{Ended, Home};

/// Takes everything, and so breaks what section 2 of RFC 8935 says of refusals.
fn takes_everything() -> Target {
    serve(|_, stream| acknowledge(stream))
}

/// A bad acknowledgement, which is one violation of section 2.2.
fn adds_a_body() -> Target {
    serve(|_, stream| respond(stream, "202 Accepted", &[], b"ok"))
}

fn entry(id: &str, expires: &str) -> String {
    format!(
        "[[known]]\nrequirement = \"{id}\"\nreason = \"the proxy does it\"\nowner = \"a team\"\nexpires = {expires}\n\n"
    )
}

/// Judges section 2.2, or what `more` says, by the baseline in the folder.
fn judge(home: &Home, target: &Target, more: &[&str]) -> Ended {
    let args =
        ["run", "receiver", &target.url, "--alg", "ES256", "--baseline", "baseline.toml", "--junit", "junit.xml"];
    let only: &[&str] = if more.contains(&"--only") { &[] } else { &["--only", "rfc8935/2.2/"] };
    home.run(&[&args[..], only, more].concat())
}

fn outcome(home: &Home, name: &str) -> Option<(String, String)> {
    let cases = home.junit("junit.xml");
    let found = cases.into_iter().find(|case| case.name.starts_with(name));
    found.unwrap_or_else(|| panic!("no testcase {name}")).outcome
}

#[test]
fn a_known_violation_passes_and_is_still_looked_for() {
    let (home, target) = (Home::new(), adds_a_body());
    home.write("baseline.toml", entry("rfc8935/2.2/empty-body", "2099-12-31"));
    let ended = judge(&home, &target, &[]).expect_code(0).expect_output("KNOWN  rfc8935/2.2/empty-body");
    let ended = ended.expect_output("the proxy does it (owner: a team, until 2099-12-31)");
    assert!(!ended.stdout.contains("VIOLATED"), "{}", ended.stdout);
    let report = home.report();
    assert_eq!(report["verdict"], "nonconformant");
    assert_eq!(report["baseline"]["holds"], true);
    assert_eq!(report["baseline"]["known"][0]["owner"], "a team");
    let requirement =
        report["requirements"].as_array().expect("requirements").iter().find(|r| r["status"] == "violated");
    let requirement = requirement.expect("it is still violated");
    assert_eq!(requirement["known_by"][0]["reason"], "the proxy does it");
    assert!(requirement["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
    let (kind, message) = outcome(&home, "rfc8935/2.2/empty-body: ").expect("skipped");
    assert_eq!((kind.as_str(), message.contains("the proxy does it")), ("skipped", true));
    assert_eq!(outcome(&home, "the baseline holds"), None);
}

#[test]
fn a_new_violation_fails_and_its_entry_can_be_pasted() {
    let (home, target) = (Home::new(), takes_everything());
    home.write("baseline.toml", "# Nothing is known yet.\n");
    let only = ["--only", "rfc8935/2/"];
    let ended = judge(&home, &target, &only).expect_code(1);
    assert_eq!(outcome(&home, "rfc8935/2/authentic: ").expect("a failure").0, "failure");
    let printed = ended.stdout.split_once("[[known]]").expect("an entry").1;
    let printed = printed.split_once("\n          ").expect("the table").0;
    home.write("baseline.toml", format!("# Pasted.\n[[known]]{printed}"));
    let ended = judge(&home, &target, &only).expect_code(0);
    ended
        .expect_output("say why it is known")
        .expect_output("7 entries cover what is known, and nothing else is broken");
}

#[test]
fn a_stale_entry_fails_until_it_is_removed() {
    let (home, target) = (Home::new(), adds_a_body());
    let known = entry("rfc8935/2.2/empty-body", "2099-12-31");
    home.write("baseline.toml", format!("{known}{}", entry("rfc8935/2.2/status-202", "2099-12-31")));
    judge(&home, &target, &[])
        .expect_code(1)
        .expect_output("STALE  rfc8935/2.2/status-202")
        .expect_output("baseline.toml:7: ");
    assert_eq!(outcome(&home, "stale: rfc8935/2.2/status-202").expect("a failure").0, "failure");
    let quiet = judge(&home, &target, &["--quiet"]).expect_code(1).expect_output("STALE  rfc8935/2.2/status-202");
    assert!(!quiet.stdout.contains("KNOWN"), "{}", quiet.stdout);
    home.run(&["baseline", "update"]).expect_code(0).expect_output("removed  rfc8935/2.2/status-202");
    assert_eq!(fs::read_to_string(home.path().join("baseline.toml")).expect("the file"), known);
    judge(&home, &target, &[]).expect_code(0);
    // A target without the fault makes the other one stale, though the target is conformant.
    let good = takes_everything();
    judge(&home, &good, &[]).expect_code(1).expect_output("CONFORMANT: ");
}

#[test]
fn an_expired_entry_fails() {
    let (home, target) = (Home::new(), adds_a_body());
    home.write("baseline.toml", entry("rfc8935/2.2/empty-body", "2020-12-31"));
    judge(&home, &target, &[]).expect_code(1).expect_output("EXPIRED  rfc8935/2.2/empty-body");
    let (kind, _) = outcome(&home, "rfc8935/2.2/empty-body: ").expect("a failure");
    assert_eq!((kind.as_str(), home.report()["baseline"]["expired"][0]["line"].as_u64()), ("failure", Some(1)));
    home.run(&["baseline", "update"]).expect_code(0).expect_output("give it another day in line 1");
}

#[test]
fn what_a_run_does_not_look_at_is_neither_stale_nor_a_failure() {
    let (home, target) = (Home::new(), takes_everything());
    home.write("baseline.toml", entry("rfc8935/2/authentic", "2099-12-31"));
    let ended = judge(&home, &target, &[]).expect_code(0);
    ended.expect_output("rfc8935/2/authentic: the requirement was not selected in this run");
    assert_eq!(home.report()["baseline"]["unseen"][0]["requirement"], "rfc8935/2/authentic");
}

#[test]
fn an_entry_for_a_case_covers_that_case_alone() {
    let (home, target) = (Home::new(), takes_everything());
    let only = ["--only", "rfc8935/2/refuses-foreign-audiences"];
    for (case, code) in [("refuses-foreign-audiences", 0), ("refuses-foreign-issuers", 1)] {
        let bound = format!("case = \"rfc8935/2/{case}\"\nreason");
        home.write("baseline.toml", entry("rfc8935/2/audience", "2099-12-31").replace("reason", &bound));
        judge(&home, &target, &only).expect_code(code);
    }
}

#[test]
fn warnings_count_in_a_strict_run_and_can_be_known() {
    let (home, target) = (Home::new(), takes_everything());
    let only = ["--only", "refuses-foreign-audiences", "--strict"];
    home.write("baseline.toml", entry("rfc8935/2/audience", "2099-12-31"));
    judge(&home, &target, &only[..2]).expect_code(0);
    judge(&home, &target, &only).expect_code(1).expect_output("requirement = \"rfc8935/2/audience-absent\"");
    home.run(&["baseline", "update", "--reason", "later", "--owner", "us", "--expires", "2099-01-01"]).expect_code(0);
    judge(&home, &target, &only).expect_code(0);
}

#[test]
fn update_writes_a_file_with_which_the_run_passes() {
    let (home, target) = (Home::new(), takes_everything());
    home.run(&["run", "receiver", &target.url, "--alg", "ES256", "--only", "rfc8935/2/"]).expect_code(1);
    let ended = home.run(&["baseline", "update", "reports/latest", "--owner", "us", "--expires", "2099-01-01"]);
    ended
        .expect_code(0)
        .expect_output("baseline.toml: 7 added, 0 removed, 0 kept")
        .expect_output("runs warn until then");
    judge(&home, &target, &["--only", "rfc8935/2/"]).expect_code(0);
    home.run(&["baseline", "update", "--expires", "2020-01-01"]).expect_code(2).expect_error("a day to come");
    home.run(&["baseline", "update", "--expires", "soon"]).expect_code(2);
    home.run(&["baseline", "update", "--reason", ""]).expect_code(2).expect_error("--reason: expected a text");
    home.run(&["baseline", "update", "absent"]).expect_code(2).expect_error("absent");
}

#[test]
fn faults_of_the_file_are_located_before_anything_is_sent() {
    let home = Home::new();
    let target = serve(|_, _| panic!("nothing is sent"));
    for (text, says) in [
        (
            entry("rfc8935/2.2/empty-bdy", "2099-12-31"),
            "baseline.toml:2:15: there is no requirement `rfc8935/2.2/empty-bdy`",
        ),
        (entry("rfc8935/2.2/empty-bdy", "2099-12-31"), "did you mean `rfc8935/2.2/empty-body`?"),
        (entry("rfc8935/2.2/empty-body", "\"soon\""), "baseline.toml:5:11: `expires`: expected a day"),
        ("[[known]]\n".to_owned(), "baseline.toml:1:1: `requirement` is missing"),
    ] {
        home.write("baseline.toml", text);
        judge(&home, &target, &[]).expect_code(2).expect_error(says);
        assert_eq!(outcome(&home, "run").expect("an error").0, "error");
    }
    home.run(&["run", "receiver", "--alg", "ES256", "--baseline", "absent.toml"])
        .expect_code(2)
        .expect_error("no such file");
}

#[test]
fn the_configuration_names_a_baseline_beside_itself() {
    let (home, target) = (Home::new(), adds_a_body());
    home.write("ci/known.toml", entry("rfc8935/2.2/empty-body", "2099-12-31"));
    let text =
        format!("\nurl = \"{}\"\nalg = \"ES256\"\nonly = [\"rfc8935/2.2/\"]\nbaseline = \"known.toml\"\n", target.url);
    home.write("ci/setspec.toml", text);
    home.run(&["run", "receiver", "--config", "ci/setspec.toml"]).expect_code(0);
    assert_eq!(home.report()["run"]["config"], serde_json::json!({ "file": "ci/setspec.toml", "line": 2 }));
}

/// The gate stands around every kind of run.
#[test]
fn each_role_has_a_baseline() {
    for (role, id, only) in [
        (&["transmitter"][..], "ssf/7.1/issuer-given", "ssf/7.1/"),
        (&["op"], "backchannel-logout/2.4/iss", "backchannel-logout/2.4/"),
        (&["rp"], "backchannel-logout/2.6/is-a-token", "backchannel-logout/2.6/"),
        (&["receiver", "--visiting"], "rfc8936/2.2/request-document", "rfc8936/2.2/"),
    ] {
        let home = Home::new();
        home.write("baseline.toml", entry(id, "2099-12-31"));
        let args = [&["run"], role, &["--only", only, "--baseline", "baseline.toml"]].concat();
        home.run(&args).expect_code(1).expect_output("STALE");
    }
}
