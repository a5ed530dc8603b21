//! `setspec run receiver`: the harness is the transmitter.

mod built_in;
mod options;

pub(in crate::cli) use options::ReceiverArgs;

use super::common::Output;
use super::{no_profile, nothing_selected};
use crate::cli::console::Failure;
use crate::peer::receiver::Receiver;
use crate::run::receiver::{ReceiverRun, StartError};
use crate::run::settings::ReceiverSettings;

/// What the options and the file come to.
pub(in crate::cli) struct Work {
    pub settings: ReceiverSettings,
    /// Whether the built-in receiver is judged.
    pub built_in: bool,
    pub(super) output: Output,
}

impl Work {
    pub async fn prepare(self) -> Result<(ReceiverRun, Option<Receiver>), Failure> {
        let Self { mut settings, built_in, .. } = self;
        if !built_in {
            return Ok((ReceiverRun::prepare(settings).await.map_err(failure)?, None));
        }
        built_in::complete(&mut settings);
        let mut run = ReceiverRun::prepare(settings.clone()).await.map_err(failure)?;
        let receiver = built_in::start(&mut run, &settings).await?;
        Ok((run, Some(receiver)))
    }
}

/// Ends the built-in receiver, if it was started.
pub(super) async fn shutdown(receiver: Option<Receiver>) {
    if let Some(receiver) = receiver {
        receiver.shutdown().await;
    }
}

fn failure(error: StartError) -> Failure {
    let message = error.to_string();
    match error {
        StartError::NothingSelected => nothing_selected(message),
        StartError::Profile(_) => no_profile(message),
        StartError::Key(_) => Failure::internal(message),
        StartError::Role { .. } | StartError::Listen { .. } | StartError::Client(_) => Failure::usage(message),
    }
}
