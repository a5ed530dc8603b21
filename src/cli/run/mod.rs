//! `setspec run`: judge an implementation.

mod options;
mod receiver;

use clap::Subcommand;

use super::console::Failure;
use crate::run::outcome::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Target {
    /// A receiver of SETs by push. Without a URL, the built-in receiver is started and judged.
    Receiver(Box<options::ReceiverArgs>),
}

pub(super) fn main(target: Target) -> Result<ExitCode, Failure> {
    let Target::Receiver(args) = target;
    receiver::main(*args)
}
