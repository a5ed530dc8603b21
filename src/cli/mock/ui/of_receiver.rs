//! The page of a mock receiver that is pushed to.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::desk::about;
use super::{Action, Desk, Teller, Way};
use crate::http::Exchange;
use crate::peer::receiver::PATH;
use crate::run::watch::{Bench, Parties};
use crate::set::Jwks;
use crate::suite::catalogue::Deviation;
use crate::suite::model::deviation::Stage;

/// Whether a receiver that does nothing by itself can act a deviation out.
pub(in crate::cli::mock) fn fits(deviation: &Deviation) -> bool {
    deviation.behave.is_none()
        && deviation.request.is_none()
        && deviation.given.is_empty()
        && deviation.on.is_none_or(|stage| stage == Stage::Push)
}

/// It has no streams, and nothing to be asked for.
pub(in crate::cli::mock) struct ReceiverDesk {
    pub url: String,
    pub issuer: Option<String>,
    pub audience: Option<String>,
}

impl Desk for ReceiverDesk {
    fn about(&self) -> Value {
        let mut facts = vec![("takes pushes at", self.url.clone())];
        facts.extend(self.issuer.clone().map(|issuer| ("issuer", issuer)));
        facts.extend(self.audience.clone().map(|audience| ("audience", audience)));
        about("receiver", &facts, Map::from_iter([("actions".to_owned(), json!([]))]))
    }

    fn streams(&self) -> Vec<Value> {
        Vec::new()
    }

    fn act(&self, _: Action) -> BoxFuture<'_, Result<Value, String>> {
        async { Err("this receiver takes what comes, and does nothing by itself".to_owned()) }.boxed()
    }
}

/// Tells of a push. What the receiver took was good, and nothing is known of the rest.
pub(in crate::cli::mock) fn pushed(bench: &Bench, teller: &Teller, issuer: &str, keys: &Jwks, exchange: &Exchange) {
    let parties = Parties { issuer, metadata: Value::Null, keys, stream: Value::Null };
    let is_taken = exchange.status().is_some_and(|status| (200..300).contains(&status));
    let request = &exchange.request;
    // What broke off, and who looks at the endpoint, shows nothing of a push.
    let is_push = exchange.failure.is_none() && request.target == PATH && request.method != "GET";
    let seen = if is_push { bench.push(&parties, Value::Null, !is_taken, exchange) } else { Default::default() };
    teller.exchange(Way::In, if is_push { "push" } else { "unknown" }, None, exchange, &seen);
    teller.state(&[]);
}
