//! A fault that shows only when the values are used, said at its place in the file.

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::Config;
use super::options::{RunOption, of_role};
use crate::cli::console::Failure;
use crate::suite::model::profile::Role;

/// Whether the command line or the environment gives this option, which leaves the file aside.
pub(in crate::cli) fn is_given(option: &RunOption, given: &ArgMatches) -> bool {
    let source = given
        .try_contains_id(option.arg.get_id().as_str())
        .ok()
        .and_then(|_| given.value_source(option.arg.get_id().as_str()));
    matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

impl Config {
    /// The fault with its place, if it is about a value of the file. Faults of options begin with the option.
    pub fn locate(&self, failure: Failure, given: &ArgMatches, role: Role) -> Failure {
        let Some(file) = &self.file else { return failure };
        let subject = failure.message.split([' ', ':']).next().unwrap_or_default().trim_matches(['[', ']']);
        let option = of_role(role).into_iter().find(|option| option.flag() == subject);
        if option.as_ref().is_some_and(|option| is_given(option, given)) {
            return failure;
        }
        let key = option.map_or_else(|| subject.to_owned(), |option| option.key);
        let below = format!("{key}.");
        let entry = file.entries.iter().find(|entry| entry.key == key || entry.key.starts_with(&below));
        let Some(entry) = entry else { return failure };
        let rest = failure.message.split_once(subject).map_or("", |(_, rest)| rest).trim_start_matches(']');
        let message = format!("{}:{}: {key}{rest}", file.path.display(), entry.at);
        Failure { message, ..failure }
    }
}
