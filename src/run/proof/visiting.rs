//! The Shared Signals receiver of the proof, and runs in which it visits us.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;

use super::scenario::{Combination, Lab};
use super::watch::Cases;
use crate::http::{Authority, Client, ClientOptions, Roots};
use crate::peer::ssf::ClientCredentials;
use crate::peer::ssf_receiver::{SsfReceiverOptions, apply};
use crate::peer::tamper::Tamper;
use crate::run::event::{CaseResult, Finished};
use crate::run::plan::Selection;
use crate::run::settings::{InteropRevision, Timeouts};
use crate::run::visiting::VisitingRun;
use crate::run::visiting::control::{BuiltIn, Control};
use crate::run::visiting::settings::{VisitTls, VisitingSettings};
use crate::suite::catalogue::Deviation;
use crate::suite::model::case::Method;

/// The profile that Shared Signals receivers are judged by.
const PROFILE: &str = "ssf-receiver";

/// How long a poll is held.
const LONG_POLL: Duration = Duration::from_secs(2);

/// The names that certificates of the proof are for.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// The toggle of a receiver that is pushed to.
const PUSH: &str = "push";

/// Runs the profile against the built-in receiver with these toggles and deviations.
pub(super) async fn run(
    lab: &Lab,
    combination: &Combination,
    toggles: &[&str],
    deviations: &[&Deviation],
) -> Result<(Finished, Vec<CaseResult>), String> {
    let tls = combination.tls;
    let authority = Arc::new(Authority::new().map_err(|error| error.to_string())?);
    let receiver = receiver(toggles, tls.then_some(&*authority))?;
    let tamper = Tamper::new(deviations.iter().map(|deviation| (*deviation).clone()));
    let (key, other_key) = lab.keys(combination.alg)?;
    let settings = VisitingSettings {
        catalogue: lab.catalogue.clone(),
        profile: combination.profile.unwrap_or(PROFILE).to_owned(),
        delivery: if toggles.contains(&PUSH) { Method::Push } else { Method::Poll },
        token: SecretString::from("proof-token"),
        client: Some(ClientCredentials {
            id: "proof-client".to_owned(),
            secret: SecretString::from("proof-secret"),
            keys: None,
        }),
        audience: "https://receiver.example.com".to_owned(),
        key,
        other_key,
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        tls: tls.then(|| VisitTls {
            authority: authority.clone(),
            file: None,
            names: NAMES.map(str::to_owned).to_vec(),
        }),
        roots: Roots::Only(authority.pem().into_bytes()),
        insecure: false,
        deployed: false,
        languages: Vec::new(),
        oddities: Vec::new(),
        control: Control::Local(Arc::new(BuiltIn::new(receiver, tamper)?)),
        wait: Duration::from_secs(10),
        timeouts: timeouts(),
        long_poll: LONG_POLL,
        strict: false,
        interop: InteropRevision::default(),
        selection: Selection::default(),
        command: "setspec run receiver --visiting".to_owned(),
    };
    let run = VisitingRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let cases = Cases::default();
    let (_stop, stopped) = watch::channel(false);
    let mut finished = run.run(&cases.emitter(), stopped).await;
    finished.notes.extend(cases.inconclusive());
    Ok((finished, cases.ended()))
}

fn receiver(toggles: &[&str], authority: Option<&Authority>) -> Result<SsfReceiverOptions, String> {
    let client = Client::new(ClientOptions { response_timeout: Duration::from_secs(5), ..ClientOptions::default() });
    let mut options = SsfReceiverOptions::new("", client.map_err(|error| error.to_string())?);
    options.poll.pause = Duration::from_millis(20);
    options.retry.first = Duration::from_millis(20);
    options.push.authorization = Some(SecretString::from("Bearer proof-credential"));
    if let Some(authority) = authority {
        let certificate = authority.issue(&NAMES).map_err(|error| error.to_string())?;
        options.push.tls = Some(certificate);
    }
    for toggle in toggles {
        if !apply(&mut options, toggle) {
            return Err(format!("there is no toggle `{toggle}` of a receiver"));
        }
    }
    Ok(options)
}

/// Short waits: on loopback nothing takes long, and what a mutant withholds is waited for in vain.
fn timeouts() -> Timeouts {
    Timeouts {
        response: Duration::from_secs(5),
        prompt: Duration::from_secs(2),
        delivery: Duration::from_secs(3),
        quiet: Duration::from_millis(150),
    }
}
