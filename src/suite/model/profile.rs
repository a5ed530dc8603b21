//! `profiles.yaml`: sets of specifications for one conformance claim.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::Party;
use crate::suite::ordered::Ordered;

/// All profiles, by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    pub profiles: Ordered<Profile>,
}

/// A named set of specifications.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub title: String,
    /// The role of the target.
    pub role: Role,
    /// The folders of the specifications that it consists of.
    pub specs: Vec<String>,
    /// The parties that are judged.
    pub parties: Vec<Party>,
}

/// What the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Transmitter,
    Receiver,
    /// No peer at all: tokens at rest, as `setspec check` sees them.
    Token,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Token => "token",
        }
    }
}
