//! OpenID providers and relying parties of the proof: the built-in ones, and those that treat everything alike.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

use super::null::{NullPeer, nothing_proved};
use super::scenario::{Combination, Lab};
use super::watch::Cases;
use crate::http::{Authority, Client, ClientOptions, Recorder, Roots};
use crate::peer::oidc::{Op, OpOptions, RegisteredClient, Rp, RpOptions};
use crate::peer::tamper::Tamper;
use crate::run::browser::{FieldValue, FormStep};
use crate::run::event::{CaseResult, Emitter, Finished};
use crate::run::op::OpRun;
use crate::run::op::settings::OpSettings;
use crate::run::plan::Selection;
use crate::run::rp::RpRun;
use crate::run::rp::settings::{DownstreamSettings, RpSettings};
use crate::run::settings::{LogoutRevision, Timeouts};
use crate::set::jwe::{Agreed, DecryptionKey, Enc, KeyAlg};
use crate::set::{Alg, SigningKey};
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

/// The client identifier of the relying parties of the proof.
const CLIENT: &str = "proof-client";

/// Their client secret.
const SECRET: &str = "proof-client-secret";

/// Where nothing is.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Runs the profile against the built-in relying party with these features and deviations.
pub(super) async fn run(lab: &Lab, combination: &Combination, deviations: &[&Deviation]) -> Result<Finished, String> {
    judged(lab, combination, deviations).await.map(|(finished, _)| finished)
}

async fn judged(
    lab: &Lab,
    combination: &Combination,
    deviations: &[&Deviation],
) -> Result<(Finished, Vec<CaseResult>), String> {
    let authority = Authority::new().map_err(|error| error.to_string())?;
    let tls = match combination.tls {
        true => Some(authority.issue(&["127.0.0.1", "localhost"]).map_err(|error| error.to_string())?),
        false => None,
    };
    let mut settings = settings(lab, combination.alg, NOWHERE)?;
    settings.deployed = combination.deployed;
    if deviations.iter().any(|deviation| deviation.behave.as_deref() == Some("shows-its-login-in-place")) {
        settings.logged_in_text = Some("You are logged in.".to_owned());
    }
    settings.roots = Roots::Only(authority.pem().into_bytes());
    let (key, other_key) = lab.keys(combination.alg)?;
    // Over http it is a provider itself, whose users log in there.
    let op = Op::start(OpOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        key,
        other_key,
        clients: Vec::new(),
        user: "user".to_owned(),
        client: Client::new(ClientOptions::default()).map_err(|error| error.to_string())?,
        tamper: Tamper::default(),
        recorder: Recorder::new(1),
        logouts: Recorder::new(1),
    })
    .await
    .map_err(|error| error.to_string())?;
    settings.downstream = (!combination.tls).then(|| DownstreamSettings {
        issuer: op.issuer().to_owned(),
        client_id: None,
        client_secret: None,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
    });
    let mut run = RpRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let rp = Rp::start(RpOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        tls,
        issuer: run.issuer().to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(SecretString::from(SECRET)),
        // Over http it registers itself, over https it was registered.
        registers: !combination.tls,
        alg: combination.alg,
        encryption: encryption(combination)?,
        downstream: Some(op.downstream()),
        client: Client::new(ClientOptions::default()).map_err(|error| error.to_string())?,
        tamper: Tamper::new(deviations.iter().map(|deviation| (*deviation).clone())),
        recorder: Recorder::new(1),
    })
    .await
    .map_err(|error| error.to_string())?;
    let url = |text: String| Url::parse(&text).map_err(|error| error.to_string());
    op.stand_behind(rp.behind());
    run.aim(url(rp.login_url())?, rp.logout_uri(), url(rp.protected_url())?);
    let cases = Cases::default();
    let (_stop, stopped) = watch::channel(false);
    let finished = run.run(&cases.emitter(), stopped).await;
    rp.shutdown().await;
    op.shutdown().await;
    Ok((finished, cases.ended()))
}

/// The key of a relying party whose ID Tokens are encrypted.
fn encryption(combination: &Combination) -> Result<Option<(DecryptionKey, Agreed)>, String> {
    if !combination.encrypted {
        return Ok(None);
    }
    let key = SigningKey::generate(Alg::Es256, "encryption").map_err(|error| error.to_string())?;
    let key = DecryptionKey::new(&key).map_err(|error| error.to_string())?;
    Ok(Some((key, Agreed { alg: KeyAlg::EcdhEs, enc: Enc::A256Gcm })))
}

