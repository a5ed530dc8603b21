//! `setspec mock`: peers to develop against.

mod deviations;
mod emit;
mod explain;
mod op;
mod receiver;
mod rp;
mod transmitter;
mod ui;
mod visitor;
mod welcome;

pub(super) use deviations::chosen;

use clap::Subcommand;

use super::console::Failure;
use crate::run::outcome::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Peer {
    /// A strict receiver that explains, SET by SET, what is right and wrong: it is pushed to, or visits a --transmitter.
    Receiver(Box<receiver::ReceiverArgs>),
    /// A complete Shared Signals transmitter, by push and by poll, with events on demand.
    Transmitter(Box<transmitter::TransmitterArgs>),
    /// An OpenID provider that approves every login, and logs out by the back channel.
    Op(Box<op::OpArgs>),
    /// A relying party with one protected page, which is logged out by the back channel.
    Rp(Box<rp::RpArgs>),
    /// Ask a running mock transmitter to send an event.
    Emit(emit::EmitArgs),
}

pub(super) fn main(peer: Peer) -> Result<ExitCode, Failure> {
    match peer {
        Peer::Receiver(args) => receiver::main(*args),
        Peer::Transmitter(args) => transmitter::main(*args),
        Peer::Op(args) => op::main(*args),
        Peer::Rp(args) => rp::main(*args),
        Peer::Emit(args) => emit::main(args),
    }
}
