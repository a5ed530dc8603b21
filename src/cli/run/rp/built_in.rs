//! The built-in relying party as the target.

use std::net::Ipv4Addr;

use url::Url;

use crate::cli::console::Failure;
use crate::cli::keys;
use crate::http::{Client, ClientOptions, Recorder};
use crate::peer::oidc::{Op, OpOptions, Rp, RpOptions};
use crate::peer::tamper::Tamper;
use crate::run::rp::RpRun;
use crate::run::rp::settings::{DownstreamSettings, RpSettings};
use crate::set::Alg;

/// The relying party, and the provider that it is itself.
pub(in crate::cli) struct BuiltIn {
    rp: Rp,
    op: Op,
}

impl BuiltIn {
    pub async fn shutdown(self) {
        self.rp.shutdown().await;
        self.op.shutdown().await;
    }
}

/// The provider that it is itself: its users log in at the relying party.
pub(super) async fn provider() -> Result<Op, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in relying party: {error}"));
    let keys = keys::signing_keys(Alg::Es256, None, None)?;
    Op::start(OpOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        key: keys.good,
        other_key: keys.other,
        clients: Vec::new(),
        user: "user".to_owned(),
        client: Client::new(ClientOptions::default()).map_err(|error| ours(&error))?,
        tamper: Tamper::default(),
        recorder: Recorder::new(1),
        logouts: Recorder::new(1),
    })
    .await
    .map_err(|error| ours(&error))
}

/// Our relying party behind it.
pub(super) fn downstream(op: &Op) -> DownstreamSettings {
    DownstreamSettings {
        issuer: op.issuer().to_owned(),
        client_id: None,
        client_secret: None,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
    }
}

/// Starts it, so that it trusts our provider, and aims the run at it.
pub(super) async fn start(run: &mut RpRun, settings: &RpSettings, op: Op) -> Result<BuiltIn, Failure> {
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
        downstream: Some(op.downstream()),
        client: Client::new(ClientOptions::default()).map_err(|error| ours(&error))?,
        tamper: Tamper::default(),
        recorder: Recorder::new(1),
    })
    .await
    .map_err(|error| ours(&error))?;
    let url = |text: String| Url::parse(&text).map_err(|error| ours(&error));
    run.aim(url(rp.login_url())?, rp.logout_uri(), url(rp.protected_url())?);
    op.stand_behind(rp.behind());
    Ok(BuiltIn { rp, op })
}
