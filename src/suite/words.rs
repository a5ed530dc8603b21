//! The variables that expressions may use, by their place in a suite.

use super::model::section::Kind;
use crate::expr::{CONSTANTS, Vocabulary};

/// What a rule on a message of this kind sees.
pub(crate) fn of_rule(kind: Kind) -> Vocabulary {
    let names: &[&str] = match kind {
        Kind::Set => &["set", "header", "claims", "feed", "stream", "metadata", "via"],
        Kind::Event => &["event", "set", "claims", "feed", "stream"],
        Kind::Subject => &["subject", "place", "set", "claims", "stream"],
        Kind::Push => &["request", "response", "sent", "set", "tls", "elapsed", "timeouts", "delivery"],
        Kind::Metadata => &["metadata", "request", "response", "issuer", "features"],
        Kind::Jwks => &["jwks", "request", "response", "metadata"],
        Kind::Management => &["operation", "endpoint", "request", "response", "sent", "elapsed", "metadata", "history"],
        Kind::Stream => &["stream", "operation", "request", "response", "sent", "metadata", "issuer"],
        Kind::Status => &["status", "operation", "request", "response", "sent", "metadata"],
        Kind::Poll => &["poll", "request", "response", "sent", "elapsed", "timeouts", "stream", "metadata", "history"],
        Kind::Token => {
            &["token", "request", "response", "metadata", "issuer", "resource", "history", "elapsed", "timeouts"]
        }
        Kind::AuthorizationServer => &["server", "grants", "request", "response", "metadata", "issuer"],
        Kind::ProtectedResource => &["resource", "identifier", "request", "response", "metadata", "issuer"],
        Kind::Logout => &[
            "request",
            "response",
            "sent",
            "set",
            "header",
            "claims",
            "jwe",
            "tls",
            "elapsed",
            "timeouts",
            "session",
            "history",
            "metadata",
            "issuer",
            "audience",
            "features",
            "logout_uri",
        ],
    };
    Vocabulary::of(names.iter().copied()).and(constants())
}

fn constants() -> impl Iterator<Item = &'static str> {
    CONSTANTS.iter().map(|(name, _)| *name)
}

/// What every expression of a run sees: who the target is and what it was told.
pub(crate) fn of_run() -> Vocabulary {
    Vocabulary::of(["target", "issuer", "audience", "stranger", "features", "languages", "timeouts", "nonce"])
        .and(constants())
}

/// What the steps of a case see: the run, what the case was given, and the outcome of the last step.
pub(crate) fn of_case() -> Vocabulary {
    of_run()
        .and(["request", "response", "sent", "set", "elapsed", "hello", "push", "pushes", "poll", "claims", "header"])
        .and(["metadata", "metadata_url", "events", "subject", "other_subject", "delivery", "received"])
        .and(["push_delivery", "poll_delivery", "delivery_request"])
        .and(["outcome", "operation", "endpoint", "stream_id", "history", "told", "answer"])
        .and(["session", "logout_uri", "registration", "jwe", "scim"])
}

/// What the templates of fixtures see.
pub(crate) fn of_fixture() -> Vocabulary {
    of_run()
}

/// What the condition and the values of a deviation see: the message, and what the reference peer made of it.
pub(crate) fn of_deviation() -> Vocabulary {
    of_run().and(["request", "response", "set", "claims", "header", "fault", "body", "fixture", "history"]).and([
        "operation",
        "stream_id",
        "event_type",
        "attempt",
    ])
}
