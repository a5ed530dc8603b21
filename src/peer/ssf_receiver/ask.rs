//! What the receiver can be asked to do.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::timeout;

use super::manage;
use super::state::{Shared, Stage};
use crate::peer::ssf::Operation;
use crate::suite::model::case::Asked;

/// How long whoever asks waits for the receiver to be up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Does it, one request after the other, and answers when it is done.
pub(super) async fn ask(shared: &Shared, what: Asked, arguments: &Value) -> Result<Value, String> {
    if what == Asked::State {
        return Ok(shared.lock().value(&shared.options.issuer));
    }
    let up = shared.until(|state| match state.stage {
        Stage::Verifying | Stage::Running => Some(Ok(())),
        Stage::GaveUp if state.metadata.is_some() => Some(Ok(())),
        Stage::GaveUp => Some(Err(state.failure.clone().unwrap_or_default())),
        Stage::Stopped => Some(Err("the receiver has stopped".to_owned())),
        _ => None,
    });
    timeout(PATIENCE, up).await.map_err(|_| "the receiver is not up yet".to_owned())??;
    let _one_at_a_time = shared.asking.lock().await;
    let members = || arguments.as_object().cloned().unwrap_or_default();
    match what {
        Asked::Create => {
            let stream = manage::create(shared).await?;
            shared.change(|state| {
                state.stage = Stage::Running;
                state.failure = None;
            });
            Ok(stream.value())
        }
        Asked::Read => manage::read(shared).await.map(|stream| stream.value()),
        Asked::List => manage::list(shared).await,
        Asked::Update => manage::update(shared, with_values(members())).await.map(|stream| stream.value()),
        Asked::Replace => manage::replace(shared, members()).await.map(|stream| stream.value()),
        Asked::Delete => {
            let stream = manage::current(shared)?;
            manage::delete(shared, &stream.id).await.map(|()| Value::Null)
        }
        Asked::ReadStatus => manage::read_status(shared).await,
        Asked::UpdateStatus => {
            let status = argument(arguments, "status").ok_or("status: expected a value, got nothing")?;
            manage::update_status(shared, status, argument(arguments, "reason")).await
        }
        Asked::AddSubject => {
            let verified = argument(arguments, "verified");
            manage::subject(shared, Operation::AddSubject, subject(arguments)?, verified).await.map(|()| Value::Null)
        }
        Asked::RemoveSubject => {
            manage::subject(shared, Operation::RemoveSubject, subject(arguments)?, None).await.map(|()| Value::Null)
        }
        Asked::Verify => {
            let state = argument(arguments, "state").and_then(|state| state.as_str().map(str::to_owned));
            manage::verify(shared, state).await
        }
        Asked::State => Ok(shared.lock().value(&shared.options.issuer)),
    }
}

/// A member without a value is left out (SSF section 8.1.1).
fn with_values(mut members: Map<String, Value>) -> Map<String, Value> {
    members.retain(|_, value| !value.is_null());
    members
}

fn argument(arguments: &Value, name: &str) -> Option<Value> {
    arguments.get(name).filter(|value| !value.is_null()).cloned()
}

fn subject(arguments: &Value) -> Result<Value, String> {
    argument(arguments, "subject").ok_or_else(|| "subject: expected a subject identifier, got nothing".to_owned())
}
