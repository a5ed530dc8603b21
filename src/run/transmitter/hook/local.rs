//! The built-in transmitter as its own hook.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Ask, LocalHook};
use crate::peer::ssf::{EventRequest, SsfTransmitter, Status};
use crate::suite::model::case::StreamStatus;

/// Does everything that can be asked.
pub struct BuiltIn(pub Arc<SsfTransmitter>);

impl LocalHook for BuiltIn {
    fn ask<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<(), String>> {
        self.act(ask).boxed()
    }
}

impl BuiltIn {
    async fn act(&self, ask: &Ask) -> Result<(), String> {
        let transmitter = &self.0;
        match ask {
            Ask::Event { event, subject, payload } => {
                let claims = match payload {
                    Value::Object(members) => members.clone(),
                    Value::Null => serde_json::Map::new(),
                    other => return Err(format!("payload: expected an object, got {other}")),
                };
                let (event, subject) = (Some(event.clone()), Some(subject.clone()));
                let request = EventRequest { event, subject, claims, ..EventRequest::default() };
                transmitter.emit(&request).map(drop).map_err(|error| error.to_string())
            }
            Ask::Status { stream_id, status } => {
                let status = match status {
                    StreamStatus::Enabled => Status::Enabled,
                    StreamStatus::Paused => Status::Paused,
                    StreamStatus::Disabled => Status::Disabled,
                };
                transmitter
                    .set_status(stream_id, status, Some("Asked for by the operator.".to_owned()))
                    .map_err(|error| error.to_string())
            }
            Ask::Verification { stream_id } => transmitter.verify(stream_id).map_err(|error| error.to_string()),
            Ask::RotateKey => transmitter.rotate_key().await.map(drop).map_err(|error| error.to_string()),
        }
    }
}
