//! The variables of one message or step, and the evaluation context made of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use cel::Context;
use cel::common::types::CelNull;
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use serde_json::Value;

use super::functions;
use super::value::to_cel;

/// Named JSON values. Cheap to build and to copy; a value is converted to CEL once, when an expression first reads it,
/// however many expressions and copies of the scope follow.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    variables: BTreeMap<String, Arc<Variable>>,
}

/// A value in both forms.
struct Variable {
    json: Value,
    cel: OnceLock<Box<dyn Val>>,
}

impl Variable {
    fn new(json: Value) -> Arc<Self> {
        Arc::new(Self { json, cel: OnceLock::new() })
    }

    fn cel(&self) -> &dyn Val {
        let convert = || -> Box<dyn Val> {
            let converted: Result<Box<dyn Val>, _> = to_cel(&self.json).try_into();
            // Whatever is JSON has a form in CEL.
            converted.unwrap_or_else(|_| Box::new(CelNull))
        };
        self.cel.get_or_init(convert).as_ref()
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

impl VariableResolver for Scope {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        self.variables.get(name).map(|variable| CowVal::Borrowed(variable.cel()))
    }
}

impl Scope {
    /// A scope without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `name`, replacing an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.variables.insert(name.into(), Variable::new(value));
    }

    /// The same scope with one more variable.
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// The value of a variable; `None` if it is not set, which is not the same as null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(|variable| &variable.json)
    }

    /// Adds every variable of `other` that this scope does not have.
    pub fn inherit(&mut self, other: &Scope) {
        for (name, value) in &other.variables {
            self.variables.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Hands out a context in which many expressions can be evaluated.
    pub fn enter<R>(&self, f: impl FnOnce(&Entered<'_>) -> R) -> R {
        thread_local! {
            static ROOT: Context<'static, 'static> = functions::root();
        }
        ROOT.with(|root| {
            let mut context = root.new_inner_scope();
            context.set_variable_resolver(self);
            f(&Entered { context })
        })
    }
}

/// A scope in which expressions can be evaluated; see [`Scope::enter`].
pub struct Entered<'a> {
    pub(super) context: Context<'a, 'a>,
}
