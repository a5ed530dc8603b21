//! How a receiver is started, stopped and asked: the operator's hook.

mod commands;
mod local;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::timeout;

use crate::suite::model::case::{Asked, Method};
pub(crate) use commands::Started;
pub use local::BuiltIn;

/// How a receiver is started, stopped and asked.
#[derive(Clone, Default)]
pub enum Control {
    /// It comes and goes by itself.
    #[default]
    None,
    /// Commands of the operator.
    Commands(Commands),
    /// A receiver in this process.
    Local(Arc<dyn LocalReceiver>),
}

/// Commands, each as a program and its arguments; they are started without a shell.
///
/// All find in their environment what [`Told`] says. The one that starts may run as long as the receiver does, or end when it is
/// up; a failure says that the receiver gave up.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    /// Starts the receiver.
    pub start: Vec<String>,
    /// Stops it; none if it ends with its command.
    pub stop: Vec<String>,
    /// Asks the receiver for something: `SETSPEC_ASK` is the word for it, `SETSPEC_ARGUMENTS` and its standard input are the
    /// arguments as JSON. What it prints, as JSON, is the answer.
    pub ask: Vec<String>,
    /// What can be asked.
    pub does: Vec<Asked>,
}

/// What a receiver has to know to visit us.
#[derive(Debug, Clone)]
pub struct Told {
    /// The issuer: `SETSPEC_ISSUER`.
    pub issuer: String,
    /// Where its metadata are: `SETSPEC_METADATA_URL`.
    pub metadata_url: String,
    /// A bearer token: `SETSPEC_TOKEN`.
    pub token: SecretString,
    /// What a token is given for at the token endpoint: `SETSPEC_CLIENT_ID`, `SETSPEC_CLIENT_SECRET`, `SETSPEC_TOKEN_ENDPOINT`.
    pub client: Option<(String, SecretString, String)>,
    /// The audience that it is to expect: `SETSPEC_AUDIENCE`.
    pub audience: String,
    /// The authority that it has to trust where the issuer is https.
    pub authority: Option<ToldAuthority>,
    /// The delivery method that it is to use: `SETSPEC_DELIVERY`, `push` or `poll`.
    pub delivery: Method,
}

/// An authority to trust.
#[derive(Debug, Clone)]
pub struct ToldAuthority {
    /// Its certificate in PEM.
    pub pem: String,
    /// The file that holds it: `SETSPEC_CA`.
    pub file: Option<PathBuf>,
}

/// A receiver that is started without leaving the process.
pub trait LocalReceiver: Send + Sync {
    /// Starts it, in place of one that runs.
    fn start<'a>(&'a self, told: &'a Told) -> BoxFuture<'a, Result<(), String>>;

    /// Lets it leave in order.
    fn stop(&self) -> BoxFuture<'_, ()>;

    /// Why it has given up, if it has.
    fn failure(&self) -> Option<String>;

    /// Asks it for something.
    fn ask<'a>(&'a self, what: Asked, arguments: &'a Value) -> BoxFuture<'a, Result<Value, String>>;
}

impl Control {
    /// Whether the receiver can be started anew.
    pub fn restarts(&self) -> bool {
        match self {
            Self::None => false,
            Self::Commands(commands) => !commands.start.is_empty(),
            Self::Local(_) => true,
        }
    }

    /// Whether the receiver can be asked for this.
    pub fn does(&self, what: Asked) -> bool {
        match self {
            Self::None => false,
            Self::Commands(commands) => !commands.ask.is_empty() && commands.does.contains(&what),
            Self::Local(_) => true,
        }
    }

    /// Asks, and waits until it is done.
    ///
    /// # Errors
    /// In words: what the receiver said, or that it did not end within `limit`.
    pub(crate) async fn ask(
        &self,
        told: &Told,
        what: Asked,
        arguments: &Value,
        limit: Duration,
    ) -> Result<Value, String> {
        let asking = async {
            match self {
                Self::None => Err("there is no hook".to_owned()),
                Self::Commands(commands) => commands.ask(told, what, arguments).await,
                Self::Local(receiver) => receiver.ask(what, arguments).await,
            }
        };
        let late = |_| Err(format!("the hook did not end within {} s", limit.as_secs_f64()));
        timeout(limit, asking).await.unwrap_or_else(late)
    }
}