fn settings(lab: &Lab, alg: Alg, url: &str) -> Result<RpSettings, String> {
    let (key, other_key) = lab.keys(alg)?;
    Ok(RpSettings {
        catalogue: lab.catalogue.clone(),
        profile: "backchannel-logout-rp".to_owned(),
        login: Url::parse(url).map_err(|error| error.to_string())?,
        logout: url.to_owned(),
        protected: None,
        logged_in_text: None,
        login_forms: vec![FormStep::default()],
        session_required: false,
        encryption: None,
        downstream: None,
        revision: LogoutRevision::default(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(SecretString::from(SECRET)),
        redirect_uris: Vec::new(),
        subjects: Vec::new(),
        wait: Duration::ZERO,
        key: Arc::clone(&key),
        other_key,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        roots: Roots::System,
        insecure: false,
        deployed: false,
        timeouts: Lab::timeouts(),
        jobs: 1,
        strict: false,
        selection: Selection::default(),
        command: "setspec run rp".to_owned(),
    })
}

/// Runs the profile against the built-in provider with these features and deviations.
pub(super) async fn run_op(
    lab: &Lab,
    combination: &Combination,
    deviations: &[&Deviation],
) -> Result<Finished, String> {
    let (key, other_key) = lab.keys(combination.alg)?;
    let mut settings = op_settings(lab, NOWHERE);
    // With RS256 it was registered, otherwise it registers itself.
    settings.client_id = (combination.alg == Alg::Rs256 && deviations.is_empty()).then(|| CLIENT.to_owned());
    let mut run = OpRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let op = Op::start(OpOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        key,
        other_key,
        clients: vec![RegisteredClient {
            id: CLIENT.to_owned(),
            secret: Some(SecretString::from(SECRET)),
            redirect_uris: vec![run.redirect_uri()],
            logout_uri: Some(Url::parse(&run.logout_uri()).map_err(|error| error.to_string())?),
            encryption: None,
            refreshes: true,
        }],
        user: "user".to_owned(),
        client: Client::new(ClientOptions::default()).map_err(|error| error.to_string())?,
        tamper: Tamper::new(deviations.iter().map(|deviation| (*deviation).clone())),
        recorder: Recorder::new(1),
        logouts: Recorder::new(1),
    })
    .await
    .map_err(|error| error.to_string())?;
    run.aim(op.issuer().to_owned());
    let (_stop, stopped) = watch::channel(false);
    let finished = run.run(&Emitter::silent(), stopped).await;
    op.shutdown().await;
    Ok(finished)
}

fn op_settings(lab: &Lab, issuer: &str) -> OpSettings {
    let timeouts = Timeouts { delivery: Duration::from_secs(2), ..Lab::timeouts() };
    OpSettings {
        catalogue: lab.catalogue.clone(),
        profile: "backchannel-logout-op".to_owned(),
        issuer: issuer.to_owned(),
        client_id: None,
        client_secret: Some(SecretString::from(SECRET)),
        hook: None,
        login_forms: vec![FormStep {
            fields: vec![
                ("user".to_owned(), FieldValue::Plain("user".to_owned())),
                ("password".to_owned(), FieldValue::Secret(SecretString::from(SECRET))),
            ],
            ..FormStep::default()
        }],
        logout_forms: vec![FormStep { button: Some("yes".to_owned()), ..FormStep::default() }],
        encryption_key: None,
        revision: LogoutRevision::default(),
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        roots: Roots::System,
        insecure: false,
        timeouts,
        strict: false,
        selection: Selection::default(),
        command: "setspec run op".to_owned(),
    }
}

/// A server that understands nothing is no conformant provider.
pub(super) async fn prove_null_op(lab: &Lab, peer: NullPeer) -> Result<(), String> {
    let (url, task) = peer.serve().await.map_err(|error| error.to_string())?;
    let mut settings = op_settings(lab, &url);
    if peer == NullPeer::Mute {
        settings.timeouts.response = Duration::from_millis(300);
    }
    let run = OpRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let cases = Cases::default();
    let (_stop, stopped) = watch::channel(false);
    let finished = run.run(&cases.emitter(), stopped).await;
    task.abort();
    nothing_proved(lab, &finished, &cases.ended())
}

/// A relying party that does the same whatever it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullRp {
    /// A server that understands nothing at all.
    Server(NullPeer),
    /// Logs in as it should, takes every token, and ends no session.
    TakesEveryToken,
    /// Logs in as it should, and refuses every token.
    RefusesEveryToken,
}

impl NullRp {
    /// The null relying parties of the proof.
    pub fn all() -> Vec<Self> {
        let servers = NullPeer::ALL.into_iter().map(Self::Server);
        servers.chain([Self::TakesEveryToken, Self::RefusesEveryToken]).collect()
    }

    /// The last part of the name of its trial; for those that log in, also their behaviour.
    pub fn name(self) -> String {
        match self {
            Self::Server(peer) => peer.name(),
            Self::TakesEveryToken => "takes-every-token".to_owned(),
            Self::RefusesEveryToken => "refuses-every-token".to_owned(),
        }
    }
}

/// No run is conformant, and no case that expects a refusal passes.
pub(super) async fn prove_null(lab: &Lab, peer: NullRp) -> Result<(), String> {
    let (finished, cases) = match peer {
        NullRp::Server(server) => {
            let (url, task) = server.serve().await.map_err(|error| error.to_string())?;
            let mut settings = settings(lab, Alg::Es256, &url)?;
            if server == NullPeer::Mute {
                settings.timeouts.response = Duration::from_millis(300);
            }
            let run = RpRun::prepare(settings).await.map_err(|error| error.to_string())?;
            let cases = Cases::default();
            let (_stop, stopped) = watch::channel(false);
            let finished = run.run(&cases.emitter(), stopped).await;
            task.abort();
            (finished, cases.ended())
        }
        behaving => {
            let deviation = Deviation { behave: Some(behaving.name()), ..Deviation::plain(Role::Rp, behaving.name()) };
            judged(lab, &Combination::of(Role::Rp), &[&deviation]).await?
        }
    };
    nothing_proved(lab, &finished, &cases)
}
