//! The built-in relying party as the target.

use std::net::Ipv4Addr;

use url::Url;

use crate::cli::console::Failure;
use crate::http::{Client, ClientOptions, Recorder};
use crate::peer::oidc::{Rp, RpOptions};
use crate::peer::tamper::Tamper;
use crate::run::rp::RpRun;
use crate::run::rp::settings::RpSettings;

/// Starts it, so that it trusts our provider, and aims the run at it.
pub(super) async fn start(run: &mut RpRun, settings: &RpSettings) -> Result<Rp, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in relying party: {error}"));
    let rp = Rp::start(RpOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        tls: None,
        issuer: run.issuer().to_owned(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        registers: true,
        alg: settings.key.alg(),
        encryption: None,
        client: Client::new(ClientOptions::default()).map_err(|error| ours(&error))?,
        tamper: Tamper::default(),
        recorder: Recorder::new(1),
    })
    .await
    .map_err(|error| ours(&error))?;
    let url = |text: String| Url::parse(&text).map_err(|error| ours(&error));
    run.aim(url(rp.login_url())?, rp.logout_uri(), url(rp.protected_url())?);
    Ok(rp)
}
