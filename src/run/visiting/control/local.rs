//! The built-in receiver as one that is started and asked in this process.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::RwLock;
use url::Url;

use super::{LocalReceiver, Told};
use crate::http::{Client, ClientOptions, Roots};
use crate::peer::ssf_receiver::{OAuthClient, SsfReceiver, SsfReceiverOptions};
use crate::peer::tamper::Tamper;
use crate::suite::model::case::Asked;

/// Does everything that can be asked.
pub struct BuiltIn {
    options: SsfReceiverOptions,
    tamper: Tamper,
    current: RwLock<Option<SsfReceiver>>,
}

impl BuiltIn {
    /// Receivers of these options, with what they are told at each start in place of issuer, credential, audience and delivery. They
    /// deviate as `tamper` says, which has the last word.
    ///
    /// # Errors
    /// In words, if a deviation cannot be acted out by the built-in receiver.
    pub fn new(options: SsfReceiverOptions, tamper: Tamper) -> Result<Self, String> {
        options.clone().deviate(tamper.clone())?;
        Ok(Self { options, tamper, current: RwLock::default() })
    }

    /// What requests are sent with: it trusts the authority of the run, where there is one.
    fn client(&self, told: &Told) -> Result<Client, String> {
        let roots = told.authority.as_ref().map(|authority| Roots::Only(authority.pem.clone().into_bytes()));
        let trusts_anything = self.tamper.tls().is_some_and(|tls| tls.trusts_anything);
        if roots.is_none() && !trusts_anything {
            return Ok(self.options.client.clone());
        }
        let usual = self.options.client.options().clone();
        let options = ClientOptions {
            roots: roots.unwrap_or_else(|| usual.roots.clone()),
            insecure: usual.insecure || trusts_anything,
            ..usual
        };
        Client::new(options).map_err(|error| error.to_string())
    }

    async fn restart(&self, told: &Told) -> Result<(), String> {
        let mut current = self.current.write().await;
        if let Some(old) = current.take() {
            old.shutdown().await;
        }
        let url = |text: &str, name: &str| Url::parse(text).map_err(|error| format!("{name} {text:?}: {error}"));
        let mut options = self.options.clone();
        options.issuer.clone_from(&told.issuer);
        options.metadata_url = match told.metadata_url.as_str() {
            "" => None,
            given => Some(url(given, "metadata")?),
        };
        options.token = Some(told.token.clone());
        options.oauth = match &told.client {
            None => None,
            Some((id, secret, endpoint)) => Some(OAuthClient {
                id: id.clone(),
                secret: secret.clone(),
                token_endpoint: Some(url(endpoint, "token endpoint")?),
                scope: None,
            }),
        };
        options.client = self.client(told)?;
        options.audience = Some(told.audience.clone());
        options.delivery = told.delivery;
        options.deviate(self.tamper.clone())?;
        *current = Some(SsfReceiver::start(options).await.map_err(|error| error.to_string())?);
        Ok(())
    }
}

impl LocalReceiver for BuiltIn {
    fn start<'a>(&'a self, told: &'a Told) -> BoxFuture<'a, Result<(), String>> {
        self.restart(told).boxed()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        async {
            if let Some(receiver) = self.current.write().await.take() {
                receiver.shutdown().await;
            }
        }
        .boxed()
    }

    fn failure(&self) -> Option<String> {
        // Whoever starts or stops it holds the lock, and learns of a failure the next time.
        self.current.try_read().ok()?.as_ref()?.failure()
    }

    fn ask<'a>(&'a self, what: Asked, arguments: &'a Value) -> BoxFuture<'a, Result<Value, String>> {
        async move {
            match self.current.read().await.as_ref() {
                Some(receiver) => receiver.ask(what, arguments).await,
                None => Err("the receiver is not running".to_owned()),
            }
        }
        .boxed()
    }
}
