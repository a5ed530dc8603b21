//! Mutants and variations: peers that deviate from the reference in one point.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::case::TlsVersion;
use super::section::Party;
use crate::set::Forgery;
use crate::suite::at::At;

/// A peer with exactly one deviation: a mutant if it breaks a requirement, a variation if it is legal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// A name that is unique in the section.
    pub name: At<String>,
    /// Mutants: the requirement that it breaks.
    pub breaks: Option<At<String>>,
    /// Mutants: requirements that cannot but break along with it.
    #[serde(default)]
    pub also: Vec<At<String>>,
    /// What it is about, where the name does not say it; for a variation, what makes it legal.
    pub about: Option<String>,
    /// The message that is tampered with; absent for a `behave`.
    pub on: Option<Stage>,
    /// Variations: whether a receiver or a transmitter deviates, where nothing else says so.
    pub party: Option<At<Party>>,
    /// A Shared Signals transmitter or receiver: what it does otherwise, by name; `setspec list behaviours` prints them.
    pub behave: Option<At<String>>,
    /// What else the peer is like, by the names that `setspec list toggles` prints: `one-stream`.
    #[serde(default)]
    pub given: Vec<At<String>>,
    /// A CEL condition without which the message is left alone.
    pub when: Option<At<String>>,
    /// Changes of answers: those of a receiver to pushes, those of a transmitter to everything else.
    pub respond: Option<Respond>,
    /// A receiver: a check that it leaves out.
    pub ignore: Option<Check>,
    /// A receiver: languages of its descriptions other than English alone.
    pub languages: Option<Vec<String>>,
    /// Changes of requests: pushes of a transmitter, everything else that a visiting receiver sends.
    pub request: Option<Request>,
    /// A transmitter: claims to replace; null removes one. Strings may contain `${...}`.
    pub claims: Option<At<Map<String, Value>>>,
    /// A transmitter: members of the JOSE header to replace; null removes one.
    pub header: Option<At<Map<String, Value>>>,
    /// A transmitter: the claims set as verbatim JSON text.
    pub payload: Option<At<String>>,
    /// A transmitter: how its tokens are broken.
    pub forge: Option<Forgery>,
    /// Either: deviations of the TLS layer.
    pub tls: Option<TlsDeviation>,
    /// A transmitter: how it repeats itself.
    pub retry: Option<Retry>,
}

/// Where the deviation sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A token before it is sent.
    Set,
    /// A push: its request on a transmitter, its response on a receiver.
    Push,
    /// The TLS layer.
    Tls,
    /// A transmitter's answers: its configuration (SSF section 7.2).
    Metadata,
    /// The metadata of its authorization server (RFC 8414).
    AuthorizationServer,
    /// Its metadata as a protected resource (RFC 9728).
    ProtectedResource,
    /// Its key set.
    Jwks,
    /// An access token (RFC 6749 section 4.4).
    Token,
    /// The creation of a stream (SSF section 8.1.1.1).
    Create,
    /// One stream configuration (SSF section 8.1.1.2).
    Read,
    /// All stream configurations (SSF section 8.1.1.2).
    List,
    /// A changed stream configuration (SSF section 8.1.1.3).
    Update,
    /// A replaced stream configuration (SSF section 8.1.1.4).
    Replace,
    /// The deletion of a stream (SSF section 8.1.1.5).
    Delete,
    /// The status of a stream (SSF section 8.1.2.1).
    ReadStatus,
    /// A changed status (SSF section 8.1.2.2).
    UpdateStatus,
    /// SSF section 8.1.3.2.
    AddSubject,
    /// SSF section 8.1.3.3.
    RemoveSubject,
    /// SSF section 8.1.4.2.
    Verify,
    /// The answer to a poll (RFC 8936 section 2.3).
    Poll,
    /// Any of the answers of the management API (SSF section 8).
    Management,
    /// A back-channel logout: the request of an OpenID provider, the answer of a relying party.
    Logout,
    /// The answer of a SCIM service provider (RFC 7644).
    Scim,
}

impl Stage {
    /// Whether an answer of a transmitter is meant.
    pub const fn is_answer(self) -> bool {
        !matches!(self, Self::Set | Self::Push | Self::Tls)
    }

