//! Fixtures: what the harness sends.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::SuiteError;
use super::source::Sources;
use super::words;
use crate::expr::{Entered, Template};
use crate::set::Draft;

/// SET templates by name: `caep/session-revoked` is `fixtures/sets/caep/session-revoked.json`.
#[derive(Debug, Clone, Default)]
pub struct Fixtures {
    sets: BTreeMap<String, Template>,
}

impl Fixtures {
    /// Reads and compiles every SET template; the faults of all files are collected.
    pub(crate) fn load(sources: &Sources, errors: &mut Vec<SuiteError>) -> Self {
        let mut sets = BTreeMap::new();
        for (path, file) in sources.below("fixtures/sets/", "json") {
            let name = path.trim_start_matches("fixtures/sets/").trim_end_matches(".json").to_owned();
            let value: Value = match serde_json::from_str(&file.text) {
                Ok(value @ Value::Object(_)) => value,
                Ok(_) => {
                    errors.push(SuiteError::new(file, None, "a SET template is a JSON object of claims"));
                    continue;
                }
                Err(error) => {
                    let place = super::at::Position { line: error.line(), column: error.column() };
                    errors.push(SuiteError::new(file, Some(place), format!("not JSON: {error}")));
                    continue;
                }
            };
            match Template::compile(&value, &words::of_fixture()) {
                Ok(template) => {
                    sets.insert(name, template);
                }
                Err(error) => errors.push(SuiteError::new(file, None, error.message)),
            }
        }
        Self { sets }
    }

    /// The names of all SET templates, sorted.
    pub fn sets(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// Puts other claims in the place of a SET template: for receivers that take no event of ours.
    ///
    /// # Errors
    /// If the claims are no JSON object, or hold a `${...}` that is no expression.
    pub fn replace(&mut self, name: &str, claims: &Value) -> Result<(), String> {
        if !claims.is_object() {
            return Err("expected a JSON object of claims".to_owned());
        }
        let template = Template::compile(claims, &words::of_fixture()).map_err(|error| error.message)?;
        self.sets.insert(name.to_owned(), template);
        Ok(())
    }

    /// Whether there is a SET template of this name: `caep/session-revoked`.
    pub fn has_set(&self, name: &str) -> bool {
        self.sets.contains_key(name)
    }

    /// The claims of a SET template, wrapped in a token that is explicitly typed (RFC 8417 section 2.3).
    pub fn draft(&self, name: &str, scope: &Entered<'_>) -> Result<Draft, String> {
        let template = self.sets.get(name).ok_or_else(|| format!("there is no SET fixture `{name}`"))?;
        match template.render(scope)? {
            Value::Object(claims) => Ok(Draft::new(claims)),
            _ => Err(format!("the SET fixture `{name}` is not an object")),
        }
    }
}
