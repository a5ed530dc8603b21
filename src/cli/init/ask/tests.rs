//! The questions, answered by a script.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use super::*;
use crate::cli::catalogue::SuiteArgs;
use crate::cli::config;
use crate::cli::init::render::render;

/// Answers in turn: a choice by a part of it, a text, or the default where the answer is `-`.
struct Script(VecDeque<&'static str>);

impl Script {
    fn next(&mut self, question: &str) -> &'static str {
        self.0.pop_front().unwrap_or_else(|| panic!("no answer to {question:?}"))
    }
}

impl Prompt for Script {
    fn select(&mut self, question: &str, choices: &[String]) -> Result<usize, Failure> {
        let answer = self.next(question);
        let found = choices.iter().position(|choice| choice.contains(answer));
        Ok(found.unwrap_or_else(|| panic!("{question:?} has no {answer:?}: {choices:?}")))
    }

    fn text(&mut self, question: &str, _: &str, default: &str, fits: Fits) -> Result<String, Failure> {
        let answer = self.next(question);
        let answer = if answer == "-" { default } else { answer };
        assert_eq!(fits(answer), Ok(()), "{question}");
        Ok(answer.to_owned())
    }
}

/// The file that these answers lead to. Every question has its answer, and every answer its question.
fn asked(answers: &[&'static str]) -> String {
    let mut script = Script(answers.iter().copied().collect());
    static SUITES: LazyLock<Arc<Catalogue>> =
        LazyLock::new(|| SuiteArgs::default().load().expect("our suites are sound"));
    let draft = ask(&mut script, &SUITES).expect("every question is answered");
    assert!(script.0.is_empty(), "{:?}", script.0);
    let text = render(&draft);
    assert_eq!(config::faults(&text, draft.role), None, "{text}");
    text
}

#[test]
fn a_transmitter_with_a_client() {
    let text = asked(&[
        "transmitter",
        "https://tx.example",
        "OAuth",
        "me",
        "TX_SECRET",
        "",
        "ssf.read",
        "yes",
        "-",
        "https://tunnel.example",
        "./emit.sh --now",
        "ssf-transmitter",
        "-",
    ]);
    for line in [
        "role = \"transmitter\"",
        "issuer = \"https://tx.example\"",
        "client-secret = { env = \"TX_SECRET\" }",
        "listen = \"0.0.0.0:8935\"",
        "command = [\"./emit.sh\", \"--now\"]",
        "profile = \"ssf-transmitter\"",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
    }
}

#[test]
fn each_kind_of_target() {
    asked(&["transmitter", "", "ssf-transmitter", "-"]);
    asked(&["transmitter", "https://tx.example", "bearer", "-", "no", "", "caep", "-"]);
    asked(&["a receiver", "pushed", "https://rx.example/events", "", "", "", "yes", "-", "-"]);
    asked(&["a receiver", "visits", "", "./rx", "-", "ssf-receiver", "-"]);
    asked(&["relying party", "https://rp.example/login", "https://rp.example/logout", "-", "-", "-"]);
    asked(&["provider", "https://op.example", "me", "-", "", "-"]);
    asked(&["provider", "", "-"]);
}

#[test]
fn answers_that_will_not_do_are_told_so() {
    assert!(url("ftp://a").is_err() && url("https://a:b@c").is_err() && url("").is_ok() && url_needed("").is_err());
    assert!(address("8935").is_err() && address("[::1]:8935").is_ok());
    assert!(name("1A").is_err() && name("a secret").is_err() && name("").is_err() && name("TX_TOKEN").is_ok());
    assert!(words("'open").is_err() && some("").is_err());
}
