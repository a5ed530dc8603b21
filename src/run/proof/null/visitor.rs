//! Null receivers that visit: they do the same whatever they are given.

use crate::run::proof::{Combination, Lab, visiting};
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

/// A receiver that polls, and treats every SET alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullVisitor {
    /// Reports what is bad and never acknowledges what is good.
    NeverAcknowledges,
    /// Acknowledges everything.
    AcknowledgesEverything,
    /// Reports an error for everything.
    ReportsEverything,
    /// Says nothing of anything.
    Ignores,
}

impl NullVisitor {
    /// The null receivers of the proof.
    pub const ALL: [Self; 4] =
        [Self::NeverAcknowledges, Self::AcknowledgesEverything, Self::ReportsEverything, Self::Ignores];

    /// The last part of the name of its trial, and the behaviour of the built-in receiver.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverAcknowledges => "never-acknowledges",
            Self::AcknowledgesEverything => "acknowledges-everything",
            Self::ReportsEverything => "reports-everything",
            Self::Ignores => "ignores-everything",
        }
    }
}

/// No run in which it visits us is conformant, and no case that expects a refusal passes.
pub(in crate::run::proof) async fn prove(lab: &Lab, peer: NullVisitor) -> Result<(), String> {
    let behave = Some(peer.name().to_owned());
    let deviation = Deviation { behave, ..Deviation::plain(Role::Receiver, peer.name()) };
    let (finished, cases) = visiting::run(lab, &Combination::visiting([]), &[], &[&deviation]).await?;
    super::nothing_proved(lab, &finished, &cases)
}
