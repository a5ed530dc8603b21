//! The Shared Signals transmitter of the proof, and runs against it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;

use super::scenario::{Combination, Lab};
use super::watch::Cases;
use crate::http::{Authority, Client, ClientOptions, Roots};
use crate::peer::ssf::{ClientCredentials, ReceiverAccount, SsfOptions, SsfTransmitter, Tampered, apply};
use crate::peer::tamper::Tamper;
use crate::run::event::Finished;
use crate::run::plan::Selection;
use crate::run::settings::{InteropRevision, Timeouts};
use crate::run::transmitter::TransmitterRun;
use crate::run::transmitter::hook::{BuiltIn, Hook};
use crate::run::transmitter::settings::{
    ClientAuthentication, ClientSettings, CredentialSettings, LimitedTokens, TransmitterSettings,
};
use crate::suite::catalogue::Deviation;
use crate::suite::model::case::Method;

/// The profile that Shared Signals transmitters are judged by.
pub(super) const PROFILE: &str = "ssf-transmitter";

/// How long the transmitter of the proof holds a poll.
const LONG_POLL: Duration = Duration::from_millis(1200);

/// Runs the profile against the built-in transmitter with these toggles and deviations.
pub(super) async fn run(
    lab: &Lab,
    combination: &Combination,
    toggles: &[&str],
    deviations: &[&Deviation],
) -> Result<Finished, String> {
    let (key, other_key) = lab.keys(combination.alg)?;
    let client = ClientOptions { response_timeout: Duration::from_secs(5), ..ClientOptions::default() };
    let client = Client::new(client).map_err(|error| error.to_string())?;
    let mut options = SsfOptions::new(
        vec![account("first", "https://receiver.example.com"), account("second", "https://other-receiver.example.com")],
        key,
        client,
    );
    let LimitedTokens { read_only, manage_only, expired } = limited_tokens();
    let first = &mut options.receivers[0];
    first.tokens.extend(manage_only);
    first.reading.extend(read_only);
    first.expired.extend(expired);
    options.other_key = Some(other_key);
    options.catalogue = Some(lab.catalogue.clone());
    options.timing.retry_delay = Duration::from_millis(300);
    options.timing.long_poll = LONG_POLL;
    let mut roots = Roots::System;
    // A variation breaks nothing that would say that it needs https.
    if combination.tls || deviations.iter().any(|deviation| deviation.tls.is_some()) {
        let authority = Authority::new().map_err(|error| error.to_string())?;
        options.tls = Some(authority.issue(&["127.0.0.1", "localhost"]).map_err(|error| error.to_string())?);
        roots = Roots::Only(authority.pem().into_bytes());
    }
    for toggle in toggles {
        if !apply(&mut options, toggle) {
            return Err(format!("there is no toggle `{toggle}`"));
        }
    }
    Tampered::new(Tamper::new(deviations.iter().map(|deviation| (*deviation).clone()))).install(&mut options)?;
    let transmitter = Arc::new(SsfTransmitter::start(options).await.map_err(|error| error.to_string())?);
    let mut settings = TransmitterSettings {
        roots,
        profile: combination.profile.unwrap_or(PROFILE).to_owned(),
        ..settings(lab, transmitter.issuer(), Hook::Local(Arc::new(BuiltIn(transmitter.clone()))))
    };
    if combination.by_client {
        let client = credentials("first");
        settings.credential = Some(CredentialSettings::Client(ClientSettings {
            id: client.id,
            authentication: ClientAuthentication::Basic(client.secret),
            token_endpoint: None,
            scope: None,
        }));
        settings.limited = LimitedTokens::default();
    }
    let run = TransmitterRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let cases = Cases::default();
    let (_stop, stopped) = watch::channel(false);
    let mut finished = run.run(&cases.emitter(), stopped).await;
    finished.notes.extend(cases.inconclusive());
    Ok(finished)
}

fn account(name: &str, audience: &str) -> ReceiverAccount {
    ReceiverAccount {
        name: name.to_owned(),
        tokens: vec![SecretString::from(format!("proof-token-of-{name}"))],
        client: Some(credentials(name)),
        audience: vec![audience.to_owned()],
        ..ReceiverAccount::default()
    }
}

fn credentials(name: &str) -> ClientCredentials {
    let secret = SecretString::from(format!("proof-secret-of-{name}"));
    ClientCredentials { id: format!("proof-client-{name}"), secret, keys: None }
}

fn limited_tokens() -> LimitedTokens {
    let token = |name: &str| Some(SecretString::from(format!("proof-token-that-{name}")));
    LimitedTokens { read_only: token("reads"), manage_only: token("manages"), expired: token("has-expired") }
}

/// Settings for a transmitter with this issuer.
pub(super) fn settings(lab: &Lab, issuer: &str, hook: Hook) -> TransmitterSettings {
    let token = |name: &str| CredentialSettings::Token(SecretString::from(format!("proof-token-of-{name}")));
    TransmitterSettings {
        catalogue: lab.catalogue.clone(),
        profile: PROFILE.to_owned(),
        issuer: issuer.to_owned(),
        metadata_url: None,
        credential: Some(token("first")),
        second: Some(token("second")),
        limited: limited_tokens(),
        delivery: vec![Method::Push, Method::Poll],
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        jwks: None,
        scim: None,
        hook,
        events: Vec::new(),
        subjects: Vec::new(),
        take_over: false,
        roots: Roots::System,
        insecure: false,
        deployed: false,
        timeouts: timeouts(),
        long_poll: Some(LONG_POLL),
        jobs: 6,
        strict: false,
        interop: InteropRevision::default(),
        selection: Selection::default(),
        command: "setspec run transmitter".to_owned(),
    }
}

/// Short waits: on loopback nothing takes long, and what a mutant withholds is waited for in vain.
fn timeouts() -> Timeouts {
    Timeouts {
        response: Duration::from_secs(5),
        prompt: Duration::from_secs(2),
        delivery: Duration::from_secs(3),
        quiet: Duration::from_millis(200),
    }
}
