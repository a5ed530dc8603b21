//! The variables of one message or step, and the evaluation context made of them.

use std::collections::BTreeMap;

use cel::Context;
use serde_json::Value;

use super::functions;
use super::value::to_cel;

/// Named JSON values. Cheap to build; converted to CEL once, in [`Scope::enter`], however many expressions follow.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    variables: BTreeMap<String, Value>,
}

impl Scope {
    /// A scope without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `name`, replacing an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.variables.insert(name.into(), value);
    }

    /// The same scope with one more variable.
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// The value of a variable; `None` if it is not set, which is not the same as null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    /// Adds every variable of `other` that this scope does not have.
    pub fn inherit(&mut self, other: &Scope) {
        for (name, value) in &other.variables {
            self.variables.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Converts the variables and hands out a context in which many expressions can be evaluated.
    pub fn enter<R>(&self, f: impl FnOnce(&Entered<'_>) -> R) -> R {
        thread_local! {
            static ROOT: Context<'static, 'static> = functions::root();
        }
        ROOT.with(|root| {
            let mut context = root.new_inner_scope();
            for (name, value) in &self.variables {
                context.add_variable_from_value(name.as_str(), to_cel(value));
            }
            f(&Entered { context })
        })
    }
}

/// A scope whose variables have been converted; see [`Scope::enter`].
pub struct Entered<'a> {
    pub(super) context: Context<'a, 'a>,
}
