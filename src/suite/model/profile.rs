//! `profiles.yaml`: sets of specifications for one conformance claim.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::Party;
use crate::suite::ordered::Ordered;

/// All profiles, by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// What can be claimed, by the name that `--profile` takes: `push-receiver`.
    pub profiles: Ordered<Profile>,
}

/// A named set of specifications.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What is claimed, in a few words.
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
    /// Makes and delivers SETs.
    Transmitter,
    /// Takes SETs.
    Receiver,
    /// An OpenID provider, which sends logout tokens (OpenID Connect Back-Channel Logout).
    Op,
    /// A relying party, which takes them.
    Rp,
    /// No peer at all: tokens at rest, as `setspec check` sees them.
    Token,
}

impl Role {
    /// The role as suites and reports write it: `transmitter`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Op => "op",
            Self::Rp => "rp",
            Self::Token => "token",
        }
    }
}
