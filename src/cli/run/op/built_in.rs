//! The built-in OpenID provider as the target.

use std::net::Ipv4Addr;

use url::Url;

use crate::cli::console::Failure;
use crate::cli::keys;
use crate::http::{Client, ClientOptions, Recorder};
use crate::peer::oidc::{Op, OpOptions, RegisteredClient};
use crate::peer::tamper::Tamper;
use crate::run::op::OpRun;
use crate::run::op::settings::OpSettings;
use crate::set::Alg;

/// Our relying party, where it does not register itself.
fn known(id: &str, run: &OpRun, settings: &OpSettings) -> RegisteredClient {
    RegisteredClient {
        id: id.to_owned(),
        secret: settings.client_secret.clone(),
        redirect_uris: vec![run.redirect_uri()],
        logout_uri: Url::parse(&run.logout_uri()).ok(),
        encryption: None,
        refreshes: true,
    }
}

/// Starts it with our relying party registered, and aims the run at it.
pub(super) async fn start(run: &mut OpRun, settings: &OpSettings) -> Result<Op, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in OpenID provider: {error}"));
    let keys = keys::signing_keys(Alg::Rs256, None, None)?;
    let op = Op::start(OpOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        key: keys.good,
        other_key: keys.other,
        clients: settings.client_id.iter().map(|id| known(id, run, settings)).collect(),
        user: "user".to_owned(),
        client: Client::new(ClientOptions::default()).map_err(|error| ours(&error))?,
        tamper: Tamper::default(),
        recorder: Recorder::new(1),
        logouts: Recorder::new(1),
    })
    .await
    .map_err(|error| ours(&error))?;
    run.aim(op.issuer().to_owned());
    Ok(op)
}
