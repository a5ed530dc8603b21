//! What the cases of a run share.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::credential::{Credential, Limited};
use super::endpoints::Endpoints;
use super::keys::Keys;
use super::listener::Listener;
use super::pace::Pace;
use super::registry::{Made, Registry};
use super::scim::Scim;
use super::settings::TransmitterSettings;
use crate::http::{Client, Exchange, FailureKind};
use crate::run::judge::Judge;
use crate::run::redact::Redactor;
use crate::suite::model::case::{Auth, Method};

/// A credential that no transmitter has given out.
const INVALID_CREDENTIAL: &str = "Bearer setspec-invalid-credential";

/// After so many requests in a row without any connection, the target is taken for gone.
const LOST_AFTER: u32 = 3;

/// Everything that cases share.
pub(crate) struct World {
    pub settings: TransmitterSettings,
    pub client: Client,
    /// Waits for long polls too.
    pub patient: Client,
    pub judge: Judge,
    /// Judges what we send ourselves as a conformant receiver.
    pub conscience: Judge,
    pub listener: Listener,
    pub registry: Registry,
    pub scim: Option<Scim>,
    pub first: Option<Credential>,
    pub second: Option<Credential>,
    /// Tokens of the first receiver that are good for less than everything.
    pub limited: Limited,
    /// The features that cases of this run need.
    pub wanted: BTreeSet<String>,
    /// The Authorization header that we ask pushes to carry.
    pub push_authorization: String,
    /// Secrets of this run; tokens that are fetched on the way are added.
    pub redactor: Arc<RwLock<Redactor>>,
    pub found: OnceLock<Found>,
    pub offer: OnceLock<Offer>,
    pub lost: AtomicU32,
    /// Whether any SET came that tells of a SCIM service provider.
    pub heard: AtomicBool,
    pub pace: Pace,
}

/// What the metadata say.
pub(crate) struct Found {
    pub metadata: Value,
    pub metadata_url: Url,
    pub endpoints: Endpoints,
    pub keys: Keys,
}

/// What the transmitter turned out to offer.
pub(crate) struct Offer {
    pub features: BTreeSet<&'static str>,
    /// The methods that cases are gone through by.
    pub methods: Vec<Method>,
    /// The variable `events`.
    pub events: Value,
}

impl World {
    /// The metadata, once they are known.
    pub fn found(&self) -> Option<&Found> {
        self.found.get()
    }

    /// What the preflight found; nothing before its end.
    pub fn offer(&self) -> Option<&Offer> {
        self.offer.get()
    }

    pub fn endpoints(&self) -> Endpoints {
        self.found().map(|found| found.endpoints.clone()).unwrap_or_default()
    }

    pub fn metadata(&self) -> Value {
        self.found().map_or(Value::Null, |found| found.metadata.clone())
    }

    /// Whether SETs are pushed to us without a stream that we made.
    pub fn is_without_streams(&self) -> bool {
        self.scim.as_ref().is_some_and(|scim| scim.pushes)
    }

    /// Whether a request is one to the SCIM service provider: below its base, or at another place of the same server that is
    /// none of the transmitter's.
    pub fn is_for_scim(&self, method: &str, url: &Url) -> bool {
        let Some(scim) = &self.scim else { return false };
        let transmitters = || {
            self.endpoints().operation(method, url).is_some()
                || (!scim.pushes && self.found().is_some_and(|found| found.metadata_url == *url))
        };
        scim.path(url).is_some() || (scim.is_there(url) && !transmitters())
    }

    /// The value of the Authorization header, for the transmitter or for the SCIM service provider, and the exchanges that it
    /// took to get it.
    pub async fn authorization(&self, auth: Auth, scim: bool) -> (Result<Option<String>, String>, Vec<Exchange>) {
        if auth == Auth::Invalid {
            return (Ok(Some(INVALID_CREDENTIAL.to_owned())), Vec::new());
        }
        let Some(credential) = self.credential(auth, scim) else { return (Ok(None), Vec::new()) };
        let (value, exchanges) = credential.authorization(&self.client).await;
        if let Ok(value) = &value {
            self.hide(value);
        }
        (value.map(Some), exchanges)
    }

