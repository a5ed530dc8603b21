//! `setspec run receiver --visiting`: the harness is the transmitter that a receiver visits.

mod built_in;
mod certificates;
mod hook;
mod options;
mod welcome;

pub(super) use options::OfReceiver;
pub(in crate::cli) use options::VisitingArgs;

use super::common::Output;
use super::{no_profile, nothing_selected};
use crate::cli::console::Failure;
use crate::run::visiting::settings::VisitingSettings;
use crate::run::visiting::{StartError, VisitingRun};

/// What the options and the file come to.
pub(in crate::cli) struct Work {
    pub settings: VisitingSettings,
    /// Whether the built-in receiver is the visitor.
    pub built_in: bool,
    /// The token, where it was made here: one that was given is not repeated.
    pub(super) token: Option<String>,
    pub(super) output: Output,
    pub(super) quiet: bool,
}

impl Work {
    /// Starts our transmitter, and says how it is visited where somebody has to be told.
    pub async fn prepare(self) -> Result<VisitingRun, Failure> {
        let Self { mut settings, built_in, token, quiet, .. } = self;
        if built_in {
            built_in::complete(&mut settings)?;
        }
        settings.tls.as_ref().map_or(Ok(()), certificates::write)?;
        let told = !(quiet || settings.control.restarts());
        let client = settings.client.as_ref().map(|client| client.id.clone());
        let audience = settings.audience.clone();
        let run = VisitingRun::prepare(settings).await.map_err(failure)?;
        if told {
            welcome::say(&run, token.as_deref(), client.as_deref(), &audience);
        }
        Ok(run)
    }
}

fn failure(error: StartError) -> Failure {
    let message = error.to_string();
    match error {
        StartError::NothingSelected => nothing_selected(message),
        StartError::Profile(_) => no_profile(message),
        StartError::Key(_) => Failure::internal(message),
        StartError::Tls(_) | StartError::Role { .. } | StartError::Transmitter(_) | StartError::Client(_) => {
            Failure::usage(message)
        }
    }
}
