//! `setspec run rp`: the harness is the OpenID provider, and the browser.

mod built_in;
mod options;

pub(in crate::cli) use built_in::BuiltIn;
pub(in crate::cli) use options::RpArgs;

use super::common::Output;
use super::{no_profile, nothing_selected};
use crate::cli::console::{Failure, print};
use crate::run::rp::settings::RpSettings;
use crate::run::rp::{RpRun, StartError};

/// What the options and the file come to.
pub(in crate::cli) struct Work {
    pub settings: RpSettings,
    /// Whether the built-in relying party is judged.
    pub built_in: bool,
    pub(super) output: Output,
    pub(super) quiet: bool,
}

impl Work {
    /// Starts our provider, and says how it is found where somebody has to be told.
    pub async fn prepare(self) -> Result<(RpRun, Option<BuiltIn>), Failure> {
        let Self { mut settings, built_in, quiet, .. } = self;
        if built_in {
            let op = built_in::provider().await?;
            settings.downstream = Some(built_in::downstream(&op));
            let mut run = RpRun::prepare(settings.clone()).await.map_err(failure)?;
            let rp = built_in::start(&mut run, &settings, op).await?;
            return Ok((run, Some(rp)));
        }
        let run = RpRun::prepare(settings.clone()).await.map_err(failure)?;
        if !quiet {
            print(&format!(
                "setspec run rp is ready: {issuer}\n  issuer          {issuer}\n  configuration   {}\n  client id       {}\n",
                run.metadata_url(),
                settings.client_id,
                issuer = run.issuer(),
            ));
            if let Some((redirect_uri, logout_uri)) = run.behind() {
                print(&format!("  behind it\n    redirect URI  {redirect_uri}\n    logout URI    {logout_uri}\n"));
            }
        }
        Ok((run, None))
    }
}

/// Ends the built-in relying party, if it was started.
pub(super) async fn shutdown(rp: Option<BuiltIn>) {
    if let Some(rp) = rp {
        rp.shutdown().await;
    }
}

fn failure(error: StartError) -> Failure {
    let message = error.to_string();
    match error {
        StartError::NothingSelected => nothing_selected(message),
        StartError::Profile(_) => no_profile(message),
        StartError::Key(_) => Failure::internal(message),
        StartError::Role { .. } | StartError::Listen { .. } | StartError::LogoutUri(_) | StartError::Client(_) => {
            Failure::usage(message)
        }
    }
}
