//! `setspec run transmitter`: the harness is the receiver.

mod built_in;
mod credentials;
mod options;
mod trigger;

use std::sync::Arc;

pub(in crate::cli) use options::TransmitterArgs;

use super::common::Output;
use super::{no_profile, nothing_selected};
use crate::cli::console::Failure;
use crate::peer::ssf::SsfTransmitter;
use crate::run::transmitter::settings::TransmitterSettings;
use crate::run::transmitter::{StartError, TransmitterRun};
use crate::set::Alg;

/// What the options and the file come to.
pub(in crate::cli) struct Work {
    pub settings: TransmitterSettings,
    /// The algorithm that the built-in transmitter signs with, if that one is judged.
    pub built_in: Option<Alg>,
    pub(super) output: Output,
}

impl Work {
    pub async fn prepare(self) -> Result<(TransmitterRun, Option<Arc<SsfTransmitter>>), Failure> {
        let Self { mut settings, built_in, .. } = self;
        let transmitter = match built_in {
            Some(alg) => Some(built_in::start(alg, &mut settings).await?),
            None => None,
        };
        Ok((TransmitterRun::prepare(settings).await.map_err(failure)?, transmitter))
    }
}

/// Ends the built-in transmitter, if it was started.
pub(super) async fn shutdown(transmitter: Option<Arc<SsfTransmitter>>) {
    // The hook of the run held it too, and the run is over.
    if let Some(transmitter) = transmitter.and_then(Arc::into_inner) {
        transmitter.shutdown().await;
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
