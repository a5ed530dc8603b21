//! A section file: what is required, how it is checked, how the check is proved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::deviation::Deviation;
use super::expect::Expectations;
use crate::suite::at::At;
use crate::suite::ordered::Ordered;

/// One section of a specification.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The number of the section, as text: "2.2".
    pub section: At<String>,
    /// The title of the section.
    pub title: String,
    /// Who the requirements of this file bind, unless one names another.
    pub party: Option<Party>,
    /// The requirements, by slug.
    #[serde(default)]
    pub requirements: Ordered<At<Requirement>>,
    /// Passive checks, applied to every message of their kind.
    #[serde(default)]
    pub rules: Vec<At<Rule>>,
    /// Active scenarios.
    #[serde(default)]
    pub cases: Vec<At<Case>>,
    /// Broken peers that must be caught.
    #[serde(default)]
    pub mutants: Vec<At<Deviation>>,
    /// Legal oddities that must not be flagged.
    #[serde(default)]
    pub variations: Vec<At<Deviation>>,
}

/// One testable statement, in our own words.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// How strongly it binds, in the words of BCP 14.
    pub level: Level,
    /// The statement, in one sentence.
    pub text: String,
    /// Who it binds, if not the party of the file.
    pub party: Option<Party>,
    /// Why a breach is a warning at most although the level says more: what two careful readers could read differently.
    pub ambiguous: Option<String>,
    /// Why no harness can see it.
    pub unobservable: Option<String>,
    /// What will test it, where it can be tested and is not yet.
    pub planned: Option<String>,
    /// Features of the target without which it does not apply.
    #[serde(default)]
    pub needs: Vec<At<String>>,
    /// Earlier slugs of this requirement.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// A passive check.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The kind of message it applies to.
    pub on: Kind,
    /// A CEL condition without which the rule does not apply.
    pub when: Option<At<String>>,
    /// What has to hold for each such message.
    pub expect: Expectations,
}

/// The level of a requirement (BCP 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum Level {
    /// A breach is a violation.
    #[serde(rename = "MUST")]
    Must,
    /// A breach is a violation.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// A breach is a warning.
    #[serde(rename = "SHOULD")]
    Should,
    /// A breach is a warning.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// Nothing can break it; it is reported as offered or not.
    #[serde(rename = "MAY")]
    May,
}

impl Level {
    /// The key word: `MUST NOT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
        }
    }

    /// MUST and MUST NOT.
    pub const fn is_absolute(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }
}

/// Who a requirement binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// Who makes the SET.
    Issuer,
    /// Who delivers the SET.
    Transmitter,
    /// Who takes the SET (the SET Recipient).
    Receiver,
    /// The OpenID provider, which asks for logouts.
    Op,
    /// The relying party, which is asked to log out.
    Rp,
    /// Who writes a profile of the specification, or registers a name.
    Author,
}

impl Party {
    /// The party as suites and reports write it: `issuer`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Op => "op",
            Self::Rp => "rp",
            Self::Author => "author",
        }
    }
}

/// The kinds of messages that rules see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A token: `set`, `header`, `claims`, `feed`.
    Set,
    /// One member of the `events` claim: `event` with `type` and `payload`, and its `set`, `claims`.
    Event,
    /// One subject identifier, wherever it is found: `subject`, `place`, and its `set`, `claims`.
    Subject,
    /// One push: `request`, `response`, `sent`, `set`, `tls`, `elapsed`, `delivery`.
    Push,
    /// One fetch of a transmitter configuration (SSF section 7.2): `metadata`, `request`, `response`.
    Metadata,
    /// One fetch of a key set: `jwks`, `request`, `response`.
    Jwks,
    /// One request to the management API (SSF section 8): `operation`, `request`, `response`, `sent`.
    Management,
    /// One stream configuration in an answer (SSF section 8.1.1): `stream`, `operation`, `sent`.
    Stream,
    /// One stream status in an answer (SSF section 8.1.2): `status`, `operation`, `sent`.
    Status,
    /// One poll (RFC 8936): `poll`, `request`, `response`, `sent`, `elapsed`.
    Poll,
    /// One request for an access token (RFC 6749 section 4.4) and its answer: `token`, `request`, `response`, without secrets.
    Token,
    /// One fetch of authorization server metadata (RFC 8414): `server`, `grants`.
    AuthorizationServer,
    /// One fetch of protected resource metadata (RFC 9728): `resource`, `identifier`.
    ProtectedResource,
    /// One back-channel logout request with its logout token: `request`, `response`, `sent`, `set`, `session`.
    Logout,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Set,
        Self::Event,
        Self::Subject,
        Self::Push,
        Self::Metadata,
        Self::Jwks,
        Self::Management,
        Self::Stream,
        Self::Status,
        Self::Poll,
        Self::Token,
        Self::AuthorizationServer,
        Self::ProtectedResource,
        Self::Logout,
    ];

    /// The kind as `on:` names it: `set`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Event => "event",
            Self::Subject => "subject",
            Self::Push => "push",
            Self::Metadata => "metadata",
            Self::Jwks => "jwks",
            Self::Management => "management",
            Self::Stream => "stream",
            Self::Status => "status",
            Self::Poll => "poll",
            Self::Token => "token",
            Self::AuthorizationServer => "authorization-server",
            Self::ProtectedResource => "protected-resource",
            Self::Logout => "logout",
        }
    }
}
