//! The table `[receiver]`: how a receiver that visits us is started, stopped and asked.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run::settings::InteropRevision;
use crate::suite::model::case::Asked;

/// The operator's hook: each command a program and its arguments.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::cli) struct VisitorConfig {
    /// Starts the receiver.
    pub start: Option<Vec<String>>,
    /// Stops it.
    pub stop: Option<Vec<String>>,
    /// Asks it for something.
    pub ask: Option<Vec<String>>,
    /// What it can be asked for.
    #[serde(default)]
    pub does: Vec<Asked>,
}

impl ValueEnum for Asked {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

impl ValueEnum for InteropRevision {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}
