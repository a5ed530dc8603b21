//! What the cases of a run share.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::control::{Told, ToldAuthority};
use super::settings::VisitingSettings;
use super::visits::Visits;
use crate::expr::Scope;
use crate::http::Client;
use crate::peer::ssf::{PUSH, SsfTransmitter};
use crate::run::judge::Judge;
use crate::run::making::Making;
use crate::run::receiver::{Pushing, STRANGER};
use crate::run::transmitter::events;
use crate::set::Jwks;
use crate::suite::model::case::Method;

/// Everything that cases share.
pub(crate) struct World {
    pub settings: VisitingSettings,
    pub transmitter: SsfTransmitter,
    pub visits: Arc<Visits>,
    pub judge: Arc<Judge>,
    /// Judges what we send ourselves as the conformant transmitter.
    pub conscience: Arc<Judge>,
    pub making: Making,
    pub jwks: Jwks,
    /// What SETs are pushed with.
    pub client: Client,
    /// Controls in a row of which the receiver said nothing.
    pub lost: Arc<AtomicU32>,
    /// Our metadata.
    pub metadata: Value,
}

/// The stream of the receiver, as our transmitter has it.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub id: String,
    pub method: Method,
    pub configuration: Value,
}

impl World {
    /// What the receiver has to know to visit us.
    pub fn told(&self) -> Told {
        let settings = &self.settings;
        Told {
            issuer: self.transmitter.issuer().to_owned(),
            metadata_url: self.transmitter.metadata_url(),
            token: settings.token.clone(),
            client: settings
                .client
                .as_ref()
                .map(|client| (client.id.clone(), client.secret.clone(), self.transmitter.token_endpoint())),
            audience: settings.audience.clone(),
            authority: settings
                .tls
                .as_ref()
                .map(|tls| ToldAuthority { pem: tls.authority.pem(), file: tls.file.clone() }),
            delivery: settings.delivery,
        }
    }

    /// The stream of the receiver, the newest one if it has several.
    pub fn stream(&self) -> Option<Stream> {
        let configuration = self.transmitter.configurations().pop()?;
        let method = if configuration["delivery"]["method"] == PUSH { Method::Push } else { Method::Poll };
        Some(Stream { id: configuration["stream_id"].as_str().unwrap_or_default().to_owned(), method, configuration })
    }

    /// How SETs are pushed to a stream.
    pub fn pushing(&self, stream: &Stream) -> Option<Arc<Pushing>> {
        let delivery = &stream.configuration["delivery"];
        Some(Arc::new(Pushing {
            making: self.making.clone(),
            endpoint: Url::parse(delivery["endpoint_url"].as_str()?).ok()?,
            authorization: delivery["authorization_header"].as_str().map(SecretString::from),
            client: self.client.clone(),
            judge: self.judge.clone(),
            conscience: self.conscience.clone(),
            jwks: self.jwks.clone(),
            response: self.settings.timeouts.response,
            lost: self.lost.clone(),
        }))
    }

    /// The variables that every case starts with.
    pub fn scope(&self) -> Scope {
        let issuer = self.transmitter.issuer();
        let stream = self.stream();
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let email = |name: &str| json!({ "format": "email", "email": format!("{name}-{}@example.com", &unique[..12]) });
        let supported: Vec<String> = stream
            .as_ref()
            .and_then(|stream| stream.configuration["events_supported"].as_array())
            .into_iter()
            .flatten()
            .filter_map(|event| event.as_str().map(str::to_owned))
            .collect();
        let mut scope = Scope::new()
            .with("target", json!({ "url": issuer, "scheme": issuer.split(':').next() }))
            .with("issuer", json!(issuer))
            .with("audience", json!(self.settings.audience))
            .with("stranger", json!(STRANGER))
            .with("languages", json!(self.settings.languages))
            .with("timeouts", self.settings.timeouts.value())
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()))
            .with("metadata", self.metadata.clone())
            .with("metadata_url", json!(self.transmitter.metadata_url()))
            .with("events", events(Some(&supported), &[]))
            .with("subject", email("subject"))
            .with("other_subject", email("other"))
            .with("delivery", json!(stream.as_ref().map(|stream| stream.method.name())))
            .with("told", stream.map_or(Value::Null, |stream| stream.configuration));
        for name in ["request", "response", "sent", "set", "claims", "header", "outcome", "history", "answer"] {
            scope.set(name, Value::Null);
        }
        scope
    }
}
