//! The built-in receiver as the target.

use std::net::Ipv4Addr;

use secrecy::SecretString;
use url::Url;

use crate::cli::console::Failure;
use crate::http::Recorder;
use crate::peer::receiver::{Receiver, ReceiverOptions};
use crate::peer::tamper::Switch;
use crate::run::receiver::ReceiverRun;
use crate::run::settings::ReceiverSettings;
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};

/// What the operator need not say of a receiver that is ours.
pub(super) fn complete(settings: &mut ReceiverSettings) {
    settings.authorization.get_or_insert_with(|| SecretString::from(format!("Bearer {}", uuid::Uuid::new_v4())));
    if settings.languages.is_empty() {
        settings.languages = vec!["en".to_owned(), "de".to_owned()];
    }
}

/// Starts it, so that it trusts our identity, and aims the run at it.
pub(super) async fn start(run: &mut ReceiverRun, settings: &ReceiverSettings) -> Result<Receiver, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in receiver: {error}"));
    let keys = if settings.key.public_jwk().is_some() {
        let jwks_uri = Url::parse(&run.jwks_uri()).map_err(|error| ours(&error))?;
        JwksSource::remote(RemoteJwks::with_default_client(jwks_uri).map_err(|error| ours(&error))?)
    } else {
        JwksSource::Fixed(Jwks::for_keys(&[&settings.key]).map_err(|error| ours(&error))?)
    };
    let receiver = Receiver::start(ReceiverOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        tls: None,
        issuer: Some(run.issuer().to_owned()),
        audience: Some(settings.audience.clone()),
        keys,
        authorization: settings.authorization.clone(),
        languages: settings.languages.clone(),
        tamper: Switch::default(),
        recorder: Recorder::new(1),
    })
    .await
    .map_err(|error| ours(&error))?;
    run.aim(Url::parse(&receiver.url()).map_err(|error| ours(&error))?);
    Ok(receiver)
}
