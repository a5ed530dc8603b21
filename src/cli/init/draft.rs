//! What is to be written.

use secrecy::SecretString;
use toml::{Table, Value};

use crate::cli::config::{RunOption, of_role};
use crate::suite::model::profile::Role;

/// A file before it is written.
#[derive(Debug)]
pub(super) struct Draft {
    pub role: Role,
    /// The options of the role.
    pub options: Vec<RunOption>,
    /// Each key once, in the order in which they were said.
    values: Vec<(String, Value)>,
    /// The secrets that the file refers to, where they are known.
    pub secrets: Vec<Secret>,
    /// What the operator has to know or to do.
    pub notes: Vec<String>,
}

/// A secret that does not stand in the file.
#[derive(Debug)]
pub(super) struct Secret {
    /// The environment variable that the file refers to.
    pub variable: String,
    /// In a few words: `--token`, `ssf.transmitter.access_token`.
    pub from: String,
    pub value: SecretString,
}

impl Draft {
    pub fn new(role: Role) -> Self {
        Self { role, options: of_role(role), values: Vec::new(), secrets: Vec::new(), notes: Vec::new() }
    }

    pub fn option(&self, key: &str) -> Option<&RunOption> {
        self.options.iter().find(|option| option.key == key)
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Says a value, in place of what was said before.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.values.iter_mut().find(|(known, _)| known == key) {
            Some((_, said)) => *said = value,
            None => self.values.push((key.to_owned(), value)),
        }
    }

    /// Refers to an environment variable.
    pub fn refer(&mut self, key: &str, variable: &str) {
        self.secrets.retain(|secret| secret.variable != variable);
        let reference = [("env".to_owned(), Value::from(variable))];
        self.set(key, Table::from_iter(reference));
    }

    /// Refers to the environment variable of the option, which shall hold this secret.
    pub fn secret(&mut self, key: &str, from: &str, value: &str) {
        let variable = self.variable(key);
        self.given(key, &variable, from, value);
    }

    /// Refers to an environment variable, which shall hold this secret.
    pub fn given(&mut self, key: &str, variable: &str, from: &str, value: &str) {
        self.refer(key, variable);
        let (variable, from) = (variable.to_owned(), from.to_owned());
        self.secrets.push(Secret { variable, from, value: SecretString::from(value.to_owned()) });
    }

    /// The environment variable that the option is read from in any case.
    pub fn variable(&self, key: &str) -> String {
        let known = self.option(key).and_then(|option| option.arg.get_env());
        known.map_or_else(
            || format!("SETSPEC_{}", key.to_uppercase().replace(['-', '.'], "_")),
            |name| name.to_string_lossy().into_owned(),
        )
    }
}
