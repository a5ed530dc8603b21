//! Values as they may be shown: of secrets where they stand and how long they are, of commands the program.

use serde::Deserialize;
use toml::Value;
use url::Url;

use crate::cli::config::SecretReference;
use crate::cli::config::options::RunOption;
use crate::cli::config::secret::length;

/// A value of the file.
pub(super) fn of_file(option: Option<&RunOption>, value: &Value) -> String {
    if option.is_some_and(RunOption::is_secret) {
        return reference(value);
    }
    match value {
        Value::Array(words) if option.is_some_and(RunOption::is_command) => {
            program(words.first().and_then(Value::as_str), words.len())
        }
        Value::Array(values) => values.iter().map(|value| of_file(None, value)).collect::<Vec<_>>().join(", "),
        Value::Table(values) => {
            let named = values.iter().map(|(name, value)| match value {
                Value::Table(_) if is_reference(value) => format!("{name} {}", reference(value)),
                _ => name.clone(),
            });
            format!("{{ {} }}", named.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

/// What the command line or the environment says.
pub(super) fn of_command_line(option: &RunOption, words: &[String]) -> String {
    let first = words.first().map_or("", String::as_str);
    if option.is_secret() {
        return match first.strip_prefix('@') {
            Some(path) => format!("set, from file {path}"),
            None => format!("set, {}", length(first)),
        };
    }
    if option.is_command() {
        let parts = shlex::split(first).unwrap_or_default();
        return program(parts.first().map(String::as_str), parts.len());
    }
    words.iter().map(|word| plain(word)).collect::<Vec<_>>().join(", ")
}

fn is_reference(value: &Value) -> bool {
    SecretReference::deserialize(value.clone()).is_ok()
}

fn reference(value: &Value) -> String {
    match SecretReference::deserialize(value.clone()) {
        Ok(reference) => format!("set, {}", reference.describe()),
        Err(_) => "not a reference".to_owned(),
    }
}

/// Arguments may be credentials.
fn program(name: Option<&str>, words: usize) -> String {
    let name = name.unwrap_or("no program");
    match words.saturating_sub(1) {
        0 => name.to_owned(),
        1 => format!("{name} and 1 argument"),
        several => format!("{name} and {several} arguments"),
    }
}

/// A text; of a URL neither the user and password nor the query.
fn plain(text: &str) -> String {
    let Some(mut url) = Url::parse(text).ok().filter(Url::has_host) else { return text.to_owned() };
    let secret = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
    if !secret {
        return text.to_owned();
    }
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(url.query().map(|_| "..."));
    url.to_string()
}
