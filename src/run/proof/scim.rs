//! The SCIM service provider of the proof, and runs against it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::watch;
use url::Url;

use super::null::{NullPeer, nothing_proved};
use super::scenario::{Combination, Lab};
use super::ssf;
use super::watch::Cases;
use crate::http::{Client, ClientOptions, RequestSpec};
use crate::peer::scim::{ScimOptions, ScimProvider};
use crate::peer::ssf::{PUSH, ReceiverAccount, SsfOptions, SsfTransmitter, apply, events};
use crate::peer::tamper::Tamper;
use crate::run::event::Finished;
use crate::run::settings::Timeouts;
use crate::run::transmitter::TransmitterRun;
use crate::run::transmitter::hook::Hook;
use crate::run::transmitter::settings::{CredentialSettings, ScimSettings, TransmitterSettings};
use crate::suite::catalogue::Deviation;

/// The profile that SCIM service providers are judged by.
const PROFILE: &str = "scim-transmitter";

/// What is no matter of a peer: SETs are pushed because the operator set it up so, and by no stream that the harness made.
const STANDING: &str = "standing-push";

/// The token of the client of the service provider.
const TOKEN: &str = "proof-token-of-the-scim-client";

/// The token of the receiver of the SETs.
const RECEIVER: &str = "proof-token-of-first";

/// Runs the profile against the built-in service provider with these toggles, of it or of its transmitter, and deviations.
pub(super) async fn run(
    lab: &Lab,
    combination: &Combination,
    toggles: &[&str],
    deviations: &[&Deviation],
) -> Result<Finished, String> {
    let transmitter = transmitter(lab, combination, toggles).await?;
    let mut options = ScimOptions::new(transmitter.clone(), vec![SecretString::from(TOKEN)]);
    options.tamper = Tamper::new(deviations.iter().map(|deviation| (*deviation).clone())).into();
    for toggle in toggles.iter().filter(|toggle| !is_of_transmitter(toggle) && **toggle != STANDING) {
        options.apply(toggle)?;
    }
    let provider = ScimProvider::start(options).await.map_err(|error| error.to_string())?;
    let standing = toggles.contains(&STANDING);
    let mut settings = settings(lab, transmitter.issuer(), provider.base_url())?;
    if standing {
        settings = without_streams(settings, provider.base_url());
    }
    let run = TransmitterRun::prepare(settings).await.map_err(|error| error.to_string())?;
    if standing {
        push_to(&transmitter, &run.standing_url()).await?;
    }
    let cases = Cases::default();
    let (_stop, stopped) = watch::channel(false);
    let mut finished = run.run(&cases.emitter(), stopped).await;
    finished.notes.extend(cases.inconclusive());
    provider.shutdown().await;
    Ok(finished)
}

async fn transmitter(lab: &Lab, combination: &Combination, toggles: &[&str]) -> Result<Arc<SsfTransmitter>, String> {
    let (key, _) = lab.keys(combination.alg)?;
    let account = ReceiverAccount {
        name: "first".to_owned(),
        tokens: vec![SecretString::from(RECEIVER)],
        audience: vec!["https://receiver.example.com".to_owned()],
        ..ReceiverAccount::default()
    };
    let client = Client::new(ClientOptions::default()).map_err(|error| error.to_string())?;
    let mut options = SsfOptions::new(vec![account], key, client);
    options.features.events_supported = events::all().map(str::to_owned).collect();
    for toggle in toggles.iter().filter(|toggle| is_of_transmitter(toggle)) {
        if !apply(&mut options, toggle) {
            return Err(format!("there is no toggle `{toggle}`"));
        }
    }
    SsfTransmitter::start(options).await.map(Arc::new).map_err(|error| error.to_string())
}

fn is_of_transmitter(toggle: &str) -> bool {
    crate::peer::ssf::TOGGLES.iter().any(|(name, _)| *name == toggle)
}

fn settings(lab: &Lab, issuer: &str, base: &str) -> Result<TransmitterSettings, String> {
    let scim = ScimSettings {
        url: Url::parse(base).map_err(|error| error.to_string())?,
        credential: Some(CredentialSettings::Token(SecretString::from(TOKEN))),
        pushes: false,
    };
    Ok(TransmitterSettings {
        profile: PROFILE.to_owned(),
        scim: Some(scim),
        second: None,
        timeouts: Timeouts { delivery: Duration::from_secs(6), ..Lab::timeouts() },
        // Every stream is told of the changes of all cases.
        jobs: 4,
        ..ssf::settings(lab, issuer, Hook::None)
    })
}

fn without_streams(settings: TransmitterSettings, base: &str) -> TransmitterSettings {
    let scim = settings.scim.map(|scim| ScimSettings { pushes: true, ..scim });
    TransmitterSettings { issuer: base.to_owned(), scim, ..settings }
}

/// Does what an operator would: has all events pushed to an endpoint.
async fn push_to(transmitter: &SsfTransmitter, endpoint: &str) -> Result<(), String> {
    let url = format!("{}/ssf/streams", transmitter.issuer());
    let requested: Vec<Value> = events::all().map(Value::from).collect();
    let delivery = json!({ "method": PUSH, "endpoint_url": endpoint });
    let request = RequestSpec::new("POST", Url::parse(&url).map_err(|error| error.to_string())?)
        .header("Authorization", format!("Bearer {RECEIVER}"))
        .header("Content-Type", "application/json")
        .body(json!({ "delivery": delivery, "events_requested": requested }).to_string());
    let client = Client::new(ClientOptions::default()).map_err(|error| error.to_string())?;
    match client.send(request).await.status() {
        Some(201) => Ok(()),
        other => Err(format!("the stream of the operator is answered with {other:?}")),
    }
}

/// A server that understands nothing of SCIM is no conformant service provider, whatever delivers its events.
pub(super) async fn prove_null(lab: &Lab, peer: NullPeer) -> Result<(), String> {
    let (url, task) = peer.serve().await.map_err(|error| error.to_string())?;
    let transmitter = transmitter(lab, &Combination::scim([]), &[]).await?;
    for standing in [false, true] {
        let mut settings = settings(lab, transmitter.issuer(), &url)?;
        if standing {
            settings = without_streams(settings, &url);
        }
        if peer == NullPeer::Mute {
            settings.timeouts.response = Duration::from_millis(300);
        }
        let cases = Cases::default();
        let run = TransmitterRun::prepare(settings).await.map_err(|error| error.to_string())?;
        let (_stop, stopped) = watch::channel(false);
        let finished = run.run(&cases.emitter(), stopped).await;
        nothing_proved(lab, &finished, &cases.ended())?;
    }
    task.abort();
    Ok(())
}
