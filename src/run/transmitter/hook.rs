//! The operator's hook: how a transmitter is made to send something that no receiver can ask for.

mod command;
mod http;
mod local;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::expr::Template;
use crate::http::Client;
use crate::suite::model::case::StreamStatus;
pub use local::BuiltIn;

/// How a transmitter is asked for something.
#[derive(Clone, Default)]
pub enum Hook {
    /// It cannot be asked.
    #[default]
    None,
    /// A command of the operator.
    Command(CommandHook),
    /// An HTTP request.
    Http(HttpHook),
    /// A transmitter in this process.
    Local(Arc<dyn LocalHook>),
}

/// A command that is started for each ask: the ask is in its environment and, as JSON, on its standard input.
#[derive(Debug, Clone)]
pub struct CommandHook {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it does: `event`, `status`, `verification`, `rotate-key`.
    pub does: Vec<String>,
}

/// A request that is sent for each ask.
#[derive(Clone)]
pub struct HttpHook {
    /// Where it goes.
    pub url: Url,
    /// `POST` unless the operator says otherwise.
    pub method: String,
    /// Header fields; values may be credentials.
    pub headers: BTreeMap<String, SecretString>,
    /// The JSON body, in which `${...}` stands for a member of the ask ([`HttpHook::body`]); the ask itself unless given.
    pub body: Option<Template>,
    /// What it does: `event`, `status`, `verification`, `rotate-key`.
    pub does: Vec<String>,
    /// What it is sent with: not the client of the run, because the hook is no part of the target.
    pub client: Client,
}

/// A transmitter that can be asked without leaving the process.
pub trait LocalHook: Send + Sync {
    /// Does what is asked, or says why not.
    fn ask<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<(), String>>;
}

/// What is asked of the transmitter.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// To send an event to every stream that it fits.
    Event {
        /// The URI of its type.
        event: String,
        /// The subject identifier.
        subject: Value,
        /// The members of its payload.
        payload: Value,
    },
    /// To change the status of a stream by its own decision.
    Status {
        /// The stream.
        stream_id: String,
        /// The status that it is to have.
        status: StreamStatus,
    },
    /// To send a verification event that nobody requested.
    Verification {
        /// The stream.
        stream_id: String,
    },
    /// To sign with a new key from now on.
    RotateKey,
}

impl Ask {
    /// The word for what is asked: `event`, `status`, `verification` or `rotate-key`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Event { .. } => "event",
            Self::Status { .. } => "status",
            Self::Verification { .. } => "verification",
            Self::RotateKey => "rotate-key",
        }
    }

    /// The ask as JSON: `{"ask": "event", "event": ..., "subject": ..., "payload": ...}`.
    pub fn value(&self, issuer: &str) -> Value {
        let mut value = match self {
            Self::Event { event, subject, payload } => {
                json!({ "event": event, "subject": subject, "payload": payload })
            }
            Self::Status { stream_id, status } => json!({ "stream_id": stream_id, "status": status.name() }),
            Self::Verification { stream_id } => json!({ "stream_id": stream_id }),
            Self::RotateKey => json!({}),
        };
        value["ask"] = json!(self.name());
        value["issuer"] = json!(issuer);
        value
    }
}

impl Hook {
    /// The features that it gives: `trigger`, `trigger-status`, `trigger-verification`, `trigger-keys`.
    pub fn features(&self) -> Vec<&'static str> {
        const ALL: [(&str, &str); 4] = [
            ("event", "trigger"),
            ("status", "trigger-status"),
            ("verification", "trigger-verification"),
            ("rotate-key", "trigger-keys"),
        ];
        let does = |name: &str| match self {
            Self::None => false,
            Self::Local(_) => true,
            Self::Command(CommandHook { does, .. }) | Self::Http(HttpHook { does, .. }) => {
                does.iter().any(|known| known == name)
            }
        };
        ALL.into_iter().filter(|(name, _)| does(name)).map(|(_, feature)| feature).collect()
    }

    /// Asks, and waits until the hook has done it.
    ///
    /// # Errors
    /// In words, without secrets: what the hook said, how the command ended, or that it did not end within `limit`.
    pub async fn ask(&self, ask: &Ask, issuer: &str, limit: Duration) -> Result<(), String> {
        let asking = async {
            match self {
                Self::None => Err("there is no hook".to_owned()),
                Self::Command(hook) => command::run(hook, ask, issuer).await,
                Self::Http(hook) => http::send(hook, ask, issuer).await,
                Self::Local(transmitter) => transmitter.ask(ask).await,
            }
        };
        match tokio::time::timeout(limit, asking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("the hook did not end within {} s", limit.as_secs_f64())),
        }
    }
}
