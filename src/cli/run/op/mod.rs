//! `setspec run op`: the harness is the relying party, and the browser.

mod built_in;
mod options;

pub(in crate::cli) use options::OpArgs;

use super::common::Output;
use super::{no_profile, nothing_selected};
use crate::cli::console::{Failure, print};
use crate::peer::oidc::Op;
use crate::run::op::settings::OpSettings;
use crate::run::op::{OpRun, StartError};

/// What the options and the file come to.
pub(in crate::cli) struct Work {
    pub settings: OpSettings,
    /// Whether the built-in provider is judged.
    pub built_in: bool,
    pub(super) output: Output,
    pub(super) quiet: bool,
}

impl Work {
    /// Starts our relying party, and says how it has to be registered.
    pub async fn prepare(self) -> Result<(OpRun, Option<Op>), Failure> {
        let Self { settings, built_in, quiet, .. } = self;
        let mut run = OpRun::prepare(settings.clone()).await.map_err(failure)?;
        if built_in {
            let op = built_in::start(&mut run, &settings).await?;
            return Ok((run, Some(op)));
        }
        if !quiet {
            let registered = settings.client_id.as_ref().map(|id| format!("registered as {id}"));
            let registered = registered.unwrap_or_else(|| "and registers itself".to_owned());
            print(&format!(
                "setspec run op is ready, {registered}\n  redirect URI              {}\n  logout URI                {}\n  post-logout redirect URI  {}\n",
                run.redirect_uri(),
                run.logout_uri(),
                run.post_logout_redirect_uri(),
            ));
        }
        Ok((run, None))
    }
}

/// Ends the built-in provider, if it was started.
pub(super) async fn shutdown(op: Option<Op>) {
    if let Some(op) = op {
        op.shutdown().await;
    }
}

fn failure(error: StartError) -> Failure {
    let message = error.to_string();
    match error {
        StartError::NothingSelected => nothing_selected(message),
        StartError::Profile(_) => no_profile(message),
        StartError::Role { .. } | StartError::Listen { .. } | StartError::Client(_) => Failure::usage(message),
    }
}
