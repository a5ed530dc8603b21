//! GitHub Actions: annotations, the summary of a step, and nothing that a target can inject.

use std::fs;

use crate::support::Home;
use crate::support::target::{acknowledge, respond, serve};

const ONLY: [&str; 8] = ["--alg", "ES256", "--timeout", "2", "--only", "rfc8935/2.2/", "--only", "rfc8935/2.3/"];

/// Runs as a step of a workflow.
fn step(home: &Home, args: &[&str]) -> crate::support::Ended {
    let summary = home.path().join("summary.md");
    home.run_with(args, |command| {
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", summary);
    })
}

/// The workflow commands that the runner would see: while they are stopped, only the token starts them again.
fn commands(stdout: &str) -> Vec<String> {
    let mut token: Option<&str> = None;
    let mut seen = Vec::new();
    for line in stdout.lines() {
        match token {
            Some(stop) if line == format!("::{stop}::") => token = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(stop) => token = Some(stop),
                None if line.trim_start().starts_with("::") || line.contains("##[") => seen.push(line.to_owned()),
                None => {}
            },
        }
    }
    assert_eq!(token, None, "commands are started again");
    seen
}

#[test]
fn a_step_is_annotated_at_the_line_of_the_target() {
    let target = serve(|_, stream| respond(stream, "202 Accepted", &[], b"ok"));
    let home = Home::new();
    home.write("setspec.toml", format!("# a comment\nurl = \"{}\"\n", target.url));
    let ended = step(&home, &[&["run", "receiver"][..], &ONLY].concat()).expect_code(1);
    let errors = commands(&ended.stdout);
    assert!(
        errors.iter().any(|line| line
            .starts_with("::error title=setspec%3A rfc8935/2.2/empty-body violated,file=setspec.toml,line=2::MUST: ")),
        "{errors:?}"
    );
    let summary = fs::read_to_string(home.path().join("summary.md")).expect("a summary");
    assert!(summary.starts_with("## setspec: NONCONFORMANT\n"), "{summary}");
}

#[test]
fn a_target_gives_no_commands() {
    let target = serve(|asked, stream| {
        if asked.number <= 2 {
            return acknowledge(stream);
        }
        let hostile = "::error::pwned\n##[set-output name=x]y\n::stop-commands::x\n@everyone <script>";
        let body = serde_json::json!({ "err": hostile, "description": hostile });
        respond(
            stream,
            "400 ::error::x ##[error]y",
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
    });
    let home = Home::new();
    let ended = step(&home, &[&["run", "receiver", &target.url, "--verbose"][..], &ONLY].concat());
    let seen = commands(&ended.stdout);
    assert!(!seen.is_empty(), "{}", ended.stdout);
    for line in seen {
        assert!(
            line.starts_with("::error title=setspec%3A ") || line.starts_with("::warning title=setspec%3A "),
            "{line}"
        );
    }
}

#[test]
fn a_run_that_does_not_begin_says_why() {
    let home = Home::new();
    let ended = step(&home, &["run", "receiver", "--timeout", "0", "--alg", "ES256"]).expect_code(2);
    assert_eq!(commands(&ended.stdout).len(), 1);
    ended.expect_output("::error title=setspec%3A configuration::--timeout: expected seconds");
    // A word in the wrong place may be a secret.
    let ended =
        step(&home, &["run", "receiver", "http://127.0.0.1/", "pl4nted-secret", "--junit", "junit.xml"]).expect_code(2);
    assert!(!ended.stdout.contains("pl4nted-secret"), "{}", ended.stdout);
    let junit = fs::read_to_string(home.path().join("junit.xml")).expect("junit.xml");
    assert!(!junit.contains("pl4nted-secret"), "{junit}");
}

#[test]
fn the_summary_of_a_step_has_a_bound() {
    let target = serve(|_, stream| respond(stream, "202 Accepted", &[], b"ok"));
    let home = Home::new();
    let taken = 1024 * 1024 - 600;
    home.write("summary.md", "x".repeat(taken));
    step(&home, &[&["run", "receiver", &target.url][..], &ONLY].concat()).expect_code(1);
    let summary = fs::read_to_string(home.path().join("summary.md")).expect("a summary");
    assert!(summary.len() > taken && summary.len() <= 1024 * 1024, "{}", summary.len());
    assert!(summary.ends_with("The report of the run has all of it._\n"), "{}", &summary[taken..]);
}

#[test]
fn without_a_workflow_nothing_of_it_is_printed() {
    let home = Home::new();
    let ended = home.run(&[&["run", "receiver"][..], &ONLY].concat()).expect_code(0);
    assert!(!ended.stdout.contains("::stop-commands"), "{}", ended.stdout);
}
