//! `spec.yaml`: the name of a specification and where its text stands.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::suite::at::At;

/// A specification.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its short name: "RFC 8935".
    pub name: String,
    /// Its title.
    pub title: String,
    /// The address of a section; `{section}` stands for its number.
    pub link: String,
    /// Features of the target without which none of its requirements apply.
    #[serde(default)]
    pub needs: Vec<At<String>>,
}
