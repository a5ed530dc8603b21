//! The page of a mock receiver that visits a transmitter.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::desk::about;
use super::{Action, Desk, Teller, Way};
use crate::http::Exchange;
use crate::peer::ssf::Operation;
use crate::peer::ssf_receiver::{Notice, SsfReceiver, Witnessed, acted_out};
use crate::peer::tamper::Tamper;
use crate::run::visiting::messages::Asking;
use crate::run::watch::{Bench, Parties, Seen};
use crate::suite::catalogue::Deviation;
use crate::suite::model::case::{Asked, Method};

/// Whether a receiver that visits can act a deviation out.
pub(in crate::cli::mock) fn fits(deviation: &Deviation) -> bool {
    acted_out(&Tamper::new([deviation.clone()])).is_ok()
}

/// What the buttons of the page ask the receiver for.
pub(in crate::cli::mock) struct VisitorDesk {
    pub receiver: Arc<SsfReceiver>,
    pub issuer: String,
    pub delivery: Method,
}

impl Desk for VisitorDesk {
    fn about(&self) -> Value {
        let mut facts = vec![("transmitter", self.issuer.clone())];
        facts.extend(self.receiver.push_url().map(|url| ("takes pushes at", url.to_owned())));
        let actions = json!(["status", "verify"]);
        about("receiver", &facts, Map::from_iter([("actions".to_owned(), actions)]))
    }

    fn streams(&self) -> Vec<Value> {
        let state = self.receiver.state();
        let Some(stream_id) = state["stream_id"].as_str() else { return Vec::new() };
        let (_, stream) = self.receiver.documents();
        vec![json!({
            "stream_id": stream_id,
            "receiver": state["stage"],
            "status": state["status"].as_str().unwrap_or("enabled"),
            "delivery": self.delivery.name(),
            "endpoint_url": stream["delivery"]["endpoint_url"],
            "events_delivered": stream["events_delivered"],
            "taken": state["applied"].as_array().map(Vec::len),
            "refused": state["refused"].as_array().map(Vec::len),
            "verified": state["verified"],
        })]
    }

    fn act(&self, action: Action) -> BoxFuture<'_, Result<Value, String>> {
        async move {
            match action {
                Action::Status { status, reason, .. } => {
                    let arguments = json!({ "status": status.0.name(), "reason": reason });
                    self.receiver.ask(Asked::UpdateStatus, &arguments).await
                }
                Action::Verify { .. } => self.receiver.ask(Asked::Verify, &json!({})).await,
                _ => Err("a receiver can be asked for a status and a verification".to_owned()),
            }
        }
        .boxed()
    }
}

/// What a visiting receiver tells.
pub(in crate::cli::mock) struct Visit {
    pub desk: Arc<VisitorDesk>,
    pub bench: Bench,
    pub teller: Arc<Teller>,
    /// What pushes have to carry, if they have to carry something.
    pub authorization: Option<secrecy::SecretString>,
}

impl Visit {
    /// A request of the receiver.
    pub async fn request(&self, witnessed: &Witnessed) {
        let Witnessed { operation, stream_id, exchange } = witnessed;
        let keys = self.desk.receiver.keys().await;
        let (metadata, stream) = self.desk.receiver.documents();
        let parties = Parties { issuer: &self.desk.issuer, metadata, keys: &keys, stream };
        let asking = Asking {
            operation: operation.name(),
            endpoint: endpoint(*operation),
            history: &Value::Null,
            resource: Value::Null,
        };
        let seen = self.bench.request(&parties, &asking, exchange);
        self.teller.exchange(Way::Out, operation.name(), stream_id.clone(), exchange, &seen);
        self.state();
    }

    /// A push that came. What the receiver took was good, and nothing is known of the rest.
    pub async fn push(&self, exchange: &Exchange) {
        use secrecy::ExposeSecret;
        let keys = self.desk.receiver.keys().await;
        let (metadata, stream) = self.desk.receiver.documents();
        let stream_id = stream["stream_id"].as_str().map(str::to_owned);
        // A receiver that deviates may have asked for something else.
        let is_plain = self.teller.deviations.on().is_empty() && !stream.is_null();
        let authorization = self.authorization.as_ref().map(ExposeSecret::expose_secret);
        let delivery = match is_plain {
            true => json!({ "endpoint_url": stream["delivery"]["endpoint_url"], "authorization": authorization }),
            false => Value::Null,
        };
        let is_taken = exchange.status().is_some_and(|status| (200..300).contains(&status));
        let parties = Parties { issuer: &self.desk.issuer, metadata, keys: &keys, stream };
        // What broke off shows nothing of a push.
        let is_push = exchange.failure.is_none();
        let seen = if is_push { self.bench.push(&parties, delivery, !is_taken, exchange) } else { Seen::default() };
        self.teller.exchange(Way::In, "push", stream_id, exchange, &seen);
        self.state();
    }

    /// Something that the receiver says of itself; requests speak for themselves.
    pub fn notice(&self, notice: &Notice) {
        let what = match notice {
            Notice::Requested { .. } => return,
            Notice::Received { .. } => "received",
            Notice::Status { .. } => "status",
            Notice::GaveUp { .. } => "gave-up",
            Notice::Disregarded { .. } => "disregarded",
            _ => "note",
        };
        let stream_id = self.desk.receiver.state()["stream_id"].as_str().map(str::to_owned);
        self.teller.note(what, stream_id.as_deref(), notice.to_string(), None, None);
        self.state();
    }

    fn state(&self) {
        self.teller.state(&self.desk.streams());
    }
}

/// The endpoint that an operation is asked for at.
fn endpoint(operation: Operation) -> &'static str {
    match operation {
        Operation::Metadata => "metadata",
        Operation::AuthorizationServer => "authorization-server",
        Operation::Jwks => "jwks",
        Operation::ProtectedResource => "protected-resource",
        Operation::Revoke => "revocation",
        Operation::Token => "token",
        Operation::Create
        | Operation::Read
        | Operation::List
        | Operation::Update
        | Operation::Replace
        | Operation::Delete => "configuration",
        Operation::ReadStatus | Operation::UpdateStatus => "status",
        Operation::AddSubject => "add-subject",
        Operation::RemoveSubject => "remove-subject",
        Operation::Verify => "verification",
        Operation::Poll => "poll",
        Operation::Unknown => "unknown",
    }
}
