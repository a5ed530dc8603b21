//! The table `[trigger]`: how a transmitter is asked for events.

use std::collections::BTreeMap;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::SecretReference;

/// The operator's hook.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::cli) struct TriggerConfig {
    /// A program and its arguments.
    pub command: Option<Vec<String>>,
    /// An HTTP endpoint, in place of a command.
    pub url: Option<Url>,
    /// The method of the request.
    pub method: Option<String>,
    /// Header fields of the request. Their values are taken for credentials.
    #[serde(default)]
    pub headers: BTreeMap<String, SecretReference>,
    /// The body of the request, with `${event}`, `${subject}`, ...
    pub body: Option<Value>,
    /// What can be asked of it.
    #[serde(default)]
    pub does: Vec<Doing>,
    /// The event types that it can cause.
    #[serde(default)]
    pub events: Vec<String>,
    /// The subjects that it knows.
    #[serde(default)]
    pub subjects: Vec<Value>,
}

/// What can be asked of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Doing {
    /// To send an event.
    Event,
    /// To change the status of a stream.
    Status,
    /// To send a verification event.
    Verification,
    /// To sign with a new key.
    RotateKey,
}

impl Doing {
    /// The word of [`Ask::name`](crate::run::transmitter::hook::Ask::name).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Status => "status",
            Self::Verification => "verification",
            Self::RotateKey => "rotate-key",
        }
    }
}
