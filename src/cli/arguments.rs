//! The command line before it is parsed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::config::Config;
use crate::suite::model::profile::Role;

/// The commands that are about a target.
const ABOUT_A_TARGET: [&[&str]; 3] = [&["run"], &["doctor"], &["config", "check"]];

/// `setspec run --strict` is `setspec run ROLE --strict`, with the role that the configuration file names.
pub(super) fn with_role(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    filled(arguments.collect(), Config::role_of)
}

fn filled(mut arguments: Vec<OsString>, role_of: impl FnOnce(Option<&Path>) -> Option<Role>) -> Vec<OsString> {
    let Some(at) = place_of_role(&arguments) else { return arguments };
    let rest = arguments.get(at..).unwrap_or_default();
    let asks = |word: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|flag| word == flag);
    let is_named = rest.first().is_some_and(|word| !word.to_string_lossy().starts_with('-'));
    if is_named || rest.iter().any(asks) {
        return arguments;
    }
    if let Some(role) = role_of(named_file(rest).as_deref()) {
        arguments.insert(at, role.name().into());
    }
    arguments
}

/// Where the role of a command about a target belongs.
fn place_of_role(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(word) = arguments.get(at).and_then(|word| word.to_str()).filter(|word| word.starts_with('-')) {
        at += if word == "--color" { 2 } else { 1 };
    }
    let begins = |words: &&[&str]| {
        words.iter().enumerate().all(|(i, word)| arguments.get(at + i).is_some_and(|given| given == word))
    };
    ABOUT_A_TARGET.into_iter().find(begins).map(|words| at + words.len())
}

/// The value of `--config`.
fn named_file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = word.to_str().and_then(|word| word.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled_as(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let role_of = |path: Option<&Path>| match path {
            Some(path) if path == Path::new("op.toml") => Some(Role::Op),
            Some(_) => None,
            None => Some(Role::Transmitter),
        };
        let all = filled(words, role_of);
        all.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_role_of_the_file_stands_in_where_none_is_named() {
        for (given, want) in [
            ("setspec run", "setspec run transmitter"),
            ("setspec run --strict --only a", "setspec run transmitter --strict --only a"),
            ("setspec --color never doctor -q", "setspec --color never doctor transmitter -q"),
            ("setspec config check --config op.toml", "setspec config check op --config op.toml"),
            ("setspec run --config=op.toml", "setspec run op --config=op.toml"),
            ("setspec run --config other.toml", "setspec run --config other.toml"),
            ("setspec run receiver --strict", "setspec run receiver --strict"),
            ("setspec run --help", "setspec run --help"),
            ("setspec list profiles", "setspec list profiles"),
            ("setspec config", "setspec config"),
            ("setspec", "setspec"),
        ] {
            assert_eq!(filled_as(given), want);
        }
    }
}
