//! The command that repeats a run, for the findings in its report: without secrets.

use std::fmt::Display;

use clap::ValueEnum;

/// A command, word by word.
pub(super) struct Repeat(Vec<String>);

impl Repeat {
    pub fn new(command: &str) -> Self {
        Self(vec![command.to_owned()])
    }

    /// A word of its own.
    pub fn word(&mut self, word: Option<impl Display>) {
        self.0.extend(word.map(|word| quoted(&word.to_string())));
    }

    /// An option, if it has a value.
    pub fn option(&mut self, name: &str, value: Option<impl Display>) {
        self.0.extend(value.map(|value| format!("--{name} {}", quoted(&value.to_string()))));
    }

    /// An option without a value.
    pub fn flag(&mut self, name: &str, given: bool) {
        self.0.extend(given.then(|| format!("--{name}")));
    }

    /// An option whose value comes from the environment; one that names a file is repeated.
    pub fn secret(&mut self, name: &str, value: Option<&str>, variable: &str) {
        self.0.extend(value.map(|value| match value.strip_prefix('@') {
            Some(_) => format!("--{name} {}", quoted(value)),
            None => format!("--{name} \"${variable}\""),
        }));
    }

    /// An option that only the environment of the operator can fill in.
    pub fn variable(&mut self, name: &str, given: bool, variable: &str) {
        self.0.extend(given.then(|| format!("--{name} \"${variable}\"")));
    }

    /// An option with a value out of a few.
    pub fn value(&mut self, name: &str, value: Option<impl ValueEnum>) {
        let value = value.and_then(|value| Some(value.to_possible_value()?.get_name().to_owned()));
        self.option(name, value);
    }

    pub fn finish(self) -> String {
        self.0.join(" ")
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
