//! `setspec run transmitter`: the harness is the receiver.

mod built_in;
mod credentials;
mod limited;
mod options;
mod scim;
mod trigger;

pub(in crate::cli) use options::TransmitterArgs;

use super::common::Output;
use super::{no_profile, nothing_selected};
use crate::cli::console::{Failure, print};
use crate::run::transmitter::settings::TransmitterSettings;
use crate::run::transmitter::{StartError, TransmitterRun};
use crate::set::Alg;
pub(in crate::cli) use built_in::BuiltIn;

/// What the options and the file come to.
pub(in crate::cli) struct Work {
    pub settings: TransmitterSettings,
    /// The algorithm that the built-in transmitter signs with, if that one is judged.
    pub built_in: Option<Alg>,
    pub(super) output: Output,
    pub(super) quiet: bool,
}

impl Work {
    pub async fn prepare(self) -> Result<(TransmitterRun, Option<BuiltIn>), Failure> {
        let Self { mut settings, built_in, quiet, .. } = self;
        let built_in = match built_in {
            Some(alg) => Some(built_in::start(alg, &mut settings).await?),
            None => None,
        };
        let pushes = settings.scim.as_ref().is_some_and(|scim| scim.pushes);
        let run = TransmitterRun::prepare(settings).await.map_err(failure)?;
        if pushes && !quiet {
            print(&format!("setspec run transmitter is ready: SETs are to be pushed to {}\n", run.standing_url()));
        }
        Ok((run, built_in))
    }
}

/// Ends the built-in transmitter, if it was started.
pub(super) async fn shutdown(built_in: Option<BuiltIn>) {
    if let Some(built_in) = built_in {
        built_in.shutdown().await;
    }
}

fn failure(error: StartError) -> Failure {
    let message = error.to_string();
    match error {
        StartError::NothingSelected => nothing_selected(message),
        StartError::Profile(_) => no_profile(message),
        StartError::Role { .. } | StartError::Listen { .. } | StartError::Client(_) | StartError::Issuer(_) => {
            Failure::usage(message)
        }
    }
}
