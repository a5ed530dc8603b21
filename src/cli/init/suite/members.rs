//! The members of the JSON, and which of them were used.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The settings, with what the plan around them says.
pub(super) struct Members {
    settings: Value,
    plan: String,
    variant: Map<String, Value>,
    used: BTreeSet<String>,
}

impl Members {
    /// Settings alone, or a plan with its `planName`, `variant` and `config`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut root: Value = serde_json::from_str(text).map_err(|error| {
            // Without what stands there, which may be a secret.
            format!("expected JSON, got something else at {}:{}", error.line(), error.column())
        })?;
        let Some(members) = root.as_object_mut() else { return Err("expected a JSON object".to_owned()) };
        let plan = members.get("planName").and_then(Value::as_str).unwrap_or_default().to_owned();
        let variant = members.get("variant").and_then(Value::as_object).cloned().unwrap_or_default();
        let inner = members.remove("config").filter(Value::is_object);
        Ok(Self { settings: inner.unwrap_or(root), plan, variant, used: BTreeSet::new() })
    }

    /// `openid-ssf-transmitter-test-plan`, or nothing.
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// What was chosen for a plan: `ssf_delivery_mode`.
    pub fn variant(&self, name: &str) -> Option<String> {
        self.variant.get(name)?.as_str().map(str::to_owned)
    }

    /// Whether there is something at `ssf.transmitter.issuer`.
    pub fn has(&self, path: &str) -> bool {
        self.get(path).is_some_and(|value| !is_empty(value))
    }

    /// A text, which is used by that; one that is blank counts as none.
    pub fn text(&mut self, path: &str) -> Result<Option<String>, String> {
        match self.get(path).cloned() {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                self.used.insert(path.to_owned());
                Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(format!("{path}: expected a text")),
        }
    }

    /// An object, which is used by that.
    pub fn object(&mut self, path: &str) -> Option<Map<String, Value>> {
        let object = self.get(path)?.as_object()?.clone();
        self.used.insert(path.to_owned());
        Some(object)
    }

    /// The paths of everything that was not used.
    pub fn unused(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect(String::new(), &self.settings, &mut paths);
        paths
    }

    fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.settings, |value, name| value.get(name))
    }

    fn collect(&self, path: String, value: &Value, paths: &mut Vec<String>) {
        if self.used.contains(&path) {
            return;
        }
        match value {
            // An identifier or a set of keys is one thing.
            Value::Object(members) if path.matches('.').count() < 2 => {
                for (name, value) in members {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.collect(below, value, paths);
                }
            }
            _ => paths.push(path),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