    fn credential(&self, auth: Auth, scim: bool) -> Option<&Credential> {
        match (auth, &self.scim) {
            (Auth::Valid, Some(provider)) if scim => provider.credential.as_ref(),
            (Auth::Valid, _) => self.first.as_ref(),
            (Auth::Query, _) if !scim => self.first.as_ref(),
            (Auth::OtherReceiver, _) if !scim => self.second.as_ref(),
            (Auth::ReadOnly | Auth::ManageOnly | Auth::Expired, _) if !scim => self.limited.get(auth),
            _ => None,
        }
    }

    /// Whether a credential that was refused can be had anew.
    pub async fn renew(&self, auth: Auth, scim: bool, refused: &str) -> bool {
        match self.credential(auth, scim) {
            Some(credential) => credential.expire(refused).await,
            None => false,
        }
    }

    /// Takes a secret out of everything from now on.
    fn hide(&self, secret: &str) {
        let known = self.redactor.read().unwrap_or_else(PoisonError::into_inner).knows(secret);
        if !known {
            self.redactor.write().unwrap_or_else(PoisonError::into_inner).add(secret);
        }
    }

    /// Counts requests in a row that found nobody.
    pub fn note(&self, exchange: &Exchange) {
        let nobody = exchange.failure.as_ref().is_some_and(|failure| {
            matches!(
                failure.kind,
                FailureKind::Connect
                    | FailureKind::ConnectTimeout
                    | FailureKind::NameResolution
                    | FailureKind::Tls
                    | FailureKind::CertificateInvalid
                    | FailureKind::Closed
            )
        });
        if nobody {
            self.lost.fetch_add(1, Ordering::Relaxed);
        } else {
            self.lost.store(0, Ordering::Relaxed);
        }
    }

    /// Whether the target is gone.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) >= LOST_AFTER
    }

    /// Whether nobody is there any more: a connection that ended without an answer may be the answer of a living target.
    /// Where there is a SCIM service provider, it has to be there as well.
    pub async fn is_gone(&self) -> bool {
        let scim = self.scim.as_ref().and_then(|scim| scim.url(""));
        for url in self.found().map(|found| &found.metadata_url).into_iter().chain(&scim) {
            if !self.client.finds_somebody(url).await {
                return true;
            }
        }
        false
    }

    /// Enters a stream that an answer says was created.
    pub fn made(&self, stream_id: &str, auth: Auth) -> Made {
        let made = Made { stream_id: stream_id.to_owned(), auth };
        self.registry.add(made.clone());
        made
    }

    /// A subject that no other case uses, and another one, unless the operator gave those that there are.
    pub fn subjects(&self) -> (Value, Value) {
        match self.settings.subjects.as_slice() {
            [] => {
                let unique = Uuid::new_v4().simple().to_string();
                let email =
                    |name: &str| json!({ "format": "email", "email": format!("{name}-{}@example.com", &unique[..12]) });
                (email("subject"), email("other"))
            }
            [one] => (one.clone(), Value::Null),
            [one, other, ..] => (one.clone(), other.clone()),
        }
    }
}

/// Whether the answer to a deletion says that there is no such stream now. One that was gone already is as good as deleted.
pub(crate) fn is_gone(exchange: &Exchange) -> bool {
    exchange.status().is_some_and(|status| (200..300).contains(&status) || matches!(status, 404 | 410))
}

/// The address of the configuration of one stream: the identifier is data, whatever it looks like.
pub(crate) fn with_stream(endpoint: &Url, stream_id: &str) -> Url {
    let mut url = endpoint.clone();
    url.query_pairs_mut().append_pair("stream_id", stream_id);
    url
}
