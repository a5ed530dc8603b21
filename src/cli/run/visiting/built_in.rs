//! The built-in receiver as the visitor.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::cli::console::Failure;
use crate::http::{Client, ClientOptions};
use crate::peer::ssf_receiver::SsfReceiverOptions;
use crate::peer::tamper::Tamper;
use crate::run::visiting::control::{BuiltIn, Control};
use crate::run::visiting::settings::VisitingSettings;

/// How long it pauses where others have to be spared: it shares our processor.
const PAUSE: Duration = Duration::from_millis(20);

/// Lets the built-in receiver visit.
pub(super) fn complete(settings: &mut VisitingSettings) -> Result<(), Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in receiver: {error}"));
    let options = ClientOptions { response_timeout: settings.timeouts.response, ..ClientOptions::default() };
    let mut receiver = SsfReceiverOptions::new("", Client::new(options).map_err(|error| ours(&error))?);
    receiver.poll.pause = PAUSE;
    receiver.retry.first = PAUSE;
    receiver.push.authorization = Some(SecretString::from(format!("Bearer {}", uuid::Uuid::new_v4().simple())));
    let receiver = BuiltIn::new(receiver, Tamper::default()).map_err(|error| ours(&error))?;
    settings.control = Control::Local(Arc::new(receiver));
    Ok(())
}
