//! The receiver as a whole.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::options::SsfReceiverOptions;
use super::request::MAX_BODY;
use super::state::{Shared, Stage};
use super::{ask, life, push};
use crate::http::{Client, ClientError, ClientOptions};
use crate::peer::receiver::Receiver;
use crate::set::Jwks;
use crate::suite::model::case::{Asked, Method};

/// How long leaving may take.
const LEAVING: Duration = Duration::from_secs(5);

/// Why the receiver does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address of the push endpoint is taken, or is not ours.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The CA bundle is of no use.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A running receiver. Dropped, it stops at once and leaves its stream behind; see [`SsfReceiver::shutdown`].
pub struct SsfReceiver {
    shared: Arc<Shared>,
    life: JoinHandle<()>,
    push: Option<Receiver>,
}

impl Drop for SsfReceiver {
    fn drop(&mut self) {
        self.life.abort();
    }
}

impl SsfReceiver {
    /// Opens the push endpoint, if there is to be one, and begins to visit the transmitter; what comes of that is told to the
    /// observer.
    ///
    /// # Errors
    /// If the endpoint cannot be opened, or the client cannot be made anew with the bounds of the receiver.
    pub async fn start(options: SsfReceiverOptions) -> Result<Self, StartError> {
        let checks_revocation = !options.behaviour().skips_revocation;
        let bounded = ClientOptions { max_body: MAX_BODY, checks_revocation, ..options.client.options().clone() };
        let client = Client::new(bounded.clone())?;
        let polls = Client::new(ClientOptions { response_timeout: options.poll.longest, ..bounded })?;
        let shared = Arc::new(Shared::new(options, client, polls));
        let push = match shared.options.delivery {
            Method::Poll => None,
            Method::Push => {
                let addr = shared.options.push.addr;
                Some(push::listen(&shared).await.map_err(|source| StartError::Listen { addr, source })?)
            }
        };
        let life = tokio::spawn(life::live(shared.clone()));
        Ok(Self { shared, life, push })
    }

    /// The URL that SETs are pushed to, if they are.
    pub fn push_url(&self) -> Option<&str> {
        self.shared.push_url.get().map(String::as_str)
    }

    /// Why it gave up, if it did.
    pub fn failure(&self) -> Option<String> {
        self.shared.lock().failure.clone()
    }

    /// What it holds: `{issuer, stream_id, status, stage, verified, failure, applied, refused}`. `applied` and `refused` are
    /// the `jti` of SETs.
    pub fn state(&self) -> Value {
        self.shared.lock().value(&self.shared.options.issuer)
    }

    /// The keys of the transmitter, as far as they are known.
    pub async fn keys(&self) -> Jwks {
        self.shared.keys.known().await
    }

    /// The metadata and the configuration of the stream that it goes by, null where there are none, without secrets.
    pub fn documents(&self) -> (Value, Value) {
        let state = self.shared.lock();
        let metadata = state.metadata.as_ref().map_or(Value::Null, |metadata| metadata.value());
        (metadata, state.stream.as_ref().map_or(Value::Null, |stream| stream.value()))
    }

    /// Waits until it takes SETs.
    ///
    /// # Errors
    /// Why it gave up before that.
    pub async fn ready(&self) -> Result<(), String> {
        let up = self.shared.until(|state| match (state.stage, &state.failure) {
            (Stage::Running, _) => Some(Ok(())),
            (_, Some(why)) => Some(Err(why.clone())),
            _ => None,
        });
        up.await
    }

    /// Waits until it gives up, which may never happen.
    pub async fn gave_up(&self) -> String {
        self.shared.until(|state| state.failure.clone()).await
    }

    /// Does this, and answers when it is done. A verification is done when it has been asked for; its event comes later. A poll
    /// that waits meanwhile goes on.
    ///
    /// # Errors
    /// In words, if the transmitter refuses, or what it answers is not valid: nothing of that is used.
    pub async fn ask(&self, what: Asked, arguments: &Value) -> Result<Value, String> {
        ask::ask(&self.shared, what, arguments).await
    }

    /// Stops, deletes its stream unless it is to be kept, and closes its push endpoint; all within a few seconds.
    pub async fn shutdown(mut self) {
        self.life.abort();
        // A transmitter that does not answer is left with the stream.
        let _ = timeout(LEAVING, life::leave(&self.shared)).await;
        self.shared.enter(Stage::Stopped);
        if let Some(push) = self.push.take() {
            push.shutdown().await;
        }
    }
}
