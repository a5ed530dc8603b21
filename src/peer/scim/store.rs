//! What the service provider keeps, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::path::{Filter, member};
use super::refusal::Refusal;
use super::resource::{Kind, Resource};

/// How many resources there may be.
const MOST: usize = 10_000;

/// Users and groups, by their identifier.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<BTreeMap<String, Resource>>);

impl Store {
    pub fn lock(&self) -> Resources<'_> {
        Resources(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The resources while nobody else changes them.
pub(super) struct Resources<'a>(MutexGuard<'a, BTreeMap<String, Resource>>);

impl Resources<'_> {
    pub fn get(&self, kind: Kind, id: &str) -> Result<Resource, Refusal> {
        let found = self.0.get(id).filter(|resource| resource.kind == kind);
        found.cloned().ok_or_else(|| Refusal::nothing_at(&format!("{}/{id}", kind.endpoint())))
    }

    /// Those that a filter takes, in no order that means anything.
    pub fn list(&self, kind: Kind, filter: Option<&Filter>) -> Vec<Resource> {
        let takes = |resource: &&Resource| {
            resource.kind == kind && filter.is_none_or(|filter| filter.takes(&resource.attributes))
        };
        self.0.values().filter(takes).cloned().collect()
    }

    /// Puts a resource in, or in place of its earlier version. The required attribute of users is theirs alone.
    pub fn put(&mut self, resource: Resource) -> Result<(), Refusal> {
        if !self.0.contains_key(&resource.id) && self.0.len() >= MOST {
            return Err(Refusal::new(507, format!("expected {MOST} resources at most, got one more")));
        }
        let key = |of: &Resource| {
            let value = member(&of.attributes, of.kind.key()).map(|(_, value)| value);
            value.and_then(Value::as_str).map(str::to_lowercase)
        };
        let taken = resource.kind == Kind::User
            && self
                .0
                .values()
                .any(|other| other.kind == resource.kind && other.id != resource.id && key(other) == key(&resource));
        if taken {
            let detail = "userName: expected one that nobody has, got one that is taken";
            return Err(Refusal { scim_type: Some("uniqueness"), ..Refusal::new(409, detail) });
        }
        self.0.insert(resource.id.clone(), resource);
        Ok(())
    }

    pub fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }
}
