//! The values of a run, each with its source.

use std::fmt;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::shown;
use crate::cli::config::Config;
use crate::cli::config::options::{RunOption, of_role};
use crate::cli::config::place::is_given;
use crate::suite::model::profile::Role;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub key: String,
    /// As it may be shown.
    pub value: String,
    pub source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// An option of the command line or a variable of the environment, and what it leaves aside.
    Given {
        by: String,
        aside: Option<String>,
    },
    /// The file, with the line.
    File(String),
    /// The file, but an option leaves it aside.
    Aside {
        place: String,
        by: String,
    },
    Default,
    Nowhere,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given { by, aside: None } => out.write_str(by),
            Self::Given { by, aside: Some(place) } => write!(out, "{by} (in place of {place})"),
            Self::File(place) => out.write_str(place),
            Self::Aside { place, by } => write!(out, "{place}, left aside by {by}"),
            Self::Default | Self::Nowhere => Ok(()),
        }
    }
}

/// A key of the file that another option than its own leaves aside: a hook is a command or a URL.
const LEFT_ASIDE: [(&str, &str); 2] = [("trigger.command", "--trigger-url"), ("trigger.url", "--trigger")];

/// Every key of the role, with the value that a run goes by.
pub(super) fn settings(role: Role, config: &Config, given: &ArgMatches, profile: Option<&str>) -> Vec<Setting> {
    let options = of_role(role);
    let mut settings: Vec<Setting> =
        options.iter().map(|option| setting(option, &options, config, given, profile)).collect();
    // Keys that are no options.
    let entries = config.file.iter().flat_map(|file| &file.entries);
    for entry in entries.filter(|entry| options.iter().all(|option| option.key != entry.key)) {
        let value = shown::of_file(None, &entry.value);
        settings.push(Setting { key: entry.key.clone(), value, source: Source::File(place(config, entry.at.line)) });
    }
    settings
}

fn setting(
    option: &RunOption,
    all: &[RunOption],
    config: &Config,
    given: &ArgMatches,
    profile: Option<&str>,
) -> Setting {
    let key = option.key.clone();
    let entry = config.file.iter().flat_map(|file| &file.entries).find(|entry| entry.key == key);
    let at = entry.map(|entry| place(config, entry.at.line));
    if is_given(option, given) {
        let id = option.arg.get_id().as_str();
        let variable = option.arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let by = match given.value_source(id) {
            Some(ValueSource::EnvVariable) => format!("environment variable {variable}"),
            _ => option.flag(),
        };
        let words: Vec<String> =
            given.get_raw(id).into_iter().flatten().map(|word| word.to_string_lossy().into_owned()).collect();
        return Setting { key, value: shown::of_command_line(option, &words), source: Source::Given { by, aside: at } };
    }
    if let (Some(entry), Some(place)) = (entry, at) {
        let rival = LEFT_ASIDE.iter().find(|(aside, _)| *aside == key).map(|(_, by)| *by);
        let wins = rival.filter(|by| all.iter().any(|option| option.flag() == *by && is_given(option, given)));
        let source = match wins {
            Some(by) => Source::Aside { place, by: by.to_owned() },
            None => Source::File(place),
        };
        return Setting { key, value: shown::of_file(Some(option), &entry.value), source };
    }
    let default = option.default().or_else(|| profile.filter(|_| key == "profile").map(str::to_owned));
    match default {
        Some(value) => Setting { key, value, source: Source::Default },
        None => Setting { key, value: String::new(), source: Source::Nowhere },
    }
}

fn place(config: &Config, line: usize) -> String {
    config.file.as_ref().map_or_else(String::new, |file| format!("{}:{line}", file.path.display()))
}
