//! The variables that expressions may use, by their place in a suite.

use super::model::section::Kind;
use crate::expr::Vocabulary;

/// What a rule on a message of this kind sees.
pub(crate) fn of_rule(kind: Kind) -> Vocabulary {
    let names: &[&str] = match kind {
        Kind::Set => &["set", "header", "claims", "feed"],
        Kind::Event => &["event", "set", "claims"],
        Kind::Subject => &["subject", "place", "set", "claims"],
        Kind::Push => &["request", "response", "sent", "set", "tls", "elapsed", "timeouts"],
    };
    Vocabulary::of(names.iter().copied())
}

/// What every expression of a run sees: who the target is and what it was told.
pub(crate) fn of_run() -> Vocabulary {
    Vocabulary::of(["target", "issuer", "audience", "stranger", "features", "languages", "timeouts", "nonce"])
}

/// What the steps of a case see: the run, and the outcome of the last step.
pub(crate) fn of_case() -> Vocabulary {
    of_run().and(["request", "response", "sent", "set", "elapsed", "hello", "push", "pushes"])
}

/// What the templates of fixtures see.
pub(crate) fn of_fixture() -> Vocabulary {
    of_run()
}

/// What the condition and the values of a deviation see: the message, and what the reference peer made of it.
pub(crate) fn of_deviation() -> Vocabulary {
    of_run().and(["request", "response", "set", "claims", "header", "fault", "body", "fixture", "history"])
}