    /// The stage as suites write it: `read-status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Push => "push",
            Self::Tls => "tls",
            Self::Metadata => "metadata",
            Self::AuthorizationServer => "authorization-server",
            Self::ProtectedResource => "protected-resource",
            Self::Jwks => "jwks",
            Self::Token => "token",
            Self::Create => "create",
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::ReadStatus => "read-status",
            Self::UpdateStatus => "update-status",
            Self::AddSubject => "add-subject",
            Self::RemoveSubject => "remove-subject",
            Self::Verify => "verify",
            Self::Poll => "poll",
            Self::Management => "management",
            Self::Logout => "logout",
            Self::Scim => "scim",
        }
    }
}

/// Changes of an answer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Respond {
    /// The status code, 100 to 999.
    pub status: Option<u16>,
    /// Header fields to replace; null removes one. Strings may contain `${...}`.
    pub headers: Map<String, Value>,
    /// The body as text. May contain `${...}`.
    pub body: Option<String>,
    /// Members of a JSON body to replace; null removes one. Strings may contain `${...}`.
    pub json: Option<Map<String, Value>>,
    /// The JSON body as a whole. Strings may contain `${...}`.
    pub whole: Option<Value>,
    /// Answers as if the SET had been accepted.
    pub accept: bool,
    /// Waits before it answers, in seconds.
    pub delay: Option<f64>,
    /// Closes the connection without an answer.
    pub close: bool,
}

/// A check that a receiver leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The Authorization header of the caller.
    Credential,
    /// The Content-Type of the request.
    MediaType,
    /// That the body is a SET: a JWT with the claims of RFC 8417 section 2.2.
    Parse,
    /// That `iss` is the trusted issuer.
    Issuer,
    /// The signature, by the keys of the issuer.
    Signature,
    /// That `aud` names the receiver.
    Audience,
    /// That `exp`, if there is one, has not passed; of a logout token, that there is one.
    Expiry,
    /// A relying party: that the algorithm is the registered one.
    Algorithm,
    /// A relying party: that `iat` is there.
    Iat,
    /// A relying party: that `jti` is there.
    Jti,
    /// A relying party: that there is `sub` or `sid`.
    Subject,
    /// A relying party: that `events` is an object with the member of a logout.
    Events,
    /// A relying party: that this member is an object.
    EventObject,
    /// A relying party: that there is no `nonce`.
    Nonce,
    /// A relying party: that the `jti` did not come before.
    Replay,
}

impl Check {
    /// The check as suites write it: `media-type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::MediaType => "media-type",
            Self::Parse => "parse",
            Self::Issuer => "issuer",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Expiry => "expiry",
            Self::Algorithm => "algorithm",
            Self::Iat => "iat",
            Self::Jti => "jti",
            Self::Subject => "subject",
            Self::Events => "events",
            Self::EventObject => "event-object",
            Self::Nonce => "nonce",
            Self::Replay => "replay",
        }
    }
}

/// Changes of a transmitter's push request, or of a request of a visiting receiver.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// The method in place of POST.
    pub method: Option<String>,
    /// Header fields to replace; null removes one.
    pub headers: Map<String, Value>,
    /// The body as text; `${body}` is the original.
    pub body: Option<String>,
    /// Members of a JSON body to replace; null removes one. Strings may contain `${...}`.
    pub json: Option<Map<String, Value>>,
    /// Parameters of the query to replace; null removes one. Strings may contain `${...}`.
    pub query: Map<String, Value>,
    /// The URL in place of the original. May contain `${...}`.
    pub url: Option<String>,
}

/// Deviations of the TLS layer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsDeviation {
    /// A server that also negotiates this outdated version.
    pub also_accepts: Option<TlsVersion>,
    /// A server that negotiates nothing newer than this version.
    pub newest: Option<TlsVersion>,
    /// A server that negotiates nothing older than this version.
    pub oldest: Option<TlsVersion>,
    /// A server that offers plain http.
    pub plain: bool,
    /// A transmitter that trusts any certificate.
    pub trusts_anything: bool,
}

/// How a transmitter repeats itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// Sends an acknowledged SET again.
    AfterSuccess,
    /// Sends a SET again that was refused for good.
    AfterRefusal,
    /// Does not wait before it tries again.
    WithoutDelay,
}
